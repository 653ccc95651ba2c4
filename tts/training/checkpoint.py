"""Checkpoints: one safetensors file holds weights, averaged weights, optimiser, random state and JSON facts.

One file, so that it is either the old one or the new one; no pickle, so that a file from elsewhere cannot run code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tts.errors import TtsError
from tts.files import replacing


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and JSON-able ``facts`` as one safetensors file, atomically."""
    plain = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(plain, str(temporary), metadata={"facts": json.dumps(facts, sort_keys=True)})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote; a missing or damaged file raises :class:`TtsError`."""
    try:
        with safe_open(str(path), framework="pt") as stream:
            facts = json.loads((stream.metadata() or {}).get("facts", "{}"))
            return {name: stream.get_tensor(name) for name in stream.keys()}, facts  # noqa: SIM118
    except FileNotFoundError:
        raise TtsError(f"{path}: this file is missing") from None
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise TtsError(f"{path}: cannot be read as safetensors ({error}); the file is damaged or not one of ours") from None


def load_weights(module: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Copy tensors into a module; names or shapes that differ raise :class:`TtsError` naming them."""
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - given.keys())]
    wrong += [f"{name} is not wanted" for name in sorted(given.keys() - wanted.keys())]
    both = sorted(wanted.keys() & given.keys())
    wrong += [f"{name} is {given[name]}, wanted {wanted[name]}" for name in both if given[name] != wanted[name]]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise TtsError(f"{where}: the weights do not fit the network: {'; '.join(wrong[:5])}{more}")
    module.load_state_dict(tensors)


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
