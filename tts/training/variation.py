"""How takes vary, measured once a duration model is trained."""

from __future__ import annotations

import numpy as np
import torch

from tts.core.device import to_host
from tts.dataset.prepared import Prepared
from tts.dataset.table import pass_batches, unpad
from tts.generation.config import PHONE_PROSODY, VariationConfig
from tts.generation.variation import measure
from tts.network.stack import Stage


@torch.no_grad()
def measured_variation(duration: Stage, prepared: Prepared, device: torch.device) -> VariationConfig:
    """Return how the deviations of phones go together in the validation recordings, by the distribution that is predicted."""
    table = prepared.segment_table("validation", [PHONE_PROSODY], device, codes=duration.speakers is not None)
    duration.eval()
    heads, values = [], []
    for batch in pass_batches(table, whole=not duration.framewise):
        rows = table.gather(batch.index, [PHONE_PROSODY])
        head = duration(rows.inputs, batch.mask).heads[PHONE_PROSODY]
        heads.append(to_host(unpad(head, batch.lengths).float()))
        values.append(to_host(unpad(rows.targets[PHONE_PROSODY], batch.lengths)))
    head, value = (torch.cat(parts).numpy().reshape(table.rows, -1) for parts in (heads, values))
    return measure(head, value, np.asarray(table.starts), table.counted)
