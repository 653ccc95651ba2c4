"""Markup as values: whatever is not :class:`Html` is escaped, so a sentence or a system's name can never become markup."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"img", "input", "meta", "br", "col"})
MISSING = "–"
MINUS = "\N{MINUS SIGN}"  # as wide as the plus sign, so that columns of figures line up


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element. Children that are not :class:`Html` are escaped, ``None`` is left out.

    ``class_`` and ``for_`` stand for the reserved words, other underscores for hyphens; an attribute of ``None`` or ``False``
    is left out and one of ``True`` stands alone. Floats are written with two decimals at most.
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Html:
    """Return children one after the other, escaped where they are not markup."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None))


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    if isinstance(value, float):
        value = f"{value:.2f}".rstrip("0").rstrip(".")
    return f' {name}="{escape(str(value), quote=True)}"'


def known(value: object) -> float | None:
    """Return a number as a float, ``None`` where there is none or it is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def figure(value: object, decimals: int, *, signed: bool = False) -> str:
    """Return a number as text, with a true minus sign and thousands separated, or a dash where it is undefined."""
    number = known(value)
    if number is None:
        return MISSING
    return f"{number:{'+' if signed else ''},.{decimals}f}".replace("-", MINUS)


def span(low: object, high: object, decimals: int, *, signed: bool = False) -> str:
    """Return an interval as ``[low, high]``, a dash where it is undefined."""
    if known(low) is None or known(high) is None:
        return MISSING
    return f"[{figure(low, decimals, signed=signed)}, {figure(high, decimals, signed=signed)}]"


def table(
    caption: str, head: Sequence[object], rows: Sequence[Sequence[object]], *, foot: object = None, kind: str = ""
) -> Html:
    """Return a table in a frame that scrolls sideways when narrow; the first cell of each row is its heading.

    Cells that are plain text are escaped; a cell made by :func:`tag` as ``td`` or ``th`` is taken whole.
    """
    top = tag("thead", tag("tr", *(cell if _is_cell(cell) else tag("th", cell, scope="col") for cell in head)))
    body = []
    for first, *others in rows:
        label = first if _is_cell(first) else tag("th", first, scope="row")
        body.append(tag("tr", label, *(cell if _is_cell(cell) else tag("td", cell) for cell in others)))
    whole = tag("table", tag("caption", tag("span", caption)), top, tag("tbody", *body), foot, class_=kind or None)
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _is_cell(cell: object) -> bool:
    return isinstance(cell, Html) and cell.startswith(("<td", "<th"))


def section(name: str, heading: str, *content: object) -> Html:
    """Return a section with its heading, which the navigation can point at."""
    return tag("section", tag("h2", heading, id=f"{name}-heading"), *content, id=name, aria_labelledby=f"{name}-heading")
