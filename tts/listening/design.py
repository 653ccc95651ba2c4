"""What a listening test asks: its kinds, sentences and stimuli, under names that say nothing about who spoke."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import cast

import numpy as np

from tts.core.errors import UsageError
from tts.core.files import fingerprint
from tts.listening.levels import low_pass_anchor, match_levels
from tts.listening.stimuli import Files, choose_sentences, read_stimuli

KINDS = ("mos", "ab", "mushra")
REFERENCE, ANCHOR = "reference", "anchor35"  # webMUSHRA's names of the two hidden conditions
MOST_CONDITIONS = 12  # BS.1534-3: more cannot be compared in one trial
CONSENT = (
    "You will hear short recordings of speech and say how they sound. Taking part is voluntary and you may stop at any time "
    "by closing this page. Nothing leaves your computer: your answers stay in this browser until you save them as files and "
    "hand those over yourself. They hold your ratings, how long each took, and what you fill in below."
)


@dataclass(frozen=True)
class Field:
    """A question about the listener: the CSV column ``name``, its ``label``, and what may be answered.

    ``kind`` is ``text``, ``number`` or ``choice`` (of ``choices``). Every answer is optional.
    """

    name: str
    label: str
    kind: str = "text"
    choices: tuple[str, ...] = ()


FIELDS = (
    Field("age", "Age", "number"),
    Field("headphones", "I am listening with", "choice", ("headphones", "earphones", "loudspeakers")),
    Field("native_language", "Native language"),
)
_TAKEN = {"listener", "session_test_id", "session_uuid", "trial_id"}


@dataclass(frozen=True)
class Design:
    """A listening test before it is written down.

    ``sounds`` maps an opaque id such as ``s007`` to mono samples at ``sample_rate`` Hz, all of one ``loudness`` in LUFS;
    ``names`` maps the id to its (system, sentence). ``trials`` lists by kind what is asked: ``mos`` one entry a sentence with
    all its stimuli, ``ab`` one a sentence and pair, ``mushra`` one a sentence with its stimuli, hidden reference and anchor
    among them, and the open reference. Neither ids nor their order say which system a stimulus is from.
    """

    title: str
    test_id: str
    seed: int
    kinds: tuple[str, ...]
    sample_rate: int
    loudness: float
    sounds: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[str, str]]
    trials: Mapping[str, Sequence[Mapping[str, object]]]
    practice: Sequence[str]
    consent: str = CONSENT
    fields: tuple[Field, ...] = FIELDS
    minimum: float | None = None

    @property
    def minutes(self) -> int:
        """Roughly how long a listener needs: everything heard once and a half, and five seconds a rating."""
        seconds = ratings = 0.0
        for trials in self.trials.values():
            for trial in trials:
                ids = _ids(trial)
                seconds += sum(len(self.sounds[name]) / self.sample_rate for name in ids)
                ratings += len(ids)
        return max(1, round((1.5 * seconds + 5.0 * ratings) / 60.0) + 1)


def design_test(
    stimuli: Files,
    *,
    kinds: Sequence[str] = KINDS,
    reference: str | None = None,
    anchor: str | None = None,
    baseline: str | None = None,
    exclude_from_ab: Sequence[str] = (),
    sentences: int | None = None,
    seed: int = 0,
    title: str = "Listening test",
    consent: str = CONSENT,
    fields: Sequence[Field] = FIELDS,
    minimum: float | None = None,
) -> Design:
    """Draw sentences, match levels, make the anchor, and decide what is compared.

    ``reference`` names the system with natural speech: it is the MUSHRA reference, is rated in MOS and left out of AB.
    ``anchor`` names a system to use as MUSHRA anchor instead of the low-passed reference; it is in no other kind. AB
    compares all pairs, or with ``baseline`` that system with each other, leaving out ``exclude_from_ab``. ``minimum`` is how
    many seconds of a stimulus must be heard before it may be rated, by default all of it. Raises :class:`UsageError` for a
    request that makes no test.
    """
    kinds = tuple(dict.fromkeys(kinds))
    for name, value in (("reference", reference), ("anchor", anchor), ("baseline", baseline)):
        if value is not None and value not in stimuli:
            raise UsageError(f"{name} {value}: not among the systems {', '.join(stimuli)}")
    rated = [system for system in stimuli if system not in (reference, anchor)]
    _check(kinds, rated, reference, stimuli)
    _check_texts(fields, minimum)
    chosen = choose_sentences(stimuli, sentences, seed)
    sounds, rate = read_stimuli(stimuli, chosen)
    matched, level = match_levels({f"{system}/{sentence}": sound for (system, sentence), sound in sounds.items()}, rate)
    conditions = list(stimuli)
    if "mushra" in kinds and anchor is None:
        conditions.append(ANCHOR)
        for sentence in chosen:
            matched[f"{ANCHOR}/{sentence}"] = low_pass_anchor(matched[f"{reference}/{sentence}"], rate)
    rng = np.random.default_rng(seed)
    conditions = [conditions[index] for index in rng.permutation(len(conditions))]  # so that order says nothing
    items = [chosen[index] for index in rng.permutation(len(chosen))]
    numbers = iter(rng.permutation(len(conditions) * len(items)))
    ids = {(system, item): f"s{next(numbers):03d}" for item in items for system in conditions}
    absolute = [name for name in conditions if name in rated or name == reference]
    compared = [name for name in conditions if name in rated and name not in exclude_from_ab]
    pairs = [pair for pair in combinations(compared, 2) if baseline is None or baseline in pair]
    hidden = [name for name in conditions if "mushra" in kinds]
    trials: dict[str, list[dict[str, object]]] = {
        "mos": [{"item": i, "stimuli": [ids[name, item] for name in absolute]} for i, item in enumerate(items)],
        "ab": [
            {"item": i, "pair": p, "stimuli": [ids[name, item] for name in pair]}
            for i, item in enumerate(items)
            for p, pair in enumerate(pairs)
        ],
        "mushra": [
            {"item": i, "reference": ids.get((str(reference), item)), "stimuli": [ids[name, item] for name in hidden]}
            for i, item in enumerate(items)
        ],
    }
    trials = {kind: trials[kind] for kind in kinds}
    used = {
        str(name) for asked in trials.values() for trial in asked for name in (*_ids(trial), trial.get("reference")) if name
    }
    design = Design(
        title=title,
        test_id="",
        seed=seed,
        kinds=kinds,
        sample_rate=rate,
        loudness=level,
        sounds={name: matched[f"{system}/{item}"] for name, (system, item) in sorted(_inverse(ids).items()) if name in used},
        names={
            name: (ANCHOR if system == anchor else system, item)
            for name, (system, item) in _inverse(ids).items()
            if name in used
        },
        trials=trials,
        practice=[ids[name, items[0]] for name in conditions if ids[name, items[0]] in used],
        consent=consent,
        fields=tuple(fields),
        minimum=minimum,
    )
    return replace(design, test_id=_test_id(design))


def condition_name(system: str, reference: str | None) -> str:
    """Return what MUSHRA results call a system: the natural one is ``reference`` there, as in webMUSHRA."""
    return REFERENCE if system == reference else system


def reference_of(design: Design) -> str | None:
    """Return the system that is the MUSHRA reference, or ``None`` in a test without MUSHRA."""
    trials = design.trials.get("mushra")
    return design.names[str(trials[0]["reference"])][0] if trials else None


def _check(kinds: Sequence[str], rated: Sequence[str], reference: str | None, stimuli: Files) -> None:
    if not kinds or set(kinds) - set(KINDS):
        raise UsageError(f"kinds {','.join(kinds) or '(none)'}: choose from {', '.join(KINDS)}")
    if "ab" in kinds and len(rated) < 2:
        raise UsageError(f"an AB test needs two systems beside the reference, not {', '.join(rated) or 'none'}; leave ab out")
    if not rated:
        raise UsageError("a listening test needs a system beside the reference and the anchor")
    if "mushra" in kinds and reference is None:
        raise UsageError(
            "a MUSHRA test needs natural speech as reference; name its system with --reference, or leave mushra out"
        )
    if "mushra" in kinds and len(rated) + 2 > MOST_CONDITIONS:
        raise UsageError(f"a MUSHRA trial holds at most {MOST_CONDITIONS} stimuli; choose fewer than {len(rated)} systems")
    reserved = {REFERENCE, ANCHOR} & set(rated)
    if "mushra" in kinds and reserved:
        raise UsageError(f"{reserved.pop()}: MUSHRA results use this name themselves; rename the system")
    odd = [name for name in stimuli if not re.fullmatch(r"[\w.+-][\w.+ -]*", name)]
    if odd:
        raise UsageError(f"{odd[0]!r}: a system's name is letters, digits, spaces and . + - _")


def _check_texts(fields: Sequence[Field], minimum: float | None) -> None:
    for field in fields:
        if (
            not re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
            or field.name in _TAKEN
            or re.match(r"(rating|choice|stimuli)", field.name)
        ):
            raise UsageError(f"{field.name!r}: not free as a participant field; use small letters, digits and _")
        if field.kind not in ("text", "number", "choice") or (field.kind == "choice") != bool(field.choices):
            raise UsageError(f"participant field {field.name}: its kind is text, number, or choice with choices")
    if minimum is not None and not minimum > 0.0:
        raise UsageError(f"a minimum listening time of {minimum} s: it must be above 0")


def _ids(trial: Mapping[str, object]) -> list[str]:
    return [str(name) for name in cast(Sequence[str], trial["stimuli"])]


def _inverse(ids: Mapping[tuple[str, str], str]) -> dict[str, tuple[str, str]]:
    return {name: what for what, name in ids.items()}


def _test_id(design: Design) -> str:
    """Name the test after its title and everything in it, so that results of another test are never mixed in."""
    words = "-".join(re.findall(r"[a-z0-9]+", design.title.lower()))[:40] or "test"
    content = [
        [name, *design.names[name], len(sound), float(np.round(sound.sum(), 6))] for name, sound in design.sounds.items()
    ]
    return f"{words}-{fingerprint(design.kinds, design.seed, content)[:8]}"
