"""Corpora that lhotse's recipes read: LibriTTS and LibriTTS-R, Hi-Fi TTS, L2-ARCTIC, AISHELL-3, Baker, DailyTalk.

Source: lhotse 1.33, ``lhotse.recipes``. Each is called and its manifests, which stay in memory, become utterances. What a
recipe returns otherwise than it says is set right here: AISHELL-3 has its two manifests under each other's name. Its errors (a
missing list, a recording that a list names and that is not there) are told with the recipe's name.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError
from tts.corpora.entries import Entry, check_root
from tts.corpora.lhotse_manifests import manifest_entries
from tts.corpora.scan import Scan
from tts.corpora.types import CorpusSource

LIBRITTS_PARTS = ("train-clean-100", "train-clean-360", "train-other-500", "dev-clean", "dev-other", "test-clean", "test-other")


@dataclass(frozen=True)
class Recipe:
    """A recipe of lhotse: ``function`` of ``lhotse.recipes``, and what of its answer is used.

    ``keys`` are those of the answer's parts to use, () for all. ``raw`` and ``normalised`` name entries of a supervision's
    ``custom`` that hold the text in another form; ``speaker`` is who speaks where the recipe does not say.
    """

    function: str
    keys: tuple[str, ...] = ()
    raw: str = ""
    normalised: str = ""
    speaker: str = ""
    takes_parts: bool = False


RECIPES = {
    "libritts": Recipe("prepare_libritts", raw="orig_text", takes_parts=True),
    "hifi-tts": Recipe("prepare_hifitts", normalised="text_punct"),
    "l2-arctic": Recipe("prepare_l2_arctic", keys=("read",)),
    "aishell3": Recipe("prepare_aishell3"),
    "baker": Recipe("prepare_baker_zh", normalised="normalized_text", speaker="baker"),
    "dailytalk": Recipe("prepare_daily_talk"),
}


def scanner(format: str) -> Callable[[Path, CorpusSource], Scan]:
    """Return the function that looks through a corpus of ``format`` by lhotse's recipe."""
    return partial(_scan, RECIPES[format])


def _scan(recipe: Recipe, root: Path, source: CorpusSource) -> Scan:
    check_root(root)
    options = {"dataset_parts": _parts(root, source.part)} if recipe.takes_parts else {}
    if source.part and not recipe.takes_parts:
        raise UsageError(f"corpus.part: {source.part}: this corpus is read as a whole; leave it out")
    place = f"lhotse.recipes.{recipe.function}({root})"
    by_speaker: dict[str, list[Entry]] = defaultdict(list)
    warnings = _Warnings()
    for recordings, supervisions in _manifests(recipe, root, place, options, warnings):
        dressed = (_dressed(recipe, supervision) for supervision in supervisions)
        for entry in manifest_entries(recordings, dressed, source.text_column, place):
            by_speaker[entry.speaker].append(entry)
    if not by_speaker:
        raise UsageError(f"{place} found no utterance; name the folder of the corpus with --corpus-root")
    return Scan(
        {name: partial(list, by_speaker[name]) for name in sorted(by_speaker)},
        (f"read by {place}", *warnings.notes),
        names_speakers=not recipe.speaker,
    )


def _parts(root: Path, part: str) -> list[str]:
    """Return the parts of LibriTTS to read: the one that is named, or all that are there."""
    there = [name for name in LIBRITTS_PARTS if (root / name).is_dir()]
    if part and part not in there:
        raise UsageError(f"{root}: has no part {part} ({', '.join(there) or 'nor another'}); see corpus.part")
    if not there:
        raise UsageError(f"{root}: holds none of {', '.join(LIBRITTS_PARTS)}; name the folder that does with --corpus-root")
    return [part] if part else there


def _manifests(
    recipe: Recipe, root: Path, place: str, options: Mapping[str, Any], warnings: _Warnings
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Call the recipe; yield recordings and supervisions of every part as plain data."""
    try:
        import lhotse
        from lhotse import recipes
    except ImportError:
        raise UsageError("this corpus is read by lhotse, which is not installed: pip install 'stacked-tts[corpora]'") from None
    try:
        with warnings:
            answer = getattr(recipes, recipe.function)(root, **options)
    except Exception as error:  # whatever it trips over: it checks little
        advice = "the corpus is not whole, or not in the layout that the recipe expects"
        raise TtsError(f"{place} stopped: {type(error).__name__}: {error}; {advice}") from error
    pairs = [answer] if isinstance(answer, tuple) or "recordings" in answer else list(answer.values())
    if recipe.keys:
        pairs = [answer[key] for key in recipe.keys]
    for pair in pairs:
        both = pair if isinstance(pair, tuple) else (pair["recordings"], pair["supervisions"])
        recordings, supervisions = both if isinstance(both[0], lhotse.RecordingSet) else both[::-1]
        yield list(recordings.to_dicts()), list(supervisions.to_dicts())


class _Warnings(logging.Handler):
    """What lhotse logs while it reads: the only word on what it passes over."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.messages.append(record.getMessage())

    def __enter__(self) -> None:
        logging.getLogger().addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    @property
    def notes(self) -> list[str]:
        """One line for the report; none where nothing was logged."""
        more = f" and {len(self.messages) - 3} more" if len(self.messages) > 3 else ""
        return [f"lhotse passed over: {'; '.join(self.messages[:3])}{more}"] if self.messages else []


def _dressed(recipe: Recipe, supervision: Mapping[str, Any]) -> dict[str, Any]:
    """Return a supervision whose texts and speaker stand where every recipe's should, its speaker's name without spaces."""
    custom = dict(supervision.get("custom") or {})
    text = supervision.get("text") or ""
    raw = str(custom.get(recipe.raw) or text) if recipe.raw else text
    normalised = str(custom.get(recipe.normalised) or "") if recipe.normalised else text
    speaker = "_".join(str(supervision.get("speaker") or recipe.speaker).split())
    return {**supervision, "text": raw, "speaker": speaker, "custom": {"normalized_text": normalised}}
