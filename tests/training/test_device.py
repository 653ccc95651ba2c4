"""Training on a device that has no values to look at (:mod:`strict_device`): nothing is looked at, nothing lies elsewhere.

What comes to the host comes through ``to_host``, and is counted: nothing in a step, but for the weightings that solve a problem
there, and for measurements of gradients when they are due.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from strict_device import META, Strict, watch_host

from tts.core.progress import Progress
from tts.core.stream import Stream
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.network.joint import Joint
from tts.network.stack import Stack, Stage
from tts.recipe import StagePart, TrainingPart
from tts.training.criterion import Objective, TrainingData
from tts.training.fork_merge import ForkMerge, make_branches
from tts.training.learner import Learner
from tts.training.optimiser import FiniteCheck
from tts.training.parameter_groups import Tuning
from tts.training.passes import compute_features, predict
from tts.training.trajectory import Trajectories
from tts.training.weighting import METHODS

STREAMS = (
    Stream("mcep", 2, dynamic=True),
    Stream("lf0", 1, dynamic=True),
    Stream("vuv", 1, "binary"),
    Stream("f1", 2, masked=True),
    Stream("phone", 1, "class", classes=3),
)
WIDTHS = {stream.name: stream.width for stream in STREAMS}
TASKS = {"mcep": {"emphasis": 0.5}, "lf0": 1, "vuv": 1, "f1": 0.2, "phone": {"private": [4]}}
SHARINGS = ["cross_stitch", {"kind": "sluice", "orthogonality": 0.1}, "mmoe", "ple", "adapters", {"kind": "go_mtl"}]
TRUNKS = ["feedforward", "convolution", "lstm", "attention"]
MAIN = Objective(("mcep", "lf0", "vuv"))


def make_table(device: torch.device = META) -> Table:
    generator = np.random.default_rng(0)
    starts = np.concatenate([[0], np.cumsum([8, 7, 12, 4])])
    targets = {}
    for stream in STREAMS:
        values = (
            generator.random((starts[-1], stream.columns)).astype(np.float32).round(1 if stream.kind == "continuous" else 0)
        )
        total = StatisticsSum(stream.dimension, dynamic=stream.dynamic)
        for a, b in pairwise(starts):
            total.add(values[a:b, : stream.dimension], np.ones(b - a, dtype=bool))
        normalised = stream.kind == "continuous"
        targets[stream.name] = Target(stream, values, total.result() if normalised else None)
    segment_of_row = np.sort(generator.integers(0, 12, starts[-1]))
    counted = np.arange(starts[-1]) % 5 > 0
    segments = generator.random((12, 3)).astype(np.float32)
    return Table(starts, segments, segment_of_row, generator.random((starts[-1], 2), np.float32), counted, targets, device)


def part(kind: str = "feedforward", **more: object) -> StagePart:
    trunk = {"kind": kind, "layers": [8, 8], "dropout": 0.1} | ({"heads": 2} if kind == "attention" else {})
    return StagePart.model_validate({"trunk": trunk, "tasks": TASKS, **more})


def settings(**more: object) -> TrainingPart:
    plain = {"steps": 50, "batch": 6, "average": 0.9, "precision": "float32", "input_dropout": 0.1, "validate_every": 50}
    return TrainingPart.model_validate(plain | more)


def learner_of(model: Stage | Joint, *, objective: Objective = MAIN, **more: object) -> Learner:
    tables = [make_table(), make_table()]
    if isinstance(model, Stage):
        for table in tables:
            table.read(model.part)
    return Learner(model.to(META), TrainingData(*tables), settings(**more), objective)


def stage(kind: str = "feedforward", **more: object) -> Stage:
    torch.manual_seed(0)
    return Stage(5 * (2 * int(more.get("linguistic_context", 0)) + 1), part(kind, **more), WIDTHS)


@pytest.fixture
def host() -> Iterator[list[tuple[int, ...]]]:
    """The shapes of what comes to the host."""
    with pytest.MonkeyPatch.context() as patch:
        yield watch_host(patch)


def take_steps(learner: Learner, steps: int = 3) -> list[tuple[int, ...]]:
    """Take steps; return what was brought from one device to another in the last."""
    losses = {}
    with Strict() as strict:
        for _ in range(steps):
            strict.moved.clear()
            losses = learner.step()
    assert losses and all(loss.device == META and not loss.requires_grad for loss in losses.values())
    assert all(p.device == META for p in learner.model.parameters())
    return strict.moved


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_step_with_every_weighting(method: str, host: list[tuple[int, ...]]) -> None:
    if method == "torchjd":
        pytest.importorskip("torchjd", reason="TorchJD is not installed")
    learner = learner_of(stage(), weighting={"method": method})
    moved = take_steps(learner)
    rows = len(learner.weighting.tasks.rows)
    assert host == ([(rows, rows)] * 3 if learner.weighting.solves_on_host else [])
    assert set(moved) <= {(rows,)}  # weights that were solved or drawn on the host


@pytest.mark.slow
@pytest.mark.parametrize("kind", TRUNKS)
def test_a_step_with_every_trunk(kind: str, host: list[tuple[int, ...]]) -> None:
    moved = take_steps(learner_of(stage(kind, linguistic_context=1)))
    assert host == []
    assert len(moved) == (0 if kind == "feedforward" else 4)  # of utterances: their rows and which frames are what


@pytest.mark.slow
@pytest.mark.parametrize("sharing", SHARINGS, ids=str)
@pytest.mark.parametrize("form", ["readout", "activation"])
def test_a_step_with_every_way_of_sharing(sharing: object, form: str, host: list[tuple[int, ...]]) -> None:
    unrelated = {"pairs": [("main", "phone")], "form": form}
    assert take_steps(learner_of(stage(sharing=sharing, unrelated=unrelated, bottleneck=4))) == []
    assert host == []


@pytest.mark.slow
def test_gradients_are_measured_when_it_is_due_and_steps_looked_after_now_and_then(host: list[tuple[int, ...]]) -> None:
    learner = learner_of(stage(), weighting={"method": "gate", "measure_every": 10})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts.training.optimiser._NEVER", 1)  # what the stand-in for to_host answers
        take_steps(learner, FiniteCheck.EVERY)
    assert host == [(7,), (7,), ()]


@pytest.mark.slow
@pytest.mark.parametrize("utterances", [False, True])
def test_a_step_of_a_whole_stack(utterances: bool, host: list[tuple[int, ...]]) -> None:
    parts = (part(bottleneck=4), part(inputs=["linguistic", "bottleneck", "outputs"], context=2))
    learner = learner_of(Joint(Stack(5, parts, WIDTHS, seed=1), (0.5, 1.0)), utterances=utterances)
    assert len(take_steps(learner)) == 4
    assert host == []
    assert set(learner.losses_on(learner.data.valid)) == {*WIDTHS, *(f"stage1/{name}" for name in WIDTHS)}


@pytest.mark.parametrize("on_host", [False, True])
def test_a_step_of_a_later_stage_on_bottlenecks_of_the_device_or_the_host(on_host: bool, host: list[tuple[int, ...]]) -> None:
    first, second, table = stage(bottleneck=4).to(META), part(context=2), make_table()
    with Strict():
        hidden = compute_features(first, table, outputs=True)
    assert hidden.bottleneck is not None and hidden.outputs is not None
    assert (hidden.bottleneck.shape, hidden.outputs.shape) == ((31, 4), (31, 10))
    assert hidden.bottleneck.device == hidden.outputs.device == META
    table.read(second, torch.zeros(31, 4, dtype=torch.bfloat16) if on_host else hidden.bottleneck)
    learner = Learner(Stage(5 + 5 * 4, second, WIDTHS).to(META), TrainingData(table, table), settings(), MAIN)
    assert len(take_steps(learner)) == on_host  # all columns of a batch together
    assert host == []


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
def test_the_trajectory_phase(whole: bool, host: list[tuple[int, ...]]) -> None:
    targets = {name: make_table().targets[name] for name in ("mcep", "lf0")}
    objective = Objective(MAIN.main, trajectories=Trajectories(targets, {"mcep": 0.5}, 0.7), baseline=True)
    parts = (part(bottleneck=4), part(context=1))
    model = Joint(Stack(5, parts, WIDTHS, seed=1)) if whole else stage("lstm")
    learner = learner_of(model, objective=objective)
    assert len(take_steps(learner)) == 4
    assert host == []
    learner.losses_on(learner.data.valid)
    assert len(host) == 1


def test_training_that_starts_from_another_voices_weights(host: list[tuple[int, ...]]) -> None:
    model = stage()
    start = {name: p.detach().clone() for name, p in model.named_parameters()}
    table = make_table()
    tuning = Tuning(layer_decay=0.5, l2_sp=0.1, start=start)
    learner = Learner(model.to(META), TrainingData(table, table), settings(), MAIN, tuning)
    assert take_steps(learner) == []
    assert host == []


@pytest.mark.slow
def test_a_validation_comes_to_the_host_in_one_piece(host: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "pass_rows", lambda self, whole: 10)  # several groups of utterances
    learner = learner_of(stage("lstm"))
    with Strict():
        losses = learner.losses_on(learner.data.valid)
    assert host == [(2, 4, len(WIDTHS))]
    assert losses == dict.fromkeys(WIDTHS, 1.0)
    host.clear()
    with Strict():
        assert predict(learner.model, learner.data.valid, ["mcep"])["mcep"].shape == (31, 6)
    assert host == [(31, 6)]


@pytest.mark.slow
def test_forks_are_trained_and_merged_where_they_are(host: list[tuple[int, ...]]) -> None:
    fork_merge = {"every": 2, "grid": [0.5, 1.0]}
    learner = learner_of(stage(), fork_merge=fork_merge)
    assert learner.settings.fork_merge is not None and isinstance(learner.model, Stage)
    branches = make_branches(learner.settings.fork_merge, learner.model.part, MAIN.main)
    forks = ForkMerge(learner.settings.fork_merge, branches, learner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts.training.optimiser._NEVER", 1)
        with Strict(), Progress("test", 2) as progress:
            forks.round(progress)
    validation = (2, 1, len(WIDTHS))
    assert len(branches) == 3
    assert host == [()] + [validation] * (3 + 2)  # the check, every branch by itself, and a mixture with each of the others
    assert {value.device for name, value in learner.state().items() if name.startswith("weights.")} == {META}


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")
def test_a_checkpoint_is_taken_up_from_the_cpu(host: list[tuple[int, ...]]) -> None:
    learner = learner_of(stage(), weighting={"method": "gradnorm"})
    take_steps(learner)
    state = {name: torch.zeros(t.shape, dtype=t.dtype) if t.device == META else t for name, t in learner.state().items()}
    again = learner_of(stage(), weighting={"method": "gradnorm"})
    again.load_state(state)
    take_steps(again)
    assert host == []
