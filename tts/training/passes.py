"""A trained network run over all rows of a table: its outputs, and what later stages read of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tts.core.device import autocast, to_host
from tts.dataset.table import Table, pass_batches, unpad
from tts.network.stack import StageOutput
from tts.training.criterion import Model, needs_utterances


class StageFeatures(NamedTuple):
    """What later stages read of a stage for all rows of a table, (rows, width) each; None where no stage reads it."""

    bottleneck: Tensor | None
    outputs: Tensor | None


@torch.no_grad()
def predict(model: Model, table: Table, tasks: Sequence[str], precision: str = "float32") -> dict[str, Tensor]:
    """Run a model over all rows of a table; return the outputs of ``tasks``, float32 (rows, width) on the CPU."""
    parts: dict[str, list[Tensor]] = {name: [] for name in tasks}
    for output, lengths in _outputs(model, table, precision):
        for name in tasks:
            parts[name].append(unpad(output.heads[name], lengths).float())
    return {name: to_host(torch.cat(values)) for name, values in parts.items()}


@torch.no_grad()
def compute_features(
    model: Model, table: Table, precision: str = "float32", *, bottleneck: bool = True, outputs: bool = False
) -> StageFeatures:
    """Run a model over all rows of a table; return what later stages read of it, as far as it is wanted.

    That is its bottleneck and the outputs of its main tasks (:meth:`StageOutput.outputs`), both bfloat16 (rows, width) on
    the table's device, or pinned on the host where that has no room for them.
    """
    columns: dict[str, Tensor] = {}
    row = 0
    for output, lengths in _outputs(model, table, precision):
        values = {"bottleneck": output.bottleneck} if bottleneck else {}
        values |= {"outputs": output.outputs(model.parts[-1])} if outputs else {}
        for name, padded in values.items():
            assert padded is not None
            if name not in columns:
                columns[name] = table.empty(padded.shape[-1])
            real = unpad(padded, lengths)
            columns[name][row : row + len(real)].copy_(real, non_blocking=True)
        row += len(real) if values else 0
    if table.device.type == "cuda":
        torch.cuda.synchronize(table.device)  # what lies on the host is read there next
    return StageFeatures(columns.get("bottleneck"), columns.get("outputs"))


def _outputs(model: Model, table: Table, precision: str) -> Iterator[tuple[StageOutput, tuple[int, ...] | None]]:
    model.eval()
    for batch in pass_batches(table, whole=needs_utterances(model)):
        with autocast(table.device, precision):
            output: StageOutput = model(table.inputs(batch.index), batch.mask)
        yield output, batch.lengths
