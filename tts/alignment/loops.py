"""Forward-backward and Viterbi over the trellis of one utterance, compiled (:func:`tts.core.kernels.compiled`).

The recursions are those of :mod:`tts.alignment.trellis`, which takes many utterances together for a graphics card. On a
processor one at a time is faster: its rows stay in cache, nothing is padded, what lies before a frame and after it is summed
without a mirror image, and places that cannot be on a path at a frame are passed over. The logarithm of a sum of two
exponentials is taken by polynomials, so that it is computed for as many places at once as the processor's registers hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tts.core.kernels import Array, compiled, float32

RESCALE = 8  # frames between two subtractions of the maximum
NEVER = -1e30  # log score of what cannot be: finite, so that differences are numbers


@compiled
def _exponential(value: Any) -> Any:
    """Return e to a power of -18 to 0, as the 16th power of a polynomial (Chebyshev nodes) of a 16th of it; to 2e-6."""
    x = max(value, float32(-18.0)) * float32(0.0625)
    y = float32(0.000800351976)
    y = y * x + float32(0.00751233119)
    y = y * x + float32(0.0410690569)
    y = y * x + float32(0.166438628)
    y = y * x + float32(0.499958124)
    y = y * x + float32(0.999997099)
    y = y * x + float32(0.999999967)
    y *= y
    y *= y
    y *= y
    return y * y


@compiled
def _log_add(a: Any, b: Any) -> Any:
    """Return log(e^a + e^b): the larger and log(1 + y), y from 0 to 1, by a polynomial (Chebyshev nodes); to 2e-6."""
    y = _exponential(min(a, b) - max(a, b))
    value = float32(-0.008574676)
    value = value * y + float32(0.044214193)
    value = value * y + float32(-0.10785369)
    value = value * y + float32(0.17757024)
    value = value * y + float32(-0.24499612)
    value = value * y + float32(0.33276176)
    value = value * y + float32(-0.49997449)
    value = value * y + float32(0.99999982)
    return max(a, b) + value * y


@compiled
def _join(result: Array, first: Array, second: Array, best: bool) -> None:
    """Make ``result`` the log of the sum of what two arrays are logs of or, with ``best``, the larger."""
    if best:
        for n in range(result.size):
            result[n] = max(first[n], second[n])
    else:
        for n in range(result.size):
            result[n] = _log_add(first[n], second[n])


@compiled
def _hop(result: Array, others: Array, targets: Array, origins: Array, work: Array, best: bool) -> None:
    """Join to the places ``targets`` of a row what is in the places ``origins`` of another; ``work`` is (3, places)."""
    count = targets.size
    here, there, both = work[0, :count], work[1, :count], work[2, :count]
    for n in range(count):
        here[n] = result[targets[n]]
        there[n] = others[origins[n]]
    _join(both, here, there, best)
    for n in range(count):
        result[targets[n]] = both[n]


@compiled
def _lower(row: Array) -> Any:
    """Subtract from a row its maximum, which is returned."""
    most = row[0]
    for n in range(row.size):
        most = max(most, row[n])
    for n in range(row.size):
        row[n] -= most
    return most


@compiled
def reach(hops: Array, stride: int, frames: int) -> Array:
    """Return the first and the last place at every frame that time suffices to come from and go on from, int64 (2, frames).

    ``hops`` (places,) is true where a path may come from ``stride`` places before. Between the two may be others that
    time does not suffice for.
    """
    places = hops.size
    band = np.empty((2, frames), np.int64)
    moves = np.zeros(places, np.int64)
    for place in range(1, places):
        moves[place] = moves[place - 1] + 1
        if hops[place]:
            moves[place] = min(moves[place], moves[place - stride] + 1)
    last = 0
    for frame in range(frames):
        for place in range(last + 1, min(last + stride, places - 1) + 1):
            if moves[place] <= frame:
                last = place
        band[1, frame] = last
    moves[places - 1] = 0
    for place in range(places - 2, -1, -1):
        moves[place] = moves[place + 1] + 1
        if place + stride < places and hops[place + stride]:
            moves[place] = min(moves[place], moves[place + stride] + 1)
    first = places - 1
    for frame in range(frames - 1, -1, -1):
        for place in range(first - 1, max(first - stride, 0) - 1, -1):
            if moves[place] <= frames - 1 - frame:
                first = place
        band[0, frame] = first
    return band


@compiled
def advance(scores: Array, hops: Array, stride: int, band: Array, result: Array, totals: Array, best: bool) -> None:
    """Make ``result`` the log of the sum over all paths to a place at a frame or, with ``best``, of the likeliest.

    ``scores`` (frames, places), float32, are log likelihoods and ``band`` is what :func:`reach` returns; ``result``, of the
    shape of ``scores``, is computed between the places of the band. To row n the sum of ``totals[:n + 1]``, float64, is to be
    added.
    """
    frames = len(scores)
    targets = np.flatnonzero(hops)
    origins = targets - stride
    work = np.empty((3, targets.size), np.float32)
    result[0, 0] = scores[0, 0]
    totals[0] = 0.0
    begin, end = 0, 0
    for frame in range(1, frames):
        before, now = result[frame - 1], result[frame]
        below, above = band[0, frame - 1], band[1, frame - 1]
        bottom, top = band[0, frame], band[1, frame]
        if below > 0:
            before[below - 1] = float32(NEVER)
        before[above + 1 : top + 1] = float32(NEVER)
        if bottom == 0:
            now[0] = before[0]
        least = max(bottom, 1)
        if top >= least:
            _join(now[least : top + 1], before[least : top + 1], before[least - 1 : top], best)
        while begin < targets.size and (targets[begin] < bottom or origins[begin] < below):
            begin += 1
        while end < targets.size and targets[end] <= top:
            end += 1
        if end > begin:
            _hop(now, before, targets[begin:end], origins[begin:end], work, best)
        here, score = now[bottom : top + 1], scores[frame, bottom : top + 1]
        for n in range(here.size):
            here[n] += score[n]
        totals[frame] = _lower(here) if frame % RESCALE == 0 else 0.0


@compiled
def posteriors(scores: Array, hops: Array, stride: int, band: Array, result: Array) -> Any:
    """Make ``result`` the probability of every place at every frame, and return the log likelihood of all paths together.

    ``scores`` and ``band`` are those of :func:`advance`; ``result`` has the shape of ``scores``.
    """
    frames, places = scores.shape
    totals = np.empty(frames, np.float64)
    advance(scores, hops, stride, band, result, totals, False)
    total = totals.sum() + result[frames - 1, places - 1]
    targets = np.flatnonzero(hops)
    origins = targets - stride
    work = np.empty((3, targets.size), np.float32)
    after, later = np.zeros(places, np.float32), np.empty(places + 1, np.float32)  # what follows a frame, with the next
    rest, gone = total - totals.sum(), 0.0
    begin, end = targets.size, targets.size
    _probabilities(result[frames - 1], after, places - 1, places - 1, rest)
    for frame in range(frames - 2, -1, -1):
        bottom, top = band[0, frame], band[1, frame]
        below, above = band[0, frame + 1], band[1, frame + 1]
        later[bottom:below] = float32(NEVER)
        later[above + 1] = float32(NEVER)
        onward, score, ahead = after[below : above + 1], scores[frame + 1, below : above + 1], later[below : above + 1]
        for n in range(ahead.size):
            ahead[n] = onward[n] + score[n]
        _join(after[bottom : top + 1], later[bottom : top + 1], later[bottom + 1 : top + 2], False)
        while end > 0 and (origins[end - 1] > top or targets[end - 1] > above):
            end -= 1
        while begin > 0 and origins[begin - 1] >= bottom:
            begin -= 1
        if end > begin:
            _hop(after, later, origins[begin:end], targets[begin:end], work, False)
        if frame % RESCALE == 0:
            gone += _lower(after[bottom : top + 1])
        rest += totals[frame + 1]
        _probabilities(result[frame], after, bottom, top, rest - gone)
    return total


@compiled
def _probabilities(row: Array, after: Array, bottom: int, top: int, total: float) -> None:
    """Make of the log scores of paths to the places of a row, and on from there, probabilities of sum 1.

    ``total`` is the log score of all paths, but for rounding.
    """
    row[:bottom] = float32(0.0)
    row[top + 1 :] = float32(0.0)
    here, onward, all_paths = row[bottom : top + 1], after[bottom : top + 1], float32(total)
    summed = float32(0.0)
    for n in range(here.size):
        value = here[n] + onward[n] - all_paths
        value = _exponential(value) if value > float32(-18.0) else float32(0.0)
        here[n] = value
        summed += value
    for n in range(here.size):
        here[n] /= summed


@compiled
def best_path(scores: Array, hops: Array, stride: int, band: Array, result: Array, path: Array) -> Any:
    """Make ``path``, int64 (frames,), the likeliest places; return their log likelihood. ``result`` is overwritten.

    The other arguments are those of :func:`advance`. Among equal paths the one that arrived earlier is taken.
    """
    frames, places = scores.shape
    totals = np.empty(frames, np.float64)
    advance(scores, hops, stride, band, result, totals, True)
    place = places - 1
    path[frames - 1] = place
    for frame in range(frames - 2, -1, -1):
        before = result[frame]
        came = place
        if place > 0 and before[place - 1] > before[place]:
            came = place - 1
        if hops[place] and place - stride >= band[0, frame] and before[place - stride] > before[came]:
            came = place - stride
        place = came
        path[frame] = place
    return totals.sum() + result[frames - 1, places - 1]


@compiled
def add_rows(sums: Array, units: Array, rows: Array) -> None:
    """Add every row of ``rows``, (places, columns) float32, to the row of ``sums``, float64, whose number ``units`` says."""
    for place in range(units.size):
        total, row = sums[units[place]], rows[place]
        for column in range(row.size):
            total[column] += row[column]
