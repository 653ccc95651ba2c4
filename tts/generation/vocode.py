"""From a network's predictions to samples: trajectories, post-filter, voicing, pitch, vocoder. What a worker process does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tts.analysis.vocoders import synthesise
from tts.analysis.world import SYNTHESIS_F0
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.core.stream import Stream
from tts.generation.mlpg import generate
from tts.generation.postfilter import PostFilterSettings, post_filter, scale_f0_variance
from tts.recipe.names import VocoderName

PEAK = 0.99  # of full scale
SILENT = 1e-5  # the amplitude of silence in parameters
LIMITER_REACH = 0.025  # seconds


@dataclass(frozen=True)
class Waveform:
    """What turns predictions of a voice into sound, the same for every sentence.

    ``variances`` and ``global_variance`` as in :class:`tts.generation.synthesiser.VoiceModel`. A frame is voiced where the
    predicted probability reaches ``voicing_threshold`` (0..1).
    """

    grid: FrameGrid
    streams: Mapping[str, Stream]
    variances: Mapping[str, np.ndarray]
    global_variance: Mapping[str, np.ndarray]
    post_filter: PostFilterSettings
    voicing_threshold: float = 0.5
    vocoder: VocoderName = "source_filter"


def vocode(
    sound: Waveform,
    predicted: Mapping[str, np.ndarray],
    speech: np.ndarray,
    pitch: float | np.ndarray = 0.0,
    gain: np.ndarray | None = None,
) -> np.ndarray:
    """Return the samples of one sentence, float32 (``grid.samples(frames)``,) within -0.99..0.99 (:func:`limited`).

    ``predicted`` holds (frames, width) of ``mcep``, ``lf0``, ``vuv`` and ``bap``; ``speech`` (frames,) bool marks the frames
    between the silences at the ends, over which the sound is faded in and out; ``pitch`` is a shift in semitones, of all or
    (frames,), ``gain`` (frames,) an amplitude, changing linearly from the centre of one frame to that of the next.
    """
    return sounded(sound, spoken_trajectories(sound, predicted, speech), speech, pitch, gain)


def sounded(
    sound: Waveform,
    trajectories: Mapping[str, np.ndarray],
    speech: np.ndarray,
    pitch: float | np.ndarray = 0.0,
    gain: np.ndarray | None = None,
) -> np.ndarray:
    """Return the samples of a sentence, as :func:`vocode` does, from its trajectories (:func:`spoken_trajectories`)."""
    signal = synthesise(vocoder_streams(sound, trajectories, pitch), sound.grid, sound.vocoder)
    level = _edges(speech, len(signal))
    if gain is not None:
        level *= np.interp(np.arange(len(signal)), sound.grid.centres(len(gain)), gain)
    return limited(np.asarray(signal * level, dtype=np.float32), sound.grid.sample_rate)


def spoken_trajectories(sound: Waveform, predicted: Mapping[str, np.ndarray], speech: np.ndarray) -> dict[str, np.ndarray]:
    """Return the trajectories of a sentence with their variation restored, (frames, dimension); ``vuv`` as a probability."""
    for name, values in predicted.items():
        if not np.isfinite(values).all():
            raise TtsError(
                f"the network predicted values of {name} that are not finite; the voice is damaged or its training diverged"
            )
    trajectories = generate(predicted, sound.variances, sound.streams, speech)
    natural, filtered = sound.global_variance, sound.post_filter
    return {
        "mcep": post_filter(trajectories["mcep"], filtered, sound.grid, natural["mcep"], speech),
        "lf0": scale_f0_variance(trajectories["lf0"], filtered, sound.grid, natural["lf0"], speech),
        "vuv": _without_blips(trajectories["vuv"], speech, sound.voicing_threshold),
        "bap": trajectories["bap"],
    }


def _without_blips(voicing: np.ndarray, speech: np.ndarray, threshold: float) -> np.ndarray:
    """Return probabilities of voicing (frames, 1), 0 in the silences at the ends but for what is voiced on from speech.

    Networks are not trained on these silences, and a frame that they call voiced there would be a click.
    """
    spoken = np.flatnonzero(speech)
    if not len(spoken):
        return voicing
    first, last = int(spoken[0]), int(spoken[-1])
    unvoiced = np.flatnonzero(voicing[:, 0] < threshold)
    before, after = unvoiced[unvoiced < first], unvoiced[unvoiced > last]
    cleaned = voicing.copy()
    cleaned[: int(before[-1]) + 1 if len(before) else 0] = 0.0
    cleaned[int(after[0]) if len(after) else len(voicing) :] = 0.0
    return cleaned


def vocoder_streams(
    sound: Waveform,
    trajectories: Mapping[str, np.ndarray],
    pitch: float | np.ndarray = 0.0,
    gain: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return what the vocoder is given of trajectories as they are to be spoken: voicing decided, the pitch shifted.

    ``gain`` (frames,) is an amplitude, which the first mel-cepstral coefficient, a natural logarithm, takes; -100 dB is its
    least.
    """
    mcep = trajectories["mcep"]
    if gain is not None:
        mcep = np.column_stack([mcep[:, 0] + np.log(np.maximum(gain, SILENT)), mcep[:, 1:]])
    shift = np.reshape(pitch, (-1, 1)) * np.log(2.0) / 12.0
    lowest, highest = np.log(SYNTHESIS_F0)
    return {
        "mcep": mcep,
        "lf0": np.clip(trajectories["lf0"] + shift, lowest + 1e-9, highest - 1e-9),
        "vuv": (trajectories["vuv"] >= sound.voicing_threshold).astype(np.float64),
        "bap": trajectories["bap"],
    }


def limited(signal: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return a signal (samples,) whose peaks are at most 0.99 of full scale; one without higher peaks is returned as it is.

    Around a peak that is too high the gain dips and recovers within 25 ms either side; what is further away keeps the level
    that the voice gave it, so that sentences of one text and lines of one batch stay as loud as they are to each other.
    """
    level = np.abs(signal)
    if float(level.max(initial=0.0)) <= PEAK:
        return signal
    from scipy.ndimage import minimum_filter1d, uniform_filter1d  # slow to import, and seldom needed

    # The smallest gain wanted within reach, averaged within the same reach: never above the gain wanted at a sample.
    box = 2 * round(LIMITER_REACH * sample_rate / 2.0) + 1
    gain = minimum_filter1d(PEAK / np.maximum(level, PEAK), 2 * box - 1, mode="nearest")
    for _ in range(2):
        gain = uniform_filter1d(gain, box, mode="nearest")
    gain[gain > 1.0 - 1e-9] = 1.0  # running means round
    return np.asarray(np.clip(signal * gain, -PEAK, PEAK), dtype=signal.dtype)


def _edges(speech: np.ndarray, samples: int) -> np.ndarray:
    """Return a gain a sample that rises from 0 over the silence before speech and falls to 0 over the one after.

    Silence is not what networks are trained on; and sentences that start and end at zero join without a click.
    """
    gain = np.ones(samples)
    spoken = np.flatnonzero(speech)
    if len(spoken):
        first = round(spoken[0] * samples / len(speech))
        last = round((len(speech) - 1 - spoken[-1]) * samples / len(speech))
        gain[:first] = _rise(first)
        gain[samples - last :] = _rise(last)[::-1]
    return gain


def _rise(samples: int) -> np.ndarray:
    return np.asarray(np.sin(np.linspace(0.0, np.pi / 2.0, samples, endpoint=False)) ** 2)
