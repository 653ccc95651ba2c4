"""Seeds of any size decide different numbers, and small ones those that they always did."""

import torch

from tts.core.seeds import derived_seed


def test_small_seeds_give_what_they_always_gave() -> None:
    assert derived_seed(7, 3, 20) == (7 << 20) + 3
    assert derived_seed(1, 2, 8) == 258


def test_no_two_seeds_share_their_numbers() -> None:
    """The generator reads 32 bits of a seed: 4096 << 20 and 0 << 20 would draw the same batches."""
    seeds = (0, 1, 4096, 4097, 2**24, 2**31 - 1, 2**43, 2**62, 2**70)
    for bits in (8, 20):
        drawn = [
            torch.randint(1 << 40, (), generator=torch.Generator().manual_seed(derived_seed(seed, number, bits))).item()
            for seed in seeds
            for number in (0, 1)
        ]
        assert len(set(drawn)) == 2 * len(seeds)
