"""The comparison as Markdown: ``tables.md``, made from ``results.json`` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tts.comparison.answer import Results
from tts.comparison.verdicts import LEVEL
from tts.core.progress import clock
from tts.evaluation.tables import format_table

PARTS = ("first", "second", "last")


def tables(results: Results) -> str:
    """Return everything that matters of a comparison as Markdown text."""
    sections = [
        f"# {results['recipe']}: comparison",
        results["description"],
        results["answer"],
        _ranking(results),
        _differences(results),
        _controls(results),
        _leave_one_out(results),
        _budget(results),
        _validation(results),
        _gradients(results),
        _search(results),
        _references(results),
        "## Notes\n\n" + "\n".join(f"* {note}" for note in results["notes"]),
        _made(results),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _heading(metric: Mapping[str, Any]) -> str:
    return f"{metric['heading']} ({metric['unit']})" if metric["unit"] else str(metric["heading"])


def _number(metric: Mapping[str, Any], value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{metric['decimals']}f}"


def _span(metric: Mapping[str, Any], one: Mapping[str, Any], sign: str = "") -> str:
    if one["estimate"] is None:
        return "-"
    low, high = (_number(metric, one[key], sign) for key in ("low", "high"))
    return f"{_number(metric, one['estimate'], sign)} [{low}, {high}]"


def _primary(results: Results) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(metric for metric in results["metrics"] if metric["name"] == results["primary"])
    return found


def mean_scores(results: Results, system: str, split: str) -> dict[str, float | None]:
    """Return a system's scores on ``validation`` or ``test``, averaged over the finished seeds that have them."""
    runs = [run[split] for run in results["runs"] if run["system"] == system and run["status"] == "finished"]
    found: dict[str, float | None] = {}
    for metric in results["metrics"]:
        values = [value for run in runs if (value := run.get(metric["name"])) is not None]
        found[metric["name"]] = sum(values) / len(values) if values else None
    return found


def _scores(results: Results, split: str) -> list[list[str]]:
    roles = {system["name"]: system["role"] for system in results["systems"]}
    rows = []
    for row in results["ranking"]:
        means = mean_scores(results, row["system"], split)
        if any(value is not None for value in means.values()):
            cells = [_number(metric, means[metric["name"]]) for metric in results["metrics"]]
            rows.append([f"{row['system']} ({roles[row['system']]})", str(row["seeds"]), *cells])
    return rows


def _ranking(results: Results) -> str:
    metric = _primary(results)
    if not results["ranking"]:
        return "## Ranking\n\nNo run has finished yet."
    rows = [[row["system"], _span(metric, row), str(row["seeds"])] for row in results["ranking"]]
    ranking = format_table(["system", f"{_heading(metric)}, 95 % interval", "seeds"], rows, "markdown")
    head = ["system", "seeds", *map(_heading, results["metrics"])]
    scores = format_table(head, _scores(results, "test"), "markdown")
    settings = f"Test split, mean over seeds; {results['settings']['description']}; {_split(results, 'test')}."
    return f"## Ranking\n\n{ranking}\n\n## Scores\n\n{scores}\n\n{settings}"


def _split(results: Results, name: str) -> str:
    facts = results["splits"][name]
    return f"{facts['utterances']} utterances, {clock(facts['seconds'])}"


def _rows(results: Results, found: Sequence[Mapping[str, Any]], label: str) -> list[list[str]]:
    rows = []
    for one in found:
        metric = next(metric for metric in results["metrics"] if metric["name"] == one["metric"])
        rows.append(
            [
                one[label],
                _heading(metric),
                _span(metric, one, "+"),
                "-" if one["percent"] is None else f"{one['percent']:+.1f}",
                "-" if one["probability_better"] is None else f"{one['probability_better']:.2f}",
                _p(one["p_holm"]),
                _p(one["wilcoxon"]),
                "-" if one["effect_size"] is None else f"{one['effect_size']:+.2f}",
                str(one["seeds"]),
                one["verdict"],
            ]
        )
    return rows


HEAD = ["score", "difference, 95 % interval", "%", "P(better)", "p (Holm)", "p (Wilcoxon)", "d", "seeds", "verdict"]


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if value >= 0.0001 else "<0.0001"


def _differences(results: Results) -> str:
    if not results["differences"]:
        return ""
    order = {row["system"]: place for place, row in enumerate(results["ranking"])}
    found = sorted(results["differences"], key=lambda one: order[one["system"]])
    metric = _primary(results)
    first = [one for one in found if one["metric"] == metric["name"]]
    table = format_table(["system", *HEAD], _rows(results, first, "system"), "markdown")
    effect = f"{results['smallest_effect']:g} {metric['unit']}".strip()
    named = f"Named before the run: {metric['heading']} decides, and less than {effect} of it does not matter."
    sections = [f"## Differences to {results['baseline']}\n\n{named}", *([table] if first else [])]
    others = [other for other in results["metrics"] if other is not metric and any(d["metric"] == other["name"] for d in found)]
    if others:
        cells = {(one["system"], one["metric"]): _marked(results, one) for one in found}
        systems = list(dict.fromkeys(one["system"] for one in found))
        rows = [[system, *(cells.get((system, other["name"]), "-") for other in others)] for system in systems]
        head = ["system", *map(_heading, others)]
        note = (
            f"In bold what is shown to be better or worse: two seeds or more, an interval without 0, p below {LEVEL:g} after "
            "Holm's correction over all of this table. Tests and effect sizes of each are in results.json and report.html."
        )
        sections.append(f"### The other scores\n\n{format_table(head, rows, 'markdown')}\n\n{note}")
    return "\n\n".join(sections)


def _marked(results: Results, one: Mapping[str, Any]) -> str:
    if one["same"]:
        return "same"
    metric = next(metric for metric in results["metrics"] if metric["name"] == one["metric"])
    text = _span(metric, one, "+")
    return f"**{text} {one['verdict']}**" if one["verdict"] in ("better", "worse") else text


def _controls(results: Results) -> str:
    if not results["against_controls"]:
        return ""
    found = [{**one, "pair": f"{one['system']} minus {one['control']}"} for one in results["against_controls"]]
    table = format_table(["candidate minus control", *HEAD], _rows(results, found, "pair"), "markdown")
    return f"## Is it the tasks? Candidates against controls\n\n{table}"


def _leave_one_out(results: Results) -> str:
    if not results["leave_one_out"]:
        return ""
    whole = results["leave_one_out"][0]["system"]
    table = format_table(["task", *HEAD], _rows(results, results["leave_one_out"], "task"), "markdown")
    return f"## What each task gives: {whole} minus {whole} without it\n\n{table}"


def _budget(results: Results) -> str:
    rows = []
    for system in results["systems"]:
        parameters = system["parameters"] or {"trained": None, "speaking": None}
        sizes = ["-" if value is None else f"{value:,}" for value in (parameters["trained"], parameters["speaking"])]
        rows.append([system["name"], str(system["runs_charged"]), f"{system['steps']:,}", clock(system["seconds"]), *sizes])
    head = ["system", "runs", "steps", "training time", "parameters trained", "parameters to speak"]
    note = "All runs that were trained for a system, searched ones included."
    return f"## Budget\n\n{format_table(head, rows, 'markdown')}\n\n{note}"


def _validation(results: Results) -> str:
    rows = _scores(results, "validation")
    if not rows:
        return ""
    head = ["system", "seeds", *map(_heading, results["metrics"])]
    return f"## Validation\n\n{format_table(head, rows, 'markdown')}\n\n{_split(results, 'validation')}."


def _gradients(results: Results) -> str:
    """Say how the tasks' gradients lay to the main one's, where they were measured: means over seeds and thirds of training."""
    found: dict[tuple[str, str, str], list[list[Mapping[str, float]]]] = {}
    for run in results["runs"]:
        for stage, measured in (run.get("diagnostics") or {}).items():
            third = -(-len(measured) // 3)
            for name in (key.removeprefix("cosine/") for key in measured[0] if key.startswith("cosine/")) if measured else ():
                parts = [measured[first : first + third] for first in range(0, len(measured), third)]
                thirds = found.setdefault((run["system"], stage, name), [[], [], []])
                for kept, part in zip(thirds, parts, strict=False):
                    kept += part
    rows = []
    for (system, stage, name), thirds in found.items():
        cells = []
        for key in (f"cosine/{name}", f"ratio/{name}"):
            values = [[one[key] for one in part if one.get(key) is not None] for part in thirds]
            cells += [f"{sum(part) / len(part):.2f}" if part else "-" for part in values]
        rows.append([system, stage, name, *cells])
    if not rows:
        return ""
    head = ["system", "stage", "task", *(f"{what}, {part} third" for what in ("cosine", "norm ratio") for part in PARTS)]
    note = "Of a task's gradient on the shared layers to that of the main tasks; means over seeds and thirds of training."
    return f"## Gradients\n\n{format_table(head, rows, 'markdown')}\n\n{note}"


def _search(results: Results) -> str:
    parts = []
    for one in results["search"]:
        keys = list(one["chosen"])
        metric = one["metric"]
        rows = []
        for trial in one["tried"]:
            value = "diverged or failed" if trial["validation"] is None else f"{trial['validation']:.4f}"
            mark = " (chosen)" if trial["settings"] == one["chosen"] else ""
            rows.append([*(str(trial["settings"][key]) for key in keys), f"{value}{mark}"])
        table = format_table([*keys, f"validation {metric}"], rows, "markdown")
        parts.append(f"## Search: {one['system']}\n\nBy {one['method']}, seed {one['seed']}.\n\n{table}")
    return "\n\n".join(parts)


def _references(results: Results) -> str:
    given = results["references"]
    named = {
        "copy": "copy synthesis: the ceiling",
        "mean": "mean of each phone: the floor",
        "takes": "two natural takes, time-warped",
    }
    rows = []
    for key, label in named.items():
        if given.get(key):
            rows.append([label, *(_number(metric, given[key].get(metric["name"])) for metric in results["metrics"])])
    if not rows:
        return ""
    table = format_table(["", *map(_heading, results["metrics"])], rows, "markdown")
    lines = ["## For scale", table]
    if given.get("takes"):
        lines.append(
            f"Natural takes: {given['takes']['pairs']} pairs after time warping, which is another scale than natural durations."
        )
    if given.get("natural_wer") is not None:
        lines.append(f"The recogniser's word error on the recordings: {given['natural_wer']:.1f} %.")
    return "\n\n".join(lines)


def _made(results: Results) -> str:
    made = results["made_with"]
    return (
        f"Command: `{results['command']}`\n\nCommit {results['commit'] or 'unknown'}; stacked-tts {made['version']}, torch "
        f"{made['torch']}, numpy {made['numpy']}, Python {made['python']}; {made['machine']}; {results['created']}."
    )
