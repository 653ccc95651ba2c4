"""Inputs spread over frames on the device against the same made frame by frame on the host."""

from __future__ import annotations

import numpy as np
import torch

from tts.generation import network_input
from tts.generation.network_input import NetworkInput, padded_batches, padded_rows

CPU = torch.device("cpu")
LENGTHS = ([3, 1, 2], [5], [1, 1, 1, 1])


def example(*, code: bool = True) -> tuple[list[NetworkInput], list[np.ndarray]]:
    """Return inputs and, by hand, the rows that they stand for."""
    generator = np.random.default_rng(0)
    inputs, rows = [], []
    for number, frames in enumerate(LENGTHS):
        vectors = generator.normal(size=(len(frames), 4)).astype(np.float32)
        positions = generator.normal(size=(sum(frames), 2)).astype(np.float32)
        who = np.eye(3, dtype=np.float32)[number] if code else None
        inputs.append(NetworkInput(vectors, np.repeat(np.arange(len(frames)), frames), positions, who))
        parts = [np.repeat(vectors, frames, axis=0), positions]
        rows.append(np.concatenate([*parts, np.tile(who, (sum(frames), 1))] if who is not None else parts, axis=1))
    return inputs, rows


def test_frames_have_their_segments_vector_positions_and_the_code_and_padding_is_zero() -> None:
    for code in (True, False):
        inputs, rows = example(code=code)
        seen = []
        for group, x, mask in padded_batches(inputs, CPU):
            assert x.dtype == torch.float32 and mask.dtype == torch.bool
            for place, number in enumerate(group):
                assert torch.equal(x[place, : len(rows[number])], torch.from_numpy(rows[number]))
                assert mask[place].sum() == len(rows[number]) and mask[place, : len(rows[number])].all()
            assert not x[~mask].any()
            seen += group
        assert sorted(seen) == [0, 1, 2]


def test_segments_are_rows_where_nothing_spreads_them() -> None:
    vectors = [np.full((n, 2), n, dtype=np.float32) for n in (2, 3)]
    ((group, x, mask),) = padded_batches([NetworkInput(v) for v in vectors], CPU)
    assert group == [0, 1]
    assert x.tolist() == [[[2, 2]] * 2 + [[0, 0]] * 14, [[3, 3]] * 3 + [[0, 0]] * 13]
    assert mask.tolist() == [[True] * 2 + [False] * 14, [True] * 3 + [False] * 13]


def test_groups_hold_no_more_frames_than_asked_and_windows_count(monkeypatch) -> None:
    monkeypatch.setattr(network_input, "PADDED_FRAMES", 32)
    inputs, _ = example()
    assert [group for group, _, _ in padded_batches(inputs, CPU)] == [[0, 1], [2]]
    assert [group for group, _, _ in padded_batches(inputs, CPU, window=2)] == [[0], [1], [2]]
    monkeypatch.setattr(network_input, "PADDED_FRAMES", 4)  # one that is too long by itself goes alone
    assert [group for group, _, _ in padded_batches(inputs, CPU)] == [[0], [1], [2]]


def test_a_book_has_few_shapes() -> None:
    """Ten thousand sentences of 100 to 2,000 frames in batches of 25."""
    generator = np.random.default_rng(1)
    shapes = set()
    for _ in range(400):
        lengths = generator.integers(100, 2000, size=25)
        inputs = [NetworkInput(np.zeros((1, 1), np.float32), np.zeros(n, np.int64)) for n in lengths]
        shapes |= {(len(group), x.shape[1]) for group, x, _ in padded_batches(inputs, CPU)}
    assert len({rows for _, rows in shapes}) <= 19
    assert len(shapes) <= 80
    for rows in (1, 16, 17, 100, 999, 1000, 1001, 12_345):
        assert rows <= padded_rows(rows) <= max(16, 1.25 * rows)


def test_what_travels_grows_with_segments_not_with_frames() -> None:
    """A frame costs its positions and a number, not its hundreds of features."""
    moved: list[int] = []

    def count(values: torch.Tensor, device: torch.device) -> torch.Tensor:
        moved.append(values.nbytes)
        return values.to(device)

    original, network_input.to_device = network_input.to_device, count
    try:
        given = NetworkInput(np.zeros((2, 400), np.float32), np.repeat([0, 1], 500), np.zeros((1000, 3), np.float32))
        ((_, x, _),) = padded_batches([given], torch.device("meta"))
    finally:
        network_input.to_device = original
    assert x.shape == (1, 1024, 403) and x.device.type == "meta"
    assert sum(moved) == 3 * 400 * 4 + 1024 * (8 + 1 + 3 * 4)
