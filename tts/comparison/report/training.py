"""How the systems were trained: budget, learning curves, gradient diagnostics, the search over weights, tasks left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tts.comparison.report.charts import Scale, Series, line_chart, scatter
from tts.comparison.report.data import MetricFormat, ReportData
from tts.comparison.report.overview import forest
from tts.comparison.report.style import BASELINE, Look, named, task_look
from tts.comparison.results import Parameters, Trial
from tts.core.html import Html, figure, join, known, section, table, tag
from tts.core.progress import clock

CURVES = (("valid/main", "validation loss, main task"), ("valid/mcd", "validation MCD (dB)"))
GRADIENTS = (("cosine", "cosine"), ("ratio", "norm ratio"), ("weight", "weight"))


def budget(data: ReportData) -> Html:
    """Return what each system cost and how large it is: whether the comparison was fair."""
    body = []
    for name in data.order():
        system = data.systems[name]
        size = system.parameters or Parameters()
        networks = system.members * len(system.stages)
        body.append(
            [
                tag("th", named(name, data.look(name)), scope="row"),
                tag("td", system.description, class_="words"),
                _millions(size.trained),
                _millions(size.speaking),
                figure(networks or None, 0),
                f"{len(data.results.runs_of(name))} of {len(data.results.runs_of(name, finished=False))}",
                figure(system.runs_charged, 0),
                figure(system.steps, 0),
                clock(system.seconds),
            ]
        )
    what = tag("th", "What it is", scope="col", class_="word")
    head = [
        "System",
        what,
        "Trained (M)",
        "Speaking (M)",
        "Networks",
        "Seeds finished",
        "Runs charged",
        "Steps in all",
        "Time in all",
    ]
    hint = (
        "Sizes are millions of parameters, while training and when speaking; networks are those that speak together. Runs "
        "charged include every trial of a search over weights; a fair comparison gives every system as many."
    )
    return section(
        "budget", "Budget and controls", tag("p", hint, class_="hint"), table("Size and cost of each system", head, body)
    )


def _millions(value: int | None) -> str:
    return figure(None if value is None else value / 1e6, 2)


def curves(data: ReportData) -> Html | None:
    """Return the learning curves of every stage, a thin line for each seed and a thick one for their mean."""
    trained = {stage for run in data.results.runs for stage in run.curves}
    stages = sorted(trained, key=lambda stage: (not stage.startswith("stage"), stage))
    panels = []
    for stage in stages:
        for key, title in CURVES:
            series = []
            for name in data.systems:
                runs = [run.curves.get(stage, {}) for run in data.results.runs_of(name, finished=False)]
                lines = [line for run in runs if (line := _points(run, key))]
                if lines:
                    series.append(Series(name, data.look(name), lines, data.number(name)))
            if series:
                panels.append(line_chart(f"{_stage(stage)} · {title}", series, "training step", wide=True))
    if not panels:
        return None
    hint = "Thin lines are seeds, thick ones their mean; a system is drawn in the panels of the stages that it has."
    return section(
        "curves", "Learning curves", tag("p", hint, class_="hint"), _switches(data), tag("div", *panels, class_="panels")
    )


def _stage(name: str) -> str:
    return f"Stage {name.removeprefix('stage')}" if name.startswith("stage") else name.capitalize()


def _points(curve: Mapping[str, Sequence[Any]], key: str) -> list[tuple[float, float]]:
    return _pairs(zip(curve.get("step") or [], curve.get(key) or [], strict=False))


def _pairs(values: Iterable[tuple[object, object]]) -> list[tuple[float, float]]:
    numbers = ((known(x), known(y)) for x, y in values)
    return [(x, y) for x, y in numbers if x is not None and y is not None]


def _switches(data: ReportData) -> Html:
    """Check boxes that show and hide systems; the script shows them, without it every system is shown."""
    boxes = []
    for place, name in enumerate(data.order()):
        shown = place < 4 or name == data.baseline
        box = tag("input", type="checkbox", checked=True, data_toggle=data.number(name), data_shown=shown)
        boxes.append(tag("label", box, " ", named(name, data.look(name))))
    return join([_key(data), tag("fieldset", tag("legend", "Systems shown"), *boxes, class_="switches js")])


def _key(data: ReportData) -> Html:
    return tag("p", *(tag("span", named(name, data.look(name)), " ") for name in data.order()), class_="key no-js")


def scatters(data: ReportData) -> Html | None:
    """Return for each system the scores of single utterances against the baseline's."""
    metric = data.primary
    base = data.utterances(data.baseline, metric.name)
    pairs = {}
    for name in data.order():
        other = data.utterances(name, metric.name)
        shared = [(utterance, base[utterance], other[utterance]) for utterance in sorted(base.keys() & other.keys())]
        if name != data.baseline and shared:
            pairs[name] = shared
    if not pairs:
        return None
    scale = Scale.around(value for points in pairs.values() for _, x, y in points for value in (x, y))
    panels = []
    for name, points in pairs.items():
        wins = sum(metric.gain(y) > metric.gain(x) for _, x, y in points)
        title = join([named(name, data.look(name)), tag("small", f"better on {wins} of {len(points)} utterances")])
        panels.append(scatter(title, points, data.look(name), (data.baseline, name), scale, metric.decimals))
    hint = f"One dot an utterance, mean over seeds, both axes {metric.title}. "
    if side := {"lower": "Below", "higher": "Above"}.get(metric.better):
        hint += f"{side} the diagonal the system is better than {data.baseline}. "
    how = "Point at a dot, or focus a chart and press the arrow keys, to read it; the same sentence lights up everywhere."
    words = tag("p", hint, tag("span", how, class_="js"), class_="hint")
    return section("utterances", "Utterance by utterance", words, tag("div", *panels, class_="panels three"))


def diagnostics(data: ReportData) -> Html | None:
    """Return how the gradient of each auxiliary task lay to the main task's, and the weights over time."""
    blocks: list[Html] = []
    for name in data.order():
        runs = [run for run in data.results.runs_of(name, finished=False) if run.diagnostics]
        stages = sorted({stage for run in runs for stage, entries in run.diagnostics.items() if entries})
        measured = {stage: [run.diagnostics.get(stage, []) for run in runs] for stage in stages}
        tasks = _tasks(entry for entries in measured.values() for run in entries for entry in run)
        if len(tasks) > 1:
            key = tag("p", *(tag("span", named(task, look), " ") for task, look in tasks.items()), class_="key lines")
            panels = [panel for stage, entries in measured.items() for panel in _gradients(stage, entries, tasks)]
            summary = tag("summary", named(name, data.look(name)))
            blocks.append(tag("details", summary, key, tag("div", *panels, class_="panels three"), open=not blocks))
    if not blocks:
        return None
    hint = (
        "Measured on the shared layers. A cosine above zero means that a step for the task is also a step for the main task; "
        "below zero they pull apart. The norm ratio is that of the task's gradient, times its weight, to the main task's. "
        "The weight is what the method of weighing made of the task in that step."
    )
    return section("gradients", "Gradients and weights", tag("p", hint, class_="hint"), *blocks)


def _tasks(entries: Iterable[Mapping[str, Any]]) -> dict[str, Look]:
    names = {key.split("/", 1)[1] for entry in entries for key in entry if "/" in key}
    return {"main": BASELINE, **{name: task_look(place) for place, name in enumerate(sorted(names - {"main"}))}}


def _gradients(stage: str, runs: Sequence[Sequence[Mapping[str, Any]]], tasks: Mapping[str, Look]) -> list[Html]:
    panels = []
    for kind, title in GRADIENTS:
        series = []
        for task, look in tasks.items():
            lines = [line for entries in runs if (line := _pairs((e.get("step"), e.get(f"{kind}/{task}")) for e in entries))]
            if lines:
                series.append(Series(task, look, lines))
        if series:
            panels.append(line_chart(f"{_stage(stage)} · {title}", series, "training step", zero=True))
    return panels


def searches(data: ReportData) -> Html | None:
    """Return what was tried in the search over settings such as the tasks' weights, on validation, and what was chosen."""
    blocks = []
    for searched in data.results.search:
        loss = MetricFormat("loss", searched.metric, "", 4, "lower")  # of older results that were searched by the main loss
        metric = next((m for m in data.metrics if m.name == (searched.metric or data.primary.name)), loss)

        def order(trial: Trial, metric: MetricFormat = metric) -> float:
            number = known(trial.validation)
            return math.inf if number is None else -metric.gain(number)

        body = []
        for trial in sorted(searched.tried, key=order):
            mark: object = tag("strong", "✓ chosen") if trial.settings == searched.chosen else ""
            if known(trial.validation) is None:
                mark = trial.status or "no score"
            label = tag("th", _setting(trial.settings), scope="row")
            body.append([label, metric.value(trial.validation), tag("td", mark, class_="word")])
        how = f", by {searched.method}" if searched.method else ""
        caption = f"{searched.system}: {searched.runs or len(body)} runs on validation{how}, all charged to it"
        choice = tag("th", "Choice", scope="col", class_="word")
        blocks.append(table(caption, ["Settings", f"Validation {metric.title}", choice], body, kind="narrow"))
        blocks += [tag("p", edge, class_="hint") for edge in searched.edges]
    return section("search", "Search over settings", *blocks) if blocks else None


def _setting(settings: object) -> str:
    if isinstance(settings, Mapping):
        return ", ".join(f"{key} {_setting(value)}" for key, value in settings.items()) or "none"
    return f"{settings:g}" if isinstance(settings, float) else str(settings)


def leave_one_out(data: ReportData) -> Html | None:
    """Return what each task of a system is worth: the whole system against itself without the task."""
    rows = data.results.leave_one_out
    if not rows:
        return None
    hint = "The whole system minus the system without the task."
    if side := {"lower": "Left", "higher": "Right"}.get(data.primary.better):
        hint += f" {side} of zero the task helped."
    caption = f"Test {data.primary.heading}, whole system minus the system without one task"
    table_of_tasks = forest(data, rows, caption, against=lambda row: f"without {row.task}")
    return section("leave-one-out", "Leaving one task out", tag("p", hint, class_="hint"), table_of_tasks)
