"""One step of the edit's training: the discriminators learn to tell its trajectories from natural ones, then it learns of them.

Least-squares adversarial loss (Mao, Li, Xie, Lau, Wang and Smolley, ICCV 2017), the distance between the discriminators' hidden
layers (feature matching; Salimans and others, NeurIPS 2016), and a leash: the mean square of the edit itself. Without the leash
the edit grows to natural variance that has nothing to do with the sentence, and listeners' models like it less with every step.

The network's outputs, and so the leash, are in units of what is wrong with each coefficient on the training frames (the root
mean square of natural minus scaled): low coefficients, which networks predict well, are held shorter than high ones, which they
guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tts.core.errors import TtsError
from tts.core.seeds import derived_seed
from tts.core.tensors import load_weights
from tts.generation.editing import FIRST
from tts.network.discriminators import Discriminators
from tts.network.edit import Edit, root_mean_square_norm
from tts.recipe.edit import EditPart
from tts.training.checkpoint import optimiser_state, restore_optimiser
from tts.training.edit_data import EditCrops
from tts.training.optimiser import FUSED, FiniteCheck, WeightAverage, clip_gradient

BETAS = (0.5, 0.9)  # of Adam where two networks learn against each other


def make_discriminators(part: EditPart, edit: Edit, streams: int, hidden: int, seed: int) -> Discriminators:
    """Return new discriminators for an edit that reads ``streams`` values a frame and a hidden layer of width ``hidden``."""
    torch.manual_seed(derived_seed(seed, 255, 8))
    condition = part.frames * streams + hidden
    return Discriminators(edit.outputs, part.frames, condition, part.trajectory_discriminator, part.plane_discriminator)


class EditLearner:
    """An edit, its discriminators, their optimisers, and the average of the edit's weights; ``steps_done`` counts steps.

    The crops of a step follow from the seed and its number, and nothing else is drawn at random, so that a training that goes
    on from :meth:`state` ends as one that was not interrupted.
    """

    def __init__(self, part: EditPart, edit: Edit, discriminators: Discriminators, crops: EditCrops) -> None:
        self.part, self.crops = part, crops
        self.edit, self.discriminators = edit.to(crops.device), discriminators.to(crops.device)
        self.optimisers = {name: self._optimiser(network) for name, network in self._networks.items()}
        self.average = WeightAverage(self.edit, part.average) if part.average else None
        self.finite = FiniteCheck(crops.device)
        self.steps_done = 0
        self.units = crops.errors(self.edited_part, self.edit.outputs).repeat(part.frames)

    @property
    def _networks(self) -> dict[str, nn.Module]:
        return {"edit": self.edit, "discriminators": self.discriminators}

    def _optimiser(self, network: nn.Module) -> torch.optim.AdamW:
        fused = True if self.crops.device.type in FUSED else None
        return torch.optim.AdamW(network.parameters(), lr=self.part.learning_rate, betas=BETAS, fused=fused)

    def step(self) -> dict[str, Tensor]:
        """Take one step of both; return the losses, scalars, by name."""
        part = self.part
        self.edit.train()
        trajectories, hidden, natural = self.crops(self.steps_done, max(1, part.batch // self.crops.crop))
        condition = torch.cat([trajectories, root_mean_square_norm(hidden)], dim=-1)
        change = self.edit(trajectories, hidden)
        edited = self.edited_part(trajectories) + self.units * change
        losses = {"discriminators": self._teach_discriminators(natural, edited.detach(), condition)}
        with torch.no_grad():
            real = [layers for _, layers in self.discriminators(natural, condition)]
        judged = self.discriminators(edited, condition)
        losses["adversarial"] = torch.stack([(score - 1.0).square().mean() for score, _ in judged]).sum()
        losses["feature_matching"] = torch.stack(
            [_feature_distance(a, layers) for a, (_, layers) in zip(real, judged, strict=True)]
        ).sum()
        losses["edit"] = change.square().mean()
        total = losses["adversarial"] + part.feature_matching * losses["feature_matching"] + part.leash * losses["edit"]
        self._update("edit", total)
        if self.average is not None:
            self.average.after_step(self.steps_done)
        self.steps_done += 1
        if self.steps_done % FiniteCheck.EVERY == 0:
            self.finite.require("edit")
        return {name: loss.detach() for name, loss in losses.items()}

    def edited_part(self, trajectories: Tensor) -> Tensor:
        """Return of what is read what is edited: (batch, tokens, frames * coefficients)."""
        batch, tokens, width = trajectories.shape
        frames = trajectories.view(batch, tokens, self.part.frames, width // self.part.frames)
        return frames[..., FIRST : FIRST + self.edit.outputs].reshape(batch, tokens, -1)

    def _teach_discriminators(self, natural: Tensor, edited: Tensor, condition: Tensor) -> Tensor:
        real, made = self.discriminators(natural, condition), self.discriminators(edited, condition)
        loss = torch.stack(
            [(a - 1.0).square().mean() + b.square().mean() for (a, _), (b, _) in zip(real, made, strict=True)]
        ).sum()
        self._update("discriminators", loss)
        return loss

    def _update(self, name: str, loss: Tensor) -> None:
        network, optimiser = self._networks[name], self.optimisers[name]
        for group in optimiser.param_groups:
            group["lr"] = self.part.learning_rate * (1.0 - self.steps_done / self.part.steps)
        optimiser.zero_grad(set_to_none=True)
        parameters = list(network.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        self.finite.note(clip_gradient(parameters, self.part.clip), self.steps_done)
        optimiser.step()

    def kept_weights(self) -> dict[str, Tensor]:
        """Return the weights that are validated and kept: the average where there is one, its output in deviations."""
        weights = self.edit.state_dict() if self.average is None else self.average.values
        return scaled_output({name: value.detach().clone() for name, value in weights.items()}, self.units)

    def state(self) -> dict[str, Tensor]:
        """Return copies of all tensors that training goes on from."""
        tensors = {f"average.{name}": value for name, value in (self.average.values if self.average else {}).items()}
        for name, network in self._networks.items():
            tensors |= {f"{name}.weights.{key}": value for key, value in network.state_dict().items()}
            tensors |= {f"{name}.{key}": value for key, value in optimiser_state(self.optimisers[name]).items()}
        return {name: value.detach().clone() for name, value in tensors.items()}

    def load_state(self, tensors: Mapping[str, Tensor], source: Path) -> None:
        """Go on from what :meth:`state` returned; what does not fit raises :class:`TtsError` naming ``source``."""
        try:
            for name, network in self._networks.items():
                load_weights(network, _within(tensors, f"{name}.weights."), source)
                own = {f"optimiser.{key}": value for key, value in _within(tensors, f"{name}.optimiser.").items()}
                restore_optimiser(self.optimisers[name], own)
            if self.average is not None:
                self.average.load(_within(tensors, "average."))
        except (KeyError, ValueError) as error:
            raise TtsError(f"{source}: is not of this edit ({error}); delete the file, and the edit is trained again") from None


def scaled_output(weights: dict[str, Tensor], scale: float | Tensor) -> dict[str, Tensor]:
    """Return an edit's weights with its output multiplied by ``scale``, one number or one for each output."""

    def scaled(name: str, value: Tensor) -> Tensor:
        by_row = scale[:, None] if isinstance(scale, Tensor) and value.ndim == 2 else scale
        return value * by_row if name.startswith("output.") else value

    return {name: scaled(name, value) for name, value in weights.items()}


def _within(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _feature_distance(natural: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """Return the mean over hidden layers of their mean absolute distance."""
    return torch.stack([(a - b).abs().mean() for a, b in zip(natural, made, strict=True)]).mean()
