"""The fixed sentences of a recipe, spoken while a voice trains: wavs in a folder, sound and picture in TensorBoard."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from tts.analysis.mel_levels import mel_levels
from tts.core.audio import write_wav
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice
from tts.training.tensorboard import TensorBoard

log = logging.getLogger(__name__)


def log_preview(voice: Voice, sentences: tuple[str, ...], folder: Path, log_to: TensorBoard | None, step: int) -> None:
    """Speak ``sentences`` with the voice as it stands; write ``folder/step-STEP/NUMBER.wav`` and TensorBoard entries.

    Of several speakers each speaks them all, into ``NUMBER-SPEAKER.wav``.
    """
    requests = [Request(str(n), text) for n, text in enumerate(sentences, 1)]
    if len(voice.speakers) > 1:
        requests = [
            replace(request, id=f"{request.id}-{name}", speaker=name) for request in requests for name in voice.speakers
        ]
    with Synthesiser(voice, SynthesisSettings.of(voice.generation, workers=0)) as synthesiser:
        for spoken in synthesiser.speak(requests, errors="return"):
            if spoken.error is not None:
                log.warning("sample %s cannot be spoken: %s", spoken.id, spoken.error)
                continue
            rate = voice.grid.sample_rate
            write_wav(folder / f"step-{step:06d}" / f"{spoken.id}.wav", spoken.signal, rate)
            if log_to is not None:
                picture = spectrogram_image(mel_levels(spoken.signal, rate))
                log_to.add_sample(spoken.id, spoken.signal, rate, picture, step)


def spectrogram_image(decibels: np.ndarray) -> np.ndarray:
    """Turn (frames, bands) in dB into a grey image, float32 (1, bands, frames), low frequencies at the bottom, 80 dB deep."""
    scaled = np.clip((decibels - decibels.max()) / 80.0 + 1.0, 0.0, 1.0)
    return np.ascontiguousarray(scaled.T[::-1][None], dtype=np.float32)
