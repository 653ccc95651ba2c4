"""A prepared corpus on disk: what ``tts prepare`` leaves and everything later reads.

prepared.json        what was made, from which recipe, with which settings; names the folder packed-...
report.md            what was found in the recordings, the alignment's fit, what was left out and why
alignments/          HTS state labels and Praat TextGrids
packed-.../SPLIT/    arrays of all utterances of a split, one after the other; memory-mapped when read
packed-.../          also sentences.jsonl, the front end's answer for every utterance, pauses as spoken, and the lexicon
recordings/          recordings made of others: parts of long ones, and cleaned ones
cache/               results a utterance, by content and settings; may be deleted
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError

from tts.core.copies import copied_file
from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint, read_json, write_json
from tts.core.grid import FrameGrid
from tts.core.indexed_lines import IndexedLines, read_lines, write_lines
from tts.core.remote import Remote, is_address
from tts.core.stream import DURATION as DURATION
from tts.core.stream import Stream
from tts.dataset.arrays import LEXICON, SENTENCES, STATISTICS, ArraysHold, texts_beside
from tts.dataset.constant import hold_constant
from tts.dataset.facts import FACTS, PreparedFacts, check_ids, read_facts
from tts.dataset.frame_positions import FramePositions
from tts.dataset.positions import frame_positions
from tts.dataset.speakers import speaker_codes
from tts.dataset.statistics import StreamStatistics, load_statistics
from tts.dataset.table import Table, Target
from tts.recipe import Recipe
from tts.text.phones import PhoneInventory
from tts.text.question_features import LinguisticFeatures
from tts.text.sentence import SILENCE, Sentence

SPLITS = ("train", "validation", "test")
RECORDINGS = "recordings"  # parts of long recordings, and cleaned ones


@dataclass(frozen=True)
class Packed:
    """The arrays of one split. ``streams`` hold frames, ``segment_streams`` one row a segment; all in utterance order."""

    ids: tuple[str, ...]
    vectors: np.ndarray  # (segments, features)
    durations: np.ndarray  # (segments, states)
    silent: np.ndarray  # (segments,) bool: leading and final silence
    segment_starts: np.ndarray  # (utterances + 1,)
    frame_starts: np.ndarray  # (utterances + 1,)
    streams: dict[str, np.ndarray]
    segment_streams: dict[str, np.ndarray]

    def utterance(self, number: int) -> dict[str, np.ndarray]:
        """Return the frame-level streams of one utterance."""
        a, b = self.frame_starts[number : number + 2]
        return {name: np.asarray(values[a:b]) for name, values in self.streams.items()}

    def durations_of(self, number: int) -> np.ndarray:
        """Return the state durations of one utterance, (segments, states)."""
        a, b = self.segment_starts[number : number + 2]
        return np.asarray(self.durations[a:b])

    def counted_frames(self, number: int) -> np.ndarray:
        """Return which frames of one utterance are scored: all but the silence before and after speech. Bool (frames,)."""
        a, b = self.segment_starts[number : number + 2]
        return np.repeat(~self.silent[a:b], self.durations[a:b].sum(axis=1))


class Prepared:
    """A prepared folder, read lazily, as it was when it was opened: see :mod:`tts.dataset.arrays`."""

    def __init__(self, folder: Path, facts: PreparedFacts | None = None) -> None:
        self.folder = folder
        if facts is None:
            if not (folder / FACTS).is_file():
                make = f"make one with: tts prepare RECIPE --out {folder}"
                raise UsageError(f"{folder}: not a prepared corpus (no {FACTS}); {make}")
            facts, self._hold = _open(folder)
        self.facts = facts

    @property
    def grid(self) -> FrameGrid:
        """The frame grid."""
        return self.facts.grid

    @property
    def streams(self) -> dict[str, Stream]:
        """All streams by name."""
        return self.facts.streams

    @property
    def inventory(self) -> PhoneInventory:
        """The phones that occur."""
        return self.facts.inventory

    @property
    def features(self) -> LinguisticFeatures:
        """How text becomes vectors."""
        return self.facts.features

    @property
    def states(self) -> int:
        """States of a phone."""
        return self.facts.states

    @property
    def speech_seconds(self) -> float:
        """Seconds of training speech, by which a recipe's defaults are scaled (:meth:`tts.recipe.Recipe.for_speech`)."""
        return self.facts.splits["train"].seconds

    def settled(self, recipe: Recipe) -> Recipe:
        """Return a recipe with its corpus as the part of it that was prepared, filled for the amount of speech in it.

        A change of the recipe's corpus that was made since is still to be seen (:func:`tts.training.checks`).
        """
        if self.facts.selected and recipe.corpus != self.recipe.corpus:
            recipe = recipe.changed(self.facts.selected)
        return recipe.for_speech(self.speech_seconds)

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that the corpus was prepared with."""
        try:
            # What it compares is not the corpus's, and earlier versions wrote it in a form that no recipe has.
            data = {key: value for key, value in self.facts.recipe.items() if key != "comparison"}
            return Recipe.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(("recipe", *map(str, first["loc"])))
            raise TtsError(f"{self.folder / FACTS}: {where}: {first['msg']}; run tts prepare again") from None

    @property
    def arrays(self) -> Path:
        """The folder of arrays; what is in it never changes, and stays as long as this object lives."""
        return self.folder / self.facts.arrays

    @property
    def fingerprint(self) -> str:
        """Identifies the content: two preparations with the same fingerprint hold the same numbers."""
        return self.facts.fingerprint

    @property
    def basis(self) -> str:
        """Identifies the content without the auxiliary streams: same utterances, splits, times and vocoder parameters."""
        return self.facts.identities["basis"]

    def identity(self, tasks: Iterable[str]) -> str:
        """Identifies what a system that learns these tasks sees of the content."""
        parts = self.facts.identities
        return fingerprint(parts["basis"], {name: parts[name] for name in sorted(set(tasks)) if name in parts})

    def audio_path(self, key: str) -> Path:
        """Return where an utterance's recording lies, within the folders that the prepared corpus names as its own.

        Raises :class:`TtsError` where it is not known, or elsewhere. Those folders are named by the same file, so this finds
        damage and mistakes; a stranger who wrote both can still name any recording that this user may read.
        """
        if key not in self.facts.audio:
            raise TtsError(f"{self.folder / FACTS}: names no recording of {key}; run tts prepare again")
        if is_address(self.facts.audio[key]):
            return self._copied_recording(key)
        path = Path(os.path.normpath(self.folder / self.facts.audio[key]))  # relative: made by the preparation
        if not any(path.is_relative_to(root) for root in self._audio_roots):
            roots = ", ".join(map(str, self._audio_roots))
            raise TtsError(f"{self.folder / FACTS}: the recording of {key} is {path}, outside the corpus ({roots})")
        return path

    def _copied_recording(self, key: str) -> Path:
        """Return a copy of a recording in an object store, fetched again where it was removed."""
        address, root = self.facts.audio[key], self.facts.corpus.root
        name = address.removeprefix(f"{root}/")
        if name == address or not is_address(root) or any(part in ("", ".", "..") for part in name.split("/")):
            raise TtsError(f"{self.folder / FACTS}: the recording of {key} is {address}, outside the corpus ({root})")
        return copied_file(Remote(root), name)

    @cached_property
    def _audio_roots(self) -> tuple[Path, ...]:
        """The folders that recordings were read from: the corpus's, and those that the recipe names elsewhere."""
        root, part = Path(self.facts.corpus.root), self.recipe.corpus
        folders = [root, *(root / own.folder for own in part.speakers.values() if own.folder)]
        folders += [folder / part.audio for folder in folders if part.audio]
        folders.append(self.folder / RECORDINGS)
        return tuple(dict.fromkeys(Path(os.path.normpath(folder)) for folder in folders))

    def text_of(self, key: str) -> str:
        """Return an utterance's text as the corpus has it, or as the front end read it where that is not known."""
        text = self.facts.texts.get(key)
        return text if text is not None else self.sentences[key].text

    @property
    def lexicon_path(self) -> Path | None:
        """The lexicon that the text was read with; None where there is none."""
        path = texts_beside(self.arrays) / LEXICON
        return path if path.is_file() else None

    @cached_property
    def statistics(self) -> dict[str, StreamStatistics]:
        """Statistics of the training frames, by stream."""
        return load_statistics(self.arrays / STATISTICS)

    @cached_property
    def sentences(self) -> Mapping[str, Sentence]:
        """Every utterance's sentence, pauses as spoken; each is read when it is asked for."""
        return SentenceFile(texts_beside(self.arrays) / SENTENCES)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, in order."""
        return self.facts.speaker_names

    def speaker_of(self, key: str) -> str:
        """Return who speaks an utterance."""
        return self.facts.speaker_of[key] if self.facts.speaker_of else self.speakers[0]

    def speaker_numbers(self, ids: Iterable[str]) -> np.ndarray:
        """Return the number of the speaker of every utterance, int64 (utterances,)."""
        return np.array([self.speakers.index(self.speaker_of(key)) for key in ids], dtype=np.int64)

    def f0_range(self, speaker: str) -> tuple[float, float]:
        """Return the range in Hz in which a speaker's F0 was searched."""
        several = self.facts.speakers
        return several[self.speakers.index(speaker)].f0_range if several else self.facts.f0_range

    def packed(self, split: str) -> Packed:
        """Open one split's arrays."""
        folder = self.arrays / split
        ids, segment_starts = read_utterances(folder)

        def array(name: str) -> np.ndarray:
            try:
                values: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                return values
            except (OSError, ValueError) as error:
                raise TtsError(f"{folder / name}.npy: cannot be read ({error}); run tts prepare again") from None

        durations = np.asarray(array("durations"))
        frames = np.concatenate([[0], np.cumsum(durations.sum(axis=1, dtype=np.int64))])
        return Packed(
            ids,
            array("vectors"),
            durations,
            np.asarray(array("silent")),
            segment_starts,
            frames[segment_starts],
            {stream.name: array(stream.name) for stream in self.facts.frame_streams},
            {stream.name: array(stream.name) for stream in self.facts.segment_streams},
        )

    def frame_table(
        self, split: str, tasks: Sequence[str], device: torch.device, *, codes: bool = False, prosody: Sequence[str] = ()
    ) -> Table:
        """Return the frames of a split as training rows with the targets of ``tasks``; ``codes`` adds the speakers' codes.

        The linguistic input ends with what was measured of the phones, the streams ``prosody`` (:meth:`prosody_columns`).
        """
        packed = self.packed(split)
        vectors = hold_constant(packed.vectors, self.facts.constant_features)
        if prosody:
            vectors = np.concatenate([vectors, self.prosody_columns(packed, prosody)], axis=1)
        targets = {}
        for name in tasks:
            stream = self.streams[name]
            by_segment = name in packed.segment_streams
            values = packed.segment_streams[name] if by_segment else packed.streams[name]
            targets[name] = Target(stream, values, self.statistics.get(name), by_segment)
        totals = packed.durations.sum(axis=1)
        speakers, code = self._who(packed, codes)
        return Table(
            packed.frame_starts,
            vectors,
            np.repeat(np.arange(len(totals), dtype=np.int32), totals),
            self._positions(packed),
            np.repeat(~packed.silent, totals),
            targets,
            device,
            speakers=speakers,
            codes=code,
        )

    def _positions(self, packed: Packed) -> np.ndarray | FramePositions:
        """Return the position features of a split's frames; Merlin's, which few corpora have, are held."""
        subphone = self.features.subphone
        if subphone is None:
            return FramePositions(packed.durations, packed.segment_starts)
        return np.concatenate([frame_positions(packed.durations_of(number), subphone) for number in range(len(packed.ids))])

    def segment_table(self, split: str, tasks: Sequence[str], device: torch.device, *, codes: bool = False) -> Table:
        """Return the segments of a split as training rows; ``duration`` and tasks with a row a segment are its targets.

        ``codes`` adds the speakers' codes.
        """
        packed = self.packed(split)
        targets = {}
        for name in tasks:
            if name == DURATION:
                stream = self.duration_stream
                targets[name] = Target(stream, packed.durations.astype(np.float32), self.statistics[DURATION])
            elif name in packed.segment_streams:
                targets[name] = Target(self.streams[name], packed.segment_streams[name], self.statistics.get(name))
            else:
                known = ", ".join([DURATION, *packed.segment_streams])
                raise UsageError(f"duration.tasks.{name}: the duration model learns only tasks known a segment: {known}")
        speakers, code = self._who(packed, codes)
        rows, vectors = ~packed.silent, hold_constant(packed.vectors, self.facts.constant_features)
        return Table(packed.segment_starts, vectors, None, None, rows, targets, device, speakers=speakers, codes=code)

    def prosody_columns(self, packed: Packed, names: Sequence[str]) -> np.ndarray:
        """Return what was measured of phones as a network learns it: normalised, float32 (segments, columns).

        ``names`` are segment streams that have statistics. Silence before and after speech, which is not learnt, has 0.
        """
        speakers = np.repeat(self.speaker_numbers(packed.ids), np.diff(packed.segment_starts))
        columns = []
        for name in names:
            statistics, values = self.statistics[name], np.asarray(packed.segment_streams[name], dtype=np.float64)
            mean = statistics.mean if statistics.speaker_means is None else statistics.speaker_means[speakers]
            columns.append(np.where(packed.silent[:, None], 0.0, (values - mean) / statistics.deviation))
        return np.concatenate(columns, axis=1, dtype=np.float32)

    def _who(self, packed: Packed, codes: bool) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return the number and, where wanted, the code of every utterance's speaker; None where there is one speaker."""
        if len(self.speakers) == 1:
            return None, None
        numbers = self.speaker_numbers(packed.ids)
        return numbers, speaker_codes(numbers, len(self.speakers)) if codes else None

    @property
    def duration_stream(self) -> Stream:
        """The stream that the duration model predicts: frames in every state."""
        return Stream(DURATION, self.states)


def _open(folder: Path) -> tuple[PreparedFacts, ArraysHold]:
    """Read the facts and hold the arrays that they name, also while another process replaces both."""
    facts = read_facts(folder)
    while True:
        try:
            return facts, ArraysHold(folder / facts.arrays)
        except FileNotFoundError:
            latest = read_facts(folder)
            if latest.arrays == facts.arrays:
                raise TtsError(f"{folder / facts.arrays}: this folder is missing; run tts prepare again") from None
            facts = latest


def write_utterances(folder: Path, ids: Sequence[str], segment_starts: np.ndarray) -> None:
    """Write which utterances the arrays in ``folder`` hold, and where the segments of each begin (utterances + 1,)."""
    write_json(folder / "utterances.json", {"ids": list(ids), "segment_starts": segment_starts.tolist()})


def read_utterances(folder: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Read what :func:`write_utterances` wrote; a damaged file or an unsafe id raises :class:`TtsError`."""
    path = folder / "utterances.json"
    data = read_json(path)
    try:
        ids, starts = check_ids(path, data["ids"]), np.asarray(data["segment_starts"], dtype=np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise TtsError(f"{path}: damaged ({type(error).__name__}: {error}); run tts prepare again") from None
    if starts.shape != (len(ids) + 1,):
        raise TtsError(f"{path}: damaged ({len(ids)} utterances, {starts.size} starts); run tts prepare again")
    return ids, starts


class SentenceFile(IndexedLines[Sentence]):
    """The sentences of a file that :func:`write_sentences` wrote, by utterance id; a large corpus has many."""

    def __init__(self, path: Path) -> None:
        """Find where each line begins; a broken one, or an unsafe id, raises :class:`TtsError` naming it."""
        keys, offsets = [], array("q")
        for offset, line in read_lines(path):
            keys.append(line["id"] if isinstance(line.get("id"), str) else "")
            offsets.append(offset)
        super().__init__(path, Sentence.from_dict, check_ids(path, keys), offsets)


def write_sentences(path: Path, items: Iterable[tuple[str, Sentence]]) -> None:
    """Write sentences as JSON lines, atomically."""
    write_lines(path, ({"id": key, **sentence.to_dict()} for key, sentence in items))


def read_sentences(path: Path) -> Iterator[tuple[str, Sentence]]:
    """Yield what :func:`write_sentences` wrote, one after the other."""
    yield from SentenceFile(path).items()


def end_silences(sentence: Sentence) -> np.ndarray:
    """Return which segments are the silence before and after speech, bool (segments,)."""
    return np.array([phone == SILENCE for phone in sentence.phones])
