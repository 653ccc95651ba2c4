"""What a corpus is to the rest of the package: utterances, a licence, and where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Utterance:
    """One recording and what is said in it.

    ``id`` is unique in its corpus and safe as a file name (letters, digits, ``. _ -``, not starting with a dot);
    ``language`` is a BCP 47 tag in lower case such as ``en-us`` or ``nl``. ``sentence`` is what split rules go by: in a corpus
    of several speakers the id without the speaker's name, so that all who read a sentence fall in the same split.
    """

    id: str
    text: str
    audio: Path
    speaker: str
    language: str
    sentence: str = ""

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
