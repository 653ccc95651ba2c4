"""Aggregators of TorchJD (an optional package, imported when one is asked for), fed with our own Gramian."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from tts.core.errors import TtsError, UsageError
from tts.core.ranks import current_ranks
from tts.training.weighting.balancing import Balancing, Where
from tts.training.weighting.base import Tasks
from tts.training.weighting.solvers import dual_cone

# Those that are a function of the Gramian and remember nothing, so that a resumed run is exact.
AGGREGATORS = ("AlignedMTL", "CAGrad", "DualProj", "FairGrad", "IMTLG", "Krum", "MGDA", "Mean", "PCD", "PCGrad", "UPGrad")


class TorchJd(Balancing):
    """An ``aggregator`` of TorchJD 0.18 by its name there, with its own ``arguments``; for comparison with other work.

    Its quadratic programs are solved by our projector, so TorchJD is needed without extras (its CAGrad needs cvxpy). The
    random ones draw from torch's global generator.

    Main task: what the aggregator promises, which is at most that no row is harmed (UPGrad, DualProj, MGDA); PCD can oppose
    main. Cost: one backward pass a row, or ``on: last layer``.
    """

    name = "torchjd"

    def __init__(
        self,
        tasks: Tasks,
        *,
        aggregator: str = "UPGrad",
        arguments: dict[str, int | float] | None = None,
        on: Where = "shared layers",
    ) -> None:
        super().__init__(tasks, on=on)
        if aggregator not in AGGREGATORS:
            raise UsageError(f"weighting torchjd: no aggregator {aggregator!r}; there are {', '.join(AGGREGATORS)}")
        self.function = _load(aggregator, arguments or {})
        self.power = 0.0
        if aggregator == "FairGrad":  # the one whose weights depend on the Gramian's scale
            self.power = -self.function.alpha / (1.0 + self.function.alpha)

    def scale(self, trace: float) -> float:
        """Return what makes up for the division by the trace."""
        return float(trace**self.power)

    def solve(self, gramian: Tensor, step: int) -> Tensor:
        """Return TorchJD's weights."""
        with current_ranks().draw_alike(step):
            weights: Tensor = self.function(gramian)
        return weights.to(torch.float64)


def _load(aggregator: str, arguments: dict[str, int | float]) -> Any:
    try:
        import torchjd.aggregation
        import torchjd.linalg
    except ImportError:
        raise TtsError("weighting torchjd: TorchJD is not installed; pip install 'torchjd>=0.18,<0.19'") from None

    class Projector(torchjd.linalg.DualConeProjector):  # type: ignore[misc, unused-ignore]
        def __call__(self, U: Tensor, G: Tensor) -> Tensor:
            starts = U.reshape(-1, U.shape[-1])
            return torch.stack([dual_cone(G, start) for start in starts]).view_as(U)

    method = getattr(torchjd.aggregation, f"{aggregator}Weighting")
    takes = inspect.signature(method).parameters
    allowed = [name for name in takes if name not in ("pref_vector", "projector")]
    wrong = sorted(set(arguments) - set(allowed))
    if wrong:
        has = ", ".join(allowed) or "none"
        raise UsageError(f"weighting torchjd: {aggregator} has no argument {wrong[0]!r}; it has {has}")
    extra: dict[str, Any] = {"projector": Projector()} if "projector" in takes else {}
    try:
        return method(**arguments, **extra)
    except (ImportError, TypeError, ValueError) as error:
        raise TtsError(f"weighting torchjd: {aggregator} cannot be made: {' '.join(str(error).split())}") from None
