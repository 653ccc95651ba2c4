"""Several tasks learnt by one network on plain arrays: the same layers, losses, weightings and loop as for voices.

    model = fit(x, {"landmarks": Regression(y), "smiles": Binary(b), "pose": Classes(c)}, main="landmarks", shared=[64, 64])
    model.predict(x_new)["landmarks"]

Rows are samples. A label may be missing (NaN, or None among class labels), so tasks may have different samples.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from pydantic import ValidationError
from torch import nn

from tts.core.device import choose_device
from tts.core.errors import UsageError
from tts.core.files import fingerprint
from tts.core.stream import Kind, Stream
from tts.dataset.table import Table, Target
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS, StagePart, TrainingPart
from tts.training.trainer import Trainer

BLOCK = 8192  # rows that are validated and predicted at a time
_RESERVED = {*MAIN_STREAMS, "main", "auxiliary"}


@dataclass(frozen=True)
class Task:
    """Labels of one task, and the layers of its own.

    ``values`` has a row a sample. ``private`` are widths of hidden layers between the shared ones and this task alone;
    ``depth`` is the shared layer that is read, counted from 1, by default the last; ``reads`` names a task whose private
    layers are read too, without changing them.
    """

    values: ArrayLike
    private: Sequence[int] = ()
    depth: int | None = None
    reads: str | None = None


@dataclass(frozen=True)
class Regression(Task):
    """Numbers, (rows,) or (rows, dimension), in any unit: they are normalised. NaN anywhere in a row: the row has none."""


@dataclass(frozen=True)
class Binary(Task):
    """Yes or no, (rows,) or several at once (rows, labels): 0 or 1, or NaN."""


@dataclass(frozen=True)
class Classes(Task):
    """One of several classes, (rows,): numbers or strings; NaN or None where there is none."""


@dataclass(frozen=True)
class _Coding:
    """How a task's values become columns of numbers, and back."""

    stream: Stream
    flat: bool  # the values were (rows,)
    classes: tuple[Any, ...] = ()
    centre: np.ndarray | float = 0.0  # of the numbers of a regression, (dimension,)
    scale: np.ndarray | float = 1.0

    def encode(self, values: ArrayLike, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers (rows, dimension), as given or of classes, 0 where a label is missing, and which rows have one."""
        name, kind = self.stream.name, self.stream.kind
        if kind == "class":
            found = np.asarray(values, dtype=object)
            place = {label: number for number, label in enumerate(self.classes)}
            _check_shape(name, found.shape, (rows,))
            here: np.ndarray = np.array([not _missing(label) for label in found], dtype=bool)
            for label in found[here]:
                if label not in place:
                    raise UsageError(f"{name}: the class {label!r} was not there in training; there were {self.classes}")
            return np.array([[place[label] if kept else 0] for label, kept in zip(found, here, strict=True)], np.float64), here
        numbers = np.asarray(values, dtype=np.float64)
        _check_shape(name, numbers.shape, (rows,) if self.flat else (rows, self.stream.dimension))
        numbers = numbers.reshape(rows, -1)
        here = np.asarray(np.isfinite(numbers).all(axis=1))
        if np.isinf(numbers).any():
            raise UsageError(f"{name}: has infinite values; expected numbers, or NaN where there is none")
        if kind == "binary" and not np.isin(numbers[here], (0.0, 1.0)).all():
            raise UsageError(f"{name}: is Binary but has values other than 0 and 1")
        return np.where(here[:, None], numbers, 0.0), here

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return predictions from a head's outputs (rows, width): values, probabilities, or classes."""
        if self.stream.kind == "class":
            labels = np.empty(len(self.classes), dtype=object)
            labels[:] = self.classes
            kinds = {type(label) for label in self.classes}
            found = labels if len(kinds) > 1 or tuple in kinds else np.array(self.classes)
            return np.asarray(found[output.argmax(axis=1)])
        if self.stream.kind == "binary":
            output = 0.5 * (1.0 + np.tanh(0.5 * output))  # the logistic function, without overflow
        output = output * self.scale + self.centre
        return np.asarray(output[:, 0] if self.flat else output)


@dataclass
class Model:
    """A trained network. ``history`` has a line a validation, ``diagnostics`` a line a measurement of the tasks' gradients.

    Diagnostics are, by task or ``main``: ``weight``, ``cosine`` to the main gradient and ``ratio`` of its norm to main's.
    """

    stage: Stage
    centre: np.ndarray
    scale: np.ndarray
    history: list[dict[str, float]]
    diagnostics: list[dict[str, float]]
    step: int  # of the weights that were kept: the best validation of the main task
    weights: dict[str, float]  # by task, what the weighting made of them included, as last measured
    _codings: dict[str, _Coding] = field(repr=False)

    def predict(self, x: ArrayLike) -> dict[str, np.ndarray]:
        """Return every task's answer for inputs (rows, features), shaped as in training.

        Numbers in their own unit for a regression, probabilities of 1 for binary tasks, the likeliest class for the others.
        """
        return {name: self._codings[name].decode(output) for name, output in self._outputs(x).items()}

    def probabilities(self, x: ArrayLike, task: str) -> dict[Any, np.ndarray]:
        """Return the probability of every class of a :class:`Classes` task, by class, (rows,) each."""
        coding = self._codings[task]
        if coding.stream.kind != "class":
            raise UsageError(f"{task}: has no classes; predict gives its values")
        shares = torch.softmax(torch.from_numpy(self._outputs(x)[task]), dim=1).numpy()
        return {label: shares[:, n] for n, label in enumerate(coding.classes)}

    def score(self, x: ArrayLike, values: Mapping[str, ArrayLike]) -> dict[str, float]:
        """Return a score a task for labels that were not learnt: 1 is perfect.

        For a regression the share of the variance explained, pooled over dimensions; else the share of right answers. Rows
        without a label are left out; a task without any is NaN, and a regression whose labels are all alike.
        """
        answers = self.predict(x)
        scores = {}
        for name, given in values.items():
            if name not in answers:
                raise UsageError(f"{name}: no such task; there are {', '.join(answers)}")
            coding, made = self._codings[name], answers[name]
            truth, here = coding.encode(given, len(made))
            if not here.any():
                scores[name] = float("nan")
            elif coding.stream.kind == "continuous":
                error = made.reshape(len(made), -1)[here] - truth[here]
                spread = truth[here] - truth[here].mean(axis=0)
                alike = bool((truth[here] == truth[here][0]).all())
                scores[name] = float("nan") if alike else 1.0 - float(np.square(error).sum() / np.square(spread).sum())
            else:
                right = coding.encode(made, len(made))[0] if coding.classes else made.reshape(len(made), -1) > 0.5
                scores[name] = float((right == truth)[here].mean())
        return scores

    def grouping(self) -> dict[str, list[float]]:
        """Return the grouping found by ``sharing="go_mtl"``: every task's weights of the basis; nothing for other ways."""
        return self.stage.grouping()

    @torch.no_grad()
    def _outputs(self, x: ArrayLike) -> dict[str, np.ndarray]:
        inputs = (_inputs(x, self.stage.inputs) - self.centre) / self.scale
        device = next(self.stage.parameters()).device
        parts = []
        for start in range(0, max(len(inputs), 1), BLOCK):
            rows = torch.from_numpy(inputs[start : start + BLOCK].astype(np.float32)).to(device)
            parts.append(self.stage(rows[None]).heads)
        return {name: torch.cat([part[name][0] for part in parts]).float().cpu().numpy() for name in self._codings}


def fit(
    x: ArrayLike,
    tasks: Mapping[str, Task],
    *,
    shared: Sequence[int] = (64, 64),
    main: str | Collection[str] | None = None,
    weights: Mapping[str, float] | None = None,
    sharing: str | Mapping[str, Any] = "hard",
    unrelated: Sequence[tuple[str, str]] | Mapping[str, Any] | None = None,
    weighting: str | Mapping[str, Any] = "sum",
    steps: int = 1000,
    validation: float | tuple[ArrayLike, Mapping[str, ArrayLike]] = 0.2,
    seed: int = 0,
    normalise: bool = True,
    trunk: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    device: str = "cpu",
    folder: Path | None = None,
) -> Model:
    """Train one network on all ``tasks`` of the inputs ``x`` (rows, features) and return it at its best validation.

    ``shared`` are the widths of the shared layers. ``main`` names the task or tasks by whose validation loss the best
    weights are chosen, and which the weightings that tell main from auxiliary protect; without it all tasks count alike.
    ``weights`` are those of the losses, 1 where not given; losses are about 1 for a guess, whatever the task's unit.

    ``sharing`` and ``unrelated`` are as in ``docs/sharing.md``; ``weighting`` is a method of ``docs/weighting.md``, or a
    mapping with ``method``, ``options``, ``main_only_from``, and ``start`` and ``stop``, steps by auxiliary task.

    ``validation`` is a share of the rows, drawn with ``seed``, or inputs and labels. ``normalise`` gives every input
    mean 0 and variance 1. ``trunk`` and ``training`` hold further keys of a recipe's trunk (activation, dropout, ...) and
    training (batch, learning_rate, weight_decay, patience, ...). With a ``folder`` an interrupted run continues there.

    Networks of one seed and size start from the same weights, and see the same batches, whatever their other tasks.
    """
    inputs = _inputs(x)
    names = _names(tasks)
    mains = tuple(names if main is None else [main] if isinstance(main, str) else main)
    for name in (*mains, *(weights or {})):
        if name not in tasks:
            raise UsageError(f"{name}: no such task; there are {', '.join(names)}")
    codings = {name: _coding(name, tasks[name]) for name in names}
    learn, held = _split(inputs, tasks, validation, seed)
    centre, scale = _standard(learn[0]) if normalise else (np.zeros(inputs.shape[1]), np.ones(inputs.shape[1]))
    where = choose_device(device)
    codings, table = _learn_table(learn, codings, centre, scale, where)
    valid = _table(held, codings, centre, scale, where)
    if not any(codings[name].encode(held[1][name], len(held[0]))[1].any() for name in mains):
        raise UsageError(f"validation: no row has a label of {' or '.join(mains)}, by which the best weights are chosen")

    weight = {name: (weights or {}).get(name, 1.0) for name in names}
    if not any(weight[name] for name in mains):
        raise UsageError(f"weights: {' and '.join(mains)} is what is to be learnt; give it a weight above 0")
    uses = {
        name: {
            "weight": weight[name],
            "private": tuple(task.private),
            "depth": task.depth,
            "reads": task.reads,
        }
        for name, task in tasks.items()
    }
    part = _checked(
        StagePart,
        {"trunk": {**(trunk or {}), "layers": tuple(shared)}, "tasks": uses, "sharing": sharing, "unrelated": unrelated},
    )
    every = max(1, steps // 20)
    weigh = {"method": weighting} if isinstance(weighting, str) else weighting
    defaults = {
        "batch": min(64, len(table.counted_rows)),
        "validate_every": every,
        "precision": "float32",
        "steps": steps,
        "seed": seed,
        "weighting": {"measure_every": every, **weigh},
    }
    settings = _checked(TrainingPart, defaults | dict(training or {}))
    _check_rows(part, settings)
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[where] if where.type == "cuda" else []))
        at = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="multitask-")))
        stage = _stage(inputs.shape[1], part, {name: coding.stream.width for name, coding in codings.items()}, seed).to(where)
        torch.manual_seed(seed)
        trainer = Trainer(stage, table, valid, settings, mains, at, label="fit", equal=main is None)
        result = trainer.run()
    last = trainer.diagnostics[-1] if trainer.diagnostics else {}
    rows = {task: row for row, members in trainer.weighting.tasks.rows.items() for task in members}
    made = {name: weight[name] * last.get(f"weight/{rows.get(name, '')}", 1.0) for name in names}
    return Model(stage, centre, scale, result.history, trainer.diagnostics, result.step, made, codings)


def _check_rows(part: StagePart, settings: TrainingPart) -> None:
    """Refuse what is for utterances or stacks: rows are samples in no order, and there is one network."""
    if part.trunk.kind != "feedforward":
        raise UsageError(
            f"trunk.kind: rows are samples without an order, and {part.trunk.kind} reads across them; leave it out"
        )
    for key in ("utterances", "stacking", "stage_weights", "trajectory", "cross_fit"):
        if getattr(settings, key) != TrainingPart.model_fields[key].default:
            raise UsageError(f"training.{key}: there is one network, on rows without an order; leave it out")


def _names(tasks: Mapping[str, Task]) -> list[str]:
    if not tasks:
        raise UsageError("fit: there is no task to learn")
    for name in tasks:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or name in _RESERVED or hasattr(nn.ModuleDict, name):
            raise UsageError(f"{name!r}: cannot be a task's name; choose a word that does not mean something else already")
    return sorted(tasks)


def _inputs(x: ArrayLike, features: int | None = None) -> np.ndarray:
    inputs = np.asarray(x, dtype=np.float64)
    wanted = "features" if features is None else str(features)
    if inputs.ndim != 2 or features not in (None, inputs.shape[1]):
        raise UsageError(f"inputs: expected an array of shape (rows, {wanted}), got {inputs.shape}")
    if not np.isfinite(inputs).all():
        raise UsageError("inputs: have values that are not finite; only labels may be missing")
    return inputs


def _missing(label: Any) -> bool:
    return label is None or (isinstance(label, float | np.floating) and np.isnan(label))


def _check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        raise UsageError(f"{name}: labels have shape {shape}, expected {wanted}")


def _coding(name: str, task: Task) -> _Coding:
    """Look at a task's values and decide how they become numbers."""
    values = np.asarray(task.values, dtype=object if isinstance(task, Classes) else np.float64)
    if values.ndim not in ((1,) if isinstance(task, Classes) else (1, 2)):
        raise UsageError(f"{name}: labels have shape {values.shape}, expected a row a sample")
    if isinstance(task, Classes):
        classes = tuple(sorted({label for label in values if not _missing(label)}, key=lambda label: (str(type(label)), label)))
        if len(classes) < 2:
            raise UsageError(f"{name}: has {len(classes)} class; a task of classes needs two")
        partial = any(_missing(label) for label in values)
        return _Coding(Stream(name, 1, "class", classes=len(classes), masked=partial), True, classes)
    kind: Kind = "binary" if isinstance(task, Binary) else "continuous"
    dimension = values.shape[1] if values.ndim == 2 else 1
    return _Coding(Stream(name, dimension, kind, masked=bool(np.isnan(values.astype(float)).any())), values.ndim == 1)


Samples = tuple[np.ndarray, dict[str, Any]]


def _split(
    x: np.ndarray, tasks: Mapping[str, Task], validation: float | tuple[ArrayLike, Mapping[str, ArrayLike]], seed: int
) -> tuple[Samples, Samples]:
    """Return inputs and raw labels to learn from, and those to validate on."""
    values = {
        name: np.asarray(task.values, dtype=object if isinstance(task, Classes) else None) for name, task in tasks.items()
    }
    for name, given in values.items():
        if len(given) != len(x):
            raise UsageError(f"{name}: has {len(given)} labels for {len(x)} rows of inputs")
    if isinstance(validation, tuple):
        missing = sorted(set(tasks) - set(validation[1]))
        if missing:
            raise UsageError(f"validation: lacks labels of {missing[0]}")
        return (x, values), (_inputs(validation[0], x.shape[1]), {name: validation[1][name] for name in tasks})
    count = round(validation * len(x))
    if not 0 < count < len(x):
        raise UsageError(f"validation: a share of {validation:g} of {len(x)} rows leaves nothing to validate or to learn")
    order = np.random.default_rng(seed).permutation(len(x))
    parts = [order[count:], order[:count]]
    first, second = ((x[rows], {name: given[rows] for name, given in values.items()}) for rows in parts)
    return first, second


def _standard(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns, the deviation of those that never change being 1."""
    deviation = x.std(axis=0)
    return x.mean(axis=0), np.where(deviation > 1e-12 * np.abs(x).max(axis=0), deviation, 1.0)


def _learn_table(
    samples: Samples, codings: Mapping[str, _Coding], centre: np.ndarray, scale: np.ndarray, device: torch.device
) -> tuple[dict[str, _Coding], Table]:
    """Return the codings with the statistics of what is learnt, and its table."""
    complete = {}
    for name, coding in codings.items():
        values, here = coding.encode(samples[1][name], len(samples[0]))
        if not here.any():
            raise UsageError(f"{name}: no row to learn from has a label")
        complete[name] = coding
        if coding.stream.kind == "continuous":
            mean, deviation = _standard(values[here])
            complete[name] = replace(coding, centre=mean, scale=deviation)
    return complete, _table(samples, complete, centre, scale, device)


def _table(
    samples: Samples, codings: Mapping[str, _Coding], centre: np.ndarray, scale: np.ndarray, device: torch.device
) -> Table:
    x, labels = samples
    targets = {}
    for name, coding in codings.items():
        values, here = coding.encode(labels[name], len(x))
        # Before they lose digits: a date in seconds has more than float32 holds.
        values = ((values - coding.centre) / coding.scale).astype(np.float32)
        if coding.stream.masked:
            values = np.concatenate([values, here[:, None].astype(np.float32)], axis=1)
        elif not here.all():
            raise UsageError(f"{name}: labels of validation are missing, where none was in training")
        targets[name] = Target(coding.stream, values)
    starts = np.array([*range(0, len(x), BLOCK), len(x)])
    inputs = ((x - centre) / scale).astype(np.float32)
    return Table(starts, inputs, None, None, np.ones(len(x), dtype=bool), targets, device)


def _stage(inputs: int, part: StagePart, widths: Mapping[str, int], seed: int) -> Stage:
    """Return a new stage whose heads are drawn by their names, so that they start alike whatever the other tasks are."""
    torch.manual_seed(seed)
    stage = Stage(inputs, part, widths)
    for name, head in stage.heads.items():
        torch.manual_seed(int(fingerprint(seed, name)[:8], 16))
        for module in head.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
    return stage


def _checked(kind: type[Any], values: dict[str, Any]) -> Any:
    """Return a part of a recipe; raises :class:`UsageError` saying what is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{place}: {message[0].lower() + message[1:]}" if place else message) from None
