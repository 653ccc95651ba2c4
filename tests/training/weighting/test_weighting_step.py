"""The backward pass of a step: who takes which gradient, missing tasks, schedules, measurements, resuming, options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tts.core.errors import TtsError, UsageError
from tts.training.weighting import METHODS, Schedule, Weighting, after_step, backward, make_weighting, options_of

TASKS = ("mcep", "vuv", "formants", "phone")
MAIN = ("mcep", "vuv")
BASE = {"mcep": 1.0, "vuv": 0.3, "formants": 0.5, "phone": 2.0}
NAMES = [name for name in METHODS if name != "torchjd"]


class Net(nn.Module):
    """Two shared layers; one head is lower than the others."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.low, self.high = nn.Linear(5, 8), nn.Linear(8, 6)
        self.heads = nn.ModuleDict({name: nn.Linear(8 if name == "phone" else 6, 3) for name in TASKS})
        self.double()

    @property
    def shared(self) -> list[nn.Parameter]:
        return [*self.low.parameters(), *self.high.parameters()]

    def losses(self, seed: int, tasks: tuple[str, ...] = TASKS) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(16, 5, generator=generator, dtype=torch.float64)
        targets = {name: torch.randn(16, 3, generator=generator, dtype=torch.float64) for name in TASKS}
        low = torch.tanh(self.low(x))
        high = torch.tanh(self.high(low))
        return {name: (self.heads[name](low if name == "phone" else high) - targets[name]).square().mean() for name in tasks}

    def gradients(self, *, heads: bool) -> Tensor:
        parameters = list(self.heads.parameters()) if heads else self.shared
        return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters])


def make(name: str, options: dict[str, Any] | None = None, **more: Any) -> Weighting:
    return make_weighting(name, options or {}, TASKS, MAIN, BASE, **more)


def plain(tasks: tuple[str, ...] = TASKS, seed: int = 1) -> Net:
    """A net after the ordinary backward pass of the weighted sum."""
    net = Net()
    torch.stack([BASE[name] * loss for name, loss in net.losses(seed, tasks).items()]).sum().backward()
    return net


def rows_jacobian(seed: int = 1) -> Tensor:
    """Gradients of main, formants and phone on the shared parameters, one at a time."""
    rows = []
    for names in (MAIN, ("formants",), ("phone",)):
        net = Net()
        losses = net.losses(seed)
        sum(BASE[name] * losses[name] for name in names).backward()  # type: ignore[union-attr]
        rows.append(net.gradients(heads=False))
    return torch.stack(rows)


@pytest.mark.slow
@pytest.mark.parametrize("every", [0, 1])
def test_sum_is_the_ordinary_backward_pass(every: int) -> None:
    net = Net()
    backward(net.losses(1), net.shared, list(net.heads.parameters()), make("sum"), 0, every=every)
    for heads in (True, False):
        torch.testing.assert_close(net.gradients(heads=heads), plain().gradients(heads=heads))


@pytest.mark.parametrize("every", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_heads_take_their_own_gradient_and_layers_the_combination(name: str, every: int) -> None:
    net, weighting = Net(), make(name)
    backward(net.losses(1), net.shared, list(net.heads.parameters()), weighting, 0, every=every)
    torch.testing.assert_close(net.gradients(heads=True), plain().gradients(heads=True))
    jacobian, losses = rows_jacobian(), Net().losses(1)
    values = torch.stack([losses["mcep"] + 0.3 * losses["vuv"], 0.5 * losses["formants"], 2.0 * losses["phone"]]).detach()
    sizes = [p.numel() for p in net.shared]
    fresh = make(name)
    if fresh.needs_gradients:
        expected = fresh.combine(0, values, jacobian, sizes)[0]
    else:
        layer = jacobian[:, -54:-6]  # weights of ``high``, (6, 8), before its bias
        expected = fresh.weights(0, values, layer @ layer.T) @ jacobian
    torch.testing.assert_close(net.gradients(heads=False), expected)


@pytest.mark.parametrize("name", ["upgrad", "mgda"])
def test_last_layer_gramian(name: str) -> None:
    net = Net()
    weighting = make(name, {"on": "last layer"})
    assert not weighting.needs_gradients
    backward(net.losses(1), net.shared, list(net.heads.parameters()), weighting, 0)
    jacobian = rows_jacobian()
    layer = jacobian[:, -54:-6]
    assert float(layer[2].norm()) == 0.0  # phone reads the layer below
    weights = make(name).weights(0, torch.ones(3), layer @ layer.T)
    torch.testing.assert_close(net.gradients(heads=False), weights @ jacobian)


@pytest.mark.parametrize("name", NAMES)
def test_task_without_frames_is_as_if_not_there(name: str) -> None:
    """A task that is missing, or whose loss is 0 for lack of frames, gives no gradient and does not disturb the others."""
    nets = []
    for gone in ("missing", "zero"):
        net, weighting = Net(), make(name)
        losses = net.losses(1)
        if gone == "missing":
            del losses["formants"]
        else:
            losses["formants"] = 0.0 * losses["formants"]
        backward(losses, net.shared, list(net.heads.parameters()), weighting, 0)
        nets.append(net)
        assert bool(torch.isfinite(net.gradients(heads=False)).all())
        assert (
            float(
                torch.cat(
                    [p.grad.flatten() for p in net.heads["formants"].parameters() if p.grad is not None] or [torch.zeros(1)]
                )
                .abs()
                .max()
            )
            == 0.0
        )
    torch.testing.assert_close(nets[0].gradients(heads=False), nets[1].gradients(heads=False))


def test_gradients_are_added_to_those_there() -> None:
    net = Net()
    for _ in range(2):
        backward(net.losses(1), net.shared, list(net.heads.parameters()), make("gate"), 0)
    once = Net()
    backward(once.losses(1), once.shared, list(once.heads.parameters()), make("gate"), 0)
    for heads in (True, False):
        torch.testing.assert_close(net.gradients(heads=heads), 2.0 * once.gradients(heads=heads))


def test_measurements() -> None:
    jacobian = rows_jacobian()
    for name in ("sum", "projection", "uncertainty", "gradnorm"):
        net, weighting = Net(), make(name)
        heads = list(net.heads.parameters())
        assert backward(net.losses(1), net.shared, heads, weighting, 3, every=2) == {}
        if weighting.needs_losses_after:
            after_step(net.losses(1), weighting, 3)
        found = backward(net.losses(1), net.shared, heads, make(name), 4, every=2)
        assert set(found) == {
            "weight/main", "weight/formants", "weight/phone",
            "cosine/formants", "cosine/phone", "ratio/formants", "ratio/phone",
        }  # fmt: skip
        for number, task in enumerate(("formants", "phone"), 1):
            cosine = torch.cosine_similarity(jacobian[0], jacobian[number], dim=0)
            assert found[f"cosine/{task}"] == pytest.approx(float(cosine), rel=1e-6)
            assert found[f"ratio/{task}"] == pytest.approx(float(jacobian[number].norm() / jacobian[0].norm()), rel=1e-6)
    assert backward(net.losses(1), net.shared, heads, make_weighting("sum", {}, TASKS, [], BASE), 0, every=1).keys() == {
        f"weight/{name}" for name in TASKS
    }


def test_schedule() -> None:
    schedule = Schedule(start={"formants": 10}, stop={"phone": 20}, main_only_from=30)
    weighting = make("sum", schedule=schedule)
    for step, expected in ((0, ("mcep", "vuv", "phone")), (10, TASKS), (20, ("mcep", "vuv", "formants")), (30, MAIN)):
        net = Net()
        backward(net.losses(1), net.shared, list(net.heads.parameters()), weighting, step)
        torch.testing.assert_close(net.gradients(heads=False), plain(tuple(expected)).gradients(heads=False))


@pytest.mark.parametrize("name", METHODS)
def test_weight_zero_is_the_single_task(name: str) -> None:
    if name == "torchjd":
        pytest.importorskip("torchjd", reason="TorchJD is not installed")
    base = {**BASE, "formants": 0.0, "phone": 0.0}
    found = []
    for tasks in (TASKS, MAIN):
        net = Net()
        weighting = make_weighting(name, {}, tasks, MAIN, {task: base[task] for task in tasks})
        losses = {task: loss for task, loss in net.losses(1).items() if task in tasks}
        diagnostics = backward(losses, net.shared, list(net.heads.parameters()), weighting, 0, every=1)
        assert list(diagnostics) == ["weight/main"]
        found.append(net.gradients(heads=False))
    torch.testing.assert_close(*found)
    if name in ("sum", "gate", "random", "dynamic-average"):  # which leave a lone row as it is
        torch.testing.assert_close(found[0], plain(MAIN).gradients(heads=False))


def test_main_tasks_of_weight_zero_have_no_row() -> None:
    weighting = make_weighting("random", {}, TASKS, MAIN, dict.fromkeys(MAIN, 0.0))
    assert list(weighting.tasks.rows) == [task for task in TASKS if task not in MAIN]
    with pytest.raises(UsageError, match="projection: needs a main task, with a weight above 0"):
        make_weighting("projection", {}, TASKS, MAIN, dict.fromkeys(MAIN, 0.0))


def test_frozen_layers_and_nothing_to_learn() -> None:
    net = Net()
    for parameter in net.shared:
        parameter.requires_grad_(False)
    backward(net.losses(1), net.shared, list(net.heads.parameters()), make("mgda"), 0)
    torch.testing.assert_close(net.gradients(heads=True), plain().gradients(heads=True))
    with pytest.raises(TtsError, match="no task has a loss at step 7"):
        backward({}, net.shared, [], make("sum"), 7)
    with pytest.raises(ValueError, match="loss of noise, which is not a task"):
        backward({"noise": torch.ones(())}, net.shared, [], make("sum"), 7)


def train(net: Net, weighting: Weighting, first: int, last: int) -> None:
    for step in range(first, last):
        net.zero_grad()
        backward(net.losses(step), net.shared, list(net.heads.parameters()), weighting, step, every=3)
        with torch.no_grad():
            for parameter in net.parameters():
                assert parameter.grad is not None
                parameter -= 0.05 * parameter.grad
        if weighting.needs_losses_after:
            after_step(net.losses(step), weighting, step)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_resumed_training_is_exact(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"period": 3} if name == "dynamic-average" else {}
    if name == "torchjd":
        pytest.importorskip("torchjd", reason="TorchJD is not installed")
    whole, weighting = Net(), make(name, options)
    train(whole, weighting, 0, 14)
    half, first = Net(), make(name, options)
    train(half, first, 0, 7)
    save_file(first.state() | {"/none": torch.zeros(0)}, tmp_path / "state.safetensors")
    second = make(name, options)
    second.load_state({key: value for key, value in load_file(tmp_path / "state.safetensors").items() if key != "/none"})
    train(half, second, 7, 14)
    for one, other in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(one, other)
    for key, value in weighting.state().items():
        assert torch.equal(value, second.memory[key]), key


def test_state_is_a_copy_and_checked() -> None:
    weighting = make("ol-aux")
    state = weighting.state()
    weighting.weights(4, torch.ones(3), torch.ones(3, 3, dtype=torch.float64))
    assert not torch.equal(state["weights"], weighting.memory["weights"])
    with pytest.raises(TtsError, match="comes from another weighting"):
        make("uncertainty").load_state(state)
    with pytest.raises(TtsError, match=r"weights is \(2,\), expected \(1,\)"):
        make_weighting("ol-aux", {}, ["a", "b"], ["a"], {}).load_state(state)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("gates", {}, "there is no 'gates'; did you mean gate?"),
        ("sum", {"rate": 1.0}, "unknown option 'rate'; it has none"),
        ("famo", {"rte": 1.0}, "unknown option 'rte'; did you mean rate?"),
        ("famo", {"rate": -1.0}, "rate is -1.0; input should be greater than 0"),
        ("gate", {"weighted": "yes"}, "weighted is 'yes'; input should be a valid boolean"),
        ("mgda", {"on": "heads"}, "on is 'heads'; input should be 'shared layers' or 'last layer'"),
        ("cagrad", {"radius": 1}, "radius is 1; input should be less than 1"),
    ],
)
def test_wrong_requests_say_what_is_there(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        make(name, options)


def test_wrong_tasks_say_so() -> None:
    with pytest.raises(UsageError, match="main names mcp, not a task"):
        make_weighting("sum", {}, TASKS, ["mcp"], {})
    with pytest.raises(UsageError, match="the weight of phone is -1"):
        make_weighting("sum", {}, TASKS, MAIN, {"phone": -1.0})
    with pytest.raises(UsageError, match="mcep is a main task"):
        make("sum", schedule=Schedule(stop={"mcep": 5}))
    with pytest.raises(UsageError, match="cannot be called main"):
        make_weighting("sum", {}, ["a", "main"], ["a"], {})
    assert options_of("famo") == {"rate": 0.025, "decay": 1e-3}
