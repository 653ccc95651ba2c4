"""Which streams a preparation packs, where each comes from, and what identifies its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tts.alignment.types import Aligned, Alignment
from tts.analysis.extract import MAIN, Features
from tts.analysis.world import AnalysisSettings
from tts.analysis.world import streams as main_streams
from tts.core.files import Listed, fingerprint
from tts.core.grid import FrameGrid
from tts.core.lazy import LazySequence
from tts.core.stream import Stream
from tts.dataset.subphone import subphone_features
from tts.recipe import MAIN_STREAMS, Recipe
from tts.tasks.base import AudioFamily, Family, Options, SpeakerFamily, TextFamily, TimedFamily, TimedUtterance, check_values
from tts.tasks.registry import get_family, resolve_options, source_of
from tts.text.features import ContextFeatures
from tts.text.phones import PhoneInventory
from tts.text.question_features import LinguisticFeatures, QuestionFeatures, Range, Subphone
from tts.text.questions import QuestionSet
from tts.text.sentence import SILENCE, Sentence

MFCC = "mfcc"  # what the aligner reads, kept by the analysis under this name
IDENTITY_VERSION = 2  # raise it when the same files are packed into other numbers


@dataclass(frozen=True)
class ReadyUtterance:
    """One utterance with everything that is packed of it: pauses as spoken, times, where its streams lie, who speaks.

    ``read`` returns the first two, from disk in a large corpus; they are asked for once, and held while this object is.
    """

    id: str
    features: Features
    segments: int  # of the sentence
    read: Callable[[], Aligned]
    speaker: int = 0  # the speaker's number

    @staticmethod
    def of(key: str, aligned: Aligned, features: Features, speaker: int = 0) -> ReadyUtterance:
        """Return an utterance of which all is in memory."""
        return ReadyUtterance(key, features, len(aligned.alignment.phones), lambda: aligned, speaker)

    @property
    def frames(self) -> int:
        """Number of frames, known without reading."""
        return self.features.frames

    @cached_property
    def _aligned(self) -> Aligned:
        return self.read()

    @property
    def sentence(self) -> Sentence:
        """The sentence, pauses as spoken."""
        return self._aligned.sentence

    @property
    def alignment(self) -> Alignment:
        """When its segments are spoken."""
        return self._aligned.alignment


Splits = Mapping[str, Sequence[ReadyUtterance]]


@dataclass(frozen=True)
class Layout:
    """Which streams are packed and how text becomes vectors.

    ``analysed_streams`` come from the analysis, ``timed_streams`` are made here from what is known of an utterance; both
    have a row a frame. ``segment_streams`` have a row a segment.
    """

    analysed_streams: tuple[Stream, ...]
    timed_streams: tuple[Stream, ...]
    segment_streams: tuple[Stream, ...]
    features: LinguisticFeatures
    grid: FrameGrid
    options: Mapping[str, Options]  # of every auxiliary task
    speakers: tuple[str, ...] = ()  # where there are several

    @property
    def frame_streams(self) -> tuple[Stream, ...]:
        """All streams with a row a frame."""
        return (*self.analysed_streams, *self.timed_streams)

    @property
    def inventory(self) -> PhoneInventory:
        """The phones that occur."""
        return self.features.inventory

    @cached_property
    def families(self) -> dict[str, Family]:
        """The family of every auxiliary task."""
        return {name: get_family(name) for name in self.options}

    @property
    def extra_streams(self) -> tuple[Stream, ...]:
        """The auxiliary streams of the analysis, each in a file of its own."""
        return tuple(stream for stream in self.analysed_streams if stream.name not in MAIN_STREAMS)

    def frame_values(self, item: ReadyUtterance) -> dict[str, np.ndarray]:
        """Return all streams of an utterance that have a row a frame, float32 (frames, columns), checked."""
        main = item.features.main()
        values = {stream.name: main[stream.name] for stream in self.analysed_streams if stream.name in MAIN_STREAMS}
        timed = TimedUtterance(item.sentence, item.alignment.durations, dict(values), self.grid)
        values |= {stream.name: item.features.stream(stream.name) for stream in self.extra_streams}
        for stream in self.timed_streams:
            family = self.families[stream.name]
            assert isinstance(family, TimedFamily)
            values[stream.name] = family.label(timed, **self.options[stream.name])
        for stream in self.frame_streams:
            check_values(stream, values[stream.name], item.alignment.frames, item.id)
        return values

    @property
    def phone_streams(self) -> tuple[Stream, ...]:
        """The segment streams that are measured in recordings, which have statistics."""
        return tuple(stream for stream in self.segment_streams if isinstance(self.families[stream.name], TimedFamily))

    def segment_values(self, item: ReadyUtterance, frames: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all streams of an utterance that have a row a segment, float32 (segments, columns), checked.

        ``frames`` are those that have a row a frame (:meth:`frame_values`).
        """
        count = len(item.alignment.phones)
        main = {name: frames[name] for name in MAIN_STREAMS}
        values = {}
        for stream in self.segment_streams:
            family = self.families[stream.name]
            if isinstance(family, SpeakerFamily):
                labels = family.label(item.speaker, count)
            elif isinstance(family, TimedFamily):
                timed = TimedUtterance(item.sentence, item.alignment.durations, main, self.grid)
                labels = family.label(timed, **self.options[stream.name])
            else:
                assert isinstance(family, TextFamily)
                labels = family.label(item.sentence, self.inventory, **self.options[stream.name])
            values[stream.name] = check_values(stream, labels, count, item.id)
        return values

    def identities(self, splits: Splits) -> dict[str, str]:
        """Return what identifies the numbers of every auxiliary stream, and under ``basis`` those of all else.

        A task added to a corpus leaves the others as they were: voices that do not learn it are still of this preparation.
        """

        def items() -> Iterator[tuple[str, ReadyUtterance]]:
            return ((split, item) for split, items in splits.items() for item in items)

        def files(*names: str) -> Listed:
            return Listed(item.features.identity(name) for _, item in items() for name in names)

        basis = Listed(
            [
                IDENTITY_VERSION,
                [stream.to_dict() for stream in self.analysed_streams if stream.name in MAIN_STREAMS],
                self.features.to_dict(),
                Listed((split, i.id, i.sentence.to_dict(), i.alignment.durations.tolist()) for split, i in items()),
                files(MAIN, MFCC),
                *([[self.speakers, [item.speaker for _, item in items()]]] if self.speakers else []),
            ]
        )
        parts = {"basis": fingerprint(basis)}
        parts |= {stream.name: fingerprint(stream.to_dict(), files(stream.name)) for stream in self.extra_streams}
        for stream in (*self.timed_streams, *self.segment_streams):
            family, options, source = self.families[stream.name], self.options[stream.name], source_of(stream.name)
            version = [family.version] if isinstance(family, TimedFamily) else []
            if isinstance(family, TextFamily) and family.version > 1:  # corpora of version 0.1.0 have none of the first
                version = [family.version]
            given = ([options] if options else []) + ([source] if source else [])
            parts[stream.name] = fingerprint(stream.to_dict(), *version, *given)
        return parts


def make_layout(recipe: Recipe, splits: Splits, questions: QuestionSet | None = None) -> Layout:
    """Return the layout of what a recipe asks for, with the phones that occur in ``splits``; ``questions`` are its file's."""
    inventory = PhoneInventory.of(item.sentence for items in splits.values() for item in items)
    options = {name: resolve_options(name, given) for name, given in recipe.tasks.items()}
    speakers = recipe.corpus.names if len(recipe.corpus.names) > 1 else ()
    analysed = list(main_streams(recipe.frames.grid, AnalysisSettings(recipe.frames.mcep_order)))
    timed: list[Stream] = []
    segment: list[Stream] = []
    for name in recipe.tasks:
        family = get_family(name)
        if isinstance(family, SpeakerFamily):
            segment.append(family.stream_of(name, speakers))
            continue
        by_frame = isinstance(family, TimedFamily) and not family.by_segment
        kind = analysed if isinstance(family, AudioFamily) else timed if by_frame else segment
        kind.append(family.stream(name, inventory, options[name]))
    features = (
        ContextFeatures(inventory, recipe.text.prominence)
        if questions is None
        else _question_features(recipe, splits["train"], questions, inventory)
    )
    return Layout(tuple(analysed), tuple(timed), tuple(segment), features, recipe.frames.grid, options, speakers)


def _question_features(
    recipe: Recipe, items: Sequence[ReadyUtterance], questions: QuestionSet, inventory: PhoneInventory
) -> QuestionFeatures:
    """Return the answers to questions as features, with their ranges in training utterances but for the silence at the ends."""
    kind = recipe.text.subphone or "full"
    spoken = (item.alignment.durations[np.array(item.sentence.phones) != SILENCE] for item in items)
    sentences = LazySequence(len(items), lambda number: items[number].sentence)
    subphone = Subphone(kind, Range.of(subphone_features(durations, kind) for durations in spoken))
    return QuestionFeatures.fit(questions, inventory, sentences, subphone)
