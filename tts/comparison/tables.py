"""The comparison as Markdown: ``tables.md``, made from ``results.json`` alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from tts.comparison.results import JudgedPair, JudgedScore, Judges, MetricInfo, RankingRow, Results, ScoreRow
from tts.comparison.verdicts import LEVEL, Contrast
from tts.core.progress import clock
from tts.evaluation.scores import Metric, find_metric
from tts.evaluation.tables import format_table

PARTS = ("first", "second", "last")
WORDS_NOTE = (
    "It decides nothing and is no measure of how well a voice is understood: the recogniser (pocketsphinx) is small and old "
    "and gets more words of natural speech wrong than of speech made by networks, whose regular voice it finds easier. A rate "
    "far above the others points at a voice that drops or garbles words, and no more."
)


JUDGES_NOTE = (
    "The judges are models trained on listeners' ratings of other kinds of speech: an order that all of them share can be "
    "trusted."
)


def tables(results: Results) -> str:
    """Return everything that matters of a comparison as Markdown text."""
    sections = [
        f"# {results.recipe}: comparison",
        results.description,
        results.answer,
        _ranking(results),
        _differences(results),
        _controls(results),
        _leave_one_out(results),
        _budget(results),
        _validation(results),
        _gradients(results),
        _search(results),
        _references(results),
        _judges(results),
        _diagnostics(results),
        "## Notes\n\n" + "\n".join(f"* {note}" for note in results.notes),
        _made(results),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _number(metric: MetricInfo, value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{metric.decimals}f}"


def _span(metric: MetricInfo, row: RankingRow | Contrast, sign: str = "") -> str:
    if row.estimate is None:
        return "-"
    low, high = (_number(metric, bound, sign) for bound in (row.low, row.high))
    return f"{_number(metric, row.estimate, sign)} [{low}, {high}]"


def _scores(results: Results, split: Literal["validation", "test"]) -> list[list[str]]:
    rows = []
    for row in results.ranking:
        means = results.mean_scores(row.system, split)
        if any(value is not None for value in means.values()):
            cells = [_number(metric, means[metric.name]) for metric in results.scores]
            rows.append([f"{row.system} ({results.by_name[row.system].role})", str(row.seeds), *cells])
    return rows


def _ranking(results: Results) -> str:
    metric = results.primary_metric
    if not results.ranking:
        return "## Ranking\n\nNo run has finished yet."
    rows = [[row.system, _span(metric, row), str(row.seeds)] for row in results.ranking]
    ranking = format_table(["system", f"{metric.title}, 95 % interval", "seeds"], rows, "markdown")
    head = ["system", "seeds", *(score.title for score in results.scores)]
    scores = format_table(head, _scores(results, "test"), "markdown")
    settings = f"Test split, mean over seeds; {results.settings.description}; {_split(results, 'test')}."
    return f"## Ranking\n\n{ranking}\n\n## Scores\n\n{scores}\n\n{settings}"


def _split(results: Results, name: str) -> str:
    size = results.splits[name]
    return f"{size.utterances} utterances, {clock(size.seconds or 0.0)}"


HEAD = ["score", "difference, 95 % interval", "%", "P(better)", "p (Holm)", "p (Wilcoxon)", "d", "seeds", "verdict"]


def _contrasts(results: Results, rows: Sequence[Contrast], first: str, label: Callable[[Contrast], str]) -> str:
    """Return a table of differences with all that is known of them; ``label`` is what stands in the column ``first``."""
    body = []
    for row in rows:
        metric = results.metric(row.metric)
        if row.is_alike:
            body.append([label(row), metric.title, "same", *["-"] * 5, str(row.seeds), row.judgement])
            continue
        body.append(
            [
                label(row),
                metric.title,
                _span(metric, row, "+"),
                "-" if row.percent is None else f"{row.percent:+.1f}",
                "-" if row.probability_better is None else f"{row.probability_better:.2f}",
                _p(row.p_holm),
                _p(row.wilcoxon),
                "-" if row.effect_size is None else f"{row.effect_size:+.2f}",
                str(row.seeds),
                row.judgement or "-",
            ]
        )
    return format_table([first, *HEAD], body, "markdown")


def difference_table(contrasts: Sequence[Contrast]) -> str:
    """Return the differences of one system to another as a Markdown table, a row a score."""
    rows = []
    for row in contrasts:
        rule = find_metric(row.metric)
        metric = MetricInfo(name=rule.name, heading=rule.heading, unit=rule.unit, decimals=rule.decimals)
        rows.append([metric.title, _span(metric, row, "+"), _p(row.p_holm), row.judgement or "-"])
    head = ["score", f"{contrasts[0].system} minus {contrasts[0].against}, 95 % interval" if contrasts else "difference"]
    return format_table([*head, "p (Holm)", "verdict"], rows, "markdown")


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if value >= 0.0001 else "<0.0001"


def _differences(results: Results) -> str:
    if not results.differences:
        return ""
    metric = results.primary_metric
    first = results.contrasts_to_baseline(metric.name)
    table = _contrasts(results, first, "system", lambda contrast: contrast.system)
    effect = f"{results.smallest_effect or 0.0:g} {metric.unit}".strip()
    named = f"Named before the run: {metric.heading} decides, and less than {effect} of it does not matter."
    sections = [f"## Differences to {results.baseline}\n\n{named}", *([table] if first else [])]
    others = {other.name: results.contrasts_to_baseline(other.name) for other in results.scores if other != metric}
    others = {name: rows for name, rows in others.items() if rows}
    if others:
        cells = {(contrast.system, name): _marked(results, contrast) for name, rows in others.items() for contrast in rows}
        compared = {contrast.system for contrast in results.differences}
        systems = [row.system for row in results.ranking if row.system in compared]
        body = [[system, *(cells.get((system, name), "-") for name in others)] for system in systems]
        head = ["system", *(results.metric(name).title for name in others)]
        note = (
            f"In bold what is shown to be better or worse: two seeds or more, an interval without 0, p below {LEVEL:g} after "
            "Holm's correction over all of this table. Tests and effect sizes of each are in results.json and report.html."
        )
        sections.append(f"### The other scores\n\n{format_table(head, body, 'markdown')}\n\n{note}")
    return "\n\n".join(sections)


def _marked(results: Results, contrast: Contrast) -> str:
    if contrast.same:
        return "same"
    text = _span(results.metric(contrast.metric), contrast, "+")
    return f"**{text} {contrast.verdict}**" if contrast.verdict is not None and contrast.verdict.is_plain else text


def _controls(results: Results) -> str:
    rows = results.against_controls
    if not rows:
        return ""
    table = _contrasts(results, rows, "candidate minus control", lambda contrast: f"{contrast.system} minus {contrast.control}")
    return f"## Is it the tasks? Candidates against controls\n\n{table}"


def _leave_one_out(results: Results) -> str:
    rows = results.leave_one_out
    if not rows:
        return ""
    whole = rows[0].system
    table = _contrasts(results, rows, "task", lambda contrast: str(contrast.task))
    return f"## What each task gives: {whole} minus {whole} without it\n\n{table}"


def _budget(results: Results) -> str:
    rows = []
    for system in results.systems:
        size = system.parameters
        sizes = ["-" if value is None else f"{value:,}" for value in ((size.trained, size.speaking) if size else (None, None))]
        rows.append([system.name, str(system.runs_charged), f"{system.steps:,}", clock(system.seconds), *sizes])
    head = ["system", "runs", "steps", "training time", "parameters trained", "parameters to speak"]
    note = "All runs that were trained for a system, searched ones included."
    return f"## Budget\n\n{format_table(head, rows, 'markdown')}\n\n{note}"


def _validation(results: Results) -> str:
    rows = _scores(results, "validation")
    if not rows:
        return ""
    head = ["system", "seeds", *(score.title for score in results.scores)]
    return f"## Validation\n\n{format_table(head, rows, 'markdown')}\n\n{_split(results, 'validation')}."


def _gradients(results: Results) -> str:
    """Say how the tasks' gradients lay to the main one's, where they were measured: means over seeds and thirds of training."""
    thirds: dict[tuple[str, str, str], list[list[dict[str, float | None]]]] = {}
    for run in results.runs:
        for stage, measured in run.diagnostics.items():
            size = -(-len(measured) // 3)
            for name in (key.removeprefix("cosine/") for key in measured[0] if key.startswith("cosine/")) if measured else ():
                parts = [measured[first : first + size] for first in range(0, len(measured), size)]
                for pooled, part in zip(thirds.setdefault((run.system, stage, name), [[], [], []]), parts, strict=False):
                    pooled += part
    rows = []
    for (system, stage, name), parts in thirds.items():
        cells = []
        for key in (f"cosine/{name}", f"ratio/{name}"):
            columns = [[value for entry in part if (value := entry.get(key)) is not None] for part in parts]
            cells += [f"{sum(values) / len(values):.2f}" if values else "-" for values in columns]
        rows.append([system, stage, name, *cells])
    if not rows:
        return ""
    head = ["system", "stage", "task", *(f"{what}, {part} third" for what in ("cosine", "norm ratio") for part in PARTS)]
    note = "Of a task's gradient on the shared layers to that of the main tasks; means over seeds and thirds of training."
    return f"## Gradients\n\n{format_table(head, rows, 'markdown')}\n\n{note}"


def _search(results: Results) -> str:
    parts = []
    for searched in results.search:
        keys = list(searched.chosen)
        rows = []
        for trial in searched.tried:
            value = "diverged or failed" if trial.validation is None else f"{trial.validation:.4f}"
            mark = " (chosen)" if trial.settings == searched.chosen else ""
            rows.append([*(str(trial.settings[key]) for key in keys), f"{value}{mark}"])
        table = format_table([*keys, f"validation {searched.metric}"], rows, "markdown")
        parts.append(f"## Search: {searched.system}\n\nBy {searched.method}, seed {searched.seed}.\n\n{table}")
    return "\n\n".join(parts)


def _references(results: Results) -> str:
    given = results.references
    named: dict[str, ScoreRow | None] = {
        "copy synthesis: the ceiling": given.copies,
        "mean of each phone: the floor": given.mean,
        "two natural takes, time-warped": given.takes.scores if given.takes else None,
    }
    rows = [
        [label, *(_number(metric, scores.get(metric.name)) for metric in results.scores)]
        for label, scores in named.items()
        if scores
    ]
    if not rows:
        return ""
    lines = ["## For scale", format_table(["", *(metric.title for metric in results.scores)], rows, "markdown")]
    if given.takes:
        lines.append(
            f"Natural takes: {given.takes.pairs} pairs after time warping, which is another scale than natural durations."
        )
    return "\n\n".join(lines)


def _judges(results: Results) -> str:
    return "" if results.judges is None else f"## What independent judges say\n\n{judges_table(results.judges)}"


def judges_table(judges: Judges) -> str:
    """Return what independent judges say, and of every system how much more than of the baseline, with a note."""
    metrics = [find_metric(name) for name in judges.metrics]
    rows = []
    for row in judges.speech:
        cells = [judged(metric, row.scores.get(metric.name)) or "-" for metric in metrics]
        more = [judged(metric, row.differences.get(metric.name), "+") or "-" for metric in metrics]
        rows.append([row.source, *cells, *more])
    head = ["speech", *(metric.heading for metric in metrics), *(f"{metric.heading}, minus baseline" for metric in metrics)]
    table = format_table(head, rows, "markdown")
    used = "; ".join(f"{name}: {version}" for name, version in judges.versions.items())
    failed = f" Left out, because a judge failed: {', '.join(judges.failed)}." if judges.failed else ""
    note = f"{judges_note(judges)} {judges.utterances} utterances; {used}.{failed}"
    pairs = judged_pairs(judges)
    more = [format_table(["pair", *(metric.heading for metric in metrics)], pairs, "markdown")] if pairs else []
    return "\n\n".join([table, *more, note])


def judged_pairs(judges: Judges) -> list[list[str]]:
    """Return a row for every pair of systems besides those with the baseline: its name and the difference in each score.

    The name tells the seeds that both spoke where these are not all that the first was judged by.
    """
    metrics = [find_metric(name) for name in judges.metrics]
    judged_by = {row.source: row.seeds for row in judges.speech}
    return [
        [
            _pair_name(pair, judged_by.get(pair.system, pair.seeds)),
            *(judged(metric, pair.differences.get(metric.name), "+") or "-" for metric in metrics),
        ]
        for pair in judges.pairs
    ]


def _pair_name(pair: JudgedPair, seeds: int) -> str:
    common = "" if pair.seeds == seeds else f" ({pair.seeds} seed{'s' if pair.seeds > 1 else ''})"
    return f"{pair.system} minus {pair.against}{common}"


def judges_note(judges: Judges) -> str:
    """Return what the judges' scores are of and what their intervals hold."""
    if judges.seeds == 1:
        return (
            "Speech of the first seed, from the text, with 95 % intervals over utterances: other trainings are not in them. "
            f"{JUDGES_NOTE}"
        )
    counted = ", ".join(f"{row.source} {row.seeds}" for row in judges.speech if row.seeds > 1)
    return f"Speech from the text, with 95 % intervals over seeds and utterances ({counted} seeds; others 1). {JUDGES_NOTE}"


def judged(metric: Metric, score: JudgedScore | None, sign: str = "") -> str:
    """Return a judge's score as ``3.99 [3.85, 4.13]``, empty where there is none."""
    if score is None or score.mean is None or score.low is None or score.high is None:
        return ""
    mean, low, high = (f"{value:{sign}.{metric.decimals}f}" for value in (score.mean, score.low, score.high))
    return f"{mean} [{low}, {high}]"


def _diagnostics(results: Results) -> str:
    """Return the recogniser's word errors, which decide nothing."""
    counted = {row.system: results.mean_scores(row.system, "test").get("wer") for row in results.ranking}
    rows = [[name, f"{value:.1f}"] for name, value in counted.items() if value is not None]
    if not rows:
        return ""
    natural = results.references.natural_wer
    if natural is not None:
        rows.insert(0, ["natural recordings", f"{natural:.1f}"])
    table = format_table(["speech of the first seed", results.metric("wer").title], rows, "markdown")
    return f"## Words that a recogniser gets wrong: a diagnostic\n\n{table}\n\n{WORDS_NOTE}"


def _made(results: Results) -> str:
    made = results.made_with
    return (
        f"Command: `{results.command}`\n\nCommit {results.commit or 'unknown'}; stacked-tts {made.version}, torch "
        f"{made.torch}, numpy {made.numpy}, Python {made.python}; {made.machine}; {results.created}."
    )
