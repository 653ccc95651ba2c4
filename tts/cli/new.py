"""``tts new``: from a folder of recordings that nobody has described to a recipe."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tts.cli.output import say
from tts.core.errors import TtsError, UsageError

if TYPE_CHECKING:
    from tts.cli.new_answers import Stated
    from tts.corpora.draft.draft import Draft
    from tts.corpora.draft.recognise import Layouts
    from tts.recipe.corpus import CorpusPart

Text = str | None
Format = Literal["ljspeech", "table", "json-lines", "text-files", "kaldi", "lhotse", "festival"]
_OPTIONS = {  # what a recipe's keys are called here
    "corpus.audio": "--audio",
    "corpus.file": "--file",
    "corpus.format": "--format",
    "corpus.speakers": "--speaker",
    "corpus.speaker": "--speaker",
    "corpus.language": "--language",
    "corpus.licence": "--licence",
    "frames.sample_rate": "--rate",
    "text.engine": "--engine",
    "text.lexicon": "--lexicon",
    "--corpus-root": "FOLDER",
    "corpus.root": "FOLDER",
}


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
    engine: Annotated[
        Text, typer.Option("--engine", help="What reads the texts [default: the best there is for the language].")
    ] = None,
    lexicon: Annotated[
        Text, typer.Option("--lexicon", help="File of pronunciations, `word phones` a line.", metavar="FILE")
    ] = None,
    licence: Annotated[
        Text,
        typer.Option("--licence", "--license", help="Licence of the recordings: SPDX's name, LicenseRef-NAME, or own: WORDS."),
    ] = None,
    consent: Annotated[
        Text, typer.Option("--consent", help="The speaker's agreement to a voice, in words; the voice's card states it.")
    ] = None,
    source: Annotated[Text, typer.Option("--source", help="Where the recordings come from.")] = None,
    rate: Annotated[
        int | None,
        typer.Option("--rate", help="Rate of the voice in Hz [default: that of the recordings, halved above 32 kHz]."),
    ] = None,
    audio: Annotated[
        Text,
        typer.Option(
            "--audio", help="Folder of the recordings, seen from the texts' folder or the current one.", metavar="DIR"
        ),
    ] = None,
    file: Annotated[
        Text, typer.Option("--file", help="File in the folder that lists the utterances, where there are several.")
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="Layout of the folder [default: the one that fits best].")
    ] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Set the suggested cleaning, not as a comment.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The recipe to write [default: NAME.yaml].")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take what was recognised and guessed; ask only for the rest.")
    ] = False,
) -> None:
    """Make a recipe of a folder by looking at it, asking only what cannot be seen: licence, consent, the language confirmed.

    Ends with all that will be written, to be confirmed; --yes confirms it.
    """
    from tts.cli.new_answers import Stated, check_stated, front_end
    from tts.corpora.draft.draft import usual_name
    from tts.corpora.draft.recognise import recognise
    from tts.corpora.draft.report import layout_lines

    interactive = sys.stdin.isatty()
    given = {"licence": licence, "consent": consent}
    if not interactive and (missing := [f"--{key}" for key, value in given.items() if not value]):
        raise UsageError(
            f"{' and '.join(missing)}: needed where nobody can be asked; nothing else can know them (`not stated` says so)"
        )
    facts = {"speaker": speaker, "language": language, "engine": engine, "lexicon": lexicon, "source": source}
    stated = check_stated(Stated(name=name or usual_name(folder), rate=rate, **facts, **given))
    path = _new_file(out or Path(f"{stated.name}.yaml"))
    try:
        layouts = recognise(folder, audio, file, format)
        say("\n".join(layout_lines(layouts)))
        _tell_likeness(layouts)
        draft = _drafted(layouts, stated, path, clean=clean, interactive=interactive, yes=yes)
    except TtsError as error:
        raise type(error)(_in_options(str(error))) from None
    _write(draft)
    say(f"\n{path}:\n\n{draft.text()}")
    recipe = shlex.quote(str(path))
    answers = draft.answers
    install = front_end(answers.language, answers.engine).install
    commands = [*([install] if install else []), f"tts prepare {recipe}", f"tts train {recipe} --system single"]
    say("next: " + "\n      ".join(commands))


def _in_options(message: str) -> str:
    """Return a message about a recipe's keys as one about this command's options."""
    for key, option in _OPTIONS.items():
        message = message.replace(key, option)
    return message


def _new_file(path: Path) -> Path:
    """Return ``path`` if nothing is there yet."""
    if path.exists():
        raise UsageError(f"{path}: is there already and is not written over; name another file with --out")
    return path if path.suffix in (".yaml", ".yml") else path / "recipe.yaml" if path.suffix == "" else path


def _tell_likeness(layouts: Layouts) -> None:
    """Say which public corpus the folder looks like."""
    from tts.corpora.public.likeness import looks_like

    root = layouts.taken.root
    if (corpus := looks_like(root)) is not None:
        command = f"tts prepare {corpus.recipe} --corpus-root {shlex.quote(str(root))}"
        say(f"  note: this looks like {corpus.title}, which has a recipe that knows its faults: {command}")


def _drafted(layouts: Layouts, stated: Stated, path: Path, *, clean: bool, interactive: bool, yes: bool) -> Draft:
    """Measure the recordings, ask what is left to ask, and return a draft that was confirmed where somebody can be asked."""
    from tts.cli.interview import ask, confirmed
    from tts.cli.new_answers import answers_to, check_language, front_end, questions_for, summary_lines
    from tts.corpora.draft.draft import Draft
    from tts.corpora.draft.language import guess_language
    from tts.corpora.draft.report import survey_lines
    from tts.corpora.draft.survey import survey

    seen = layouts.taken
    guess = guess_language(seen.texts)
    questions = questions_for(seen, stated, guess, interactive=interactive, yes=yes)
    known = bool(stated.engine) or (interactive and not yes)
    if stated.language:
        check_language(front_end(stated.language, stated.engine), guess, confirmed=known)
    measured = survey(seen.recordings)
    say("recordings")
    say("\n".join(survey_lines(measured)))
    say(str(guess) if guess else "language: too little text to tell")
    answered: dict[str, str] = {}
    while True:
        answered = ask(questions, earlier=answered)
        answers, front = answers_to(seen, measured, guess, stated, answered)
        chosen = seen.of_speakers(answers.speakers)
        if len(chosen.recordings) != len(seen.recordings):
            say(f"recordings of {', '.join(answers.speakers)} alone: {len(chosen.recordings)}")
            measured = survey(chosen.recordings)
        draft = Draft(path=path, recognised=chosen, survey=measured, answers=answers, audio=layouts.audio, clean=clean)
        _try(draft)
        say("what will be written")
        say("\n".join(summary_lines(answers, front, guess)))
        if not interactive or yes or confirmed(f"write {path}?"):
            return draft


def _try(draft: Draft) -> None:
    """Load the drafted recipe and read its corpus as tts prepare will, and say what of it can be used."""
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


def _try_reading(part: CorpusPart, root: Path) -> None:
    from tts.corpora.layouts import open_layout
    from tts.corpora.problems import examples, left_out
    from tts.dataset.reading import source_of

    corpus, problems = open_layout(part.format)(root, source_of("draft", part, part.speaker))
    lost = [problem for problem in problems if problem.severity == "left_out"]
    why = f"; {len(left_out(lost))} are left out: {examples(lost)}" if lost else ""
    say(f"{len(corpus)} utterances can be read{why}")


def _write(draft: Draft) -> None:
    from tts.core.files import write_text

    write_text(_new_file(draft.path), draft.text())
