"""The page around the sections: head, navigation, style and script, and the policy that keeps the network out."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from tts.comparison.report import examples, overview, settings, training
from tts.comparison.report.data import ReportData
from tts.comparison.results import Results
from tts.core.html import Html, join, tag


def page(results: Results, folder: Path) -> str:
    """Return the whole page. ``folder`` is where the paths of the examples begin."""
    data = ReportData(results)
    sections = [
        ("answer", "Answer", overview.answer(data)),
        ("ranking", "Ranking", overview.ranking(data)),
        ("differences", "Differences", overview.differences(data)),
        ("leave-one-out", "Leave one out", training.leave_one_out(data)),
        ("examples", "Listen and look", examples.examples(data, folder)),
        ("utterances", "Utterances", training.scatters(data)),
        ("scores", "All scores", overview.scores(data)),
        ("budget", "Budget", training.budget(data)),
        ("search", "Search", training.searches(data)),
        ("judges", "Judges", overview.judges(data)),
        ("words", "Words", overview.words(data)),
        ("curves", "Learning curves", training.curves(data)),
        ("gradients", "Gradients", training.diagnostics(data)),
        ("settings", "Settings", settings.settings(data)),
    ]
    links = [tag("li", tag("a", label, href=f"#{name}")) for name, label, part in sections if part is not None]
    title = f"Comparison: {results.recipe}"
    lines = [
        f"{len(results.systems)} systems",
        f"{len(results.seeds)} seeds",
        _tested(results),
        results.created[:10],
    ]
    header = tag(
        "header",
        tag("p", "Comparison", class_="kicker"),
        tag("h1", results.recipe),
        tag("p", results.description) if results.description else None,
        tag("p", " · ".join(line for line in lines if line), class_="hint"),
    )
    body = tag(
        "body",
        tag("a", "Skip to the answer", href="#answer", class_="skip"),
        tag("nav", tag("ol", *links), aria_label="Contents"),
        tag("main", header, *(part for _, _, part in sections), id="main"),
        tag("div", id="tip", class_="tip", aria_hidden="true", hidden=True),
        tag("div", id="said", class_="visually-hidden", aria_live="polite"),
        _inline("script", "script.js"),
    )
    return f"<!doctype html>\n{tag('html', _head(title), body, lang='en')}\n"


def _tested(results: Results) -> str:
    count = results.splits["test"].utterances if "test" in results.splits else None
    return f"{count} test utterances" if count else ""


def _head(title: str) -> Html:
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src {_digest('style.css')}; "
        f"script-src {_digest('script.js')}; base-uri 'none'; form-action 'none'"
    )
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),  # quotes of the policy stay readable
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        _inline("style", "style.css"),
    )


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(name: str) -> str:
    """The policy lets only this very text run, so nothing that slips into the page can."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(_text(name).encode()).digest()).decode()}'"


def _inline(element: str, name: str) -> Html:
    return join([Html(f"<{element}>"), Html(_text(name)), Html(f"</{element}>")])
