"""Weights in safetensors files as numpy arrays, and whether they are those of a network: without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from tts.core.errors import Damaged, Missing, TtsError

Shapes = Mapping[str, tuple[int, ...]]


def shapes_in(path: Path, framework: str = "np") -> dict[str, tuple[int, ...]]:
    """Return names and shapes of what a file holds, reading nothing but its head; raises as :func:`read_weights`."""
    try:
        with safe_open(str(path), framework=framework) as stream:
            return {name: tuple(stream.get_slice(name).get_shape()) for name in stream.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise Missing(f"{path}: this file is missing") from None
    except (SafetensorError, OSError) as error:
        raise unreadable(path, error) from None


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a file's arrays as float32; raises :class:`Missing`, or :class:`Damaged` for what numpy cannot hold too."""
    try:
        with safe_open(str(path), framework="np") as stream:
            return {name: np.asarray(stream.get_tensor(name), dtype=np.float32) for name in stream.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise Missing(f"{path}: this file is missing") from None
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(path, error) from None


def refuse_misfit(wanted: Shapes, given: Shapes, where: Path) -> None:
    """Raise :class:`TtsError` unless the weights of the file ``where`` have the names and shapes that a network wants."""
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - given.keys())]
    wrong += [f"{name} is not wanted" for name in sorted(given.keys() - wanted.keys())]
    both = sorted(wanted.keys() & given.keys())
    wrong += [f"{name} is {given[name]}, wanted {wanted[name]}" for name in both if given[name] != wanted[name]]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise TtsError(f"{where}: the weights do not fit the network: {'; '.join(wrong[:5])}{more}")


def unreadable(path: Path, error: Exception) -> Damaged:
    """Return the error of a file that is no safetensors file."""
    return Damaged(f"{path}: cannot be read as safetensors ({error}); the file is damaged or not one of ours")
