"""Logs for TensorBoard: a run folder for each network, so that one that continues drops what came after its checkpoint.

TensorBoard drops by run and step: with all networks in one run, a second stage that continues at step 500 would take the
first one's later steps with it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tts.training.callbacks import Callback, Entry

log = logging.getLogger(__name__)


def available() -> bool:
    """Return whether TensorBoard is installed; where it is not, that is logged."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        log.warning("no TensorBoard logs: install stacked-tts[viz] for them")
        return False
    return True


class TensorBoard(Callback):
    """Writes the validations of one network, and what was measured of its gradients, into ``folder``.

    Scores are written once their checkpoint is; what an interrupted run wrote after the checkpoint that is continued is
    marked as void (``purge_step``), so that no step is shown twice.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None
        self._from = 0

    def started(self, step: int) -> None:
        """Go on after a step."""
        self._from = step

    def saved(self, scores: Entry, measured: Sequence[Entry]) -> None:
        """Write a validation's scores, and the measurements since the one before."""
        for entry, prefix in [(scores, ""), *((each, "gradient/") for each in measured)]:
            for name, value in entry.items():
                if name != "step":
                    self._open().add_scalar(f"{prefix}{name}", value, int(entry["step"]))

    def add_sample(self, name: str, signal: np.ndarray, rate: int, picture: np.ndarray, step: int) -> None:
        """Write a spoken sentence, (samples,), and the picture of its spectrogram, (1, height, width) in [0, 1]."""
        writer = self._open()
        writer.add_audio(f"sample/{name}", signal.astype(np.float32)[None], step, sample_rate=rate)
        writer.add_image(f"sample/{name}", picture, step)

    def ended(self) -> None:
        """Close the log."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> Any:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self.folder), purge_step=self._from + 1 if self._from else None)
        return self._writer
