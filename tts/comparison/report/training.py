"""How the systems were trained: budget, learning curves, gradient diagnostics, the search over weights, tasks left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tts.comparison.report.charts import Scale, Series, line_chart, scatter
from tts.comparison.report.html import Html, figure, join, known, section, table, tag
from tts.comparison.report.look import named, swatch, task_look
from tts.comparison.report.overview import forest
from tts.comparison.report.results import Results

CURVES = (("valid/main", "Validation loss of the main task"), ("valid/mcd", "Validation MCD (dB)"))
GRADIENTS = (
    ("cosine", "Cosine to the main task's gradient", True),
    ("ratio", "Norm over the main task's", True),
    ("weight", "Weight in the step", True),
)


def budget(results: Results) -> Html:
    """Return what each system cost and how large it is: whether the comparison was fair."""
    body = []
    for name in results.order():
        system = results.systems[name]
        size = system.get("parameters") or {}
        members = system.get("members")
        body.append(
            [
                tag("th", named(name, results.look(name)), scope="row"),
                tag("td", system.get("role"), class_="word"),
                tag("td", system.get("description"), class_="words"),
                _millions(size.get("trained")),
                _millions(size.get("speaking")),
                figure(members, 0) if members and members > 1 else "1",
                f"{len(results.runs_of(name))} of {len(results.runs_of(name, finished=False))}",
                figure(system.get("runs_charged"), 0),
                figure(system.get("steps"), 0),
                figure(_hours(system.get("seconds")), 2),
            ]
        )
    word = {"scope": "col", "class_": "word"}
    head: list[object] = [
        "System",
        tag("th", "Role", **word),
        tag("th", "What it is", **word),
        "Trained (M)",
        "Speaking (M)",
        "Networks",
    ]
    head += ["Seeds finished", "Runs charged", "Steps", "Training (h)"]
    hint = "Sizes are millions of parameters. Runs charged include every trial of a search. A control shows what is gained without what it leaves out."
    return section(
        "budget", "Budget and controls", tag("p", hint, class_="hint"), table("Size and cost of each system", head, body)
    )


def _millions(value: object) -> str:
    number = known(value)
    return figure(None if number is None else number / 1e6, 2)


def _hours(value: object) -> float | None:
    number = known(value)
    return None if number is None else number / 3600.0


def curves(results: Results) -> Html | None:
    """Return the learning curves of every stage, a thin line for each seed and a thick one for their mean."""
    stages = sorted({stage for run in results.runs for stage in run.get("curves") or {}})
    panels = []
    for stage in stages:
        for key, title in CURVES:
            series = []
            for name in results.systems:
                lines = [
                    _points((run.get("curves") or {}).get(stage) or {}, key) for run in results.runs_of(name, finished=False)
                ]
                if any(lines):
                    series.append(Series(name, results.look(name), [line for line in lines if line], results.number(name)))
            if series:
                panels.append(line_chart(f"{_stage(stage)} · {title}", series, ("training step", title), robust=True))
    if not panels:
        return None
    hint = "Thin lines are seeds, thick ones their mean. Systems of one stage appear in the panels of stage 1 alone."
    return section(
        "curves", "Learning curves", tag("p", hint, class_="hint"), _switches(results), tag("div", *panels, class_="panels")
    )


def _stage(name: str) -> str:
    return f"Stage {name.removeprefix('stage')}" if name.startswith("stage") else name.capitalize()


def _points(curve: Mapping[str, Sequence[Any]], key: str) -> list[tuple[float, float]]:
    return _pairs(zip(curve.get("step") or [], curve.get(key) or [], strict=False))


def _pairs(values: Iterable[tuple[object, object]]) -> list[tuple[float, float]]:
    numbers = ((known(x), known(y)) for x, y in values)
    return [(x, y) for x, y in numbers if x is not None and y is not None]


def _switches(results: Results) -> Html:
    """Check boxes that show and hide systems; the script shows them, without it every system is shown."""
    boxes = []
    for place, name in enumerate(results.order()):
        shown = place < 4 or name == results.baseline
        box = tag("input", type="checkbox", checked=True, data_toggle=results.number(name), data_shown=shown)
        boxes.append(tag("label", box, " ", named(name, results.look(name))))
    return join([_key(results), tag("fieldset", tag("legend", "Systems shown"), *boxes, class_="switches js")])


def _key(results: Results) -> Html:
    return tag("p", *(tag("span", named(name, results.look(name)), " ") for name in results.order()), class_="key no-js")


def scatters(results: Results) -> Html | None:
    """Return for each system the scores of single utterances against the baseline's."""
    metric = results.primary
    base = results.utterances(results.baseline, metric.name)
    pairs = {}
    for name in results.order():
        other = results.utterances(name, metric.name)
        shared = [(utterance, base[utterance], other[utterance]) for utterance in sorted(base.keys() & other.keys())]
        if name != results.baseline and shared:
            pairs[name] = shared
    if not pairs:
        return None
    scale = Scale.around(value for points in pairs.values() for _, x, y in points for value in (x, y))
    panels = []
    for name, points in pairs.items():
        wins = sum((y > x) if metric.better == "higher" else (y < x) for _, x, y in points)
        title = f"{name}: better on {wins} of {len(points)} utterances"
        panels.append(scatter(title, points, results.look(name), (results.baseline, name), scale, metric.decimals))
    side = "above" if metric.better == "higher" else "below"
    hint = f"One dot an utterance, mean over seeds, both axes {metric.title}; {side} the diagonal the system is better than {results.baseline}. "
    how = tag(
        "span",
        "Point at a dot, or focus a chart and press the arrow keys, to read it; the same sentence lights up everywhere.",
        class_="js",
    )
    return section(
        "utterances", "Utterance by utterance", tag("p", hint, how, class_="hint"), tag("div", *panels, class_="panels")
    )


def diagnostics(results: Results) -> Html | None:
    """Return how the gradient of each auxiliary task lay to the main task's, and the weights over time."""
    blocks = []
    for name in results.order():
        runs = [run for run in results.runs_of(name, finished=False) if run.get("diagnostics")]
        stages = sorted({stage for run in runs for stage, entries in run["diagnostics"].items() if entries})
        drawn = [
            panels for stage in stages if (panels := _gradients(stage, [run["diagnostics"].get(stage) or [] for run in runs]))
        ]
        if drawn:
            blocks.append(tag("h3", named(name, results.look(name))))
            blocks += drawn
    if not blocks:
        return None
    hint = (
        "Measured on the shared layers. A cosine above zero means that a step for the task is also a step for the main task; "
        "below zero they pull apart. The norm ratio holds the task's weight."
    )
    return section("gradients", "Gradients and weights", tag("p", hint, class_="hint"), *blocks)


def _gradients(stage: str, runs: Sequence[Sequence[Mapping[str, Any]]]) -> Html | None:
    keys = {key for entries in runs for entry in entries for key in entry if "/" in key}
    tasks = sorted({key.split("/", 1)[1] for key in keys}, key=lambda task: (task != "main", task))
    auxiliary = [task for task in tasks if task != "main"]
    if not auxiliary:
        return None
    colours = {task: task_look(place) for place, task in enumerate(auxiliary)} | {"main": task_look(-1)}
    panels = []
    for kind, title, zero in GRADIENTS:
        series = []
        for task in tasks:
            key = f"{kind}/{task}"
            lines = [line for entries in runs if (line := _pairs((e.get("step"), e.get(key)) for e in entries))]
            if lines:
                series.append(Series(task, colours[task], lines))
        if series:
            panels.append(line_chart(f"{_stage(stage)} · {title}", series, ("training step", title), zero=zero))
    key_ = tag(
        "p", *(tag("span", tag("span", swatch(colours[t]), " ", t, class_="named"), " ") for t in tasks), class_="key lines"
    )
    return join([key_, tag("div", *panels, class_="panels three")])


def search(results: Results) -> Html | None:
    """Return what was tried in the search over weights, on validation, and what was chosen."""
    blocks = []
    for one in results.list("search"):
        tried = sorted(one.get("tried") or [], key=lambda trial: _order(results, trial.get("validation")))
        body = []
        for trial in tried:
            settings = trial.get("weights", trial.get("settings"))
            chosen = settings == one.get("chosen")
            mark = tag("strong", "✓ chosen") if chosen else ""
            body.append(
                [
                    tag("th", _setting(settings), scope="row"),
                    results.primary.value(trial.get("validation")),
                    tag("td", mark, class_="word"),
                ]
            )
        count = one.get("runs", len(tried))
        caption = f"{one['system']}: {count} runs on validation, all charged to it"
        choice = tag("th", "Choice", scope="col", class_="word")
        blocks.append(table(caption, ["Weights", f"Validation {results.primary.title}", choice], body, kind="narrow"))
    return section("search", "Search over weights", *blocks) if blocks else None


def _order(results: Results, value: object) -> float:
    number = known(value)
    if number is None:
        return float("inf")
    return -number if results.primary.better == "higher" else number


def _setting(settings: object) -> str:
    if isinstance(settings, Mapping):
        return ", ".join(f"{key} {_setting(value)}" for key, value in settings.items()) or "none"
    return f"{settings:g}" if isinstance(settings, float) else str(settings)


def leave_one_out(results: Results) -> Html | None:
    """Return what each task of a system is worth: the whole system against itself without the task."""
    rows = results.list("leave_one_out")
    if not rows:
        return None
    labels = [
        [
            tag("th", named(row["system"], results.look(row["system"])), scope="row"),
            tag("td", f"without {row['task']}", class_="word"),
        ]
        for row in rows
    ]
    good = "above" if results.primary.better == "higher" else "below"
    hint = f"The whole system minus the system without the task: {good} zero the task helped."
    caption = f"Test {results.primary.heading}, whole system minus the system without one task"
    return section(
        "leave-one-out", "Leaving one task out", tag("p", hint, class_="hint"), forest(results, rows, caption, labels)
    )
