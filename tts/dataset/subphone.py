"""Where a frame is within its phone, in Merlin's sets of numbers: what is read beside the answers to a question file.

Source: Merlin, ``src/frontend/label_normalisation.py`` (its last version), and nnmnkwii's ``frontend/merlin.py``, which has
``minimal_phoneme``. ``state`` and ``phone`` below are lengths in frames, ``i`` is a frame's number in its state, from 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tts.recipe import SubphoneKind

WIDTHS: Final[dict[SubphoneKind, int]] = {
    "full": 9,
    "coarse_coding": 4,
    "minimal_phoneme": 3,
    "minimal_frame": 2,
    "uniform_state": 2,
    "state_only": 1,
    "frame_only": 1,
    "none": 0,
}

# Coarse coding: three bells over the phone's relative time, read from tables of 600 points that are 3 long.
_POINTS, _SPAN, _DEVIATION, _PHONE_POINTS = 600, 3.0, 0.4, 200
_BELLS: Final = ((0.0, -1.5, 300), (0.5, -1.0, 200), (1.0, -0.5, 100))  # mean, first time, first point of the phone


def subphone_features(durations: np.ndarray, kind: SubphoneKind) -> np.ndarray:
    """Return the features of every frame, float32 of shape (frames, :data:`WIDTHS` of ``kind``).

    ``durations`` are frames per state, integers of shape (segments, states). ``full``: (i + 1) / state, (state - i) / state,
    state, the state's number from 1 and from the end, phone, state / phone, the share of the phone that is left with this
    frame, the share that is done with it. ``coarse_coding``: three Gaussians at the phone's start, middle and end, and phone.
    """
    durations = np.asarray(durations, dtype=np.int64)
    segments, states = durations.shape
    flat, totals = durations.ravel(), durations.sum(axis=1)
    length = np.repeat(flat, flat).astype(np.float64)
    total = np.repeat(totals, totals).astype(np.float64)
    in_state = np.arange(len(length)) - np.repeat(np.cumsum(flat) - flat, flat)
    in_phone = np.arange(len(total)) - np.repeat(np.cumsum(totals) - totals, totals)
    state = np.repeat(np.tile(np.arange(1, states + 1), segments), flat)
    done = (in_phone + 1) / total
    left = (total - in_phone) / total
    through = (in_state + 1) / length
    columns: dict[SubphoneKind, list[np.ndarray]] = {
        "full": [through, (length - in_state) / length, length, state, states + 1 - state, total, length / total, left, done],
        "coarse_coding": [*_coarse(in_phone, total), total],
        "minimal_phoneme": [done, left, total],
        "minimal_frame": [through, state],
        "uniform_state": [done, np.maximum(1, np.rint(done * 5))],
        "state_only": [state],
        "frame_only": [done],
        "none": [],
    }
    return np.stack(columns[kind], axis=1).astype(np.float32) if columns[kind] else np.zeros((len(total), 0), np.float32)


def _coarse(in_phone: np.ndarray, total: np.ndarray) -> list[np.ndarray]:
    point = (_PHONE_POINTS / total * in_phone).astype(np.int64)
    bells = []
    for mean, start, first in _BELLS:
        time = start + _SPAN * (first + point) / (_POINTS - 1)
        bells.append(np.exp(-0.5 * ((time - mean) / _DEVIATION) ** 2) / (_DEVIATION * np.sqrt(2.0 * np.pi)))
    return bells
