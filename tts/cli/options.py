"""Options that several verbs share."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

RecipeName = Annotated[
    str, typer.Argument(help="A recipe: a YAML file, its folder, or a name under recipes/.", metavar="RECIPE")
]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe, e.g. training.steps=500.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]


def command_line() -> str:
    """Return the command as typed, for results that say how they were made."""
    return shlex.join(["tts", *sys.argv[1:]])
