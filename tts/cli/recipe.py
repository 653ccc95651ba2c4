"""``tts recipe``: what a recipe may hold, and what one holds with its defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import Changes, RecipeName
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb with its sub-commands."""
    verbs = typer.Typer(no_args_is_help=True, help="Show a recipe with its defaults, its keys, or its JSON schema.")
    verbs.command("show")(show)
    verbs.command("docs")(docs)
    verbs.command("schema")(schema)
    app.add_typer(verbs, name="recipe")


def show(
    recipe: RecipeName,
    prepared: Annotated[
        Path | None, typer.Option("--prepared", help="Prepared corpus [default: output/RECIPE/prepared, where it is].")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.01, help="Minutes of training speech, in place of a prepared corpus.")
    ] = None,
    changes: Changes = None,
) -> None:
    """Print a recipe as YAML with every default, for the amount of speech that was prepared (50 minutes where none was)."""
    from tts.core.errors import UsageError
    from tts.dataset.prepared import Prepared
    from tts.recipe import load_recipe
    from tts.recipe.show import as_yaml

    settings = load_recipe(recipe, changes)
    if prepared is not None and minutes is not None:
        raise UsageError(f"--minutes {minutes:g}: --prepared says how much speech there is; give one of them")
    folder = prepared or Path("output") / settings.name / "prepared"
    if minutes is not None:
        settings = settings.for_speech(60.0 * minutes)
    elif prepared is not None or (folder / "prepared.json").is_file():
        settings = settings.for_speech(Prepared(folder).speech_seconds)
    say(as_yaml(settings), end="")


def docs() -> None:
    """Print the page about all keys of a recipe as Markdown."""
    from tts.recipe.document import recipe_page

    say(recipe_page(), end="")


def schema() -> None:
    """Print the JSON schema of a recipe, for editors."""
    import json

    from tts.recipe.schema import recipe_schema

    say(json.dumps(recipe_schema(), indent=2, ensure_ascii=False))
