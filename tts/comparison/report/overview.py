"""The first screens: the answer, what went wrong, the ranking, the differences to the baseline, all scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tts.comparison.report.charts import Scale, whisker, whisker_axis
from tts.comparison.report.data import MetricFormat, ReportData
from tts.comparison.report.style import named
from tts.comparison.tables import WORDS_NOTE, judged, judged_pairs, judges_note
from tts.comparison.verdicts import Contrast, Verdict
from tts.core.html import MISSING, Html, figure, join, known, section, table, tag
from tts.evaluation.scores import find_metric

SOURCES = {"natural": "Natural recordings", "copy": "Copy synthesis"}

MARKS: Mapping[Verdict | None, tuple[str, str]] = {  # the sign of a verdict and its class in style.css
    Verdict.BETTER: ("✓", "better"),
    Verdict.PERHAPS_BETTER: ("✓", "better"),
    Verdict.WORSE: ("✕", "worse"),
    Verdict.PERHAPS_WORSE: ("✕", "worse"),
    Verdict.TOO_SMALL: ("≈", "too"),
    Verdict.NOT_SHOWN: ("○", "no"),
    Verdict.ONE_SEED: ("?", "one"),
    Verdict.ONE_UTTERANCE: ("?", "one"),
    Verdict.UNDERTRAINED: ("–", "not"),
    None: ("○", "not"),
}


def answer(data: ReportData) -> Html:
    """Return the answer in words, the numbers it rests on and whatever the reader must know before believing them."""
    text = data.results.answer or "There is no answer yet: no system finished beside the baseline."
    return section("answer", "Did it help?", tag("p", text, class_="lead"), _key_numbers(data), _alerts(data))


def _key_numbers(data: ReportData) -> Html | None:
    metric, rows = data.primary, data.results.ranking
    best = next((row for row in rows if data.system(row.system).role == "candidate"), None)
    base = next((row for row in rows if row.system == data.baseline), None)
    items = []
    for heading, row in (("Baseline", base), ("Best candidate", best)):
        if row is not None:
            value = [tag("b", metric.value(row.estimate)), " ", metric.unit]
            items.append(_tile(f"{heading}: {row.system}", value, f"95 % interval {metric.interval(row)}"))
    changes = data.results.contrasts_to_baseline(metric.name)
    change = next((row for row in changes if best is not None and row.system == best.system), None)
    if change is not None:
        value = [tag("b", metric.value(change.estimate, signed=True)), " ", metric.unit]
        if change.percent is not None:
            value += [" · ", f"{figure(change.percent, 1, signed=True)} %"]
        items.append(_tile("Best candidate minus baseline", value, f"95 % interval {metric.interval(change, signed=True)}"))
        items.append(_tile("Verdict", [verdict(change)], _smallest(data)))
    return tag("dl", *items, class_="tiles") if items else None


def _tile(heading: str, value: Sequence[object], below: str) -> Html:
    return tag("div", tag("dt", heading), tag("dd", tag("span", *value, class_="big")), tag("dd", below, class_="small"))


def _smallest(data: ReportData) -> str:
    smallest = known(data.results.smallest_effect)
    if smallest is None:
        return ""
    return f"smallest effect of interest, set beforehand: {smallest:g} {data.primary.unit}".rstrip()


def _alerts(data: ReportData) -> Html:
    results = data.results
    failed = [run for run in results.runs if not run.finished]
    boxes = []
    if results.state == "partial":
        text = "Runs are still missing. Figures and intervals are provisional and will change."
        boxes.append(_alert("Not complete", tag("p", text)))
    if failed:
        lines = [
            tag("li", named(run.system, data.look(run.system)), f", seed {run.seed}: {run.status}. ", run.message)
            for run in failed
        ]
        heading = f"{len(failed)} of {len(results.runs)} runs did not finish"
        boxes.append(_alert(heading, tag("p", "Their systems are judged on fewer seeds."), tag("ul", *lines)))
    if results.notes:
        boxes.append(_alert("Read this first", tag("ul", *(tag("li", note) for note in results.notes)), kind="note"))
    return join(boxes)


def _alert(heading: str, *content: Html, kind: str = "warning") -> Html:
    return tag("div", tag("h3", heading), *content, class_=f"alert {kind}", role="note")


def verdict(row: Contrast) -> Html:
    """Return the verdict on a difference with its mark, so that it does not hang on colour."""
    sign, style = MARKS[row.verdict]
    words = row.judgement or "not tested"
    return tag("span", tag("span", sign, aria_hidden="true"), " ", words, class_=f"verdict {style}")


def ranking(data: ReportData) -> Html:
    """Return all systems best first, with intervals over seeds and utterances."""
    metric, rows = data.primary, data.results.ranking
    if not rows:
        return section("ranking", "Ranking", tag("p", "No run has been scored yet."))
    scale = Scale.around(known(value) for row in rows for value in (row.estimate, row.low, row.high))
    body = []
    for place, row in enumerate(rows, 1):
        text = f"{row.system}: {metric.value(row.estimate)} {metric.unit}, 95 % interval {metric.interval(row)}"
        body.append(
            [
                _system(data, row.system, f"{place}.\N{NO-BREAK SPACE}"),
                whisker(scale, row, data.look(row.system), text),
                tag("td", metric.value(row.estimate), class_="main"),
                metric.interval(row),
                figure(row.seeds, 0),
                tag("td", data.system(row.system).role or MISSING, class_="word"),
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


def _system(data: ReportData, name: str, before: str = "") -> Html:
    title = data.system(name).description
    return tag("th", before, named(name, data.look(name)), scope="row", title=title or None)


def forest(
    data: ReportData, rows: Sequence[Contrast], caption: str, *, against: Callable[[Contrast], str] | None = None
) -> Html:
    """Return differences on the primary score with their intervals, zero and what is too small to matter.

    ``against`` says, in a column of its own, what the system is compared with.
    """
    metric = data.primary
    smallest = known(data.results.smallest_effect) or 0.0
    values = (known(value) for row in rows for value in (row.estimate, row.low, row.high))
    scale = Scale.around(values, include=(0.0, smallest, -smallest))
    body = []
    for row in rows:
        change = f"{metric.value(row.estimate, signed=True)} {metric.unit}"
        said = row.judgement or "not tested"
        text = f"{row.system}: {change}, 95 % interval {metric.interval(row, signed=True)}, {said}"
        body.append(
            [
                _system(data, row.system),
                *([tag("td", against(row), class_="word")] if against else []),
                whisker(scale, row, data.look(row.system), text, smallest=smallest),
                tag("td", metric.value(row.estimate, signed=True), class_="main"),
                metric.interval(row, signed=True),
                figure(row.percent, 1, signed=True),
                tag("td", verdict(row), class_="word"),
                figure(row.effect_size, 2, signed=True),
                probability(row.p_holm),
            ]
        )
    labels = ["System", *([_word("Against")] if against else [])]
    numbers = [f"Difference ({metric.unit})", "95 % interval", "%", _word("Verdict"), "Effect size", "p (Holm)"]
    foot = whisker_axis(scale, len(labels), len(numbers), f"difference in {metric.title}")
    return table(caption, [*labels, _wide("Estimate and interval"), *numbers], body, foot=foot, kind="whisker-table")


def _word(text: str) -> Html:
    return tag("th", text, scope="col", class_="word")


def probability(value: object) -> str:
    """Return a p value as text."""
    number = known(value)
    return "< 0.001" if number is not None and number < 0.001 else figure(number, 3)


def differences(data: ReportData) -> Html:
    """Return what changed against the baseline: the primary score in full, then every score, then all statistics."""
    rows = data.results.contrasts_to_baseline(data.primary.name)
    if not rows:
        words = "Nothing can be compared yet: the baseline and one other system must have finished with the same seed."
        return section("differences", "Differences to the baseline", tag("p", words))
    caption = f"Test {data.primary.heading}, system minus {data.baseline}, paired by seed and utterance"
    shaded = _smallest(data)
    hint = f"{_direction(data.primary).capitalize()}."
    if side := {"lower": "left", "higher": "right"}.get(data.primary.better):
        hint += f" The good side is {side} of the line at zero."
    if shaded:
        hint += f" The shaded band holds differences too small to matter ({shaded})."
    parts = [tag("p", hint, class_="hint"), forest(data, rows, caption)]
    controls = data.results.against_controls
    if controls:
        caption = f"Test {data.primary.heading}, system minus control"
        parts += [tag("h3", "Against the controls"), forest(data, controls, caption, against=lambda row: str(row.control))]
    parts += [tag("h3", "Every score"), _matrix(data), _statistics(data)]
    return section("differences", "Differences to the baseline", *parts)


def _matrix(data: ReportData) -> Html:
    metrics = [metric for metric in data.metrics if data.results.contrasts_to_baseline(metric.name)]
    cells = {(row.system, row.metric): row for row in data.results.differences}
    names = [row.system for row in data.results.contrasts_to_baseline(data.primary.name)]
    body = [[_system(data, name), *(_change(metric, cells.get((name, metric.name))) for metric in metrics)] for name in names]
    caption = f"Change of every test score against {data.baseline}, with 95 % intervals and verdicts"
    return table(caption, ["System", *_heads(metrics)], body)


def _heads(metrics: Sequence[MetricFormat]) -> list[Html]:
    return [tag("th", metric.title, tag("small", metric.better), scope="col") for metric in metrics]


def _change(metric: MetricFormat, row: Contrast | None) -> Html:
    if row is None or known(row.estimate) is None:
        return tag("td", MISSING)
    value = [
        metric.value(row.estimate, signed=True),
        tag("small", metric.interval(row, signed=True)),
        tag("small", verdict(row)),
    ]
    return tag("td", *value, class_=f"change {MARKS[row.verdict][1]}")


def _statistics(data: ReportData) -> Html:
    metrics = {metric.name: metric for metric in data.metrics}
    body = []
    for row in data.results.differences:
        metric = metrics.get(row.metric)
        if metric is None:  # a diagnostic in results of an earlier version
            continue
        body.append(
            [
                _system(data, row.system),
                tag("td", metric.title, class_="word"),
                metric.value(row.estimate, signed=True),
                metric.interval(row, signed=True),
                figure(row.percent, 1, signed=True),
                figure(row.probability_better, 2),
                probability(row.p_value),
                probability(row.p_holm),
                probability(row.wilcoxon),
                figure(row.effect_size, 2, signed=True),
                f"{figure(row.seeds, 0)} × {figure(row.utterances, 0)}",
            ]
        )
    head = [
        "System",
        _word("Score"),
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


def scores(data: ReportData) -> Html:
    """Return the scores themselves, and the references that say what a score means."""
    body = []
    for name in data.order():
        cells = []
        for metric in data.metrics:
            mean, deviation = data.mean_test(name, metric.name)
            below = tag("small", f"± {metric.value(deviation)}") if deviation is not None else None
            cells.append(tag("td", metric.value(mean), below))
        body.append([_system(data, name), *cells])
    caption = "Test scores: mean over seeds, ± standard deviation between seeds"
    return section("scores", "All scores", table(caption, ["System", *_heads(data.metrics)], body), _references(data))


def _references(data: ReportData) -> Html | None:
    references = data.results.references
    takes = references.takes.scores if references.takes else None
    rows = [
        ("Copy synthesis", "analysed and spoken again: the best that this vocoder can do", references.copies),
        ("Two natural takes", "one person reading a prompt twice, paired by time warping: another scale, not a rank", takes),
        ("Mean of each phone", "the same whenever the phone comes: a model must be better than that", references.mean),
    ]
    body: list[list[object]] = []
    for heading, meaning, row in rows:
        if row:
            label = tag("th", heading, tag("small", meaning), scope="row")
            body.append([label, *(metric.value(row.get(metric.name)) for metric in data.metrics)])
    if not body:
        return None
    caption = "References on the same scores"
    return join([tag("h3", "What a score means"), table(caption, ["Reference", *_heads(data.metrics)], body)])


def words(data: ReportData) -> Html | None:
    """Return the recogniser's word errors, which decide nothing, and why."""
    metric = MetricFormat.of(data.results.metric("wer"))
    rates = {name: data.mean_test(name, metric.name)[0] for name in data.order()}
    body: list[list[object]] = [[_system(data, name), metric.value(rate)] for name, rate in rates.items() if rate is not None]
    if not body:
        return None
    natural = data.results.references.natural_wer
    if natural is not None:
        body.insert(0, ["Natural recordings", metric.value(natural)])
    heading = "Words that a recogniser gets wrong"
    shown = table(f"{heading}, speech of the first seed", ["Speech", metric.title], body, kind="narrow")
    return section("words", heading, tag("p", WORDS_NOTE, class_="hint"), shown)


def judges(data: ReportData) -> Html | None:
    """Return what independent judges say of the speech, and of every system how much more than of the baseline."""
    given = data.results.judges
    if given is None:
        return None
    metrics = [find_metric(name) for name in given.metrics]
    body: list[list[object]] = []
    for row in given.speech:
        known_system = row.source in data.results.by_name
        cells = [judged(metric, row.scores.get(metric.name)) or MISSING for metric in metrics]
        cells += [judged(metric, row.differences.get(metric.name), "+") or MISSING for metric in metrics]
        body.append([_system(data, row.source) if known_system else SOURCES.get(row.source, row.source), *cells])
    heads = [*(metric.heading for metric in metrics), *(f"{metric.heading}, minus baseline" for metric in metrics)]
    used = ", ".join(f"{name}: {version}" for name, version in given.versions.items())
    shown = table(f"Judges on {given.utterances} test sentences", ["Speech", *heads], body)
    pairs = judged_pairs(given)
    return section(
        "judges",
        "What independent judges say",
        tag("p", judges_note(given), class_="hint"),
        shown,
        table("Judges: candidates minus controls", ["Pair", *(metric.heading for metric in metrics)], pairs) if pairs else "",
        tag("p", used, class_="hint"),
    )
