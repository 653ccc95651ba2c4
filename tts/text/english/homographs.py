"""Which pronunciation of a word that has several is meant: a table (``homographs.txt``) with rules over the context."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Final

from tts.text.english.cmudict import to_marked_ipa
from tts.text.english.context import Context
from tts.text.sentence import Syllable, Word
from tts.text.syllables import syllabify

_LANGUAGE: Final = "en-us"


@dataclass(frozen=True)
class Rule:
    """The reading that is meant where all ``conditions`` hold."""

    reading: str
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Homograph:
    """``readings`` are ARPAbet names with stress by the name of the reading; the first of ``rules`` that holds decides."""

    word: str
    readings: dict[str, tuple[str, ...]]
    rules: tuple[Rule, ...]

    def reading(self, context: Context, place: int) -> str:
        """Return the name of the reading that is meant at a place of a sentence."""
        for rule in self.rules:
            if all(context.holds(condition, place) for condition in rule.conditions):
                return rule.reading
        return next(iter(self.readings))


def read_table(text: str) -> dict[str, Homograph]:
    """Return the homographs of a table by word; its form is described at the head of ``homographs.txt``.

    Nouns that are verbs too get their forms with -s.
    """
    table: dict[str, Homograph] = {}
    for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n|^\s*\n", "", text).strip()):
        first, *rest = block.split("\n")
        if "=" in first:
            word, _, both = first.partition("=")
            noun, verb = (tuple(phones.split()) for phones in both.split("/"))
            for suffix in ("", "s"):
                readings = {"noun": _with_s(noun), "verb": _with_s(verb)} if suffix else {"noun": noun, "verb": verb}
                spelling = _plural(word.strip()) if suffix else word.strip()
                table[spelling] = Homograph(spelling, readings, (Rule("verb", ("verb",)), Rule("noun")))
        else:
            word = first.strip()
            named = (line.split(":", 1) for line in rest if not line.lstrip().startswith("->"))
            rules = (line.replace("->", "").split() for line in rest if line.lstrip().startswith("->"))
            table[word] = Homograph(
                word,
                {name.strip(): tuple(phones.split()) for name, phones in named},
                tuple(Rule(name, tuple(conditions)) for name, *conditions in rules),
            )
    return table


def _plural(word: str) -> str:
    if word.endswith(("s", "sh", "ch", "x")):
        return word + "es"
    return word[:-1] + "ies" if re.search("[^aeiou]y$", word) else word + "s"


def _with_s(phones: tuple[str, ...]) -> tuple[str, ...]:
    if phones[-1] in ("S", "Z", "SH", "CH", "JH", "ZH"):
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1] in ("P", "T", "K", "F", "TH") else "Z")


@lru_cache(maxsize=1)
def english_homographs() -> dict[str, Homograph]:
    """Return the table that ships with the product."""
    return read_table((files("tts.text.english") / "homographs.txt").read_text(encoding="utf-8"))


def resolve(words: Sequence[Word], given: Collection[int] = ()) -> list[Word]:
    """Return the words with the homographs among them as the context asks; those at the places ``given`` stay.

    A word whose phones are a reading already, but for vowels without stress, stays as it is. Breaks stay.
    """
    table = english_homographs()
    resolved = list(words)
    start = 0
    for end, word in enumerate(words, 1):
        if word.break_after != "major" and end < len(words):
            continue
        part = words[start:end]
        wanted = [place for place in range(start, end) if place not in given and words[place].text.lower() in table]
        if wanted:
            context, places = _context(part)
            for place in wanted:
                homograph = table[words[place].text.lower()]
                phones = homograph.readings[homograph.reading(context, places[place - start])]
                resolved[place] = _said(words[place], phones)
        start = end
    return resolved


def _context(words: Sequence[Word]) -> tuple[Context, list[int]]:
    """Return the context of one sentence and the place of every word in it, breaks being signs between."""
    tokens: list[str] = []
    places = []
    for word in words:
        places.append(len(tokens))
        tokens.append(word.text)
        if word.break_after:
            tokens.append("," if word.break_after == "minor" else ".")
    if tokens[-1] != ".":
        tokens.append(".")
    return Context.of(tokens), places


def _said(word: Word, names: tuple[str, ...]) -> Word:
    syllables = syllabify(to_marked_ipa(names), _LANGUAGE)
    return word if same_sound(word.syllables, syllables) else replace(word, syllables=syllables)


def same_sound(first: Sequence[Syllable], second: Sequence[Syllable]) -> bool:
    """Whether two words have the same phones and main stress, but for vowels that weaken where there is no stress."""
    return _outline(first) == _outline(second)


def _outline(syllables: Sequence[Syllable]) -> tuple[tuple[str, ...], ...]:
    """Return the phones with vowels that weaken made alike, and where the main stress is."""
    return tuple(
        (
            "ˈ" if syllable.stress == 1 and len(syllables) > 1 else "",
            *(p if syllable.stress == 1 else _WEAK.get(p, p) for p in syllable.phones),
        )
        for syllable in syllables
    )


_WEAK: Final = dict.fromkeys(("ə", "ɪ", "ɛ", "ʌ", "ᵻ", "ɨ"), "ə")
