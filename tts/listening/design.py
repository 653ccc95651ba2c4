"""What a listening test asks: its kinds, sentences and stimuli, under names that say nothing about who spoke."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

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
class DesignOptions:
    """What is asked for.

    ``reference`` names the system with natural speech: it is the MUSHRA reference, is rated in MOS and left out of AB.
    ``anchor`` names a system to use as MUSHRA anchor instead of the low-passed reference; it is in no other kind. AB
    compares all pairs, or with ``baseline`` that system with each other, leaving out ``exclude_from_ab``. ``sentences`` are
    drawn with ``seed`` from those that all systems have (None: all). ``minimum`` is how many seconds of a stimulus must be
    heard before it may be rated, by default all of it.
    """

    kinds: tuple[str, ...] = KINDS
    reference: str | None = None
    anchor: str | None = None
    baseline: str | None = None
    exclude_from_ab: tuple[str, ...] = ()
    sentences: int | None = None
    seed: int = 0
    title: str = "Listening test"
    consent: str = CONSENT
    fields: tuple[Field, ...] = FIELDS
    minimum: float | None = None


@dataclass(frozen=True)
class Trial:
    """What is asked at once: a sentence's number (``item``) and its stimuli; of AB the pair's, of MUSHRA the reference."""

    item: int
    stimuli: tuple[str, ...]
    pair: int | None = None
    reference: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Design:
    """A listening test before it is written down.

    ``sounds`` maps an opaque id such as ``s007`` to mono samples at ``sample_rate`` Hz, all of one ``loudness`` in LUFS;
    ``names`` maps the id to its (system, sentence). ``trials`` lists by kind what is asked: ``mos`` one entry a sentence with
    all its stimuli, ``ab`` one a sentence and pair, ``mushra`` one a sentence with its stimuli, hidden reference and anchor
    among them, and the open reference. Neither ids nor their order say which system a stimulus is from.
    """

    options: DesignOptions
    test_id: str
    sample_rate: int
    loudness: float
    sounds: Mapping[str, np.ndarray]
    names: Mapping[str, tuple[str, str]]
    trials: Mapping[str, Sequence[Trial]]
    practice: Sequence[str]

    @property
    def minutes(self) -> int:
        """Roughly how long a listener needs: everything heard once and a half, and five seconds a rating."""
        seconds = ratings = 0.0
        for trials in self.trials.values():
            for trial in trials:
                seconds += sum(len(self.sounds[name]) / self.sample_rate for name in trial.stimuli)
                ratings += len(trial.stimuli)
        return max(1, round((1.5 * seconds + 5.0 * ratings) / 60.0) + 1)


def design_test(stimuli: Files, options: DesignOptions) -> Design:
    """Draw sentences, match levels, make the anchor, and decide what is compared.

    Raises :class:`UsageError` for a request that makes no test.
    """
    options = replace(options, kinds=tuple(dict.fromkeys(options.kinds)))
    rated = _check(options, stimuli)
    chosen = choose_sentences(stimuli, options.sentences, options.seed)
    sounds, rate, level = _matched(stimuli, chosen, options)
    rng = np.random.default_rng(options.seed)
    conditions = list(dict.fromkeys(system for system, _ in sounds))
    conditions = [conditions[index] for index in rng.permutation(len(conditions))]  # so that order says nothing
    items = [chosen[index] for index in rng.permutation(len(chosen))]
    numbers = iter(rng.permutation(len(conditions) * len(items)))
    ids = {(system, item): f"s{next(numbers):03d}" for item in items for system in conditions}
    trials = _trials(options, conditions, rated, items, ids)
    asked = [trial for group in trials.values() for trial in group]
    used = {name for trial in asked for name in (*trial.stimuli, *filter(None, [trial.reference]))}
    named = {name: what for what, name in ids.items() if name in used}
    design = Design(
        options=options,
        test_id="",
        sample_rate=rate,
        loudness=level,
        sounds={name: sounds[what] for name, what in sorted(named.items())},
        names={name: (ANCHOR if system == options.anchor else system, item) for name, (system, item) in named.items()},
        trials=trials,
        practice=[ids[name, items[0]] for name in conditions if ids[name, items[0]] in used],
    )
    return replace(design, test_id=_test_id(design))


def _matched(
    stimuli: Files, sentences: Sequence[str], options: DesignOptions
) -> tuple[dict[tuple[str, str], np.ndarray], int, float]:
    """Return the sounds by system and sentence at one level, an anchor among them where MUSHRA needs it; rate and level."""
    sounds, rate = read_stimuli(stimuli, sentences)
    matched, level = match_levels({f"{system}/{sentence}": sound for (system, sentence), sound in sounds.items()}, rate)
    found = {what: matched[f"{what[0]}/{what[1]}"] for what in sounds}
    if "mushra" in options.kinds and options.anchor is None:
        for sentence in sentences:
            found[ANCHOR, sentence] = low_pass_anchor(found[str(options.reference), sentence], rate)
    return found, rate, level


def _trials(
    options: DesignOptions,
    conditions: Sequence[str],
    rated: Collection[str],
    items: Sequence[str],
    ids: Mapping[tuple[str, str], str],
) -> dict[str, list[Trial]]:
    """Return what is asked, by kind."""
    absolute = [name for name in conditions if name in rated or name == options.reference]
    compared = [name for name in conditions if name in rated and name not in options.exclude_from_ab]
    pairs = [pair for pair in combinations(compared, 2) if options.baseline is None or options.baseline in pair]

    def stimuli(names: Sequence[str], item: str) -> tuple[str, ...]:
        return tuple(ids[name, item] for name in names)

    places = list(enumerate(items))
    trials = {
        "mos": [Trial(i, stimuli(absolute, item)) for i, item in places],
        "ab": [Trial(i, stimuli(pair, item), pair=p) for i, item in places for p, pair in enumerate(pairs)],
        "mushra": [
            Trial(i, stimuli(conditions, item), reference=ids.get((str(options.reference), item))) for i, item in places
        ],
    }
    return {kind: trials[kind] for kind in options.kinds}


def condition_name(system: str, reference: str | None) -> str:
    """Return what MUSHRA results call a system: the natural one is ``reference`` there, as in webMUSHRA."""
    return REFERENCE if system == reference else system


def reference_of(design: Design) -> str | None:
    """Return the system that is the MUSHRA reference, or ``None`` in a test without MUSHRA."""
    return design.options.reference if design.trials.get("mushra") else None


def _check(options: DesignOptions, stimuli: Files) -> list[str]:
    """Return the systems that are rated: all but reference and anchor. Raise for a request that makes no test."""
    for name in ("reference", "anchor", "baseline"):
        value = getattr(options, name)
        if value is not None and value not in stimuli:
            raise UsageError(f"{name} {value}: not among the systems {', '.join(stimuli)}")
    rated = [system for system in stimuli if system not in (options.reference, options.anchor)]
    _check_kinds(options.kinds, rated, options.reference)
    odd = [name for name in stimuli if not re.fullmatch(r"[\w.+-][\w.+ -]*", name)]
    if odd:
        raise UsageError(f"{odd[0]!r}: a system's name is letters, digits, spaces and . + - _")
    _check_texts(options.fields, options.minimum)
    return rated


def _check_kinds(kinds: Sequence[str], rated: Sequence[str], reference: str | None) -> None:
    if not kinds or set(kinds) - set(KINDS):
        raise UsageError(f"kinds {','.join(kinds) or '(none)'}: choose from {', '.join(KINDS)}")
    if "ab" in kinds and len(rated) < 2:
        raise UsageError(f"an AB test needs two systems beside the reference, not {', '.join(rated) or 'none'}; leave ab out")
    if not rated:
        raise UsageError("a listening test needs a system beside the reference and the anchor")
    if "mushra" not in kinds:
        return
    if reference is None:
        raise UsageError(
            "a MUSHRA test needs natural speech as reference; name its system with --reference, or leave mushra out"
        )
    if len(rated) + 2 > MOST_CONDITIONS:
        raise UsageError(f"a MUSHRA trial holds at most {MOST_CONDITIONS} stimuli; choose fewer than {len(rated)} systems")
    reserved = {REFERENCE, ANCHOR} & set(rated)
    if reserved:
        raise UsageError(f"{reserved.pop()}: MUSHRA results use this name themselves; rename the system")


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


def _test_id(design: Design) -> str:
    """Name the test after its title and everything in it, so that results of another test are never mixed in."""
    words = "-".join(re.findall(r"[a-z0-9]+", design.options.title.lower()))[:40] or "test"
    content = [
        [name, *design.names[name], len(sound), float(np.round(sound.sum(), 6))] for name, sound in design.sounds.items()
    ]
    return f"{words}-{fingerprint(design.options.kinds, design.options.seed, content)[:8]}"
