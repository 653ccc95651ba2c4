"""Speaking: text to samples in parts and whole, against the network's products and WORLD's bare synthesis; growth; peers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import torch
from torch import nn

from bench_parts.frame import SPEECH, Row, Setup, child_ms, installed, most_memory, take_turns
from tts.core.grid import FrameGrid
from tts.generation.base_voice import BaseVoice
from tts.generation.durations import whole_durations
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.vocode import spoken_trajectories, vocode, vocoder_streams
from tts.generation.voice import Voice, load_voice
from tts.recipe.names import VocoderName
from tts.text.sentence import SILENCE, Sentence

GROUP = 512  # rows of the floor's products, which stay in cache
LINES = 40


def measure(setup: Setup) -> list[Row]:
    """Return the rows."""
    voice = load_speaker(setup.need("voice", "speak"), "cpu")
    with Synthesiser(voice, SynthesisSettings.of(voice.generation, workers=0)) as synthesiser:
        rows = [*parts(setup, voice, synthesiser), *growth(setup, synthesiser)]
    return [*rows, *peers(setup)]


def parts(setup: Setup, voice: BaseVoice, synthesiser: Synthesiser) -> list[Row]:
    """Return rows of every part of speaking and of all of it, with floors measured in turn with them."""
    texts = setup.lines(2 if setup.quick else LINES)
    sentences = [voice.engine.sentence(text) for text in texts]
    durations = [whole_durations(frames) for frames in voice.durations(sentences)]
    frames = [int(each.sum()) for each in durations]
    seconds = sum(voice.grid.samples(count) for count in frames) / voice.grid.sample_rate
    speech = [speech_frames(*pair) for pair in zip(sentences, durations, strict=True)]
    predicted = voice.acoustics(sentences, durations)
    sound = synthesiser.sound

    def trajectories() -> list[dict[str, np.ndarray]]:
        pairs = zip(predicted, speech, strict=True)
        return [vocoder_streams(sound, spoken_trajectories(sound, item, mask)) for item, mask in pairs]

    streams = trajectories()
    requests = [Request(f"t{number}", text) for number, text in enumerate(texts)]
    speakers = {name: Synthesiser(voice, replace(synthesiser.settings, vocoder=name)) for name in get_args(VocoderName)}
    works: dict[str, Callable[[], object]] = {
        "products": stack_products(load_voice(setup.need("voice", "speak"), "cpu"), sum(frames)),
        "synthesize": bare_synthesis(voice.grid, streams),
        "durations": lambda: voice.durations(sentences),
        "acoustics": lambda: voice.acoustics(sentences, durations),
        "trajectories": trajectories,
        "vocode": lambda: [vocode(sound, item, mask) for item, mask in zip(predicted, speech, strict=True)],
    }
    works |= {name: lambda each=each: list(each.speak(requests)) for name, each in speakers.items()}
    times = {name: spent / seconds for name, spent in take_turns(works, setup.rounds).items()}
    both = times["products"] + times["synthesize"]
    note = f"{voice.label}, {seconds:.0f} s of speech"
    return [
        Row("speak", "network's products alone, float32", times["products"], SPEECH),
        Row("speak", "pyworld.synthesize alone", times["synthesize"], SPEECH),
        Row("speak", "durations", times["durations"], SPEECH),
        Row("speak", "acoustics", times["acoustics"], SPEECH, times["products"], note="floor: products"),
        Row("speak", "trajectories and post-filter", times["trajectories"], SPEECH),
        Row("speak", "the same and vocoder", times["vocode"], SPEECH, times["synthesize"], note="floor: synthesize"),
        *(
            Row("speak", f"text to samples, {name}", times[name], SPEECH, both, note=f"floor: products and synthesize; {note}")
            for name in speakers
        ),
    ]


def speech_frames(sentence: Sentence, durations: np.ndarray) -> np.ndarray:
    """Return which frames lie between the silences at the ends, bool (frames,)."""
    return np.repeat(np.array(sentence.phones) != SILENCE, durations.sum(axis=1))


def stack_products(voice: Voice, frames: int) -> Callable[[], None]:
    """Return the products of the linear layers of a voice's stack for so many frames, in groups that stay in cache."""
    weights = [layer.weight.detach().float() for layer in voice.stack.modules() if isinstance(layer, nn.Linear)]
    inputs = [torch.randn(GROUP, weight.shape[1]) for weight in weights]
    results = [torch.empty(GROUP, weight.shape[0]) for weight in weights]

    def run() -> None:
        for _ in range(-(-frames // GROUP)):
            for x, weight, result in zip(inputs, weights, results, strict=True):
                torch.mm(x, weight.t(), out=result)

    return run


def bare_synthesis(grid: FrameGrid, streams: Sequence[dict[str, np.ndarray]]) -> Callable[[], None]:
    """Return WORLD's synthesis of streams whose spectra and aperiodicities are there already."""
    import pyworld

    from tts.analysis.mcep import to_log_power

    ready = []
    for item in streams:
        voiced = item["vuv"][:, 0] >= 0.5
        f0 = np.where(voiced, np.exp(item["lf0"][:, 0]), 0.0)
        power = np.ascontiguousarray(np.exp(to_log_power(np.asarray(item["mcep"], dtype=np.float64), grid)), dtype=np.float64)
        coded = np.clip(np.ascontiguousarray(item["bap"], dtype=np.float64), -60.0, 0.0)
        aperiodicity = pyworld.decode_aperiodicity(coded, grid.sample_rate, grid.fft_size)
        aperiodicity[~voiced] = 1.0
        ready.append((np.ascontiguousarray(f0), power, aperiodicity))

    def run() -> None:
        for f0, power, aperiodicity in ready:
            pyworld.synthesize(f0, power, aperiodicity, grid.sample_rate, grid.shift_ms)

    return run


def growth(setup: Setup, synthesiser: Synthesiser) -> list[Row]:
    """Return what a second of speech costs in batches of 1, 10 and 100 lines (front end warm), and the memory after."""
    rows = []
    for count in (1, 2) if setup.quick else (1, 10, 100):
        requests = [Request(f"t{number}", text) for number, text in enumerate(setup.lines(count))]
        samples = [0]

        def speak(requests: list[Request] = requests, samples: list[int] = samples) -> None:
            samples[0] = sum(len(speech.signal) for speech in synthesiser.speak(requests))

        spent = take_turns({"speak": speak}, 1 if count > 10 else setup.rounds)["speak"]
        seconds = samples[0] / synthesiser.voice.grid.sample_rate
        rows.append(Row("speak", f"{count} lines", spent / seconds, SPEECH, memory=most_memory()))
    return rows


def peers(setup: Setup) -> list[Row]:
    """Return what other programs need for the same texts, a process for all of them, as far as they are installed."""
    texts = setup.lines(2 if setup.quick else LINES)
    listing = setup.work / "texts.txt"
    listing.write_text("\n".join(texts) + "\n", encoding="utf-8")
    wave = setup.work / "peer.wav"
    commands: dict[str, list[str]] = {}
    if program := installed("espeak-ng"):
        commands["espeak-ng"] = [program, "-v", "en-us", "-w", str(wave), "-f", str(listing)]
    if program := installed("flite"):
        commands["flite"] = [program, "-voice", "slt", "-f", str(listing), "-o", str(wave)]
    if program := installed("text2wave"):
        commands["festival, slt by hts_engine"] = [
            *(program, str(listing), "-o", str(wave)),
            *("-eval", "(voice_cmu_us_slt_arctic_hts)"),
        ]
    if setup.piper is not None and (program := installed("piper")):
        commands["piper"] = [program, "--model", str(setup.piper), "--input-file", str(listing), "--output-file", str(wave)]
    rows = []
    for name, command in commands.items():
        spent = child_ms(command)
        rows.append(Row("speak", f"peer: {name}", spent / _seconds(str(wave)), SPEECH, note="a process, its start included"))
    return [*rows, *hibari(texts)]


HIBARI = """
import json, sys, time
from hibari import Hibari
import onnxruntime
tts = Hibari(threads=1)
texts = json.load(sys.stdin)
tts(texts[0])
start = time.process_time()
samples = sum(len(tts(text)) for text in texts)
print(json.dumps([1000.0 * (time.process_time() - start), samples / 24000]))
"""


def hibari(texts: Sequence[str]) -> list[Row]:
    """Return what hibari-tts needs, in a process of its own and warm; nothing where it is not installed."""
    import subprocess

    done = subprocess.run([sys.executable, "-c", HIBARI], input=json.dumps(texts), capture_output=True, text=True, check=False)
    if done.returncode:
        return []
    spent, seconds = json.loads(done.stdout.splitlines()[-1])
    return [Row("speak", "peer: hibari", spent / seconds, SPEECH, note="loaded and warm")]


def _seconds(path: str) -> float:
    import soundfile

    return float(soundfile.info(path).duration)
