"""``tts stats``: what a prepared corpus is made of, as a table and a page of plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import workers_option
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("stats")(stats)


def stats(
    prepared: Annotated[
        Path | None, typer.Argument(help="Prepared corpus.", show_default="output/RECIPE/prepared where there is one alone")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page [default: PREPARED/stats.html].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    workers: Annotated[int | None, workers_option("Processes that read recordings")] = None,
) -> None:
    """Say what a prepared corpus is made of: minutes, levels, F0, lengths, rare phones, duplicates."""
    from tts.core.errors import UsageError
    from tts.core.files import write_text
    from tts.dataset.corpus_stats import corpus_stats
    from tts.dataset.inspect import find_prepared
    from tts.dataset.prepared import Prepared
    from tts.dataset.stats_page import stats_lines, stats_page, stats_rows
    from tts.evaluation.tables import format_table

    if out is not None and out.exists():
        raise UsageError(f"--out {out}: is there already; choose another name or delete it")
    source = Prepared(prepared or find_prepared(Path("output")))
    known = corpus_stats(source, workers=workers)
    path = out or source.folder / "stats.html"
    write_text(path, stats_page(known))
    if as_json:
        say(json.dumps(known.to_dict(), ensure_ascii=False, indent=2))
    else:
        say(format_table(*stats_rows(known), "text"))
        say("\n".join(["", *stats_lines(known)]))
    say(f"page: {path}", error=as_json)
