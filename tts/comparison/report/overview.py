"""The first screens: the answer, what went wrong, the ranking, the differences to the baseline, all scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tts.comparison.report.charts import Scale, whisker, whisker_axis
from tts.comparison.report.data import MetricFormat, Results
from tts.comparison.report.html import MISSING, Html, figure, join, known, section, table, tag
from tts.comparison.report.style import named

MARKS = {"better": "✓", "worse": "✕", "too small to matter": "≈", "no difference shown": "○", "one seed, no verdict": "?"}


def answer(results: Results) -> Html:
    """Return the answer in words, the numbers it rests on and whatever the reader must know before believing them."""
    lead = tag(
        "p", results.data.get("answer") or "There is no answer yet: no system finished beside the baseline.", class_="lead"
    )
    return section("answer", "Did it help?", lead, _key_numbers(results), _alerts(results))


def _key_numbers(results: Results) -> Html | None:
    metric, ranking = results.primary, results.ranking()
    best = next((row for row in ranking if results.systems.get(row["system"], {}).get("role") == "candidate"), None)
    base = next((row for row in ranking if row["system"] == results.baseline), None)
    items = []
    for heading, row in (("Baseline", base), ("Best candidate", best)):
        if row is not None:
            value = [tag("b", metric.value(row["estimate"])), " ", metric.unit]
            items.append(_tile(f"{heading}: {row['system']}", value, f"95 % interval {metric.interval(row)}"))
    change = next((row for row in results.differences(metric.name) if best and row["system"] == best["system"]), None)
    if change is not None:
        percent = f"{figure(change.get('percent'), 1, signed=True)} %"
        value = [tag("b", metric.value(change["estimate"], signed=True)), " ", metric.unit, " · ", percent]
        items.append(_tile("Best candidate minus baseline", value, f"95 % interval {metric.interval(change, signed=True)}"))
        items.append(_tile("Verdict", [verdict(change.get("verdict"))], _smallest(results)))
    return tag("dl", *items, class_="tiles") if items else None


def _tile(heading: str, value: Sequence[object], below: str) -> Html:
    return tag("div", tag("dt", heading), tag("dd", tag("span", *value, class_="big")), tag("dd", below, class_="small"))


def _smallest(results: Results) -> str:
    smallest = known(results.data.get("smallest_effect"))
    if smallest is None:
        return ""
    return f"smallest effect of interest, set beforehand: {smallest:g} {results.primary.unit}".rstrip()


def _alerts(results: Results) -> Html:
    failed = [run for run in results.runs if run["status"] != "finished"]
    boxes = []
    if results.data.get("state") == "partial":
        text = "Runs are still missing. Figures and intervals are provisional and will change."
        boxes.append(_alert("Not complete", tag("p", text)))
    if failed:
        lines = [
            tag(
                "li",
                named(run["system"], results.look(run["system"])),
                f", seed {run['seed']}: {run['status']}. ",
                run.get("message"),
            )
            for run in failed
        ]
        heading = f"{len(failed)} of {len(results.runs)} runs did not finish"
        boxes.append(_alert(heading, tag("p", "Their systems are judged on fewer seeds."), tag("ul", *lines)))
    notes = results.rows("notes")
    if notes:
        boxes.append(_alert("Read this first", tag("ul", *(tag("li", note) for note in notes)), kind="note"))
    return join(boxes)


def _alert(heading: str, *content: Html, kind: str = "warning") -> Html:
    return tag("div", tag("h3", heading), *content, class_=f"alert {kind}", role="note")


def verdict(text: object) -> Html:
    """Return a verdict with its mark, so that it does not hang on colour."""
    word = str(text or "not tested")
    kind = word.partition(",")[0]
    mark = tag("span", MARKS.get(word, MARKS.get(kind, "○")), aria_hidden="true")
    return tag("span", mark, " ", word, class_=f"verdict {kind.split()[0]}")


def ranking(results: Results) -> Html:
    """Return all systems best first, with intervals over seeds and utterances."""
    metric, rows = results.primary, results.ranking()
    if not rows:
        return section("ranking", "Ranking", tag("p", "No run has been scored yet."))
    scale = Scale.around(known(row.get(key)) for row in rows for key in ("estimate", "low", "high"))
    body = []
    for place, row in enumerate(rows, 1):
        name = str(row["system"])
        text = f"{name}: {metric.value(row['estimate'])} {metric.unit}, 95 % interval {metric.interval(row)}"
        body.append(
            [
                _system(results, name, f"{place}.\N{NO-BREAK SPACE}"),
                whisker(scale, row, results.look(name), text),
                tag("td", metric.value(row["estimate"]), class_="main"),
                metric.interval(row),
                figure(row.get("seeds"), 0),
                tag("td", results.systems.get(name, {}).get("role", MISSING), class_="word"),
            ]
        )
    role = tag("th", "Role", scope="col", class_="word")
    head = ["System", _wide("Estimate and interval"), metric.title, "95 % interval", "Seeds", role]
    caption = f"Test {metric.heading}, best first; {_direction(metric)}. Intervals are over seeds and utterances."
    foot = whisker_axis(scale, 1, 4, metric.title)
    return section("ranking", "Ranking", _key(), table(caption, head, body, foot=foot, kind="whisker-table"))


def _key() -> Html:
    words = (
        "Squares mark the baseline, circles candidates, grey diamonds controls and grey triangles systems with a task left out."
    )
    return tag("p", words, class_="hint")


def _direction(metric: MetricFormat) -> str:
    return f"{metric.better} is better" if metric.better else metric.heading


def _wide(text: str) -> Html:
    return tag("th", text, scope="col", class_="chart")


def _system(results: Results, name: str, before: str = "") -> Html:
    title = results.systems.get(name, {}).get("description")
    return tag("th", before, named(name, results.look(name)), scope="row", title=title or None)


def forest(results: Results, rows: Sequence[Mapping[str, Any]], caption: str, labels: Sequence[Sequence[object]] = ()) -> Html:
    """Return differences on the primary score with their intervals, zero and what is too small to matter.

    ``labels`` are the cells in front of each row, by default the system alone.
    """
    metric = results.primary
    smallest = known(results.data.get("smallest_effect")) or 0.0
    scale = Scale.around(
        (known(row.get(key)) for row in rows for key in ("estimate", "low", "high")), include=(0.0, smallest, -smallest)
    )
    body = []
    for number, row in enumerate(rows):
        name = str(row["system"])
        change = f"{metric.value(row['estimate'], signed=True)} {metric.unit}"
        text = f"{name}: {change}, 95 % interval {metric.interval(row, signed=True)}, {row.get('verdict') or 'not tested'}"
        body.append(
            [
                *(labels[number] if labels else [_system(results, name)]),
                whisker(scale, row, results.look(name), text, smallest=smallest),
                tag("td", metric.value(row["estimate"], signed=True), class_="main"),
                metric.interval(row, signed=True),
                figure(row.get("percent"), 1, signed=True),
                tag("td", verdict(row.get("verdict")), class_="word"),
                figure(row.get("effect_size"), 2, signed=True),
                probability(row.get("p_holm")),
            ]
        )
    before = len(body[0]) - 7
    head = ["System", *([tag("th", "Against", scope="col", class_="word")] if before == 2 else [])]
    word = tag("th", "Verdict", scope="col", class_="word")
    head += [
        _wide("Estimate and interval"),
        f"Difference ({metric.unit})",
        "95 % interval",
        "%",
        word,
        "Effect size",
        "p (Holm)",
    ]
    foot = whisker_axis(scale, before, 6, f"difference in {metric.title}")
    return table(caption, head, body, foot=foot, kind="whisker-table")


def probability(value: object) -> str:
    """Return a p value as text."""
    number = known(value)
    return "< 0.001" if number is not None and number < 0.001 else figure(number, 3)


def differences(results: Results) -> Html:
    """Return what changed against the baseline: the primary score in full, then every score, then all statistics."""
    rows = results.differences(results.primary.name)
    if not rows:
        words = "Nothing can be compared yet: the baseline and one other system must have finished with the same seed."
        return section("differences", "Differences to the baseline", tag("p", words))
    caption = f"Test {results.primary.heading}, system minus {results.baseline}, paired by seed and utterance"
    shaded = _smallest(results)
    hint = f"{_direction(results.primary).capitalize()}."
    if side := {"lower": "left", "higher": "right"}.get(results.primary.better):
        hint += f" The good side is {side} of the line at zero."
    if shaded:
        hint += f" The shaded band holds differences too small to matter ({shaded})."
    parts = [tag("p", hint, class_="hint"), forest(results, rows, caption), tag("h3", "Every score"), _matrix(results)]
    against = results.rows("against_controls")
    if against:
        labels = [[_system(results, row["system"]), tag("td", row["control"], class_="word")] for row in against]
        parts.insert(2, tag("h3", "Against the controls"))
        parts.insert(3, forest(results, against, f"Test {results.primary.heading}, system minus control", labels))
    return section("differences", "Differences to the baseline", *parts, _statistics(results))


def _matrix(results: Results) -> Html:
    metrics = [metric for metric in results.metrics if results.differences(metric.name)]
    cells = {(row["system"], row["metric"]): row for row in results.rows("differences")}
    body = []
    for name in (str(row["system"]) for row in results.differences(results.primary.name)):
        body.append([_system(results, name), *(_change(metric, cells.get((name, metric.name))) for metric in metrics)])
    return table(
        f"Change of every test score against {results.baseline}, with 95 % intervals and verdicts",
        ["System", *_heads(metrics)],
        body,
    )


def _heads(metrics: Sequence[MetricFormat]) -> list[Html]:
    return [tag("th", metric.title, tag("small", metric.better), scope="col") for metric in metrics]


def _change(metric: MetricFormat, row: Mapping[str, Any] | None) -> Html:
    if row is None or known(row.get("estimate")) is None:
        return tag("td", MISSING)
    word = str(row.get("verdict") or "not tested")
    value = [
        metric.value(row["estimate"], signed=True),
        tag("small", metric.interval(row, signed=True)),
        tag("small", verdict(word)),
    ]
    return tag("td", *value, class_=f"change {word.split()[0]}")


def _statistics(results: Results) -> Html:
    titles = {metric.name: metric for metric in results.metrics}
    body = []
    for row in results.rows("differences"):
        metric = titles.get(row["metric"], results.primary)
        body.append(
            [
                _system(results, row["system"]),
                tag("td", metric.title, class_="word"),
                metric.value(row.get("estimate"), signed=True),
                metric.interval(row, signed=True),
                figure(row.get("percent"), 1, signed=True),
                figure(row.get("probability_better"), 2),
                probability(row.get("p_value")),
                probability(row.get("p_holm")),
                probability(row.get("wilcoxon")),
                figure(row.get("effect_size"), 2, signed=True),
                f"{figure(row.get('seeds'), 0)} × {figure(row.get('utterances'), 0)}",
            ]
        )
    score = tag("th", "Score", scope="col", class_="word")
    head = [
        "System",
        score,
        "Difference",
        "95 % interval",
        "%",
        "P(better)",
        "p",
        "p (Holm)",
        "Wilcoxon p",
        "Effect size",
        "Seeds × utterances",
    ]
    hint = (
        "p comes from the hierarchical bootstrap over seeds and utterances; Holm corrects it for the number of scores; the "
        "Wilcoxon test is over utterances; P(better) is how often the system wins for a seed drawn at random and a "
        "redrawn test set, and 0.75 is a common demand."
    )
    whole = table("All statistics of all differences", head, body)
    return tag("details", tag("summary", "All statistics"), tag("p", hint, class_="hint"), whole)


def scores(results: Results) -> Html:
    """Return the scores themselves, and the references that say what a score means."""
    body = []
    for name in results.order():
        cells = []
        for metric in results.metrics:
            mean, deviation = results.mean_test(name, metric.name)
            below = tag("small", f"± {metric.value(deviation)}") if deviation is not None else None
            cells.append(tag("td", metric.value(mean), below))
        body.append([_system(results, name), *cells])
    caption = "Test scores: mean over seeds, ± standard deviation between seeds"
    return section("scores", "All scores", table(caption, ["System", *_heads(results.metrics)], body), _references(results))


REFERENCES = {
    "copy": ("Copy synthesis", "analysed and spoken again: the best that this vocoder can do"),
    "takes": ("Two natural takes", "one person reading a prompt twice, paired by time warping: another scale, not a rank"),
    "mean": ("Mean of each phone", "says the same whenever the phone comes: a model must be better than that"),
    "natural": ("Natural recordings", "the speech itself"),
}


def _references(results: Results) -> Html | None:
    references = {name: value for name, value in (results.data.get("references") or {}).items() if value is not None}
    heard = known(references.pop("natural_wer", None))
    if heard is not None:
        references.setdefault("natural", {"wer": heard})
    if not references:
        return None
    body = []
    for name, values in references.items():
        heading, meaning = REFERENCES.get(name, (name, ""))
        row = values if isinstance(values, Mapping) else {results.primary.name: values}
        label = tag("th", heading, tag("small", meaning) if meaning else None, scope="row")
        body.append([label, *(metric.value(row.get(metric.name)) for metric in results.metrics)])
    return join(
        [tag("h3", "What a score means"), table("References on the same scores", ["Reference", *_heads(results.metrics)], body)]
    )
