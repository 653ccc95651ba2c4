"""``tts resynthesise``: analysis and straight back, the ceiling of every voice on a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import Vocoder, command_line, workers_option
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb, under its earlier name too."""
    app.command("resynthesise")(resynthesise)
    app.command("copy", hidden=True)(resynthesise)


def resynthesise(
    prepared: Annotated[Path, typer.Argument(help="A prepared corpus, such as output/RECIPE/prepared.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the wavs and their scores.")],
    split: Annotated[str, typer.Option("--split", help="train, validation or test.")] = "test",
    vocoder: Annotated[Vocoder, typer.Option("--vocoder", help="What makes the sound.")] = Vocoder.source_filter,
    workers: Annotated[int | None, workers_option("Processes")] = None,
) -> None:
    """Write copy-synthesis wavs of a split and score them: what the vocoder alone costs."""
    from tts.core.errors import UsageError
    from tts.dataset.prepared import SPLITS, Prepared
    from tts.evaluation.copy_scores import copy_split

    if split not in SPLITS:
        raise UsageError(f"--split {split}: there are {', '.join(SPLITS)}")
    copied = copy_split(Prepared(prepared), out, split=split, vocoder=vocoder.value, workers=workers, command=command_line())
    say(copied.text)
    say(f"wavs: {out}")
