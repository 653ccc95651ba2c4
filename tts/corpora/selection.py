"""A part of a large corpus: drawn by a seed, in turn from every speaker, and written down."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tts.core.audio import audio_seconds
from tts.core.errors import TtsError
from tts.core.files import read_json, write_json
from tts.corpora.splits import counting_order
from tts.corpora.types import Utterance


class SpeakerShare(BaseModel):
    """What was chosen of a speaker: utterances of so many, and their seconds where hours were asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    utterances: int
    of: int
    seconds: float | None = None


class Selection(BaseModel):
    """Which utterances were chosen, and why these: what was asked for, the seed, and each speaker's share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: float | None
    limit: int | None
    seed: int
    speakers: dict[str, SpeakerShare]
    ids: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically; :meth:`load` is the inverse."""
        write_json(path, self.model_dump(mode="json"))

    @staticmethod
    def load(path: Path) -> Selection:
        """Read what :meth:`save` wrote; a damaged file raises :class:`TtsError` naming it."""
        try:
            return Selection.model_validate(read_json(path))
        except ValidationError as error:
            raise TtsError(f"{path}: not a selection ({error.errors()[0]['msg']}); run tts prepare again") from None

    @property
    def note(self) -> str:
        """One line for the report."""
        asked = [f"{self.hours:g} hours" if self.hours is not None else "", f"{self.limit} utterances" if self.limit else ""]
        total = sum(share.of for share in self.speakers.values())
        what = " and ".join(text for text in asked if text)
        return f"{len(self.ids)} of {total} utterances were chosen for at most {what}, by the seed {self.seed}: selection.json"


def select(utterances: Sequence[Utterance], *, hours: float | None, limit: int | None, seed: int) -> Selection:
    """Choose utterances until the next would exceed ``hours`` of speech or ``limit`` utterances in all.

    Each speaker's are drawn by a digest of seed and sentence, so that every machine draws the same, speakers who read the same
    sentences give the same ones, and a smaller choice is part of a larger one. Next is always the speaker who has least so far:
    in seconds where hours are asked for, as the headers of the recordings say, otherwise in utterances. A recording whose
    header cannot be read is passed over. Raises :class:`TtsError` where the first that is drawn does not fit, or there is none.
    """
    ranked: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        ranked[utterance.speaker].append(utterance)
    of = {speaker: len(own) for speaker, own in ranked.items()}
    for own in ranked.values():
        own.sort(key=lambda utterance: _rank(seed, utterance.sentence), reverse=True)  # taken from the end
    turns = [(0.0, counting_order(speaker), speaker) for speaker in ranked]
    heapq.heapify(turns)
    chosen: dict[str, float] = {}
    taken: dict[str, list[float]] = {speaker: [] for speaker in ranked}
    left = float("inf") if hours is None else 3600.0 * hours
    while turns and (limit is None or len(chosen) < limit):
        amount, order, speaker = heapq.heappop(turns)
        if not ranked[speaker]:
            continue
        utterance = ranked[speaker].pop()
        seconds = _seconds(utterance) if hours is not None else 1.0
        if seconds > left:  # no shorter one in its place: then a smaller choice would not be part of a larger one
            if not chosen:
                raise TtsError(
                    f"corpus.select: the utterance that is drawn first, {utterance.id}, lasts {seconds:.1f} s, longer than "
                    f"{hours:g} hours ({left:.1f} s); choose more hours, or draw others with another corpus.select.seed"
                )
            break
        if seconds > 0.0:
            chosen[utterance.id] = seconds
            taken[speaker].append(seconds)
            left -= seconds
        heapq.heappush(turns, (amount + seconds, order, speaker))
    if not chosen:
        raise TtsError("corpus.select: no recording of the corpus can be read" if utterances else "the corpus is empty")
    shares = {
        speaker: SpeakerShare(
            utterances=len(seconds), of=of[speaker], seconds=round(sum(seconds), 3) if hours is not None else None
        )
        for speaker, seconds in taken.items()
    }
    ids = tuple(utterance.id for utterance in utterances if utterance.id in chosen)
    return Selection(hours=hours, limit=limit, seed=seed, speakers=shares, ids=ids)


def _rank(seed: int, sentence: str) -> bytes:
    return hashlib.sha256(f"{seed}\0select\0{sentence}".encode()).digest()


def _seconds(utterance: Utterance) -> float:
    """Return how long an utterance is; 0 where its recording cannot be read."""
    if utterance.end is not None:
        return utterance.end - utterance.start
    try:
        return max(0.0, audio_seconds(utterance.audio) - utterance.start)
    except TtsError:
        return 0.0
