"""The forward pass of feed-forward stages and stacks in numpy: speaking without torch, whose import outlasts a sentence.

It computes what :class:`tts.network.stack.Stack` does in evaluation, to the rounding of float32, from the same tensors. Rows go
through all layers in groups that stay in the processor's cache. What is the same for all frames of a segment is multiplied
once a segment; what a layer norm subtracts, the mean of a layer's outputs, is taken out of the weights beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tts.dataset.speakers import OWNED, SpeakerInput
from tts.network.inputs import NetworkInput
from tts.network.layout import SpeakingPart, StageLayout, stage_layout
from tts.network.rows import Rows
from tts.recipe import StagePart, TrunkPart

GROUP = 512  # rows
_EPSILON = 1e-5  # of torch's layer norm
_ACTIVATIONS = ("relu", "tanh", "silu")
Arrays = Mapping[str, np.ndarray]


def can_be_plain(parts: Sequence[StagePart]) -> bool:
    """Return whether all stages are of a kind that is computed here: feed-forward trunks that all tasks share."""
    return all(
        part.trunk.kind == "feedforward" and part.sharing.kind == "hard" and part.trunk.activation in _ACTIVATIONS
        for part in parts
    )


@dataclass(frozen=True)
class Linear:
    """``x @ weight + bias``: weight (inputs, outputs), bias (outputs,), float32."""

    weight: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, tensors: Arrays, name: str) -> Linear:
        """Return the layer ``name`` of a network's tensors."""
        weight, bias = (np.ascontiguousarray(tensors[f"{name}.{kind}"].T, np.float32) for kind in ("weight", "bias"))
        return cls(weight, bias)

    def centred(self) -> Linear:
        """Return the layer whose outputs have mean 0 over the units, for a layer norm to follow."""
        weight, bias = self.weight.astype(np.float64), self.bias.astype(np.float64)
        centred = weight - weight.mean(axis=1, keepdims=True)
        return Linear(centred.astype(np.float32), (bias - bias.mean()).astype(np.float32))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Map (rows, inputs) to (rows, outputs)."""
        y = x @ self.weight
        y += self.bias
        return np.asarray(y)


class _Layer:
    """A layer of a trunk with its norm and activation."""

    def __init__(self, tensors: Arrays, number: int, part: TrunkPart) -> None:
        self.linear = Linear.of(tensors, f"trunk.layers.{number}")
        self.scale = self.shift = None
        if part.normalise:
            self.linear = self.linear.centred()
            self.scale, self.shift = (
                np.asarray(tensors[f"trunk.norms.{number}.{kind}"], np.float32) for kind in ("weight", "bias")
            )
        self.activation = part.activation

    def finish(self, y: np.ndarray) -> np.ndarray:
        """Turn ``x @ weight`` (rows, width) in place into the layer's output."""
        y += self.linear.bias
        if self.scale is not None and self.shift is not None:
            power = np.einsum("ij,ij->i", y, y) / np.float32(y.shape[1])
            y *= (1.0 / np.sqrt(power + np.float32(_EPSILON)))[:, None]
            y *= self.scale
            y += self.shift
        return _activated(y, self.activation)


def _activated(y: np.ndarray, kind: str) -> np.ndarray:
    if kind == "relu":
        return np.asarray(np.maximum(y, 0.0, out=y))
    if kind == "tanh":
        return np.asarray(np.tanh(y, out=y))
    y *= logistic(y)
    return y


def logistic(x: np.ndarray) -> np.ndarray:
    """Return ``1 / (1 + exp(-x))`` without overflow, in the type of ``x``."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=x.dtype)


class _Head:
    """Private layers of one task and its output layer, or with ``owned``, the speakers' output layers of this ``width``."""

    def __init__(self, tensors: Arrays, name: str, private: int, width: int | None, *, owned: bool) -> None:
        prefix = f"heads.{name}"
        self.private = [Linear.of(tensors, f"{prefix}.private.{number}") for number in range(private)]
        ear = tensors.get(f"{prefix}.ear")
        self.ear = None if ear is None else np.asarray(ear, np.float32)
        self._width, self._output = width, None
        if width is not None and owned:  # speaker after speaker, as they were stored: nothing is copied
            weight, bias = (np.asarray(tensors[f"{prefix}.output.{kind}"], np.float32) for kind in ("weight", "bias"))
            self._all = Linear(weight.T, bias)
        elif width is not None:
            self._output = Linear.of(tensors, f"{prefix}.output")

    @property
    def bare(self) -> bool:
        """Whether it is an output layer and nothing else."""
        return not self.private and self.ear is None and self._width is not None

    def output(self, speaker: int) -> Linear | None:
        """Return a speaker's output layer, None where the outputs are not wanted."""
        if self._width is None or self._output is not None:
            return self._output
        own = slice(speaker * self._width, (speaker + 1) * self._width)
        return Linear(self._all.weight[:, own], self._all.bias[own])

    def hidden(self, x: np.ndarray, side: np.ndarray | None) -> np.ndarray:
        """Return what the output layer reads, (rows, width)."""
        for number, layer in enumerate(self.private):
            y = layer(x)
            if number == 0 and side is not None and self.ear is not None:
                y += side @ self.ear.T
            x = _activated(y, "relu")
        return x

    def read_out(self, output: Linear, hidden: np.ndarray, side: np.ndarray | None) -> np.ndarray:
        """Return the outputs (rows, width) of :meth:`output` for what :meth:`hidden` returned."""
        y = output(hidden)
        return y if side is None or self.private or self.ear is None else y + side @ self.ear.T


class _Room:
    """Arrays in which layers are computed, used in turn, so that they stay in the cache."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[int, int], np.ndarray] = {}

    def of(self, rows: int, width: int, number: int) -> np.ndarray:
        """Return an array (rows, width) that is not that of the layer before ``number``."""
        key = width, number % 2
        if key not in self._arrays:
            self._arrays[key] = np.empty((GROUP, width), np.float32)
        return self._arrays[key][:rows]


@dataclass(frozen=True)
class _Outputs:
    """A speaker's output layers: of every head that has one, and of those that read the top layer alone as one product."""

    heads: Mapping[str, Linear]
    joined: Linear | None


class PlainStage:
    """A stage that speaks, made of the tensors of a :class:`tts.network.stack.Stage`. Speakers share all but output layers.

    ``outputs`` names the tasks whose outputs are wanted, of ``widths``; ``bottleneck`` says whether later stages read it.
    """

    def __init__(
        self,
        part: StagePart,
        tensors: Arrays,
        outputs: Sequence[str],
        widths: Mapping[str, int],
        bottleneck: bool | None = None,
        speakers: SpeakerInput | None = None,
    ) -> None:
        self.part = part
        self.layout: StageLayout = stage_layout(part, outputs, bottleneck)
        self.layers = [_Layer(tensors, number, part.trunk) for number in range(len(self.layout.layers))]
        self.bottleneck = Linear.of(tensors, "bottleneck") if self.layout.bottleneck else None
        self.heads = {}
        owned = OWNED if speakers and speakers.heads else ()
        for name in self.layout.heads:
            width = widths[name] if name in self.layout.outputs else None
            self.heads[name] = _Head(tensors, name, len(part.tasks[name].private), width, owned=name in owned)
        depths = {depth for name in self.layout.heads if (depth := part.tasks[name].depth)}
        read = min(self.layout.layer, len(self.layers)) if self.layout.layer is not None else 0
        self._kept = depths | {read}  # numbers, from 1, of the layers that more than the next one reads
        # What reads the top layer with nothing between is one product.
        self._bare = [
            name
            for name in self.layout.order
            if self.heads[name].bare and not part.tasks[name].depth and name not in self._read
        ]
        self._shared = None if {*owned} & {*self.heads} else self._outputs(0)

    @property
    def _read(self) -> set[str]:
        """The tasks whose private layers others read."""
        return {read for name in self.layout.heads if (read := self.part.tasks[name].reads)}

    @property
    def passes_on_the_first(self) -> bool:
        """Whether nobody but the second layer reads the first one's output, which may then be computed in a room."""
        return len(self.layers) > 1 and 1 not in self._kept

    @property
    def first(self) -> np.ndarray:
        """The matrix of the first layer, (inputs, width)."""
        return self.layers[0].linear.weight

    def outputs_of(self, speaker: int) -> _Outputs:
        """Return the output layers of a speaker: made for this call where speakers have their own."""
        return self._shared or self._outputs(speaker)

    def _outputs(self, speaker: int) -> _Outputs:
        heads = {name: output for name, head in self.heads.items() if (output := head.output(speaker)) is not None}
        bare = [heads[name] for name in self._bare]
        if not bare:
            return _Outputs(heads, None)
        weights, biases = [each.weight for each in bare], [each.bias for each in bare]
        return _Outputs(heads, Linear(np.concatenate(weights, axis=1), np.concatenate(biases)))

    def run(
        self, y: np.ndarray, x: np.ndarray | None, layers: _Outputs, room: _Room
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Return the outputs of every head (rows, width) by the output ``layers`` of a speaker, and the bottleneck.

        ``y`` (rows, width) is the product of the first matrix and the input, and is overwritten; ``x`` the input itself, needed
        where the first layer adds to it. Layers that nobody reads but the next are computed in ``room``.
        """
        view = {1: self._added(x, self.layers[0].finish(y))}
        for number, layer in enumerate(self.layers[1:], 2):
            below = view[number - 1] if number - 1 in self._kept else view.pop(number - 1)
            above = room.of(len(y), len(layer.linear.bias), number) if number not in self._kept else None
            view[number] = self._added(below, layer.finish(np.matmul(below, layer.linear.weight, out=above)))
        top, bottleneck = view[len(self.layers)], None
        if self.bottleneck is not None:
            top = bottleneck = _activated(self.bottleneck(top), "tanh")
        elif self.layout.layer is not None:
            bottleneck = view[min(self.layout.layer, len(self.layers))]
        outputs = {}
        if layers.joined is not None:
            every, start = layers.joined(top), 0
            for name in self._bare:
                width = len(layers.heads[name].bias)
                outputs[name] = every[:, start : start + width]
                start += width
        hidden: dict[str, np.ndarray] = {}
        for name in (name for name in self.layout.order if name not in self._bare):
            head, use = self.heads[name], self.part.tasks[name]
            side = hidden[use.reads] if use.reads else None
            hidden[name] = head.hidden(view[use.depth] if use.depth else top, side)
            if name in layers.heads:
                outputs[name] = head.read_out(layers.heads[name], hidden[name], side)
        return outputs, bottleneck

    def _added(self, x: np.ndarray | None, y: np.ndarray) -> np.ndarray:
        if self.part.trunk.residual and x is not None and x.shape == y.shape:
            y += x
        return y


class PlainStack:
    """A stack that speaks. See :class:`tts.network.stack.Stack` for what it computes.

    ``linguistic`` is the width of segments' vectors with the positions; ``parts`` are those of
    :func:`tts.network.layout.speaking_parts`; ``widths`` gives the output width of every task.
    """

    def __init__(
        self,
        linguistic: int,
        parts: Sequence[SpeakingPart],
        tensors: Arrays,
        widths: Mapping[str, int],
        speakers: SpeakerInput | None = None,
    ) -> None:
        self.linguistic, self.parts, self.speakers = linguistic, tuple(parts), speakers
        self.stages = []
        for number, part in enumerate(parts):
            prefix = f"stages.{number}."
            own = {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
            self.stages.append(PlainStage(part, own, part.outputs, widths, part.reads_bottleneck, speakers))

    def __call__(self, inputs: Sequence[NetworkInput], speaker: int = 0) -> list[dict[str, np.ndarray]]:
        """Return the outputs of the last stage's tasks, (rows, width) float32 each, an utterance each.

        All are spoken by the speaker of this number; codes in ``inputs`` are not read.
        """
        rows = Rows.of(inputs)
        bottlenecks: list[np.ndarray | None] = []
        outputs: dict[str, np.ndarray] = {}
        for number in range(len(self.stages)):
            features = self._features(number, bottlenecks, outputs)
            outputs, bottleneck = self._stage(number, rows, features, speaker)
            bottlenecks.append(bottleneck)
        ends = np.cumsum([len(each) for each in inputs])[:-1]
        split = {name: np.split(values, ends) for name, values in outputs.items()}
        return [{name: pieces[n] for name, pieces in split.items()} for n in range(len(inputs))]

    def _features(
        self, number: int, bottlenecks: Sequence[np.ndarray | None], outputs: Mapping[str, np.ndarray]
    ) -> np.ndarray | None:
        """Return what a stage reads of those before it, (rows, width), None where that is nothing."""
        part = self.parts[number]
        sources = part.sources(first=not number)
        wanted: list[np.ndarray | None] = []
        if "bottlenecks" in sources:
            wanted += bottlenecks
        if "bottleneck" in sources:
            wanted.append(bottlenecks[-1])
        if "outputs" in sources:
            before = self.parts[number - 1]
            wanted += [logistic(outputs[name]) if name == "vuv" else outputs[name] for name in before.main]
        there = [each for each in wanted if each is not None]
        return np.concatenate(there, axis=1) if there else None

    def _stage(
        self, number: int, rows: Rows, features: np.ndarray | None, speaker: int
    ) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Run a stage over all rows, group by group."""
        stage = self.stages[number]
        code = (self.speakers.count, speaker) if self.speakers and self.speakers.code else None
        prepared = _FirstLayer(stage, self.parts[number], rows, features, self._reads(number), code)
        layers = stage.outputs_of(speaker)
        gathered: list[tuple[dict[str, np.ndarray], np.ndarray | None]] = []
        room = _Room()
        for start in range(0, len(rows.segment), GROUP):
            group = np.arange(start, min(start + GROUP, len(rows.segment)))
            out = room.of(len(group), stage.first.shape[1], 1) if stage.passes_on_the_first else None
            gathered.append(stage.run(*prepared.of(group, out), layers, room))
        outputs = {name: np.concatenate([heads[name] for heads, _ in gathered]) for name in gathered[0][0]}
        bottleneck = [each for _, each in gathered if each is not None]
        return outputs, np.concatenate(bottleneck) if bottleneck else None

    def _reads(self, number: int) -> bool:
        return "linguistic" in self.parts[number].sources(first=not number)


class _FirstLayer:
    """The product of a stage's first matrix with its input, for any rows.

    ``code`` is how many speakers there are and the number of the one who speaks, None where no code is read.
    """

    def __init__(
        self,
        stage: PlainStage,
        part: StagePart,
        rows: Rows,
        features: np.ndarray | None,
        reads: bool,
        code: tuple[int, int] | None,
    ) -> None:
        self.part, self.rows, self.features, self.reads, self.code = part, rows, features, reads, code
        own = rows.vectors.shape[1] + rows.positions.shape[1]
        width = own * (2 * part.linguistic_context + 1) if reads else 0
        beside = 0 if features is None else features.shape[1] * (2 * part.context + 1)
        self.of_rows, self.of_features = stage.first[:width], stage.first[width : width + beside]
        # The speaker's code, all 0 but for a 1, is the end of the input: its product is a row.
        self.of_code = None if code is None else stage.first[width + beside + code[1]]
        inputs = len(stage.first)
        # A first layer as wide as its input adds to it, so the input itself is needed.
        self.whole = part.trunk.residual and inputs == stage.first.shape[1]
        self.segments = None
        if reads and not part.linguistic_context:
            vectors = rows.vectors.shape[1]
            self.segments = rows.vectors @ self.of_rows[:vectors]
            self.of_positions = self.of_rows[vectors:]

    def of(self, rows: np.ndarray, out: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the product for ``rows``, (rows, width), in ``out`` where that is given, and the input where it is needed."""
        pieces = []
        y: np.ndarray | None = None
        if self.segments is not None:
            y = np.take(self.segments, self.rows.segment[rows], axis=0, out=out, mode="clip")  # "raise" would take a buffer
            if len(self.of_positions):
                y += self.rows.positions[rows] @ self.of_positions
        elif self.reads:
            around = self.rows.around(rows, self.part.linguistic_context, self.part.dilation)
            pieces.append(self.rows.linguistic(around.ravel()).reshape(len(rows), -1))
            y = np.matmul(pieces[-1], self.of_rows, out=out)
        if self.features is not None:
            around = self.rows.around(rows, self.part.context, self.part.dilation)
            window = self.features[around].reshape(len(rows), -1)
            if y is None:
                y = np.matmul(window, self.of_features, out=out)
            else:
                y += window @ self.of_features
            pieces.append(window)
        assert y is not None
        if self.of_code is not None:
            y += self.of_code
        return y, self._input(rows, pieces) if self.whole else None

    def _input(self, rows: np.ndarray, pieces: list[np.ndarray]) -> np.ndarray:
        linguistic = [self.rows.linguistic(rows)] if self.segments is not None else []
        code = np.zeros((len(rows), self.code[0] if self.code else 0), np.float32)
        if self.code:
            code[:, self.code[1]] = 1.0
        return np.concatenate([*linguistic, *pieces, code], axis=1)
