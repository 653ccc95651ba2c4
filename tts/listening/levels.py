"""Making stimuli comparable: equal loudness, and the low-pass anchor of a MUSHRA test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tts.core.errors import TtsError, UsageError

TARGET = -23.0  # LUFS, EBU R 128's programme level
CEILING = -1.0  # dB below full scale that no sample passes
ANCHOR_PASS, ANCHOR_STOP = 3500.0, 4000.0  # Hz, ITU-R BS.1534-3, annex 1


def loudness(signal: np.ndarray, sample_rate: int) -> float:
    """Return the integrated loudness in LUFS of mono samples (n,) in -1..1: ITU-R BS.1770-4 for one channel.

    Blocks of 400 ms overlap by three quarters; blocks below -70 LUFS, then those more than 10 LU below the mean of the rest,
    are left out, so pauses do not make speech look soft. A signal shorter than a block counts as one block. Silence gives
    minus infinity.
    """
    from scipy.signal import lfilter

    weighted = np.asarray(signal, np.float64)
    for numerator, denominator in _k_weighting(sample_rate):
        weighted = lfilter(numerator, denominator, weighted)
    block = min(round(0.4 * sample_rate), len(weighted))
    hop = max(1, round(0.1 * sample_rate))
    squares = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, len(weighted) - block + 1, hop)
    power = (squares[starts + block] - squares[starts]) / block
    loud = power[power > _power(-70.0)]
    if len(loud) == 0:
        return -np.inf
    return _level(float(loud[loud > loud.mean() * 0.1].mean()))


def _level(power: float) -> float:
    return float(-0.691 + 10.0 * np.log10(power))


def _power(level: float) -> float:
    return float(10.0 ** ((level + 0.691) / 10.0))


def _k_weighting(sample_rate: int) -> list[tuple[np.ndarray, np.ndarray]]:
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


def match_levels(
    sounds: Mapping[str, np.ndarray], sample_rate: int, target: float = TARGET
) -> tuple[dict[str, np.ndarray], float]:
    """Scale mono signals to one loudness and return them with that loudness in LUFS.

    It is ``target`` or, where a peak would then pass -1 dB of full scale, as much lower as the peakiest signal needs: nothing
    is ever clipped or compressed. Raises :class:`TtsError` for a silent signal, naming it.
    """
    levels = {name: loudness(sound, sample_rate) for name, sound in sounds.items()}
    for name, level in levels.items():
        if not np.isfinite(level):
            raise TtsError(f"{name}: this stimulus is silent; leave its sentence out or make it again")
    room = [level + CEILING - 20.0 * np.log10(np.abs(sounds[name]).max()) for name, level in levels.items()]
    reached = float(min([target, *room]))
    return {name: sound * 10.0 ** ((reached - levels[name]) / 20.0) for name, sound in sounds.items()}, reached


def low_pass_anchor(signal: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the low anchor of ITU-R BS.1534-3: ``signal`` (n,) without what lies above 3.5 kHz, in time with it.

    The standard asks for a ripple of at most 0.1 dB up to 3.5 kHz and for at least 25 dB at 4 kHz and 50 dB at 4.5 kHz; this
    linear-phase filter (Kaiser window) has 60 dB from 4 kHz on. Raises :class:`UsageError` at rates that leave nothing to
    take away.
    """
    if sample_rate < 2.0 * ANCHOR_STOP + 2000.0:
        raise UsageError(
            f"a MUSHRA anchor is low-passed at {ANCHOR_PASS / 1000:g} kHz, which is no loss at {sample_rate} Hz; "
            "leave mushra out of the kinds"
        )
    from scipy.signal import fftconvolve

    taps = anchor_filter(sample_rate)
    return np.asarray(fftconvolve(signal, taps)[len(taps) // 2 :][: len(signal)])


def anchor_filter(sample_rate: int) -> np.ndarray:
    """Return the anchor's filter, an odd number of symmetric taps."""
    from scipy.signal import firwin, kaiserord

    taps, beta = kaiserord(60.0, (ANCHOR_STOP - ANCHOR_PASS) / (0.5 * sample_rate))
    return np.asarray(firwin(taps | 1, 0.5 * (ANCHOR_PASS + ANCHOR_STOP), window=("kaiser", beta), fs=sample_rate))
