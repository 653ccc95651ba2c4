"""What a voice is besides its networks: front end, features, statistics, speakers. It needs no torch.

:class:`tts.generation.voice.Voice` computes with torch, :class:`tts.generation.plain_voice.PlainVoice` with numpy.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest
from tts.core.stream import DURATION, Stream
from tts.dataset.constant import hold_constant
from tts.dataset.positions import frame_positions, position_width
from tts.dataset.speakers import SpeakerInput, duration_speakers, speaker_codes, speaker_input
from tts.dataset.statistics import StreamStatistics, load_statistics
from tts.generation.config import LEXICON, MAX_STATE, PHONE_PROSODY, VariationConfig, VoiceConfig
from tts.generation.variation import NO_VARIATION, Deviations, Take, deviations
from tts.network.inputs import NetworkInput
from tts.recipe import MAIN_STREAMS
from tts.text import english, normalise
from tts.text.digits import digits_of
from tts.text.engine import Engine, make_engine
from tts.text.lexicon import Lexicon
from tts.text.sentence import SILENCE, Sentence

if TYPE_CHECKING:
    from tts.generation.editing import Editor

log = logging.getLogger(__name__)


class BaseVoice:
    """What voices have in common, whatever computes their networks."""

    def __init__(self, config: VoiceConfig, statistics: Mapping[str, StreamStatistics]) -> None:
        self.config, self.statistics = config, statistics
        self.grid, self.states, self.generation = config.grid, config.states, config.generation
        self.inventory, self.features = config.inventory, config.context_features()
        self.streams = {stream.name: stream for stream in config.streams}
        self.lexicon: Lexicon | None = None
        self.speakers = config.speaker_names
        silences = config.speakers.silences if config.speakers else (config.silence,)
        self._silences = np.array(silences, dtype=np.float64)  # (speakers, 2, states)

    @cached_property
    def engine(self) -> Engine:
        """The front end that the voice was trained with; a different version of it is logged as a warning."""
        text = self.config.text
        engine = make_engine(text.engine, text.language, self.lexicon, digits=digits_of(text.identity))
        here, trained = engine.identity(), text.identity
        differing = [key for key in {**trained, **here} if key != "lexicon" and here.get(key) != trained.get(key)]
        # Words of another lexicon are what the user wants; signs, names, homographs read better are no other phones.
        level = logging.INFO if set(differing) <= {"normalisation", "english"} else logging.WARNING
        for key in differing:
            log.log(level, "the voice was trained with %s %s, here is %s", key, trained.get(key), here.get(key))
        return engine

    @property
    def earlier_reading(self) -> str:
        """Say by which earlier versions signs, numbers and names were read for the training; empty where they are today's."""
        trained = self.config.text.identity
        if self.config.text.engine == "phones":
            return ""
        versions = (("signs and numbers", "normalisation", normalise.VERSION), ("English words", "english", english.VERSION))
        differing = [
            f"{what} ({trained[key]}, now {now})" for what, key, now in versions if key in trained and trained[key] != now
        ]
        return f"made with an earlier reading of {' and of '.join(differing)}" if differing else ""

    def add_lexicon(self, lexicon: Lexicon) -> None:
        """Let the words of ``lexicon`` be pronounced as it says, whatever the voice's own lexicon says of them."""
        self.lexicon = {**(self.lexicon or {}), **lexicon}
        self.__dict__.pop("engine", None)

    @property
    def variances(self) -> dict[str, np.ndarray]:
        """Training variances of statics, deltas and accelerations, (3 * dimension,) a dynamic stream."""
        return {name: self.statistics[name].deviation ** 2 for name, stream in self.streams.items() if stream.dynamic}

    @property
    def global_variance(self) -> dict[str, np.ndarray]:
        """Natural variance within an utterance, (dimension,) a dynamic stream."""
        return {name: self.statistics[name].global_variance for name, stream in self.streams.items() if stream.dynamic}

    def speaker_number(self, speaker: str) -> int:
        """Return the number, from 0, of a speaker given by name or number; the first for an empty name.

        An unknown one raises :class:`UsageError` listing those there are.
        """
        if not speaker:
            return 0
        if speaker in self.speakers:
            return self.speakers.index(speaker)
        if speaker.isdecimal() and int(speaker) < len(self.speakers):
            return int(speaker)
        known = ", ".join(f"{number} {name}" for number, name in enumerate(self.speakers))
        raise UsageError(f"the voice has no speaker {speaker!r}; it has, by number and name: {known}")

    def known(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Replace phones that the recordings did not have by the nearest they had; what was replaced is logged."""
        answers = []
        for sentence in sentences:
            adapted, changes = self.inventory.adapt(sentence)
            if changes:
                log.info("phones that are not in the voice: %s", ", ".join(f"{a} spoken as {b}" for a, b in changes.items()))
            answers.append(adapted)
        return answers

    @property
    def label(self) -> str:
        """The voice's name for people: recipe and system."""
        return self.config.label

    @property
    def editor(self) -> Editor | None:
        """What edits trajectories before they are spoken; none here."""
        return None

    def durations(
        self,
        sentences: Sequence[Sentence],
        speakers: Sequence[int] | None = None,
        *,
        takes: Sequence[Take | None] | None = None,
    ) -> list[np.ndarray]:
        """Predict frames a state: see :class:`tts.generation.voice_model.VoiceModel`."""
        raise NotImplementedError

    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
        takes: Sequence[Take | None] | None = None,
    ) -> list[dict[str, np.ndarray]]:
        """Predict the main streams: see :class:`tts.generation.voice_model.VoiceModel`."""
        raise NotImplementedError

    @property
    def variation(self) -> VariationConfig | None:
        """How takes of a sentence vary, where the voice knows."""
        return self.config.variation

    def deviations(self, outputs: np.ndarray, take: Take) -> Deviations:
        """Return how far phones depart from their means in a take, of what the duration model says of the distribution."""
        if self.config.variation is None:
            raise UsageError(NO_VARIATION)
        return deviations(self.config.variation, outputs, self.statistics[PHONE_PROSODY].deviation, take)

    def lengths(self, outputs: Mapping[str, np.ndarray], take: Take | None) -> np.ndarray | None:
        """Return the factors (segments,) on how long phones last in a take; None where there is none."""
        return None if take is None else self.deviations(outputs[PHONE_PROSODY], take).lengths

    def read_prosody(self, outputs: Mapping[str, np.ndarray], take: Take | None) -> np.ndarray:
        """Return what the stack reads of the duration model's ``outputs``, normalised, (segments, columns), in a take."""
        names = self.config.prosody
        said = [outputs[name] for name in names]
        if not said:
            return np.zeros((len(next(iter(outputs.values()))), 0), np.float32)
        mean = np.concatenate(said, axis=1)
        return mean if take is None else mean + self.deviations(outputs[PHONE_PROSODY], take).of(names)

    def frames_of(self, output: np.ndarray, speaker: int, lengths: np.ndarray | None = None) -> np.ndarray:
        """Turn a duration model's output (segments, states) into frames a state, float64, at least 1; ends are as usual.

        ``lengths`` (segments,) are factors on how long phones last. Raises :class:`TtsError` where a state would last longer
        than 1,000 frames, some seconds: no speech does.
        """
        statistics = self.statistics[DURATION]
        predicted = np.asarray(output * statistics.deviation + statistics.mean_of(speaker), dtype=np.float64)
        if lengths is not None:
            predicted = predicted * lengths[:, None]
        frames: np.ndarray = np.maximum(predicted, 1.0)
        frames[0], frames[-1] = self._silences[speaker]
        if not (frames <= MAX_STATE).all():  # so written, it refuses NaN as well
            raise TtsError(
                f"{self.label}: predicts a state of {frames.max():.3g} frames, and no more than {MAX_STATE:,.0f} are spoken; "
                "the voice is damaged or its training diverged"
            )
        return frames

    def duration_input(self, sentence: Sentence, speakers: SpeakerInput | None = None, speaker: int = 0) -> NetworkInput:
        """Return what a duration model reads of a sentence; the code of a ``speaker`` where it has ``speakers``."""
        return NetworkInput(self._vectors(sentence), code=_code(speaker, speakers))

    def acoustic_input(
        self,
        sentence: Sentence,
        durations: np.ndarray,
        prosody: np.ndarray,
        speakers: SpeakerInput | None = None,
        speaker: int = 0,
    ) -> NetworkInput:
        """Return what a stack reads of a sentence with whole ``durations`` (segments, states).

        ``prosody`` (segments, columns) is what the duration model says of the tasks ``config.prosody``.
        """
        vectors = self._vectors(sentence)
        if prosody.shape[1]:
            spoken = np.array(sentence.phones) != SILENCE  # elsewhere it is 0, as in training
            vectors = np.concatenate([vectors, prosody * spoken[:, None]], axis=1, dtype=np.float32)
        frames = durations.sum(axis=1)
        segments = np.repeat(np.arange(len(frames)), frames)
        positions = frame_positions(durations, self.features.subphone)
        return NetworkInput(vectors, segments, positions, _code(speaker, speakers))

    def _vectors(self, sentence: Sentence) -> np.ndarray:
        """Return the features of every segment, those that never changed in training held at that value."""
        return hold_constant(self.features.vectors(sentence), self.config.constant_features)


def _code(speaker: int, speakers: SpeakerInput | None) -> np.ndarray | None:
    """Return the code of a speaker, where a network reads it."""
    return None if speakers is None else speaker_codes([speaker], speakers.count)[0]


def linguistic_width(config: VoiceConfig) -> tuple[int, int]:
    """Return how many features a segment has, and how many a frame with what is predicted of its phone and its positions."""
    linguistic = config.context_features()
    phones = sum(stream.width for stream in config.streams if stream.name in config.prosody)
    return linguistic.dimension, linguistic.dimension + phones + position_width(config.states, linguistic.subphone)


def network_speakers(config: VoiceConfig) -> tuple[SpeakerInput | None, SpeakerInput | None]:
    """Return how the stack and the duration model know who speaks; None where there is one speaker."""
    speakers, count = config.speakers, len(config.speaker_names)
    if not speakers:
        return None, None
    return speaker_input(speakers.use, count), duration_speakers(count, speakers.duration)


def check_files(folder: Path, config: VoiceConfig) -> None:
    """Raise :class:`TtsError` unless the files of a voice are those that it was made with."""
    for name, digest in config.files.items():
        if not (folder / name).is_file():
            raise TtsError(f"{folder / name}: this file of the voice is missing; copy the whole folder")
        if file_digest(folder / name) != digest:
            raise TtsError(f"{folder / name}: damaged or changed since the voice was made; copy it again")
    if LEXICON not in config.files and (folder / LEXICON).exists():
        raise TtsError(f"{folder / LEXICON}: is no part of this voice; move it and name it in tts speak --lexicon")


def read_statistics(path: Path, config: VoiceConfig) -> dict[str, StreamStatistics]:
    """Read the statistics of a voice; those that do not fit its streams raise :class:`TtsError`."""
    statistics = load_statistics(path)
    streams = {stream.name: stream for stream in config.streams if stream.name in MAIN_STREAMS and stream.kind != "binary"}
    varying = {} if config.variation is None else {PHONE_PROSODY: Stream(PHONE_PROSODY, len(config.variation.covariance))}
    for name, stream in {**streams, **varying, DURATION: Stream(DURATION, config.states)}.items():
        if name not in statistics:
            raise TtsError(f"{path}: lacks {name}; the file is damaged or not one of ours")
        stored = statistics[name]
        shapes: list[tuple[np.ndarray, tuple[int, ...]]] = [
            (stored.mean, (stream.dimension,)),
            (stored.variance, (stream.width,)),
            (stored.global_variance, (stream.dimension,)),
        ]
        if stored.speaker_means is not None:
            shapes.append((stored.speaker_means, (len(config.speaker_names), stream.dimension)))
        if any(values.shape != shape or not np.isfinite(values).all() for values, shape in shapes):
            raise TtsError(f"{path}: the statistics of {name} are not those of its stream; copy the file again")
    return statistics
