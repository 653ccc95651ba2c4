"""Is the analysis to be trusted, and what does it cost? F0 and voicing of every tracker against phone times and Praat.

    python tools/measure_analysis.py CORPUS [--alignments PATH] [--limit 100] [--sample-rate 24000]

CORPUS is a folder with ``wavs/`` (or of audio files). PATH is a folder of HTS labels (``ID.lab``, times in 100 ns, phones or
states, full context or not) or a ``.jsonl`` file of ``{"id", "words": [{"phones": [{"start", "duration", "phone"}]}]}``, with
phones in IPA; without it the voicing table is left out. Praat (the extra ``praat``, GPL-3.0) is the reference where installed.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyworld

from tts.analysis.dynamics import interpolate_f0
from tts.analysis.extract import speaker_f0_range
from tts.analysis.f0 import TRACKERS, track
from tts.analysis.mcep import to_mcep
from tts.analysis.voicing import voiced
from tts.analysis.world import analyse, synthesise
from tts.core.audio import read_audio
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.text.phones import attributes

Phones = list[tuple[float, float, str]]  # start and end in seconds, symbol
Spans = dict[str, Phones]
Result = TypeVar("Result")
CLASSES = ("vowels, sonorants", "voiced obstruents", "voiceless obstruents", "silence")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--alignments", type=Path)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--sample-rate", type=int, default=24000)
    arguments = parser.parse_args()

    folder = arguments.corpus / "wavs" if (arguments.corpus / "wavs").is_dir() else arguments.corpus
    recordings = sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac"))
    spans = read_spans(arguments.alignments) if arguments.alignments else {}
    grid = FrameGrid(arguments.sample_rate)
    low, high = speaker_f0_range([(path, "only") for path in recordings], grid)
    chosen = [path for path in recordings if not spans or path.stem in spans]
    chosen = chosen[:: max(1, len(chosen) // arguments.limit)][: arguments.limit]
    print(
        f"{len(chosen)} recordings of {arguments.corpus.name} at {grid.sample_rate} Hz, F0 searched from {low:g} to {high:g} Hz"
    )

    bench = Bench(grid, low, high)
    for path in chosen:
        bench.add(read_audio(path, grid.sample_rate)[0], spans.get(path.stem, []))
    bench.report()


class Bench:
    """Counts over the recordings."""

    def __init__(self, grid: FrameGrid, low: float, high: float) -> None:
        self.grid, self.low, self.high = grid, low, high
        self.called_voiced: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
        self.values: dict[str, list[np.ndarray]] = defaultdict(list)
        self.pairs: dict[str, list[np.ndarray]] = defaultdict(list)
        self.runs: dict[str, list[int]] = defaultdict(list)
        self.seconds: dict[str, float] = defaultdict(float)
        self.audio = 0.0

    def add(self, signal: np.ndarray, phones: Phones) -> None:
        """Track one recording with everything."""
        grid, low, high = self.grid, self.low, self.high
        self.audio += len(signal) / grid.sample_rate
        found = {name: self.timed(name, partial(track, name, signal, grid, low, high)) for name in TRACKERS}
        vuv = self.timed("voicing", partial(voiced, signal, grid, low, high))
        decided = {f"{name} + voicing": np.where(vuv, interpolate_f0(f0), 0.0) for name, f0 in found.items()}
        reference = praat(signal, grid, low, high)
        classes = phone_classes([symbol for *_, symbol in phones])
        everything = {**found, **decided} | ({} if reference is None else {"praat": reference})
        for name, f0 in everything.items():
            self.values[name].append(f0[f0 > 0])
            self.runs[name].extend(np.diff(np.flatnonzero(np.diff(f0 > 0))).tolist())
            if reference is not None:
                both = (f0 > 0) & (reference > 0)
                self.pairs[name].append(np.stack([f0[both], reference[both]]))
            for (start, end, _), kind in zip(phones, classes, strict=True):
                frame = min(len(f0) - 1, grid.frame_of((start + end) / 2))
                self.called_voiced[name][kind].append(bool(f0[frame] > 0))
        self.time_world(signal, decided["combined + voicing"])

    def time_world(self, signal: np.ndarray, f0: np.ndarray) -> None:
        """Time the vocoder's steps, and all of the analysis."""
        grid = self.grid
        times, rate, size = np.arange(len(f0)) * grid.shift, grid.sample_rate, grid.fft_size
        power = self.timed("cheaptrick", lambda: pyworld.cheaptrick(signal, f0, times, rate, fft_size=size))
        self.timed("mel-cepstrum", lambda: to_mcep(np.log(power), grid))
        self.timed("d4c", lambda: pyworld.d4c(signal, f0, times, rate, threshold=0.0, fft_size=size))
        parameters = self.timed("analyse (all)", lambda: analyse(signal, grid, (self.low, self.high)))
        self.timed("synthesise", lambda: synthesise(**parameters.to_dict(), grid=grid))

    def timed(self, name: str, work: Callable[[], Result]) -> Result:
        """Run ``work`` and add its time to ``name``."""
        started = time.perf_counter()
        result = work()
        self.seconds[name] += time.perf_counter() - started
        return result

    def report(self) -> None:
        """Print what was counted."""
        if self.called_voiced:
            counts = {name: len(self.called_voiced["combined"][name]) for name in CLASSES}
            print("\nShare of phones called voiced in their middle (h, glottal stops, and t between sonorants left out)")
            print(row("", *(f"{name} ({counts[name]})" for name in CLASSES)))
            for name, classes in self.called_voiced.items():
                print(row(name, *(f"{np.mean(classes[c]):.3f}" if classes[c] else "-" for c in CLASSES)))
        print("\nF0 in Hz, runs of voiced and unvoiced in frames, and distance from Praat where both are voiced")
        print(row("", "percentiles 1 5 25 50 75 95 99", "runs 1 % 5 %", "RMS semitones", "> 1/2 octave off", "> 60 Hz off"))
        for name, values in self.values.items():
            percentiles = " ".join(f"{p:.0f}" for p in np.percentile(np.concatenate(values), [1, 5, 25, 50, 75, 95, 99]))
            runs = " ".join(f"{p:.0f}" for p in np.percentile(self.runs[name], [1, 5]))
            print(row(name, percentiles, runs, *distances(self.pairs[name])))
        print(f"\nReal-time factors, one thread, {self.audio:.0f} s of audio")
        print("  ".join(f"{name} {seconds / self.audio:.4f}" for name, seconds in self.seconds.items()))


def distances(pairs: list[np.ndarray]) -> list[str]:
    """Return how far F0 is from the reference: RMS of what is within half an octave, and the shares beyond two limits."""
    if not pairs:
        return ["-", "-", "-"]
    f0, reference = np.concatenate(pairs, axis=1)
    octaves = np.log2(f0 / reference)
    close = octaves[np.abs(octaves) < 0.5]
    beyond = (np.abs(octaves) >= 0.5).mean(), (np.abs(f0 - reference) > 60).mean()
    return [f"{12 * np.sqrt(np.mean(close**2)):.3f}", *(f"{100 * share:.2f} %" for share in beyond)]


def row(*cells: str) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def praat(signal: np.ndarray, grid: FrameGrid, low: float, high: float) -> np.ndarray | None:
    """Return F0 by Praat's autocorrelation at the frames of the grid, 0 where unvoiced; None where Praat is not installed."""
    try:
        import parselmouth
    except ImportError:
        return None
    pitch = parselmouth.Sound(signal, grid.sample_rate).to_pitch_ac(time_step=grid.shift, pitch_floor=low, pitch_ceiling=high)
    values = pitch.selected_array["frequency"]
    times = np.arange(grid.frames(len(signal))) * grid.shift
    is_voiced = np.interp(times, pitch.xs(), (values > 0).astype(float), left=0, right=0) > 0.5
    return np.where(is_voiced, np.interp(times, pitch.xs(), interpolate_f0(values)), 0.0)


def phone_classes(symbols: list[str]) -> list[str]:
    """Return the class of every phone of an utterance; a t between sonorants, which may be a voiced flap, is ``other``."""
    classes = [phone_class(symbol) for symbol in symbols]
    for i in range(1, len(symbols) - 1):
        if symbols[i] in ("t", "ˈt", "ˌt") and classes[i - 1] == classes[i + 1] == CLASSES[0]:
            classes[i] = "other"
    return classes


def phone_class(symbol: str) -> str:
    """Return the one of CLASSES that a phone belongs to, or ``other``."""
    try:
        found = attributes(symbol)
    except TtsError:
        return "silence" if symbol.lower() in ("sil", "pau", "sp", "#", "") else "other"
    if "silence" in found:
        return CLASSES[3]
    if "glottal" in found:
        return "other"
    if "sonorant" in found:
        return CLASSES[0]
    return CLASSES[1] if "voiced" in found else CLASSES[2]


def read_spans(path: Path) -> Spans:
    """Read the phone times of every recording."""
    if path.is_dir():
        return {label.stem: read_label(label) for label in sorted(path.glob("*.lab"))}
    spans: Spans = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        phones = [phone for word in entry["words"] for phone in word["phones"]]
        spans[entry["id"]] = [(p["start"], p["start"] + p["duration"], p["phone"]) for p in phones]
    return spans


def read_label(path: Path) -> Phones:
    """Read one HTS label file, joining the states of a phone (numbered from 2 in brackets)."""
    phones: Phones = []
    for line in path.read_text(encoding="utf-8").splitlines():
        start, end, name = line.split(maxsplit=2)
        state = re.search(r"\[(\d+)\]$", name)
        centre = re.search(r"-([^+]+)\+", name)
        symbol = centre.group(1) if centre else re.sub(r"\[\d+\]$", "", name)
        if state and int(state.group(1)) > 2:
            phones[-1] = (phones[-1][0], int(end) / 1e7, symbol)
        else:
            phones.append((int(start) / 1e7, int(end) / 1e7, symbol))
    return phones


if __name__ == "__main__":
    main()
