"""Writing sound as it is made, in constant memory: WAV of any length, FLAC, Ogg Vorbis and MP3, at any rate.

WAV is written here rather than by libsndfile, which must know before the first sample whether a file will pass 4 GiB and writes
heads of RF64 that Python's ``wave`` cannot read. A ``JUNK`` chunk keeps the place of RF64's 64-bit sizes (EBU Tech 3306): it
becomes ``ds64`` where they are needed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol, get_args

import numpy as np
import soundfile

from tts.core.errors import UsageError
from tts.core.files import replacing

AudioFormat = Literal["wav", "flac", "ogg", "mp3"]
FORMATS: Final = get_args(AudioFormat)
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz
MP3_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
MAX_RIFF: Final = 2**32 - 1  # bytes that a plain WAV can hold
_SUBTYPES: Final = {"flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
_BLOCK = 16_384  # samples handed to an encoder at a time; Vorbis crashes on very many
_HEAD = 80  # bytes before the first sample


@dataclass(frozen=True)
class AudioEncoding:
    """How sound is stored: one of :data:`FORMATS`, and samples a second (8,000 to 192,000; None for those it is made at).

    WAV and FLAC have 16 bits a sample. :class:`UsageError` for a rate out of range, or one that MP3 does not have.
    """

    format: AudioFormat = "wav"
    rate: int | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UsageError(f"audio format {self.format!r} is unknown; choose one of {', '.join(FORMATS)}")
        if self.rate is not None and not MIN_RATE <= self.rate <= MAX_RATE:
            raise UsageError(f"rate {self.rate} is outside {MIN_RATE}..{MAX_RATE} Hz")

    @property
    def suffix(self) -> str:
        """What the name of a file in this format ends with."""
        return f".{self.format}"

    def rate_of(self, source_rate: int) -> int:
        """Return the rate of the file for sound made at ``source_rate``."""
        rate = self.rate or source_rate
        if self.format == "mp3" and rate not in MP3_RATES:
            raise UsageError(f"MP3 has no rate of {rate} Hz; choose one of {', '.join(map(str, MP3_RATES))} with --rate")
        return rate


class _Encoder(Protocol):
    """Takes float32 samples within -1..1."""

    def write(self, samples: np.ndarray) -> None: ...

    def close(self) -> None: ...


class AudioOutput:
    """An open file of sound; see :func:`audio_file` and :func:`audio_stream`."""

    def __init__(self, encoder: _Encoder, source_rate: int, rate: int) -> None:
        self._encoder, self._rates = encoder, (source_rate, rate)
        self._resampler = None
        if rate != source_rate:
            import soxr  # comes with librosa; slow to import, and most sound keeps its rate

            self._resampler = soxr.ResampleStream(source_rate, rate, 1, dtype="float32", quality="HQ")

    def write(self, signal: np.ndarray) -> None:
        """Add mono float samples in -1..1 at the source's rate; beyond the range they are clipped."""
        self._put(signal, last=False)

    def finish(self) -> None:
        """Write what the resampler still holds."""
        if self._resampler is not None:
            self._put(np.zeros(0, np.float32), last=True)

    def _put(self, signal: np.ndarray, last: bool) -> None:
        samples = np.asarray(signal, np.float32)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        for start in range(0, len(samples), _BLOCK):
            self._encoder.write(np.clip(samples[start : start + _BLOCK], -1.0, 1.0))


@contextmanager
def audio_file(path: Path, source_rate: int, encoding: AudioEncoding, *, max_riff: int = MAX_RIFF) -> Iterator[AudioOutput]:
    """Yield an open file for sound made at ``source_rate`` Hz; it takes its name when all is written, and not if that fails.

    A WAV of more than ``max_riff`` bytes becomes RF64, which all but the oldest players read.
    """
    rate = encoding.rate_of(source_rate)
    with replacing(path) as temporary:
        encoder: _Encoder
        if encoding.format == "wav":
            encoder = WavWriter(temporary.open("wb"), rate, max_riff=max_riff)
        else:
            kind = encoding.format
            encoder = _SoundFileEncoder(soundfile.SoundFile(str(temporary), "w", rate, 1, _SUBTYPES[kind], format=kind.upper()))
        try:
            output = AudioOutput(encoder, source_rate, rate)
            yield output
            output.finish()
        finally:
            encoder.close()


@contextmanager
def audio_stream(stream: BinaryIO, source_rate: int, rate: int | None = None) -> Iterator[AudioOutput]:
    """Yield an output that writes WAV into a pipe, every piece at once; its head says that the length is not known yet."""
    encoding = AudioEncoding("wav", rate)
    writer = WavWriter(stream, encoding.rate_of(source_rate), seekable=False)
    output = AudioOutput(writer, source_rate, encoding.rate_of(source_rate))
    yield output
    output.finish()


def write_audio(path: Path, signal: np.ndarray, source_rate: int, encoding: AudioEncoding) -> None:
    """Write a whole mono signal, float in -1..1, atomically."""
    with audio_file(path, source_rate, encoding) as output:
        output.write(signal)


class WavWriter:
    """Mono 16-bit WAV, RF64 from ``max_riff`` bytes on. Sizes are put into the head by :meth:`close`, where it can go back."""

    def __init__(self, stream: BinaryIO, rate: int, *, seekable: bool = True, max_riff: int = MAX_RIFF) -> None:
        self._stream, self._rate, self._seekable, self._max_riff = stream, rate, seekable, max_riff
        self._bytes = 0
        self._stream.write(self._head(0 if seekable else None))

    def write(self, samples: np.ndarray) -> None:
        """Add float samples within -1..1."""
        # As libsndfile turns float into 16 bits: the upper half of 32.
        wide = np.clip(np.rint(samples * np.float64(2**31)), -(2**31), 2**31 - 1).astype(np.int64)
        data = (wide >> 16).astype("<i2").tobytes()
        self._stream.write(data)
        self._bytes += len(data)
        if not self._seekable:
            self._stream.flush()

    def close(self) -> None:
        """Complete the head and close the file; a pipe is left to its owner."""
        if self._seekable:
            self._stream.seek(0)
            self._stream.write(self._head(self._bytes))
            self._stream.close()

    def _head(self, data: int | None) -> bytes:
        """Return the bytes before the first of ``data`` bytes of samples, None for a number that is not known."""
        whole = _HEAD - 8 + (data or 0)
        large = data is not None and whole > self._max_riff
        if large:
            reserved = b"ds64" + struct.pack("<IQQQI", 28, whole, data, (data or 0) // 2, 0)
        else:
            reserved = b"JUNK" + struct.pack("<I28x", 28)
        size, length = (MAX_RIFF, MAX_RIFF) if large or data is None else (whole, data)
        form = struct.pack("<4sI4s", b"RF64" if large else b"RIFF", size, b"WAVE")
        return (
            form
            + reserved
            + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, self._rate, 2 * self._rate, 2, 16)
            + struct.pack("<4sI", b"data", length)
        )


class _SoundFileEncoder:
    """libsndfile's encoders."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file = file

    def write(self, samples: np.ndarray) -> None:
        self._file.write(samples)

    def close(self) -> None:
        self._file.close()
