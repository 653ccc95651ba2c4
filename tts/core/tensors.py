"""Tensors with facts as one safetensors file: either the old one or the new one, and no pickle, so that a file from elsewhere
cannot run code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tts.core.errors import Damaged, Missing, TtsError
from tts.core.files import replacing


def save_tensors(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and JSON-able ``facts`` as one safetensors file, atomically."""
    plain = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(plain, str(temporary), metadata={"facts": json.dumps(facts, sort_keys=True)})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote; raises :class:`Missing` or :class:`Damaged`."""
    try:
        with safe_open(str(path), framework="pt") as stream:
            facts = json.loads((stream.metadata() or {}).get("facts", "{}"))
            return {name: stream.get_tensor(name) for name in stream.keys()}, facts  # noqa: SIM118
    except FileNotFoundError:
        raise Missing(f"{path}: this file is missing") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def load_weights(module: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Copy tensors into a module; names or shapes that differ raise :class:`TtsError` naming them."""
    _refuse_misfit(module, {name: tuple(tensor.shape) for name, tensor in tensors.items()}, where)
    module.load_state_dict(tensors)


def check_weights(module: nn.Module, path: Path) -> None:
    """Raise as :func:`load_weights` would, reading nothing of the file but its head; ``module`` may be on the meta device."""
    try:
        with safe_open(str(path), framework="pt") as stream:
            given = {name: tuple(stream.get_slice(name).get_shape()) for name in stream.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise Missing(f"{path}: this file is missing") from None
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from None
    _refuse_misfit(module, given, path)


def _refuse_misfit(module: nn.Module, given: Mapping[str, tuple[int, ...]], where: Path) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - given.keys())]
    wrong += [f"{name} is not wanted" for name in sorted(given.keys() - wanted.keys())]
    both = sorted(wanted.keys() & given.keys())
    wrong += [f"{name} is {given[name]}, wanted {wanted[name]}" for name in both if given[name] != wanted[name]]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise TtsError(f"{where}: the weights do not fit the network: {'; '.join(wrong[:5])}{more}")


def _unreadable(path: Path, error: Exception) -> Damaged:
    return Damaged(f"{path}: cannot be read as safetensors ({error}); the file is damaged or not one of ours")
