"""``tts languages``: what reads which language, what is installed, and the command for what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.cli.output import say

if TYPE_CHECKING:
    from tts.text.languages import LanguageSupport


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("languages")(languages)


def languages(
    language: Annotated[str | None, typer.Argument(help="Tell one language in full: a tag such as `de`, or its name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the languages that can be read aloud, by which engine, and what is installed."""
    import json

    from tts.text.languages import language_support, supported_languages

    listed = supported_languages()
    if language is not None:
        listed = language_support(language, listed)
    recipes = _recipes()
    if as_json:
        say(json.dumps([_plain(entry, recipes) for entry in listed], ensure_ascii=False, indent=2))
    elif language is not None:
        say("\n\n".join(_in_full(entry, recipes) for entry in listed))
    else:
        say(_table([*(entry for entry in listed if entry.engine != "espeak")], recipes))
        say(_espeak_line([entry for entry in listed if entry.engine == "espeak"]))
        say("\ntts languages TAG tells one in full; a recipe chooses with corpus.language and text.engine.")


def _recipes() -> dict[str, list[str]]:
    """Return the names of the shipped recipes by the first part of their language's tag."""
    from tts.core.shipped import shipped_folder
    from tts.recipe import load_recipe
    from tts.text.spoken_forms import primary

    found: dict[str, list[str]] = {}
    for path in sorted(shipped_folder("recipes").glob("*/recipe.yaml")):
        recipe = load_recipe(path)
        found.setdefault(primary(recipe.corpus.language), []).append(recipe.name)
    return found


def _named(entry: LanguageSupport, recipes: dict[str, list[str]]) -> list[str]:
    from tts.text.spoken_forms import primary

    return recipes.get(primary(entry.tag), [])


def _plain(entry: LanguageSupport, recipes: dict[str, list[str]]) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(entry), "installed": entry.installed, "recipes": _named(entry, recipes)}


def _in_full(entry: LanguageSupport, recipes: dict[str, list[str]]) -> str:
    rows = [
        ("engine", f"{entry.engine} ({'installed' if entry.installed else entry.install})"),
        ("in a recipe", _keys(entry)),
        ("normalisation", entry.normalisation),
        ("lexicon", "none, or its size is not told" if entry.lexicon is None else f"{entry.lexicon:,} words"),
        ("other words", entry.unknown_words),
        ("stress", entry.stress),
        ("recipes", ", ".join(_named(entry, recipes)) or "none"),
        ("note", entry.note),
    ]
    return "\n".join([f"{entry.language} ({entry.tag})", *(f"  {name:14} {value}" for name, value in rows if value)])


def _keys(entry: LanguageSupport) -> str:
    engine = "" if entry.engine == "gruut" else f", text.engine: {entry.engine}"
    return f"corpus.language: {entry.tag}{engine}" if entry.tag != "any" else engine.lstrip(", ")


def _table(entries: list[LanguageSupport], recipes: dict[str, list[str]]) -> str:
    head = ("language", "tag", "engine", "installed", "lexicon", "numbers and signs", "stress", "recipes")
    rows = [
        (
            entry.language,
            entry.tag,
            entry.engine,
            "yes" if entry.installed else entry.install,
            "" if entry.lexicon is None else f"{entry.lexicon:,}",
            entry.normalisation,
            entry.stress,
            ", ".join(_named(entry, recipes)),
        )
        for entry in entries
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)


def _espeak_line(entries: list[LanguageSupport]) -> str:
    if not entries or not entries[0].installed:
        return "\nespeak (GPL-3.0) reads a hundred more: pip install espeakng-loader"
    return "\nespeak (GPL-3.0, installed): " + ", ".join(f"{entry.language} ({entry.tag})" for entry in entries)
