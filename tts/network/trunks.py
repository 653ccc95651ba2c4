"""Trunks: the hidden layers that all tasks of a stage share.

Every trunk maps (batch, time, inputs) to (batch, time, layers[-1]); ``mask`` (batch, time), 1 on real frames, keeps padding
out of whatever looks sideways. ``framewise`` trunks treat every frame alone and may be trained on shuffled frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.network.fused import can_fuse, hidden_layer, kept_of_layer
from tts.network.masks import are_given, next_mask
from tts.recipe import TrunkPart

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "tanh": torch.tanh,
}


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Zero a random share ``rate`` of ``x`` in training and scale the rest by ``1 / (1 - rate)``.

    On a CPU, where a random number costs more than the product of a narrow layer, four decisions are taken from every 64
    random bits: the rate is then exact to 2**-16, and a step a fifth faster. In bfloat16 the scale is rounded, as in PyTorch's
    own dropout (see ``docs/decisions.md``).
    """
    if rate == 0.0 or not training:
        return x
    if are_given():
        return x * next_mask().to(x.dtype)
    if x.device.type != "cpu":
        return functional.dropout(x, rate, True)
    return x * kept(x.shape, rate, x.dtype)


def kept(shape: Sequence[int], rate: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw what dropout multiplies by on a CPU: 0 for a random share ``rate`` of the elements, else ``1 / (1 - rate)``."""
    count = math.prod(shape)
    bits = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)[:count]
    keep = torch.ge(bits, round(rate * 2**16) - 2**15, out=torch.empty(count, dtype=dtype))
    return keep.mul_(1.0 / (1.0 - rate)).view(*shape)


class Trunk(nn.Module):
    """Layers applied one after the other; subclasses say what a layer is in :meth:`layer` and :meth:`apply_layer`.

    :meth:`step` applies a single one, so that ways of sharing can put something between the layers.
    """

    framewise = False

    def __init__(self, inputs: int, part: TrunkPart) -> None:
        super().__init__()
        self.inputs, self.part = inputs, part
        widths = (inputs, *part.layers)
        self.layers = nn.ModuleList(self.layer(a, b) for a, b in zip(widths, part.layers, strict=False))
        self.norms = nn.ModuleList(nn.LayerNorm(b) for b in part.layers) if part.normalise else None
        self.activation = ACTIVATIONS[part.activation]
        self.width = part.layers[-1]

    def layer(self, inputs: int, outputs: int) -> nn.Module:
        """Make one layer."""
        return nn.Linear(inputs, outputs)

    def padding(self, mask: Tensor | None) -> Tensor | None:
        """Return what the layers need to know of the mask, computed once for all of them."""
        return mask

    def apply_layer(self, layer: nn.Module, x: Tensor, padding: Tensor | None) -> Tensor:
        """Apply one layer, up to its activation."""
        del padding
        result: Tensor = layer(x)
        return result

    def step(self, number: int, x: Tensor, padding: Tensor | None, plus: Tensor | None = None) -> Tensor:
        """Apply layer ``number`` (the first is 0) to (batch, time, width below); ``plus`` is added before its activation."""
        if plus is None and not are_given() and (fused := self._fused(number, x)) is not None:
            return fused
        y = self.apply_layer(self.layers[number], x, padding)
        if plus is not None:
            y = y + plus
        if self.norms is not None:
            y = self.norms[number](y)
        y = dropout(self.activation(y), self.part.dropout, self.training)
        return x + y if self.part.residual and y.shape == x.shape else y

    def _fused(self, number: int, x: Tensor) -> Tensor | None:
        """Apply a layer in one pass over memory, where the trunk has such layers and it pays."""
        del number, x
        return None

    def hidden(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """Map (batch, time, inputs) to the output of every layer, (batch, time, layers[n]) each."""
        padding = self.padding(mask)
        outputs = []
        for number in range(len(self.layers)):
            x = self.step(number, x, padding)
            outputs.append(x)
        return outputs

    def input_axes(self) -> dict[str, int]:
        """Return the tensors that read the trunk's input, by their name in :meth:`state_dict`, with the axis of the inputs."""
        return {"layers.0.weight": 1}

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map (batch, time, inputs) to (batch, time, width)."""
        return self.hidden(x, mask)[-1]

    def another(self) -> Trunk:
        """Return a new trunk of the same description, with weights of its own."""
        return type(self)(self.inputs, self.part)

    def split(self) -> list[Trunk]:
        """Return a trunk of one layer for every layer; they hold this trunk's own layers."""
        singles = []
        for number, width in enumerate(self.part.layers):
            inputs = self.part.layers[number - 1] if number else self.inputs
            single = type(self)(inputs, self.part.model_copy(update={"layers": (width,)}))
            single.layers[0] = self.layers[number]
            if self.norms is not None and single.norms is not None:
                single.norms[0] = self.norms[number]
            singles.append(single)
        return singles


class FeedForward(Trunk):
    """Fully connected layers, frame by frame."""

    framewise = True

    def _fused(self, number: int, x: Tensor) -> Tensor | None:
        """See :mod:`tts.network.fused`."""
        if not self._can_fuse(number, x):
            return None
        assert self.norms is not None
        layer, norm = self.layers[number], self.norms[number]
        assert isinstance(layer, nn.Linear) and isinstance(norm, nn.LayerNorm)
        residual = self.part.residual and layer.in_features == layer.out_features
        return hidden_layer(x, layer, norm, self.part.dropout, residual=residual)

    def _can_fuse(self, number: int, x: Tensor) -> bool:
        if not self.training or self.norms is None or self.part.activation != "relu":
            return False
        return can_fuse(x, self.layers[number], self.norms[number])

    def draw_masks(self, x: Tensor) -> list[Tensor]:
        """Draw what dropout multiplies by in a step of training on (..., inputs): float32 (..., width) a layer.

        It is what :meth:`hidden` would draw, so that :mod:`tts.network.masks` can give it.
        """
        rate = self.part.dropout
        masks = []
        for number, width in enumerate(self.part.layers if rate else ()):
            shape = (*x.shape[:-1], width)
            if self._can_fuse(number, x):
                masks.append(kept_of_layer(shape, rate))
            elif x.device.type == "cpu":
                masks.append(kept(shape, rate))
            else:
                masks.append(functional.dropout(torch.ones(shape, device=x.device), rate, True))
        return masks


class Convolution(Trunk):
    """One-dimensional convolutions over time, ``kernel`` frames wide, zero-padded at the ends."""

    def layer(self, inputs: int, outputs: int) -> nn.Module:
        """Make one convolution."""
        return nn.Conv1d(inputs, outputs, self.part.kernel, padding=self.part.kernel // 2)

    def apply_layer(self, layer: nn.Module, x: Tensor, padding: Tensor | None) -> Tensor:
        """Convolve over time; padded frames count as zeros, as beyond the ends."""
        if padding is not None:
            x = x * padding.unsqueeze(-1).to(x.dtype)
        result: Tensor = layer(x.transpose(1, 2)).transpose(1, 2)
        return result


class Lstm(Trunk):
    """Bidirectional LSTM layers; a width is that of both directions together. Feed-forward where the width is odd."""

    def layer(self, inputs: int, outputs: int) -> nn.Module:
        """Make one bidirectional layer."""
        if outputs % 2:
            return nn.Linear(inputs, outputs)
        return nn.LSTM(inputs, outputs // 2, batch_first=True, bidirectional=True)

    def padding(self, mask: Tensor | None) -> Tensor | None:
        """Return the utterances' lengths, int64 (batch,), or None where there is known to be no padding.

        Whether there is any is looked at on the CPU alone: elsewhere the host would have to wait for the device.
        """
        if mask is None or (mask.device.type == "cpu" and bool(mask.all())):
            return None
        return mask.sum(dim=1)

    def apply_layer(self, layer: nn.Module, x: Tensor, padding: Tensor | None) -> Tensor:
        """Run both directions over each utterance's real frames."""
        if padding is None or not isinstance(layer, nn.LSTM):
            result: Tensor = layer(x)[0] if isinstance(layer, nn.LSTM) else layer(x)
            return result
        if x.device.type != "cpu":
            return padded_lstm(layer, x, padding)
        packed = nn.utils.rnn.pack_padded_sequence(x, padding, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])[0]

    def input_axes(self) -> dict[str, int]:
        """See :meth:`Trunk.input_axes`: one matrix a direction."""
        if not isinstance(self.layers[0], nn.LSTM):
            return super().input_axes()
        return {"layers.0.weight_ih_l0": 1, "layers.0.weight_ih_l0_reverse": 1}

    def step(self, number: int, x: Tensor, padding: Tensor | None, plus: Tensor | None = None) -> Tensor:
        """Apply one layer; an LSTM's own gates take the activation's place."""
        y = self.apply_layer(self.layers[number], x, padding)
        if plus is not None:
            y = y + plus
        if not isinstance(self.layers[number], nn.LSTM):
            y = self.activation(y)
        y = dropout(y, self.part.dropout, self.training)
        return x + y if self.part.residual and y.shape == x.shape else y


def padded_lstm(layer: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Run a bidirectional LSTM layer on padded utterances whose lengths only the device knows: (batch, time, 2 * hidden).

    Packing needs the lengths on the host. Here the backward direction runs forward over every utterance turned round within
    its own ``lengths`` (batch,), so that padding comes last in both directions, where no real frame reads it. The answer for
    padding is 0, as after packing.
    """
    time = torch.arange(x.shape[1], device=x.device)
    real = time < lengths[:, None]
    turned = torch.where(real, lengths[:, None] - 1 - time, time)  # (batch, time), its own inverse

    def turn(y: Tensor) -> Tensor:
        return torch.gather(y, 1, turned[..., None].expand(-1, -1, y.shape[2]))

    def run(y: Tensor, suffix: str) -> Tensor:
        # By attribute: where a task's own matrices are put in a layer's place (go_mtl), they are no parameters.
        weights = [getattr(layer, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        start = y.new_zeros(1, y.shape[0], layer.hidden_size)
        outputs: Tensor = torch.lstm(y, (start, start), weights, True, 1, 0.0, layer.training, False, True)[0]
        return outputs

    both = torch.cat([run(x, ""), turn(run(turn(x), "_reverse"))], dim=-1)
    return both * real[..., None].to(both.dtype)


class _SelfAttention(nn.Module):
    """Pre-norm self-attention with rotary positions, then a feed-forward block twice as wide; both residual."""

    def __init__(self, inputs: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.enter = nn.Linear(inputs, width) if inputs != width else nn.Identity()
        self.before_attention, self.before_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.forward_block = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        x = self.enter(x)
        batch, time, width = x.shape
        q, k, v = self.project(self.before_attention(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        keep = None if mask is None else mask.bool()[:, None, None, :]
        rate = self.dropout if self.training else 0.0
        y = functional.scaled_dot_product_attention(rotate(q), rotate(k), v, attn_mask=keep, dropout_p=rate)
        x = x + self.join(y.transpose(1, 2).reshape(batch, time, width))
        result: Tensor = x + dropout(self.forward_block(self.before_forward(x)), rate, self.training)
        return result


class Attention(Trunk):
    """Self-attention over the utterance (rotary positions, so any length), each layer with its feed-forward block."""

    def layer(self, inputs: int, outputs: int) -> nn.Module:
        """Make one attention block."""
        return _SelfAttention(inputs, outputs, self.part.heads, self.part.dropout)

    def step(self, number: int, x: Tensor, padding: Tensor | None, plus: Tensor | None = None) -> Tensor:
        """Apply one block; ``plus`` is added to its output."""
        y: Tensor = self.layers[number](x, padding)
        return y if plus is None else y + plus

    def input_axes(self) -> dict[str, int]:
        """See :meth:`Trunk.input_axes`: none where the input is as wide as the block, which then adds to it directly."""
        return {"layers.0.enter.weight": 1} if self.inputs != self.part.layers[0] else {}


def rotate(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Turn the feature pairs of (..., time, features) by angles that grow with time (Su et al. 2021, RoFormer, eq. 34).

    Products of two rotated vectors depend on their distance in time only. The last dimension must be even; an odd remainder
    of the half is left as it is.
    """
    half = x.shape[-1] // 2
    frequency = base ** (-torch.arange(half, device=x.device, dtype=torch.float32) / max(half, 1))
    angle = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * frequency
    cosine, sine = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat([a * cosine - b * sine, a * sine + b * cosine, rest], dim=-1)


TRUNKS: dict[str, type[Trunk]] = {
    "feedforward": FeedForward,
    "convolution": Convolution,
    "lstm": Lstm,
    "attention": Attention,
}


def make_trunk(inputs: int, part: TrunkPart) -> Trunk:
    """Make the trunk that a recipe describes, for ``inputs`` features a frame."""
    return TRUNKS[part.kind](inputs, part)
