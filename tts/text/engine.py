"""The front end: from the text of an utterance to a :class:`Sentence`, through whichever engine pronounces the words.

An engine is a :class:`Pronouncer` (one file each: ``gruut_engine``, ``espeak_engine``, ``letters_engine``, ...) inside a
:class:`FrontEnd`, which does what they all need: normalisation, the user's pronunciations, breaks, the kind of sentence.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, Protocol, get_args

from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint
from tts.recipe.names import DigitsName, EngineName
from tts.text import english
from tts.text import normalise as normalisation
from tts.text.digits import check_digits, read_digits
from tts.text.lexicon import INLINE, MATCHING, Lexicon, WordFinder, entry_of, lexicon_key, parse_phones
from tts.text.normalisation import LETTER_MARK
from tts.text.sentence import Sentence, Word, break_of, kind_of
from tts.text.spoken_forms import MAY_END, primary
from tts.text.syllables import syllabify
from tts.text.tracked import Tracked, joined, rewritten, sub
from tts.text.unreadable import DEFAULT, Policy, Unread, check_policy, markup_left_out, reading_of, settle_pictures

ENGINES: Final[tuple[str, ...]] = get_args(EngineName)
_PRONOUNCERS: Final = {  # imported when they are asked for
    "gruut": "tts.text.gruut_engine:GruutPronouncer",
    "cmudict": "tts.text.cmudict_engine:CmudictPronouncer",
    "espeak": "tts.text.espeak_engine:EspeakPronouncer",
    "openjtalk": "tts.text.openjtalk_engine:OpenJTalkPronouncer",
    "letters": "tts.text.letters_engine:LettersPronouncer",
    "lexicon": "tts.text.letters_engine:LexiconPronouncer",
    "phones": "tts.text.phones_engine:PhonesPronouncer",
}
_KEPT = 4096  # sentences remembered


class PronunciationError(TtsError):
    """A token has no pronunciation: the message names it and its place, so that nothing is ever left out silently."""

    def __init__(self, message: str, token: str = "") -> None:
        super().__init__(message)
        self.token = token


class NothingToSay(PronunciationError):
    """A text without a single word that can be pronounced; ``unread`` are its tokens that were left out."""

    def __init__(self, message: str, unread: tuple[Unread, ...] = ()) -> None:
        super().__init__(message)
        self.unread = unread


@dataclass(frozen=True)
class Answer:
    """A sentence, its words that no lexicon had, its tokens that could not be read, and the text as it was normalised."""

    sentence: Sentence
    guessed: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    normalised: str = ""


class Engine(Protocol):
    """What the rest of the product asks of a front end."""

    language: str
    reads_phones: bool  # its text is phones already, so that words end at | and punctuation

    def identity(self) -> dict[str, Any]:
        """Return what decides the answers (name, version, options): recorded in voices, part of every cache's key."""

    def sentence(self, text: str) -> Sentence:
        """Return the words, syllables, phones and breaks of one utterance, which may hold several written sentences.

        A token that cannot be pronounced raises :class:`PronunciationError`.
        """

    def answer(self, text: str, unreadable: Policy | None = None, digits: DigitsName | None = None) -> Answer:
        """Return the sentence and what is to be known of it; ``unreadable`` says what becomes of tokens without a reading.

        ``digits`` says how whole numbers in figures are read (:func:`tts.text.digits.read_digits`). None stands for the
        engine's own policy. :class:`NothingToSay` is raised for a text without any word.
        """


class Pronouncer(Protocol):
    """What an engine of its own must do."""

    name: str
    version: str
    language: str
    reads_phones: bool  # its text is phones already, so that it must not be normalised
    guessed: set[str]  # grows by the words that no lexicon had, so that statistics pronounced them

    def words(self, text: str) -> list[Word]:
        """Return the words of a run of normalised text that begins with a word, ``break_after`` set from its punctuation.

        No token is left out: one without a pronunciation raises :class:`PronunciationError`. Never called twice at once.
        """


def make_engine(
    name: str,
    language: str,
    lexicon: Mapping[str, Sequence[str] | str] | None = None,
    unreadable: Policy = DEFAULT,
    digits: DigitsName = "auto",
) -> FrontEnd:
    """Return the engine ``name`` (one of :data:`ENGINES`) for ``language`` (such as ``en-us``), a user's lexicon on top.

    The words of ``lexicon`` map to phones with stress marks, or to a string of words that are spoken in their place, as
    :func:`tts.text.lexicon.read_lexicon` returns them. An
    unknown engine or language, or an engine that is not installed, raises :class:`UsageError` saying what there is; so does a
    lexicon for ``phones``, whose text has no words to look up. ``unreadable`` says what becomes of a token without a reading,
    ``digits`` how whole numbers in figures are read.
    """
    check_policy(unreadable)
    check_digits(digits)
    language = language.lower().replace("_", "-")
    if name not in ENGINES:
        raise UsageError(f"there is no text engine {name!r}; there are {', '.join(ENGINES)}")
    if name == "phones" and lexicon:
        raise UsageError("the text engine 'phones' reads phones as they stand and looks no word up; leave the lexicon out")
    if name == "lexicon" and not lexicon:
        raise UsageError("the text engine 'lexicon' knows the words of a lexicon only; give one (text.lexicon: FILE)")
    words = {
        word if word.startswith('"') else lexicon_key(word): spoken
        if isinstance(spoken, str)
        else parse_phones(" ".join(spoken))
        for word, spoken in (lexicon or {}).items()
    }
    module, _, pronouncer = _PRONOUNCERS[name].partition(":")
    return FrontEnd(getattr(import_module(module), pronouncer)(language), words, unreadable, digits)


class FrontEnd:
    """An :class:`Engine` made of a pronouncer and the user's lexicon."""

    def __init__(
        self, pronouncer: Pronouncer, lexicon: Lexicon, unreadable: Policy = DEFAULT, digits: DigitsName = "auto"
    ) -> None:
        self.pronouncer = pronouncer
        self.unreadable, self.digits = unreadable, digits
        self.lexicon = dict(lexicon)
        self._phones = {word: spoken for word, spoken in lexicon.items() if not isinstance(spoken, str)}
        self._respellings = {word: spoken for word, spoken in lexicon.items() if isinstance(spoken, str)}
        self._find_any, self._find_phones = WordFinder(self.lexicon).find, WordFinder(self._phones).find
        self.language = pronouncer.language
        self.reads_phones = pronouncer.reads_phones
        self._homographs = _homographs(pronouncer)
        self._answers: dict[tuple[str, Policy, DigitsName], Answer] = {}
        self._lock = threading.Lock()
        self._guessed: set[str] = set()

    @property
    def guessed(self) -> tuple[str, ...]:
        """Words so far that no lexicon had, sorted."""
        return tuple(sorted(self._guessed))

    def identity(self) -> dict[str, Any]:
        """Return name, version and options; equal identities give equal sentences."""
        identity = {
            "engine": self.pronouncer.name,
            "version": self.pronouncer.version,
            "language": self.language,
            "normalisation": normalisation.VERSION,
            "lexicon": fingerprint([MATCHING, self.lexicon]) if self.lexicon else None,
        }
        if self.digits != "auto":
            identity["digits"] = self.digits
        return {**identity, "english": english.VERSION} if self._homographs else identity

    def sentence(self, text: str) -> Sentence:
        """Return the sentence; see :meth:`Engine.sentence`."""
        return self.ask(text)[0]

    def ask(self, text: str) -> tuple[Sentence, tuple[str, ...]]:
        """Return the sentence and its words that no lexicon had."""
        answer = self.answer(text)
        return answer.sentence, answer.guessed

    def answer(self, text: str, unreadable: Policy | None = None, digits: DigitsName | None = None) -> Answer:
        """Return all that is known of a text; see :meth:`Engine.answer`.

        Answers are remembered, since an engine may take a tenth of a second. Safe to call from several threads.
        """
        key = text, unreadable or self.unreadable, digits or self.digits
        with self._lock:
            if key not in self._answers:
                if len(self._answers) >= _KEPT:
                    self._answers.clear()
                self.pronouncer.guessed.clear()
                self._answers[key] = self._answer(*key)
            self.note_guessed(self._answers[key].guessed)
            return self._answers[key]

    def note_guessed(self, words: Iterable[str]) -> None:
        """Add words to :attr:`guessed` that this engine pronounced elsewhere: in another process, or on another day."""
        self._guessed.update(words)

    def _answer(self, text: str, policy: Policy, digits: DigitsName) -> Answer:
        source = Tracked.of(text)
        original = normalisation.clean(source)
        unread: list[Unread] = []
        if self.reads_phones:
            policy = "fail"
        marked, known = self._mark(self._respelled(_readable_brackets(original, unread) if policy != "fail" else original))
        spoken, pictures = settle_pictures(marked, policy)
        unread += pictures
        if not self.reads_phones:
            unread += markup_left_out(spoken)
            spoken = read_digits(_without_endless(spoken, policy, unread), digits, self.language)
            spoken = _without_endless(normalisation.normalise(spoken, self.language), policy, unread)
        words: list[Word] = []
        given: set[int] = set()
        try:
            for run in _runs(spoken if isinstance(spoken, Tracked) else Tracked.of(spoken)):
                if str(run) in known:
                    given.add(len(words))
                    words.append(replace(known[str(run)], source=run.span()))
                    continue
                rest = run.lstrip(" .,;:!?")
                if words and len(rest) < len(run):
                    after = break_of(run[: len(run) - len(rest)])
                    words[-1] = replace(words[-1], break_after=after or words[-1].break_after)
                if rest.strip():
                    words += self._words(rest.strip(), policy, unread)
        except PronunciationError as error:
            raise PronunciationError(f"{error}; {_place(error.token, str(original))}", error.token) from None
        if not words:
            raise NothingToSay(f"there is no word to pronounce in {str(original)[:80]!r}", tuple(unread))
        if self._homographs:
            words = self._homographs(words, given)
        words = [replace(word, pause_after=word.break_after != "") for word in words]
        sentence = Sentence(str(original), self.language, tuple(words), kind_of(str(spoken)))
        written = _written(str(spoken), known)
        return Answer(sentence, tuple(sorted(self.pronouncer.guessed)), tuple(unread), written)

    def _words(self, run: str, policy: Policy, unread: list[Unread]) -> list[Word]:
        """Return the words of a run; where the engine cannot read a token, ``policy`` says what is read in its place."""
        try:
            return self._placed(run)
        except PronunciationError:
            if policy == "fail":
                raise
        pieces: list[str] = []
        can_read = lru_cache(maxsize=None)(self._can_read)  # a sign may stand there a thousand times
        for match in re.finditer(r"\S+", str(run)):
            token = run[match.start() : match.end()]
            word = str(token).rstrip(".,;:!?")
            if word and not can_read(word):
                reading = reading_of(word, policy, self.language)
                reading = reading if reading and can_read(reading) else ""
                unread.append(Unread(word, reading))
                if not reading and pieces:  # its comma or full stop goes to the word before
                    pieces[-1] = pieces[-1].rstrip(".,;:!?") + (
                        token[len(word) :] or pieces[-1][len(pieces[-1].rstrip(".,;:!?")) :]
                    )
                    continue
                token = rewritten(token, 0, len(word), reading) + token[len(word) :]
            pieces.append(token)
        text = sub(r"(?:^|\s)[.,;:!?]+(?=\s|$)", "", joined(pieces, " ")).strip()
        return self._placed(text) if text else []

    def _placed(self, run: str) -> list[Word]:
        """Return the words of a run with their places in the text that it came from."""
        words = self.pronouncer.words(str(run))
        if not isinstance(run, Tracked):
            return words
        return [replace(word, source=run.span(*(word.source or (0, len(run))))) for word in words]

    def _can_read(self, text: str) -> bool:
        try:
            return bool(self.pronouncer.words(text))
        except PronunciationError:
            return False

    def _respelled(self, text: str) -> str:
        """Put the words that the user gives in place of those they stand for."""
        if not self._respellings:
            return text
        outside = INLINE.sub(lambda match: " " * len(match[0]), text)
        pieces, last = [], 0
        for start, end in self._find_any(outside):
            entry, after = str(text)[start:end], str(text)[end:]
            spoken = self.lexicon[entry_of(entry, self.lexicon) or ""]
            if isinstance(spoken, str):
                pieces += [text[last:start], rewritten(text, start, end, spoken + _end_of(entry, after))]
                last = end
        return joined([*pieces, text[last:]])

    def _mark(self, text: str) -> tuple[str, dict[str, Word]]:
        """Put a private character in place of every word whose pronunciation the user gives; return those words too."""
        places: list[tuple[int, int, str, tuple[str, ...]]] = []
        for match in INLINE.finditer(text):
            try:
                phones = parse_phones(match[1])
            except TtsError as error:
                raise PronunciationError(f"{match[0][:80]} at character {match.start() + 1}: {error}") from None
            places.append((*match.span(), "".join(phones), phones))
        outside = INLINE.sub(lambda match: " " * len(match[0]), text)
        if "[[" in outside:
            at = outside.index("[[")
            raise PronunciationError(f"[[ at character {at + 1} is never closed: write phones as [[h ə l ˈoʊ]]")
        for start, end in self._find_phones(outside):
            word = str(text)[start:end]
            places.append((start, end, word, self._phones[entry_of(word, self._phones) or ""]))
        if len(places) > 0xF8FF - 0xE000:
            raise PronunciationError(f"too many given pronunciations ({len(places)}) in one text; split it")
        known: dict[str, Word] = {}
        pieces, last = [], 0
        for number, (start, end, word, phones) in enumerate(sorted(places)):
            mark = chr(0xE000 + number)
            known[mark] = Word(word, syllabify(phones, self.language))
            pieces += [text[last:start], rewritten(text, start, end, mark)]
            last = end
        return joined([*pieces, text[last:]]), known


def _runs(text: Tracked) -> Iterator[Tracked]:
    """Yield a text part by part: private characters, and what is between them."""
    at = 0
    for run in re.split("([\ue000-\uf8ff])", str(text)):
        at += len(run)
        if run:
            yield text.part(at - len(run), at)


def _end_of(entry: str, after: str) -> str:
    """Return what follows an entry's respelling: the full stop of ``etc.`` that ends the sentence too, a missing space."""
    following = after.lstrip()[:1]
    if entry.endswith(".") and (not following or (entry[:-1].lower() in MAY_END and following.isupper())):
        return "."
    return " " if after[:1].isalnum() else ""


def _homographs(pronouncer: Pronouncer) -> Callable[[list[Word], set[int]], list[Word]] | None:
    """Return what chooses among the readings of homographs, for engines whose phones are those of its table."""
    if pronouncer.name not in ("gruut", "cmudict") or primary(pronouncer.language) != "en":
        return None
    from tts.text.english.homographs import resolve

    return resolve


def refuse_endless(text: str) -> None:
    """Raise :class:`PronunciationError` for a word of more than 100 letters or digits, or 1,000 characters without a space.

    Nobody can say such a word, and an utterance of one, which cannot be divided, takes gigabytes.
    """
    for pattern, what in ((_ENDLESS_WORD, "letters"), (_ENDLESS_RUN, "characters without a space")):
        if match := pattern.search(text):
            reason = f"{match[0][:20]!r}... is a word of {len(match[0])} {what}"
            raise PronunciationError(f"{reason}; divide it, or leave it out", match[0][:20])


def _without_endless(text: str, policy: Policy, unread: list[Unread]) -> str:
    """Return a text without its endless words, which are added to ``unread``; with the policy ``fail`` they raise."""
    if policy == "fail":
        refuse_endless(text)
        return text

    def leave_out(match: re.Match[str]) -> str:
        if not (_ENDLESS_WORD.search(match[0]) or _ENDLESS_RUN.search(match[0])):
            return match[0]
        unread.append(Unread(f"{match[0][:20]}..."))
        return ""

    return sub(_LONG_TOKEN, leave_out, text)


def _readable_brackets(text: str, unread: list[Unread]) -> str:
    """Return a text whose ``[[brackets]]`` all hold phones: others, such as a wiki's links, become plain text."""

    def plain(match: re.Match[str]) -> str:
        try:
            parse_phones(match[1])
        except TtsError:
            unread.append(Unread(match[0][:80], match[1].strip()[:80]))
            return f" {match[1]} "
        return match[0]

    text = sub(INLINE, plain, text)
    if "[[" in INLINE.sub("", text):
        held = [match.span() for match in INLINE.finditer(text)]
        text = sub(r"\[\[", lambda m: m[0] if any(low <= m.start() < high for low, high in held) else " ", text)
    return text


def _written(spoken: str, known: Mapping[str, Word]) -> str:
    """Return the normalised text with the words that the user gave the pronunciation of in their places."""
    text = "".join(known[c].text if c in known else c for c in spoken)
    return text.replace(LETTER_MARK, "")


# Each begins where its run begins and nowhere inside it, or the time would grow with the square of the run.
_LONG_TOKEN: Final = re.compile(r"(?<!\S)\S{101,}")
_ENDLESS_WORD: Final = re.compile(r"(?<![^\W_])[^\W_]{101,}")
_ENDLESS_RUN: Final = re.compile(r"(?<!\S)\S{1001,}")


def _place(token: str, text: str) -> str:
    """Say where a token stands; normalisation may have changed its shape, then only the text is quoted."""
    at = text.find(token) if token else -1
    start = max(at - 30, 0)
    excerpt = text[start : start + 80]
    quoted = f"{'...' if start else ''}{excerpt}{'...' if start + 80 < len(text) else ''}"
    return f"at character {at + 1} of {quoted!r}" if at >= 0 else f"in {quoted!r}"
