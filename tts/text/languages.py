"""Which languages the front end reads, and how: the facts behind ``tts languages``."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from tts.core.errors import UsageError
from tts.text.gruut_data import DATA
from tts.text.gruut_engine import LANGUAGES as GRUUT_TAGS
from tts.text.normalisation import EXPANDERS
from tts.text.openjtalk_engine import PACKAGES as OPEN_JTALK
from tts.text.spoken_forms import SIGNS, primary

_NO_NUMBERS: Final = ("lb", "sw")  # num2words, which gruut asks, does not have them
ANY: Final = "any"  # the tag that stands for every language


@dataclass(frozen=True, kw_only=True)
class LanguageSupport:
    """How one engine reads one language.

    ``tag`` is a BCP 47 tag, ``engine`` a name of :data:`tts.text.engine.ENGINES`; ``install`` is the command that brings what
    is missing, "" where nothing is. ``normalisation`` says who reads numbers and signs aloud, ``lexicon`` is its size in words
    (None: it has none or does not tell), ``unknown_words`` what becomes of a word that it lacks, ``stress`` where stress comes
    from, ``note`` what a user should know besides.
    """

    tag: str
    language: str
    engine: str
    install: str
    normalisation: str
    lexicon: int | None
    unknown_words: str
    stress: str
    note: str = ""

    @property
    def installed(self) -> bool:
        """Whether it works at once."""
        return not self.install


def supported_languages() -> list[LanguageSupport]:
    """Return every language of every engine that can be asked, the preferred engine of a language first.

    espeak-ng's languages are known only where it is installed; otherwise one entry stands for them all. The last entries, with
    the tag ``any``, are for languages that nothing else reads.
    """
    listed = [_gruut(code) for code in DATA]
    listed += [_cmudict(), _japanese()]
    listed += _espeak(listed)
    return [*sorted(listed, key=lambda entry: (entry.tag == ANY, entry.language, entry.engine != "gruut")), *_anything()]


def language_support(tag: str, listed: Iterable[LanguageSupport]) -> list[LanguageSupport]:
    """Return the entries of ``listed`` for the language ``tag`` (``de``, ``de-de``, or its English name).

    A language that none of them is for raises :class:`UsageError` that says what remains.
    """
    wanted = tag.lower().replace("_", "-")
    entries = [entry for entry in listed if entry.tag != ANY]
    exact = [entry for entry in entries if wanted in (entry.tag.lower(), entry.language.lower())]
    family = [entry for entry in entries if primary(entry.tag) == primary(wanted)]
    chosen = [*exact, *(entry for entry in family if entry not in exact)]
    if not chosen:
        engine = "" if importlib.util.find_spec("espeakng_loader") else "; pip install espeakng-loader brings a hundred more"
        raise UsageError(
            f"no engine pronounces {tag!r}{engine}; any language can be read with text.engine: letters, or with "
            "text.engine: lexicon and a lexicon file"
        )
    return chosen


def _missing(packages: Iterable[str], command: str) -> str:
    for package in packages:
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return ""
    return f"pip install {command}"


def _gruut(code: str) -> LanguageSupport:
    data = DATA[code]
    package = f"gruut_lang_{code}"
    rule = "by a rule" if data.stress else "none"
    stress = "in the lexicon" if code in ("en", "nl", "it", "sv", "de", "es", "ru") else rule
    return LanguageSupport(
        tag=GRUUT_TAGS[code],
        language=data.name,
        engine="gruut",
        install=_missing([package], package),
        normalisation=own_normalisation(code) or ("none: write numbers out" if code in _NO_NUMBERS else "gruut: numbers"),
        lexicon=data.words,
        unknown_words="a statistical model (CRF) guesses",
        stress=stress,
        note="lexicon and model follow espeak-ng's rules" if data.model else "",
    )


def own_normalisation(code: str) -> str:
    """Return what the product itself reads aloud in a language, "" where it leaves that to the engine."""
    if code in EXPANDERS:
        return "own: numbers, dates, money, units"
    return "own: signs; engine: numbers" if code in SIGNS else ""


def _cmudict() -> LanguageSupport:
    return LanguageSupport(
        tag="en-us",
        language="English",
        engine="cmudict",
        install="",
        normalisation=own_normalisation("en"),
        lexicon=126_046,
        unknown_words="a model of letters and phones guesses",
        stress="in the lexicon",
        note="no other package needed",
    )


def _japanese() -> LanguageSupport:
    return LanguageSupport(
        tag="ja",
        language="Japanese",
        engine="openjtalk",
        install=_missing(OPEN_JTALK, OPEN_JTALK[0]),
        normalisation="Open JTalk: numbers, dates, counters",
        lexicon=None,
        unknown_words="read character by character",
        stress="pitch accent of each phrase",
    )


def _espeak(others: Iterable[LanguageSupport]) -> list[LanguageSupport]:
    if importlib.util.find_spec("espeakng_loader") is None:
        names = [("…", "a hundred more")]
    else:
        from tts.text.espeak_engine import voice_names

        names = sorted(voice_names().items())
    better = {primary(entry.tag) for entry in others}
    return [
        LanguageSupport(
            tag=tag,
            language=name,
            engine="espeak",
            install=_missing(["espeakng-loader"], "espeakng-loader"),
            normalisation=own_normalisation(primary(tag)) or "espeak-ng: numbers",
            lexicon=None,
            unknown_words="espeak-ng's rules",
            stress="espeak-ng's rules",
            note="GPL-3.0" + ("; its Japanese reads kana only" if primary(tag) == "ja" and "ja" in better else ""),
        )
        for tag, name in names
    ]


def _anything() -> list[LanguageSupport]:
    shared = {"tag": ANY, "normalisation": "none: write numbers out", "lexicon": None, "stress": "none"}
    return [
        LanguageSupport(
            **shared,  # type: ignore[arg-type]
            language="any language",
            engine="letters",
            install="",
            unknown_words="every letter is a phone",
            note="scripts other than Latin, Greek and Cyrillic: " + (_missing(["anyascii"], "anyascii") or "by anyascii"),
        ),
        LanguageSupport(
            **shared | {"stress": "in your lexicon"},  # type: ignore[arg-type]
            language="any language",
            engine="lexicon",
            install="",
            unknown_words="refused: text.lexicon has every word",
        ),
    ]
