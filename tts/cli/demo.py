"""``tts demo``: the whole way on a corpus made on the spot."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import command_line
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo")(demo)


class DemoSpeaker(StrEnum):
    """What speaks the demo's corpus."""

    hibari = "hibari"
    espeak_ng = "espeak-ng"


def demo(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where everything goes.", show_default="output/demo; with another speaker output/demo-SPEAKER"
        ),
    ] = None,
    speaker: Annotated[
        DemoSpeaker,
        typer.Option(
            "--speaker", help="What speaks the corpus: hibari sounds human (extra demo), espeak-ng is GPL-3.0 (extra espeak)."
        ),
    ] = DemoSpeaker.hibari,
    short: Annotated[
        bool, typer.Option("--short", help="Few sentences and training steps, to see that everything runs.")
    ] = False,
) -> None:
    """Make a small corpus, train a single-task and a stacked multi-task voice, compare them and speak a text file."""
    from tts.cli.demo_run import run_demo

    default = "demo" if speaker is DemoSpeaker.hibari else f"demo-{speaker.value}"
    run_demo(out or Path("output") / default, speaker=speaker.value, short=short, say=say, command=command_line())
