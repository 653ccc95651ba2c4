"""Where a frame is within its state and phone: the part of the linguistic input that changes from frame to frame.

The same function serves training (aligned durations) and synthesis (predicted durations), so the two cannot differ.
The product's own set is Merlin's ``full`` one, with counts in logarithms and the neighbours' durations added; beside answers to
a question file stand Merlin's sets as they are (:mod:`tts.dataset.subphone`), scaled like the answers.
"""

from __future__ import annotations

import numpy as np

from tts.dataset.subphone import WIDTHS, subphone_features
from tts.text.question_features import Subphone

LOG_FRAMES = 5.0  # log(1 + frames) is divided by this: 1 at 147 frames (0.74 s at 5 ms)


def position_width(states: int, subphone: Subphone | None = None) -> int:
    """Return the number of position features for ``states`` states a phone: the product's own, or Merlin's."""
    return states + 9 if subphone is None else WIDTHS[subphone.kind]


def position_names(states: int, subphone: Subphone | None = None) -> list[str]:
    """Return the name of every position feature."""
    kind = "position" if subphone is None else f"position:{subphone.kind}"
    return [f"{kind}:{place}" for place in range(position_width(states, subphone))]


def frame_positions(durations: np.ndarray, subphone: Subphone | None = None) -> np.ndarray:
    """Return position features of every frame of one utterance, float32 (frames, :func:`position_width`).

    ``durations`` are frames per state, integers of shape (segments, states). With ``subphone`` they are Merlin's, scaled.
    Otherwise the columns are: the state, one-hot; the middle of the frame as a share of its state and of its phone; the
    state's share of the phone; logarithms of the frames in the state, in the phone, since the phone's start, until its end,
    in the previous and in the next phone (0 beyond the ends).
    """
    if subphone is not None:
        return subphone.range.scaled(subphone_features(durations, subphone.kind))
    durations = np.asarray(durations, dtype=np.int64)
    segments, states = durations.shape
    flat = durations.ravel()
    state = np.repeat(np.tile(np.arange(states), segments), flat)
    phone = np.repeat(np.arange(segments), durations.sum(axis=1))
    in_state = np.arange(len(state)) - np.repeat(np.cumsum(flat) - flat, flat)
    totals = durations.sum(axis=1)
    in_phone = np.arange(len(phone)) - (np.cumsum(totals) - totals)[phone]
    around = np.concatenate([[0], totals, [0]])
    length, total = np.repeat(flat, flat), totals[phone]
    logs = [length, total, in_phone, total - 1 - in_phone, around[:-2][phone], around[2:][phone]]
    columns = [
        np.eye(states)[state],
        ((in_state + 0.5) / length)[:, None],
        ((in_phone + 0.5) / total)[:, None],
        (length / total)[:, None],
        *(np.log1p(values)[:, None] / LOG_FRAMES for values in logs),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)
