"""Options that several verbs share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.cli.output import say

if TYPE_CHECKING:
    from tts.recipe import Recipe

RecipeName = Annotated[
    str, typer.Argument(help="A recipe: a YAML file, its folder, or a name under recipes/.", metavar="RECIPE")
]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe, e.g. training.steps=500.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]


def workers_option(what: str, default: str = "one a core") -> Any:
    """Return the option ``--workers`` of a verb whose processes are ``what``."""
    text = f"{what}; 0 starts none: all is done in this process, one thing after the other."
    return typer.Option("--workers", min=0, help=text, show_default=default)


def tell_reach(recipe: Recipe, changes: Sequence[str], systems: Sequence[str], seeds: str = "") -> None:
    """Say on standard error which systems a change does not reach; one that reaches none raises :class:`UsageError`.

    ``systems`` are those to be trained, ``seeds`` says what sets the seeds where that is not the recipe's training.
    """
    from tts.recipe.changes import check_changes

    for note in check_changes(recipe, changes, systems, seeds):
        say(f"--set {note}", error=True)


def command_line() -> str:
    """Return the command as typed, for results that say how they were made."""
    return shlex.join(["tts", *sys.argv[1:]])
