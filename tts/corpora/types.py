"""What a corpus is to the rest of the package: utterances, a licence, and where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

TextColumn = Literal["normalised", "raw", "auto"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording, or a part of one, and what is said in it.

    ``start`` and ``end`` are seconds within ``audio``, from its beginning to its end (None) where the recording is the
    utterance's alone. ``id`` is unique in its corpus and safe as a file name (letters, digits, ``. _ -``, not starting with a
    dot); ``language`` is a BCP 47 tag in lower case such as ``en-us`` or ``nl``. ``sentence`` is what split rules go by: in a
    corpus of several speakers the id without the speaker's name, so that all who read a sentence fall in the same split.
    """

    id: str
    text: str
    audio: Path
    speaker: str
    language: str
    sentence: str = ""
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        if not self.sentence:
            object.__setattr__(self, "sentence", self.id)


@dataclass(frozen=True)
class Corpus:
    """Utterances in file order, with the licence (an SPDX identifier where there is one) and source of the recordings."""

    name: str
    utterances: tuple[Utterance, ...]
    licence: str
    source: str = ""
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def subset(self, ids: set[str]) -> Corpus:
        """Return the corpus with only the utterances whose id is in ``ids``, in file order."""
        kept = tuple(utterance for utterance in self.utterances if utterance.id in ids)
        return Corpus(self.name, kept, self.licence, self.source, self.notes)


@dataclass(frozen=True, kw_only=True)
class CorpusSource:
    """What is known of a corpus before it is read.

    ``text_column`` chooses the text: ``raw`` the second column, ``normalised`` the third, ``auto`` the third where it is
    there and not empty. Ids that the regular expression ``exclude`` finds a match in are skipped without a problem. ``audio``
    is the folder of the recordings (:func:`tts.corpora.recordings.find_recordings`). With ``speaker_column`` the lines are
    ``id|speaker|text`` and only those of ``speaker`` are read. ``file`` names the list of utterances within the root where it
    has no usual name, ``columns`` what the columns of a table hold. ``of_several`` says that the recipe names several speakers,
    so that an utterance whose speaker the files name is that speaker's only. ``part`` is the part of a large corpus that is
    read, a folder of its root in most layouts.
    """

    name: str
    speaker: str
    language: str
    licence: str
    source: str = ""
    text_column: TextColumn = "auto"
    exclude: str | None = None
    audio: str | None = None
    speaker_column: bool = False
    file: str | None = None
    columns: tuple[str, ...] = ()
    of_several: bool = False
    part: str = ""
