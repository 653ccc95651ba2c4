"""Names and shapes of the tensors of networks that speak, without making the networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tts.dataset.speakers import OWNED, SpeakerInput
from tts.network.layout import SpeakingPart, input_width, stage_layout
from tts.recipe import StagePart


def stage_shapes(
    inputs: int,
    part: StagePart,
    widths: Mapping[str, int],
    outputs: Sequence[str],
    bottleneck: bool | None = None,
    speakers: SpeakerInput | None = None,
) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the tensors of a stage, for arguments as those of :class:`tts.network.stack.Stage`."""
    layout = stage_layout(part, outputs, bottleneck)
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, below: int, above: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (above, below), (above,)

    below = speakers.width(inputs) if speakers else inputs
    for number, width in enumerate(layout.layers):
        linear(f"trunk.layers.{number}", below, width)
        if part.trunk.normalise:
            shapes[f"trunk.norms.{number}.weight"] = shapes[f"trunk.norms.{number}.bias"] = (width,)
        below = width
    if layout.bottleneck:
        linear("bottleneck", below, layout.bottleneck)
        below = layout.bottleneck
    for name in layout.heads:
        use = part.tasks[name]
        reads = part.trunk.layers[use.depth - 1] if use.depth else below
        several = speakers.count if speakers and speakers.heads and name in OWNED else 1
        steps = [*use.private, *([several * widths[name]] if name in layout.outputs else [])]
        for number, width in enumerate(steps):
            last = number == len(use.private)
            linear(f"heads.{name}.{'output' if last else f'private.{number}'}", reads, width)
            reads = width
        if use.reads:
            shapes[f"heads.{name}.ear"] = (steps[0], part.tasks[use.reads].private[-1])
    return shapes


def stack_shapes(
    linguistic: int, parts: Sequence[SpeakingPart], widths: Mapping[str, int], speakers: SpeakerInput | None = None
) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the tensors of a :class:`tts.network.plain.PlainStack`, for its arguments."""
    shapes: dict[str, tuple[int, ...]] = {}
    for number, part in enumerate(parts):
        inputs = input_width(linguistic, parts[: number + 1], widths) + (speakers.count if speakers else 0)
        own = stage_shapes(inputs, part, widths, part.outputs, part.reads_bottleneck, speakers)
        shapes |= {f"stages.{number}.{name}": shape for name, shape in own.items()}
    return shapes
