"""Signs of arithmetic where they are signs, powers and roots, and dashes between numbers."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import NUMBER, cardinal, number
from tts.text.normalisation.lists import listed
from tts.text.tracked import sub

_SUPERSCRIPTS: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n", strict=True))
_SUBSCRIPTS: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_RAISED: Final = "[" + "".join(_SUPERSCRIPTS) + "]"
_LOWERED: Final = re.compile("[" + "".join(_SUBSCRIPTS) + "]+")
_POWER: Final = re.compile(rf"(?<=[\dA-Za-z)\]πθ])(?:({_RAISED}+)|\s?(?:\^|\*\*)\s?(\(?)([-−]?\d+|[a-zA-Z])\2?\)?)")
_FOOTNOTE: Final = re.compile(r"(?<=[a-z]{3})[¹²³⁴⁵⁶⁷⁸⁹⁰]+|(?<=[.,;:!?”\"’)])[¹²³⁴⁵⁶⁷⁸⁹⁰]+(?=\s|$)")
_ROOTS: Final = {"√": "the square root of ", "∛": "the cube root of ", "∜": "the fourth root of "}
_GREEK: Final = dict(
    zip("αβγδεζηθικλμνξοπρστυφχψω", listed("""
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
    psi omega
"""), strict=True)
)  # fmt: skip
_GREEK_NAMES: Final = (
    _GREEK | {letter.upper(): name for letter, name in _GREEK.items()} | {"ϕ": "phi", "ϵ": "epsilon", "µ": "mu"}
)
_GREEK_ALONE: Final = re.compile(rf"(?<![^\W\d_A-Za-z])([{''.join(_GREEK_NAMES)}])(?![^\W\d_A-Za-z])")
_OPERATORS: Final = (
    ("!=", "not equal to"), ("≠", "not equal to"), (">=", "greater than or equal to"), ("≥", "greater than or equal to"),
    ("<=", "less than or equal to"), ("≤", "less than or equal to"), ("==", "equals"), ("≈", "approximately"),
    ("≅", "approximately"), ("≡", "is identical to"), ("∞", "infinity"), ("∈", "is in"), ("∑", "the sum of"), ("∫",
    "the integral of"),
    ("∂", "partial"), ("∝", "is proportional to"), ("∴", "therefore"), ("∵", "because"), ("∀", "for all"), ("∃",
    "there exists"),
    ("∪", "union"), ("∩", "intersection"), ("⊂", "is a subset of"), ("∅", "the empty set"), ("∆", "delta "), ("Δ", "delta "),
    ("∇", "nabla"), ("⋅", "times"), ("±", "plus or minus"), ("∓", "minus or plus"), ("×", "times"), ("÷", "divided by"),
)  # fmt: skip
_STAR: Final = re.compile(r"(?<=[\d)])\s?\*\s?(?=[\d(]|[a-zA-Z]\b)|(?<=\b[a-zA-Z])\s?\*\s?(?=\d|[a-zA-Z]\b)")
_MINUS: Final = re.compile(
    r"(?:(?<=[\d)π])|(?<= squared)|(?<= cubed))\s+[-−–]\s+(?=[\d(√π])|"
    r"(?<=\d)\s+[-−–]\s+(?=[a-z]\b)|(?<=\b[a-z])\s+[-−–]\s+(?=\d|[a-z]\b(?!'))"
)
_RANGE: Final = re.compile(rf"(?<![\w.,-])({NUMBER})(%?)\s?[-–—−]\s?({NUMBER})(?![\w-]|[.,]\d)")
_PLUS: Final = re.compile(r"(?<=[\w)])\s?\+\s?(?=[\w(])|\+(?=\d)")
_VARIABLES: Final = re.compile(
    r"(?<=[=+×÷*/-] )([b-df-hj-np-tv-z]{2,3})(?= ?(?:squared|cubed|to the|[+=]|$|[.,]))|(?<![\w'’])([a-z]{1,2})(?= "
    r"(?:squared|cubed)\b)"
)
_TERM: Final = re.compile(r"(?<![\w.,])(\d++)([xyzabnπ])(?![\w'’])(?=.{0,60}[=+<>^²−-]|\s*$)")
_SCIENCE: Final = re.compile(r"(?<![\w.])(\d++(?:\.\d++)?+)[eE]([-+−]?)(\d{1,3})(?![\w])")


def _power(match: re.Match[str]) -> str:
    raised = "".join(_SUPERSCRIPTS[c] for c in match[1]) if match[1] else match[3].replace("−", "-")
    if raised in ("2", "3"):
        return " squared" if raised == "2" else " cubed"
    if raised.lstrip("-+").isdigit():
        sign = "minus " if raised[0] == "-" else ""
        return f" to the power of {sign}{cardinal(raised.lstrip('-+'))}"
    return f" to the power of {raised.lstrip('-+')}"


def _science(match: re.Match[str]) -> str:
    sign = "minus " if match[2] in ("-", "−") else ""
    return f"{number(match[1])} times ten to the power of {sign}{cardinal(str(int(match[3])))}"


def _range(match: re.Match[str]) -> str:
    low, percent, high = match.groups()
    after = match.string[match.end() : match.end() + 60]
    near = match.string[max(match.start() - 40, 0) : match.end() + 40]
    if re.search(r"=|\+", near) and re.search(r"\s", match[0]):
        return f"{number(low)} minus {number(high)}"
    if low == high:
        return f"{number(low)} {number(high)}"
    both = bool(percent) and not after.startswith("%")
    return f"{number(low)}{' percent' if both else ''} to {number(high)}"


def expand_maths(text: str) -> str:
    """Read powers, roots, operators, ranges and Greek letters."""
    text = sub(_LOWERED, lambda m: "".join(_SUBSCRIPTS[c] for c in m[0]), text)
    text = sub(_FOOTNOTE, "", text)
    text = sub(_SCIENCE, _science, text)
    text = sub(_TERM, lambda m: f"{cardinal(m[1])} {m[2]}", text)
    text = sub(_POWER, _power, text)
    for sign, words in _ROOTS.items():
        text = text.replace(sign, f" {words}")
    text = sub(r"(?<![<\w])<3+(?![\w.])(?!\s?[=+])", " heart ", text)
    for sign, words in _OPERATORS:
        if sign in text:
            text = text.replace(sign, f" {words} ")
    text = sub(_STAR, " times ", text)
    if re.search(r"[=<>]|\bequals?\b|\bis\b", text) or re.search(r"\d\s+[-−–]\s+\d", text):
        text = sub(_MINUS, " minus ", text)
    text = sub(r"(?<=[\w)%])\s?[-=]+>\s?(?=\w)", " to ", text)
    text = sub(r"(?<=[\w)])\s?=\s?(?=[\w(−-])", " equals ", text)
    text = sub(r"(?<=[\w)])\s?<\s?(?=[\d(−-]|[A-Za-z]\b)", " less than ", text)
    text = sub(r"(?<=[\w)])\s?>\s?(?=[\d(−-]|[A-Za-z]\b)", " greater than ", text)
    text = sub(_RANGE, _range, text)
    text = sub(_PLUS, " plus ", text)
    text = sub(r"(?<=\d)\+(?=\s|$|[.,;:!?)])", " plus", text)
    text = sub(_VARIABLES, lambda m: " ".join((m[1] or m[2]).upper()), text)
    text = sub(r"(?<=\d)!(?=\s?(?:=|equals))", " factorial ", text)
    return sub(_GREEK_ALONE, lambda m: f" {_GREEK_NAMES[m[1]]} ", text)
