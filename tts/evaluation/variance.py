"""Over-smoothing made visible: what MCD does not show and listeners hear.

Networks trained on squared error predict averages, so their trajectories vary less than speech does. The global variance says
how much less over an utterance, the modulation spectrum says at which rates of change.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from tts.core.errors import TtsError
from tts.evaluation.metrics import Streams, Sums, divide, total, voiced

Average = Literal["geometric", "arithmetic"]
MODULATION_SEGMENT = 0.64  # seconds: a few syllables, resolved to 1.6 Hz
POWER_FLOOR = 1e-12  # keeps the log of a constant trajectory finite, 60 dB under anything seen in speech


def variance_sums(
    natural: Streams, generated: Streams, keep: np.ndarray | None = None, keep_generated: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the global variances of one utterance: the variance of every dimension over its kept frames.

    Uses ``mcep`` without c_0, and ``lf0`` over the kept voiced frames of each side. ``keep_generated`` (default: ``keep``)
    masks the generated frames, which may differ in number. A stream with fewer than two frames on a side adds nothing.
    (Toda and Tokuda, IEICE Trans. E90-D(5), 2007.)
    """
    masks = keep, keep if keep_generated is None else keep_generated
    sums: dict[str, np.ndarray] = {}
    for name in ("mcep", "lf0"):
        kept = []
        for streams, mask in zip((natural, generated), masks, strict=True):
            chosen = np.ones(len(streams[name]), bool) if mask is None else mask
            values = streams[name][:, 1:] if name == "mcep" else streams[name]
            kept.append(values[chosen & voiced(streams)] if name == "lf0" else values[chosen])
        if min(map(len, kept)) >= 2:
            for side, values in zip(("natural", "generated"), kept, strict=True):
                sums[f"gv_{name}_{side}"] = values.astype(np.float64).var(axis=0)
    return sums


def gv_ratio(sums: Sums, name: str, average: Average = "geometric") -> np.ndarray:
    """Global variance ratio, generated / natural, of the stream ``name`` (``mcep`` or ``lf0``): 1 is natural, less is smoothed.

    For every dimension the utterances' variances are averaged on each side before dividing, so that a short still utterance
    does not rule. The ratios are then averaged over dimensions: geometric (the default) weighs halving and doubling alike.
    """
    ratio = gv_ratios(sums, name)
    if average == "arithmetic":
        return np.asarray(ratio.mean(axis=-1))
    with np.errstate(divide="ignore"):  # a constant dimension: log 0 = -inf, and the geometric mean is rightly 0
        return np.asarray(np.exp(np.log(ratio).mean(axis=-1)))


def gv_ratios(sums: Sums, name: str) -> np.ndarray:
    """Return the global variance ratio of every dimension, shape (..., dimensions); nan where nothing was counted."""
    return np.atleast_1d(divide(total(sums, f"gv_{name}_generated"), total(sums, f"gv_{name}_natural")))


def modulation_spectrum(trajectories: np.ndarray, window: int = 128) -> np.ndarray:
    """Return the log modulation spectrum in dB of every segment, shape (segments, window // 2 + 1, dimensions).

    ``trajectories`` has shape (frames, dimensions). The power spectrum is taken over Hann-windowed segments of
    ``window`` frames (16 to 4096; 128 are 0.64 s at 5 ms), overlapping by half, each with its mean removed; a shorter input is
    one segment, zero-padded. A sinusoid of amplitude A on a bin reads ``20 log10(A)`` dB there, whatever the window.
    (Takamichi, Toda, Neubig, Sakti and Nakamura, ICASSP 2014, take one segment of a whole utterance.)
    """
    if not 16 <= window <= 4096:
        raise TtsError(f"modulation spectrum window {window} is outside 16..4096 frames")
    values = np.asarray(trajectories, np.float64)
    if len(values) < 2:
        raise TtsError("a modulation spectrum needs at least two frames")
    size = min(window, len(values))
    segments = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)[:: max(1, size // 2)].swapaxes(1, 2)
    taper = np.hanning(size + 2)[1:-1, None]  # without the zero ends, so that two frames still have a spectrum
    spectrum = np.fft.rfft((segments - segments.mean(axis=1, keepdims=True)) * taper, n=window, axis=1)
    return np.asarray(10.0 * np.log10(np.abs(2.0 * spectrum / taper.sum()) ** 2 + POWER_FLOOR))


def modulation_sums(
    natural: Streams, generated: Streams, keep: np.ndarray | None, shift: float, limit: float = 50.0
) -> dict[str, np.ndarray]:
    """Return one utterance's log modulation spectra of ``mcep`` without c_0, summed over its segments.

    Reads from the first to the last kept frame, pauses between included, so that cutting makes no jumps. ``shift`` is the frame
    shift in seconds; segments last 0.64 s to the nearest power of two of frames (128 at 5 ms); modulation frequencies from the
    first bin above 0 to ``limit`` Hz are kept. Empty where fewer than two frames are left.
    """
    frames = len(natural["mcep"])
    kept = np.arange(frames) if keep is None else np.flatnonzero(keep)
    if len(kept) == 0 or kept[-1] - kept[0] < 1:
        return {}
    window = int(2 ** round(math.log2(MODULATION_SEGMENT / shift)))
    bins = slice(1, int(limit * shift * window) + 1)
    sums: dict[str, np.ndarray] = {}
    for side, streams in (("natural", natural), ("generated", generated)):
        spectra = modulation_spectrum(streams["mcep"][kept[0] : kept[-1] + 1, 1:], window)[:, bins]
        sums[f"ms_{side}"] = spectra.sum(axis=0)
        sums["ms_segments"] = np.asarray(float(len(spectra)))
    return sums


def modulation_distance(sums: Sums) -> np.ndarray:
    """Modulation spectrum distance in dB: RMS over bins and dimensions of the difference of the mean log modulation spectra.

    The spectra are averaged over all segments of the pool before they are compared, because a single one is mostly noise.
    """
    counts = total(sums, "ms_segments")[..., None, None]
    difference = divide(np.atleast_2d(total(sums, "ms_generated") - total(sums, "ms_natural")), counts)
    return np.asarray(np.sqrt(np.square(difference).mean(axis=(-1, -2))))
