"""Stages and stacks: the model. A stage is a shared trunk with named heads; a stack is stages in order.

Each stage reads the linguistic input and, after the first, a window of the bottleneck of the stage before (Wu,
Valentini-Botinhao, Watts and King 2015, section 3), or what else its ``inputs`` name. Heads of auxiliary tasks shape the
trunk in training and are dropped when speaking (:meth:`Stack.speaking`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.core.seeds import derived_seed
from tts.dataset.speakers import OWNED, SpeakerInput
from tts.network.adapters import LowRankAdapters
from tts.network.cross_stitch import CrossStitch
from tts.network.experts import MixtureOfExperts, ProgressiveExtraction
from tts.network.go_mtl import SparseTrunks
from tts.network.orthogonality import activation_overlap, overlap
from tts.network.sharing import Sharing
from tts.network.trunks import Trunk, make_trunk
from tts.recipe import MAIN_STREAMS, StagePart, TaskUse, TrunkLayer, bottleneck_read

# Ways of sharing by the kind in a recipe, whose options are the constructor's. Hard sharing is a plain trunk.
SHARINGS: dict[str, type[Sharing]] = {
    "cross_stitch": CrossStitch,
    "sluice": CrossStitch,
    "mmoe": MixtureOfExperts,
    "ple": ProgressiveExtraction,
    "adapters": LowRankAdapters,
    "go_mtl": SparseTrunks,
}


@dataclass(frozen=True)
class StageOutput:
    """What a stage says: ``heads`` by task name, (batch, time, width) each, and the ``bottleneck`` it hands on."""

    heads: dict[str, Tensor]
    bottleneck: Tensor | None

    def outputs(self, part: StagePart) -> Tensor:
        """What a later stage reads of the main tasks of the stage of ``part``, (batch, time, width).

        They are normalised as in training, and voicing is a probability.
        """
        return torch.cat([torch.sigmoid(self.heads[n]) if n == "vuv" else self.heads[n] for n in part.main], dim=-1)


class Head(nn.Module):
    """From the shared layers to one task: optional private hidden layers, then a linear layer.

    ``heard`` is the width of another task's private layer that is read beside the shared ones; the weights for it start at
    zero. Without ``outputs`` the private layers are there for others to read.
    """

    def __init__(self, inputs: int, outputs: int | None, private: tuple[int, ...] = (), heard: int = 0) -> None:
        super().__init__()
        widths = (inputs, *private)
        self.private = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, private, strict=False))
        self.output = nn.Linear(widths[-1], outputs) if outputs else None
        self.ear = nn.Parameter(torch.zeros(self.first.out_features, heard)) if heard else None

    @property
    def first(self) -> nn.Linear:
        """The layer that reads the shared ones."""
        layer = self.private[0] if len(self.private) else self.output
        assert isinstance(layer, nn.Linear)
        return layer

    def hidden(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        """Map (..., inputs) to what the output layer reads: the last private layer, or ``x`` where there are none."""
        for number, layer in enumerate(self.private):
            y = layer(x)
            x = functional.relu(y if number or heard is None else y + self.listen(heard))
        return x

    def forward(self, x: Tensor, heard: Tensor | None = None) -> Tensor:
        """Map (..., inputs) and, where another task is read, (..., heard) to (..., outputs)."""
        return self.say(self.hidden(x, heard), heard)

    def say(self, hidden: Tensor, heard: Tensor | None = None) -> Tensor:
        """Map what :meth:`hidden` returned to (..., outputs)."""
        assert self.output is not None
        y: Tensor = self.output(hidden)
        return y if heard is None or len(self.private) else y + self.listen(heard)

    def listen(self, heard: Tensor) -> Tensor:
        """Map (..., heard) to what is added to the first layer."""
        assert self.ear is not None
        return functional.linear(heard, self.ear)


class Stage(nn.Module):
    """A trunk, an optional bottleneck on top of it, and heads that read the bottleneck (or the trunk where there is none).

    With the bottleneck below the heads it is a hidden layer that every task of the stage shapes, as in the paper; or it is
    a layer of the trunk itself, handed on as it is. ``widths`` gives the output width of every task. Where each group of
    tasks has hidden layers of its own (``part.sharing``), all go through the one bottleneck; the main group's is handed on,
    or the mean where the stage learns no main task.

    ``speaks`` names the tasks to be answered and ``hands_on`` says whether the bottleneck is wanted (by default where no
    task is); whatever neither needs is left out. By default all is there, for training. ``inputs`` counts the code of
    ``speakers`` at the end of the input, where there are several.
    """

    def __init__(
        self,
        inputs: int,
        part: StagePart,
        widths: Mapping[str, int],
        speaks: Collection[str] | None = None,
        hands_on: bool | None = None,
        speakers: SpeakerInput | None = None,
    ) -> None:
        super().__init__()
        self.hands_on = not speaks if hands_on is None else hands_on
        self.speakers = speakers
        place = part.bottleneck.layer if isinstance(part.bottleneck, TrunkLayer) else None
        width = part.bottleneck if isinstance(part.bottleneck, int) else None
        self.inputs, self.part, self.widths = inputs, part, dict(widths)
        tasks = part.tasks
        wanted = set(tasks) if speaks is None else set(speaks) & set(tasks)
        # Main heads first, so that systems that differ in auxiliary tasks draw the same initial weights for what they share.
        names = sorted(tasks, key=lambda name: (name not in MAIN_STREAMS, name))
        reads = {name: tasks[name].reads for name in names}
        order = list(TopologicalSorter({n: [read] if read else [] for n, read in reads.items()}).static_order())
        needed = set(wanted)
        for name in reversed(order):  # who is read comes before who reads
            if name in needed and (read := reads[name]):
                needed.add(read)
        self.order = [name for name in order if name in needed]

        depths = [tasks[name].depth for name in needed] + ([place] if self.hands_on else [])
        to_top = speaks is None or not depths or None in depths
        layers = part.trunk.layers[: None if to_top else max(depth for depth in depths if depth)]
        self.trunk: Trunk | Sharing = make_trunk(
            speakers.width(inputs) if speakers else inputs, part.trunk.model_copy(update={"layers": layers})
        )
        self.bottleneck = nn.Linear(self.trunk.width, width) if width and to_top else None
        self.place = place if self.hands_on else None
        top = width or self.trunk.width
        heads = {}
        for name in (name for name in names if name in needed):
            use = tasks[name]
            heard = tasks[use.reads].private[-1] if use.reads else 0
            below = part.trunk.layers[use.depth - 1] if use.depth else top
            outputs = widths[name] * (speakers.count if self.owned(name) and speakers else 1)
            heads[name] = Head(below, outputs if name in wanted else None, use.private, heard)
        self.heads = nn.ModuleDict(heads)

        # Last, so that all of the above starts from the same weights whatever the way of sharing.
        groups = part.groups
        self.kept = [group for group, members in groups.items() if needed & set(members)]
        if not needed:
            self.kept = ["main"] if "main" in groups else list(groups)
        if part.sharing.kind != "hard":
            options = part.sharing.model_dump(exclude={"kind"})
            self.trunk = SHARINGS[part.sharing.kind](self.trunk, tuple(groups), self.kept, **options)
        self.unrelated = part.unrelated if speaks is None else None
        self._said: tuple[dict[str, Tensor], Tensor | None] | None = None

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
        """Whether a frame's answer depends on its input alone."""
        return self.trunk.framewise

    @property
    def shared(self) -> list[nn.Parameter]:
        """What is not a head, first to last."""
        heads = {id(parameter) for parameter in self.heads.parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in heads]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> StageOutput:
        """Map (batch, time, inputs) to the outputs of every head and the bottleneck; ``mask`` (batch, time)."""
        shared = isinstance(self.trunk, Trunk)
        if self.speakers is not None:
            x, code = self.speakers.split(x)
        views = [self.trunk.hidden(x, mask)] if isinstance(self.trunk, Trunk) else self.trunk(x, mask)
        tops = [view[-1] for view in views]
        handed: list[Tensor] = []
        if self.bottleneck is not None:
            # Bounded, so it can be read raw beside 0..1 inputs.
            tops = handed = [torch.tanh(self.bottleneck(top)) for top in tops]
        elif self.place is not None:
            handed = [view[min(self.place, len(view)) - 1] for view in views]
        narrow = None
        if handed:
            narrow = handed[0] if shared or self.kept[0] == "main" else torch.stack(handed).mean(dim=0)
        hidden: dict[str, Tensor] = {}
        outputs: dict[str, Tensor] = {}
        for name in self.order:
            head, use = self.heads[name], self.part.tasks[name]
            assert isinstance(head, Head)
            view = 0 if shared else self.kept.index("main" if name in MAIN_STREAMS else name)
            heard = hidden[use.reads].detach() if use.reads else None
            hidden[name] = head.hidden(views[view][use.depth - 1] if use.depth else tops[view], heard)
            if head.output is not None:
                outputs[name] = head.say(hidden[name], heard)
                if self.speakers is not None and self.owned(name):
                    outputs[name] = self.speakers.choose(outputs[name], code)
        watch = self.training and self.unrelated is not None and self.unrelated.form == "activation"
        self._said = (hidden, mask) if watch else None
        return StageOutput({name: outputs[name] for name in self.heads if name in outputs}, narrow)

    def penalties(self) -> dict[str, Tensor]:
        """Return what is to be added to the loss, weighted, by name; nothing for plain stages.

        Those on what layers say are of the latest call, which must have been in training mode.
        """
        found = {} if isinstance(self.trunk, Trunk) else self.trunk.penalties()
        if self.unrelated is None:
            return found
        for pair in self.unrelated.pairs:
            first, second = (self.part.groups[group] for group in pair)
            if self.unrelated.form == "readout":
                value = overlap(self._readout(first), self._readout(second))
            elif self._said is not None:
                hidden, mask = self._said
                # Tasks without private layers read one and the same, which counts once.
                layers = [{id(hidden[name]): hidden[name] for name in names}.values() for names in (first, second)]
                a, b = (torch.cat(list(group), dim=-1) for group in layers)
                value = activation_overlap(a, b, mask)
            else:
                continue
            found[f"unrelated/{pair[0]}/{pair[1]}"] = self.unrelated.weight * value
        return found

    def penalty(self) -> Tensor:
        """Return the sum of :meth:`penalties`, a scalar."""
        return sum(self.penalties().values(), next(self.parameters()).new_zeros(()))

    def after_step(self, learning_rate: float) -> None:
        """Do what follows an optimiser's step of this learning rate; nothing for plain stages."""
        self._said = None  # so that a stage at rest holds no graph and can be copied
        if isinstance(self.trunk, Sharing):
            self.trunk.after_step(learning_rate)

    def grouping(self) -> dict[str, list[float]]:
        """Return the grouping found, by ``main`` or auxiliary task: the weights of the basis (go_mtl), or nothing."""
        return self.trunk.grouping() if isinstance(self.trunk, Sharing) else {}

    def speaking(self, speaks: Collection[str], hands_on: bool | None = None) -> dict[str, Tensor]:
        """Return the tensors needed to answer the tasks ``speaks`` and, with ``hands_on`` or no task, the bottleneck."""
        with torch.device("meta"):
            needed = Stage(self.inputs, self.part, self.widths, speaks, hands_on, self.speakers).state_dict().keys()
        return {name: tensor for name, tensor in self.state_dict().items() if name in needed}

    def _readout(self, names: tuple[str, ...]) -> Tensor:
        """What the heads of these tasks read the shared layer with: (units, width)."""
        heads = [self.heads[name] for name in names]
        return torch.cat([head.first.weight for head in heads if isinstance(head, Head)])


class SpeakingPart(StagePart):
    """A stage of a stack that is to speak: the tasks it answers, none where only its bottleneck is read."""

    speaks: tuple[str, ...]
    hands_on: bool  # whether its bottleneck is read


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
            speaks, hands_on = (part.speaks, part.hands_on) if isinstance(part, SpeakingPart) else (None, None)
            inputs = input_width(linguistic, parts[: number + 1], widths) + (speakers.count if speakers else 0)
            self.stages.append(Stage(inputs, part, widths, speaks, hands_on, speakers))

    def forward(self, x: Tensor, mask: Tensor | None = None, wanted: Tensor | None = None) -> list[StageOutput]:
        """Run all stages on whole utterances: (batch, time, linguistic and code) and mask (batch, time).

        Where the last stage is frame-wise, ``wanted`` (batch, time) saves it the frames whose answer is not; they are 0 then.
        """
        said: list[StageOutput] = []
        x, code = (x, []) if self.speakers is None else (x[..., : self.linguistic], [x[..., self.linguistic :]])
        for stage, part in zip(self.stages, self.parts, strict=True):
            sources, pieces = part.sources(first=not said), []
            if "linguistic" in sources:
                pieces.append(window(x, part.linguistic_context, mask, part.dilation))
            if said:
                before = self.parts[len(said) - 1]
                outputs = said[-1].outputs(before) if "outputs" in sources else None
                handed = handed_on(sources, [output.bottleneck for output in said], outputs)
                pieces.append(window(handed.to(x.dtype), part.context, mask, part.dilation))
            inputs = torch.cat([*pieces, *code], dim=-1)
            only = wanted if stage is self.stages[-1] and stage.framewise else None
            said.append(stage(inputs, mask) if only is None else run_on(stage, inputs, only))
        return said

    def speaking(self) -> dict[str, Tensor]:
        """Return the tensors needed to speak: without auxiliary heads, and without main heads that no stage reads."""
        kept: dict[str, Tensor] = {}
        for number, (stage, part) in enumerate(zip(self.stages, speaking_parts(self.parts), strict=True)):
            assert isinstance(stage, Stage)
            tensors = stage.speaking(part.speaks, part.hands_on)
            kept |= {f"stages.{number}.{name}": tensor for name, tensor in tensors.items()}
        return kept


def run_on(stage: nn.Module, inputs: Tensor, wanted: Tensor) -> StageOutput:
    """Run a frame-wise stage on the ``wanted`` frames (batch, time) of its inputs alone; its answers elsewhere are 0."""

    def spread(x: Tensor) -> Tensor:
        return x.new_zeros(*wanted.shape, x.shape[-1]).index_put((wanted,), x[:, 0])

    output: StageOutput = stage(inputs[wanted][:, None])
    heads = {name: spread(values) for name, values in output.heads.items()}
    return StageOutput(heads, None if output.bottleneck is None else spread(output.bottleneck))


def input_width(linguistic: int, parts: Sequence[StagePart], widths: Mapping[str, int]) -> int:
    """Return the width of what the last of ``parts`` reads, those before it being the stages before."""
    *before, part = parts
    sources = part.sources(first=not before)
    handed = 0
    if "bottlenecks" in sources:
        handed += sum(bottleneck_width(other) for other in before)
    if "bottleneck" in sources:
        handed += bottleneck_width(before[-1])
    if "outputs" in sources:
        handed += sum(widths[name] for name in before[-1].main)
    width = linguistic * (2 * part.linguistic_context + 1) if "linguistic" in sources else 0
    return width + handed * (2 * part.context + 1)


def bottleneck_width(part: StagePart) -> int:
    """Return the width of what a stage hands on, 0 where it has no bottleneck."""
    if isinstance(part.bottleneck, TrunkLayer):
        return part.trunk.layers[part.bottleneck.layer - 1]
    return part.bottleneck or 0


def handed_on(sources: Collection[str], bottlenecks: Sequence[Tensor | None], outputs: Tensor | None) -> Tensor:
    """Put side by side what a stage reads of those before it: bottlenecks, first stage first, then outputs: (..., width).

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
    found = [tensor for tensor in wanted if tensor is not None]
    assert found and len(found) == len(wanted)
    return found[0] if len(found) == 1 else torch.cat(found, dim=-1)


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


def speaking_parts(parts: tuple[StagePart, ...]) -> tuple[SpeakingPart, ...]:
    """Return the stages as they are when they speak: the last answers the main tasks, the others hand on what is read."""
    found = []
    for number, part in enumerate(parts):
        names: tuple[str, ...] = MAIN_STREAMS
        if number + 1 < len(parts):
            names = part.main if "outputs" in parts[number + 1].sources(first=False) else ()
        reads = bottleneck_read(parts, number)
        found.append(SpeakingPart.model_construct(**{**dict(part), "speaks": names, "hands_on": reads}))
    return tuple(found)
