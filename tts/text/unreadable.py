"""What becomes of a token that no engine can read: it is spelled, named, or left out, and told; a line is never lost for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from tts.core.errors import UsageError
from tts.text.normalisation.lists import listed
from tts.text.normalisation.markup import tags_in
from tts.text.normalisation.signs import emoticons_in, has_name, hearts_said, is_pictograph, name_of
from tts.text.spoken_forms import primary
from tts.text.tracked import sub

Policy = Literal["spell", "name", "skip", "fail"]
"""``spell``: letters one by one or in Latin letters, pictographs left out; ``name``: pictographs and signs by their names too;
``skip``: the token left out; ``fail``: an error that names it. Tags and emoticons are left out by each of them, and told."""

POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
DEFAULT: Final[Policy] = "spell"


@dataclass(frozen=True)
class Unread:
    """A token as it stood in the text, and what was read in its place; empty where it was left out."""

    token: str
    reading: str = ""

    def __str__(self) -> str:
        return f"{self.token!r} read as {self.reading!r}" if self.reading else f"{self.token!r} left out"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: no reading where there is none."""
        return {"token": self.token, **({"reading": self.reading} if self.reading else {})}


def check_policy(policy: str) -> None:
    """Raise :class:`UsageError` for a policy that there is not."""
    if policy not in POLICIES:
        raise UsageError(f"there is no policy {policy!r} for what cannot be read; choose from {', '.join(POLICIES)}")


_PRIVATE: Final = "\ue000-\uf8ff"
_PICTURES: Final = re.compile(
    "[\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff][\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"
)


def settle_pictures(text: str, policy: Policy) -> tuple[str, list[Unread]]:
    """Return a text whose pictographs are named or left out, as ``policy`` says, and what was done with them."""
    if policy == "fail" or text.isascii():
        return text, []
    unread: list[Unread] = []
    hearts = hearts_said(text)

    def settle(match: re.Match[str]) -> str:
        if match.start() in hearts or (has_name(match[0][0]) and match[0][0] not in "♥"):
            return match[0]
        reading = name_of(match[0][0]) if policy == "name" and is_pictograph(match[0][0]) else ""
        unread.append(Unread(match[0], reading))
        return f" {reading} "

    return sub(_PICTURES, settle, text), unread


def markup_left_out(text: str) -> list[Unread]:
    """Return the tags, comments and emoticons of a text, which are never read aloud, whatever the policy."""
    return [Unread(token[:80]) for token in dict.fromkeys((*tags_in(text), *emoticons_in(text)))]


# Letters of other scripts in Latin ones, as passports and dictionaries write them (GOST 7.79 without marks; ISO 843).
_CYRILLIC: Final = dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўјљњћђџ",
    listed("""a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya i yi ye g w y ly ny ch j j"""),
    strict=True,
))  # fmt: skip
_GREEK: Final = dict(zip(
    "αβγδεζηθικλμνξοπρσςτυφχψω", listed("""
    a v g d e z i th i k l m n x o p r s s t y f ch ps o
"""), strict=True
))  # fmt: skip
_LATIN: Final = {key: value.replace("-", "") for key, value in (_CYRILLIC | _GREEK).items()}


def reading_of(token: str, policy: Policy, language: str) -> str:
    """Return what is read in place of a token without a pronunciation; empty where it is left out."""
    if policy not in ("spell", "name") or len(token) > 100:
        return ""
    plain = "".join(c for c in unicodedata.normalize("NFKD", token) if not unicodedata.combining(c))
    if any(c in _LATIN for c in plain.lower()):
        latin = "".join(_LATIN.get(c.lower(), c) for c in plain if c.isalpha() and (c.isascii() or c.lower() in _LATIN))
        return latin.title() if plain[:1].isupper() else latin
    said = []
    for character in plain:
        if character.isascii() and character.isalpha():
            said.append(character.upper())
        elif character.isascii() and character.isdigit():
            said.append(_digit(character, language))
        elif policy == "name" and not character.isspace() and not character.isalnum():
            said.append(name_of(character))
    return " ".join(" ".join(said).split())


def _digit(character: str, language: str) -> str:
    names = "zero one two three four five six seven eight nine".split()  # noqa: SIM905
    return names[int(character)] if primary(language) == "en" else character
