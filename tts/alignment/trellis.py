"""Left-to-right trellises of many utterances at once: forward-backward and Viterbi in the log domain.

A place of a trellis is one state of one segment. A path starts in the first place and ends in the last; every frame it stays,
moves to the next place, or hops over the places of an optional silence. All paths are equally likely beforehand: next to 39
features a frame, transition probabilities change nothing (measured). The utterances of a batch take a step of time together,
so the only loop is over frames. Likelihoods at a 5 ms hop span thousands of decibels: everything is a logarithm, and every
few frames the rows are brought back to a maximum of 0, which keeps float32 precise where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

_RESCALE = 8  # frames between two subtractions of the maximum


@dataclass(frozen=True)
class Trellis:
    """One utterance's places: the model's state number of each, and which can be hopped to. Both of shape (places,)."""

    units: np.ndarray
    hops: np.ndarray

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.units)

    def mirrored(self, stride: int) -> Trellis:
        """Return the trellis whose paths are this one's read backwards in time."""
        hops = np.zeros_like(self.hops)
        hops[stride:] = self.hops[stride:][::-1]
        return Trellis(self.units[::-1], hops)


@dataclass(frozen=True)
class Batch:
    """Padded trellises: ``units`` and ``hops`` of shape (n, width), ``frames`` and ``places`` the true lengths, (n,).

    A hop advances by ``stride`` places. Padded places have the unit ``void``.
    """

    units: torch.Tensor
    hops: torch.Tensor
    frames: torch.Tensor
    places: torch.Tensor
    stride: int

    @staticmethod
    def of(trellises: Sequence[Trellis], frames: Sequence[int], stride: int, void: int, device: torch.device) -> Batch:
        """Pad trellises to a common width."""
        shape = len(trellises), max(trellis.places for trellis in trellises)
        units, hops = np.full(shape, void), np.zeros(shape, dtype=bool)
        for row, trellis in enumerate(trellises):
            units[row, : trellis.places] = trellis.units
            hops[row, : trellis.places] = trellis.hops
        places = [trellis.places for trellis in trellises]
        units_, hops_, frames_, places_ = (torch.tensor(v, device=device) for v in (units, hops, frames, places))
        return Batch(units_, hops_, frames_, places_, stride)


def forward_backward(scores: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the posterior probability of every place at every frame, and each utterance's log likelihood (float64, (n,)).

    ``scores`` (frames, 2 n, width), overwritten, are the log likelihoods of n utterances and then of their mirror images;
    ``batch`` holds the 2 n trellises in the same order. The posteriors have shape (frames, n, width) and are 0 in the padding.
    What follows a frame is what precedes it in the mirror image, so one recursion gives the forward and
    the backward variable (Rabiner 1989, section III).
    """
    count = scores.shape[1] // 2
    own = scores[:, :count].clone()
    total = _scan(scores, batch, best=False)[:count]
    joint = torch.full_like(own, -torch.inf)
    for row, (frames, places) in enumerate(zip(batch.frames[:count].tolist(), batch.places[:count].tolist(), strict=True)):
        mirror = scores[:frames, count + row, :places].flip(0, 1)
        joint[:frames, row, :places] = mirror.add_(scores[:frames, row, :places]).sub_(own[:frames, row, :places])
    # The rows of both directions were rescaled, each its own way: posteriors are made to sum to one frame by frame.
    posteriors = joint.softmax(dim=2)
    for row, frames in enumerate(batch.frames[:count].tolist()):
        posteriors[frames:, row] = 0.0
    return posteriors, total


def viterbi(scores: torch.Tensor, batch: Batch) -> tuple[list[np.ndarray], torch.Tensor]:
    """Return the likeliest place of every frame, int64 of shape (frames,) an utterance, and log likelihoods (float64, (n,)).

    ``scores`` (frames, n, width), overwritten, are log likelihoods. Among equal paths the one that arrived earlier is taken.
    """
    total = _scan(scores, batch, best=True)
    before = scores[:-1]
    steps = torch.zeros(before.shape, dtype=torch.uint8, device=scores.device)
    moved = before[:, :, :-1] > before[:, :, 1:]
    steps[:, :, 1:] = moved
    if bool(batch.hops.any()):
        stride = batch.stride
        beaten = torch.maximum(before[:, :, stride:], before[:, :, stride - 1 : -1])
        hopped = (before[:, :, :-stride] > beaten) & batch.hops[:, stride:]
        steps[:, :, stride:].masked_fill_(hopped, stride)
    taken = steps.cpu().numpy()
    lengths, place = batch.frames.cpu().numpy(), batch.places.cpu().numpy() - 1
    paths = np.empty(scores.shape[:2], dtype=np.int64)
    rows = np.arange(len(place))
    for frame in range(len(paths) - 1, 0, -1):
        paths[frame] = place
        place = place - taken[frame - 1, rows, place] * (frame < lengths)
    paths[0] = place
    return [paths[:length, row] for row, length in enumerate(lengths)], total


def _scan(scores: torch.Tensor, batch: Batch, *, best: bool) -> torch.Tensor:
    """Turn log likelihoods (frames, n, width), in place, into log scores of partial paths; return those of whole ones.

    The latter are float64 of shape (n,). Afterwards ``scores[t]`` is, up to a constant a row, the log of the sum (with
    ``best`` the maximum) over all paths that are in a place at frame t.
    """
    join = torch.maximum if best else torch.logaddexp
    targets = torch.nonzero(batch.hops.flatten())[:, 0]
    origins = targets - batch.stride
    offsets = torch.zeros(scores.shape[:2], dtype=torch.float64, device=scores.device)
    scores[0, :, 1:] = -torch.inf
    # All places of a frame lie in one row, so that each is joined with the one before it in one run over memory (twice as
    # fast as row by row); what the first place of an utterance so got from the last of another is put right.
    rows = scores.view(len(scores), -1).unbind()
    starts = scores[:, :, 0].unbind()
    arrived = torch.empty_like(rows[0])
    moved, at_start = arrived[1:], arrived.view(scores.shape[1:])[:, 0]
    for frame in range(1, len(scores)):
        before, now = rows[frame - 1], rows[frame]
        join(before[1:], before[:-1], out=moved)
        at_start.copy_(starts[frame - 1])
        if len(targets):
            arrived.index_copy_(0, targets, join(arrived.index_select(0, targets), before.index_select(0, origins)))
        now += arrived
        if frame % _RESCALE == 0:
            places = scores[frame]
            top = places.amax(dim=1, keepdim=True)
            places -= top
            offsets[frame] = top[:, 0]
    every = torch.arange(scores.shape[1], device=scores.device)
    last = batch.frames - 1
    return scores[last, every, batch.places - 1].double() + offsets.cumsum(0)[last, every]
