"""The analysis for people: a Markdown table, and a chart as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tts.evaluation.tables import format_table, markdown_text
from tts.listening.results import (
    Interval,
    ListeningResults,
    PairPreference,
    PreferenceResults,
    ScoreDifference,
    ScoreResults,
    SystemScore,
)

TITLES = {
    "mos": "MOS: naturalness from 1 (bad) to 5 (excellent)",
    "ab": "AB: which sounds more natural",
    "mushra": "MUSHRA: against the reference, 0 to 100",
}
LEGENDS = {"ab": ": votes for the left one, for neither (grey), for the right one"}
RANGES = {"mos": (1.0, 5.0), "mushra": (0.0, 100.0)}


def tables(results: ListeningResults) -> str:
    """Return the results as Markdown; no newline at the end."""
    parts = [f"# Listening test {markdown_text(results.test)}".rstrip()]
    for kind, scores in results.scored.items():
        parts += _score_tables(kind, scores)
    if results.ab is not None:
        parts += _preference_tables(results.ab)
    screened = results.screened
    if screened.listeners:
        names = ", ".join(f"{markdown_text(name)} ({share:.0%})" for name, share in screened.listeners.items())
        verb = "left out of MUSHRA" if screened.excluded else "still counted; --exclude leaves them out"
        parts.append(f"Listeners who rated the {screened.rule} (BS.1534-3): {names}; {verb}.")
    parts += [markdown_text(note) for note in results.notes]
    parts.append(
        f"Intervals: 95 %, bootstrap over listeners and sentences ({results.resamples} resamples). "
        "p: corrected for the number of pairs (Holm)."
    )
    return "\n\n".join(parts)


def _score_tables(kind: str, results: ScoreResults) -> list[str]:
    digits = 2 if kind == "mos" else 1
    rows = [[markdown_text(row.system), *_interval(row.score, digits), str(row.ratings)] for row in results.systems]
    size = _size(results.listeners, results.sentences, results.ratings)
    parts = [f"## {TITLES[kind]}", size, format_table(["", "mean", "95 %", "ratings"], rows, "markdown")]
    if results.differences:
        rows = [[_pair(row, "−"), *_interval(row.difference, digits, "+"), _p(row.p_holm)] for row in results.differences]
        parts.append(format_table(["difference", "mean", "95 %", "p"], rows, "markdown"))
        parts.append("p: Wilcoxon's signed-rank test on one mean difference a listener.")
    return parts


def _preference_tables(results: PreferenceResults) -> list[str]:
    rows = []
    for pair in results.pairs:
        none = 1.0 - pair.share_a.mean - pair.share_b.mean
        sides = [f"{share.mean:.0%} ({share.low:.0%} to {share.high:.0%})" for share in (pair.share_a, pair.share_b)]
        listeners = f"{pair.listeners_for_a} : {pair.listeners_for_b}"
        tests = [_p(pair.p_holm), _p(pair.p_votes)]
        rows.append([_pair(pair, "/"), sides[0], f"{abs(none):.0%}", sides[1], listeners, *tests])
    head = ["pair A / B", "for A", "no preference", "for B", "listeners A : B", "p (listeners)", "p (votes)"]
    return [
        f"## {TITLES['ab']}",
        _size(results.listeners, results.sentences, results.votes),
        format_table(head, rows, "markdown"),
        "p (listeners): exact sign test, one vote a listener. p (votes): exact binomial test on all votes with a preference, "
        "not corrected; it takes a listener's votes for independent, which they are not, so it is too small.",
    ]


def _pair(row: ScoreDifference | PairPreference, sign: str) -> str:
    return f"{markdown_text(row.a)} {sign} {markdown_text(row.b)}"


def _size(listeners: int, sentences: int, answers: int) -> str:
    return f"{_count(listeners, 'listener')}, {_count(sentences, 'sentence')}, {_count(answers, 'answer')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _interval(value: Interval, digits: int, sign: str = "") -> list[str]:
    return [f"{value.mean:{sign}.{digits}f}", f"{value.low:{sign}.{digits}f} to {value.high:{sign}.{digits}f}"]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; color: #1d2129; }
text { fill: currentColor; } .soft { fill: #5a6270; } .grid { stroke: #d9d8d3; } .dot { fill: #2457c5; stroke: none; }
.whisker { stroke: #2457c5; stroke-width: 2; } .a { fill: #2457c5; }
.b { fill: #b3571e; } .none { fill: #c9cdd6; } .in { fill: #fff; }
@media (prefers-color-scheme: dark) {
 svg { background: #1d2026; color: #eceef2; } .soft { fill: #a6aebb; } .grid { stroke: #383d47; }
 .dot { fill: #8fb2ff; }
 .whisker { stroke: #8fb2ff; } .a { fill: #8fb2ff; } .b { fill: #f0a871; } .none { fill: #4a505c; } .in { fill: #14161a; }
}
"""
LEFT, WIDTH, LINE, HEADING = 190, 540, 30, 34  # pixels


def chart(results: ListeningResults) -> str:
    """Return the results as one SVG: means with intervals, and preference shares as bars. Follows light and dark."""
    drawn: list[str] = []
    top = 12
    for kind, scores in results.scored.items():
        drawn += [_heading(kind, top), *_dots(scores.systems, top + HEADING, *RANGES[kind])]
        top += HEADING + LINE * len(scores.systems) + 42
    if results.ab is not None:
        drawn += [_heading("ab", top), *_bars(results.ab.pairs, top + HEADING)]
        top += HEADING + LINE * len(results.ab.pairs) + 42
    total = LEFT + WIDTH + 90
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {top}" width="{total}" height="{top}" role="img">'
    title = f"<title>Results of the listening test {escape(results.test)}</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *drawn, "</svg>\n"])


def _heading(kind: str, top: int) -> str:
    return f'<text x="12" y="{top + 16}" font-weight="600">{escape(TITLES[kind] + LEGENDS.get(kind, ""))}</text>'


def _dots(rows: Sequence[SystemScore], top: int, least: float, most: float) -> list[str]:
    def x(value: float) -> float:
        return LEFT + WIDTH * (value - least) / (most - least)

    bottom = top + LINE * len(rows)
    drawn = []
    for tick in range(5 if most == 5.0 else 6):
        value = least + tick * (1.0 if most == 5.0 else 20.0)
        drawn.append(f'<path class="grid" d="M{x(value):.1f} {top}V{bottom}"/>')
        drawn.append(f'<text class="soft" x="{x(value):.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    for i, row in enumerate(rows):
        y = top + LINE * (i + 0.5)
        drawn.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(_short(row.system))}</text>')
        drawn.append(f'<path class="whisker" d="M{x(row.score.low):.1f} {y}H{x(row.score.high):.1f}"/>')
        drawn.append(f'<circle class="dot" cx="{x(row.score.mean):.1f}" cy="{y}" r="5"/>')
        shown = f"{row.score.mean:.2f}" if most == 5.0 else f"{row.score.mean:.1f}"
        drawn.append(f'<text x="{LEFT + WIDTH + 16}" y="{y + 4}">{shown}</text>')
    return drawn


def _bars(rows: Sequence[PairPreference], top: int) -> list[str]:
    drawn = []
    for i, row in enumerate(rows):
        y, x = top + LINE * i, float(LEFT)
        parts = {"a": row.share_a.mean, "none": 0.0, "b": row.share_b.mean}
        parts["none"] = max(0.0, 1.0 - parts["a"] - parts["b"])
        drawn.append(f'<text x="{LEFT - 12}" y="{y + 19}" text-anchor="end">{escape(_short(row.a))}</text>')
        for name, share in parts.items():
            drawn.append(f'<rect class="{name}" x="{x:.1f}" y="{y + 4}" width="{WIDTH * share:.1f}" height="{LINE - 8}"/>')
            if share >= 0.08:
                shade = "" if name == "none" else ' class="in"'
                drawn.append(
                    f'<text{shade} x="{x + WIDTH * share / 2:.1f}" y="{y + 19}" text-anchor="middle">{share:.0%}</text>'
                )
            x += WIDTH * share
        drawn.append(f'<text x="{LEFT + WIDTH + 12}" y="{y + 19}">{escape(_short(row.b, 11))}</text>')
    return drawn


def _short(name: str, most: int = 20) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
