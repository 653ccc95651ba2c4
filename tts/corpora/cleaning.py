"""Cleaning of one recording's samples: hum, silence at the ends, loudness. Pure functions of a signal."""

from __future__ import annotations

import numpy as np

from tts.core.errors import TtsError

_ORDER = 4  # of the Butterworth high-pass; run both ways, so it counts twice
_STEP, _RUN = 0.001, 0.02  # seconds: the grid on which speech is looked for, and how long it must last
_ABOVE_NOISE, _BELOW_LOUD = 12.0, (50.0, 25.0)  # dB: speech is this much above the quietest, within this below the loud


def high_pass(signal: np.ndarray, sample_rate: int, cutoff: float) -> np.ndarray:
    """Return mono samples (n,) without what lies below ``cutoff`` Hz, in time with the original.

    A Butterworth filter of order 4, forwards and backwards: -6 dB at the cut-off, -33 dB at 5/8 of it, less than 0.1 dB from
    1.5 times it on. A constant part is gone.
    """
    from scipy.signal import butter, sosfiltfilt

    sections = butter(_ORDER, cutoff, "highpass", fs=sample_rate, output="sos")
    # The filter rings for about a period of the cut-off; the signal is continued by odd reflection for some of them.
    padding = min(len(signal) - 1, round(4.0 * sample_rate / cutoff))
    return np.asarray(sosfiltfilt(sections, signal - np.mean(signal), padlen=padding))


def speech_threshold(levels: np.ndarray) -> float:
    """Return from which level on, in dB, a recording's frames are speech; ``levels`` (frames,) are theirs, smoothed, in dB.

    It is 12 dB above the quietest twentieth of the recording, but at least 50 dB and at most 25 dB below the loud parts (their
    95th percentile).
    """
    loud = float(np.percentile(levels[levels > levels.max() - 40.0], 95))
    return float(np.clip(np.percentile(levels, 5) + _ABOVE_NOISE, loud - _BELOW_LOUD[0], loud - _BELOW_LOUD[1]))


def speech_bounds(signal: np.ndarray, sample_rate: int) -> tuple[int, int]:
    """Return the first sample of speech and the one after its last, to the millisecond.

    Speech is louder than :func:`speech_threshold`, and lasts 20 ms. Raises :class:`TtsError` where there is none.
    """
    step = max(1, round(_STEP * sample_rate))
    frames = len(signal) // step
    power = np.square(signal[: frames * step].reshape(frames, step)).mean(axis=1) if frames else np.zeros(0)
    run = round(_RUN / _STEP)
    if frames < run or not power.any():
        raise TtsError("nothing is heard in it")
    smooth = np.convolve(power, np.full(run, 1.0 / run), "valid")  # the mean of the frames from here on
    levels = 10.0 * np.log10(np.maximum(smooth, 1e-14))
    speech = power > 10.0 ** (speech_threshold(levels) / 10.0)
    lasts = np.convolve(speech, np.ones(run), "valid") >= run // 2  # a click does not
    starts, ends = np.flatnonzero(speech[: len(lasts)] & lasts), np.flatnonzero(speech[run - 1 :] & lasts)
    if not len(starts) or not len(ends):
        raise TtsError("nothing is heard in it")
    return int(starts[0]) * step, min((int(ends[-1]) + run) * step, len(signal))


def trim(signal: np.ndarray, sample_rate: int, keep: float) -> tuple[int, int]:
    """Return from which sample to which to keep so that at most ``keep`` seconds of silence are before and after speech."""
    first, last = speech_bounds(signal, sample_rate)
    room = round(keep * sample_rate)
    return max(0, first - room), min(len(signal), last + room)
