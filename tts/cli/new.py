"""``tts new``: from a folder of recordings that nobody has described to a recipe."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.interview import Question, ask
from tts.cli.options import words
from tts.cli.output import say
from tts.core.errors import TtsError, UsageError

if TYPE_CHECKING:
    from tts.corpora.draft.draft import Answers, Draft
    from tts.corpora.draft.language import LanguageGuess
    from tts.corpora.draft.recognise import Recognised
    from tts.corpora.draft.survey import Survey
    from tts.recipe.corpus import CorpusPart

NOT_STATED = "not stated"
ALL = "all"
Text = str | None


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("new")(new_recipe)


def new_recipe(
    folder: Annotated[Path, typer.Argument(help="A folder with recordings and their texts, in whatever layout.")],
    name: Annotated[Text, typer.Option("--name", help="Name of the recipe [default: the folder's].")] = None,
    speaker: Annotated[
        Text, typer.Option("--speaker", help="Who speaks; several by commas, or `all` that the files name.", metavar="NAME")
    ] = None,
    language: Annotated[
        Text, typer.Option("--language", help="Language of the texts, as `tts languages` calls it.", metavar="TAG")
    ] = None,
    licence: Annotated[Text, typer.Option("--licence", "--license", help="Licence of the recordings, as CC0-1.0.")] = None,
    consent: Annotated[
        Text, typer.Option("--consent", help="The speaker's agreement to a voice, in words; the voice's card states it.")
    ] = None,
    source: Annotated[Text, typer.Option("--source", help="Where the recordings come from.")] = None,
    rate: Annotated[
        int | None,
        typer.Option("--rate", help="Rate of the voice in Hz [default: that of the recordings, halved above 32 kHz]."),
    ] = None,
    audio: Annotated[
        Text, typer.Option("--audio", help="Folder of the recordings, where they lie elsewhere than the texts.", metavar="DIR")
    ] = None,
    file: Annotated[
        Text, typer.Option("--file", help="File in the folder that lists the utterances, where there are several.")
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Set the suggested cleaning, not as a comment.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The recipe to write [default: NAME.yaml].")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take what was recognised and guessed; ask only for the rest.")
    ] = False,
) -> None:
    """Make a recipe of a folder by looking at it, asking only what cannot be seen: licence, consent, the language confirmed."""
    from tts.corpora.draft.draft import Draft, usual_name
    from tts.corpora.draft.language import guess_language
    from tts.corpora.draft.recognise import recognise
    from tts.corpora.draft.report import layout_lines, survey_lines
    from tts.corpora.draft.survey import survey

    interactive = sys.stdin.isatty()
    given = {"licence": licence, "consent": consent}
    if not interactive and (missing := [f"--{key}" for key, value in given.items() if not value]):
        raise UsageError(
            f"{' and '.join(missing)}: needed where nobody can be asked; nothing else can know them (`{NOT_STATED}` says so)"
        )
    _check_consent(consent or "")
    path = _new_file(out or Path(f"{name or usual_name(folder)}.yaml"))
    recognised = recognise(folder, audio, file)
    seen = recognised[0]
    say("\n".join(layout_lines(recognised)))
    measured = survey(seen.recordings)
    say("recordings")
    say("\n".join(survey_lines(measured)))
    guess = guess_language(seen.texts)
    say(_guess_line(guess))
    answers = _answers(
        seen,
        measured,
        guess,
        {"name": name or usual_name(folder), "speaker": speaker, "language": language, "source": source, **given},
        rate,
        interactive=interactive,
        confirmed=yes,
    )
    draft = Draft(path=path, recognised=seen, survey=measured, answers=answers, audio=audio, clean=clean)
    _write(draft)
    say(f"\n{path}:\n\n{draft.text()}")
    recipe = shlex.quote(str(path))
    say(f"next: tts prepare {recipe}\n      tts train {recipe} --system single")


def _new_file(path: Path) -> Path:
    """Return ``path`` if nothing is there yet."""
    if path.exists():
        raise UsageError(f"{path}: is there already and is not written over; name another file with --out")
    return path if path.suffix in (".yaml", ".yml") else path / "recipe.yaml" if path.suffix == "" else path


def _check_consent(text: str) -> None:
    if text.strip().casefold() in ("no", "n", "none", "refused"):
        raise UsageError("without the speaker's agreement no voice should be made; nothing was written")


def _guess_line(guess: LanguageGuess | None) -> str:
    if guess is None:
        return "language: too little text to tell"
    second = f"; the others are rather {guess.second}" if guess.second else ""
    return f"language: {guess.code}, by {guess.groups} of {guess.of} groups of sentences{second} (a dialect cannot be told)"


def _answers(
    seen: Recognised,
    measured: Survey,
    guess: LanguageGuess | None,
    given: dict[str, str | None],
    rate: int | None,
    *,
    interactive: bool,
    confirmed: bool,
) -> Answers:
    """Return what a folder cannot tell: from options, guesses that were confirmed, and the person."""
    from tts.corpora.draft.draft import Answers, usual_rate

    tag = _tag(guess.code)[0] if guess is not None else None
    several = seen.speakers if len(seen.speakers) > 1 else seen.folders if len(seen.folders) > 1 else ()
    questions = []
    if not given["language"] and not (confirmed and tag):
        questions.append(Question("language", "language of the texts", tag, check=lambda text: _tag(text, asked=True) and None))
    if not given["speaker"] and several and not confirmed:
        text = f"who speaks: {ALL} (the {len(several)} named above), names of some by commas, or one other name for them all"
        questions.append(Question("speaker", text, ALL, check=lambda text: _check_speakers(text, several)))
    if not given["licence"]:
        questions.append(
            Question("licence", f"licence of the recordings, for example CC0-1.0{_hint(seen)}", skipped=NOT_STATED)
        )
    if not given["consent"]:
        text = "does the speaker agree to a voice being made, and where is that written (or: I am the speaker)"
        questions.append(Question("consent", text, skipped=NOT_STATED, check=_check_consent))
    if questions and not interactive:
        flags = " and ".join(f"--{question.name}" for question in questions)
        raise UsageError(f"{flags}: needed where nobody can be asked; --yes takes what was guessed")
    answered: dict[str, str | None] = {**given, **ask(questions)}
    language, engine = _tag(answered["language"] or tag or "", asked=True)
    return Answers(
        name=given["name"] or "voice",
        speakers=_speakers(answered["speaker"] or (ALL if several else ""), several, seen, given["name"] or "voice"),
        language=language,
        licence=answered["licence"] or NOT_STATED,
        consent=answered["consent"] or NOT_STATED,
        rate=rate or usual_rate(measured),
        engine=engine,
        source=answered["source"] or "",
    )


def _hint(seen: Recognised) -> str:
    """Return a clause that quotes what a file of the folder says of the licence."""
    for path in sorted(seen.root.iterdir()):
        if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as stream:
                line = next((line.strip() for line in stream if line.strip()), "")
            return f" ({path.name} begins: {line[:60]})"
    return ""


def _tag(language: str, *, asked: bool = False) -> tuple[str, str]:
    """Return the front end's tag for a language and the engine for it; one that there is not raises where a person ``asked``.

    espeak-ng is named only where nothing else reads the language.
    """
    from tts.text.languages import language_support, supported_languages

    try:
        entries = language_support(language, supported_languages())
    except UsageError:
        if asked:
            raise
        return language, "letters"
    plain = language.lower().replace("_", "-")
    whole = [entry for entry in entries if plain in (entry.tag.lower(), entry.language.lower()) or "-" not in plain]
    chosen = next((entry for entry in whole if entry.engine != "espeak"), entries[0])
    return chosen.tag, chosen.engine


def _check_speakers(text: str, several: tuple[str, ...]) -> None:
    names = words(text)
    unknown = [name for name in names if name not in several]
    if text != ALL and len(names) > 1 and unknown:
        raise UsageError(f"there is no speaker {unknown[0]}; there are {', '.join(several[:20])}")


def _speakers(text: str, several: tuple[str, ...], seen: Recognised, name: str) -> tuple[str, ...]:
    """Return the speakers that a recipe names."""
    from tts.recipe.names import check_name

    _check_speakers(text, several)
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


def _try_reading(part: CorpusPart, root: Path) -> None:
    """Read the corpus as tts prepare will, and say what of it can be used."""
    from tts.corpora.layouts import open_layout
    from tts.corpora.problems import examples, left_out
    from tts.dataset.reading import source_of

    corpus, problems = open_layout(part.format)(root, source_of("draft", part, part.speaker))
    lost = [problem for problem in problems if problem.severity == "left_out"]
    why = f"; {len(left_out(lost))} are left out: {examples(lost)}" if lost else ""
    say(f"{len(corpus)} utterances can be read{why}")


def _write(draft: Draft) -> None:
    """Write the recipe, if it is one that loads and its corpus is read."""
    from tts.core.files import write_text
    from tts.recipe import load_recipe

    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "recipe.yaml"
        trial.write_text(draft.text(), encoding="utf-8")
        try:
            recipe = load_recipe(trial)
        except TtsError as error:
            raise UsageError(str(error).replace(str(trial), "the drafted recipe")) from None
    if len(draft.answers.speakers) == 1:
        _try_reading(recipe.corpus, draft.recognised.root)
    write_text(_new_file(draft.path), draft.text())
