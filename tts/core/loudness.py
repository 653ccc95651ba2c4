"""Loudness and true peak of speech as ITU-R BS.1770-4 measures them, for one channel."""

from __future__ import annotations

import numpy as np

TARGET = -23.0  # LUFS, EBU R 128's programme level
PEAK_LIMIT = -1.0  # dB of full scale, EBU R 128's limit of the true peak
_ABSOLUTE, _RELATIVE = -70.0, 0.1  # LUFS, and 10 LU as a ratio of powers
_OVERSAMPLING = 4  # BS.1770-4, annex 2


def loudness(signal: np.ndarray, sample_rate: int) -> float:
    """Return the integrated loudness in LUFS of mono samples (n,) in -1..1: ITU-R BS.1770-4 for one channel.

    Blocks of 400 ms overlap by three quarters; blocks below -70 LUFS, then those more than 10 LU below the mean of the rest,
    are left out, so pauses do not make speech look soft. A signal shorter than a block counts as one block. Silence gives
    minus infinity.
    """
    return gated_loudness(block_powers(signal, sample_rate))


def block_powers(signal: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the K-weighted power of every block of mono samples (n,), (blocks,).

    The blocks of several recordings together give their common loudness.
    """
    from scipy.signal import lfilter

    weighted = np.asarray(signal, np.float64)
    for numerator, denominator in k_weighting(sample_rate):
        weighted = lfilter(numerator, denominator, weighted)
    block = min(round(0.4 * sample_rate), len(weighted))
    hop = max(1, round(0.1 * sample_rate))
    squares = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, len(weighted) - block + 1, hop)
    return np.asarray((squares[starts + block] - squares[starts]) / max(block, 1))


def gated_loudness(powers: np.ndarray) -> float:
    """Return the integrated loudness in LUFS of blocks (:func:`block_powers`); minus infinity where all are silent."""
    loud = powers[powers > 10.0 ** ((_ABSOLUTE + 0.691) / 10.0)]
    if len(loud) == 0:
        return -np.inf
    return float(-0.691 + 10.0 * np.log10(loud[loud > loud.mean() * _RELATIVE].mean()))


def true_peak(signal: np.ndarray) -> float:
    """Return the true peak of mono samples (n,) in dB of full scale: that of the signal at four times its rate.

    At 48 kHz and above it is within 0.6 dB of the continuous signal's (BS.1770-4, annex 2). Silence gives minus infinity.
    """
    from scipy.signal import resample_poly

    peak = max(float(np.abs(resample_poly(signal, _OVERSAMPLING, 1)).max()), float(np.abs(signal).max()))
    return float(20.0 * np.log10(peak)) if peak > 0.0 else -np.inf


def k_weighting(sample_rate: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return BS.1770's two filters at any rate: its 48 kHz coefficients taken back to the analogue shelf and high-pass.

    The centre frequencies, gain and Qs are those for which the bilinear transform gives the standard's table at 48 kHz.
    """
    k = np.tan(np.pi * 1681.974450955533 / sample_rate)
    gain, q = 10.0 ** (3.999843853973347 / 20.0), 0.7071752369554196
    middle = gain**0.4996667741545416
    shelf = (
        np.array([gain + middle * k / q + k * k, 2.0 * (k * k - gain), gain - middle * k / q + k * k]),
        np.array([1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k]),
    )
    k, q = np.tan(np.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    denominator = np.array([1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    high_pass = (np.array([1.0, -2.0, 1.0]), denominator / denominator[0])
    return [(shelf[0] / shelf[1][0], shelf[1] / shelf[1][0]), high_pass]
