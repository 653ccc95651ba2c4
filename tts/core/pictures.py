"""Drawing without a display, into a png written atomically. Optional: ``pip install 'stacked-tts[viz]'``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import UsageError
from tts.core.files import replacing

WIDTH = 10.0  # inches


def require_pictures() -> None:
    """Raise :class:`UsageError` unless matplotlib is installed."""
    _pyplot()


def _pyplot() -> tuple[Any, Any]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("pictures need matplotlib; install it with: pip install 'stacked-tts[viz]'") from None
    return Figure, FigureCanvasAgg


@contextmanager
def picture(path: Path, rows: int, height: float) -> Iterator[list[Any]]:
    """Yield ``rows`` stacked axes of ``height`` inches each; write the png at the end."""
    if path.suffix != ".png":
        raise UsageError(f"{path}: pictures are written as .png")
    figure_class, canvas = _pyplot()
    figure = figure_class(figsize=(WIDTH, height * rows + 0.4), dpi=110, layout="constrained")
    canvas(figure)
    yield list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def spectrogram(signal: np.ndarray, rate: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Return the level in dB (frequencies, times) seen through Gaussian windows of 25 ms, and the extent in seconds and Hz."""
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import gaussian

    width = round(0.025 * rate)
    transform = ShortTimeFFT(gaussian(width, width / 6.0), round(0.002 * rate), rate, mfft=2048, scale_to="magnitude")
    padded = np.pad(np.asarray(signal, np.float64), (0, max(0, width - len(signal))))
    return 20.0 * np.log10(np.abs(transform.stft(padded)) + 1e-9), transform.extent(len(padded))
