"""Stages and stacks: the model. A stage is a shared trunk with named heads; a stack is stages in order.

Each stage reads the linguistic input and, after the first, a window of the bottleneck of the stage before (Wu,
Valentini-Botinhao, Watts and King 2015, section 3), or what else its ``inputs`` name. Heads of auxiliary tasks shape the
trunk in training and are dropped when speaking (:meth:`Stack.speaking`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tts.core.seeds import derived_seed
from tts.dataset.speakers import OWNED, SpeakerInput
from tts.network.adapters import LowRankAdapters
from tts.network.cross_stitch import CrossStitch
from tts.network.experts import MixtureOfExperts, ProgressiveExtraction
from tts.network.features import stage_features, window
from tts.network.go_mtl import SparseTrunks
from tts.network.head import Head
from tts.network.layout import SpeakingPart, input_width, speaking_parts, stage_layout
from tts.network.orthogonality import activation_overlap, overlap
from tts.network.sharing import Sharing
from tts.network.trunks import Trunk, make_trunk
from tts.recipe import MAIN_STREAMS, StagePart, TaskUse

# Ways of sharing by the kind in a recipe, whose options are the constructor's. Hard sharing is a plain trunk.
SHARINGS: dict[str, type[Sharing]] = {
    "cross_stitch": CrossStitch,
    "sluice": CrossStitch,
    "mmoe": MixtureOfExperts,
    "ple": ProgressiveExtraction,
    "adapters": LowRankAdapters,
    "go_mtl": SparseTrunks,
}


READ_BY = "mcep"  # the task whose shared hidden layer is the last one of a stage


@dataclass(frozen=True)
class StageOutput:
    """What a stage computes: ``heads`` by task name, (batch, time, width) each, and the ``bottleneck`` that later stages read.

    ``top`` is the last hidden layer that the main task :data:`READ_BY` reads, None where the stage has it not. In training,
    where the layers of unrelated tasks are kept apart by their activations, ``hidden`` are the heads' last hidden layers and
    ``mask`` says which frames are real.
    """

    heads: dict[str, Tensor]
    bottleneck: Tensor | None
    hidden: dict[str, Tensor] = field(default_factory=dict)
    mask: Tensor | None = None
    top: Tensor | None = None

    def outputs(self, part: StagePart) -> Tensor:
        """What a later stage reads of the main tasks of the stage of ``part``, (batch, time, width).

        They are normalised as in training, and voicing is a probability.
        """
        return torch.cat([torch.sigmoid(self.heads[n]) if n == "vuv" else self.heads[n] for n in part.main], dim=-1)


class Stage(nn.Module):
    """A trunk, an optional bottleneck on top of it, and heads that read the bottleneck (or the trunk where there is none).

    With the bottleneck below the heads it is a hidden layer that every task of the stage shapes, as in the paper; or it is
    a layer of the trunk itself, read as it is. ``widths`` gives the output width of every task. Where each group of tasks has
    hidden layers of its own (``part.sharing``), all go through the one bottleneck; later stages read the main group's, or the
    mean where the stage learns no main task.

    ``outputs`` names the tasks whose outputs are wanted and ``bottleneck`` says whether the bottleneck is (by default where no
    task is); whatever neither needs is left out. By default all is there, for training. ``inputs`` counts the code of
    ``speakers`` at the end of the input, where there are several.
    """

    def __init__(
        self,
        inputs: int,
        part: StagePart,
        widths: Mapping[str, int],
        outputs: Collection[str] | None = None,
        bottleneck: bool | None = None,
        speakers: SpeakerInput | None = None,
    ) -> None:
        super().__init__()
        self.inputs, self.part, self.widths, self.speakers = inputs, part, dict(widths), speakers
        self.layout = stage_layout(part, outputs, bottleneck)
        self.unrelated = part.unrelated if outputs is None else None
        # The order of drawing: trunk, bottleneck, heads with the main ones first, and what a way of sharing adds. So systems
        # that differ in auxiliary tasks or in the way of sharing start from the same weights in what they have in common.
        trunk = make_trunk(self.trunk_inputs, part.trunk.model_copy(update={"layers": self.layout.layers}))
        self.trunk: Trunk | Sharing = trunk
        self.bottleneck = nn.Linear(trunk.width, self.layout.bottleneck) if self.layout.bottleneck else None
        top = self.layout.bottleneck or trunk.width
        self.heads = nn.ModuleDict({name: self._make_head(name, top) for name in self.layout.heads})
        if part.sharing.kind != "hard":
            options = part.sharing.model_dump(exclude={"kind"})
            self.trunk = SHARINGS[part.sharing.kind](trunk, tuple(part.groups), self.layout.groups, **options)

    @property
    def top_width(self) -> int:
        """Width of :attr:`StageOutput.top`."""
        use, trunk = self.part.tasks[READ_BY], self.part.trunk.layers
        return trunk[use.depth - 1] if use.depth else self.layout.bottleneck or self.trunk.width

    def _make_head(self, name: str, top: int) -> Head:
        use = self.part.tasks[name]
        below = self.part.trunk.layers[use.depth - 1] if use.depth else top
        width = self.widths[name] * (self.speakers.count if self.owned(name) and self.speakers else 1)
        side = self.part.tasks[use.reads].private[-1] if use.reads else 0
        return Head(below, width if name in self.layout.outputs else None, use.private, side)

    @property
    def trunk_inputs(self) -> int:
        """Width of what the trunk reads, which need not read the speaker's code."""
        return self.speakers.width(self.inputs) if self.speakers else self.inputs

    def owned(self, name: str) -> bool:
        """Whether each speaker has an output layer of its own for this task."""
        return self.speakers is not None and self.speakers.heads and name in OWNED

    @property
    def tasks(self) -> Mapping[str, TaskUse]:
        """How the task of every head is learnt."""
        return self.part.tasks

    @property
    def parts(self) -> tuple[StagePart, ...]:
        """The one stage there is."""
        return (self.part,)

    @property
    def framewise(self) -> bool:
        """Whether a frame's output depends on its input alone."""
        return self.trunk.framewise

    @property
    def shared(self) -> list[nn.Parameter]:
        """What is not a head, first to last."""
        heads = {id(parameter) for parameter in self.heads.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in heads]

    def input_axes(self) -> dict[str, int]:
        """Return the tensors that read the stage's input, by their name in :meth:`state_dict`, with the axis of the inputs."""
        return {f"trunk.{name}": axis for name, axis in self.trunk.input_axes().items()}

    def forward(self, x: Tensor, mask: Tensor | None = None) -> StageOutput:
        """Map (batch, time, inputs) to the outputs of every head and the bottleneck; ``mask`` (batch, time)."""
        code = None
        if self.speakers is not None:
            x, code = self.speakers.split(x)
        views = [self.trunk.hidden(x, mask)] if isinstance(self.trunk, Trunk) else self.trunk(x, mask)
        tops, bottleneck = self._bottlenecks(views)
        hidden: dict[str, Tensor] = {}
        outputs: dict[str, Tensor] = {}
        top = None
        for name in self.layout.order:
            head, use = self.heads[name], self.part.tasks[name]
            assert isinstance(head, Head)
            view = 0 if len(views) == 1 else self.layout.groups.index("main" if name in MAIN_STREAMS else name)
            side = hidden[use.reads].detach() if use.reads else None
            below = views[view][use.depth - 1] if use.depth else tops[view]
            top = below if name == READ_BY else top
            hidden[name] = head.hidden(below, side)
            if head.output is not None:
                outputs[name] = head.read_out(hidden[name], side)
                if self.speakers is not None and code is not None and self.owned(name):
                    outputs[name] = self.speakers.choose(outputs[name], code)
        heads = {name: outputs[name] for name in self.heads if name in outputs}
        if self.training and self.unrelated is not None and self.unrelated.form == "activation":
            return StageOutput(heads, bottleneck, hidden, mask, top)
        return StageOutput(heads, bottleneck, top=top)

    def _bottlenecks(self, views: Sequence[Sequence[Tensor]]) -> tuple[list[Tensor], Tensor | None]:
        """Return what heads read by default, a view each, and what later stages read, from the hidden layers of every view."""
        tops = [view[-1] for view in views]
        if self.bottleneck is not None:
            # Bounded, so it can be read raw beside 0..1 inputs.
            tops = candidates = [torch.tanh(self.bottleneck(top)) for top in tops]
        elif self.layout.layer is not None:
            candidates = [view[min(self.layout.layer, len(view)) - 1] for view in views]
        else:
            return tops, None
        first = len(candidates) == 1 or self.layout.groups[0] == "main"
        return tops, candidates[0] if first else torch.stack(candidates).mean(dim=0)

    def penalties(self, output: StageOutput | None = None) -> dict[str, Tensor]:
        """Return what is to be added to the loss, weighted, by name; nothing for plain stages.

        ``output`` is what the stage returned for a batch in training mode; penalties on activations are left out without it.
        """
        penalties = {} if isinstance(self.trunk, Trunk) else self.trunk.penalties()
        if self.unrelated is None:
            return penalties
        for pair in self.unrelated.pairs:
            first, second = (self.part.groups[group] for group in pair)
            if self.unrelated.form == "readout":
                value = overlap(self._readout(first), self._readout(second))
            elif output is not None and output.hidden:
                # Tasks without private layers read one and the same, which counts once.
                layers = [{id(output.hidden[n]): output.hidden[n] for n in names}.values() for names in (first, second)]
                a, b = (torch.cat(list(group), dim=-1) for group in layers)
                value = activation_overlap(a, b, output.mask)
            else:
                continue
            penalties[f"unrelated/{pair[0]}/{pair[1]}"] = self.unrelated.weight * value
        return penalties

    def penalty(self, output: StageOutput | None = None) -> Tensor:
        """Return the sum of :meth:`penalties`, a scalar."""
        return sum(self.penalties(output).values(), next(self.parameters()).new_zeros(()))

    def after_step(self, learning_rate: float) -> None:
        """Do what follows an optimiser's step of this learning rate; nothing for plain stages."""
        if isinstance(self.trunk, Sharing):
            self.trunk.after_step(learning_rate)

    def grouping(self) -> dict[str, list[float]]:
        """Return the grouping that was learnt, by ``main`` or auxiliary task: the weights of the basis (go_mtl), or nothing."""
        return self.trunk.grouping() if isinstance(self.trunk, Sharing) else {}

    def speaking(self, outputs: Collection[str], bottleneck: bool | None = None) -> dict[str, Tensor]:
        """Return the tensors needed for ``outputs`` and, with ``bottleneck`` or no task, the bottleneck."""
        with torch.device("meta"):
            needed = Stage(self.inputs, self.part, self.widths, outputs, bottleneck, self.speakers).state_dict().keys()
        return {name: tensor for name, tensor in self.state_dict().items() if name in needed}

    def _readout(self, names: tuple[str, ...]) -> Tensor:
        """What the heads of these tasks read the shared layer with: (units, width)."""
        heads = [self.heads[name] for name in names]
        return torch.cat([head.first.weight for head in heads if isinstance(head, Head)])


class Stack(nn.Module):
    """Stages in order. ``linguistic`` is the width of the linguistic input, ``widths`` the output width of every task.

    The code of ``speakers``, where there are several, follows the linguistic input, and is the end of every stage's input.
    """

    def __init__(
        self,
        linguistic: int,
        parts: tuple[StagePart, ...],
        widths: Mapping[str, int],
        *,
        seed: int | None = None,
        speakers: SpeakerInput | None = None,
    ) -> None:
        super().__init__()
        self.linguistic, self.parts, self.speakers = linguistic, parts, speakers
        self.stages = nn.ModuleList()
        for number, part in enumerate(parts):
            if seed is not None:  # each stage draws its own numbers, whatever heads the stage before it has
                torch.manual_seed(derived_seed(seed, number, 8))
            outputs, bottleneck = (part.outputs, part.reads_bottleneck) if isinstance(part, SpeakingPart) else (None, None)
            inputs = input_width(linguistic, parts[: number + 1], widths) + (speakers.count if speakers else 0)
            self.stages.append(Stage(inputs, part, widths, outputs, bottleneck, speakers))

    def forward(self, x: Tensor, mask: Tensor | None = None, wanted: Tensor | None = None) -> list[StageOutput]:
        """Run all stages on whole utterances: (batch, time, linguistic and code) and mask (batch, time).

        Where the last stage is frame-wise, it may be run on the ``wanted`` frames alone, int64 (frames,) counted through the
        flattened (batch, time); its outputs for the others are 0 then.
        """
        done: list[StageOutput] = []
        x, code = (x, []) if self.speakers is None else (x[..., : self.linguistic], [x[..., self.linguistic :]])
        for stage, part in zip(self.stages, self.parts, strict=True):
            sources, pieces = part.sources(first=not done), []
            if "linguistic" in sources:
                pieces.append(window(x, part.linguistic_context, mask, part.dilation))
            if done:
                outputs = done[-1].outputs(self.parts[len(done) - 1]) if "outputs" in sources else None
                features = stage_features(sources, [output.bottleneck for output in done], outputs)
                pieces.append(window(features.to(x.dtype), part.context, mask, part.dilation))
            inputs = torch.cat([*pieces, *code], dim=-1)
            only = wanted if stage is self.stages[-1] and stage.framewise else None
            done.append(stage(inputs, mask) if only is None else run_on(stage, inputs, only))
        return done

    def speaking(self) -> dict[str, Tensor]:
        """Return the tensors needed to speak: without auxiliary heads, and without main heads that no stage reads."""
        needed: dict[str, Tensor] = {}
        for number, (stage, part) in enumerate(zip(self.stages, speaking_parts(self.parts), strict=True)):
            assert isinstance(stage, Stage)
            tensors = stage.speaking(part.outputs, part.reads_bottleneck)
            needed |= {f"stages.{number}.{name}": tensor for name, tensor in tensors.items()}
        return needed


def run_on(stage: nn.Module, inputs: Tensor, wanted: Tensor) -> StageOutput:
    """Run a frame-wise stage on the ``wanted`` frames of its inputs (batch, time, width) alone; its outputs elsewhere are 0.

    ``wanted`` (frames,) are places in the flattened (batch, time), int64: their number is known without looking at values.
    """

    def spread(x: Tensor) -> Tensor:
        frames = x.new_zeros(inputs.shape[0] * inputs.shape[1], x.shape[-1])
        return frames.index_copy(0, wanted, x[:, 0]).view(*inputs.shape[:2], -1)

    output: StageOutput = stage(inputs.flatten(0, 1)[wanted][:, None])
    heads = {name: spread(values) for name, values in output.heads.items()}
    bottleneck = None if output.bottleneck is None else spread(output.bottleneck)
    top = None if output.top is None else spread(output.top)
    return StageOutput(heads, bottleneck, output.hidden, top=top)
