"""Measure the aligner where the times are known, and how long it takes.

    python tools/measure_alignment.py [--nathalie FOLDER] [--espeak 120] [--hts 120] [--speed FOLDER]

nathalie: a Dutch corpus of 13 minutes with automatic reference times on a 10 ms grid (CC0, rhasspy). espeak: sentences spoken
by espeak-ng, whose phoneme events are exact (a stop begins at its burst). hts: sentences spoken by hts_engine with Debian's
festvox-us-slt-hts (apt-get install festival festvox-us-slt-hts htsengine), exact to the state. speed: any corpus in the
LJSpeech layout, American English, timed from recordings to alignments.

Each set is aligned by models trained on itself, without its times or pauses. A boundary is where a phone begins, the very
first aside; a frame is taken to begin half a shift before its centre. "no pause" are the boundaries where neither the
reference nor we have silence; the bias is positive where we are late.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from tts.alignment.fit_report import report_alignment
from tts.alignment.hmm import Aligner, train_aligner
from tts.alignment.models import AlignerSettings
from tts.alignment.types import Aligned
from tts.analysis.mfcc import mfcc
from tts.core.audio import read_audio
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure
from tts.corpora.demo_corpus import demo_sentences
from tts.corpora.espeak_demo import REFERENCE, make_demo_corpus
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.types import CorpusSource
from tts.text.engine import make_engine
from tts.text.sentence import Sentence, Syllable, Word

LIMITS = (10, 20, 50)  # ms
VOICE = Path("/usr/share/festival/voices/us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice")


@dataclass(frozen=True)
class Mark:
    """One phone of a reference: times in seconds and the number of its word; silence has no name."""

    name: str
    start: float
    end: float
    word: int


@dataclass(frozen=True)
class Case:
    """One recording and what is known of it; ``states`` are the ends in seconds of the states of its phones, (phones, 5)."""

    recording: Path
    marks: list[Mark]
    states: np.ndarray | None = None

    @property
    def sentence(self) -> Sentence:
        """The words, given by their phones alone."""
        words: dict[int, list[str]] = {}
        for mark in self.marks:
            if mark.name:
                words.setdefault(mark.word, []).append(mark.name)
        return Sentence("", "", tuple(Word("".join(p), (Syllable(tuple(p)),)) for p in words.values()))

    @property
    def onsets(self) -> tuple[np.ndarray, np.ndarray]:
        """Onset of every phone in seconds, and whether silence comes before it."""
        pairs = zip([Mark("", 0, 0, 0), *self.marks], self.marks, strict=False)
        found = [(now.start, not before.name or now.start - before.end > 0.005) for before, now in pairs if now.name]
        times, silent = zip(*found, strict=True)
        return np.array(times), np.array(silent)


def nathalie_cases(folder: Path) -> list[Case]:
    """Read the reference alignment; utterances with a word that its aligner could not pronounce (SPN) are left out."""
    cases = []
    for line in (folder / "alignments.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        marks = [
            Mark(phone["phone"].lstrip("ˈˌ").replace("SIL", ""), phone["start"], phone["start"] + phone["duration"], number)
            for number, word in enumerate(entry["words"])
            for phone in word["phones"]
        ]
        if not any(mark.name == "SPN" for mark in marks):
            cases.append(Case(folder / "wavs" / f"{entry['id']}.flac", marks))
    return cases


def espeak_cases(folder: Path, count: int) -> list[Case]:
    """Speak the demo sentences; phones that espeak gives no time at all are no part of the sentence."""
    make_demo_corpus(folder, count=min(count, len(demo_sentences())))
    cases = []
    for line in (folder / REFERENCE).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        ends = [*(start for _, start in entry["phones"][1:]), entry["seconds"]]
        marks = [
            Mark(name.strip("ˈˌ"), start, end, int(np.searchsorted(entry["words"], start, side="right")))
            for (name, start), end in zip(entry["phones"], ends, strict=True)
            if end > start
        ]
        cases.append(Case(folder / "wavs" / f"{entry['id']}.wav", marks))
    return cases


def hts_cases(folder: Path, count: int) -> list[Case]:
    """Speak the demo sentences with festival's front end and hts_engine, and read the state durations it prints."""
    if not (shutil.which("festival") and shutil.which("hts_engine") and VOICE.is_file()):
        raise TtsError("not installed; apt-get install festival festvox-us-slt-hts htsengine festlex-cmu festlex-poslex")
    script = ["(require 'hts)", "(voice_cmu_us_slt_arctic_hts)"]
    texts = [text.replace("\\", "").replace('"', "") for text in demo_sentences()[:count]]
    for number, text in enumerate(texts):
        script.append(f'(hts_dump_feats (utt.synth (Utterance Text "{text}")) nil "{folder}/{number}.lab")')
    (folder / "all.scm").write_text("\n".join(script), encoding="utf-8")
    subprocess.run(["festival", "-b", str(folder / "all.scm")], check=True)
    cases = []
    for number in range(len(texts)):
        base = folder / str(number)
        command = ["hts_engine", "-m", str(VOICE), "-ot", f"{base}.trace", "-ow", f"{base}.wav", f"{base}.lab"]
        subprocess.run(command, check=True)
        trace = Path(f"{base}.trace").read_text(encoding="latin-1")
        lengths = [int(length) for length in re.findall(r"Length +-> +(\d+)\(frames\)", trace)]
        ends = np.cumsum(lengths).reshape(-1, 5) * 0.005
        marks: list[Mark] = []
        word = 0
        for label, start, end in zip(
            Path(f"{base}.lab").read_text().splitlines(), [0.0, *ends[:, -1]], ends[:, -1], strict=False
        ):
            first = re.search(r"@1_\d+/A:.*/B:\d-\d-\d@1-", label)  # first phone of the first syllable
            word += bool(first)
            marks.append(Mark(label.split("-", 1)[1].split("+", 1)[0].replace("pau", ""), start, end, word))
        cases.append(Case(Path(f"{base}.wav"), marks, ends[[bool(mark.name) for mark in marks]]))
    return cases


def features_of(recordings: Sequence[Path]) -> tuple[list[np.ndarray], FrameGrid]:
    """Return the aligner's features of every recording."""
    found = []
    for path in recordings:
        signal, rate = read_audio(path)
        grid = FrameGrid(rate)
        found.append(mfcc(signal, grid))
    return found, grid


def measure(name: str, cases: Sequence[Case], settings: AlignerSettings, device: str) -> None:
    """Align the cases by models trained on them, and print how far the boundaries are from the truth."""
    sentences = [case.sentence for case in cases]
    _, answers, grid = align([case.recording for case in cases], sentences, settings, device, name)
    errors: list[np.ndarray] = []
    quiet: list[np.ndarray] = []
    states: list[np.ndarray] = []
    for case, answer in zip(cases, answers, strict=True):
        if isinstance(answer, Failure):
            print(f"  {case.recording.stem}: {answer.message}")
            continue
        spoken = np.array([not segment.silent for segment in answer.sentence.segments])
        onsets, after_silence = case.onsets
        error = (answer.alignment.phone_starts[spoken] - 0.5) * grid.shift - onsets
        ours = ~spoken[np.flatnonzero(spoken) - 1]
        errors.append(error[1:])
        quiet.append(error[1:][~(after_silence | ours)[1:]])
        if case.states is not None and answer.alignment.states == 5:
            ends = np.cumsum(answer.alignment.durations).reshape(-1, 5)[spoken]
            states.append(((ends - 0.5) * grid.shift - case.states).ravel())
    for title, parts in (("no pause", quiet), ("all", errors), ("states", states)):
        if parts:
            milliseconds = 1000.0 * np.concatenate(parts)
            size = np.abs(milliseconds)
            shares = " / ".join(f"{100 * np.mean(size <= limit + 1e-6):.1f}" for limit in LIMITS)
            rest = f"median {np.median(size):.1f} ms, bias {np.median(milliseconds):+.1f} ms, {len(size)} boundaries"
            print(f"  {title:8s} within {' / '.join(map(str, LIMITS))} ms: {shares} %, {rest}")


def align(
    recordings: Sequence[Path], sentences: Sequence[Sentence], settings: AlignerSettings, device: str, name: str
) -> tuple[Aligner, list[Aligned | Failure], FrameGrid]:
    """Extract, train and align; print the time each took."""
    clocks = [(time.perf_counter(), time.process_time())]

    def lap() -> None:
        clocks.append((time.perf_counter(), time.process_time()))

    features, grid = features_of(recordings)
    lap()
    aligner = train_aligner(features, sentences, settings, device, progress=False)
    lap()
    answers = aligner.align(features, sentences, progress=False)
    lap()
    seconds = sum(len(x) for x in features) * grid.shift
    spent = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(clocks)]
    parts = ", ".join(f"{part} {cpu:.1f}" for part, (_, cpu) in zip(("features", "training", "aligning"), spent, strict=True))
    wall, cpu = (sum(values) for values in zip(*spent, strict=True))
    print(f"{name}: {len(features)} recordings, {seconds / 60:.1f} min at {grid.sample_rate} Hz; CPU s: {parts};", end=" ")
    print(f"all {cpu:.1f} (wall {wall:.1f}), {cpu / seconds:.4f} of real time")
    return aligner, answers, grid


def speed(folder: Path, settings: AlignerSettings, device: str) -> None:
    """Time the aligner on a corpus without reference, and print what the report says of it."""
    corpus, _ = read_ljspeech(folder, CorpusSource(name=folder.name, speaker="", language="en-us", licence=""))
    engine = make_engine("gruut", "en-us")
    sentences = [engine.sentence(utterance.text) for utterance in corpus]
    _, answers, grid = align([utterance.audio for utterance in corpus], sentences, settings, device, folder.name)
    ids = [utterance.id for utterance in corpus]
    print(report_alignment(dict(zip(ids, answers, strict=True)), grid).to_markdown())


def main() -> None:
    """Run what was asked for, or what needs no corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nathalie", type=Path, help="folder with alignments.jsonl and wavs/")
    parser.add_argument("--espeak", type=int, default=120, metavar="N", help="sentences spoken by espeak-ng; 0 for none")
    parser.add_argument("--hts", type=int, default=120, metavar="N", help="sentences spoken by hts_engine; 0 for none")
    parser.add_argument("--speed", type=Path, help="an American English corpus in the LJSpeech layout to time")
    parser.add_argument("--states", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    settings = AlignerSettings(states=asked.states)
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text()) if info.is_file() else None
    cpu = model[1] if model else platform.processor()
    print(f"{cpu}, {asked.threads} thread(s), {asked.device}; Python {platform.python_version()}, torch {torch.__version__}")
    if asked.nathalie:
        measure("nathalie", nathalie_cases(asked.nathalie), settings, asked.device)
    with tempfile.TemporaryDirectory() as name:
        for title, make, count in (("espeak", espeak_cases, asked.espeak), ("hts", hts_cases, asked.hts)):
            if count:
                folder = Path(name) / title
                folder.mkdir()
                try:
                    measure(title, make(folder, count), settings, asked.device)
                except TtsError as error:
                    print(f"{title}: skipped: {error}")
    if asked.speed:
        speed(asked.speed, settings, asked.device)


if __name__ == "__main__":
    main()
