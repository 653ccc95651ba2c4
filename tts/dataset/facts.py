"""What is known of a prepared corpus: the content of ``prepared.json``, with its one reader and its one writer.

A folder made by an earlier version is brought to the present form as it is read (:func:`_migrated`); nothing on disk changes.
Names in the file become file names and paths, and may have been written by anybody: they are checked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError, model_validator

from tts.core.audio import Channel
from tts.core.errors import TtsError
from tts.core.files import read_json, write_json
from tts.core.grid import FrameGrid
from tts.core.names import name_fault
from tts.core.provenance import Environment
from tts.core.stream import Stream
from tts.dataset.arrays import LEGACY, is_arrays_name
from tts.text.phones import PhoneInventory
from tts.text.question_features import LinguisticFeatures, features_from_dict

FORMAT: Final = 3  # of the folder; 2: arrays in packed/, sentences.jsonl and lexicon.txt beside prepared.json
FACTS = "prepared.json"


def _safe(name: str) -> str:
    if fault := name_fault(name):
        raise ValueError(f"the name {name[:60]!r} {fault}")
    return name


def _features(value: Any) -> LinguisticFeatures:
    return value if isinstance(value, LinguisticFeatures) else features_from_dict(value)


SafeName = Annotated[str, AfterValidator(_safe)]
Silence = tuple[tuple[float, ...], ...]  # frames of every state before and after speech, (2, states)


class Facts(BaseModel):
    """Base of what is stored: frozen, strict about keys, finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True)


class SplitLength(Facts):
    """How long a split is."""

    utterances: int
    seconds: float


class CorpusFacts(Facts):
    """Which recordings were prepared; ``utterances`` and ``seconds`` are those of training, ``root`` the corpus's folder.

    ``consent`` is what the recipe says of the speaker's agreement.
    """

    name: str
    root: str
    licence: str
    source: str
    speaker: str
    utterances: int
    seconds: float
    consent: str = ""


class TextFacts(Facts):
    """Which front end read the text; ``identity`` is all that shapes its answers."""

    engine: str
    language: str
    identity: dict[str, Any]


class ShownStream(Facts):
    """How a stream's values are shown to people (:class:`tts.tasks.base.Shown`)."""

    unit: str = ""
    labels: tuple[str, ...] = ()
    hertz: tuple[float, ...] = ()


class SpeakerFacts(Facts):
    """One of several speakers: the range in Hz in which F0 was searched, the usual silence, what each split has of them."""

    name: SafeName
    f0_range: tuple[float, float]
    silence: Silence
    splits: dict[str, SplitLength]


class PreparedFacts(Facts):
    """All that is known of a prepared corpus but its numbers.

    ``fingerprint`` identifies the numbers, ``identities`` those of each auxiliary stream and, under ``basis``, of all else.
    ``arrays`` is the folder of the numbers, named by what is in it. ``frame_streams`` have a row a frame,
    ``segment_streams`` one a segment. ``silence`` is the usual one, ``constant_features`` the linguistic features that never
    change in training, by column, with their value. ``audio``, ``texts`` and ``speaker_of`` are by utterance. ``selected`` are
    the changes ``corpus.key=value`` that made the recipe's corpus the part of it that was prepared.
    """

    format: Literal[3] = FORMAT
    fingerprint: str
    identities: dict[str, str]
    arrays: str
    recipe: dict[str, Any]  # as it was written; Prepared.recipe reads it
    corpus: CorpusFacts
    grid: FrameGrid
    frame_streams: tuple[Stream, ...]
    segment_streams: tuple[Stream, ...]
    shown: dict[str, ShownStream] = {}
    features: Annotated[LinguisticFeatures, BeforeValidator(_features), PlainSerializer(lambda features: features.to_dict())]
    states: int
    text: TextFacts
    silence: Silence
    constant_features: dict[int, float]
    f0_range: tuple[float, float]
    splits: dict[str, SplitLength]
    audio: dict[SafeName, str]
    texts: dict[SafeName, str]
    channel: Channel
    speakers: tuple[SpeakerFacts, ...] = ()  # where there are several
    speaker_of: dict[SafeName, str] = {}
    selected: tuple[str, ...] = ()
    command: str = ""
    seconds: float = 0.0
    made_with: Environment = Environment()

    @model_validator(mode="after")
    def _check(self) -> PreparedFacts:
        if not is_arrays_name(self.arrays):
            raise ValueError(f"arrays: {self.arrays[:60]!r} is not the name of a folder of arrays")
        for stream in (*self.frame_streams, *self.segment_streams):
            _safe(stream.name)
        if "basis" not in self.identities:
            raise ValueError("identities: the key basis is missing")
        names = {speaker.name for speaker in self.speakers}
        if unknown := sorted(set(self.speaker_of.values()) - names):
            raise ValueError(f"speaker_of: there is no speaker {unknown[0][:60]!r}")
        return self

    @cached_property
    def streams(self) -> dict[str, Stream]:
        """All streams by name."""
        return {stream.name: stream for stream in (*self.frame_streams, *self.segment_streams)}

    @property
    def inventory(self) -> PhoneInventory:
        """The phones that occur."""
        return self.features.inventory

    @property
    def speaker_names(self) -> tuple[str, ...]:
        """The speakers, in order."""
        return tuple(speaker.name for speaker in self.speakers) or (self.corpus.speaker,)


def read_facts(folder: Path) -> PreparedFacts:
    """Read what is known of the prepared corpus in ``folder``, of this version or an earlier one.

    Raises :class:`TtsError` naming file and key for a file that is missing, damaged, or of a version that is not known.
    """
    path = folder / FACTS
    data = read_json(path)
    again = "run tts prepare again"
    if not isinstance(data, dict):
        raise TtsError(f"{path}: not the facts of a prepared corpus; {again}")
    if data.get("format") not in (2, FORMAT):
        raise TtsError(f"{path}: format {data.get('format')}, this version reads 2 and {FORMAT}; {again}")
    try:
        return PreparedFacts.model_validate(_migrated(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise TtsError(f"{path}: damaged ({where + ': ' if where else ''}{first['msg']}); {again}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TtsError(f"{path}: damaged ({type(error).__name__}: {error}); {again}") from None
    except TtsError as error:  # a grid, stream or feature set that does not exist
        raise TtsError(f"{path}: {error}; {again}") from None


def write_facts(folder: Path, facts: PreparedFacts) -> None:
    """Write ``prepared.json`` into ``folder``, atomically: from then on the folder is the corpus that ``facts`` describe."""
    write_json(folder / FACTS, facts.model_dump(mode="json"))


def check_ids(path: Path, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the utterance ids read from ``path``; one that is not safe as a file name raises :class:`TtsError`."""
    checked = tuple(ids)
    for key in checked:
        fault = name_fault(key) if isinstance(key, str) else "is no text"
        if fault:
            raise TtsError(f"{path}: the id {str(key)[:60]!r} {fault}; the folder was not made by tts prepare")
    return checked


def _migrated(data: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an earlier format in the present one."""
    if data["format"] == FORMAT:
        return data
    by_name = {entry["name"]: entry for entry in data["streams"]}
    renamed = {key: value for key, value in data.items() if key not in ("streams", "inventory")}
    return {
        **renamed,
        "format": FORMAT,
        "arrays": LEGACY,
        "frame_streams": [by_name[name] for name in data["frame_streams"]],
        "segment_streams": [by_name[name] for name in data["segment_streams"]],
    }
