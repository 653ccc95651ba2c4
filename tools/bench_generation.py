"""What speaking costs: text to samples with a voice, in all and in parts, as ratios to the length of the speech.

    python tools/bench_generation.py VOICE [TEXT ...] [--lines 50] [--repeats 3] [--workers N] [--device cpu] [--json FILE]

TEXT are text files as ``tts speak`` reads them, by default the sentences of the demo. The parts are timed one by one in
this process, each the best of the repeats; the whole is timed as ``tts speak`` does it, worker processes started beforehand. A
ratio of 0.02 is 50 times faster than speech. The front end remembers sentences: only its first pass counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from tts import __version__
from tts.analysis.world import synthesise
from tts.generation.batch import voice_digest
from tts.generation.durations import whole_durations
from tts.generation.mlpg import generate
from tts.generation.postfilter import post_filter
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.text_files import read_requests
from tts.generation.voice import Voice, load_voice
from tts.text.sentence import SILENCE, Sentence
from tts.text.split import PHONES_A_LETTER, split_text

DEMO = Path(__file__).parent.parent / "data" / "speak_demo.txt"
T = TypeVar("T")


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", type=Path)
    parser.add_argument("texts", type=Path, nargs="*")
    parser.add_argument("--lines", type=int, default=50, help="texts are repeated up to so many lines")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    voice = load_voice(arguments.voice, arguments.device)
    texts = [request.text for request in read_requests(arguments.texts or [DEMO])]
    texts = [texts[n % len(texts)] for n in range(arguments.lines)]
    parts, seconds = time_parts(voice, texts, arguments.repeats)
    with Synthesiser(voice, SynthesisSettings(workers=arguments.workers)) as synthesiser:
        whole = time_whole(synthesiser, texts, seconds, arguments.repeats)
        workers = synthesiser.workers.count
    result = {
        "voice": voice_digest(arguments.voice)[:16],
        "lines": len(texts),
        "seconds of speech": round(seconds, 2),
        "repeats": arguments.repeats,
        "ratios": parts,
        "whole": {"ratio": whole, "workers": workers},
        "machine": machine(voice),
    }
    print(table(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def time_parts(voice: Voice, texts: list[str], repeats: int) -> tuple[dict[str, float], float]:
    """Return the ratio of every part, and the seconds of speech that the texts become."""
    grid = voice.grid
    settings = SynthesisSettings()
    phones = voice.engine.reads_phones
    longest = settings.max_characters * (PHONES_A_LETTER if phones else 1)
    pieces = [piece for text in texts for piece in split_text(text, longest, phones=phones)]
    times: dict[str, float] = {}
    started = time.perf_counter()
    sentences = [voice.engine.sentence(text) for text in dict.fromkeys(pieces)]
    times["front end"] = (time.perf_counter() - started) * len(pieces) / len(sentences)
    sentences = [voice.engine.sentence(text) for text in pieces]

    times["durations"], predicted = best(lambda: voice.durations(sentences), repeats)
    durations = [whole_durations(frames) for frames in predicted]
    seconds = sum(grid.samples(int(frames.sum())) for frames in durations) / grid.sample_rate
    times["network"], acoustics = best(lambda: voice.acoustics(sentences, durations), repeats)
    times["trajectories"], made = best(lambda: [generate(item, voice.variances, voice.streams) for item in acoustics], repeats)
    speech = [speech_frames(*pair) for pair in zip(sentences, durations, strict=True)]

    def filtered() -> list[np.ndarray]:
        natural = voice.global_variance["mcep"]
        pairs = zip(made, speech, strict=True)
        return [post_filter(item["mcep"], settings.post_filter, grid, natural, mask) for item, mask in pairs]

    times["post-filter"], sharp = best(filtered, repeats)
    streams = [{**item, "mcep": mcep} for item, mcep in zip(made, sharp, strict=True)]
    times["vocoder"], _ = best(lambda: [synthesise(**item, grid=grid) for item in streams], repeats)
    return {name: round(value / seconds, 5) for name, value in times.items()}, seconds


def time_whole(synthesiser: Synthesiser, texts: list[str], seconds: float, repeats: int) -> float:
    """Return the ratio of speaking all texts, the median of the repeats, processes and front end warm."""
    requests = [Request(f"t{n}", text) for n, text in enumerate(texts)]

    def speak() -> None:
        for _ in synthesiser.speak(requests):
            pass

    speak()
    return round(statistics.median(best(speak, 1)[0] for _ in range(repeats)) / seconds, 5)


def best(function: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Return the seconds of the fastest of ``repeats`` calls, and the last result."""
    fastest = float("inf")
    for _ in range(max(1, repeats)):
        started = time.perf_counter()
        result = function()
        fastest = min(fastest, time.perf_counter() - started)
    return fastest, result


def speech_frames(sentence: Sentence, durations: np.ndarray) -> np.ndarray:
    """Return which frames lie between the silences at the ends."""
    return np.repeat(np.array(sentence.phones) != SILENCE, durations.sum(axis=1))


def machine(voice: Voice) -> dict[str, Any]:
    """Return what the numbers depend on besides the voice."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    names = ("torch", "numpy", "scipy", "pyworld-prebuilt")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "device": str(voice.device),
        "torch threads": torch.get_num_threads(),
        "rate": voice.grid.sample_rate,
        "parameters": sum(p.numel() for part in (voice.stack, voice.duration) for p in part.parameters()),
        "versions": {
            "stacked-tts": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
    }


def table(result: dict[str, Any]) -> str:
    """Return the result as Markdown."""
    whole = result["whole"]
    rows = [(name, value, "1 process") for name, value in result["ratios"].items()]
    rows.append(("sum of the parts", sum(result["ratios"].values()), "1 process"))
    rows.append(("tts speak, front end warm", whole["ratio"], f"{whole['workers']} workers"))
    head = f"{result['lines']} lines, {result['seconds of speech']} s of speech; {json.dumps(result['machine'])}"
    lines = [f"| {name} | {value:.4f} | {1 / max(value, 1e-9):.0f} x | {how} |" for name, value, how in rows]
    return "\n".join([head, "", "| part | ratio | faster than speech | |", "| --- | --- | --- | --- |", *lines])


if __name__ == "__main__":
    main()
