"""Sounds and pictures as data addresses, so that a page needs no other file."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np

DEPTH = 70.0  # dB shown below the loudest value
LEVELS = 64  # about one dB each: no eye tells more apart, and the file is a third smaller
# Dark to light with luminance rising evenly, so that it also reads in grey: night, violet, red, orange, cream.
COLOURS = np.array([[8, 6, 28], [66, 20, 104], [150, 40, 100], [222, 84, 60], [250, 160, 70], [252, 244, 204]], np.float64)


def data_address(data: bytes, kind: str) -> str:
    """Return bytes of a media type as a ``data:`` address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def encode_sound(path: Path) -> tuple[bytes, str]:
    """Return a recording as MP3 and its media type: about 8 kB a second, and every browser plays it.

    Where libsndfile cannot write it (old ones, uncommon sample rates) it is FLAC, which is lossless and three times as large.
    """
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    for format_, subtype, kind in (("MP3", "MPEG_LAYER_III", "audio/mpeg"), ("FLAC", "PCM_16", "audio/flac")):
        target = io.BytesIO()
        try:
            soundfile.write(target, samples, rate, format=format_, subtype=subtype)
        except (soundfile.LibsndfileError, ValueError):
            continue
        return target.getvalue(), kind
    return path.read_bytes(), "audio/wav"


def spectrogram(levels: np.ndarray, loudest: float | None = None) -> bytes:
    """Return a PNG of levels in dB, (frames, bands): time to the right, the first band at the bottom.

    ``loudest`` is the level of the lightest colour, by default the highest there is; it is shared by pictures to compare.
    """
    top = float(np.nanmax(levels)) if loudest is None else loudest
    places = np.clip((np.nan_to_num(levels, nan=-np.inf) - (top - DEPTH)) / DEPTH, 0.0, 1.0)
    indices = np.round(places * (LEVELS - 1)).astype(np.uint8)
    stops = np.linspace(0.0, 1.0, len(COLOURS))
    palette = np.stack([np.interp(np.linspace(0.0, 1.0, LEVELS), stops, channel) for channel in COLOURS.T], axis=1)
    return png(indices.T[::-1], np.round(palette).astype(np.uint8))


def png(indices: np.ndarray, palette: np.ndarray) -> bytes:
    """Return a PNG with a palette: ``indices`` (height, width) and ``palette`` (colours, 3), both uint8.

    Portable Network Graphics, W3C 2003, sections 5 and 11: signature, then IHDR, PLTE, IDAT and IEND with their checksums.
    """
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = indices
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    packed = zlib.compress(rows.tobytes(), 9)
    chunks = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", packed), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
