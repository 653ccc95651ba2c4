"""Checkpoints: one safetensors file holds weights, averaged weights, optimiser, random state and JSON facts.

One file, so that it is either the old one or the new one; no pickle, so that a file from elsewhere cannot run code. Beside it
lies what only grows, of which it says how much counts (:mod:`tts.training.history`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tts.core.errors import TtsError
from tts.core.tensors import load_tensors, save_tensors
from tts.recipe import StagePart, TrainingPart
from tts.training.history import DIAGNOSTICS, HISTORY, HistoryFiles, read_entries

LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass(frozen=True)
class CheckpointFacts:
    """What ``last.safetensors`` holds beside its tensors.

    ``history`` has a line a validation, ``diagnostics`` one a measurement of gradients; of both the file has the number, and
    up to version 0.1.0 had the lines. ``stages`` describe the model.
    ``start_loss`` is the main loss of the very first batch; None in a checkpoint of version 0.1.0.
    """

    step: int
    finished: bool
    history: list[dict[str, float]]
    diagnostics: list[dict[str, float]]
    settings: TrainingPart
    stages: tuple[StagePart, ...]
    start_loss: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, of histories the number of entries."""
        return {
            "step": self.step,
            "finished": self.finished,
            "history": len(self.history),
            "diagnostics": len(self.diagnostics),
            "settings": self.settings.model_dump(mode="json"),
            "stages": [part.model_dump(mode="json") for part in self.stages],
            "start_loss": self.start_loss,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], folder: Path) -> CheckpointFacts:
        """Read what :meth:`to_dict` returned, and what version 0.1.0 wrote; histories lie in ``folder``."""
        history, diagnostics = _histories(data, folder)
        return cls(
            step=int(data["step"]),
            finished=bool(data["finished"]),
            history=history,
            diagnostics=diagnostics,
            settings=TrainingPart.model_validate(data["settings"]),
            stages=tuple(StagePart.model_validate(part) for part in data["stages"]),
            start_loss=data.get("start_loss"),
        )


def _histories(data: Mapping[str, Any], folder: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Return validations and diagnostics: those in a checkpoint's facts, or those of which it says the number."""
    both = []
    for name, file in (("history", HISTORY), ("diagnostics", DIAGNOSTICS)):
        there = data[name]
        both.append(read_entries(folder / file, int(there)) if isinstance(there, int) else there)
    return both[0], both[1]


def save_checkpoint(folder: Path, tensors: dict[str, Tensor], facts: CheckpointFacts, files: HistoryFiles) -> None:
    """Write ``last.safetensors``, after the histories that it refers to."""
    files.write(facts.history, facts.diagnostics)
    save_tensors(folder / LAST, tensors, facts.to_dict())


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], CheckpointFacts] | None:
    """Read ``last.safetensors``; None where there is none. A damaged one raises :class:`TtsError`, which says what to do."""
    path = folder / LAST
    if not path.is_file():
        return None
    try:
        tensors, facts = load_tensors(path)
        return tensors, CheckpointFacts.from_dict(facts, folder)
    except (TtsError, ValidationError, KeyError, TypeError, ValueError) as error:
        why = str(error).removeprefix(f"{path}: ") if isinstance(error, TtsError) else f"damaged ({type(error).__name__})"
        raise TtsError(f"{path}: {why}; delete this file, and the network in {folder} is trained again from step 0") from None


def read_history(path: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Read a checkpoint's validations and diagnostics alone; a damaged file raises :class:`TtsError`."""
    try:
        with safe_open(str(path), framework="np") as stream:
            facts = json.loads((stream.metadata() or {})["facts"])
        return _histories(facts, path.parent)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        what = f"damaged ({type(error).__name__}: {error})"
        raise TtsError(f"{path}: {what}; delete it, and its network is trained anew") from None


def save_best(folder: Path, weights: Mapping[str, Tensor], step: int, loss: float) -> None:
    """Write ``best.safetensors``: the weights that are kept, their step and main validation loss."""
    save_tensors(folder / BEST, dict(weights), {"step": step, "loss": loss})


def load_best(folder: Path) -> tuple[dict[str, Tensor], int, float]:
    """Read ``best.safetensors``: weights, step and loss. A missing or damaged one raises :class:`TtsError`."""
    path = folder / BEST
    try:
        tensors, facts = load_tensors(path)
        return tensors, int(facts["step"]), float(facts["loss"])
    except (TtsError, KeyError, TypeError, ValueError) as error:
        why = str(error).removeprefix(f"{path}: ") if isinstance(error, TtsError) else f"damaged ({type(error).__name__})"
        raise TtsError(f"{path}: {why}; delete {folder}, and the network in it is trained again from step 0") from None


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Return the state of the generators that dropout draws from."""
    state = {"random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["random.cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(tensors: dict[str, Tensor], device: torch.device) -> None:
    """Put back what :func:`random_state` returned."""
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"], device)


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's per-parameter tensors under names ``optimiser.NUMBER.KEY``."""
    state = optimiser.state_dict()["state"]
    return {f"optimiser.{n}.{key}": value for n, entry in state.items() for key, value in entry.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what :func:`optimiser_state` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".", 2)
            state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
