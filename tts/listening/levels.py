"""Making stimuli comparable: equal loudness, and the low-pass anchor of a MUSHRA test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.loudness import TARGET, loudness

CEILING = -1.0  # dB below full scale that no sample passes
ANCHOR_PASS, ANCHOR_STOP = 3500.0, 4000.0  # Hz, ITU-R BS.1534-3, annex 1


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
