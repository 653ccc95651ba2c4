"""What a person states as the licence of recordings: an SPDX expression, or words that say that they are the person's own.

A licence stands on the card of every voice, where a slip (``CC-BY 4``, ``xx``) would be read as terms that nobody gave.
"""

from __future__ import annotations

import difflib

from tts.core.errors import UsageError

NOT_STATED = "not stated"
OWN = "own:"
_USUAL = (
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-NC-ND-4.0",
    "MIT",
    "Apache-2.0",
    "BSD-3-Clause",
    "ODC-By-1.0",
    "ODbL-1.0",
    "LicenseRef-Public-Domain",
)


def stated_licence(text: str) -> str:
    """Return a licence in its own spelling.

    Accepted are identifiers and expressions of SPDX (spdx.org/licenses; ``cc0-1.0``, ``CC-BY-4.0 AND MIT``),
    ``LicenseRef-NAME``, ``own: WORDS`` and ``not stated``. Raises :class:`UsageError` for anything else, naming the nearest
    usual one.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    plain = " ".join(text.split())
    if plain.casefold() == NOT_STATED:
        return NOT_STATED
    if plain.casefold().startswith(OWN):
        if terms := plain[len(OWN) :].strip():
            return f"{OWN} {terms}"
        raise UsageError(f"the licence {plain!r} has no words after {OWN}, such as {OWN} for my family only")
    try:
        return str(canonicalize_license_expression(plain))
    except InvalidLicenseExpression:
        near = _near(plain)
        advice = (
            f"did you mean {near}? Otherwise" if near else "expected an identifier from spdx.org/licenses, such as CC0-1.0;"
        )
        raise UsageError(
            f"the licence {plain!r} is none that SPDX knows; {advice} LicenseRef-NAME stands for another licence, and words of "
            f"your own begin with {OWN} as in '{OWN} for my family only'"
        ) from None


def _near(text: str) -> str:
    """Return the usual licence that a text looks like, or nothing."""

    def bare(name: str) -> str:
        return "".join(c for c in name.casefold() if c.isalnum())

    names = {bare(name): name for name in _USUAL}
    wanted = bare(text)
    for name in (wanted, f"{wanted}40", f"{wanted}10", wanted.removesuffix("0") + "10"):
        if name in names:
            return names[name]
    close = difflib.get_close_matches(wanted, names, 1, 0.8)
    return names[close[0]] if close and len(wanted) > 2 else ""
