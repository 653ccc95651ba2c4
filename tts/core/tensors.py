"""Tensors with facts as one safetensors file: either the old one or the new one, and no pickle, so that a file from elsewhere
cannot run code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tts.core.errors import Missing
from tts.core.files import replacing
from tts.core.weights import refuse_misfit, shapes_in, unreadable


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
        raise unreadable(path, error) from None


def load_weights(module: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Copy tensors into a module; names or shapes that differ raise :class:`TtsError` naming them."""
    refuse_misfit(_shapes(module), {name: tuple(tensor.shape) for name, tensor in tensors.items()}, where)
    module.load_state_dict(tensors)


def check_weights(module: nn.Module, path: Path) -> None:
    """Raise as :func:`load_weights` would, reading nothing of the file but its head; ``module`` may be on the meta device."""
    refuse_misfit(_shapes(module), shapes_in(path, "pt"), path)


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
