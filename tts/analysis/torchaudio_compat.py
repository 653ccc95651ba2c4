"""The one place that imports torchaudio.

torchaudio 2.11 is the last release. Its Linux wheel is built against CUDA 13, so beside a CPU-only torch (or a torch of
another CUDA version) ``import torchaudio`` fails while loading its native extension, although the mel filters, resampling
and other functions that are wanted here are pure torch. The import is then repeated with a stand-in for the private module
that loads the extension, which is why the dependency is bounded to ``torchaudio<2.12``.

IIR filters are a thousand times slower without the extension: use :mod:`scipy.signal` for those.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tts.core.errors import TtsError

log = logging.getLogger(__name__)


def import_torchaudio() -> ModuleType:
    """Return the torchaudio module, with or without its native extension.

    Raises :class:`TtsError` where torchaudio is not installed or does not import even without its extension.
    """
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "torchaudio":
            raise TtsError("torchaudio is not installed; install it with: pip install 'torchaudio>=2.11,<2.12'") from None
        log.debug("torchaudio's native extension does not load (%s); using its pure-torch functions", error)
    _forget_torchaudio()
    sys.modules["torchaudio._extension"] = _stand_in()
    try:
        return importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError) as error:
        _forget_torchaudio()
        raise TtsError(f"torchaudio cannot be imported ({error}); install torchaudio>=2.11,<2.12 beside torch>=2.11") from error


def _forget_torchaudio() -> None:
    """Drop what a failed import left behind, so that the next one starts afresh."""
    for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
        del sys.modules[name]


def _stand_in() -> ModuleType:
    """Return a module with the names that the rest of torchaudio reads from ``torchaudio._extension``."""
    module = ModuleType("torchaudio._extension")
    vars(module).update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=_refuse,
    )
    return module


def _refuse(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that needs the native extension: calling it says so."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its native extension, which does not load here")

    return refuse
