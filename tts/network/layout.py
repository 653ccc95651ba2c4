"""What a stage consists of, as a function of its description and of what is wanted of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from tts.recipe import MAIN_STREAMS, StagePart, TrunkLayer, bottleneck_read


@dataclass(frozen=True)
class StageLayout:
    """The layers and heads of a stage.

    ``layers`` are the trunk's widths, as far up as anything reads it. ``bottleneck`` is the width of the hidden layer on top of
    it, 0 where there is none; ``layer`` the number, from 1, of the trunk's layer that later stages read instead, if one does.
    ``heads`` are the tasks that have a head, in the order in which weights are drawn, ``order`` in that of computing (who is
    read comes before who reads), ``outputs`` those of them that have an output layer. ``groups`` are the groups of tasks, by
    the names of :attr:`StagePart.groups`, whose hidden layers are computed.
    """

    layers: tuple[int, ...]
    bottleneck: int
    layer: int | None
    heads: tuple[str, ...]
    order: tuple[str, ...]
    outputs: frozenset[str]
    groups: tuple[str, ...]


def stage_layout(part: StagePart, outputs: Collection[str] | None = None, bottleneck: bool | None = None) -> StageLayout:
    """Return the layout of a stage of which the ``outputs`` of some tasks and perhaps the ``bottleneck`` are wanted.

    By default all outputs are; the bottleneck is wanted by default where no ``outputs`` are named. Whatever neither needs is
    left out.
    """
    tasks = part.tasks
    reads_bottleneck = not outputs if bottleneck is None else bottleneck
    wanted = frozenset(tasks if outputs is None else set(outputs) & set(tasks))
    # Main heads first, so that systems that differ in auxiliary tasks draw the same initial weights for what they share.
    names = sorted(tasks, key=lambda name: (name not in MAIN_STREAMS, name))
    order = _reading_order({name: tasks[name].reads for name in names})
    needed = set(wanted)
    for name in reversed(order):
        if name in needed and (read := tasks[name].reads):
            needed.add(read)
    layer = part.bottleneck.layer if isinstance(part.bottleneck, TrunkLayer) and reads_bottleneck else None
    depths = [tasks[name].depth for name in needed] + ([layer] if reads_bottleneck else [])
    to_top = outputs is None or not depths or None in depths
    return StageLayout(
        layers=part.trunk.layers[: None if to_top else max(depth for depth in depths if depth)],
        bottleneck=part.bottleneck if isinstance(part.bottleneck, int) and to_top else 0,
        layer=layer,
        heads=tuple(name for name in names if name in needed),
        order=tuple(name for name in order if name in needed),
        outputs=wanted,
        groups=_groups(part, needed),
    )


def _reading_order(reads: dict[str, str | None]) -> list[str]:
    return list(TopologicalSorter({name: [read] if read else [] for name, read in reads.items()}).static_order())


def _groups(part: StagePart, needed: Collection[str]) -> tuple[str, ...]:
    """Return the groups whose hidden layers the needed heads read, or those that the bottleneck alone is made of."""
    if needed:
        return tuple(group for group, members in part.groups.items() if set(members) & set(needed))
    return ("main",) if "main" in part.groups else tuple(part.groups)


class SpeakingPart(StagePart):
    """A stage of a stack that is to speak: the tasks whose ``outputs`` are wanted, none where only its bottleneck is read."""

    outputs: tuple[str, ...]
    reads_bottleneck: bool  # whether a later stage reads its bottleneck


def speaking_parts(parts: tuple[StagePart, ...]) -> tuple[SpeakingPart, ...]:
    """Return the stages as they are when they speak: the last with the main outputs, the others with what later ones read."""
    speaking = []
    for number, part in enumerate(parts):
        names: tuple[str, ...] = MAIN_STREAMS
        if number + 1 < len(parts):
            names = part.main if "outputs" in parts[number + 1].sources(first=False) else ()
        reads = bottleneck_read(parts, number)
        speaking.append(SpeakingPart.model_construct(**{**dict(part), "outputs": names, "reads_bottleneck": reads}))
    return tuple(speaking)


def input_width(linguistic: int, parts: Sequence[StagePart], widths: Mapping[str, int]) -> int:
    """Return the width of what the last of ``parts`` reads, those before it being the stages before."""
    *before, part = parts
    sources = part.sources(first=not before)
    features = 0
    if "bottlenecks" in sources:
        features += sum(bottleneck_width(other) for other in before)
    if "bottleneck" in sources:
        features += bottleneck_width(before[-1])
    if "outputs" in sources:
        features += sum(widths[name] for name in before[-1].main)
    width = linguistic * (2 * part.linguistic_context + 1) if "linguistic" in sources else 0
    return width + features * (2 * part.context + 1)


def bottleneck_width(part: StagePart) -> int:
    """Return the width of a stage's bottleneck, 0 where it has none."""
    if isinstance(part.bottleneck, TrunkLayer):
        return part.trunk.layers[part.bottleneck.layer - 1]
    return part.bottleneck or 0
