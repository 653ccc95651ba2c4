"""Seeds made of a seed: for every stage, every epoch."""

from __future__ import annotations

import hashlib


def derived_seed(seed: int, number: int, bits: int) -> int:
    """Return the seed of the ``number``-th of up to ``2 ** bits`` things that one seed decides, in [0, 2**32).

    PyTorch's generator on the CPU uses the lower 32 bits of a seed alone. A seed shifted by ``bits`` keeps to them while it is
    below ``2 ** (32 - bits)``; larger ones, whose upper bits would be lost, are hashed, so that no two share their numbers.
    """
    shifted = (seed << bits) + number
    if 0 <= shifted < 1 << 32:
        return shifted
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4], "big")
