"""The vocoder of :mod:`tts.analysis.source_filter` in torch: many utterances at once, on any device, differentiable.

Gradients reach the mel-cepstra and the aperiodicities; where pulses stand, and which frames are voiced, is worked out in numpy.
The samples are those of the numpy form, but for rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from tts.analysis.source_filter import LOWEST_SHARE, NOISE_FRAMES, Excitation, Filters, excitation, filters
from tts.analysis.world import check_spoken
from tts.core.grid import FrameGrid


def synthesise_batch(utterances: Sequence[Mapping[str, Tensor]], grid: FrameGrid) -> list[Tensor]:
    """Return float32 samples (``grid.samples(frames)``,) of utterances, given as static main streams, (frames, dimension) each.

    All tensors are on one device. What is refused is the same as in numpy, but for a mel-cepstrum that is too large.
    """
    if not utterances:
        return []
    plain = [{name: values.detach().cpu().numpy() for name, values in each.items()} for each in utterances]
    for streams in plain:
        check_spoken(**streams, grid=grid)
    sources = [excitation(streams["lf0"], streams["vuv"], streams["bap"], grid) for streams in plain]
    joined = {name: torch.cat([each[name] for each in utterances]).to(torch.float32) for name in ("mcep", "bap")}
    buffers = _buffers(joined["mcep"], joined["bap"], sources, grid)
    bank = filters(grid, joined["mcep"].shape[1] - 1)
    counts = [len(each["mcep"]) for each in plain]
    parts = torch.split(buffers, [-(-count // bank.group) for count in counts])
    return [_overlap_add(part, count, bank, grid) for part, count in zip(parts, counts, strict=True)]


def _buffers(mcep: Tensor, bap: Tensor, sources: Sequence[Excitation], grid: FrameGrid) -> Tensor:
    """Return the buffers (buffers, size) of the frames of all utterances, one after the other."""
    bank, device = filters(grid, mcep.shape[1] - 1), mcep.device
    counts = [len(source.voiced) for source in sources]
    offsets = np.cumsum([0, *counts[:-1]])

    def pulses(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(source, name) for source in sources])).to(device)

    def places(name: str) -> Tensor:
        rows = [getattr(source, name) + offset for source, offset in zip(sources, offsets, strict=True)]
        return torch.from_numpy(np.concatenate(rows)).to(device)

    voiced = pulses("voiced")[:, None].to(torch.float32)
    coded = torch.where(voiced > 0, bap.clamp(-60.0, 0.0), -60.0)
    noise = torch.cat([mcep, voiced * coded, voiced, 1.0 - voiced], dim=1)
    at = torch.from_numpy(np.concatenate([np.arange(count) % NOISE_FRAMES for count in counts])).to(device)
    source, matrices = _tensor(bank.source, device), _tensor(bank.noise, device)
    made = torch.polar(torch.exp(noise @ matrices[0] + source[0, at]), noise @ matrices[1] + source[1, at])
    firsts = np.cumsum([0, *(-(-count // bank.group) for count in counts)])
    own = [first + np.arange(count) // bank.group for first, count in zip(firsts[:-1], counts, strict=True)]
    buffer = torch.from_numpy(np.concatenate(own)).to(device)
    spectra = made.new_zeros(int(firsts[-1]), made.shape[1]).index_add(0, buffer, made)
    first, second = places("first"), places("second")
    part, share_part = pulses("part")[:, None], pulses("share_part")[:, None]
    share, time = _periodic_share(bank, coded), pulses("time")
    rows = torch.cat(
        [
            mcep[first] + part * (mcep[second] - mcep[first]),
            share[first] + share_part * (share[second] - share[first]),
            torch.stack([torch.ones_like(time), pulses("log_amplitude"), time], dim=1),
        ],
        dim=1,
    )
    matrices = _tensor(bank.pulse, device)
    spectra = spectra.index_add(0, buffer[first], torch.polar(torch.exp(rows @ matrices[0]), rows @ matrices[1]))
    buffers: Tensor = torch.fft.irfft(spectra, bank.size)
    return buffers


def _periodic_share(bank: Filters, bap: Tensor) -> Tensor:
    """Return log sqrt(1 - a^2) at the nodes, (frames, NODES)."""
    nodes = _tensor(bank.nodes, bap.device)
    aperiodicity = torch.exp(2.0 * (bap @ nodes[:-1] + nodes[-1]))
    share: Tensor = 0.5 * torch.log((1.0 - aperiodicity).clamp_min(float(np.exp(2.0 * LOWEST_SHARE))))
    return share


def _overlap_add(buffers: Tensor, frames: int, bank: Filters, grid: FrameGrid) -> Tensor:
    begins = torch.from_numpy(grid.centres(frames)[:: bank.group]).to(buffers.device)
    places = (begins[:, None] + torch.arange(bank.size, device=buffers.device)).flatten()
    signal: Tensor = buffers.new_zeros(grid.centre(frames - 1) + bank.size).index_add(0, places, buffers.flatten())
    spoken: Tensor = signal[bank.lead : bank.lead + grid.samples(frames)]
    return spoken


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.tensor(array, device=device)  # a copy: the arrays are read-only
