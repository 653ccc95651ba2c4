"""``tts import``: other systems' configurations as recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(no_args_is_help=True, help="Other systems' configurations as recipes.")
    group.callback()(_only_one)
    group.command("merlin")(merlin)
    app.add_typer(group, name="import")


def _only_one() -> None:
    """Other systems' configurations as recipes."""


def merlin(
    configuration: Annotated[
        Path, typer.Argument(help="The acoustic model's configuration, such as conf/acoustic_VOICE.conf.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The recipe's file, which must not exist.")],
    licence: Annotated[str, typer.Option("--licence", help="Licence of the recordings, such as CC0-1.0.")],
    speaker: Annotated[str, typer.Option("--speaker", help="Who speaks.")],
    name: Annotated[str | None, typer.Option("--name", help="Of the recipe.", show_default="the file's")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the text.")] = "en-us",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with file_id_list.scp, label_state_align, mgc, lf0, bap, the question file."),
    ] = None,
    wav: Annotated[Path | None, typer.Option("--wav", help="Folder of the recordings.", show_default="wav in the data")] = None,
    duration: Annotated[Path | None, typer.Option("--duration", help="The duration model's configuration.")] = None,
) -> None:
    """Translate a Merlin configuration into a recipe as far as it goes; what has no counterpart is named."""
    from tts.core.errors import UsageError
    from tts.core.files import write_text
    from tts.corpora.merlin_recipe import MerlinProject, import_merlin

    project = MerlinProject(configuration, licence, speaker, name or out.stem, language, data, wav, duration)
    imported = import_merlin(project, out)
    if out.exists():
        raise UsageError(f"{out}: is there already; remove it or choose another --out")
    write_text(out, imported.yaml)
    if imported.left:
        say("not translated:")
    for key, reason in imported.left.items():
        say(f"  {key}\n      {reason}")
    say(f"recipe: {out}")
    say(f"next: tts prepare {out}")
