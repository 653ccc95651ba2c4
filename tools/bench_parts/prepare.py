"""Prepare: the analysis of recordings and every task, against bare dio, stonemask, cheaptrick and d4c; growth of the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyworld
import soundfile

from bench_parts.frame import SPEECH, Row, Setup, most_memory, take_turns
from tts.alignment.hmm import train_aligner
from tts.analysis.framing import shared_spectra
from tts.analysis.mfcc import mfcc
from tts.analysis.world import analyse
from tts.core.audio import read_audio
from tts.core.grid import FrameGrid
from tts.dataset.prepared import Prepared
from tts.tasks.base import AudioFamily, built_in_names
from tts.tasks.registry import get_family

RANGE = (100.0, 350.0)  # Hz, in which F0 is searched
RATE = 24000
UTTERANCES = 8
ALIGNED = 300


@dataclass(frozen=True)
class Recording:
    """A signal (samples,) float64."""

    signal: np.ndarray
    grid: FrameGrid


def measure(setup: Setup) -> list[Row]:
    """Return rows of the analysis of some recordings, or of a synthetic voice, and of whole preparations that grow."""
    rows = analysis(setup)
    return [*rows, *aligner(setup, rows[0].ms), *growth(setup)]


def recordings(setup: Setup) -> list[Recording]:
    """Return the first recordings of the folder, or a synthetic voice."""
    grid = FrameGrid(RATE)
    if setup.recordings is None:
        return [Recording(synthetic_voice(RATE, 0.5 if setup.quick else 5.0), grid)]
    paths = [path for path in sorted(setup.recordings.iterdir()) if path.suffix in (".wav", ".flac")]
    chosen = paths[:: max(1, len(paths) // UTTERANCES)][:UTTERANCES]
    return [Recording(read_audio(path, RATE)[0], grid) for path in chosen]


def analysis(setup: Setup) -> list[Row]:
    """Return rows of WORLD's bare calls, of the main analysis and of every extractor."""
    items = recordings(setup)
    seconds = sum(len(item.signal) / item.grid.sample_rate for item in items)
    works: dict[str, Callable[[], object]] = {
        "bare": lambda: bare_world(items),
        "main streams": lambda: [analyse(item.signal, item.grid, RANGE) for item in items],
    }
    for name in built_in_names():
        family = get_family(name)
        if isinstance(family, AudioFamily):
            work = partial(family.extract, grid=items[0].grid, **family.options)
            works[name] = partial(_of_each, work, items)
    works["all tasks"] = partial(_together, list(works.values())[2:])
    times = {name: spent / seconds for name, spent in take_turns(works, setup.rounds).items()}
    floor, note = times["bare"], f"{seconds:.0f} s of speech"
    rows = [Row("prepare", "bare dio, stonemask, cheaptrick, d4c", floor, SPEECH, floor, note=note)]
    rows += [Row("prepare", name, times[name], SPEECH, floor) for name in works if name != "bare"]
    return [*rows, Row("prepare", "main streams and all tasks", times["main streams"] + times["all tasks"], SPEECH, floor)]


def aligner(setup: Setup, floor: float) -> list[Row]:
    """Return a row of the aligner: features of recordings, training and alignment, where a prepared corpus has their texts."""
    if setup.recordings is None or setup.prepared is None:
        return []
    prepared = Prepared(setup.prepared)
    sentences, grid = prepared.sentences, prepared.grid
    paths = [path for path in sorted(setup.recordings.iterdir()) if path.stem in sentences][: 2 if setup.quick else ALIGNED]
    signals = [read_audio(path, grid.sample_rate)[0] for path in paths]
    seconds = sum(map(len, signals)) / grid.sample_rate

    def run() -> None:
        features = [mfcc(signal, grid) for signal in signals]
        texts = [sentences[path.stem].with_pauses(()) for path in paths]
        train_aligner(features, texts, progress=False).align(features, texts, progress=False)

    spent = take_turns({"aligner": run}, 1)["aligner"]
    return [Row("prepare", "aligner", spent / seconds, SPEECH, floor, note=f"trained on {seconds:.0f} s of speech")]


def _together(works: Sequence[Callable[[], object]]) -> None:
    """Do what several extractors do of the same recordings, which share spectra."""
    with shared_spectra():
        for work in works:
            work()


def _of_each(work: Callable[[np.ndarray], object], items: Sequence[Recording]) -> None:
    for item in items:
        work(item.signal)


def bare_world(items: Sequence[Recording]) -> None:
    """Make the calls that no analysis by WORLD can do without."""
    for item in items:
        signal, rate, size = item.signal, item.grid.sample_rate, item.grid.fft_size
        f0, times = pyworld.dio(signal, rate, f0_floor=RANGE[0], f0_ceil=RANGE[1], frame_period=item.grid.shift_ms)
        f0 = pyworld.stonemask(signal, f0, times, rate)
        pyworld.cheaptrick(signal, f0, times, rate, fft_size=size)
        pyworld.d4c(signal, f0, times, rate, fft_size=size)


def synthetic_voice(rate: int, seconds: float) -> np.ndarray:
    """Return pulses of 120 Hz and noise by turns of half a second, through two resonances, float64 (samples,)."""
    import scipy.signal

    generator = np.random.default_rng(0)
    samples = int(rate * seconds)
    source = np.diff(np.floor(np.arange(samples) * 120.0 / rate), prepend=0.0)
    source = np.where(np.arange(samples) // (rate // 2) % 2, source, 0.05 * generator.standard_normal(samples))
    for hertz in (600.0, 1500.0):
        pole = 0.98 * np.exp(2j * np.pi * hertz / rate)
        source = scipy.signal.lfilter([1.0], [1.0, -2.0 * pole.real, abs(pole) ** 2], source)
    source = source + 1e-5 * np.abs(source).max() * generator.standard_normal(samples)
    return np.asarray(0.5 * source / np.abs(source).max())


CORPUS_RATE = 16000
VOWELS = {"a": (750, 1200), "i": (300, 2300), "u": (320, 800), "e": (450, 1900), "o": (480, 900)}
HISSES = {"s": 5500, "ʃ": 3000, "f": 7000}
RECIPE: dict[str, Any] = {
    "name": "many",
    "corpus": {"format": "ljspeech", "speaker": "synthetic", "licence": "CC0-1.0"},
    "text": {"engine": "phones"},
    "frames": {"sample_rate": CORPUS_RATE, "shift_ms": 10, "mcep_order": 24},
    "alignment": {"states": 3},
    "analysis": {"f0_tracker": "dio"},
    "training": {"steps": 10},
}


def phone(name: str, generator: np.random.Generator) -> np.ndarray:
    """Return about a tenth of a second of one phone, float64 (samples,) of full scale 1."""
    count = int(CORPUS_RATE * generator.uniform(0.08, 0.13))
    times = np.arange(count) / CORPUS_RATE
    edge = np.minimum(1.0, np.minimum(times, times[::-1]) / 0.01)
    if name in HISSES:
        noise = generator.standard_normal(count)
        return np.asarray(0.08 * edge * noise * np.cos(2 * np.pi * HISSES[name] * times))
    f0 = generator.uniform(110, 150)
    harmonics = np.arange(1, int(4000 / f0))
    gains = sum(1.0 / (1.0 + ((harmonics * f0 - formant) / 120.0) ** 2) for formant in VOWELS[name]) + 0.003
    waves = np.sin(2 * np.pi * f0 * harmonics[:, None] * times)
    return np.asarray(0.2 * edge * (np.asarray(gains)[:, None] * waves).sum(axis=0))


def make_corpus(folder: Path, utterances: int) -> None:
    """Write the corpus in the LJSpeech layout, unless it is there."""
    if (folder / "metadata.csv").is_file():
        return
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(5)
    lines = []
    for number in range(utterances):
        vowels, hisses = generator.choice([*VOWELS], 4), generator.choice([*HISSES], 4)
        phones = [name for pair in zip(hisses, vowels, strict=True) for name in pair]
        quiet = 0.0005 * generator.standard_normal(CORPUS_RATE // 10)
        samples = np.concatenate([quiet, *(phone(name, generator) for name in phones), quiet])
        soundfile.write(str(folder / "wavs" / f"u_{number:06}.wav"), samples, CORPUS_RATE, subtype="PCM_16")
        lines.append(f"u_{number:06}|{' '.join(phones[:4])} , {' '.join(phones[4:])} .\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def growth(setup: Setup) -> list[Row]:
    """Return what a second of speech costs, and the memory after, in whole preparations of corpora that grow tenfold."""
    from tts.dataset.prepare import prepare_corpus
    from tts.recipe import Recipe

    rows = []
    for count in (12,) if setup.quick else (12, 120, 1200):
        folder = setup.work / f"corpus-{count}"
        make_corpus(folder, count)
        seconds = sum(soundfile.info(str(path)).duration for path in (folder / "wavs").iterdir())
        start = time.process_time()
        prepare_corpus(
            Recipe.model_validate(RECIPE), setup.work, folder, setup.work / f"prepared-{count}", workers=0, device="cpu"
        )
        spent = 1000.0 * (time.process_time() - start)
        note = "synthetic, aligner and packing included"
        rows.append(Row("prepare", f"{count} utterances, whole", spent / seconds, SPEECH, memory=most_memory(), note=note))
    return rows
