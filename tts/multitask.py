"""Several tasks learnt by one network on plain arrays: the same layers, losses, weightings and loop as for voices.

    tasks = {"landmarks": Regression(), "smiles": Binary(weight=0.3), "pose": Classes(private=(16,))}
    model = MultiTask(tasks, main="landmarks").fit(x, {"landmarks": y, "smiles": b, "pose": c})
    model.predict(x_new)["landmarks"]

Rows are samples. A label may be missing (NaN, or None among class labels), so tasks may have different samples. An estimator
has the form of scikit-learn's, which is not needed for it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from pydantic import ValidationError
from torch import nn

from tts.core.device import choose_device, to_host
from tts.core.errors import UsageError
from tts.core.files import fingerprint
from tts.core.stream import Kind
from tts.dataset.labels import LabelCoding, label_coding, standard
from tts.dataset.table import Table, Target
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS, StagePart, TrainingPart
from tts.training.criterion import Objective, TrainingData
from tts.training.trainer import Trainer

BLOCK = 8192  # rows that are validated and predicted at a time
_RESERVED = {*MAIN_STREAMS, "main", "auxiliary"}

# Labels of several tasks: a mapping by name, or what has columns by name and is sliced by rows (DataFrame, structured array).
Labels = Mapping[str, ArrayLike] | np.ndarray


@dataclass(frozen=True)
class Task:
    """How one task is learnt.

    ``weight`` is that of its loss; losses are about 1 for a guess, whatever the task's unit. ``private`` are widths of hidden
    layers between the shared ones and this task alone; ``depth`` is the shared layer that is read, counted from 1, by default
    the last; ``reads`` names a task whose private layers are read too, without changing them.
    """

    kind: ClassVar[Kind]
    weight: float = 1.0
    private: Sequence[int] = ()
    depth: int | None = None
    reads: str | None = None


@dataclass(frozen=True)
class Regression(Task):
    """Numbers, (rows,) or (rows, dimension), in any unit: they are normalised. NaN anywhere in a row: the row has none."""

    kind: ClassVar[Kind] = "continuous"


@dataclass(frozen=True)
class Binary(Task):
    """Yes or no, (rows,) or several at once (rows, labels): 0 or 1, or NaN."""

    kind: ClassVar[Kind] = "binary"


@dataclass(frozen=True)
class Classes(Task):
    """One of several classes, (rows,): numbers or strings; NaN or None where there is none."""

    kind: ClassVar[Kind] = "class"


@dataclass(frozen=True)
class Network:
    """The layers. ``hidden`` are the widths of the shared ones; ``trunk`` has further keys of a recipe's trunk.

    ``sharing`` and ``unrelated`` are as in ``docs/sharing.md``.
    """

    hidden: Sequence[int] = (64, 64)
    trunk: Mapping[str, Any] = field(default_factory=dict)
    sharing: str | Mapping[str, Any] = "hard"
    unrelated: Sequence[tuple[str, str]] | Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Training:
    """How it is trained.

    ``weighting`` is a method of ``docs/weighting.md``, or a mapping with ``method``, ``options``, ``main_only_from``, and
    ``start`` and ``stop``, steps by auxiliary task. ``validation`` is the share of the rows that is drawn for validation where
    none are given. ``normalise`` gives every input mean 0 and variance 1. ``settings`` has further keys of a recipe's training
    (batch, learning_rate, weight_decay, patience, ...).
    """

    steps: int = 1000
    weighting: str | Mapping[str, Any] = "sum"
    validation: float = 0.2
    normalise: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


class MultiTask:
    """One network for several tasks, to be trained by :meth:`fit`.

    ``tasks`` say how each is learnt; by default the labels decide: strings and objects are :class:`Classes`, truth values
    :class:`Binary`, other numbers :class:`Regression`. ``main`` names the task or tasks by whose validation loss the best
    weights are chosen, and which the weightings that tell main from auxiliary protect; without it all tasks count alike. With a
    ``folder`` an interrupted fit continues there. Networks of one ``seed`` and size start from the same weights, and see the
    same batches, whatever their other tasks.

    After fitting, ``stage_`` is the network; ``history_`` has a line a validation, ``step_`` is that of the weights that were
    kept; ``diagnostics_`` has a line a measurement of the tasks' gradients (by task or ``main``: ``weight``, ``cosine`` to the
    main gradient and ``ratio`` of its norm to main's); ``weights_`` are the tasks' weights, what the weighting made of them
    included, as last measured.
    """

    stage_: Stage
    history_: list[dict[str, float]]
    diagnostics_: list[dict[str, float]]
    step_: int
    weights_: dict[str, float]
    n_features_in_: int
    _codings: dict[str, LabelCoding]
    _centre: np.ndarray  # of the inputs, (features,)
    _scale: np.ndarray

    def __init__(
        self,
        tasks: Mapping[str, Task] | None = None,
        *,
        main: str | Collection[str] | None = None,
        network: Network = Network(),
        training: Training = Training(),
        seed: int = 0,
        device: str = "cpu",
        folder: Path | None = None,
    ) -> None:
        self.tasks, self.main, self.network, self.training = tasks, main, network, training
        self.seed, self.device, self.folder = seed, device, folder

    def fit(self, X: ArrayLike, Y: Labels, validation: tuple[ArrayLike, Labels] | None = None) -> MultiTask:
        """Train on inputs (rows, features) and labels by task, and keep the weights of the best validation.

        ``validation`` are inputs and labels of other rows; by default ``training.validation`` of the rows are held out, drawn
        with the seed. What does not fit raises :class:`UsageError`.
        """
        inputs, labels = _inputs(X), _columns(Y)
        tasks = {name: _inferred(labels[name]) for name in labels} if self.tasks is None else dict(self.tasks)
        names, mains = _names(tasks), self._mains(tasks)
        _check_labels(labels, names, len(inputs))
        codings = {name: label_coding(name, labels[name], tasks[name].kind) for name in names}
        # Classes stay what they are, objects.
        values = {name: np.asarray(labels[name], dtype=object if tasks[name].kind == "class" else None) for name in names}
        learnt, held = self._split(inputs, values, validation)
        self._codings = {name: coding.fitted(learnt[1][name], len(learnt[0])) for name, coding in codings.items()}
        features = inputs.shape[1]
        plain = (np.zeros(features), np.ones(features))
        self._centre, self._scale = standard(learnt[0]) if self.training.normalise else plain
        if not any(self._codings[name].encode(held[1][name], len(held[0]))[1].any() for name in mains):
            raise UsageError(f"validation: no row has a label of {' or '.join(mains)}, by which the best weights are chosen")
        part = _stage_part(tasks, self.network)
        where = choose_device(self.device)
        self._train(part, mains, self._table(learnt, where), self._table(held, where))
        self.n_features_in_ = features
        return self

    def predict(self, X: ArrayLike) -> dict[str, np.ndarray]:
        """Return every task's answer for inputs (rows, features), shaped as in training.

        Numbers in their own unit for a regression, probabilities of 1 for binary tasks, the likeliest class for the others.
        """
        return {name: self._codings[name].decode(output) for name, output in self._outputs(X).items()}

    def probabilities(self, X: ArrayLike, task: str) -> dict[Any, np.ndarray]:
        """Return the probability of every class of a :class:`Classes` task, by class, (rows,) each."""
        outputs, coding = self._outputs(X), self._coding(task)
        if coding.stream.kind != "class":
            raise UsageError(f"{task}: has no classes; predict gives its values")
        shares = torch.softmax(torch.from_numpy(outputs[task]), dim=1).numpy()
        return {label: shares[:, n] for n, label in enumerate(coding.classes)}

    def scores(self, X: ArrayLike, Y: Labels) -> dict[str, float]:
        """Return a score a task for labels that were not learnt: 1 is perfect.

        For a regression the share of the variance explained, pooled over dimensions; else the share of right answers. Rows
        without a label are left out; a task without any is NaN, and a regression whose labels are all alike.
        """
        predicted = self.predict(X)
        return {name: self._coding(name).score(predicted[name], values) for name, values in _columns(Y).items()}

    def score(self, X: ArrayLike, Y: Labels) -> float:
        """Return the mean of :meth:`scores` over the main tasks, or over all where none is main."""
        scores = self.scores(X, Y)
        mains = [name for name in self._mains(self._codings) if name in scores]
        return float(np.mean([scores[name] for name in mains or scores]))

    def grouping(self) -> dict[str, list[float]]:
        """Return the grouping learnt by ``sharing="go_mtl"``: every task's weights of the basis; nothing for other ways."""
        return self.stage_.grouping()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what the estimator was made with, by name; ``deep`` adds ``network__hidden``, ``training__steps``, ..."""
        values = {name: getattr(self, name) for name in list(inspect.signature(type(self).__init__).parameters)[1:]}
        for part in ("network", "training") if deep else ():
            values |= {f"{part}__{each.name}": getattr(values[part], each.name) for each in dataclasses.fields(values[part])}
        return values

    def set_params(self, **changes: Any) -> MultiTask:
        """Change what the estimator was made with, by the names that :meth:`get_params` returns."""
        known = self.get_params()
        for name in changes:
            if name not in known:
                raise UsageError(f"MultiTask: has no setting {name!r}; there are {', '.join(known)}")
        for name in sorted(changes, key=lambda name: "__" in name):
            part, _, key = name.partition("__")
            setattr(self, part, dataclasses.replace(getattr(self, part), **{key: changes[name]}) if key else changes[name])
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, which alone calls this, what kind of estimator it has."""
        from sklearn.utils import InputTags, Tags, TargetTags

        target = TargetTags(required=True, multi_output=True)
        return Tags(estimator_type=None, target_tags=target, input_tags=InputTags())

    def _mains(self, tasks: Iterable[str]) -> tuple[str, ...]:
        names = sorted(tasks)
        mains = tuple(names if self.main is None else [self.main] if isinstance(self.main, str) else self.main)
        for name in mains:
            if name not in names:
                raise UsageError(f"{name}: no such task; there are {', '.join(names)}")
        return mains

    def _coding(self, task: str) -> LabelCoding:
        if task not in self._codings:
            raise UsageError(f"{task}: no such task; there are {', '.join(self._codings)}")
        return self._codings[task]

    def _split(
        self, x: np.ndarray, values: Mapping[str, np.ndarray], validation: tuple[ArrayLike, Labels] | None
    ) -> tuple[Samples, Samples]:
        """Return inputs and labels to learn from, and those to validate on."""
        if validation is not None:
            held, given = _inputs(validation[0], x.shape[1]), _columns(validation[1])
            missing = sorted(set(values) - set(given))
            if missing:
                raise UsageError(f"validation: lacks labels of {missing[0]}")
            return (x, values), (held, {name: given[name] for name in values})
        share = self.training.validation
        count = round(share * len(x))
        if not 0 < count < len(x):
            raise UsageError(f"validation: a share of {share:g} of {len(x)} rows leaves nothing to validate or to learn")
        order = np.random.default_rng(self.seed).permutation(len(x))
        first, second = (
            (x[rows], {name: given[rows] for name, given in values.items()}) for rows in (order[count:], order[:count])
        )
        return first, second

    def _table(self, samples: Samples, device: torch.device) -> Table:
        x, labels = samples
        targets = {n: Target(coding.stream, coding.normalised(labels[n], len(x))) for n, coding in self._codings.items()}
        starts = np.array([*range(0, len(x), BLOCK), len(x)])
        inputs = ((x - self._centre) / self._scale).astype(np.float32)
        return Table(starts, inputs, None, None, np.ones(len(x), dtype=bool), targets, device)

    def _train(self, part: StagePart, mains: tuple[str, ...], table: Table, valid: Table) -> None:
        weights = {name: use.weight for name, use in part.tasks.items()}
        if not any(weights[name] for name in mains):
            raise UsageError(f"weight: {' and '.join(mains)} is what is to be learnt; give it a weight above 0")
        settings = _training_part(self.training, self.seed, len(table.counted_rows))
        _check_rows(part, settings)
        widths = {name: coding.stream.width for name, coding in self._codings.items()}
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(devices=[table.device] if table.device.type == "cuda" else []))
            folder = self.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="multitask-")))
            self.stage_ = _stage(len(self._centre), part, widths, self.seed).to(table.device)
            torch.manual_seed(self.seed)
            objective = Objective(main=tuple(mains), equal=self.main is None)
            trainer = Trainer(self.stage_, TrainingData(table, valid), settings, folder, label="fit", objective=objective)
            result = trainer.run()
        self.history_, self.diagnostics_, self.step_ = result.history, trainer.learner.diagnostics, result.step
        last = self.diagnostics_[-1] if self.diagnostics_ else {}
        rows = {task: row for row, members in trainer.learner.weighting.tasks.rows.items() for task in members}
        self.weights_ = {name: weights[name] * last.get(f"weight/{rows.get(name, '')}", 1.0) for name in sorted(weights)}

    @torch.no_grad()
    def _outputs(self, x: ArrayLike) -> dict[str, np.ndarray]:
        if not hasattr(self, "stage_"):
            raise UsageError("MultiTask: is not fitted yet; call fit first")
        inputs = (_inputs(x, self.stage_.inputs) - self._centre) / self._scale
        device = next(self.stage_.parameters()).device
        parts = []
        for start in range(0, max(len(inputs), 1), BLOCK):
            rows = torch.from_numpy(inputs[start : start + BLOCK].astype(np.float32)).to(device)
            parts.append(self.stage_(rows[None]).heads)
        return {name: to_host(torch.cat([part[name][0] for part in parts]).float()).numpy() for name in self._codings}


Samples = tuple[np.ndarray, Mapping[str, Any]]


def _columns(labels: Labels) -> dict[str, Any]:
    """Return labels by task, of a mapping, a structured array or a DataFrame."""
    if isinstance(labels, Mapping):
        return dict(labels)
    names = getattr(getattr(labels, "dtype", None), "names", None) or getattr(labels, "columns", None)
    if names is None:
        raise UsageError("labels: expected a mapping by task, a structured array or a DataFrame")
    return {str(name): np.asarray(labels[name]) for name in names}


def _inferred(values: Any) -> Task:
    kind = np.asarray(values).dtype.kind
    return Binary() if kind == "b" else Regression() if kind in "iuf" else Classes()


def _names(tasks: Mapping[str, Task]) -> list[str]:
    if not tasks:
        raise UsageError("fit: there is no task to learn")
    for name in tasks:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or name in _RESERVED or hasattr(nn.ModuleDict, name):
            raise UsageError(f"{name!r}: cannot be a task's name; choose a word that does not mean something else already")
    return sorted(tasks)


def _check_labels(labels: Mapping[str, Any], names: Sequence[str], rows: int) -> None:
    if set(labels) != set(names):
        raise UsageError(f"labels: are of {', '.join(sorted(labels))}; the tasks are {', '.join(names)}")
    for name in names:
        if len(labels[name]) != rows:
            raise UsageError(f"{name}: has {len(labels[name])} labels for {rows} rows of inputs")


def _inputs(x: ArrayLike, features: int | None = None) -> np.ndarray:
    inputs = np.asarray(x, dtype=np.float64)
    expected = "features" if features is None else str(features)
    if inputs.ndim != 2 or features not in (None, inputs.shape[1]):
        raise UsageError(f"inputs: expected an array of shape (rows, {expected}), got {inputs.shape}")
    if not np.isfinite(inputs).all():
        raise UsageError("inputs: have values that are not finite; only labels may be missing")
    return inputs


def _stage_part(tasks: Mapping[str, Task], network: Network) -> StagePart:
    uses = {
        name: {"weight": task.weight, "private": tuple(task.private), "depth": task.depth, "reads": task.reads}
        for name, task in tasks.items()
    }
    trunk = {**network.trunk, "layers": tuple(network.hidden)}
    part: StagePart = _checked(
        StagePart, {"trunk": trunk, "tasks": uses, "sharing": network.sharing, "unrelated": network.unrelated}
    )
    return part


def _training_part(training: Training, seed: int, rows: int) -> TrainingPart:
    every = max(1, training.steps // 20)
    weighting = {"method": training.weighting} if isinstance(training.weighting, str) else training.weighting
    defaults = {
        "batch": min(64, rows),
        "validate_every": every,
        "precision": "float32",
        "steps": training.steps,
        "seed": seed,
        "weighting": {"measure_every": every, **weighting},
    }
    part: TrainingPart = _checked(TrainingPart, defaults | dict(training.settings))
    return part


def _check_rows(part: StagePart, settings: TrainingPart) -> None:
    """Refuse what is for utterances or stacks: rows are samples in no order, and there is one network."""
    if part.trunk.kind != "feedforward":
        raise UsageError(
            f"trunk.kind: rows are samples without an order, and {part.trunk.kind} reads across them; leave it out"
        )
    for key in ("utterances", "stacking", "stage_weights", "trajectory", "cross_fit"):
        if getattr(settings, key) != TrainingPart.model_fields[key].default:
            raise UsageError(f"training.{key}: there is one network, on rows without an order; leave it out")


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
