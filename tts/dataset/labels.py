"""Labels of plain arrays as columns of a table, and a network's outputs as labels again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tts.core.errors import UsageError
from tts.core.stream import Kind, Stream


@dataclass(frozen=True)
class LabelCoding:
    """How one task's labels become numbers.

    ``flat`` says that labels are (rows,), not (rows, dimension). ``classes`` are those of a class stream, in the order of its
    outputs; ``centre`` and ``scale`` (dimension,) normalise a continuous one.
    """

    stream: Stream
    flat: bool
    classes: tuple[Any, ...] = ()
    centre: np.ndarray | float = 0.0
    scale: np.ndarray | float = 1.0

    def encode(self, values: ArrayLike, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers (rows, dimension), as given or of classes, 0 where a label is missing, and which rows have one.

        Another shape, an infinite value, an unknown class and a binary label other than 0 and 1 raise :class:`UsageError`.
        """
        if self.stream.kind == "class":
            return self._encode_classes(np.asarray(values, dtype=object), rows)
        name = self.stream.name
        numbers = np.asarray(values, dtype=np.float64)
        _check_shape(name, numbers.shape, (rows,) if self.flat else (rows, self.stream.dimension))
        numbers = numbers.reshape(rows, -1)
        present = np.asarray(np.isfinite(numbers).all(axis=1))
        if np.isinf(numbers).any():
            raise UsageError(f"{name}: has infinite values; expected numbers, or NaN where there is none")
        if self.stream.kind == "binary" and not np.isin(numbers[present], (0.0, 1.0)).all():
            raise UsageError(f"{name}: is Binary but has values other than 0 and 1")
        return np.where(present[:, None], numbers, 0.0), present

    def _encode_classes(self, labels: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        name = self.stream.name
        number = {label: place for place, label in enumerate(self.classes)}
        _check_shape(name, labels.shape, (rows,))
        present: np.ndarray = np.array([not is_missing(label) for label in labels], dtype=bool)
        for label in labels[present]:
            if label not in number:
                raise UsageError(f"{name}: the class {label!r} was not there in training; there were {self.classes}")
        numbers = [[number[label] if there else 0] for label, there in zip(labels, present, strict=True)]
        return np.array(numbers, dtype=np.float64).reshape(rows, 1), present

    def normalised(self, values: ArrayLike, rows: int) -> np.ndarray:
        """Return a table's column, float32 (rows, dimension), with a mask behind it where labels may be missing."""
        numbers, present = self.encode(values, rows)
        # Before they lose digits: a date in seconds has more than float32 holds.
        column = ((numbers - self.centre) / self.scale).astype(np.float32)
        if self.stream.masked:
            return np.concatenate([column, present[:, None].astype(np.float32)], axis=1)
        if not present.all():
            raise UsageError(f"{self.stream.name}: labels of validation are missing, where none was in training")
        return column

    def fitted(self, values: ArrayLike, rows: int) -> LabelCoding:
        """Return the coding with the mean and deviation of labels to be learnt; raises where no row has one."""
        numbers, present = self.encode(values, rows)
        if not present.any():
            raise UsageError(f"{self.stream.name}: no row to learn from has a label")
        if self.stream.kind != "continuous":
            return self
        centre, scale = standard(numbers[present])
        return replace(self, centre=centre, scale=scale)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Return predictions from a head's outputs (rows, width): values, probabilities, or classes."""
        if self.stream.kind == "class":
            return np.asarray(_array_of(self.classes)[output.argmax(axis=1)])
        if self.stream.kind == "binary":
            output = 0.5 * (1.0 + np.tanh(0.5 * output))  # the logistic function, without overflow
        output = output * self.scale + self.centre
        return np.asarray(output[:, 0] if self.flat else output)

    def score(self, predicted: np.ndarray, values: ArrayLike) -> float:
        """Return the share of the variance explained, pooled over dimensions, or the share of right answers.

        ``predicted`` is what :meth:`decode` returned. NaN where no row has a label, or all labels of a regression are alike.
        """
        truth, present = self.encode(values, len(predicted))
        if not present.any():
            return float("nan")
        truth = truth[present]
        if self.stream.kind == "continuous":
            error = predicted.reshape(len(predicted), -1)[present] - truth
            spread = truth - truth.mean(axis=0)
            alike = bool((truth == truth[0]).all())
            return float("nan") if alike else 1.0 - float(np.square(error).sum() / np.square(spread).sum())
        right = self.encode(predicted, len(predicted))[0] if self.classes else predicted.reshape(len(predicted), -1) > 0.5
        return float((right[present] == truth).mean())


def label_coding(name: str, values: ArrayLike, kind: Kind) -> LabelCoding:
    """Look at a task's labels, (rows,) or (rows, dimension), and decide how they become numbers."""
    labels = np.asarray(values, dtype=object if kind == "class" else np.float64)
    if labels.ndim not in ((1,) if kind == "class" else (1, 2)):
        raise UsageError(f"{name}: labels have shape {labels.shape}, expected a row a sample")
    if kind == "class":
        present = {label for label in labels if not is_missing(label)}
        classes = tuple(sorted(present, key=lambda label: (str(type(label)), label)))
        if len(classes) < 2:
            raise UsageError(f"{name}: has {len(classes)} class; a task of classes needs two")
        partial = any(is_missing(label) for label in labels)
        return LabelCoding(Stream(name, 1, "class", classes=len(classes), masked=partial), True, classes)
    dimension = labels.shape[1] if labels.ndim == 2 else 1
    return LabelCoding(Stream(name, dimension, kind, masked=bool(np.isnan(labels).any())), labels.ndim == 1)


def is_missing(label: Any) -> bool:
    """Return whether a class label stands for none: None or NaN."""
    return label is None or (isinstance(label, float | np.floating) and bool(np.isnan(label)))


def standard(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns, the deviation of those that never change being 1."""
    deviation = x.std(axis=0)
    return x.mean(axis=0), np.where(deviation > 1e-12 * np.abs(x).max(axis=0), deviation, 1.0)


def _array_of(classes: Sequence[Any]) -> np.ndarray:
    """Return classes as an array, of objects where they are of several types or tuples."""
    labels = np.empty(len(classes), dtype=object)
    labels[:] = classes
    kinds = {type(label) for label in classes}
    return labels if len(kinds) > 1 or tuple in kinds else np.array(classes)


def _check_shape(name: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        raise UsageError(f"{name}: labels have shape {shape}, expected {expected}")
