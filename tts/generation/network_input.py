"""From sentences to what a network reads: vectors of segments, spread over frames on the network's device.

A frame's input is mostly its segment's: a vector of some hundred features, the same for all frames of a phone. So vectors
travel to the device once a segment, with the number of every frame's segment, and become frames there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from tts.core.device import to_device
from tts.network.inputs import NetworkInput

PADDED_FRAMES = 32_768  # frames a network call handles at once, padding included


def padded_batches(
    inputs: Sequence[NetworkInput], device: torch.device, window: int = 1
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """Yield groups of utterances by number, with their padded batch (batch, rows, width) and mask (batch, rows) on a device.

    Groups are smaller where the network stacks a ``window`` of input rows. Padding is 0. There are only a few shapes, however
    many utterances: rows are those of :func:`padded_rows`, and utterances a power of two.
    """
    for group, rows in _groups([len(each) for each in inputs], PADDED_FRAMES // window):
        yield group, *_padded([inputs[n] for n in group], rows, device)


def padded_rows(rows: int) -> int:
    """Return the rows that an utterance is padded to: the next of 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, ...

    Libraries such as oneDNN keep what they have planned for every shape of a matrix, 0.25 MB each, and a book has thousands of
    lengths; of these there are four an octave, for a ninth more rows.
    """
    step = 4
    while 8 * step <= rows:
        step *= 2
    return max(16, -(-rows // step) * step)


def _padded(inputs: Sequence[NetworkInput], rows: int, device: torch.device) -> tuple[Tensor, Tensor]:
    segments = [len(each.vectors) for each in inputs]
    # The last vector is that of padding.
    vectors = np.concatenate([*(each.vectors for each in inputs), np.zeros((1, inputs[0].vectors.shape[1]))])
    index = np.full((len(inputs), rows), len(vectors) - 1, dtype=np.int64)
    for number, (each, first) in enumerate(zip(inputs, np.cumsum([0, *segments]), strict=False)):
        own = np.arange(len(each)) if each.segment_of_row is None else each.segment_of_row
        index[number, : len(each)] = first + own
    mask = to_device(torch.from_numpy(index < len(vectors) - 1), device)
    parts = [to_device(torch.from_numpy(vectors.astype(np.float32)), device)[to_device(torch.from_numpy(index), device)]]
    if inputs[0].positions is not None:
        positions = np.zeros((len(inputs), rows, inputs[0].positions.shape[1]), np.float32)
        for each, place in zip(inputs, positions, strict=True):
            assert each.positions is not None
            place[: len(each)] = each.positions
        parts.append(to_device(torch.from_numpy(positions), device))
    codes = [each.code for each in inputs if each.code is not None]
    if codes:
        parts.append(to_device(torch.from_numpy(np.stack(codes)), device)[:, None] * mask[..., None])
    return torch.cat(parts, dim=-1), mask


def _groups(lengths: Sequence[int], frames: int) -> Iterator[tuple[list[int], int]]:
    """Yield groups of indices whose padded rows are the same, and these; no group of several has more than ``frames`` rows."""
    by_rows: dict[int, list[int]] = {}
    for n, length in enumerate(lengths):
        by_rows.setdefault(padded_rows(length), []).append(n)
    for rows, members in sorted(by_rows.items()):
        while members:
            most = min(len(members), max(1, frames // rows))
            size = 1 << (most.bit_length() - 1)
            yield members[:size], rows
            members = members[size:]
