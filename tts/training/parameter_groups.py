"""Which parameters are trained, how fast, and what they are pulled towards.

Without a transfer there are two groups: matrices, which decay, and vectors, which do not. A transfer may freeze parts, give
layers far from the output a lower rate, and pull what was loaded towards its starting point.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tts.core.errors import UsageError
from tts.core.stream import DURATION
from tts.network.joint import Joint
from tts.network.stack import Stack, Stage

Trained = Stage | Joint | Stack


@dataclass(frozen=True)
class Tuning:
    """How a module that starts from another voice is trained.

    ``start`` holds the parameters that were loaded, as they were, by their name in the module. ``layer_decay`` in (0, 1]
    is a factor on the learning rate for every layer further from the output (Howard and Ruder 2018, ACL, section 3.2, there
    1 / 2.6). ``l2_sp`` >= 0 is the alpha of :class:`Pull`.
    """

    layer_decay: float = 1.0
    l2_sp: float = 0.0
    start: Mapping[str, Tensor] = field(default_factory=dict)

    def within(self, prefix: str) -> Tuning:
        """Return the tuning of a part of the module, such as one stage of a stack."""
        start = {name.removeprefix(f"{prefix}."): t for name, t in self.start.items() if name.startswith(f"{prefix}.")}
        return Tuning(self.layer_decay, self.l2_sp, start)


def parameter_groups(module: Trained, weight_decay: float, tuning: Tuning | None = None) -> list[dict[str, Any]]:
    """Return an optimiser's groups: ``params``, ``weight_decay`` and ``scale``, a factor on the learning rate.

    Frozen parameters are in none of them. Vectors do not decay, nor do parameters that are pulled to their starting point.
    """
    tuning, module = tuning or Tuning(), _bare(module)
    far = distances(module) if tuning.layer_decay != 1.0 else {}
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            still = parameter.ndim <= 1 or (tuning.l2_sp > 0.0 and name in tuning.start)
            groups.setdefault((far.get(name, 0), still), []).append(parameter)
    return [
        {
            "params": groups[distance, still],
            "weight_decay": 0.0 if still else weight_decay,
            "scale": tuning.layer_decay**distance,
        }
        for distance, still in sorted(groups)
    ]


def _bare(module: Trained) -> Stage | Stack:
    """Return the network itself, whose names of parameters are those of a voice."""
    return module.stack if isinstance(module, Joint) else module


def distances(module: Stage | Stack) -> dict[str, int]:
    """Return how many layers lie between every parameter and the output: heads 0, then bottleneck, trunk and stages before.

    Raises :class:`UsageError` for a trunk that is not shared hard, whose layers are not in one row.
    """
    if isinstance(module, Stack):
        layers: dict[str, int] = {}
        below = 0
        for number, stage in reversed(list(enumerate(module.stages))):
            assert isinstance(stage, Stage)
            own = distances(stage)
            layers |= {f"stages.{number}.{name}": distance + below for name, distance in own.items()}
            below += len(stage.part.trunk.layers) + (stage.bottleneck is not None)
        return layers
    if module.part.sharing.kind != "hard":
        raise UsageError(f"transfer.layer_decay: needs layers in one row, not sharing of kind {module.part.sharing.kind}")
    top = len(module.part.trunk.layers) + (module.bottleneck is not None)
    layers = {}
    for name, _ in module.named_parameters():
        part, *rest = name.split(".")
        layers[name] = {"heads": 0, "bottleneck": 1}[part] if part != "trunk" else top - int(rest[1])
    return layers


class Pull:
    r"""The penalty ``alpha / 2 * ||theta - theta_0||^2`` on what was loaded: L2-SP, Li, Grandvalet and Davoine (ICML 2018).

    Its gradient ``alpha (theta - theta_0)`` is applied as weight decay is under AdamW (Loshchilov and Hutter 2019, ICLR): after
    the optimiser's step and not divided by the gradient's size, so that alpha and the weight decay of new parameters (the
    paper's beta) are on one scale. Under plain gradient descent, as in the paper, the two forms are the same.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], module: Trained, tuning: Tuning) -> None:
        self.alpha = tuning.l2_sp
        names = {id(parameter): name for name, parameter in _bare(module).named_parameters()}
        self.groups: list[tuple[int, list[Tensor], list[Tensor]]] = []
        for number, group in enumerate(groups):
            held = [p for p in group["params"] if names[id(p)] in tuning.start] if self.alpha else []
            if held:
                starts = [tuning.start[names[id(p)]].detach().to(p.device, copy=True) for p in held]
                self.groups.append((number, held, starts))

    def penalty(self) -> Tensor:
        """Return the penalty, a scalar."""
        terms = [(p - p0).square().sum() for _, held, starts in self.groups for p, p0 in zip(held, starts, strict=True)]
        return 0.5 * self.alpha * sum(terms, torch.zeros(()))

    @torch.no_grad()
    def after_step(self, optimiser: torch.optim.Optimizer) -> None:
        """Move every parameter towards its start by ``rate * alpha`` of the way, at the rates of the optimiser's groups."""
        for number, held, starts in self.groups:
            torch._foreach_lerp_(held, starts, min(1.0, optimiser.param_groups[number]["lr"] * self.alpha))


def freeze(stack: Stack, duration: Stage, names: Iterable[str], loaded: Collection[str], *, edits: bool = False) -> None:
    """Take parts out of training: no gradient, no decay, and the average stays where it is.

    A name is a path of a stack's parameters or the head of one, with or without its ``stages.N``: ``trunk``, ``heads.lf0``,
    ``stages.0``, ``stages.1.trunk.layers.0``; ``duration`` and what lies in it is the duration model. ``loaded`` are the
    parameters that came from another voice. Raises :class:`UsageError` for a name that is nothing, for parameters that would
    stay random, and where nothing would be left to train in the network that speaks, unless it ``edits``: then the edit is.
    """
    parameters = dict(stack.named_parameters()) | {f"duration.{name}": p for name, p in duration.named_parameters()}
    for name in names:
        chosen = [path for path in parameters if any(_heads(name, way) for way in _ways(path))]
        if not chosen:
            raise UsageError(
                f"transfer.freeze: {name} is not there; there are {', '.join(_choices(parameters))}, and their layers"
            )
        for path in chosen:
            parameters[path].requires_grad_(False)
    last = len(stack.stages) - 1
    if is_frozen(stack.stages[last]) and not edits:
        raise UsageError(f"transfer.freeze: nothing would be left to train in the network that speaks (stages.{last})")
    speaking = {*stack.speaking(), *(f"duration.{name}" for name in duration.speaking((DURATION,)))}
    for number, stage in enumerate([*stack.stages, duration]):
        prefix = f"stages.{number}." if number <= last else "duration."
        if stage.part.sharing.kind == "go_mtl" and not all(p.requires_grad for p in stage.trunk.parameters()):
            raise UsageError(f"transfer.freeze: {prefix}trunk shares by go_mtl, whose steps change all of it; leave it out")
        for name, parameter in stage.named_parameters():
            path = prefix + name
            if not parameter.requires_grad and path not in loaded and (path in speaking or not is_frozen(stage)):
                raise UsageError(f"transfer.freeze: {path} is new, and frozen it would stay random; freeze less")


def is_frozen(module: nn.Module) -> bool:
    """Return whether nothing in a module is trained."""
    return not any(parameter.requires_grad for parameter in module.parameters())


def _heads(name: str, path: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _ways(path: str) -> tuple[str, ...]:
    """The names under which a parameter can be reached: its path, and for a stack's the path within its stage."""
    return (path, path.split(".", 2)[2]) if path.startswith("stages.") else (path,)


def _choices(paths: Iterable[str]) -> list[str]:
    """Names worth offering, those that hold several layers."""
    names: dict[str, None] = {}
    for path in paths:
        parts = path.split(".")
        names[parts[0] if parts[0] == "duration" else parts[2]] = None
        if parts[0] == "stages":
            names[".".join(parts[:2])] = None
            if parts[2] == "heads":
                names[".".join(parts[2:4])] = None
    return sorted(names)
