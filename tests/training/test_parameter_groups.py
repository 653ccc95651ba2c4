"""Parameter groups, layer-wise rates, the pull to the start and frozen parts, against closed forms and bit for bit."""

from pathlib import Path

import pytest
import torch
from test_trainer import make_trainer  # the same small problem that the loop is tested on

from tts.core.errors import UsageError
from tts.network.stack import Stack, Stage
from tts.recipe import StagePart
from tts.training.parameter_groups import Pull, Tuning, distances, freeze, is_frozen, parameter_groups

WIDTHS = {"mcep": 6, "lf0": 3, "vuv": 1, "bap": 3, "phone": 3}
MAIN = {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}


def stack_of(*parts: dict) -> Stack:
    return Stack(5, tuple(StagePart.model_validate(part) for part in parts), WIDTHS, seed=1)


def two() -> tuple[Stack, Stage]:
    first = {"trunk": {"layers": [4, 4], "normalise": True}, "bottleneck": 3, "tasks": MAIN | {"phone": 0.1}}
    duration = Stage(5, StagePart.model_validate({"trunk": {"layers": [4]}, "tasks": {"phone": 1}}), WIDTHS)
    return stack_of(first, {"trunk": {"layers": [4]}, "context": 1, "tasks": MAIN}), duration


def test_without_a_transfer_matrices_decay_and_vectors_do_not() -> None:
    stage = two()[0].stages[0]
    matrices, vectors = parameter_groups(stage, 0.3)
    assert [p.ndim > 1 for p in matrices["params"]] == [True] * len(matrices["params"])
    assert [p.ndim > 1 for p in vectors["params"]] == [False] * len(vectors["params"])
    assert (matrices["weight_decay"], vectors["weight_decay"], matrices["scale"], vectors["scale"]) == (0.3, 0.0, 1.0, 1.0)
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(stage.parameters()))


def test_layers_further_from_the_output_learn_more_slowly() -> None:
    stack, _ = two()
    alone = distances(stack.stages[0])
    assert alone["heads.mcep.output.weight"] == 0
    assert alone["bottleneck.weight"] == 1
    assert alone["trunk.layers.1.weight"] == alone["trunk.norms.1.bias"] == 2
    assert alone["trunk.layers.0.weight"] == 3
    together = distances(stack)
    assert together["stages.1.trunk.layers.0.weight"] == 1
    assert together["stages.0.trunk.layers.0.weight"] == 4  # past the one hidden layer of the second network
    rates = {}
    for group in parameter_groups(stack, 0.0, Tuning(layer_decay=0.5)):
        rates |= {id(p): group["scale"] for p in group["params"]}
    assert {name: rates[id(p)] for name, p in stack.named_parameters()} == {n: 0.5**d for n, d in together.items()}


def test_layer_decay_needs_layers_in_one_row() -> None:
    part = {"trunk": {"layers": [4, 4]}, "tasks": MAIN | {"phone": 0.1}, "sharing": {"kind": "cross_stitch"}}
    with pytest.raises(UsageError, match="sharing of kind cross_stitch"):
        parameter_groups(stack_of(part).stages[0], 0.0, Tuning(layer_decay=0.5))


def test_the_pull_is_a_step_down_the_gradient_of_its_penalty() -> None:
    stage = two()[0].stages[0]
    start = {name: p.detach().clone() for name, p in stage.named_parameters() if "layers.0" in name}
    tuning = Tuning(l2_sp=0.7, start=start)
    groups = parameter_groups(stage, 0.3, tuning)
    optimiser = torch.optim.AdamW(groups, lr=0.1)
    held = {id(p) for name, p in stage.named_parameters() if name in start}
    for group in optimiser.param_groups:
        group["lr"] = 0.1
        assert not (group["weight_decay"] and any(id(p) in held for p in group["params"]))  # the pull takes its place
    with torch.no_grad():
        for parameter in stage.parameters():
            parameter.add_(torch.randn_like(parameter))
    pull = Pull(groups, stage, tuning)
    before = {name: p.detach().clone() for name, p in stage.named_parameters()}
    by_hand = 0.35 * sum(float((before[name] - start[name]).square().sum()) for name in start)
    assert float(pull.penalty().detach()) == pytest.approx(by_hand, rel=1e-5)
    gradients = torch.autograd.grad(pull.penalty(), [dict(stage.named_parameters())[name] for name in start])
    for gradient, name in zip(gradients, start, strict=True):
        torch.testing.assert_close(gradient, 0.7 * (before[name] - start[name]))
    pull.after_step(optimiser)
    for name, parameter in stage.named_parameters():
        expected = before[name] - 0.1 * 0.7 * (before[name] - start[name]) if name in start else before[name]
        torch.testing.assert_close(parameter.detach(), expected)


def test_frozen_parts_keep_their_bits_and_the_rest_learns(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path / "a", 60)
    trainer.model.trunk.requires_grad_(False)
    again = type(trainer)(trainer.model, trainer.learner.data, trainer.settings, tmp_path / "b", label="frozen")
    before = {name: value.clone() for name, value in again.model.state_dict().items()}
    again.run()
    after = again.model.state_dict()
    for name, value in before.items():
        assert torch.equal(after[name], value) == name.startswith("trunk."), name


def test_names_of_frozen_parts(tmp_path: Path) -> None:
    stack, duration = two()
    everything = {*dict(stack.named_parameters()), *(f"duration.{name}" for name, _ in duration.named_parameters())}
    freeze(stack, duration, ["stages.0", "heads.lf0", "duration.trunk"], everything)
    assert is_frozen(stack.stages[0])
    assert is_frozen(duration.trunk)
    trained = [name for name, p in stack.stages[1].named_parameters() if not p.requires_grad]
    assert trained == ["heads.lf0.output.weight", "heads.lf0.output.bias"]


def test_a_sparse_basis_cannot_be_frozen() -> None:
    part = {"trunk": {"layers": [4, 4]}, "tasks": MAIN | {"phone": 0.1}, "sharing": {"kind": "go_mtl"}}
    stack, duration = stack_of(part), two()[1]
    with pytest.raises(UsageError, match=r"stages\.0\.trunk shares by go_mtl"):
        freeze(stack, duration, ["trunk"], dict(stack.named_parameters()))


@pytest.mark.parametrize(
    ("names", "taken", "said"),
    [
        (["trunc"], None, r"trunc is not there; there are bottleneck, duration, heads, heads\.bap.*stages\.0.*trunk"),
        (["heads.f0"], None, "heads.f0 is not there"),
        (["trunk", "heads"], None, r"nothing would be left to train in the network that speaks \(stages\.1\)"),
        (["trunk"], "stages.0", r"stages\.1\.trunk\.layers\.0\.weight is new, and frozen it would stay random"),
    ],
)
def test_what_cannot_be_frozen_gets_a_sentence(names: list[str], taken: str | None, said: str) -> None:
    stack, duration = two()
    there = [name for name in dict(stack.named_parameters()) if taken is None or name.startswith(taken)]
    with pytest.raises(UsageError, match=said):
        freeze(stack, duration, names, there)
