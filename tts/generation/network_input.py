"""From sentences to what a network reads: vectors of segments, spread over frames on the network's device.

A frame's input is mostly its segment's: a vector of some hundred features, the same for all frames of a phone. So vectors
travel to the device once a segment, with the number of every frame's segment, and become frames there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tts.core.device import to_device

PADDED_FRAMES = 32_768  # frames a network call handles at once, padding included


@dataclass(frozen=True)
class NetworkInput:
    """The input of one utterance. Rows are its frames, or its segments where ``segment_of_row`` is None.

    ``vectors`` (segments, features), ``positions`` (rows, width) and the speaker's ``code`` (speakers,) are float32;
    ``segment_of_row`` (rows,) is int64. A row's input is its segment's vector, its positions and the code.
    """

    vectors: np.ndarray
    segment_of_row: np.ndarray | None = None
    positions: np.ndarray | None = None
    code: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.vectors) if self.segment_of_row is None else len(self.segment_of_row)


def padded_batches(
    inputs: Sequence[NetworkInput], device: torch.device, window: int = 1
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Yield groups of utterances by number, with their padded batch (batch, rows, width) and mask (batch, rows) on a device.

    Groups are smaller where the network stacks a ``window`` of input rows. Padding is 0.
    """
    for group in _groups([len(each) for each in inputs], PADDED_FRAMES // window):
        yield group, *_padded([inputs[n] for n in group], device)


def _padded(inputs: Sequence[NetworkInput], device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(len(each) for each in inputs)
    segments = [len(each.vectors) for each in inputs]
    # The last vector is that of padding.
    vectors = np.concatenate([*(each.vectors for each in inputs), np.zeros((1, inputs[0].vectors.shape[1]))])
    index = np.full((len(inputs), longest), len(vectors) - 1, dtype=np.int64)
    for number, (each, first) in enumerate(zip(inputs, np.cumsum([0, *segments]), strict=False)):
        own = np.arange(len(each)) if each.segment_of_row is None else each.segment_of_row
        index[number, : len(each)] = first + own
    mask = to_device(torch.from_numpy(index < len(vectors) - 1), device)
    parts = [to_device(torch.from_numpy(vectors.astype(np.float32)), device)[to_device(torch.from_numpy(index), device)]]
    positions = [torch.from_numpy(each.positions) for each in inputs if each.positions is not None]
    if positions:
        parts.append(to_device(torch.nn.utils.rnn.pad_sequence(positions, batch_first=True), device))
    codes = [each.code for each in inputs if each.code is not None]
    if codes:
        parts.append(to_device(torch.from_numpy(np.stack(codes)), device)[:, None] * mask[..., None])
    return torch.cat(parts, dim=-1), mask


def _groups(lengths: Sequence[int], frames: int) -> list[list[int]]:
    """Group indices by like length, so that little is padding and no group of several is longer than ``frames``."""
    groups: list[list[int]] = []
    for n in sorted(range(len(lengths)), key=lambda n: lengths[n]):
        if groups and lengths[n] * (len(groups[-1]) + 1) <= frames:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups
