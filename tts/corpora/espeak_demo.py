"""A small corpus spoken by espeak-ng: no download, seconds to make, and the exact time of every phone.

espeak-ng is GPL-3.0; its library comes with the optional package ``espeakng-loader``, which is imported here only, when the
demo corpus is asked for. The library keeps global state, so it lives in a worker process of its own.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import write_wav
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_text
from tts.core.processes import Failure, parallel_map
from tts.corpora.demo_corpus import corpus_settings, demo_id, demo_sentences, make_corpus, room_noise

REFERENCE = "reference.jsonl"
EDGE_SECONDS = 0.2  # of near-silence before and after speech
RATE_WPM, PITCH = (158, 172), (47, 53)  # espeak's words a minute and pitch 0..99, drawn for every sentence

# From espeak-ng's speak_lib.h
_SYNCHRONOUS, _PHONEME_EVENTS, _IPA, _DONT_EXIT = 2, 0x1, 0x2, 0x8000
_RATE, _PITCH, _UTF8, _BY_CHARACTER = 1, 3, 1, 1
_WORD_EVENT, _PHONEME_EVENT = 1, 7


def make_demo_corpus(root: Path, *, count: int = 80, voice: str = "en-us", seed: int = 0) -> None:
    """Make a corpus of the first ``count`` demo sentences in the folder ``root``, in the LJSpeech layout.

    Beside it ``reference.jsonl`` holds one JSON object an utterance: ``id``, ``rate`` in Hz, ``seconds``, ``phones`` as pairs
    of espeak's IPA name (empty for a pause) and onset in seconds, and ``words``, the onset of each; a stop's onset is that of
    its burst, the closure counts to the phone before. ``voice`` is an espeak-ng voice such as ``en-us`` or ``en-gb+f3``;
    ``seed`` varies pace, pitch and background noise a little from one sentence to the next. The folder
    appears complete or not at all; a complete one made with the same arguments is left as it is.

    Raises :class:`UsageError` where espeakng-loader is not installed, an argument is out of range or ``root`` holds something
    else, :class:`TtsError` where espeak-ng fails.
    """
    sentences = demo_sentences(count)
    settings = corpus_settings(sentences, voice=voice, seed=seed)

    def write(folder: Path) -> None:
        if importlib.util.find_spec("espeakng_loader") is None:
            raise UsageError("the demo corpus needs espeak-ng (GPL-3.0); install it with: pip install espeakng-loader")
        draw = random.Random(seed)
        _write(folder, [_Request(text, voice, draw.randint(*RATE_WPM), draw.randint(*PITCH)) for text in sentences], seed)

    make_corpus(root, settings, write)


@dataclass(frozen=True)
class _Request:
    text: str
    voice: str
    rate: int
    pitch: int


@dataclass(frozen=True)
class _Speech:
    signal: np.ndarray  # int16 (samples,)
    rate: int
    phones: list[tuple[str, int]]  # name and first sample
    words: list[int]


def _write(folder: Path, requests: list[_Request], seed: int) -> None:
    noise = np.random.default_rng(seed)
    metadata, reference = [], []
    # One worker, so that the sentences are spoken in order: espeak's voice source runs on from one to the next.
    spoken = dict(parallel_map(_speak, requests, workers=1, label="speaking the demo corpus"))
    for index, request in enumerate(requests):
        speech = spoken[index]
        if isinstance(speech, Failure):
            raise TtsError(f"espeak-ng could not speak {request.text!r}: {speech.message}")
        id = demo_id(index)
        edge = round(EDGE_SECONDS * speech.rate)
        signal = np.pad(speech.signal / 32768.0, edge)
        signal += room_noise(len(signal), noise)
        write_wav(folder / "wavs" / f"{id}.wav", signal, speech.rate)

        def seconds(sample: int, edge: int = edge, rate: int = speech.rate) -> float:
            return round((sample + edge) / rate, 6)

        metadata.append(f"{id}|{request.text}\n")
        entry = {
            "id": id,
            "rate": speech.rate,
            "seconds": len(signal) / speech.rate,
            "phones": [(name, seconds(sample)) for name, sample in speech.phones],
            "words": [seconds(sample) for sample in speech.words],
        }
        reference.append(json.dumps(entry, ensure_ascii=False) + "\n")
    write_text(folder / "metadata.csv", "".join(metadata))
    write_text(folder / REFERENCE, "".join(reference))


class _Event(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),  # UTF-8, without a final zero where it needs all eight bytes
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Engine:
    """The library, initialised once in this process; ``blocks`` and ``events`` collect what is being spoken."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
        self.rate = int(self.library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS | _IPA | _DONT_EXIT))
        if self.rate <= 0:
            raise TtsError(
                f"espeak-ng cannot read its data in {data}; a path of more than about 150 characters is too long for it"
            )
        self.blocks: list[bytes] = []
        self.events: list[tuple[int, int, str]] = []
        self.callback: Callable = _Callback(self._receive)  # kept, since the library holds only a bare pointer to it
        self.library.espeak_SetSynthCallback(self.callback)

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self.blocks.append(ctypes.string_at(samples, 2 * count))
        for event in events:  # ends with an event of type 0
            if event.type == 0:
                break
            name = event.name.decode("utf-8", errors="ignore") if event.type == _PHONEME_EVENT else ""
            self.events.append((event.type, event.sample, name))
        return 0

    def speak(self, request: _Request) -> _Speech:
        if self.library.espeak_SetVoiceByName(request.voice.encode()) != 0:
            raise UsageError(f"it has no voice {request.voice!r}; try en-us or en-gb")
        self.library.espeak_SetParameter(_RATE, request.rate, 0)
        self.library.espeak_SetParameter(_PITCH, request.pitch, 0)
        self.blocks.clear()
        self.events.clear()
        text = request.text.encode() + b"\0"
        code = self.library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, _BY_CHARACTER, 0, _UTF8, None, None)
        signal = np.frombuffer(b"".join(self.blocks), dtype=np.int16)
        if code != 0 or len(signal) == 0:
            raise TtsError(f"no sound came out (code {code})")
        phones = [(name, sample) for kind, sample, name in self.events if kind == _PHONEME_EVENT]
        words = [sample for kind, sample, _ in self.events if kind == _WORD_EVENT]
        return _Speech(signal, self.rate, phones, words)


_engine = functools.cache(_Engine)


def _speak(request: _Request) -> _Speech:
    return _engine().speak(request)
