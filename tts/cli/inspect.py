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
    utterance: Annotated[str, typer.Argument(help="The id of an utterance.")],
    prepared: Annotated[
        Path | None,
        typer.Option("--prepared", help="Prepared corpus.", show_default="output/RECIPE/prepared where there is one alone"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The picture, a .png [default: PREPARED/inspect/UTTERANCE.png].")
    ] = None,
) -> None:
    """Print what an utterance's streams hold and draw them under one time axis (needs the extra viz)."""
    from tts.core.errors import UsageError
    from tts.core.pictures import require_pictures
    from tts.dataset.inspect import find_prepared, inspect_utterance, stream_table
    from tts.dataset.picture import draw_inspection
    from tts.dataset.prepared import Prepared

    require_pictures()
    if out is not None and out.exists():
        raise UsageError(f"--out {out}: is there already; choose another name or delete it")
    source = Prepared(prepared or find_prepared(Path("output")))
    inspection = inspect_utterance(source, utterance)
    say(stream_table(inspection))
    path = out or source.folder / "inspect" / f"{utterance}.png"
    draw_inspection(inspection, path)
    say(f"picture: {path}")
