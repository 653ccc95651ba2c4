"""The statistics of a corpus for people: tables as Markdown, and one page with plots that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tts.core.html import Html, join, section, table, tag
from tts.dataset.corpus_stats import RARE, CorpusStats, SpeakerStats, Spread

BARS = 30
WIDTH, HEIGHT, FOOT = 420, 130, 18  # pixels of a plot
MOST = 20  # groups of duplicates that are listed
STYLE = """
:root { --paper: #fcfcfa; --ink: #1c2230; --muted: #586070; --rule: #dfe1e0; --bar: #1f6fb4; --rare: #c24a08; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --ink: #e9ebef; --muted: #a5adba; --rule: #343a45; --bar: #6aaff0; --rare: #ff975a; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
section { margin-top: 2.2rem; } .hint, caption { color: var(--muted); font-size: .92rem; text-align: left; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; } td, th { padding: .3rem .7rem; text-align: right; }
th[scope=row], thead th:first-child { text-align: left; } tr { border-bottom: 1px solid var(--rule); }
figure { display: inline-block; margin: .6rem 1.2rem .6rem 0; } figcaption { color: var(--muted); font-size: .92rem; }
svg { max-width: 100%; height: auto; } rect { fill: var(--bar); } rect.rare { fill: var(--rare); }
text { fill: var(--muted); font: 12px system-ui, sans-serif; }
"""
MEASURES = (
    ("seconds", "seconds an utterance", 1),
    ("level", "level, dB of full scale", 1),
    ("phones_a_second", "phones a second", 1),
    ("f0", "F0, Hz", 0),
)


def stats_rows(stats: CorpusStats) -> tuple[list[str], list[list[str]]]:
    """Return the table of speakers: its heading and a row a speaker, spreads as median and 5 to 95 %."""
    head = ["speaker", "utterances", "minutes", *(label for _, label, _ in MEASURES), "F0 sd, semitones"]
    rows = []
    for speaker in stats.speakers:
        cells = [_spread(getattr(speaker, key), digits) for key, _, digits in MEASURES]
        spread = "-" if speaker.f0_semitones is None else f"{speaker.f0_semitones:.1f}"
        minutes = sum(speaker.minutes.values())
        rows.append([speaker.name, str(sum(speaker.utterances.values())), f"{minutes:.1f}", *cells, spread])
    return head, rows


def stats_lines(stats: CorpusStats) -> list[str]:
    """Return what else is to be said, a sentence each."""
    splits = {split: sum(speaker.utterances[split] for speaker in stats.speakers) for split in stats.speakers[0].utterances}
    lines = [
        f"Splits: {', '.join(f'{name} {count}' for name, count in splits.items())} utterances.",
        f"Words: {stats.words:,}, {stats.vocabulary:,} different; phones: {len(stats.phones)} different.",
    ]
    if stats.rates:
        lines.append(f"Rates: {', '.join(f'{rate} Hz ({count})' for rate, count in stats.rates.items())}.")
    if stats.missing:
        lines.append(f"Phones of the language that occur nowhere: {' '.join(stats.missing)}.")
    if unseen := [row.phone for row in stats.rare if not row.training]:
        lines.append(f"Phones that occur in other splits and never in training: {' '.join(unseen)}.")
    if rare := [f"{row.phone} ({row.training})" for row in stats.rare if row.training]:
        lines.append(f"Phones that training has fewer than {RARE} times: {', '.join(rare)}.")
    for what, groups in (("text", stats.same_texts), ("recording", stats.same_recordings)):
        if groups:
            shown = "; ".join(", ".join(group) for group in groups[:MOST])
            more = f"; and {len(groups) - MOST} more groups" if len(groups) > MOST else ""
            lines.append(f"The same {what} under several ids: {shown}{more}.")
    if stats.unread:
        lines.append(
            f"{len(stats.unread)} recordings are not there any more, or cannot be read: {', '.join(stats.unread[:5])}."
        )
    return lines


def stats_page(stats: CorpusStats) -> str:
    """Return the page."""
    head, rows = stats_rows(stats)
    about = f"{stats.language}; licence {stats.licence}"
    parts = [section("speakers", "Speakers", table("median (5 to 95 %)", head, rows))]
    parts += [_speaker_plots(speaker) for speaker in stats.speakers]
    hint = tag("p", f"How often each occurs in training; rarer than {RARE} times in the second colour.", class_="hint")
    parts.append(section("phones", "Phones", hint, _phone_plot(stats)))
    parts.append(section("remarks", "Remarks", tag("ul", *(tag("li", line) for line in stats_lines(stats)))))
    body = tag("main", tag("h1", stats.name), tag("p", about, class_="hint"), *parts)
    policy = tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'")
    top = join([tag("meta", charset="utf-8"), policy, tag("title", f"Corpus: {stats.name}"), tag("style", Html(STYLE))])
    return f"<!doctype html>\n{tag('html', tag('head', top), tag('body', body), lang='en')}\n"


def _spread(spread: Spread | None, digits: int) -> str:
    return "-" if spread is None else f"{spread.median:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def _speaker_plots(speaker: SpeakerStats) -> Html:
    plots = []
    for key, label, digits in MEASURES:
        spread: Spread | None = getattr(speaker, key)
        if spread is not None:
            plots.append(tag("figure", _histogram(spread.values, label, digits), tag("figcaption", label)))
    return section(f"speaker-{speaker.name}", speaker.name, *plots)


def _histogram(values: Sequence[float], label: str, digits: int) -> Html:
    low, high = np.percentile(values, (0.1, 99.9))
    counts, edges = np.histogram(values, BARS, (float(low), float(max(high, low + 10.0**-digits))))
    step, most = WIDTH / BARS, max(int(counts.max()), 1)
    bars = []
    for n, count in enumerate(counts.tolist()):
        title, height = f"{edges[n]:.{digits}f} to {edges[n + 1]:.{digits}f}: {count}", HEIGHT * count / most
        bars.append(tag("rect", tag("title", title), x=n * step, width=step - 1.0, y=HEIGHT - height, height=height))
    ends = [
        tag("text", f"{edges[0]:.{digits}f}", x=0, y=HEIGHT + FOOT - 4),
        tag("text", f"{edges[-1]:.{digits}f}", x=WIDTH, y=HEIGHT + FOOT - 4, text_anchor="end"),
    ]
    return _svg(label, WIDTH, HEIGHT + FOOT, [*bars, *ends])


def _phone_plot(stats: CorpusStats) -> Html:
    """Return a bar a phone on a logarithmic scale, since the commonest is a thousand times the rarest."""
    step = 22.0
    most = np.log10(1.0 + max((row.training for row in stats.phones), default=1))
    marks = []
    for number, row in enumerate(stats.phones):
        height = HEIGHT * float(np.log10(1.0 + row.training) / most)
        kind = "rare" if row.training < RARE else None
        title = tag("title", f"{row.phone}: {row.training} in training, {row.others} elsewhere")
        place = {"x": number * step, "width": step - 4.0, "y": HEIGHT - height, "height": max(height, 1.0)}
        marks.append(tag("rect", title, class_=kind, **place))
        marks.append(tag("text", row.phone, x=place["x"] + step / 2.0 - 2.0, y=HEIGHT + FOOT - 4, text_anchor="middle"))
    plot = _svg("phones in training, logarithmic", int(step * len(stats.phones)), HEIGHT + FOOT, marks)
    return tag("figure", tag("div", plot, class_="scroll"), tag("figcaption", "occurrences in training, logarithmic"))


def _svg(label: str, width: int, height: int, marks: Sequence[Html]) -> Html:
    return tag("svg", *marks, viewBox=f"0 0 {width} {height}", width=width, height=height, role="img", aria_label=label)
