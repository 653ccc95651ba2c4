"""Japanese through Open JTalk, as ``pyopenjtalk-plus`` brings it (MIT; wheels with the dictionary inside).

Its dictionary gives kana readings and accents; the kana become phones by :mod:`tts.text.kana`. A word here is an accent phrase,
a syllable a mora, and the stressed mora is the one after which the pitch falls; a flat phrase has none. ``pyopenjtalk`` itself
has the same interface and works too.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from tts.core.errors import TtsError, UsageError
from tts.text.engine import PronunciationError
from tts.text.kana import morae
from tts.text.sentence import Syllable, Word, break_of
from tts.text.tracked import Tracked, sub

LANGUAGES: Final = ("ja", "ja-jp")
PACKAGES: Final = ("pyopenjtalk-plus", "pyopenjtalk")
_WESTERN: Final = r"[A-Za-z]"


class OpenJTalkPronouncer:
    """Open JTalk behind the interface of :class:`tts.text.engine.Pronouncer`."""

    name = "openjtalk"
    reads_phones = False

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError(f"the engine openjtalk reads Japanese (ja), not {language!r}")
        self.language = language
        self.version = installed_version()
        self.guessed: set[str] = set()  # stays empty: a word that its dictionary lacks is read by its characters, untold

    def words(self, text: str) -> list[Word]:
        """Return the accent phrases; see :class:`tts.text.engine.Pronouncer`."""
        found: list[Word] = []
        for clause in re.finditer(r"(?:(?![.,;:!?]+(?:\s|$)).)+(?:[.,;:!?]+(?:\s+|$))?", text):
            content = clause[0].rstrip()
            signs = re.search(r"[.,;:!?]*$", content)
            japanese = Tracked.of(content[: signs.start() if signs else None], clause.start())
            phrases = _phrases(sub(rf"(?<!{_WESTERN})\s+|\s+(?!{_WESTERN})", "", japanese))
            if phrases:
                phrases[-1] = replace(phrases[-1], break_after=break_of(signs[0] if signs else ""))
            found += phrases
        return found


def installed_version() -> str:
    """Return name and version of the package that is installed; :class:`UsageError` with the pip command if none is."""
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            return f"{package}-{version(package)}"
    raise UsageError("Japanese needs Open JTalk: pip install pyopenjtalk-plus")


def _phrases(text: str) -> list[Word]:
    """Return the accent phrases of a clause without punctuation."""
    groups: list[list[Any]] = []
    nodes = _open_jtalk().run_frontend(str(text))
    whole = sum(len(node["string"]) for node in nodes) == len(text)  # nothing was joined, so that places are known
    at = 0
    for node in nodes:
        node["place"], at = (at, at + len(node["string"])), at + len(node["string"])
        if not re.search(r"[ァ-ヴー]", node["pron"]):
            if any(c.isalnum() for c in node["string"]):
                sign = node["string"]
                raise PronunciationError(f"{sign!r} cannot be pronounced: write it in kana or as [[phones]]", sign)
            continue
        alone = not node["pron"].strip("ー’")  # a long mark is no word of its own
        if groups and (node["chain_flag"] == 1 or alone):
            groups[-1].append(node)
        elif not alone:
            groups.append([node])
    words = [_word(group) for group in groups]
    if not isinstance(text, Tracked) or not text:
        return words
    places = ((group[0]["place"][0], group[-1]["place"][1]) if whole else (0, len(text)) for group in groups)
    return [replace(word, source=text.span(*place)) for word, place in zip(words, places, strict=True)]


def _word(nodes: Sequence[Any]) -> Word:
    text = "".join(node["string"] for node in nodes)
    try:
        own = morae("".join(node["pron"] for node in nodes))
    except TtsError as error:
        raise PronunciationError(f"{text!r} cannot be pronounced: {error}", text) from None
    fall = int(nodes[0]["acc"])
    return Word(text, tuple(Syllable(mora, int(place == fall)) for place, mora in enumerate(own, 1)))


@lru_cache(maxsize=1)
def _open_jtalk() -> Any:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it advertises extras
            import pyopenjtalk
    except ImportError as error:
        raise UsageError(f"Open JTalk cannot be loaded ({error}): pip install pyopenjtalk-plus") from None
    return pyopenjtalk
