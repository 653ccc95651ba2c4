"""``tts inspect``: everything that was prepared of one utterance, as a table and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("inspect")(inspect)


def inspect(
    utterance: Annotated[str, typer.Argument(help="The id of an utterance; with --voice, a sentence.")],
    prepared: Annotated[
        Path | None,
        typer.Option("--prepared", help="Prepared corpus.", show_default="output/RECIPE/prepared where there is one alone"),
    ] = None,
    voice: Annotated[
        str | None, typer.Option("--voice", help="A voice, by folder or name: look at what it makes of a sentence.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The picture, a .png [default: PREPARED/inspect/UTTERANCE.png; with --voice, none]."),
    ] = None,
) -> None:
    """Print what an utterance's streams hold and draw them under one time axis (needs the extra viz).

    With --voice the streams are what the voice gives its vocoder for a sentence.
    """
    from tts.core.errors import UsageError
    from tts.core.pictures import require_pictures
    from tts.dataset.inspect import find_prepared, inspect_utterance, stream_table
    from tts.dataset.picture import draw_inspection
    from tts.dataset.prepared import Prepared

    if out is not None or voice is None:
        require_pictures()
    if out is not None and out.suffix != ".png":
        raise UsageError(f"--out {out}: pictures are written as .png")
    if out is not None and out.exists():
        raise UsageError(f"--out {out}: is there already; choose another name or delete it")
    if voice is not None:
        _inspect_voice(voice, utterance, prepared, out)
        return
    source = Prepared(prepared or find_prepared(Path("output")))
    inspection = inspect_utterance(source, utterance)
    say(stream_table(inspection))
    path = out or source.folder / "inspect" / f"{utterance}.png"
    draw_inspection(inspection, path)
    say(f"picture: {path}")


def _inspect_voice(name: str, text: str, prepared: Path | None, out: Path | None) -> None:
    from tts.core.errors import UsageError
    from tts.dataset.inspect import stream_table
    from tts.dataset.picture import draw_inspection
    from tts.generation.inspect_speech import inspect_speech
    from tts.generation.voice import load_voice

    if prepared is not None:
        raise UsageError("--prepared: with --voice a sentence is spoken, which no prepared corpus is needed for; leave one out")
    inspection = inspect_speech(load_voice(name), text)
    say(stream_table(inspection))
    if out is not None:
        draw_inspection(inspection, out)
        say(f"picture: {out}")
