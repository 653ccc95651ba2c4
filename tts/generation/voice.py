"""A voice: everything needed to speak, in one folder that loads anywhere the package is installed.

    config.json               frame grid, front end, phone inventory, network, generation defaults, where it came from
    model.safetensors         the acoustic stack, without auxiliary heads
    duration.safetensors      the duration model
    statistics.safetensors    statistics of the training frames
    edit.safetensors          the edit of the trajectories, where the voice has one
    lexicon.txt               the user's lexicon, where there is one
    README.md                 the card: corpus, licence, scores, command

``training/`` beside them holds checkpoints and logs; a voice speaks without it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.core.device import autocast, choose_device, speaking_precision, to_host
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, write_text
from tts.core.stream import Stream
from tts.core.tensors import check_weights, load_tensors, load_weights, save_tensors
from tts.dataset.constant import hold_constant
from tts.dataset.positions import frame_positions, position_width
from tts.dataset.prepared import DURATION
from tts.dataset.speakers import SpeakerInput, duration_speakers, speaker_codes, speaker_input
from tts.dataset.statistics import StreamStatistics, load_statistics, save_statistics
from tts.generation.config import (
    CONFIG,
    DURATION_MODEL,
    EDIT,
    LEXICON,
    MODEL,
    STATISTICS,
    VoiceConfig,
    read_config,
    write_config,
)
from tts.generation.editing import FIRST, Editor, streams_width
from tts.generation.network_input import NetworkInput, padded_batches
from tts.generation.voice_model import HIDDEN
from tts.generation.voices import find_voice
from tts.network.edit import Edit
from tts.network.layout import speaking_parts
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS
from tts.text import english, normalise
from tts.text.engine import Engine, make_engine
from tts.text.lexicon import Lexicon, read_lexicon
from tts.text.sentence import Sentence

log = logging.getLogger(__name__)


class Voice:
    """A stack and a duration model with what they need to speak. See :func:`load_voice`."""

    def __init__(
        self,
        config: VoiceConfig,
        stack: Stack,
        duration: Stage,
        statistics: Mapping[str, StreamStatistics],
        device: torch.device,
        edit: Edit | None = None,
    ) -> None:
        self.config = config
        self.edit = None if edit is None else edit.to(device)
        self.stack, self.duration, self.statistics, self.device = stack.to(device), duration.to(device), statistics, device
        self.grid, self.states, self.generation = config.grid, config.states, config.generation
        self.inventory, self.features = config.inventory, config.context_features()
        self.streams = {stream.name: stream for stream in config.streams}
        self.precision = speaking_precision(config.precision, device)
        self.lexicon: Lexicon | None = None
        self.speakers = config.speaker_names
        silences = config.speakers.silences if config.speakers else (config.silence,)
        self._silences = np.array(silences, dtype=np.float64)  # (speakers, 2, states)

    @cached_property
    def engine(self) -> Engine:
        """The front end that the voice was trained with; a different version of it is logged as a warning."""
        text = self.config.text
        engine = make_engine(text.engine, text.language, self.lexicon)
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

    @cached_property
    def editor(self) -> Editor | None:
        """What edits the trajectories of a sentence before they are spoken, where the voice has it."""
        part = self.config.edit
        return None if part is None else Editor(part, self.edit, self.statistics, self.streams, self.device)

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

    @torch.no_grad()
    def durations(self, sentences: Sequence[Sentence], speakers: Sequence[int] | None = None) -> list[np.ndarray]:
        """Predict frames per state, float64 (segments, states) a sentence; the speaker's usual silence at the ends.

        ``speakers`` are the speakers' numbers, a sentence each; by default the first speaks all.
        """
        self.duration.eval()
        statistics = self.statistics[DURATION]
        who = [0] * len(sentences) if speakers is None else speakers
        inputs = [
            NetworkInput(self._vectors(sentence), code=_code(speaker, self.duration.speakers))
            for sentence, speaker in zip(self.known(sentences), who, strict=True)
        ]
        found: list[np.ndarray] = [np.zeros((0, 0))] * len(inputs)
        for group, x, mask in padded_batches(inputs, self.device):
            heads = to_host(self.duration(x, mask).heads[DURATION].float()).numpy()
            for place, n in enumerate(group):
                frames = heads[place, : len(inputs[n])] * statistics.deviation + statistics.mean_of(who[n])
                found[n] = np.maximum(frames, 1.0).astype(np.float64)
                found[n][0], found[n][-1] = self._silences[who[n]]
        return found

    @torch.no_grad()
    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream for integer ``durations``: a dictionary a sentence.

        Dynamic streams are the means of statics, deltas and accelerations in natural units, (frames, 3 * dimension);
        ``vuv`` is the probability of voicing, (frames, 1). ``speakers`` as in :meth:`durations`. With ``hidden`` the last
        hidden layer is there too, as :data:`HIDDEN`, float32 (frames, width).
        """
        self.stack.eval()
        who = [0] * len(sentences) if speakers is None else speakers
        inputs = [
            self._inputs(sentence, frames, speaker)
            for sentence, frames, speaker in zip(self.known(sentences), durations, who, strict=True)
        ]
        found: list[dict[str, np.ndarray]] = [{}] * len(inputs)
        widest = max(2 * part.linguistic_context + 1 for part in self.stack.parts)
        for group, x, mask in padded_batches(inputs, self.device, widest):
            with autocast(self.device, self.precision):
                last = self.stack(x, mask)[-1]
            top = [last.top.float()] if hidden and last.top is not None else []
            every = to_host(torch.cat([*(last.heads[name].float() for name in MAIN_STREAMS), *top], dim=-1))
            widths = [self.streams[name].width for name in MAIN_STREAMS]
            *outputs, read = torch.split(every, [*widths, every.shape[-1] - sum(widths)], dim=-1)
            for place, n in enumerate(group):
                found[n] = {
                    name: self.denormalise(name, output[place, : len(inputs[n])].contiguous(), who[n])
                    for name, output in zip(MAIN_STREAMS, outputs, strict=True)
                }
                if hidden:
                    found[n][HIDDEN] = read[place, : len(inputs[n])].contiguous().numpy()
        return found

    @property
    def label(self) -> str:
        """The voice's name for people: recipe and system."""
        return self.config.label

    def denormalise(self, name: str, output: Tensor, speaker: int = 0) -> np.ndarray:
        """Turn a head's output (frames, width) into natural units, float64, or into the probability of a binary stream."""
        return denormalise(self.streams[name], self.statistics.get(name), output, speaker)

    def _vectors(self, sentence: Sentence) -> np.ndarray:
        """Return the features of every segment, those that never changed in training held at that value."""
        return hold_constant(self.features.vectors(sentence), self.config.constant_features)

    def _inputs(self, sentence: Sentence, durations: np.ndarray, speaker: int) -> NetworkInput:
        frames = durations.sum(axis=1)
        segments = np.repeat(np.arange(len(frames)), frames)
        positions = frame_positions(durations, self.features.subphone)
        return NetworkInput(self._vectors(sentence), segments, positions, _code(speaker, self.stack.speakers))


def _code(speaker: int, speakers: SpeakerInput | None) -> np.ndarray | None:
    """Return the code of a speaker, where a network reads it."""
    return None if speakers is None else speaker_codes([speaker], speakers.count)[0]


def denormalise(stream: Stream, statistics: StreamStatistics | None, output: Tensor, speaker: int = 0) -> np.ndarray:
    """Undo the normalisation of training targets of a speaker, by number; see :meth:`Voice.denormalise`."""
    if stream.kind == "binary":
        return torch.sigmoid(output).double().numpy()
    assert statistics is not None
    values: np.ndarray = output.double().numpy() * statistics.deviation
    values[:, : stream.dimension] += statistics.mean_of(speaker)
    return values


def stack_widths(streams: Mapping[str, Stream]) -> dict[str, int]:
    """Return the head width of every stream."""
    return {name: stream.width for name, stream in streams.items()}


def save_voice(folder: Path, voice: Voice, card: str, lexicon: Path | None = None) -> None:
    """Write a voice; ``config.json``, which makes the folder a voice, comes last."""
    save_tensors(folder / MODEL, voice.stack.speaking(), {})
    save_tensors(folder / DURATION_MODEL, voice.duration.speaking((DURATION,)), {})
    wanted = (*MAIN_STREAMS, DURATION)
    save_statistics(folder / STATISTICS, {name: s for name, s in voice.statistics.items() if name in wanted})
    files = [MODEL, DURATION_MODEL, STATISTICS]
    if lexicon is not None:
        write_text(folder / LEXICON, lexicon.read_text(encoding="utf-8"))
        files.append(LEXICON)
    if voice.edit is not None:
        save_tensors(folder / EDIT, voice.edit.state_dict(), {})
        files.append(EDIT)
    write_text(folder / "README.md", card)
    digests = {name: file_digest(folder / name) for name in files}
    write_config(folder, voice.config.model_copy(update={"files": digests}))


def load_voice(path: Path | str, device: str = "auto") -> Voice:
    """Load a voice, by its folder or its name (:mod:`tts.generation.voices`).

    A missing, damaged or foreign one raises one clear :class:`UsageError` or :class:`TtsError`.

    Nothing is allocated before the network that the configuration describes is known to be the one in the weights' files.
    """
    folder = find_voice(path).folder
    config = read_config(folder)
    _check_files(folder, config)
    _refuse_strangers(config, folder)
    stack, duration = make_networks(config)
    load_weights(stack, load_tensors(folder / MODEL)[0], folder / MODEL)
    load_weights(duration, load_tensors(folder / DURATION_MODEL)[0], folder / DURATION_MODEL)
    edit = make_edit(config, stack)
    if edit is not None:
        load_weights(edit, load_tensors(folder / EDIT)[0], folder / EDIT)
    voice = Voice(config, stack, duration, _read_statistics(folder / STATISTICS, config), choose_device(device), edit)
    if LEXICON in config.files:
        voice.lexicon = read_lexicon(folder / LEXICON)
    return voice


def _refuse_strangers(config: VoiceConfig, folder: Path) -> None:
    """Raise :class:`TtsError` unless the files hold the weights of the networks that ``config`` describes; allocate nothing."""
    try:
        with torch.device("meta"):
            stack, duration = make_networks(config)
            edit = make_edit(config, stack)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise TtsError(f"{folder / CONFIG}: describes no network ({reason}); copy the voice again") from None
    for network, name in ((stack, MODEL), (duration, DURATION_MODEL), (edit, EDIT)):
        if network is not None:
            check_weights(network, folder / name)


def make_networks(config: VoiceConfig) -> tuple[Stack, Stage]:
    """Return a new stack and duration model as ``config`` describes them, without the heads that only training needs."""
    speakers = config.speakers
    count = len(config.speaker_names)
    linguistic = config.context_features()
    features = linguistic.dimension
    widths = stack_widths({stream.name: stream for stream in config.streams})
    code = speaker_input(speakers.use, count) if speakers else None
    stack = Stack(
        features + position_width(config.states, linguistic.subphone), speaking_parts(config.stages), widths, speakers=code
    )
    code = duration_speakers(count, speakers.duration) if speakers else None
    inputs = features + (code.count if code else 0)
    return stack, Stage(inputs, config.duration, {DURATION: config.states}, outputs=(DURATION,), speakers=code)


def make_edit(config: VoiceConfig, stack: Stack) -> Edit | None:
    """Return a new edit of what ``stack`` makes, as ``config`` describes it; None where there is none, or none is trained."""
    part, last = config.edit, stack.stages[-1]
    if part is None or not part.trained:
        return None
    assert isinstance(last, Stage)
    streams = {stream.name: stream for stream in config.streams}
    return Edit(part, streams_width(streams), last.top_width, streams["mcep"].dimension - FIRST)


def _check_files(folder: Path, config: VoiceConfig) -> None:
    """Raise :class:`TtsError` unless the files of a voice are those that it was made with."""
    for name, digest in config.files.items():
        if not (folder / name).is_file():
            raise TtsError(f"{folder / name}: this file of the voice is missing; copy the whole folder")
        if file_digest(folder / name) != digest:
            raise TtsError(f"{folder / name}: damaged or changed since the voice was made; copy it again")
    if LEXICON not in config.files and (folder / LEXICON).exists():
        raise TtsError(f"{folder / LEXICON}: is no part of this voice; move it and name it in tts speak --lexicon")


def _read_statistics(path: Path, config: VoiceConfig) -> dict[str, StreamStatistics]:
    """Read the statistics of a voice; those that do not fit its streams raise :class:`TtsError`."""
    statistics = load_statistics(path)
    streams = {stream.name: stream for stream in config.streams if stream.name in MAIN_STREAMS and stream.kind != "binary"}
    for name, stream in {**streams, DURATION: Stream(DURATION, config.states)}.items():
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
