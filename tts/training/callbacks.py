"""What may happen beside the training of a network: further scores of a validation, logs, spoken samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from torch import Tensor

from tts.training.criterion import Model

Entry = Mapping[str, float]  # the scores of a validation, or what was measured of gradients, with the step


class Callback:
    """Called by a :class:`~tts.training.trainer.Trainer`; every method does nothing unless it is overridden.

    A subclass names in ``heads`` those whose outputs for the validation rows it looks at; in :meth:`scores` they are in
    ``outputs``, float32 (rows, width) by name, as far as the model has them.
    """

    heads: ClassVar[tuple[str, ...]] = ()
    outputs: Mapping[str, Tensor] = MappingProxyType({})

    def started(self, step: int) -> None:
        """Training goes on from a step: 0, or that of the checkpoint it continues."""

    def scores(self, model: Model, step: int) -> dict[str, float]:
        """Return further scores of a validation; the model holds the validated weights and is in evaluation mode."""
        return {}

    def saved(self, scores: Entry, measured: Sequence[Entry]) -> None:
        """A validation is over and its checkpoint written; ``measured`` are the diagnostics since the one before."""

    def ended(self) -> None:
        """Training has ended, or was interrupted."""
