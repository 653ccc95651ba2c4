"""The edit: a residual convolutional network over tokens of a few frames that starts as no edit at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.recipe.edit import EditPart


def root_mean_square_norm(x: Tensor) -> Tensor:
    """Return (..., width) with every vector's root mean square at 1, without parameters (Zhang and Sennrich, NeurIPS 2019)."""
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + 1e-6)


class ResidualBlock(nn.Module):
    """Adds to (batch, channels, tokens) a convolution of it, normalised and activated first."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, kernel, padding=kernel // 2)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map (batch, channels, tokens); where ``mask`` (batch, 1, tokens) is 0 nothing is read."""
        y = functional.silu(x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-6))
        if mask is not None:
            y = y * mask
        added: Tensor = self.convolution(y)
        return x + added


class Edit(nn.Module):
    """Tokens in, what is added to the trajectory out.

    ``streams`` is the width of the trajectories that are read a frame, ``hidden`` that of the hidden layer a token,
    ``outputs`` the coefficients that are edited. The output layer starts at zero, so a new edit changes nothing.
    """

    def __init__(self, part: EditPart, streams: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.part, self.outputs = part, outputs
        self.inputs = nn.Linear(part.frames * streams, part.width)
        self.hidden = nn.Linear(hidden, part.width, bias=False)
        self.blocks = nn.ModuleList(ResidualBlock(part.width, part.kernel) for _ in range(part.blocks))
        self.output = nn.Linear(part.width, part.frames * outputs)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, trajectories: Tensor, hidden: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the edit (batch, tokens, frames * outputs), in the units of the normalised trajectories.

        ``trajectories`` (batch, tokens, frames * streams) are normalised, ``hidden`` (batch, tokens, width) as the network has
        it; ``mask`` (batch, tokens) says where padded sentences end.
        """
        x = self.inputs(trajectories) + self.hidden(root_mean_square_norm(hidden))
        within = None if mask is None else mask[:, None].to(x.dtype)
        x = x.transpose(1, 2)
        for block in self.blocks:
            x = block(x, within)
        x = root_mean_square_norm(x.transpose(1, 2))
        edit: Tensor = self.output(functional.silu(x))
        return edit
