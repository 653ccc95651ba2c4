"""Reading and writing recordings. The only place that touches audio files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from tts.core.errors import TtsError
from tts.core.files import replacing

Channel = Literal["only", "left", "right", "mix"]
_WIDE = ("PCM_32", "FLOAT", "DOUBLE", "ALAC_32")  # more than 24 bits a sample


def read_audio(path: Path, sample_rate: int | None = None, channel: Channel = "only") -> tuple[np.ndarray, int]:
    """Read a wav, flac, ogg or mp3 file as mono float64 in -1..1 and return it with its rate in Hz.

    With ``sample_rate`` the signal is resampled to it (soxr, high quality); going up is refused, because it would invent an
    empty band that a voice then learns. ``channel`` says what to do with more than one: ``only`` refuses, ``left`` and
    ``right`` take one, ``mix`` averages all. Raises :class:`TtsError` for a missing, unreadable or empty file.
    """
    signal, rate = read_channels(path)
    mono = to_mono(path, signal, channel)
    if sample_rate is None or sample_rate == rate:
        return mono, rate
    if sample_rate > rate:
        raise TtsError(f"{path}: recorded at {rate} Hz, below the recipe's {sample_rate} Hz; lower sample_rate in the recipe")
    import soxr  # comes with librosa; imported here because most commands never resample

    return soxr.resample(mono, rate, sample_rate, quality="HQ"), sample_rate


def read_channels(path: Path) -> tuple[np.ndarray, int]:
    """Read an audio file as float64 in -1..1 of shape (samples, channels) and return it with its rate in Hz.

    Raises :class:`TtsError` for a missing, unreadable or empty file.
    """
    try:
        signal, rate = soundfile.read(str(path), dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    if len(signal) == 0:
        raise TtsError(f"{path}: the audio file is empty")
    return signal, rate


@dataclass(frozen=True)
class AudioPart:
    """A part of a recording: ``signal`` float64 (samples, channels) at ``rate`` Hz, from sample ``start`` on.

    ``exact`` says whether 24 bits a sample hold all that the file does: not so where it has 32 bits or floating point.
    """

    signal: np.ndarray
    rate: int
    start: int
    exact: bool


def read_part(path: Path, start: float = 0.0, end: float | None = None, *, overshoot: float = 0.0) -> AudioPart:
    """Read a recording from ``start`` to ``end`` seconds (None: its end); only that part is decoded.

    An end up to ``overshoot`` seconds after the recording's is the recording's. Raises :class:`TtsError` for a missing,
    unreadable or empty file, and for a part that is not within it.
    """
    try:
        with soundfile.SoundFile(str(path)) as stream:
            rate, frames = stream.samplerate, stream.frames
            last = frames if end is None else round(end * rate)
            if frames == 0:
                raise TtsError(f"{path}: the audio file is empty")
            if not 0 <= (first := round(start * rate)) < min(last, frames) or last > frames + overshoot * rate:
                part = f"{start:.3f} to {frames / rate if end is None else end:.3f} s"
                raise TtsError(f"{path}: the part from {part} is not within the recording, which lasts {frames / rate:.3f} s")
            stream.seek(first)
            signal = stream.read(min(last, frames) - first, dtype="float64", always_2d=True)
            return AudioPart(signal, rate, first, stream.subtype not in _WIDE)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from None


def audio_seconds(path: Path) -> float:
    """Return the length that the file's header declares, without decoding; errors as in :func:`read_channels`."""
    try:
        return float(soundfile.info(str(path)).duration)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from None


@dataclass(frozen=True)
class AudioHeader:
    """What a file's header declares: length in seconds and in samples of a channel, rate in Hz."""

    seconds: float
    frames: int
    rate: int
    channels: int


def audio_header(path: Path) -> AudioHeader:
    """Return what a file's header declares, without decoding; errors as in :func:`read_channels`."""
    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    return AudioHeader(float(info.duration), info.frames, info.samplerate, info.channels)


def read_beginning(path: Path, seconds: float) -> tuple[np.ndarray, int]:
    """Read at most the first ``seconds`` of a file as :func:`read_channels` reads all of it."""
    try:
        with soundfile.SoundFile(str(path)) as stream:
            signal = stream.read(round(seconds * stream.samplerate), dtype="float64", always_2d=True)
            rate = stream.samplerate
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    if len(signal) == 0:
        raise TtsError(f"{path}: the audio file is empty")
    return signal, rate


def _unreadable(path: Path, error: Exception) -> TtsError:
    if not path.is_file():
        return TtsError(f"{path}: there is no such audio file")
    return TtsError(f"{path}: not readable as audio ({error})")


def to_mono(path: Path, signal: np.ndarray, channel: Channel) -> np.ndarray:
    """Return (samples,) from (samples, channels); ``path`` names the file where ``channel`` is ``only`` and there are more."""
    if signal.shape[1] == 1:
        return np.ascontiguousarray(signal[:, 0])
    if channel == "mix":
        return np.asarray(signal.mean(axis=1))
    if channel == "only":
        raise TtsError(f"{path}: has {signal.shape[1]} channels; set channel to left, right or mix in the recipe")
    return np.ascontiguousarray(signal[:, 0 if channel == "left" else 1])


def write_wav(path: Path, signal: np.ndarray, sample_rate: int) -> None:
    """Write mono float samples in -1..1 as 16-bit PCM wav, atomically; samples beyond the range are clipped."""
    with replacing(path) as temporary:
        soundfile.write(str(temporary), np.clip(signal, -1.0, 1.0), sample_rate, subtype="PCM_16", format="WAV")
