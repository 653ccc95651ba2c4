"""Options that several verbs share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.cli.output import say

if TYPE_CHECKING:
    from tts.core.place import Place
    from tts.recipe import Recipe

RecipeName = Annotated[
    str, typer.Argument(help="A recipe: a YAML file, its folder, or a name under recipes/.", metavar="RECIPE")
]
VoiceName = Annotated[
    str, typer.Argument(help="A voice: its folder, the address of one, or its name (tts voices).", metavar="VOICE")
]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the recipe, e.g. training.steps=500.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]

Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Work on a cluster of dask.distributed (extra cluster): tcp://HOST:8786, or local for --workers processes here.",
        show_default="this machine alone",
    ),
]


class Vocoder(StrEnum):
    """What makes sound of the parameters of speech."""

    world = "world"
    source_filter = "source_filter"


def workers_option(what: str, default: str = "one a core") -> Any:
    """Return the option ``--workers`` of a verb whose processes are ``what``."""
    text = f"{what}; 0 starts none: all is done in this process, one thing after the other."
    return typer.Option("--workers", min=0, help=text, show_default=default)


@contextmanager
def place_of_work(scheduler: str, workers: int | None, out: Path | None, sees: Sequence[Path]) -> Iterator[Place]:
    """Return where a command's jobs are done: so many ``workers`` of this machine, or the cluster of a ``scheduler``.

    ``out`` and ``sees`` as of :meth:`tts.core.cluster.Cluster.share`.
    """
    if not scheduler:
        yield workers
        return
    from tts.core.cluster import connect

    with connect(scheduler, workers) as cluster:
        cluster.share(out, sees)
        yield cluster


def numbers(text: str, option: str) -> tuple[int, ...]:
    """Return numbers by commas, in order; anything else raises :class:`UsageError`."""
    from tts.core.errors import UsageError

    try:
        values = tuple(int(number) for number in text.replace(" ", "").split(",") if number)
    except ValueError:
        values = ()
    if text.strip() and not values:
        raise UsageError(f"{option} {text}: expected numbers by commas, for example 1,2,3")
    return values


def percentage(text: str, option: str) -> float:
    """Return a number of per cent, with or without the sign; anything but 0 to 100 raises :class:`UsageError`."""
    from tts.core.errors import UsageError

    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 100.0:
        raise UsageError(f"{option} {text}: expected per cent, for example 2%")
    return value


def words(text: str) -> tuple[str, ...]:
    """Return words by commas, in order."""
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


def tell_reach(recipe: Recipe, changes: Sequence[str], systems: Sequence[str], seeds: str = "") -> None:
    """Say on standard error which systems a change does not reach; one that reaches none raises :class:`UsageError`.

    ``systems`` are those to be trained, ``seeds`` says what sets the seeds where that is not the recipe's training.
    """
    from tts.recipe.changes import check_changes

    for note in check_changes(recipe, changes, systems, seeds):
        say(f"--set {note}", error=True)


def command_line() -> str:
    """Return the command as typed, for results that say how they were made; what is secret in addresses is left out."""
    from tts.core.remote import without_credentials

    return shlex.join(["tts", *map(without_credentials, sys.argv[1:])])
