"""Which signs have names: those that are read wherever they stand, and pictographs, which are named only on request.

Signs of a language's own tables (:data:`tts.text.spoken_forms.SIGNS`: %, &, ° and the like) are read before.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tts.text.tracked import sub

# English names. A sign whose name is a break (",") is a bullet or a separator.
NAMES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "→": "to", "⇒": "implies", "⟶": "to", "➔": "to", "➜": "to", "➡": "to", "←": "from", "⇐": "is implied by",
        "↔": "to and from",
        "⇔": "if and only if", "↑": "up", "↓": "down", "↗": "up", "↘": "down", "✓": "check", "✔": "check", "☑": "check",
        "✗": "cross",
        "✘": "cross", "✕": "times", "☐": "box", "★": "star", "☆": "star", "♥": "heart", "♀": "female", "♂": "male",
        "†": "dagger",
        "‡": "double dagger", "¶": "paragraph", "♭": "flat", "♯": "sharp", "♮": "natural", "µ": "micro", "℠": "service mark",
        "℅": "care of", "℞": "prescription", "∠": "angle", "⊥": "perpendicular to", "∥": "parallel to", "℮": "estimated",
        "¢": "cents",
        "£": "pounds", "€": "euros", "¥": "yen", "$": "dollars", "₹": "rupees", "₽": "roubles", "₿": "bitcoin", "¬": "not",
        "∧": "and",
        "∨": "or", "⊕": "plus", "⊗": "times", "№": "number", "‰": "per mille", "ª": "", "º": "",
    },
}  # fmt: skip
_BREAKS: Final = re.compile(r"[•‣◦▪■●○□◆◇▶►▸✦✧❖➤※]+")
_HEART: Final = re.compile(r"(?<=\w )(?:❤|♥|💕|💖|💗)\ufe0f?(?= \w)")
_MODIFIERS: Final = re.compile("[\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]+")
_EMOTICON: Final = re.compile(r"(?<!\S)[:;=]['’]?[-^o]?[)(DPpO/|*\]\[3>]+(?=[\s.,!?]|$)|(?<!\S)(?:\^_\^|-_-|<\\3)(?=\s|$)")
_EMOJI: Final = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x2300, 0x23FF), (0x25A0, 0x25FF), (0x1F1E6, 0x1F1FF))


def name_signs(text: str, language: str) -> str:
    """Return ``text`` with its signs named in a language that has names; bullets become breaks."""
    if text.isascii() and "$" not in text:
        return text
    names = NAMES.get(language.split("-")[0].lower(), {})
    text = sub(_BREAKS, " , ", text)
    if names:
        text = sub(_HEART, names["♥"], text)
    text = sub("[❤💕💖💗]", "", sub(_MODIFIERS, "", text))
    if not any(c in names for c in text):
        return text
    return sub(r"[^\sa-zA-Z0-9]", lambda match: f" {names[match[0]]} " if match[0] in names else match[0], text)


def without_emoticons(text: str) -> str:
    """Return ``text`` without ``:-)`` and the like, which are not read."""
    return sub(_EMOTICON, "", text)


def emoticons_in(text: str) -> list[str]:
    """Return the emoticons that :func:`without_emoticons` takes out of a text."""
    return _EMOTICON.findall(text)


def hearts_said(text: str) -> set[int]:
    """Return the places of the hearts that stand for a word, as in ``I ❤ tea``; others are pictographs."""
    return {match.start() for match in _HEART.finditer(text)}


def is_pictograph(character: str) -> bool:
    """Whether a character is a picture: an emoji, a dingbat, a box; no sign that is read."""
    return any(low <= ord(character) <= high for low, high in _EMOJI)


def has_name(character: str) -> bool:
    """Whether a sign is read, or is a break, wherever it stands; languages without names for signs leave it out."""
    return character in NAMES["en"] or bool(_BREAKS.match(character))


def name_of(character: str) -> str:
    """Return Unicode's English name of a sign in words, empty for one without a name: ``grinning face``."""
    name = unicodedata.name(character, "").lower()
    name = sub(r"^(?:heavy |black |white )+(?=\w+ )", "", name).replace("-", " ")
    return sub(r"\s+(?:sign|symbol)$", "", name)
