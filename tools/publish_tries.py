"""Keep what single trainings gave beside their recipe: ``python tools/publish_tries.py VOICE... --to FILE``.

A choice on validation leaves voices that nobody keeps. ``FILE`` (JSON) holds of each its name (the voice folder's), system,
seed, command, the settings that are not defaults, steps and validation scores of every stage, parameters, seconds, commit,
versions and machine. In commands, paths outside the working directory are reduced to their last part.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json
from tts.recipe import Recipe


def main() -> int:
    """Write the file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path, nargs="+", help="folders that tts train left, finished")
    parser.add_argument("--to", type=Path, required=True, help="JSON file to write; one of an earlier time is replaced")
    given = parser.parse_args()
    try:
        tries = [describe(voice) for voice in given.voices]
        write_json(given.to, tries)
    except TtsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def describe(voice: Path) -> dict[str, Any]:
    """Return what is kept of a finished training."""
    for name in ("summary.json", "run.json"):
        if not (voice / "training" / name).is_file():
            raise UsageError(f"{voice}: has no training/{name}; name the folder of a voice that tts train has finished")
    summary, run = read_json(voice / "training" / "summary.json"), read_json(voice / "training" / "run.json")
    try:
        recipe = Recipe.model_validate(run["recipe"])
        system = recipe.system(run["system"])
        kept = {
            "name": f"{voice.parent.name}/{voice.name}" if re.fullmatch(r"seed-\d+", voice.name) else voice.name,
            **{key: summary[key] for key in ("recipe", "system", "seed")},
            "command": shlex.join(portable(word) for word in shlex.split(summary["command"])),
            "settings": {
                "training": recipe.training_of(system).model_dump(mode="json", exclude_defaults=True),
                **system.model_dump(mode="json", exclude_defaults=True, exclude={"training", "description"}),
            },
            **{key: summary[key] for key in ("stages", "parameters", "seconds", "made_with")},
        }
    except (KeyError, ValueError) as error:  # a record, or a recipe, of another version
        raise TtsError(
            f"{voice}: its records are of another version and cannot be read ({str(error).splitlines()[0]})"
        ) from None
    clean: dict[str, Any] = _everywhere(kept)
    return clean


def portable(text: str) -> str:
    """Return a text with its paths relative to the working directory, or cut to their last part where they lead out of it."""
    option, path = text[:2], text[2:]
    if re.fullmatch(r"-\w", option) and path.startswith(("/", "~/", "../")):
        return option + _place(path)
    if text.startswith("/"):
        return _place(text)  # it may hold spaces
    return re.sub(r"(?<![\w.~])(?:\.\.|~)?(?:/[^/\s'\",=\[\]{}]+)+/?", lambda found: _place(found[0]), text)


def _place(path: str) -> str:
    here = Path.cwd()
    full = Path(os.path.normpath(here / Path(path).expanduser()))
    return str(full.relative_to(here)) if full.is_relative_to(here) else full.name


def _everywhere(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _everywhere(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one) for one in value]
    return portable(value) if isinstance(value, str) else value


if __name__ == "__main__":
    raise SystemExit(main())
