"""A voice whose networks are computed in numpy: feed-forward stacks, which speak before torch would be loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tts.core.errors import TtsError
from tts.core.stream import DURATION, Stream
from tts.core.weights import read_weights, refuse_misfit, shapes_in
from tts.dataset.speakers import SpeakerInput
from tts.dataset.statistics import StreamStatistics
from tts.generation.base_voice import BaseVoice, check_files, linguistic_width, network_speakers, read_statistics
from tts.generation.config import CONFIG, DURATION_MODEL, LEXICON, MODEL, STATISTICS, VoiceConfig
from tts.generation.variation import Take
from tts.network.inputs import NetworkInput
from tts.network.layout import SpeakingPart, speaking_parts
from tts.network.plain import PlainStack, can_be_plain, logistic
from tts.network.shapes import stack_shapes
from tts.recipe import MAIN_STREAMS
from tts.text.lexicon import read_lexicon
from tts.text.sentence import Sentence

_PREFIX = "stages.0."  # of the only stage of a stack


class PlainVoice(BaseVoice):
    """A voice that speaks with numpy alone; see :func:`load_plain`."""

    precision = "float32"

    def __init__(
        self,
        config: VoiceConfig,
        stack: Mapping[str, np.ndarray],
        duration: Mapping[str, np.ndarray],
        statistics: Mapping[str, StreamStatistics],
    ) -> None:
        super().__init__(config, statistics)
        of_stack, of_durations = network_speakers(config)
        segment, frame = linguistic_width(config)
        widths = {stream.name: stream.width for stream in config.streams}
        of_duration = {f"{_PREFIX}{name}": array for name, array in duration.items()}
        # One of each for all speakers, who share what is large.
        self._networks = (
            PlainStack(frame, speaking_parts(config.stages), stack, widths, of_stack),
            PlainStack(segment, [duration_part(config)], of_duration, {**widths, DURATION: self.states}, of_durations),
        )

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
        inputs = [self.duration_input(sentence) for sentence in self.known(sentences)]
        predicted = self._predicted(1, inputs, who)
        given = zip(predicted, who, takes or [None] * len(predicted), strict=True)
        return [self.frames_of(outputs[DURATION], speaker, self.lengths(outputs, take)) for outputs, speaker, take in given]

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
        ``vuv`` is the probability of voicing, (frames, 1). ``speakers`` and ``takes`` as in :meth:`durations`. There
        is no ``hidden`` layer here: voices that read it, which have an edit, are computed by torch.
        """
        if hidden:
            raise TtsError(f"{self.label}: this way of computing a voice keeps no hidden layer; use load_voice")
        who = [0] * len(sentences) if speakers is None else speakers
        known = self.known(sentences)
        given = zip(known, durations, self._prosody(known, who, takes or [None] * len(known)), strict=True)
        predicted = self._predicted(0, [self.acoustic_input(*each) for each in given], who)
        return [
            {
                name: in_natural_units(self.streams[name], self.statistics.get(name), outputs[name], speaker)
                for name in MAIN_STREAMS
            }
            for outputs, speaker in zip(predicted, who, strict=True)
        ]

    def _prosody(self, sentences: Sequence[Sentence], who: Sequence[int], takes: Sequence[Take | None]) -> list[np.ndarray]:
        """Return what the stack reads of the duration model, normalised, (segments, columns) a sentence."""
        if not self.config.prosody:
            return [np.zeros((len(sentence.segments), 0), np.float32) for sentence in sentences]
        predicted = self._predicted(1, [self.duration_input(sentence) for sentence in sentences], who)
        return [self.read_prosody(outputs, take) for outputs, take in zip(predicted, takes, strict=True)]

    def _predicted(self, network: int, inputs: Sequence[NetworkInput], who: Sequence[int]) -> list[dict[str, np.ndarray]]:
        """Run the stack (0) or the duration model (1) of every sentence's speaker.

        Each sentence by itself: products of matrices are rounded by their number of rows, and what is spoken beside a sentence
        must not change its sound.
        """
        network_of = self._networks[network]
        return [network_of([each], speaker)[0] for each, speaker in zip(inputs, who, strict=True)]


def in_natural_units(stream: Stream, statistics: StreamStatistics | None, output: np.ndarray, speaker: int = 0) -> np.ndarray:
    """Undo the normalisation of training targets (frames, width), float64; of a binary stream return the probability."""
    if stream.kind == "binary":
        return logistic(output.astype(np.float64))
    assert statistics is not None
    values: np.ndarray = output * statistics.deviation
    values[:, : stream.dimension] += statistics.mean_of(speaker)
    return values


def duration_part(config: VoiceConfig) -> SpeakingPart:
    """Return the stage of a voice's duration model as one that speaks."""
    said = {"outputs": config.phone_tasks, "reads_bottleneck": False}
    return SpeakingPart.model_construct(**{**dict(config.duration), **said})


def speaks_plainly(config: VoiceConfig) -> bool:
    """Return whether numpy can compute a voice's networks."""
    return config.edit is None and can_be_plain([*config.stages, config.duration])


def load_plain(folder: Path, config: VoiceConfig) -> PlainVoice:
    """Load the voice in ``folder`` that ``config`` describes; raises as :func:`tts.generation.voice.load_voice`."""
    check_files(folder, config)
    segment, frame = linguistic_width(config)
    of_stack, of_durations = network_speakers(config)
    widths = {stream.name: stream.width for stream in config.streams}
    parts = speaking_parts(config.stages)
    try:
        stack = stack_shapes(frame, parts, widths, of_stack)
        duration = _duration_shapes(segment, config, of_durations)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise TtsError(f"{folder / CONFIG}: describes no network ({reason}); copy the voice again") from None
    for wanted, name in ((stack, MODEL), (duration, DURATION_MODEL)):
        refuse_misfit(wanted, shapes_in(folder / name), folder / name)
    statistics = read_statistics(folder / STATISTICS, config)
    voice = PlainVoice(config, read_weights(folder / MODEL), read_weights(folder / DURATION_MODEL), statistics)
    if LEXICON in config.files:
        voice.lexicon = read_lexicon(folder / LEXICON)
    return voice


def _duration_shapes(segment: int, config: VoiceConfig, speakers: SpeakerInput | None) -> dict[str, tuple[int, ...]]:
    widths = {**{stream.name: stream.width for stream in config.streams}, DURATION: config.states}
    shapes = stack_shapes(segment, [duration_part(config)], widths, speakers)
    return {name.removeprefix(_PREFIX): shape for name, shape in shapes.items()}
