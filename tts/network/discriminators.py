"""What the edit learns against: two networks that tell natural from edited trajectories. They are not part of a voice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2  # of the leaky rectifier
CONDITION = 64  # channels that the condition is given
Judgement = tuple[Tensor, list[Tensor]]
"""What a discriminator says: scores, 1 for natural and 0 for edited, and its hidden layers."""


class TrajectoryDiscriminator(nn.Module):
    """Reads trajectories over time beside what the edit read: (batch, tokens, width) and (batch, tokens, condition)."""

    def __init__(self, width: int, condition: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.condition = nn.Linear(condition, CONDITION)
        sizes = (width + CONDITION, *channels)
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, 5 if number == 0 else 3, stride=1 if number == 0 else 2, padding=2 if number == 0 else 1)
            for number, (a, b) in enumerate(zip(sizes, channels, strict=False))
        )
        self.output = nn.Conv1d(sizes[-1], 1, 3, padding=1)

    def forward(self, trajectories: Tensor, condition: Tensor) -> Judgement:
        """Judge every few tokens of every crop."""
        x = torch.cat([trajectories, self.condition(condition)], dim=-1).transpose(1, 2)
        return _judged(x, self.layers, self.output)


class PlaneDiscriminator(nn.Module):
    """Reads the plane of time and cepstrum, (batch, frames, coefficients), as a picture."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        sizes = (1, *channels)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (5, 5) if number == 0 else (3, 3), stride=2, padding=2 if number == 0 else 1)
            for number, (a, b) in enumerate(zip(sizes, channels, strict=False))
        )
        self.output = nn.Conv2d(sizes[-1], 1, 3, padding=1)

    def forward(self, plane: Tensor) -> Judgement:
        """Judge every patch of every crop."""
        return _judged(plane[:, None], self.layers, self.output)


class Discriminators(nn.Module):
    """Both discriminators, asked together."""

    def __init__(self, width: int, frames: int, condition: int, trajectory: Sequence[int], plane: Sequence[int]) -> None:
        super().__init__()
        self.frames = frames
        self.trajectory = TrajectoryDiscriminator(width * frames, condition, trajectory)
        self.plane = PlaneDiscriminator(plane)

    def forward(self, tokens: Tensor, condition: Tensor) -> list[Judgement]:
        """Judge (batch, tokens, frames * width), of which ``condition`` (batch, tokens, ...) is what the edit read."""
        plane = tokens.reshape(tokens.shape[0], tokens.shape[1] * self.frames, -1)
        return [self.trajectory(tokens, condition), self.plane(plane)]


def _judged(x: Tensor, layers: nn.ModuleList, output: nn.Module) -> Judgement:
    hidden = []
    for layer in layers:
        x = functional.leaky_relu(layer(x), SLOPE)
        hidden.append(x)
    return output(x), hidden
