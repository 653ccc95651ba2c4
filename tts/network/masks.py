"""What dropout keeps, drawn before a network runs: for several networks that run as one, each with its own random numbers.

A network that runs by itself draws as it goes. :meth:`tts.network.trunks.FeedForward.draw_masks` draws the same numbers in the
same order beforehand, and within :func:`using` the layers take what was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

_given: list[Iterator[Tensor]] = []


@contextmanager
def using(masks: Sequence[Tensor]) -> Iterator[None]:
    """Let layers multiply by ``masks``, one for each dropout in the order in which they are reached, instead of drawing."""
    _given.append(iter(masks))
    try:
        yield
    finally:
        _given.pop()


def are_given() -> bool:
    """Return whether masks are given now."""
    return bool(_given)


def next_mask() -> Tensor:
    """Return the next of the given masks."""
    return next(_given[-1])
