"""Commands without the places of the machine they ran on, to be shown to others."""

from __future__ import annotations

import re
import shlex

# What ends a value within a word: of `--prepared=PATH`, `-oPATH`, of YAML as `--set` takes it. No drive's or scheme's colon.
_BETWEEN = re.compile(r"""(^-[A-Za-z](?=[/\\~.])|[=,;\[\](){}"'`]\s*|(?<!\b[A-Za-z]):(?!//)\s*|:\s+)""")
_PLACE = re.compile(r"file:/|/|\\\\|[A-Za-z]:[\\/](?!/)|~[^\s\\/]*(?:[\\/]|$)|(?:.*[\\/])?\.\.(?:[\\/]|$)")
_HOME = re.compile(r".*?[\\/](?:root|(?:home|Users)[\\/][^\\/]+)(?=[\\/])")
_SPAN = re.compile(r"`([^`\n]+)`")


def without_places(command: str) -> str:
    """Return a command line of which no path says where on a machine it is.

    Of absolute paths, those of a home folder and those above the current folder, alone or anywhere in a word, only the last
    name is left; of a recipe's file its folder's too, unless that is somebody's home. Paths below the current folder stay.
    """
    try:
        words = shlex.split(command)
    except ValueError:  # a quote without its other one: nothing that we write
        words = command.split()
    public = [_name(word) if _PLACE.match(word) else "".join(map(_named, _BETWEEN.split(word))) for word in words]
    return command if public == words else shlex.join(public)


def card_without_places(card: str) -> str:
    """Return a card whose code, which is where commands are, is as :func:`without_places` returns it."""
    return _SPAN.sub(lambda span: f"`{without_places(span[1])}`", card)


def _named(piece: str) -> str:
    """Return a piece of a word, or the name of the place that it is; a place may have spaces, and may follow one."""
    if _PLACE.match(piece):
        return _name(piece)
    return " ".join(_named(part) for part in piece.split(" ")) if " " in piece else piece


def _name(place: str) -> str:
    parts = [
        part for part in re.split(r"[\\/]+", _HOME.sub("", place)) if part not in ("", ".", "..", "file:") and part[0] != "~"
    ]
    return "/".join(parts[-2 if place.endswith((".yaml", ".yml")) else -1 :]) or ".."
