"""What ``tts text`` does, once its options are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tts.cli.output import say
from tts.core.errors import TtsError, UsageError
from tts.core.progress import tracked
from tts.recipe.names import DigitsName
from tts.text.digits import digits_of
from tts.text.engine import Answer, FrontEnd, NothingToSay, make_engine
from tts.text.lexicon import read_lexicon
from tts.text.sentence import Word
from tts.text.split import split_text
from tts.text.unreadable import Policy

SHOWN = 30  # guessed words and unread tokens listed of a file
PLACES = 5  # of each
_STRESS = {0: "", 1: "ˈ", 2: "ˌ"}


@dataclass(frozen=True)
class Source:
    """What is read: a text, or a file of one text a line."""

    text: str | None
    file: Path | None

    def lines(self) -> list[tuple[int, str]]:
        """Return the texts with the numbers of their lines; :class:`UsageError` for a file that cannot be read."""
        if self.file is None:
            text = self.text or ""
            if len(text) < 256 and "\n" not in text and Path(text).is_file():
                raise UsageError(f"{text}: is a file; to have it read say: tts text --file {text}")
            return [(1, text)]
        if not self.file.is_file():
            raise UsageError(f"{self.file}: there is no such file")
        if self.file.suffix.lower() in (".ssml", ".xml"):
            raise UsageError(f"{self.file}: an SSML document is shown by none but tts speak, which reads it; give plain text")
        try:
            content = self.file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.file}: not readable as UTF-8 text ({error})") from None
        lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
        if not lines:
            raise UsageError(f"{self.file}: there is no text in it")
        return lines


@dataclass
class _Places:
    """Where something occurs: how often, and the first lines."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Count an occurrence on a line."""
        self.count += 1
        if line not in self.lines and len(self.lines) < PLACES:
            self.lines.append(line)

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.lines) else ""
        return f"{self.count}, line {', '.join(map(str, self.lines))}{more}"


@dataclass
class _Tally:
    """What was met in all texts."""

    sentences: int = 0
    words: int = 0
    guessed: dict[str, _Places] = field(default_factory=dict)
    unread: dict[str, _Places] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add(self, line: int, answer: Answer) -> None:
        """Enter the answer to a sentence on a line."""
        self.sentences += 1
        self.words += len(answer.sentence.words)
        spoken = Counter(word.text for word in answer.sentence.words)
        for word in answer.guessed:
            places = self.guessed.setdefault(word, _Places())
            for _ in range(max(spoken[word], 1)):
                places.add(line)
        for unread in answer.unread:
            self.unread.setdefault(str(unread), _Places()).add(line)


def run(
    source: Source,
    voice: str | None,
    engine: str | None,
    language: str | None,
    lexicon: Path | None,
    unreadable: Policy,
    as_json: bool,
    digits: DigitsName | None = None,
) -> int:
    """Read the texts, print what is to be known of them and return the exit code."""
    lines = source.lines()
    front_end = _front_end(voice, engine, language, lexicon, unreadable, digits)
    tally = _Tally()
    in_full = source.file is None
    for number, text in lines if in_full else tracked(lines, "reading", len(lines)):
        for sentence, answer in _answers(front_end, number, text, tally):
            tally.add(number, answer)
            if as_json:
                say(json.dumps(_as_data(number, sentence, answer), ensure_ascii=False))
            elif in_full:
                _show(answer)
    if as_json:
        return 1 if tally.failed else 0
    if not in_full:
        say(f"{tally.sentences} sentences, {tally.words} words")
        _list("guessed by letter-to-sound", tally.guessed)
        _list("without a reading", tally.unread)
    for message in tally.failed:
        say(message, error=True)
    return 1 if tally.failed else 0


def _front_end(
    voice: str | None,
    engine: str | None,
    language: str | None,
    lexicon: Path | None,
    unreadable: Policy,
    digits: DigitsName | None,
) -> FrontEnd:
    own = read_lexicon(lexicon) if lexicon else {}
    if voice is None:
        return make_engine(engine or "gruut", language or "en-us", own, unreadable, digits or "auto")
    from tts.generation.config import LEXICON, read_config
    from tts.generation.voices import find_voice

    folder = find_voice(voice).folder
    config = read_config(folder)
    text = config.text
    words = read_lexicon(folder / LEXICON) if LEXICON in config.files else {}
    return make_engine(text.engine, text.language, {**words, **own}, unreadable, digits or digits_of(text.identity))


def _answers(front_end: FrontEnd, line: int, text: str, tally: _Tally) -> Iterator[tuple[str, Answer]]:
    """Yield the sentences of a text with their answers; a text without one goes to the failures."""
    pieces = split_text(text, phones=front_end.reads_phones, language=front_end.language)
    spoken, reason = False, ""
    for piece in pieces:
        try:
            answer = front_end.answer(piece)
        except NothingToSay as error:
            reason = str(error)
            for unread in error.unread:
                tally.unread.setdefault(str(unread), _Places()).add(line)
            continue
        except TtsError as error:
            tally.failed.append(f"line {line}: {error}")
            return
        spoken = True
        yield piece, answer
    if pieces and not spoken:
        tally.failed.append(f"line {line}: {reason}")


def pronunciation(word: Word) -> str:
    """Return the phones of a word, a stress mark before its stressed syllables, a full stop between syllables."""
    return " . ".join(_STRESS[syllable.stress] + " ".join(syllable.phones) for syllable in word.syllables)


def _as_data(line: int, text: str, answer: Answer) -> dict[str, Any]:
    words = [
        {
            "word": word.text,
            "syllables": [{"phones": list(syllable.phones), "stress": syllable.stress} for syllable in word.syllables],
            "break": word.break_after,
        }
        for word in answer.sentence.words
    ]
    return {
        "line": line,
        "text": text,
        "normalised": answer.normalised,
        "kind": answer.sentence.kind,
        "words": words,
        "guessed": list(answer.guessed),
        "unread": [unread.to_dict() for unread in answer.unread],
    }


def _show(answer: Answer) -> None:
    say(answer.normalised)
    width = max(len(word.text) for word in answer.sentence.words)
    marks = {"": "", "minor": "  ,", "major": "  ."}
    for word in answer.sentence.words:
        guessed = "  (guessed)" if word.text in answer.guessed else ""
        say(f"  {word.text:{width}}  {pronunciation(word)}{marks[word.break_after]}{guessed}")
    for unread in answer.unread:
        say(f"  no reading: {unread}")


def _list(title: str, entries: dict[str, _Places]) -> None:
    if not entries:
        say(f"nothing {title}")
        return
    say(f"{title}: {len(entries)}")
    ordered = sorted(entries.items(), key=lambda item: (-item[1].count, item[0]))
    for name, places in ordered[:SHOWN]:
        say(f"  {name}  ({places})")
    if len(ordered) > SHOWN:
        say(f"  and {len(ordered) - SHOWN} more; --json has them all")
