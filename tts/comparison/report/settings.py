"""What the figures depend on: the split, the analysis, every system's recipe, the command, the code and the machine."""

from __future__ import annotations

from tts.comparison.report.data import ReportData
from tts.comparison.report.style import named
from tts.comparison.results import SplitInfo
from tts.core.html import Html, figure, section, table, tag


def settings(data: ReportData) -> Html:
    """Return all that is needed to make the comparison again."""
    import yaml

    results = data.results
    made = {key: value for key, value in results.made_with.to_dict().items() if key != "commit" and value}
    facts = {
        "Recipe": results.recipe,
        "Command": tag("code", results.command) if results.command else None,
        "Code": results.commit or results.made_with.commit,
        "Made": results.created,
        "Seeds": ", ".join(map(str, results.seeds)),
        "Prepared data": results.prepared,
        "Primary score": data.primary.title,
        "Smallest effect": results.smallest_effect,
        **{f"Data, {name}": _split(split) for name, split in results.splits.items()},
        "Scored at": results.settings.description,
        **{f"Made with {key.replace('_', ' ')}": value for key, value in made.items()},
    }
    rows = [[key, tag("td", value, class_="words")] for key, value in facts.items() if value not in (None, "")]
    recipes = []
    for name, system in data.systems.items():
        written = system.model_dump(mode="json")
        parts = {key: written[key] for key in ("stages", "training", "of", "members") if written[key]}
        if parts:
            text = yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, width=100)
            recipes.append(tag("details", tag("summary", named(name, data.look(name))), tag("pre", text, tabindex=0)))
    facts_table = table("How it was made", ["What", tag("th", "Value", scope="col", class_="word")], rows, kind="narrow")
    return section("settings", "Settings", facts_table, tag("h3", "Systems as YAML") if recipes else None, *recipes)


def _split(split: SplitInfo) -> str:
    return f"{figure(split.utterances, 0)} utterances, {figure((split.seconds or 0.0) / 60.0, 1)} minutes"
