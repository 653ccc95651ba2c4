"""The trajectory criterion against generation, dense algebra and numerical derivatives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_trainer import Interrupt, make_trainer

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.table import Target
from tts.generation.mlpg import mlpg
from tts.recipe import TrainingPart
from tts.training.phases import fine_tuning, learn_trajectories
from tts.training.trajectory import Trajectories, trajectory

LENGTHS = (7, 1, 2, 3, 5)


def example(dimension: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    means = torch.randn(len(LENGTHS), max(LENGTHS), 3 * dimension, generator=generator, dtype=torch.float64)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return means, mask, 1.0 + 4.0 * torch.rand(2, dimension, generator=generator, dtype=torch.float64)


def dense(length: int, ratio: torch.Tensor) -> torch.Tensor:
    """Return what maps the normalised means (3 * length,) of one dimension to its trajectory: (W'PW)^-1 W'P."""
    windows = torch.zeros(3, length, length, dtype=torch.float64)
    windows[0] = torch.eye(length)
    for t in range(1, length - 1):
        windows[1, t, t - 1 : t + 2] = torch.tensor([-0.5, 0.0, 0.5])
        windows[2, t, t - 1 : t + 2] = torch.tensor([1.0, -2.0, 1.0])
    # In the unit of the statics a delta's standard deviation is 1 / ratio.
    w = torch.cat([windows[0], ratio[0] * windows[1], ratio[1] * windows[2]])
    return torch.linalg.inv(w.T @ w) @ w.T


def test_it_is_what_generation_makes_of_the_same_outputs() -> None:
    means, mask, ratios = example()
    mean, deviation = np.array([3.0, -50.0]), np.array([2.0, 0.1])
    spread = np.concatenate([deviation, (deviation / ratios.numpy()).ravel()])
    made = trajectory(means, mask, ratios).numpy()
    for number, length in enumerate(LENGTHS):
        natural = means[number, :length].numpy() * spread + np.concatenate([mean, np.zeros(4)])
        np.testing.assert_allclose(made[number, :length] * deviation + mean, mlpg(natural, spread**2), rtol=1e-10)


def test_value_and_gradient_are_those_of_the_dense_solution() -> None:
    means, mask, ratios = example()
    means.requires_grad_(True)
    made = trajectory(means, mask, ratios)
    weights = torch.randn(made.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * mask[..., None]
    (gradient,) = torch.autograd.grad((made * weights).sum(), means)
    for number, length in enumerate(LENGTHS):
        for d in range(2):
            solution = dense(length, ratios[:, d])
            torch.testing.assert_close(made[number, :length, d], solution @ means[number, :length, d::2].T.reshape(-1))
            expected = (solution.T @ weights[number, :length, d]).reshape(3, length).T
            torch.testing.assert_close(gradient[number, :length, d::2], expected)
    assert not gradient[~mask].any()


def test_the_gradient_is_the_numerical_one() -> None:
    means, mask, ratios = example(1)
    assert torch.autograd.gradcheck(lambda x: trajectory(x, mask, ratios), (means.requires_grad_(True),))


def test_the_loss_is_the_error_of_the_normalised_statics_with_emphasis(tmp_path: Path) -> None:
    table = make_trainer(tmp_path, 1).learner.data.valid
    target = table.targets["mcep"]
    assert target.statistics is not None
    means = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(3))
    mask, counted = torch.ones(1, 6, dtype=torch.bool), torch.tensor([[False, True, True, True, True, False]])
    natural = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(4))
    deviation = target.statistics.deviation
    made = trajectory(means.double(), mask, torch.from_numpy(deviation[:2] / deviation[2:].reshape(2, 2)))
    size = torch.from_numpy(deviation[:2])  # emphasis 0.5: by the deviation
    errors = ((made - natural[..., :2]).square() * size / size.mean())[counted].mean()
    loss = Trajectories({"mcep": target}, {"mcep": 0.5}, 0.75)("mcep", means, natural, mask, counted, torch.tensor(2.0))
    assert float(loss) == pytest.approx(0.75 * float(errors) + 0.25 * 2.0, rel=1e-5)


def test_a_stream_without_dynamics_is_refused() -> None:
    with pytest.raises(UsageError, match=r"streams: bap has no dynamic features"):
        Trajectories({"bap": Target(Stream("bap", 2), np.zeros((3, 2)))}, {}, 1.0)


def test_the_phase_lowers_the_trajectories_error_and_continues_bit_for_bit(tmp_path: Path) -> None:
    settings = {"trajectory": {"steps": 40, "batch": 4, "learning_rate": 0.003}}
    first = make_trainer(tmp_path / "first", 60, **settings)
    first.run()
    start = {name: value.clone() for name, value in first.model.state_dict().items()}
    result = learn_trajectories(first.model, first.learner.data, first.settings, tmp_path / "whole")
    assert [entry["step"] for entry in result.history] == [0, 20, 40]
    assert result.loss < 0.97 * result.history[0]["valid/main"]

    whole = {name: value.clone() for name, value in first.model.state_dict().items()}
    data = first.learner.data
    for callbacks in ([Interrupt(40)], []):
        first.model.load_state_dict(start)
        try:
            again = learn_trajectories(first.model, data, first.settings, tmp_path / "parts", callbacks=callbacks)
        except KeyboardInterrupt:
            continue
    assert [entry["valid/main"] for entry in again.history] == [entry["valid/main"] for entry in result.history]
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, whole[name])


def test_the_start_is_kept_where_nothing_better_is_found(tmp_path: Path) -> None:
    first = make_trainer(tmp_path / "first", 60, trajectory={"steps": 20, "learning_rate": 1.0})
    first.run()
    start = {name: value.clone() for name, value in first.model.state_dict().items()}
    result = learn_trajectories(first.model, first.learner.data, first.settings, tmp_path / "phase")
    assert result.step == 0
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, start[name])


def test_a_later_phase_has_a_tenth_of_the_rate_and_no_task_that_had_ended() -> None:
    settings = TrainingPart.model_validate(
        {"steps": 100, "learning_rate": 0.01, "weighting": {"stop": {"mel": 50, "lsf": 100}, "start": {"step": 20}}}
    )
    phase = fine_tuning(settings, 30, None)
    assert (phase.steps, phase.learning_rate, phase.weighting.stop) == (30, pytest.approx(0.001), {"mel": 0})
    assert fine_tuning(settings, 30, 0.5, 7).batch == 7
