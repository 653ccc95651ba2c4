"""A mel spectrogram to look at, by torchaudio: for processes that have torch already."""

from __future__ import annotations

import numpy as np

from tts.analysis.torchaudio_compat import import_torchaudio


def mel_levels(signal: np.ndarray, rate: int, *, bands: int = 80, hop: float = 0.005) -> np.ndarray:
    """Return the mel spectrogram of ``signal`` (samples,) in dB, float32 (frames, bands), a frame every ``hop`` seconds.

    What networks learn is :func:`tts.analysis.mel.mel_spectrum`, on the frame grid and without torch. Raises
    :class:`TtsError` where torchaudio cannot be imported.
    """
    import torch

    torchaudio = import_torchaudio()
    size = 2048 if rate > 24_000 else 1024
    transform = torchaudio.transforms.MelSpectrogram(
        rate, n_fft=size, win_length=round(0.025 * rate), hop_length=round(hop * rate), n_mels=bands, f_min=50.0
    )
    levels = torchaudio.transforms.AmplitudeToDB()(transform(torch.from_numpy(np.asarray(signal, dtype=np.float32))))
    result: np.ndarray = levels.T.numpy()
    return result
