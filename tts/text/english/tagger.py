"""Parts of speech of English words, in 39 tags of the Penn Treebank: a hidden Markov model of three tags.

The probabilities are those of Festival's ``poslex`` (University of Edinburgh, trained on the Wall Street Journal), written anew
by ``tools/make_english_data.py``; the search is Viterbi's.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_UNIT = 0.1  # nats that one unit of a stored cost stands for
_PUNCTUATION, _NOUN, _NAME = "punc", "nn", "nnp"

# Costs of words that the model has not met, by ending; what is left is a noun, a verb or an adjective
_ENDINGS: tuple[tuple[str, dict[str, float]], ...] = (
    ("ly", {"rb": 0, "jj": 3}),
    ("ing", {"vbg": 0, "nn": 1, "jj": 3}),
    ("ed", {"vbd": 0.5, "vbn": 0.5, "jj": 2}),
    ("est", {"jjs": 0}),
    ("ous", {"jj": 0}),
    ("ful", {"jj": 0}),
    ("less", {"jj": 0}),
    ("able", {"jj": 0}),
    ("ness", {"nn": 0}),
    ("ment", {"nn": 0}),
    ("tion", {"nn": 0}),
    ("s", {"nns": 0, "vbz": 1.5, "nn": 3}),
    ("", {"nn": 0.5, "jj": 1.5, "vb": 2, "vbp": 3, "nns": 4}),
)


@dataclass(frozen=True)
class Tagger:
    """``follow[a][b][c]`` is the cost in nats of tag c after a and b, ``words`` the costs of a word in each of its tags."""

    tags: tuple[str, ...]
    follow: tuple[tuple[tuple[float, ...], ...], ...]
    words: Mapping[str, str]  # "tag cost tag cost ..." in units, divided when asked for

    def tag(self, words: Sequence[str]) -> list[str]:
        """Return a tag for every word, written as in the text; ``,`` and ``.`` stand for punctuation."""
        places = {tag: number for number, tag in enumerate(self.tags)}
        start = (places[_NOUN], places[_PUNCTUATION])
        best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {start: (0.0, ())}
        for number, word in enumerate(words):
            opening = number == 0 or words[number - 1] in (".", "!", "?")
            choices = [(places[tag], cost) for tag, cost in self._costs(word, opening)]
            reached: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
            for (first, second), (cost, path) in best.items():
                row = self.follow[first][second]
                for tag, own in choices:
                    total = cost + row[tag] + own
                    if (second, tag) not in reached or total < reached[second, tag][0]:
                        reached[second, tag] = (total, (*path, tag))
            best = reached
        return [self.tags[tag] for tag in min(best.values())[1]]

    def _costs(self, word: str, opening: bool) -> Iterator[tuple[str, float]]:
        """Yield the tags a word may have with minus the logarithm of P(word | tag)."""
        lower = word.lower()
        if not any(map(str.isalnum, word)):
            yield _PUNCTUATION, 0.0
            return
        fields = self.words.get(lower, "").split()
        known = {tag: int(cost) * _UNIT for tag, cost in zip(fields[::2], fields[1::2], strict=True) if tag in self.tags}
        if lower.isdigit():
            known = {"cd": 0.0}
        if not known or (set(known) == {_NAME} and word == lower):
            known = {tag: 10 + cost for tag, cost in next(costs for end, costs in _ENDINGS if lower.endswith(end)).items()}
        if word[0].isupper() and not opening:
            known[_NAME] = min(known.get(_NAME, math.inf), 7.0)
        yield from known.items()


@lru_cache(maxsize=1)
def english_tagger() -> Tagger:
    """Return the tagger that ships with the product."""
    lines = lzma.decompress((files("tts.text.english") / "tags.xz").read_bytes()).decode().split("\n")
    tags = tuple(lines[0].split())
    count = len(tags)
    rows = [tuple(int(cost) * _UNIT for cost in line.split()) for line in lines[1 : 1 + count * count]]
    follow = tuple(tuple(rows[first * count : (first + 1) * count]) for first in range(count))
    return Tagger(tags, follow, dict(line.partition(" ")[::2] for line in lines[1 + count * count :]))
