"""What a prepared corpus is made of: minutes, levels, F0, lengths, phones that are rare, sentences and recordings met twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import Channel, read_audio
from tts.core.files import file_digest
from tts.core.processes import Failure, parallel_map
from tts.dataset.prepared import SPLITS, Prepared
from tts.text.language_phones import language_phones
from tts.text.sentence import PAUSE, SILENCE

RARE = 20  # occurrences in training below which a phone in its contexts is hardly learnt
SEMITONES = 12.0 / np.log(2.0)


@dataclass(frozen=True)
class Spread:
    """How a number is spread: its mean, the 5th, 50th and 95th percentile, and the values themselves, for a plot."""

    mean: float
    low: float
    median: float
    high: float
    values: tuple[float, ...] = field(repr=False)

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Return the spread of some numbers; None of none."""
        array = np.asarray([*values], np.float64)
        if not len(array):
            return None
        low, median, high = np.percentile(array, (5.0, 50.0, 95.0))
        return cls(float(array.mean()), float(low), float(median), float(high), tuple(array.tolist()))

    def to_dict(self) -> dict[str, float]:
        """Return plain data without the values."""
        return {"mean": self.mean, "low": self.low, "median": self.median, "high": self.high}


@dataclass(frozen=True)
class SpeakerStats:
    """One speaker: speech without its silences at the ends, per utterance but for F0, which is over voiced frames.

    ``seconds`` are of utterances, ``level`` their rms in dB of full scale, ``phones_a_second`` the rate without pauses,
    ``f0`` in Hz with its standard deviation in semitones.
    """

    name: str
    utterances: dict[str, int]  # by split
    minutes: dict[str, float]
    seconds: Spread | None
    level: Spread | None
    phones_a_second: Spread | None
    f0: Spread | None
    f0_semitones: float | None


@dataclass(frozen=True)
class PhoneCount:
    """How often a phone occurs in training, and in the other splits."""

    phone: str
    training: int
    others: int


@dataclass(frozen=True)
class CorpusStats:
    """What a prepared corpus is made of. ``rates`` counts recordings by their rate in Hz.

    ``missing`` are phones that the language has and the corpus never. ``unread`` names recordings that are not there any more,
    which have neither level nor rate. ``same_texts`` and ``same_recordings`` are groups of ids.
    """

    name: str
    licence: str
    language: str
    speakers: tuple[SpeakerStats, ...]
    phones: tuple[PhoneCount, ...]
    missing: tuple[str, ...]
    words: int
    vocabulary: int
    rates: dict[int, int]
    same_texts: tuple[tuple[str, ...], ...]
    same_recordings: tuple[tuple[str, ...], ...]
    unread: tuple[str, ...]

    @property
    def rare(self) -> tuple[PhoneCount, ...]:
        """The phones that training has seldom, rarest first; those that it lacks first of all."""
        return tuple(sorted((row for row in self.phones if row.training < RARE), key=lambda row: row.training))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the values behind the spreads."""
        data = asdict(self)
        for row, speaker in zip(data["speakers"], self.speakers, strict=True):
            for key in ("seconds", "level", "phones_a_second", "f0"):
                spread: Spread | None = getattr(speaker, key)
                row[key] = spread.to_dict() if spread else None
        return {**data, "rare": [row.phone for row in self.rare]}


@dataclass(frozen=True)
class _Recording:
    rate: int
    level: float
    digest: str


@dataclass(frozen=True)
class _Utterance:
    """What the arrays know of one utterance."""

    id: str
    split: str
    seconds: float
    phones_a_second: float
    f0: np.ndarray


def corpus_stats(prepared: Prepared, *, workers: int | None = None) -> CorpusStats:
    """Return what the prepared corpus is made of; ``workers`` processes read its recordings once more."""
    utterances = [item for split in SPLITS for item in _utterances(prepared, split)]
    recordings = _recordings(prepared, [item.id for item in utterances], workers)
    speakers = [_speaker(prepared, name, utterances, recordings) for name in prepared.speakers]
    sentences = [(item.split, prepared.sentences[item.id]) for item in utterances]
    words = [word.text.casefold() for _, sentence in sentences for word in sentence.words]
    texts = {item.id: " ".join(word.text.casefold() for word in prepared.sentences[item.id].words) for item in utterances}
    digests = {key: recording.digest for key, recording in recordings.items()}
    return CorpusStats(
        name=prepared.facts.corpus.name,
        licence=prepared.facts.corpus.licence,
        language=prepared.facts.text.language,
        speakers=tuple(speakers),
        phones=_phones([(split, sentence.phones) for split, sentence in sentences]),
        missing=tuple(sorted(_language_phones(prepared) - {*prepared.inventory.symbols})),
        words=len(words),
        vocabulary=len({*words}),
        rates=dict(sorted(Counter(recording.rate for recording in recordings.values()).items())),
        same_texts=_groups({key: f"{prepared.speaker_of(key)}\n{text}" for key, text in texts.items()}),
        same_recordings=_groups(digests),
        unread=tuple(item.id for item in utterances if item.id not in recordings),
    )


def _language_phones(prepared: Prepared) -> frozenset[str]:
    return language_phones(prepared.facts.text.language, prepared.facts.text.engine)


def _utterances(prepared: Prepared, split: str) -> Iterable[_Utterance]:
    packed, shift = prepared.packed(split), prepared.grid.shift
    for number, key in enumerate(packed.ids):
        counted = packed.counted_frames(number)
        streams = packed.utterance(number)
        a, b = packed.segment_starts[number : number + 2]
        spoken = ~packed.silent[a:b]
        voiced = (streams["vuv"][:, 0] >= 0.5) & counted
        frames = packed.durations_of(number).sum(axis=1)
        phones = [phone not in (SILENCE, PAUSE) for phone in prepared.sentences[key].phones]
        speech = float(frames[np.asarray(phones)].sum()) * shift
        yield _Utterance(
            key,
            split,
            float(counted.sum()) * shift,
            float(sum(phones)) / speech if speech > 0.0 and spoken.any() else 0.0,
            np.exp(streams["lf0"][voiced, 0].astype(np.float64)),
        )


def _recordings(prepared: Prepared, ids: Sequence[str], workers: int | None) -> dict[str, _Recording]:
    jobs = [(prepared.audio_path(key), prepared.facts.channel) for key in ids]
    there = [number for number, (path, _) in enumerate(jobs) if path.is_file()]
    read: dict[str, _Recording] = {}
    answers = parallel_map(_read, [jobs[number] for number in there], workers=workers, label="reading recordings")
    for index, answer in answers:
        if not isinstance(answer, Failure):
            read[ids[there[index]]] = answer
    return read


def _read(job: tuple[Path, Channel]) -> _Recording:
    path, channel = job
    signal, rate = read_audio(path, channel=channel)
    rms = float(np.sqrt(np.mean(np.square(signal, dtype=np.float64)))) if len(signal) else 0.0
    return _Recording(rate, 20.0 * float(np.log10(max(rms, 1e-6))), file_digest(path))


def _speaker(
    prepared: Prepared, name: str, utterances: Sequence[_Utterance], recordings: dict[str, _Recording]
) -> SpeakerStats:
    own = [item for item in utterances if prepared.speaker_of(item.id) == name]
    f0 = np.concatenate([item.f0 for item in own]) if own else np.zeros(0)
    spread = Spread.of(f0)
    return SpeakerStats(
        name,
        {split: sum(item.split == split for item in own) for split in SPLITS},
        {split: sum(item.seconds for item in own if item.split == split) / 60.0 for split in SPLITS},
        Spread.of(item.seconds for item in own),
        Spread.of(recordings[item.id].level for item in own if item.id in recordings),
        Spread.of(item.phones_a_second for item in own if item.phones_a_second),
        spread,
        float(SEMITONES * np.log(f0).std()) if spread else None,
    )


def _phones(sentences: Sequence[tuple[str, Sequence[str]]]) -> tuple[PhoneCount, ...]:
    """Count phones, the commonest first; what occurs in another split alone has none in training."""
    counts = {part: Counter[str]() for part in ("train", "others")}
    for split, phones in sentences:
        counts["train" if split == "train" else "others"].update(phone for phone in phones if phone not in (SILENCE, PAUSE))
    names = sorted({*counts["train"], *counts["others"]}, key=lambda phone: (-counts["train"][phone], phone))
    return tuple(PhoneCount(phone, counts["train"][phone], counts["others"][phone]) for phone in names)


def _groups(keys: dict[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return the ids that share a key, groups of two and more."""
    groups: dict[str, list[str]] = {}
    for id, key in keys.items():
        groups.setdefault(key, []).append(id)
    return tuple(tuple(ids) for ids in groups.values() if len(ids) > 1)
