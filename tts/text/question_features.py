"""Answers to a question file as linguistic features, in place of :class:`~tts.text.features.ContextFeatures`.

They are asked of full-context labels: those that came with a sentence, or the product's own. Numbers are scaled as Merlin does,
to 0.01..0.99 by their range in training; one that never changes there becomes 0.01.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, get_args

import numpy as np

from tts.core.errors import TtsError
from tts.core.files import fingerprint
from tts.recipe import SubphoneKind
from tts.text.features import ContextFeatures
from tts.text.full_context import full_context_labels
from tts.text.label_names import names_in
from tts.text.phones import PhoneInventory
from tts.text.questions import QuestionSet
from tts.text.sentence import SILENCE, Sentence

VERSION: Final = 1  # raise it when the same sentence gives other numbers
KIND: Final = "questions"
LOWEST, HIGHEST = 0.01, 0.99


@dataclass(frozen=True)
class Range:
    """The least and the greatest value of columns in training, by which they are scaled."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high) or any(not a <= b for a, b in zip(self.low, self.high, strict=False)):
            raise TtsError("the range of the linguistic features is damaged")

    @staticmethod
    def of(rows: Iterable[np.ndarray]) -> Range:
        """Return the range of all rows of arrays (rows, columns), of which one at least has rows."""
        ends = [(values.min(axis=0), values.max(axis=0)) for values in rows if len(values)]
        low, high = (np.stack(side) for side in zip(*ends, strict=True))
        return Range(tuple(low.min(axis=0).tolist()), tuple(high.max(axis=0).tolist()))

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return columns (rows, columns) with the range at 0.01..0.99, float32."""
        low = np.array(self.low, np.float32)
        return np.asarray((values - low) / self._widths.astype(np.float32) + np.float32(LOWEST), np.float32)

    @cached_property
    def _widths(self) -> np.ndarray:
        """What one unit of a scaled column is, float64 (columns,)."""
        low, high = np.array(self.low), np.array(self.high)
        return np.where(high > low, (high - low) / (HIGHEST - LOWEST), 1.0)

    def from_scaled(self, other: Range) -> list[tuple[float, float]]:
        """Return, by column, scale and offset with which a column scaled by ``other`` becomes one scaled by this range."""
        scales = other._widths / self._widths
        offsets = LOWEST + (np.array(other.low) - np.array(self.low)) / self._widths - LOWEST * scales
        return list(zip(scales.tolist(), offsets.tolist(), strict=True))


@dataclass(frozen=True)
class Subphone:
    """Which of Merlin's places within phones are read (:mod:`tts.dataset.subphone`), and their range."""

    kind: SubphoneKind
    range: Range


@dataclass(frozen=True)
class QuestionFeatures:
    """The features of a question file, scaled. ``phone_names`` are what its labels call the phones of the inventory."""

    inventory: PhoneInventory
    questions: QuestionSet
    range: Range
    subphone: Subphone
    phone_names: Mapping[str, str]

    def __post_init__(self) -> None:
        if len(self.range.low) != len(self.questions):
            raise TtsError(f"{len(self.questions)} questions have ranges for {len(self.range.low)}")

    @staticmethod
    def fit(
        questions: QuestionSet, inventory: PhoneInventory, sentences: Sequence[Sentence], subphone: Subphone
    ) -> QuestionFeatures:
        """Return the features with the range that they have in training ``sentences``, silence at the ends left out."""
        names = names_in(sentences)
        answers = (
            questions.answers(_contexts(sentence, names))[np.array(sentence.phones) != SILENCE] for sentence in sentences
        )
        return QuestionFeatures(inventory, questions, Range.of(answers), subphone, names)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every column."""
        return tuple(f"question:{name}" for name in self.questions.names)

    @property
    def dimension(self) -> int:
        """Number of columns."""
        return len(self.questions)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the same sentence would give other numbers."""
        return fingerprint({key: value for key, value in self._content().items() if key != "inventory"})

    def vectors(self, sentence: Sentence) -> np.ndarray:
        """Return the features of every segment: float32 (segments, dimension), 0.01..0.99 within the training's range."""
        return self.range.scaled(self.questions.answers(_contexts(sentence, self.phone_names)))

    def _content(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "version": VERSION,
            "inventory": self.inventory.to_dict(),
            "questions": self.questions.to_list(),
            "low": list(self.range.low),
            "high": list(self.range.high),
            "subphone": self.subphone.kind,
            "subphone_low": list(self.subphone.range.low),
            "subphone_high": list(self.subphone.range.high),
            "phone_names": dict(self.phone_names),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; :meth:`from_dict` is its inverse."""
        return {**self._content(), "fingerprint": self.fingerprint}

    @staticmethod
    def from_dict(data: dict[str, Any]) -> QuestionFeatures:
        """Rebuild the features of :meth:`to_dict`; :class:`TtsError` where this version of the product makes other ones."""
        if data["version"] != VERSION or data["subphone"] not in get_args(SubphoneKind):
            raise TtsError(f"answers to questions of version {data['version']} cannot be remade by this release: train it anew")
        features = QuestionFeatures(
            PhoneInventory.from_dict(data["inventory"]),
            QuestionSet.from_list(data["questions"]),
            Range(_numbers(data["low"]), _numbers(data["high"])),
            Subphone(data["subphone"], Range(_numbers(data["subphone_low"]), _numbers(data["subphone_high"]))),
            {str(phone): str(name) for phone, name in data["phone_names"].items()},
        )
        if features.fingerprint != data["fingerprint"]:
            raise TtsError("the questions, or the ranges of their answers, are not those that the corpus was prepared with")
        return features


LinguisticFeatures = ContextFeatures | QuestionFeatures
"""What a network may read of the text."""


def features_from_dict(data: dict[str, Any]) -> LinguisticFeatures:
    """Rebuild linguistic features of either kind."""
    return QuestionFeatures.from_dict(data) if data.get("kind") == KIND else ContextFeatures.from_dict(data)


def _contexts(sentence: Sentence, names: Mapping[str, str]) -> Sequence[str]:
    if sentence.contexts:
        return sentence.contexts
    return full_context_labels(sentence, names=names)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
