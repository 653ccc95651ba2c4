"""What the catalogue says of a public corpus: the terms, the archives and who reads it.

A fact that no source states is None, shown as "not known"; nothing is estimated. Each module of this folder that has entries
names, above them, the documents that they come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from tts.core.names import name_fault

Commercial = Literal["yes", "no", "unclear"]
ReadBy = Literal["lhotse", "own"]


@dataclass(frozen=True, kw_only=True)
class Licence:
    """The terms of a corpus.

    ``spdx`` is the SPDX identifier, or the licence's own name where SPDX has none. ``commercial`` says whether a voice made of
    the corpus may be used commercially as far as the licence goes, ``why`` in a few words why not or why it is unclear. Where
    one must agree to terms before one may have the recordings, ``consent`` is true and ``url`` is where they are.
    """

    spdx: str
    commercial: Commercial
    why: str = ""
    consent: bool = False
    url: str = ""


CC0 = Licence(spdx="CC0-1.0", commercial="yes")
CC_BY = Licence(spdx="CC-BY-4.0", commercial="yes", why="with attribution")
CC_BY_SA = Licence(spdx="CC-BY-SA-4.0", commercial="yes", why="with attribution; whether a voice must be shared alike is open")
CC_BY_NC = Licence(spdx="CC-BY-NC-4.0", commercial="no", why="non-commercial use only")
PUBLIC_DOMAIN = Licence(spdx="LicenseRef-Public-Domain", commercial="yes")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file to fetch and unpack.

    ``url`` is its address, and ``mirrors`` further ones; where it is "" the file is had only by hand, and ``name`` may have a
    ``*`` for what differs from release to release. ``name`` is the file's name, by default the address's last part. ``size``
    is in bytes, as its page says (rounded); ``sha256`` is in hexadecimal, given only where a source publishes it. ``speaker``,
    ``part`` and ``language`` (a BCP 47 tag) say what of the corpus it holds; it comes along where a part is chosen that
    ``goes_with`` matches (``*`` any). It is unpacked into ``folder`` of the corpus's root, without the leading folder of its
    members where the name of that matches ``strip``. Where it is ``nested``, the zips in it are unpacked as well.
    ``recipe_part`` is what a recipe's ``corpus.part`` calls it, by default ``part``; "" where recipes have nothing to choose.
    """

    url: str
    name: str = ""
    size: int | None = None
    sha256: str | None = None
    speaker: str = ""
    part: str = ""
    language: str = ""
    goes_with: str = ""
    recipe_part: str | None = None
    folder: str = ""
    strip: str = ""
    nested: bool = False
    mirrors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", unquote(urlsplit(self.url).path.rpartition("/")[2]))
        if self.recipe_part is None:
            object.__setattr__(self, "recipe_part", self.part)
        if fault := name_fault(self.name.replace("*", "x")):
            raise ValueError(f"archive {self.name!r} {fault}")

    @property
    def by_hand(self) -> bool:
        """Whether no command can fetch it."""
        return not self.url


@dataclass(frozen=True, kw_only=True)
class PublicCorpus:
    """A public corpus.

    ``name`` is what commands call it, and by default its recipe (``recipes/NAME``) and folder (``data/NAME``), in which
    ``format`` (a recipe's ``corpus.format``) finds it. ``languages`` are BCP 47 tags, ``hours`` of speech, ``rate`` in Hz.
    ``reference`` is its citation in short. ``read_by`` says whose reader ``format`` is. ``by_hand`` tells, where a login or an
    agreement is needed, what to do.
    ``sources`` are the documents that the entry's facts come from.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    speakers: int | None
    hours: float | None
    rate: int | None
    licence: Licence
    citation: str
    reference: str
    home: str
    read_by: ReadBy
    format: str
    archives: tuple[Archive, ...]
    sources: tuple[str, ...]
    recipe: str = ""
    by_hand: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.recipe:
            object.__setattr__(self, "recipe", self.name)

    @property
    def size(self) -> int | None:
        """Bytes to download for all of it; None where that of an archive is not known."""
        sizes = [archive.size for archive in self.archives]
        return sum(size for size in sizes if size is not None) if sizes and None not in sizes else None

    @property
    def only_by_hand(self) -> bool:
        """Whether no command can fetch any of it."""
        return all(archive.by_hand for archive in self.archives)

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """The speakers that can be fetched by themselves, in order."""
        return tuple(dict.fromkeys(archive.speaker for archive in self.archives if archive.speaker))

    @property
    def part_names(self) -> tuple[str, ...]:
        """The parts that can be fetched by themselves, in order."""
        return tuple(dict.fromkeys(archive.part for archive in self.archives if archive.part))
