"""A small corpus spoken by hibari-tts: no download, five minutes of speech in a few seconds, a human-sounding voice.

hibari-tts (Apache-2.0, https://pypi.org/project/hibari-tts) has its model in its wheel: a network distilled from the voice
af_heart of Kokoro-82M (Apache-2.0), of synthetic speech therefore, by no person. It is an extra, imported here only, when the
demo corpus is asked for.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import write_wav
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_text
from tts.core.processes import Failure, parallel_map
from tts.corpora.demo_corpus import corpus_settings, demo_id, demo_sentences, make_corpus, room_noise

VOICE = "heart"  # the one that is in the wheel; others would be downloaded
INSTALL = "pip install 'stacked-tts[demo]'"


def make_hibari_corpus(root: Path, *, count: int = 120, seed: int = 0) -> None:
    """Make a corpus of the first ``count`` demo sentences in the folder ``root``, in the LJSpeech layout, at 24 kHz.

    ``seed`` draws the noise in hibari's source and in the room. The folder appears complete or not at all; a complete one made
    with the same arguments is left as it is. Raises :class:`UsageError` where hibari-tts is not installed, ``count`` is out of
    range or ``root`` holds something else, :class:`TtsError` where hibari fails.
    """
    sentences = demo_sentences(count)

    def write(folder: Path) -> None:
        if importlib.util.find_spec("hibari") is None:
            raise UsageError(f"the demo corpus is spoken by hibari-tts (Apache-2.0); install it with: {INSTALL}")
        _write(folder, [_Request(text, seed * len(sentences) + n) for n, text in enumerate(sentences)], seed)

    make_corpus(root, corpus_settings(sentences, speaker=f"hibari {VOICE}", seed=seed), write)


@dataclass(frozen=True)
class _Request:
    text: str
    seed: int


def _write(folder: Path, requests: list[_Request], seed: int) -> None:
    spoken = dict(parallel_map(_speak, requests, workers=1, label="speaking the demo corpus"))
    metadata_lines = []
    noise = np.random.default_rng(seed)
    for index, request in enumerate(requests):
        answer = spoken[index]
        if isinstance(answer, Failure):
            raise TtsError(f"hibari could not speak {request.text!r}: {answer.message}")
        signal, rate = answer
        write_wav(folder / "wavs" / f"{demo_id(index)}.wav", signal + room_noise(len(signal), noise), rate)
        metadata_lines.append(f"{demo_id(index)}|{request.text}\n")
    write_text(folder / "metadata.csv", "".join(metadata_lines))


@functools.cache
def _engine() -> Any:
    import hibari

    return hibari.Hibari(VOICE)


def _speak(request: _Request) -> tuple[np.ndarray, int]:
    """Return samples, float64 (samples,) in -1..1, and their rate; hibari leaves silence before and after speech."""
    engine = _engine()
    signal = np.asarray(engine(request.text, seed=request.seed), dtype=np.float64)
    if not len(signal) or not np.isfinite(signal).all():
        raise TtsError(f"no sound came out of hibari-tts {metadata.version('hibari-tts')}")
    return signal, int(engine.sample_rate)
