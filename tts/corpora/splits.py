"""Which utterances train, which validate, which test: by rule, seeded, and disjoint in id and in text.

A rule is ``rest`` (everything not yet taken) or a mapping with exactly one key:

    ids: [a0001, a0002]                 these utterances
    file: test.txt                      one id a line, path relative to the recipe
    prefix: arctic_b                    ids that start so; also a list
    range: [arctic_b0474, arctic_b0539] from the first to the last id, both included; also a list of ranges
    count: 66                           as many, chosen at random by the seed

or ``auto``: a count that follows from the number of sentences (:func:`usual_count`).

Ids are ordered as people count: ``utt_9`` before ``utt_10``. Rules are applied to test, then validation, then train, each to
what is left; so ``train: rest`` is what neither of the others took.

In a corpus of several speakers the ids of the rules are those without the speaker's name: a sentence that several have read
falls in the same split for all of them, and ``count`` counts sentences.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError
from tts.corpora.problems import Problem
from tts.corpora.types import Utterance

Rule = str | Mapping[str, Any]

ORDER = ("test", "validation", "train")


class EmptySplit(UsageError):
    """The rule of a split selects nothing of what is left: it is wrong, or too much was left out before."""


@dataclass(frozen=True)
class Splits:
    """The ids of every split, in counting order."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def to_dict(self) -> dict[str, list[str]]:
        """Return plain JSON-able data; :meth:`from_dict` is its inverse."""
        return {name: list(ids) for name, ids in asdict(self).items()}

    @staticmethod
    def from_dict(data: Mapping[str, Sequence[str]]) -> Splits:
        """Rebuild from :meth:`to_dict`; a missing key raises ``KeyError``."""
        return Splits(tuple(data["train"]), tuple(data["validation"]), tuple(data["test"]))


def make_splits(
    utterances: Iterable[Utterance],
    rules: Mapping[str, Rule],
    *,
    seed: int = 0,
    folder: Path = Path(),
    limit: Mapping[str, int] | None = None,
) -> tuple[Splits, list[Problem]]:
    """Apply the rules of ``test``, ``validation`` and ``train`` to ``utterances``, whose order does not matter.

    Utterances that say the same (see :func:`same_text`) as one of an earlier split are left out of a later one and reported,
    as are ids that a rule, or an end of its range, names in vain. ``folder`` is where the paths of ``file`` rules start.
    ``limit`` keeps of a speaker's training utterances that many, chosen by the seed: the same sentences for every speaker who
    has them, and a smaller choice is part of a larger one. Raises :class:`UsageError` for a rule that cannot be understood or
    selects nothing, :class:`TtsError` where there are fewer than a count or a limit asks for.
    """
    if unknown := set(rules) ^ set(ORDER):
        raise UsageError(f"splits: expected exactly test, validation and train; check {', '.join(sorted(unknown))}")
    readings: dict[str, list[Utterance]] = {}  # by sentence
    for utterance in utterances:
        readings.setdefault(utterance.sentence, []).append(utterance)
    for read in readings.values():
        read.sort(key=lambda utterance: counting_order(utterance.id))
    text_of = {utterance.id: same_text(utterance.text) for read in readings.values() for utterance in read}
    left = sorted(readings, key=counting_order)
    taken: dict[str, tuple[str, str]] = {}  # text: the split and utterance that has it
    chosen: dict[str, list[Utterance]] = {}
    problems: list[Problem] = []
    for split in ORDER:
        fresh = [id for id in left if any(text_of[utterance.id] not in taken for utterance in readings[id])]
        rule = {"count": usual_count(len(readings))} if rules[split] == "auto" else rules[split]
        wanted = _select(split, rule, left, fresh, seed, folder)
        selected = set(wanted) & set(left)
        for id in wanted:
            if id not in readings:
                message = f"the rule of {split} names it, but the corpus has no such usable utterance"
                problems.append(Problem(id, "unknown_id", message, split, "warning"))
            elif id not in selected:
                message = f"the rule of {split} names it, but an earlier split's rule did too"
                problems.append(Problem(id, "taken", message, split, "warning"))
        for end in _ends(rules[split]):
            if end not in readings:
                message = f"the range of {split} begins or ends there, but the corpus has no such usable utterance"
                problems.append(Problem(end, "unknown_id", message, split, "warning"))
        chosen[split] = []
        for utterance in (utterance for id in left if id in selected for utterance in readings[id]):
            if (twin := taken.get(text_of[utterance.id])) is None:
                chosen[split].append(utterance)
            else:
                message = f"says the same as {twin[1]} of {twin[0]}; left out of {split}"
                problems.append(Problem(utterance.id, "same_text", message, split))
        if not chosen[split]:
            raise EmptySplit(f"splits: {split}: the rule {rules[split]!r} selects none of the {len(left)} utterances left")
        left = [id for id in left if id not in selected]
        for utterance in chosen[split]:
            taken.setdefault(text_of[utterance.id], (split, utterance.id))
    for speaker, count in (limit or {}).items():
        chosen["train"] = _limited(chosen["train"], speaker, count, seed)
    return Splits(**{split: tuple(utterance.id for utterance in found) for split, found in chosen.items()}), problems


def usual_count(sentences: int) -> int:
    """Return how many of a corpus's sentences ``auto`` takes for test, and for validation.

    A sixteenth, at least 10 where those are no more than an eighth, at most 66, at least one: 66 of 1132, 10 of 100, 2 of 16.
    """
    return max(1, min(66, max(sentences // 16, min(10, sentences // 8))))


def _limited(train: Sequence[Utterance], speaker: str, count: int, seed: int) -> list[Utterance]:
    """Keep ``count`` of a speaker's utterances, chosen by the rank of their sentence."""
    own = [utterance.sentence for utterance in train if utterance.speaker == speaker]
    if count > len(own):
        raise TtsError(f"split.limit.{speaker}: is {count}, only {len(own)} of the training utterances are this speaker's")
    kept = set(_ranked(own, "limit", seed)[:count])
    return [utterance for utterance in train if utterance.speaker != speaker or utterance.sentence in kept]


def _select(split: str, rule: Rule, left: Sequence[str], fresh: Sequence[str], seed: int, folder: Path) -> Sequence[str]:
    """Return the ids that a rule names; ``left`` are those not yet taken, ``fresh`` those that also say something new."""
    if rule == "rest":
        return left
    match dict(rule) if isinstance(rule, Mapping) else rule:
        case {"ids": [*ids], **others} if not others:
            return [str(id) for id in ids]
        case {"file": str(name), **others} if not others:
            return _listed(split, folder / name)
        case {"prefix": str(prefix), **others} if not others:
            return [id for id in left if id.startswith(prefix)]
        case {"prefix": [*prefixes], **others} if not others and all(isinstance(p, str) for p in prefixes):
            return [id for id in left if id.startswith(tuple(prefixes))]
        case {"range": [str(first), str(last)], **others} if not others:
            return _range(split, first, last, left)
        case {"range": [[_, _], *_] as ranges, **others} if not others and all(len(pair) == 2 for pair in ranges):
            return [id for first, last in ranges for id in _range(split, str(first), str(last), left)]
        case {"count": int(count), **others} if not others and count > 0 and not isinstance(count, bool):
            return _random(split, count, fresh, seed)
    raise UsageError(
        f"splits: {split}: {rule!r} is not a rule; expected rest, auto or one of "
        "{ids: [...]}, {file: PATH}, {prefix: TEXT}, {range: [FIRST, LAST]}, {count: N}"
    )


def _listed(split: str, path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"splits: {split}: {path}: the list of ids cannot be read ({error})") from None
    return [line.strip() for line in lines if line.strip()]


def _range(split: str, first: str, last: str, left: Sequence[str]) -> list[str]:
    low, high = _counting_parts(first), _counting_parts(last)
    if low > high:
        raise UsageError(f"splits: {split}: the range [{first}, {last}] runs backwards; swap its ends")
    return [id for id in left if low <= _counting_parts(id) <= high]


def _ends(rule: Rule) -> list[str]:
    """Return the ids at which the ranges of a rule that was understood begin and end."""
    match dict(rule) if isinstance(rule, Mapping) else rule:
        case {"range": [str(first), str(last)]}:
            return [first, last]
        case {"range": [*ranges]}:
            return [str(end) for pair in ranges for end in pair]
    return []


def _random(split: str, count: int, fresh: Sequence[str], seed: int) -> list[str]:
    if count > len(fresh):
        raise TtsError(f"splits: {split}: count is {count}, only {len(fresh)} utterances with a text of their own are left")
    return _ranked(fresh, split, seed)[:count]


def _ranked(ids: Sequence[str], purpose: str, seed: int) -> list[str]:
    """Shuffle by a digest, so that one id more or less in the corpus changes one in the choice of the first few at most."""
    return sorted(ids, key=lambda id: hashlib.sha256(f"{seed}\0{purpose}\0{id}".encode()).digest())


def same_text(text: str) -> str:
    """Return ``text`` without case, punctuation and runs of spaces: two utterances with equal answers say the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain).split()
    return " ".join(words) or text  # a text of symbols alone stays itself


def counting_order(id: str) -> tuple[list[str | int], str]:
    """Return a sort key that orders runs of digits by value."""
    return _counting_parts(id), id


def _counting_parts(id: str) -> list[str | int]:
    # Text and digits alternate, text first, so that equal places always hold the same type.
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", id))]
