"""``tts doctor``: what is wrong with the machine, a recipe, a prepared corpus or a voice, and what mends it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.output import say

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor")(doctor)


def doctor(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Voices (by name, too), prepared corpora or recipes to look at too.", metavar="[FOLDER]..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every check as JSON.")] = False,
) -> None:
    """Check this machine, and the folders named; exit code 1 if something is wrong, with the command that mends it."""
    from tts.cli.doctor_checks import check_folder, check_machine

    wrong = False
    groups = [("this machine", check_machine(Path.cwd())), *((str(path), check_folder(path)) for path in folders or ())]
    collected: dict[str, list[dict[str, str]]] = {}
    for heading, checks in groups:
        if not as_json:
            say(f"{heading}:")
        for check in checks:
            wrong |= check.state == "wrong"
            collected.setdefault(heading, []).append(asdict(check))
            if not as_json:
                say(f"  {MARKS[check.state]} {check.name}: {check.message}")
                if check.mend and check.state != "ok":
                    say(f"        -> {check.mend}")
    if as_json:
        say(json.dumps(collected, ensure_ascii=False, indent=2))
    elif not wrong:
        say("nothing is wrong")
    raise typer.Exit(1 if wrong else 0)
