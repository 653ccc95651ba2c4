"""The report of a comparison: one HTML file that holds all it shows and asks the network for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write_report(results: dict[str, Any], folder: Path) -> Path:
    """Write ``folder/report.html`` from the contents of results.json (format 1) and return its path.

    Sounds and pictures are read from the files that ``results["examples"]`` names, relative to ``folder``. Whatever is missing
    or null in the results is left out of the page; a format other than 1 raises :class:`tts.core.errors.TtsError`.
    """
    from tts.comparison.report.page import page
    from tts.core.files import write_text

    path = folder / "report.html"
    write_text(path, page(results, folder))
    return path
