"""What a voice makes of a sentence before it is sound, and in the form in which a prepared utterance is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tts.core.stream import Stream
from tts.dataset.inspect import MAIN_UNITS, Inspection, Track, spans
from tts.generation.durations import speech_frames, whole_durations
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.vocode import sounded, spoken_trajectories, vocoder_streams
from tts.generation.voice import Voice
from tts.generation.voice_model import HIDDEN
from tts.recipe import MAIN_STREAMS
from tts.text.sentence import SILENCE, Sentence


@dataclass(frozen=True)
class SentenceStreams:
    """A sentence as a voice would say it.

    ``durations`` are whole frames (segments, states); ``streams`` the static ``mcep``, ``lf0`` (log Hz), ``vuv`` (0 or 1) and
    ``bap`` that the vocoder is given, (frames, dimension); ``signal`` (samples,) is what it makes of them.
    """

    sentence: Sentence
    durations: np.ndarray
    streams: Mapping[str, np.ndarray]
    signal: np.ndarray


def speak_streams(voice: Voice, text: str, speaker: str = "") -> SentenceStreams:
    """Return one sentence as ``voice`` says it by its own settings, as :mod:`tts.generation.synthesiser` does.

    Raises :class:`TtsError` where the text cannot be read and :class:`UsageError` for a speaker that the voice does not have.
    """
    number = voice.speaker_number(speaker)
    sentence = voice.engine.answer(text).sentence
    durations = whole_durations(voice.durations([sentence], [number])[0], voice.generation.speed)
    speech = speech_frames(sentence, durations)
    with Synthesiser(voice, SynthesisSettings.of(voice.generation)) as synthesiser:
        sound, editor = synthesiser.sound, synthesiser.editor
    predicted = voice.acoustics([sentence], [durations], [number], hidden=editor is not None)[0]
    hidden = predicted.pop(HIDDEN, np.zeros((0, 0)))
    trajectories = spoken_trajectories(sound, predicted, speech)
    if editor is not None:
        strength = voice.generation.edit_strength
        trajectories = editor.edited(trajectories, hidden, speech, strength, number)
    signal = sounded(sound, trajectories, speech)
    return SentenceStreams(sentence, durations, vocoder_streams(sound, trajectories), signal)


def inspect_speech(voice: Voice, text: str, name: str = "text", speaker: str = "") -> Inspection:
    """Return what :func:`speak_streams` makes of a sentence, to be looked at as an utterance called ``name``."""
    said = speak_streams(voice, text, speaker)
    tracks = tuple(
        Track(Stream(stream, values.shape[1], voice.streams[stream].kind), values, MAIN_UNITS.get(stream, ""))
        for stream, values in ((stream, said.streams[stream]) for stream in MAIN_STREAMS)
    )
    grid = voice.grid
    phones, words = spans(said.sentence, said.durations.sum(axis=1), grid.shift)
    counted = _speech(said.sentence, said.durations)
    kind = f"spoken by {voice.label}"
    return Inspection(name, kind, text, said.signal, grid.sample_rate, grid.shift, phones, words, tracks, counted)


def _speech(sentence: Sentence, durations: np.ndarray) -> np.ndarray:
    """Return which frames are not the silence at the ends, bool (frames,)."""
    return np.repeat(np.array(sentence.phones) != SILENCE, durations.sum(axis=1))
