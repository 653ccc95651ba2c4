"""The differentiable form against the numpy one, and its gradients against differences."""

import numpy as np
import pytest
import torch
from speech import RATE, recording

from tts.analysis import world
from tts.analysis.source_filter import synthesise
from tts.analysis.source_filter_torch import synthesise_batch
from tts.core.grid import FrameGrid


@pytest.mark.parametrize("shift", [5.0, 7.3, 20.0])
def test_a_batch_is_what_numpy_makes_one_by_one(shift):
    grid = FrameGrid(RATE, shift)
    utterances = [
        world.analyse(recording("arctic_a0030")[a:b], grid, (80.0, 400.0)).to_dict() for a, b in ((0, 9000), (7000, 20000))
    ]
    batch = synthesise_batch([{name: torch.from_numpy(values) for name, values in each.items()} for each in utterances], grid)
    for samples, streams in zip(batch, utterances, strict=True):
        expected = synthesise(**streams, grid=grid)
        assert samples.dtype == torch.float32
        np.testing.assert_allclose(samples.numpy(), expected, atol=1e-5 * np.abs(expected).max() + 1e-7, rtol=1e-3)
    assert synthesise_batch([], grid) == []


def test_gradients_are_those_of_differences():
    grid, frames = FrameGrid(16000), 30
    ones = torch.ones(frames, 1, dtype=torch.float64)
    vuv = (torch.arange(frames) < 20).to(torch.float64)[:, None]
    mcep = torch.zeros(frames, 25, dtype=torch.float64)
    mcep[:, :2] = torch.tensor([-1.0, 1.5])
    target = torch.randn(grid.samples(frames), generator=torch.Generator().manual_seed(1))

    def loss(mcep, bap):
        (samples,) = synthesise_batch([{"mcep": mcep, "lf0": 5.0 * ones, "vuv": vuv, "bap": bap}], grid)
        return (samples * target).sum().to(torch.float64)

    mcep.requires_grad_()
    bap = (-12.0 * ones).requires_grad_()
    loss(mcep, bap).backward()
    with torch.no_grad():
        for values, place in ((mcep, (7, 3)), (mcep, (25, 1)), (bap, (10, 0))):
            change = torch.zeros_like(values)
            change[place] = 0.02
            pairs = [(mcep + sign * change, bap) if values is mcep else (mcep, bap + sign * change) for sign in (1, -1)]
            slope = float(loss(*pairs[0]) - loss(*pairs[1])) / 0.04
            assert float(values.grad[place]) == pytest.approx(slope, rel=0.02, abs=1e-3)
