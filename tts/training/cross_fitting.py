"""Cross-fitted bottlenecks: in training, later stages read networks that never saw the utterance.

A network knows its training utterances better than new text, so the stage that reads it would learn to trust bottlenecks that
are better than those it meets when it speaks. As in stacked generalisation (Wolpert 1992, Neural Networks 5), the training
utterances are split into folds; for each, a copy of the network is trained on the others and computes the features of the fold.

Copies trained apart do not share the meaning of their hidden units. The network trained on all utterances, which is the one
that speaks, sets it: each copy's bottleneck is mapped onto that network's by a linear regression on the frames that both
were trained on. Outputs need no map.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.core.errors import UsageError
from tts.dataset.table import Table
from tts.generation.summary import Fold
from tts.network.precision import choose_precision
from tts.network.stack import Stage
from tts.recipe import TrainingPart
from tts.training.criterion import TrainingData
from tts.training.passes import StageFeatures, compute_features
from tts.training.trainer import TrainingResult

log = logging.getLogger(__name__)

_CHUNK = 1 << 16  # rows taken at once in double precision
_RIDGE = 1e-6  # in mean variances of the units: enough for units that are constant, too little to shrink the others

# Trains a fold's copy: the stage, the utterances it may draw, its settings, and the fold's number from 1.
TrainFold = Callable[[Stage, Table, TrainingPart, int], TrainingResult]


def fold_utterances(utterances: int, folds: int, seed: int) -> list[np.ndarray]:
    """Split utterances 0, 1, ... into ``folds`` sets as equal as can be, at random by ``seed``.

    Raises :class:`UsageError` where there are fewer utterances than folds.
    """
    if utterances < folds:
        raise UsageError(f"training.cross_fit: {folds} folds need as many training utterances, there are {utterances}")
    order = np.random.default_rng(seed).permutation(utterances)
    return [np.sort(order[number::folds]) for number in range(folds)]


def fold_settings(settings: TrainingPart, folds: int) -> TrainingPart:
    """Return the settings of a fold's copy: as many passes over its utterances, so ``(folds - 1) / folds`` of every step."""

    def scaled(step: int) -> int:
        return round(step * (folds - 1) / folds)

    weighting = settings.weighting
    update: dict[str, Any] = {name: {k: scaled(v) for k, v in getattr(weighting, name).items()} for name in ("start", "stop")}
    if isinstance(weighting.main_only_from, int):  # a share of the steps stays that share
        update["main_only_from"] = scaled(weighting.main_only_from)
    steps = max(1, scaled(settings.steps))
    return settings.model_copy(update={"steps": steps, "weighting": weighting.model_copy(update=update)})


def fit_map(x: Tensor, y: Tensor, rows: Tensor) -> Tensor:
    """Fit ``y = [x, 1] M`` by ridge regression on ``rows`` of (all rows, inputs) and (all rows, outputs).

    Returns M (inputs + 1, outputs), float64. The constant is not shrunk.
    """
    width = x.shape[1] + 1
    gram = torch.zeros(width, width, dtype=torch.float64, device=x.device)
    cross = torch.zeros(width, y.shape[1], dtype=torch.float64, device=x.device)
    for part in _chunks(rows):
        a = _with_one(x[part])
        gram += a.T @ a
        cross += a.T @ y[part].double()
    variances = gram.diagonal()[:-1] - gram[-1, :-1] ** 2 / len(rows)
    ridge = torch.full((width,), _RIDGE * max(float(variances.mean()), 1e-12), dtype=torch.float64, device=x.device)
    ridge[-1] = 0.0
    matrix: Tensor = torch.linalg.solve(gram + ridge.diag(), cross)
    return matrix


def apply_map(x: Tensor, matrix: Tensor, out: Tensor | None = None) -> Tensor:
    """Map (rows, inputs) by what :func:`fit_map` returned: (rows, outputs) of ``x``'s type; in ``out``, which may be ``x``."""
    mapped = torch.empty(len(x), matrix.shape[1], dtype=x.dtype, device=x.device) if out is None else out
    for part, there in zip(_chunks(x), _chunks(mapped), strict=True):
        there.copy_(_with_one(part) @ matrix)
    return mapped


def _empty_like(features: Tensor, table: Table) -> Tensor:
    """Return room for as many features, on the disk where the table has theirs there."""
    if features.device.type == table.device.type == "cpu":
        return table.empty(features.shape[1], features.dtype)
    return torch.empty_like(features)


def explained(prediction: Tensor, y: Tensor, rows: Tensor) -> float:
    """Return the share of the variance of ``y`` on ``rows``, all dimensions together, that a prediction explains."""
    mean = torch.stack([y[part].double().sum(dim=0) for part in _chunks(rows)]).sum(dim=0) / len(rows)
    wrong, total = 0.0, 0.0
    for part in _chunks(rows):
        target = y[part].double()
        wrong += float((target - prediction[part].double()).square().sum())
        total += float((target - mean).square().sum())
    return 1.0 - wrong / max(total, 1e-30)


def cross_fit(
    initial: Stage,
    data: TrainingData,
    whole: tuple[StageFeatures, StageFeatures],
    settings: TrainingPart,
    train_fold: TrainFold,
) -> tuple[StageFeatures, list[Fold]]:
    """Train a copy of a stage a fold; return their features for training, each for the utterances it never saw.

    ``initial`` is the stage as it was before training; ``whole`` are the features of the one trained on all utterances, for
    training and validation, which say what is wanted. Copies whose training is complete are read back.
    """
    settings, train = fold_settings(settings, settings.cross_fit), data.train
    precision = choose_precision(settings.precision, initial, initial.inputs, train.device, framewise=initial.framewise)
    joined = StageFeatures(*(None if tensor is None else _empty_like(tensor, train) for tensor in whole[0]))
    folds = []
    for number, unseen in enumerate(fold_utterances(train.utterances, settings.cross_fit, settings.seed), 1):
        held_out = np.isin(np.arange(train.utterances), unseen)
        seen = train.only(np.flatnonzero(~held_out))
        stage = copy.deepcopy(initial)
        result = train_fold(stage, seen, settings, number)
        features, fits = _mapped(stage, TrainingData(seen, data.valid), whole, precision)
        if fits[0] is not None:
            log.info("fold %d: the map explains %.4f of training, %.4f of validation", number, *fits)
        rows = torch.from_numpy(np.flatnonzero(np.repeat(held_out, np.diff(train.starts))))
        for every, own in zip(joined, features, strict=True):
            if every is not None and own is not None:
                for part in _chunks(rows):
                    every[part.to(every.device)] = own[part.to(own.device)]
        folds.append(Fold(len(unseen), int(result.history[-1]["step"]), result.loss, *fits))
    return joined, folds


def _mapped(
    stage: Stage, data: TrainingData, whole: tuple[StageFeatures, StageFeatures], precision: str
) -> tuple[StageFeatures, tuple[float | None, float | None]]:
    """Return a copy's features for all training rows, its bottleneck in the units of the whole network's, and how well it fits.

    The map is fitted on the rows that count in ``data.train``, which the copy was trained on.
    """
    (bottleneck, outputs), (bottleneck_valid, _) = whole
    wanted = {"bottleneck": bottleneck is not None, "outputs": outputs is not None}
    features = compute_features(stage, data.train, precision, **wanted)
    if bottleneck is None or bottleneck_valid is None or features.bottleneck is None:
        return features, (None, None)
    rows = data.train.counted_rows.to(bottleneck.device)
    matrix = fit_map(features.bottleneck, bottleneck, rows)
    mapped = apply_map(features.bottleneck, matrix, out=features.bottleneck)
    unseen = compute_features(stage, data.valid, precision).bottleneck
    assert unseen is not None
    rows_valid = data.valid.counted_rows.to(bottleneck_valid.device)
    fits = explained(mapped, bottleneck, rows), explained(apply_map(unseen, matrix), bottleneck_valid, rows_valid)
    return features._replace(bottleneck=mapped), fits


def _chunks(x: Tensor) -> tuple[Tensor, ...]:
    return torch.split(x, _CHUNK)


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x.double(), x.new_ones(len(x), 1, dtype=torch.float64)], dim=1)
