"""What ``tts new`` cannot see: stated by options, checked before anything is measured, guessed and confirmed, or asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from tts.cli.interview import Question
from tts.cli.options import words
from tts.core.errors import UsageError
from tts.core.grid import MAX_RATE, MIN_RATE
from tts.corpora.draft.licence import NOT_STATED, stated_licence
from tts.recipe.names import EngineName, check_name

if TYPE_CHECKING:
    from tts.corpora.draft.draft import Answers
    from tts.corpora.draft.language import LanguageGuess
    from tts.corpora.draft.recognise import Recognised
    from tts.corpora.draft.survey import Survey

ALL = "all"
_FREE_ENGINES = ("letters", "lexicon", "phones")  # that read any language
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What options say; None where they say nothing. ``rate`` in Hz."""

    name: str
    speaker: str | None
    language: str | None
    engine: str | None
    lexicon: str | None
    licence: str | None
    consent: str | None
    source: str | None
    rate: int | None


@dataclass(frozen=True)
class Front:
    """A language as the front end calls it, the engine that reads it, its English name, and what must be installed for it."""

    tag: str
    engine: str
    name: str = ""
    install: str = ""

    def __str__(self) -> str:
        named = f" ({self.name})" if self.name else ""
        missing = f", which needs {self.install}" if self.install else ""
        return f"{self.tag}{named}, read by {self.engine}{missing}"


def check_stated(stated: Stated) -> Stated:
    """Return what options say with the licence in its own spelling; what cannot be raises :class:`UsageError` at once."""
    try:
        check_name(stated.name)
    except ValueError as error:
        raise UsageError(f"--name {stated.name}: {error}") from None
    if stated.rate is not None and not MIN_RATE <= stated.rate <= MAX_RATE:
        raise UsageError(f"--rate {stated.rate}: expected {MIN_RATE} to {MAX_RATE} Hz")
    if stated.engine is not None and stated.engine not in get_args(EngineName):
        raise UsageError(f"--engine {stated.engine}: expected one of {', '.join(get_args(EngineName))}")
    if (stated.engine == "lexicon") != (stated.lexicon is not None) and stated.engine in _FREE_ENGINES:
        raise UsageError("--engine lexicon and --lexicon FILE belong together")
    if stated.engine in _FREE_ENGINES and not stated.language:
        raise UsageError(f"--engine {stated.engine}: name the language too, with --language")
    if stated.language:
        front_end(stated.language, stated.engine)
    check_consent(stated.consent or "")
    licence = stated_licence(stated.licence) if stated.licence else None
    return Stated(**{**vars(stated), "licence": licence})


def check_consent(text: str) -> None:
    """Raise :class:`UsageError` for an answer that refuses."""
    if text.strip().casefold() in ("no", "n", "none", "refused"):
        raise UsageError("without the speaker's agreement no voice should be made; nothing was written")


def front_end(language: str, engine: str | None = None) -> Front:
    """Return how a language is read, by ``engine`` if it is named; raises :class:`UsageError` where it cannot be.

    espeak-ng is taken only where nothing else reads the language.
    """
    from tts.text.languages import language_support, supported_languages

    if engine in _FREE_ENGINES:
        if not _LANGUAGE_TAG.fullmatch(language):
            raise UsageError(f"{language!r} is no tag of a language, such as gsw or en-gb")
        return Front(language.lower().replace("_", "-"), engine)
    try:
        entries = language_support(language, supported_languages())
    except UsageError:
        raise UsageError(
            f"no engine pronounces {language!r}; `tts languages` lists those that are known; any other is read with --engine "
            "letters (every letter is a phone), or --engine lexicon --lexicon FILE (every word is in it)"
        ) from None
    plain = language.lower().replace("_", "-")
    chosen = [entry for entry in entries if plain in (entry.tag.lower(), entry.language.lower()) or "-" not in plain]
    if engine is not None:
        chosen = [entry for entry in entries if entry.engine == engine]
        if not chosen:
            others = ", ".join(dict.fromkeys(entry.engine for entry in entries))
            raise UsageError(f"--engine {engine}: does not read {language}; {others} does")
    best = next((entry for entry in chosen if entry.engine != "espeak"), (chosen or entries)[0])
    return Front(best.tag, best.engine, best.language, best.install)


def guessed_front(guess: LanguageGuess | None, engine: str | None) -> Front | None:
    """Return how the guessed language is read; by letters where nothing else reads it."""
    if guess is None:
        return None
    try:
        return front_end(guess.code, engine)
    except UsageError:
        return Front(guess.code, "letters")


def several_speakers(seen: Recognised) -> tuple[str, ...]:
    """Return the speakers that files or folders name, where they name more than one."""
    return seen.speakers if len(seen.speakers) > 1 else seen.folders if len(seen.folders) > 1 else ()


def questions_for(
    seen: Recognised, stated: Stated, guess: LanguageGuess | None, *, interactive: bool, yes: bool
) -> list[Question]:
    """Return what must be asked; with ``yes`` guesses count as confirmed.

    Raises :class:`UsageError` where nobody can be asked.
    """
    several = several_speakers(seen)
    guessed = guessed_front(guess, stated.engine)
    questions = []
    if not stated.language and not (yes and guessed):
        default = guessed.tag if guessed else None
        text = "language of the texts"
        questions.append(Question("language", text, default, check=lambda given: _check_language(given, guessed, stated)))
    if not stated.speaker and several and not yes:
        text = f"who speaks: {ALL} (the {len(several)} named above), names of some by commas, or one other name for them all"
        questions.append(Question("speaker", text, ALL, check=lambda given: check_speakers(given, several)))
    if not stated.licence:
        text = f"licence of the recordings, for example CC0-1.0, or own: WORDS{_hint(seen)}"
        questions.append(Question("licence", text, skipped=NOT_STATED, check=_check_licence))
    if not stated.consent:
        text = "does the speaker agree to a voice being made, and where is that written (or: I am the speaker)"
        questions.append(Question("consent", text, skipped=NOT_STATED, check=check_consent))
    if questions and not interactive:
        flags = " and ".join(f"--{question.name}" for question in questions)
        raise UsageError(f"{flags}: needed where nobody can be asked; --yes takes what was guessed")
    return questions


def _check_licence(given: str) -> None:
    stated_licence(given)


def _check_language(given: str, guessed: Front | None, stated: Stated) -> None:
    if guessed is None or given != guessed.tag:
        front_end(given, stated.engine)


def answers_to(
    seen: Recognised,
    measured: Survey,
    guess: LanguageGuess | None,
    stated: Stated,
    answered: dict[str, str],
) -> tuple[Answers, Front]:
    """Return what a folder cannot tell, from options and from ``answered`` questions, and how the language is read."""
    from tts.corpora.draft.draft import Answers, usual_rate

    several = several_speakers(seen)
    guessed = guessed_front(guess, stated.engine)
    language = stated.language or answered.get("language")
    front = guessed if guessed and language in (None, guessed.tag) else front_end(language or "", stated.engine)
    speaker = stated.speaker or answered.get("speaker") or (ALL if several else "")
    answers = Answers(
        name=stated.name,
        speakers=_speakers(speaker, several, seen, stated.name),
        language=front.tag,
        licence=stated_licence(stated.licence or answered.get("licence") or NOT_STATED),
        consent=stated.consent or answered.get("consent") or NOT_STATED,
        rate=stated.rate or usual_rate(measured),
        engine=front.engine,
        lexicon=stated.lexicon,
        source=stated.source or "",
    )
    return answers, front


def summary_lines(answers: Answers, front: Front, guess: LanguageGuess | None) -> list[str]:
    """Return what will stand in the recipe, and what looks wrong about it, for a person to confirm."""
    from tts.corpora.draft.language import doubted

    lines = [
        f"  name           {answers.name}",
        f"  speaker        {', '.join(answers.speakers)}",
        f"  language       {front}",
        f"  licence        {answers.licence}",
        f"  consent        {answers.consent}",
        f"  rate           {answers.rate} Hz",
    ]
    if guess is not None and doubted(front.tag, guess):
        lines.append(f"  note: {_doubt(front, guess)}")
    return lines


def check_language(front: Front, guess: LanguageGuess | None, *, confirmed: bool) -> None:
    """Raise :class:`UsageError` for a language that the texts are surely not in, unless it was ``confirmed`` on purpose."""
    from tts.corpora.draft.language import doubted

    if guess is not None and doubted(front.tag, guess) and not confirmed:
        raise UsageError(f"--language: {_doubt(front, guess)}; who means it says so with --engine {front.engine}")


def _doubt(front: Front, guess: LanguageGuess) -> str:
    return (
        f"the texts are in {guess.code} by {guess.groups} of {guess.of} groups of sentences, not in {front.name or front.tag}"
    )


def _hint(seen: Recognised) -> str:
    """Return a clause that quotes what a file of the folder says of the licence."""
    for path in sorted(seen.root.iterdir()):
        if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as stream:
                line = next((line.strip() for line in stream if line.strip()), "")
            return f" ({path.name} begins: {line[:60]})"
    return ""


def check_speakers(text: str, several: tuple[str, ...]) -> None:
    """Raise :class:`UsageError` for several names of which one is not among those that the files name."""
    names = words(text)
    unknown = [name for name in names if name not in several]
    if text != ALL and len(names) > 1 and unknown:
        raise UsageError(f"there is no speaker {unknown[0]}; there are {', '.join(several[:20])}")


def _speakers(text: str, several: tuple[str, ...], seen: Recognised, name: str) -> tuple[str, ...]:
    """Return the speakers that a recipe names."""
    check_speakers(text, several)
    chosen = several if text == ALL and several else words(text)
    if not chosen or chosen == (ALL,):
        known = seen.speakers or seen.folders
        chosen = known if len(known) == 1 and not known[0].isdigit() else (name,)
    for speaker in chosen if len(chosen) > 1 else ():
        try:
            check_name(speaker)
        except ValueError as error:
            raise UsageError(f"the speaker {speaker!r} cannot be named in a recipe: {error}; rename it in the corpus") from None
    return chosen
