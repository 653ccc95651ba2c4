"""One step's backward pass: every head takes its own gradient, the shared parameters take what the weighting makes of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from tts.core.device import to_host
from tts.core.errors import TtsError
from tts.core.ranks import ALONE, Ranks
from tts.training.weighting.auxiliary import cosines_to_main
from tts.training.weighting.base import MAIN, Tasks, Weighting, gramian_of


def backward(
    losses: Mapping[str, Tensor],
    shared: Sequence[Tensor],
    others: Sequence[Tensor],
    weighting: Weighting,
    step: int,
    *,
    every: int = 0,
    keep: bool = False,
    ranks: Ranks = ALONE,
) -> dict[str, float]:
    """Add to ``grad`` of all parameters what a weighting makes of the losses of a step.

    ``losses`` are scalars by task, without their base weights; a task may be missing from a batch. ``shared`` are the
    parameters that several tasks train, first to last: the last with two or more dimensions counts as the last shared layer.
    ``others`` (heads, private layers) take the gradient of the base-weighted sum of losses, whatever the method.

    Every ``every`` steps (0 never) the gradients of all rows are taken, as by a method that needs them, and measured; the
    answer then holds every row's ``weight/NAME`` and, where there is a main task, every other row's ``cosine/NAME`` (with the
    main gradient) and ``ratio/NAME`` (its norm over main's, base weights applied). Otherwise it is empty.

    Of several processes (``ranks``) each has its part of every loss; the losses that weightings see, and the gradients, are the
    sums of all.

    The losses' graph is freed, unless ``keep`` says that something else will be taken back through it.
    """
    shared = [parameter for parameter in shared if parameter.requires_grad]
    others = [parameter for parameter in others if parameter.requires_grad]
    rows = weighting.tasks.losses_of_rows(losses, step)
    there = [row for row in rows if row is not None]
    if not there:
        raise TtsError(f"no task has a loss at step {step}; check the weights and the start and stop steps of the tasks")
    values = _values(rows) if weighting.plain else ranks.sum(_values(rows))
    weighting.place(values.device)
    if not shared:  # a frozen trunk: nothing to weigh
        torch.stack(there).sum().backward(retain_graph=keep)  # type: ignore[no-untyped-call]
        ranks.sum_gradients(others)
        return {}
    measured = every > 0 and step % every == 0
    if weighting.needs_gradients or measured:
        jacobian = ranks.sum(_jacobian(rows, shared, others, keep=keep))
        ranks.sum_gradients(others)
        sizes = [parameter.numel() for parameter in shared]
        if weighting.needs_gradients:
            update, weights = weighting.combine(step, values, jacobian, sizes)
        else:
            end = sum(sizes[: _last_layer(shared) + 1])
            layer = jacobian[:, end - sizes[_last_layer(shared)] : end]
            weights = weighting.weights(step, values, weighting.gramian(layer) if weighting.needs == "last layer" else None)
            update = weights.to(jacobian) @ jacobian
        for parameter, part in zip(shared, torch.split(update, sizes), strict=True):
            _add(parameter, part.view_as(parameter))
        return measure(weighting.tasks, gramian_of(jacobian), weights) if measured else {}
    gramian = None
    if weighting.needs == "last layer":
        gramian = weighting.gramian(ranks.sum(_jacobian(rows, [shared[_last_layer(shared)]], [], keep=True)))
    if weighting.plain:
        torch.stack(there).sum().backward(retain_graph=keep)  # type: ignore[no-untyped-call]
        ranks.sum_gradients([*shared, *others])
        return {}
    weights = weighting.weights(step, values, gramian).to(values)
    weighted = torch.stack([weight * row for weight, row in zip(weights, rows, strict=True) if row is not None])
    if others:  # through the heads alone, which is little
        torch.autograd.backward(torch.stack(there).sum(), inputs=others, retain_graph=True)
    torch.autograd.backward(weighted.sum(), inputs=shared, retain_graph=keep)
    ranks.sum_gradients([*shared, *others])
    return {}


def after_step(losses: Mapping[str, Tensor], weighting: Weighting, step: int, ranks: Ranks = ALONE) -> None:
    """Tell a weighting that asks for it (``needs_losses_after``) the losses of the step's batch after the optimiser's step."""
    weighting.after_step(ranks.sum(_values(weighting.tasks.losses_of_rows(losses, step))))


def measure(tasks: Tasks, gramian: Tensor, weights: Tensor) -> dict[str, float]:
    """Return the weight of every row, and cosine and norm ratio of every auxiliary row's gradient to main's."""
    names = list(tasks.rows)
    norms = gramian.diagonal().sqrt()
    ratios = torch.where(norms[0] > 0.0, norms[1:] / norms[0], 0.0)
    values = to_host(torch.cat([weights.to(gramian), cosines_to_main(gramian), ratios])).tolist()
    count = len(names)
    measured = {f"weight/{name}": weight for name, weight in zip(names, values, strict=False)}
    if names[0] == MAIN:
        for name, cosine, length in zip(names[1:], values[count:], values[2 * count - 1 :], strict=False):
            measured |= {f"cosine/{name}": cosine, f"ratio/{name}": length}
    return measured


def _values(rows: Sequence[Tensor | None]) -> Tensor:
    there = next(row for row in rows if row is not None)
    return torch.stack([there.new_zeros(()) if row is None else row.detach() for row in rows])


def _jacobian(
    rows: Sequence[Tensor | None], shared: Sequence[Tensor], others: Sequence[Tensor], *, keep: bool = False
) -> Tensor:
    """Return the rows' gradients of ``shared``, (rows, parameters), zero where a row is missing; add those of ``others``."""
    sizes = [parameter.numel() for parameter in shared]
    jacobian = torch.zeros(len(rows), sum(sizes), dtype=shared[0].dtype, device=shared[0].device)
    last = max(number for number, row in enumerate(rows) if row is not None)
    for number, row in enumerate(rows):
        if row is None:
            continue
        retain = keep or number < last
        gradients = torch.autograd.grad(row, [*shared, *others], retain_graph=retain, allow_unused=True)
        for place, gradient in zip(torch.split(jacobian[number], sizes), gradients, strict=False):
            if gradient is not None:
                place.copy_(gradient.flatten())
        for parameter, gradient in zip(others, gradients[len(shared) :], strict=True):
            if gradient is not None:
                _add(parameter, gradient.clone())  # autograd may hand out one tensor twice
    return jacobian


def _last_layer(shared: Sequence[Tensor]) -> int:
    """Return which of the shared parameters is the last with two or more dimensions, or the last of all."""
    layers = [number for number, parameter in enumerate(shared) if parameter.ndim > 1]
    return layers[-1] if layers else len(shared) - 1


def _add(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
