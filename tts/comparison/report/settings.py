"""What the figures depend on: the split, the analysis, every system's recipe, the command, the code and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tts.comparison.report.data import Results
from tts.comparison.report.html import Html, figure, section, table, tag
from tts.comparison.report.style import named


def settings(results: Results) -> Html:
    """Return all that is needed to make the comparison again."""
    import yaml

    data = results.data
    made = data.get("made_with") or {}
    scored = data.get("settings") or {}
    facts = {
        "Recipe": data.get("recipe"),
        "Command": tag("code", data["command"]) if data.get("command") else None,
        "Code": data.get("commit") or made.get("commit"),
        "Made": data.get("created"),
        "Seeds": ", ".join(map(str, results.rows("seeds"))),
        "Prepared data": data.get("prepared"),
        "Primary score": results.primary.title,
        "Smallest effect": data.get("smallest_effect"),
        **{f"Data, {name}": _split(split) for name, split in (data.get("splits") or {}).items()},
        **({"Scored at": scored["description"]} if scored.get("description") else _prefixed("Scored with", scored)),
        **_prefixed("Made with", {key: value for key, value in made.items() if key != "commit"}),
    }
    rows = [[key, tag("td", value, class_="words")] for key, value in facts.items() if value not in (None, "")]
    recipes = []
    for name, system in results.systems.items():
        parts = {key: system[key] for key in ("stages", "training", "of", "members") if system.get(key)}
        if parts:
            text = yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, width=100)
            recipes.append(tag("details", tag("summary", named(name, results.look(name))), tag("pre", text, tabindex=0)))
    facts_table = table("How it was made", ["What", tag("th", "Value", scope="col", class_="word")], rows, kind="narrow")
    return section("settings", "Settings", facts_table, tag("h3", "Systems as YAML") if recipes else None, *recipes)


def _prefixed(words: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{words} {key.replace('_', ' ')}": value for key, value in values.items()}


def _split(split: Mapping[str, Any]) -> str:
    return f"{figure(split.get('utterances'), 0)} utterances, {figure((split.get('seconds') or 0) / 60.0, 1)} minutes"
