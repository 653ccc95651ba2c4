"""``tts demo``: the whole way on a corpus made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import command_line
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where everything goes.")] = Path("output/demo"),
    short: Annotated[bool, typer.Option("--short", help="A few training steps only, to see that everything runs.")] = False,
) -> None:
    """Make a small corpus, train a single-task and a stacked multi-task voice, compare them and speak a text file."""
    from tts.cli.demo_run import run_demo

    run_demo(out, short=short, say=say, command=command_line())
