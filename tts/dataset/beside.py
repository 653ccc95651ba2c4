"""A prepared corpus of one speaker with others beside it: one corpus of several speakers, put together in memory.

The speakers may come from different preparations, and from different languages: what a network reads of the text asks of all
phones that occur in any of them. Utterances, times, F0 and silences are those of each preparation. Validation and test are the
first corpus's alone, for the network is to speak as its speaker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from tts.core.errors import UsageError
from tts.core.files import fingerprint
from tts.core.stream import Stream
from tts.dataset.describe import constant_features
from tts.dataset.facts import PreparedFacts, SpeakerFacts, SplitLength
from tts.dataset.prepared import Packed, Prepared
from tts.dataset.statistics import StatisticsSum, StreamStatistics, pool_speakers
from tts.dataset.subset import training_sums
from tts.dataset.table import Table
from tts.recipe import CorpusPart
from tts.recipe.corpus import SpeakerPart
from tts.text.features import ContextFeatures
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

TRAIN = "train"


class Beside(Prepared):
    """The corpus of one speaker with the training utterances of ``others``, of one other speaker each.

    Streams are those that all have in the same form. Utterances of the others are called ``SPEAKER_ID``. Where ``balanced``,
    a training draws the rows of every speaker about equally often, however little there is of one.

    Raises :class:`UsageError` where a corpus has several speakers, a speaker is in two of them, or they do not measure speech
    or read text alike.
    """

    def __init__(self, first: Prepared, others: Sequence[Prepared], *, balanced: bool = True) -> None:
        self.corpora, self.balanced = (first, *others), balanced
        _check(self.corpora)
        super().__init__(first.folder, first.facts)
        self.facts = self._facts()

    def _facts(self) -> PreparedFacts:
        first, corpora = self.corpora[0].facts, self.corpora
        symbols = {symbol for corpus in corpora for symbol in corpus.inventory.symbols}
        inventory = PhoneInventory(tuple(symbols))
        features = ContextFeatures(inventory, _context(corpora[0]).prominence)
        whole = [corpus.fingerprint for corpus in corpora]
        names = {stream.name for stream in first.streams.values() if all(_has(each, stream, inventory) for each in corpora)}
        speakers, licences = _speakers(corpora), dict.fromkeys(corpus.facts.corpus.licence for corpus in corpora)
        lengths = [corpus.facts.corpus for corpus in corpora]
        changes: dict[str, Any] = {
            "identities": {name: fingerprint("beside", whole, self.balanced, name) for name in ("basis", *names)},
            "fingerprint": fingerprint("beside", whole, self.balanced),
            "frame_streams": tuple(stream for stream in first.frame_streams if stream.name in names),
            "segment_streams": tuple(stream for stream in first.segment_streams if stream.name in names),
            "features": features,
            "constant_features": {},
            "speakers": speakers,
            "speaker_of": {key: speaker.name for speaker, ids in zip(speakers, self._ids(), strict=True) for key in ids},
            "corpus": first.corpus.model_copy(
                update={
                    "licence": " AND ".join(licences),
                    "source": "; ".join(dict.fromkeys(corpus.facts.corpus.source for corpus in corpora)),
                    "speaker": ", ".join(speaker.name for speaker in speakers),
                    "utterances": sum(length.utterances for length in lengths),
                    "seconds": round(sum(length.seconds for length in lengths), 1),
                }
            ),
            "recipe": self._recipe_of(speakers),
        }
        facts = {**{name: getattr(first, name) for name in PreparedFacts.model_fields}, **changes}
        self.facts = PreparedFacts.model_validate(facts)  # which the vectors below are made with
        return PreparedFacts.model_validate({**facts, "constant_features": constant_features([self._train.vectors])})

    def _recipe_of(self, speakers: Sequence[SpeakerFacts]) -> dict[str, Any]:
        """Return the first corpus's recipe as one of several speakers; those beside it are read from no folder."""
        recipe = self.corpora[0].recipe
        corpus = several(recipe.corpus, [speaker.name for speaker in speakers])
        return {**recipe.model_dump(mode="json"), "corpus": corpus.model_dump(mode="json")}

    def _ids(self) -> Iterator[list[str]]:
        """Yield the names of every speaker's utterances here."""
        first = self.corpora[0]
        yield [key for split in first.facts.splits for key in first.packed(split).ids]
        for corpus in self.corpora[1:]:
            yield [f"{corpus.speakers[0]}_{key}" for key in corpus.packed(TRAIN).ids]

    @property
    def speech_seconds(self) -> float:
        """Seconds of the first speaker's training speech: the recipe's defaults are scaled by what is to be learnt."""
        return self.corpora[0].speech_seconds

    @cached_property
    def sentences(self) -> Mapping[str, Sentence]:
        """The first corpus's sentences."""
        return self.corpora[0].sentences

    def packed(self, split: str) -> Packed:
        """Return one split's arrays, in memory; training has the utterances of all speakers, the other splits the first's."""
        return self._train if split == TRAIN else _joined([self._asked_alike(self.corpora[0], split)])

    @cached_property
    def _train(self) -> Packed:
        return _joined([self._asked_alike(corpus, TRAIN, prefixed=number > 0) for number, corpus in enumerate(self.corpora)])

    def _asked_alike(self, corpus: Prepared, split: str, *, prefixed: bool = False) -> Packed:
        """Return a corpus's split with the streams and linguistic features that all share."""
        packed = corpus.packed(split)
        vectors = [self.features.vectors(corpus.sentences[key]) for key in packed.ids]
        return Packed(
            tuple(f"{corpus.speakers[0]}_{key}" if prefixed else key for key in packed.ids),
            np.concatenate(vectors),
            packed.durations,
            packed.silent,
            packed.segment_starts,
            packed.frame_starts,
            {stream.name: packed.streams[stream.name] for stream in self.facts.frame_streams},
            {stream.name: packed.segment_streams[stream.name] for stream in self.facts.segment_streams},
        )

    @cached_property
    def statistics(self) -> dict[str, StreamStatistics]:
        """Statistics of the training frames: every speaker's own means, and deviations around them over all frames."""
        streams = self.facts.frame_streams
        sums: dict[str, list[StatisticsSum]] = {}
        for corpus in self.corpora:
            for name, total in training_sums(corpus.packed(TRAIN), streams, self.states).items():
                sums.setdefault(name, []).append(total)
        return {name: pool_speakers(totals) for name, totals in sums.items()}

    def frame_table(
        self, split: str, tasks: Sequence[str], device: torch.device, *, codes: bool = False, prosody: Sequence[str] = ()
    ) -> Table:
        """Return the frames of a split as :meth:`Prepared.frame_table` does, of training balanced."""
        return self._balanced(split, super().frame_table(split, tasks, device, codes=codes, prosody=prosody))

    def segment_table(self, split: str, tasks: Sequence[str], device: torch.device, *, codes: bool = False) -> Table:
        """Return the segments of a split as :meth:`Prepared.segment_table` does, of training balanced."""
        return self._balanced(split, super().segment_table(split, tasks, device, codes=codes))

    def _balanced(self, split: str, table: Table) -> Table:
        if self.balanced and split == TRAIN:
            table.balance()
        return table


def several(corpus: CorpusPart, names: Sequence[str]) -> CorpusPart:
    """Return the corpus part of a recipe of one speaker as that of several, called ``names``."""
    return corpus.model_copy(update={"speaker": "", "speakers": {name: SpeakerPart() for name in names}})


def _context(corpus: Prepared) -> ContextFeatures:
    if not isinstance(corpus.features, ContextFeatures):
        raise UsageError(f"{corpus.folder}: its text is read by a question file; only corpora without one go beside others")
    return corpus.features


def _has(corpus: Prepared, stream: Stream, inventory: PhoneInventory) -> bool:
    """Return whether a corpus has a stream in the same form; classes may be phones, so they are the same of the same phones."""
    return corpus.streams.get(stream.name) == stream and (stream.kind != "class" or corpus.inventory == inventory)


def _check(corpora: Sequence[Prepared]) -> None:
    first = corpora[0]
    names: set[str] = set()
    for corpus in corpora:
        if len(corpus.speakers) > 1:
            raise UsageError(f"{corpus.folder}: has {len(corpus.speakers)} speakers; only corpora of one go beside others")
        if corpus.speakers[0] in names:
            raise UsageError(f"{corpus.folder}: its speaker {corpus.speakers[0]} is in another of the corpora; name each once")
        names.add(corpus.speakers[0])
        mine, theirs = ((of.grid, of.states, of.streams["mcep"], _context(of).prominence) for of in (corpus, first))
        if mine != theirs:
            raise UsageError(
                f"{corpus.folder}: measures speech, or asks of the text, otherwise than {first.folder}; prepare both with the "
                "same frames, alignment.states and text.prominence"
            )


def _speakers(corpora: Sequence[Prepared]) -> tuple[SpeakerFacts, ...]:
    """Return what is known of every speaker; those after the first have training alone."""
    speakers = []
    for number, corpus in enumerate(corpora):
        facts = corpus.facts
        lengths = {TRAIN: SplitLength(utterances=facts.corpus.utterances, seconds=facts.corpus.seconds)}
        speakers.append(
            SpeakerFacts(
                name=corpus.speakers[0],
                f0_range=facts.f0_range,
                silence=facts.silence,
                splits={**facts.splits, **lengths} if number == 0 else lengths,
            )
        )
    return tuple(speakers)


def _joined(parts: Sequence[Packed]) -> Packed:
    """Put the arrays of several corpora one after the other."""

    def together(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.asarray(array) for array in arrays])

    def starts(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(together([np.diff(array) for array in arrays]))])

    first = parts[0]
    return Packed(
        tuple(key for part in parts for key in part.ids),
        together([part.vectors for part in parts]),
        together([part.durations for part in parts]),
        together([part.silent for part in parts]),
        starts([part.segment_starts for part in parts]),
        starts([part.frame_starts for part in parts]),
        {name: together([part.streams[name] for part in parts]) for name in first.streams},
        {name: together([part.segment_streams[name] for part in parts]) for name in first.segment_streams},
    )
