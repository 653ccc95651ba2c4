"""The vocoders by name: what makes samples of WORLD's four streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from tts.analysis import source_filter, world
from tts.core.grid import FrameGrid
from tts.recipe.names import VocoderName

_SYNTHESISE: Final[Mapping[VocoderName, Callable[..., np.ndarray]]] = {
    "world": world.synthesise,
    "source_filter": source_filter.synthesise,
}


def synthesise(streams: Mapping[str, np.ndarray], grid: FrameGrid, vocoder: VocoderName) -> np.ndarray:
    """Synthesise samples (``grid.samples(frames)``,) from ``mcep``, ``lf0``, ``vuv`` and ``bap``, (frames, dimension) each.

    What is refused is the same for all (:func:`tts.analysis.world.synthesise`); ``source_filter`` returns float32.
    """
    return _SYNTHESISE[vocoder](**streams, grid=grid)
