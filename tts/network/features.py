"""What a stage reads: windows of the linguistic input and of what the stages before it computed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor


def stage_features(sources: Collection[str], bottlenecks: Sequence[Tensor | None], outputs: Tensor | None) -> Tensor:
    """Put side by side what a stage reads of those before it, as :func:`sources_read` returns it: (..., width)."""
    features = sources_read(sources, bottlenecks, outputs)
    return features[0] if len(features) == 1 else torch.cat(features, dim=-1)


def sources_read(sources: Collection[str], bottlenecks: Sequence[Tensor | None], outputs: Tensor | None) -> list[Tensor]:
    """Return what a stage reads of those before it: bottlenecks, first stage first, then outputs, (..., width) each.

    ``bottlenecks`` are those of all stages before it, ``outputs`` (:meth:`StageOutput.outputs`) of the last of them; what
    ``sources`` do not name may be missing.
    """
    wanted: list[Tensor | None] = []
    if "bottlenecks" in sources:
        wanted += bottlenecks
    if "bottleneck" in sources:
        wanted.append(bottlenecks[-1])
    if "outputs" in sources:
        wanted.append(outputs)
    features = [tensor for tensor in wanted if tensor is not None]
    assert features and len(features) == len(wanted)
    return features


def window(x: Tensor, context: int, mask: Tensor | None = None, dilation: int = 1) -> Tensor:
    """Stack each frame of (batch, time, width) with ``context`` frames either side: (batch, time, (2 context + 1) width).

    The frames are ``dilation`` apart. The first and last frame of an utterance are repeated beyond its ends; ``mask`` says
    where padded utterances end.
    """
    if context == 0:
        return x
    time = x.shape[1]
    offsets = dilation * torch.arange(-context, context + 1, device=x.device)
    index = torch.arange(time, device=x.device)[:, None] + offsets  # (time, window)
    if mask is None:
        return x[:, index.clamp(0, time - 1)].flatten(2)
    last = (mask.to(torch.int64).sum(dim=1) - 1).clamp(min=0)[:, None, None]
    index = torch.minimum(index.clamp(min=0)[None], last).flatten(1)  # (batch, time * window)
    gathered = torch.gather(x, 1, index.unsqueeze(-1).expand(-1, -1, x.shape[2]))
    return gathered.view(x.shape[0], time, -1)
