"""Loading a voice to speak with: by numpy where that is all it takes, else by torch, which takes a second to import."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tts.generation.base_voice import BaseVoice
from tts.generation.config import read_config
from tts.generation.plain_voice import load_plain, speaks_plainly
from tts.generation.voices import find_voice

_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # of NVIDIA's and AMD's drivers, and of Windows' below Linux


def load_speaker(path: Path | str, device: str = "auto") -> BaseVoice:
    """Load a voice, by its folder or its name, that does what :class:`tts.generation.voice_model.VoiceModel` says.

    Feed-forward voices speak by numpy on a processor: as fast as by torch, without its import, the same to the rounding of
    float32. All others, and those on a GPU, are loaded by :func:`tts.generation.voice.load_voice`, whose errors these are.
    """
    folder = find_voice(path).folder
    if device == "cpu" or (device == "auto" and not _may_have_gpu()):
        config = read_config(folder)
        if speaks_plainly(config):
            return load_plain(folder, config)
    from tts.generation.voice import load_voice

    return load_voice(folder, device)


def _may_have_gpu() -> bool:
    """Return whether torch could find a GPU, without asking it; where that is not told, True."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if sys.platform == "darwin":
        return False  # Apple's is taken by name only
    return sys.platform != "linux" or any(Path(name).exists() for name in _GPU_FILES)
