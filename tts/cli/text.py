"""``tts text``: how a text will be read, before it is spoken: words, phones, what was guessed and what has no reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.speak import Digits, Unreadable


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("text")(text)


def text(
    words: Annotated[str | None, typer.Argument(metavar="TEXT", help="A text; or name a file with --file.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A text file, such as a book; every line is a text.")] = None,
    language: Annotated[str | None, typer.Option("--language", help="A tag.", show_default="the voice's, or en-us")] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="As tts languages.", show_default="the voice's, or gruut")
    ] = None,
    lexicon: Annotated[Path | None, typer.Option("--lexicon", help="Pronunciations, as for tts speak.")] = None,
    voice: Annotated[
        str | None, typer.Option("--voice", help="A voice, by folder or name: its engine, language and lexicon.")
    ] = None,
    unreadable: Annotated[
        Unreadable, typer.Option("--unreadable", help="As for tts speak: what becomes of a token without a reading.")
    ] = Unreadable.spell,
    digits: Annotated[
        Digits | None,
        typer.Option("--digits", help="As for tts speak.", show_default="the voice's"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a sentence.")] = False,
) -> None:
    """Show how a text is read: normalised, its words with phones and stresses, what was guessed and what has no reading.

    A file is summed up: words guessed by letter-to-sound, with how often and where, and tokens without a reading. Exit code 1
    if a text would not be spoken at all.
    """
    from tts.cli.text_run import Source, run
    from tts.core.errors import UsageError

    if (words is None) == (file is None):
        raise UsageError("say what to read: either a text or --file FILE")
    if voice is not None and (language or engine):
        raise UsageError("a voice has its own language and engine; leave --language and --engine out, or --voice")
    code = run(
        Source(words, file), voice, engine, language, lexicon, unreadable.value, as_json, digits.value if digits else None
    )
    raise typer.Exit(code)
