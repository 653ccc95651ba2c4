"""Measure how the time and memory of ``tts prepare`` grow with the number of utterances.

    python tools/bench_prepare_size.py FOLDER [--utterances 1000 2000 4000] [--workers 0] [--keep]

Makes corpora of so many utterances of about a second, each a random row of vowels and hisses whose phones are its text, and
prepares each in a process of its own. Prints a table: seconds, milliseconds of the processor an utterance (without workers
all of it), the most memory of the process in MB, and by step seconds, those of the processor, and the process's own memory at
its end. The most memory counts what is mapped from files, such as the arrays that are packed; the system takes it back.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

RATE = 16000
VOWELS = {"a": (750, 1200), "i": (300, 2300), "u": (320, 800), "e": (450, 1900), "o": (480, 900)}
HISSES = {"s": 5500, "ʃ": 3000, "f": 7000}
STEPS = (
    "read_corpus",
    "split_corpus",
    "_sentences",
    "f0_ranges",
    "_analyse",
    "align",
    "write_report",
    "make_layout",
    "_store_arrays",
    "_facts",
    "write_facts",
)
RECIPE: dict[str, Any] = {
    "name": "many",
    "corpus": {"format": "ljspeech", "speaker": "synthetic", "licence": "CC0-1.0"},
    "text": {"engine": "phones"},
    "frames": {"sample_rate": RATE, "shift_ms": 10, "mcep_order": 24},
    "alignment": {"states": 3},
    "analysis": {"f0_tracker": "dio"},
    "training": {"steps": 10},
}


def phone(name: str, generator: np.random.Generator) -> np.ndarray:
    """Return about a tenth of a second of one phone, float64 (samples,) of full scale 1."""
    count = int(RATE * generator.uniform(0.08, 0.13))
    times = np.arange(count) / RATE
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
        quiet = 0.0005 * generator.standard_normal(RATE // 10)
        samples = np.concatenate([quiet, *(phone(name, generator) for name in phones), quiet])
        soundfile.write(str(folder / "wavs" / f"u_{number:06}.wav"), samples, RATE, subtype="PCM_16")
        lines.append(f"u_{number:06}|{' '.join(phones[:4])} , {' '.join(phones[4:])} .\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")


def timed(name: str, function: Callable[..., Any], steps: list[dict[str, Any]]) -> Callable[..., Any]:
    """Return ``function`` so that its time and the memory after it are noted."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        started, worked = time.monotonic(), time.process_time()
        result = function(*arguments, **options)
        seconds, worked = time.monotonic() - started, time.process_time() - worked
        memory = psutil.Process().memory_info()
        own = (memory.rss - memory.shared) / 1e6
        steps.append({"step": name, "seconds": seconds, "worked": worked, "own": own})
        return result

    return call


def highest_memory() -> float:
    """Return the most memory that this process ever had resident, in MB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def prepare(corpus: Path, out: Path, workers: int, answer: Path) -> None:
    """Prepare one corpus and write down what it took."""
    import tts.dataset.prepare as module
    from tts.recipe import Recipe

    steps: list[dict[str, Any]] = []
    for name in STEPS:
        setattr(module, name, timed(name, getattr(module, name), steps))
    before, started, worked = highest_memory(), time.monotonic(), time.process_time()
    module.prepare_corpus(Recipe.model_validate(RECIPE), out, corpus, out / "prepared", workers=workers, device="cpu")
    seconds, worked = time.monotonic() - started, time.process_time() - worked
    result = {"seconds": seconds, "worked": worked, "before": before, "peak": highest_memory(), "steps": steps}
    answer.write_text(json.dumps(result), encoding="utf-8")


def main() -> None:
    """Run the sizes in turn and print a line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep corpora and results")
    given = parser.parse_args()
    print(
        "| utterances | s | ms of the processor an utterance | start MB | most MB | KB an utterance more than at the start |",
        flush=True,
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for count in given.utterances:
        corpus, out = given.folder / f"corpus-{count}", given.folder / f"out-{count}"
        make_corpus(corpus, count)
        out.mkdir(parents=True, exist_ok=True)
        answer = out / "answer.json"
        child = multiprocessing.get_context("spawn").Process(target=prepare, args=(corpus, out, given.workers, answer))
        child.start()
        child.join()
        if child.exitcode:
            raise SystemExit(f"the run with {count} utterances ended with {child.exitcode}")
        facts = json.loads(answer.read_text(encoding="utf-8"))
        each, more = facts["worked"] / count * 1e3, (facts["peak"] - facts["before"]) / count * 1e3
        print(
            f"| {count} | {facts['seconds']:.0f} | {each:.1f} | {facts['before']:.0f} | {facts['peak']:.0f} | {more:.1f} |",
            flush=True,
        )
        for step in facts["steps"]:
            print(
                f"    {step['step']:>14} {step['seconds']:8.1f} s, {step['worked'] / count * 1e3:6.2f} ms of the processor an "
                f"utterance, {step['own']:.0f} MB of its own",
                flush=True,
            )
        if not given.keep:
            shutil.rmtree(corpus)
            shutil.rmtree(out)


if __name__ == "__main__":
    main()
