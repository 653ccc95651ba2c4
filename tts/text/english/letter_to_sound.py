"""Phones of English words that no lexicon has: a joint n-gram model of letters and phones.

A word is a row of pairs (a letter, none to two phones); a pair is likelier or not after the five before it. Method: M. Bisani,
H. Ney: Joint-sequence models for grapheme-to-phoneme conversion, Speech Communication 50 (2008), here with single letters,
alignment by expectation maximisation, and modified Kneser-Ney smoothing (S. Chen, J. Goodman, 1998). The model is trained on
the CMU dictionary by ``tools/make_english_data.py``.
"""

from __future__ import annotations

import io
import lzma
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

FILE: Final = "letter_to_sound.xz"
BEGIN, END = 0, 1  # pairs that stand before and after every word
_BEAM: Final = 16
_STEP: Final = 1 / 16  # nats that one unit of a stored score stands for


@dataclass(frozen=True)
class PairModel:
    """The n-grams as a tree: node 0 is the empty history, then all of length 1, then all of length 2, ...

    ``pairs`` are (letter, phones joined by spaces) by their numbers. Of every node after the first, in the order of (length,
    parent, pair): ``parent`` is the node of its history, int64; ``pair`` its last pair, int64; ``score`` minus the logarithm of
    its probability after that history, ``backoff`` minus that of what is left for pairs never seen after it, both float64 in
    nats and quantised to 1/16.
    """

    pairs: tuple[tuple[str, str], ...]
    parent: np.ndarray
    pair: np.ndarray
    score: np.ndarray
    backoff: np.ndarray

    @cached_property
    def children(self) -> Mapping[int, int]:
        """Node by parent x number of pairs + pair."""
        keys = self.parent * len(self.pairs) + self.pair
        return dict(zip(keys.tolist(), range(1, len(keys) + 1), strict=True))

    @cached_property
    def suffixes(self) -> list[int]:
        """For every node the node without its first pair."""
        suffix = np.zeros(len(self.parent) + 1, dtype=np.int64)
        keys = self.parent * len(self.pairs) + self.pair  # ascending: nodes are in the order of parent and pair
        last = np.concatenate([[0], self.pair])
        level = np.flatnonzero(self.parent == 0) + 1
        while len(level):
            low, high = np.searchsorted(self.parent, [level[0], level[-1] + 1])
            level = np.arange(low, high) + 1
            suffix[level] = np.searchsorted(keys, suffix[self.parent[level - 1]] * len(self.pairs) + last[level]) + 1
        return list(suffix.tolist())

    @cached_property
    def scores(self) -> list[float]:
        """Of every node, that of the first being 0."""
        return [0.0, *self.score.tolist()]

    @cached_property
    def backoffs(self) -> list[float]:
        """Of every node, that of the first being 0."""
        return [0.0, *self.backoff.tolist()]

    @cached_property
    def choices(self) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
        """Pairs of every letter: number and phones."""
        choices: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for number, (letter, phones) in enumerate(self.pairs):
            if number not in (BEGIN, END):
                choices.setdefault(letter, []).append((number, tuple(phones.split())))
        return choices

    def after(self, node: int, pair: int) -> tuple[float, int]:
        """Return the cost of a pair after a history (in nats) and the node that both lead to."""
        cost, count = 0.0, len(self.pairs)
        while True:
            child = self.children.get(node * count + pair)
            if child is not None:
                return cost + self.scores[child], child
            if node == 0:
                return cost + 20.0, 0
            cost += self.backoffs[node]
            node = self.suffixes[node]

    def phones(self, word: str) -> tuple[str, ...]:
        """Return ARPAbet names with digits of stress for a word of the letters a-z; other characters are passed over.

        Beam search over the pairs; of its last candidates those with one primary stress come first. ``()`` for no letter.
        """
        start = self.children.get(BEGIN, 0)
        beam: list[tuple[float, int, tuple[str, ...]]] = [(0.0, start, ())]
        for letter in word.lower():
            reached: dict[tuple[int, tuple[str, ...]], float] = {}
            for cost, node, said in beam:
                for pair, phones in self.choices.get(letter, ()):
                    more, place = self.after(node, pair)
                    key = (place, said + phones)
                    if cost + more < reached.get(key, math.inf):
                        reached[key] = cost + more
            if reached:
                beam = sorted((cost, node, said) for (node, said), cost in reached.items())[:_BEAM]
        ends = sorted((_stressed_oddly(said), cost + self.after(node, END)[0], said) for cost, node, said in beam)
        return next((said for _, _, said in ends if said), ())

    def to_bytes(self) -> bytes:
        """Return what :meth:`from_bytes` reads: an xz-compressed ``npz``."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {
            "pairs": np.array(["\t".join(pair) for pair in self.pairs]),
            "parent": np.diff(self.parent, prepend=0).astype(np.int32),
            "pair": self.pair.astype(np.uint16),
            "score": np.clip(np.rint(self.score / _STEP), 0, 255).astype(np.uint8),
            "backoff": np.clip(np.rint(self.backoff / _STEP), -100, 155).astype(np.int16),
        }
        np.savez(buffer, **arrays)
        return lzma.compress(buffer.getvalue(), preset=9)

    @staticmethod
    def from_bytes(data: bytes) -> PairModel:
        """Return the model of :meth:`to_bytes`."""
        with np.load(io.BytesIO(lzma.decompress(data)), allow_pickle=False) as arrays:
            pairs = []
            for text in arrays["pairs"]:
                letter, _, phones = str(text).partition("\t")
                pairs.append((letter, phones))
            return PairModel(
                tuple(pairs),
                np.cumsum(arrays["parent"].astype(np.int64)),
                arrays["pair"].astype(np.int64),
                arrays["score"] * _STEP,
                arrays["backoff"] * _STEP,
            )


def _stressed_oddly(phones: tuple[str, ...]) -> bool:
    return sum(phone.endswith("1") for phone in phones) != 1 and any(phone[-1].isdigit() for phone in phones)


@lru_cache(maxsize=1)
def english_model() -> PairModel:
    """Return the model that ships with the product; reading it takes about half a second, once."""
    return PairModel.from_bytes((files("tts.text.english") / FILE).read_bytes())


@lru_cache(maxsize=16384)
def spelled_like(word: str) -> tuple[str, ...]:
    """Return ARPAbet names with digits of stress for a word as it is written, ``()`` where it has no letter of a-z."""
    return english_model().phones(word)
