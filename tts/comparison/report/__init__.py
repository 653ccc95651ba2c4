"""The report of a comparison: one HTML file that holds all it shows and asks the network for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tts.comparison.results import Results


def write_report(results: Results, folder: Path) -> Path:
    """Write ``folder/report.html`` from the results and return its path.

    Sounds and pictures are read from the files that ``results.examples`` name, relative to ``folder``. Whatever is empty in
    the results is left out of the page.
    """
    from tts.comparison.report.page import page
    from tts.core.files import write_text

    path = folder / "report.html"
    write_text(path, page(results, folder))
    return path
