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

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tts.core.device import autocast, choose_device, speaking_precision, to_host
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, write_text
from tts.core.stream import DURATION, Stream
from tts.core.tensors import check_weights, load_tensors, load_weights, save_tensors
from tts.dataset.statistics import StreamStatistics, save_statistics
from tts.generation.base_voice import BaseVoice, check_files, linguistic_width, network_speakers, read_statistics
from tts.generation.config import (
    CONFIG,
    DURATION_MODEL,
    EDIT,
    LEXICON,
    MODEL,
    PHONE_PROSODY,
    STATISTICS,
    VoiceConfig,
    read_config,
    write_config,
)
from tts.generation.editing import FIRST, Editor, streams_width
from tts.generation.network_input import padded_batches
from tts.generation.variation import NO_VARIATION, Take
from tts.generation.voice_model import HIDDEN
from tts.generation.voices import find_voice
from tts.network.edit import Edit
from tts.network.layout import speaking_parts
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS
from tts.text.lexicon import read_lexicon
from tts.text.sentence import Sentence


class Voice(BaseVoice):
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
        super().__init__(config, statistics)
        self.edit = None if edit is None else edit.to(device)
        self.stack, self.duration, self.device = stack.to(device), duration.to(device), device
        self.precision = speaking_precision(config.precision, device)

    @cached_property
    def editor(self) -> Editor | None:
        """What edits the trajectories of a sentence before they are spoken, where the voice has it."""
        part = self.config.edit
        if part is None or (part.trained and self.edit is None):
            return None
        return Editor(part, self.edit, self.statistics, self.streams, self.device)

    @torch.no_grad()
    def durations(
        self,
        sentences: Sequence[Sentence],
        speakers: Sequence[int] | None = None,
        *,
        takes: Sequence[Take | None] | None = None,
    ) -> list[np.ndarray]:
        """Predict frames per state, float64 (segments, states) a sentence; the speaker's usual silence at the ends.

        ``speakers`` are the speakers' numbers, a sentence each; by default the first speaks all. ``takes`` say how phones
        depart from their means, a sentence each.
        """
        who = [0] * len(sentences) if speakers is None else speakers
        predicted = self._phone_outputs(self.known(sentences), who, (DURATION,), takes)
        given = zip(predicted, who, takes or [None] * len(predicted), strict=True)
        return [self.frames_of(outputs[DURATION], speaker, self.lengths(outputs, take)) for outputs, speaker, take in given]

    def _phone_outputs(
        self,
        sentences: Sequence[Sentence],
        who: Sequence[int],
        names: Sequence[str],
        takes: Sequence[Take | None] | None,
    ) -> list[dict[str, np.ndarray]]:
        """Return what the duration model says of every segment, normalised, (segments, width) by name.

        In takes it says the distribution as well.
        """
        if any(take is not None for take in takes or ()):
            if self.config.variation is None:
                raise UsageError(NO_VARIATION)
            names = (*names, PHONE_PROSODY)
        self.duration.eval()
        inputs = [
            self.duration_input(sentence, self.duration.speakers, speaker)
            for sentence, speaker in zip(sentences, who, strict=True)
        ]
        outputs: list[dict[str, np.ndarray]] = [{}] * len(inputs)
        for group, x, mask in padded_batches(inputs, self.device):
            heads = self.duration(x, mask).heads
            joined = to_host(torch.cat([heads[name].float() for name in names], dim=-1)).numpy()
            ends = np.cumsum([heads[name].shape[-1] for name in names])[:-1]
            for place, n in enumerate(group):
                outputs[n] = dict(zip(names, np.split(joined[place, : len(inputs[n])], ends, axis=-1), strict=True))
        return outputs

    def _prosody(
        self, sentences: Sequence[Sentence], who: Sequence[int], takes: Sequence[Take | None] | None
    ) -> list[np.ndarray]:
        """Return what the stack reads of the duration model, normalised, (segments, columns) a sentence."""
        if not self.config.prosody:
            return [np.zeros((len(sentence.segments), 0), np.float32) for sentence in sentences]
        said = self._phone_outputs(sentences, who, self.config.prosody, takes)
        return [self.read_prosody(each, take) for each, take in zip(said, takes or [None] * len(said), strict=True)]

    @torch.no_grad()
    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
        takes: Sequence[Take | None] | None = None,
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream for integer ``durations``: a dictionary a sentence.

        Dynamic streams are the means of statics, deltas and accelerations in natural units, (frames, 3 * dimension);
        ``vuv`` is the probability of voicing, (frames, 1). ``speakers`` and ``takes`` as in :meth:`durations`. With ``hidden``
        the last hidden layer is there too, as :data:`HIDDEN`, float32 (frames, width).
        """
        self.stack.eval()
        who = [0] * len(sentences) if speakers is None else speakers
        known = self.known(sentences)
        prosody = self._prosody(known, who, takes)
        inputs = [
            self.acoustic_input(sentence, frames, own, self.stack.speakers, speaker)
            for sentence, frames, own, speaker in zip(known, durations, prosody, who, strict=True)
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

    def denormalise(self, name: str, output: Tensor, speaker: int = 0) -> np.ndarray:
        """Turn a head's output (frames, width) into natural units, float64, or into the probability of a binary stream."""
        return denormalise(self.streams[name], self.statistics.get(name), output, speaker)


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
    save_tensors(folder / DURATION_MODEL, voice.duration.speaking(voice.config.phone_tasks), {})
    wanted = (*MAIN_STREAMS, DURATION, *([PHONE_PROSODY] if voice.config.variation is not None else []))
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
    check_files(folder, config)
    _refuse_strangers(config, folder)
    stack, duration = make_networks(config)
    load_weights(stack, load_tensors(folder / MODEL)[0], folder / MODEL)
    load_weights(duration, load_tensors(folder / DURATION_MODEL)[0], folder / DURATION_MODEL)
    edit = make_edit(config, stack)
    if edit is not None:
        load_weights(edit, load_tensors(folder / EDIT)[0], folder / EDIT)
    voice = Voice(config, stack, duration, read_statistics(folder / STATISTICS, config), choose_device(device), edit)
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
    segment, frame = linguistic_width(config)
    of_stack, of_durations = network_speakers(config)
    widths = stack_widths({stream.name: stream for stream in config.streams})
    stack = Stack(frame, speaking_parts(config.stages), widths, speakers=of_stack)
    inputs = segment + (of_durations.count if of_durations else 0)
    outputs, widths = config.phone_tasks, {**widths, DURATION: config.states}
    return stack, Stage(inputs, config.duration, widths, outputs=outputs, speakers=of_durations)


def make_edit(config: VoiceConfig, stack: Stack) -> Edit | None:
    """Return a new edit of what ``stack`` makes, as ``config`` describes it; None where there is none, or none is trained."""
    part, last = config.edit, stack.stages[-1]
    if part is None or not part.trained:
        return None
    assert isinstance(last, Stage)
    streams = {stream.name: stream for stream in config.streams}
    return Edit(part, streams_width(streams), last.top_width, streams["mcep"].dimension - FIRST)
