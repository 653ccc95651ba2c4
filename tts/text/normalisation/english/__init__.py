"""English: what is written as what is said. Each file reads one kind of thing; here is their order.

Earlier ones take what a later one would take for something else: a telephone number before a range, a date before a fraction,
money before units.
"""

from __future__ import annotations

import re

from tts.text.normalisation.english.abbreviations import ends_before, expand_abbreviations, may_end, reading
from tts.text.normalisation.english.addresses import expand_addresses
from tts.text.normalisation.english.codes import expand_codes, expand_mixed
from tts.text.normalisation.english.compounds import expand_compounds
from tts.text.normalisation.english.dates import expand_dates, is_calendar
from tts.text.normalisation.english.fractions import expand_fractions
from tts.text.normalisation.english.letters import expand_letters, unshout
from tts.text.normalisation.english.maths import expand_maths
from tts.text.normalisation.english.money import expand_money
from tts.text.normalisation.english.numbers import expand_numbers
from tts.text.normalisation.english.roman import expand_roman
from tts.text.normalisation.english.shorthand import expand_shorthand
from tts.text.normalisation.english.times import expand_times
from tts.text.normalisation.english.units import expand_units
from tts.text.tracked import sub

_PLAIN = re.compile(r"[a-z',;\s-]*")  # nothing here that any of the steps reads


def expand(text: str) -> str:
    """Return ``text`` with everything that is not written in words written in words."""
    if (
        text[:1].isalpha()
        and _PLAIN.fullmatch(text[1:].removesuffix("."))
        and not re.search(r"\b[b-df-hj-np-tv-xz]{2,5}\b", text)
    ):
        return text
    text = unshout(text)
    for step in (
        expand_addresses,
        expand_shorthand,
        expand_compounds,
        expand_codes,
        expand_dates,
        expand_times,
        expand_money,
        expand_fractions,
        expand_units,
        expand_abbreviations,
        expand_roman,
        expand_maths,
        expand_mixed,
        expand_numbers,
        expand_letters,
    ):
        text = step(text)
    text = sub(r"(?<=\w) -(?=[a-z])|(?<=[a-z])- (?=[a-z])", " ", text)  # two-day, par-five: the figure has been read
    return sub(r"\s+(?=[,;:!?](?:\s|$|\w)|\.(?:\s|$))", "", text)


def continues(before: str, after: str) -> bool:
    """Whether a sentence goes on after a full stop between two texts: ``on Apr.`` and ``1 at Ft.``, ``Rep.`` and ``Smith``."""
    word = re.search(r"(?<![\w.'’-])([A-Za-z]+(?:\.[A-Za-z]+)*)$", before)
    if word is None or not after.strip():
        return False
    lower = word[1].lower()
    head, follows = before[: word.start()][-40:], after.lstrip()
    if is_calendar(word[1]):
        return follows[:1].isdigit() or follows[:1].islower()
    if re.fullmatch(r"[A-Z](?:\.[A-Z])+", word[1]) and follows[:1].isdigit():
        return True  # H.R. 3200
    said = reading(word[1], head, after[:40])
    if said is None:
        return False
    return not (follows[:1].isupper() and ends_before(lower, after) and may_end(lower, said))
