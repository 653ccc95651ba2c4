"""WORLD analysis into named streams, and synthesis from them (Morise, Yokomori and Ozawa 2016).

``mcep`` is the mel-cepstrum of CheapTrick's envelope, ``lf0`` log F0 through voiced and unvoiced alike, ``vuv`` the voicing,
``bap`` D4C's aperiodicity in dB in bands of 3 kHz. WORLD ends the process on an impossible F0 or FFT size, so everything is
checked before it is called.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyworld

from tts.analysis.dynamics import interpolate_lf0
from tts.analysis.f0 import TRACKERS, check_range
from tts.analysis.mcep import to_log_power, to_mcep
from tts.analysis.voicing import pitch
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.stream import Stream

POWER_FLOOR = 1e-11  # a tenth of the envelope of 16-bit rounding noise; digital silence has none
SYNTHESIS_F0 = (30.0, 1500.0)  # Hz: what WORLD's synthesis can take at every rate, and no voice leaves


@dataclass(frozen=True)
class AnalysisSettings:
    """What is kept of an envelope, and who tracks F0 (a name in :data:`tts.analysis.f0.TRACKERS`)."""

    mcep_order: int = 59
    f0_tracker: str = "combined"

    def __post_init__(self) -> None:
        if not 10 <= self.mcep_order <= 99:
            raise UsageError(f"mcep_order {self.mcep_order} is outside 10..99")
        if self.f0_tracker not in TRACKERS:
            raise UsageError(f"f0_tracker {self.f0_tracker!r} is not known; choose one of {', '.join(TRACKERS)}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; ``AnalysisSettings(**data)`` is its inverse."""
        return asdict(self)


@dataclass(frozen=True)
class Parameters:
    """The main streams of a recording, each (frames, dimension): ``vuv`` 0 or 1, ``lf0`` in log Hz, ``bap`` in dB."""

    mcep: np.ndarray
    lf0: np.ndarray
    vuv: np.ndarray
    bap: np.ndarray

    @property
    def f0(self) -> np.ndarray:
        """F0 in Hz (frames,), 0 where unvoiced."""
        return np.where(self.vuv[:, 0] >= 0.5, np.exp(self.lf0[:, 0]), 0.0)

    def to_dict(self) -> dict[str, np.ndarray]:
        """Return the arrays by stream name."""
        return {"mcep": self.mcep, "lf0": self.lf0, "vuv": self.vuv, "bap": self.bap}


def streams(grid: FrameGrid, settings: AnalysisSettings | None = None) -> tuple[Stream, ...]:
    """Return the main streams on this grid: ``mcep``, ``lf0``, ``vuv``, ``bap``."""
    order = (settings or AnalysisSettings()).mcep_order
    return (
        Stream("mcep", order + 1, dynamic=True),
        Stream("lf0", 1, dynamic=True),
        Stream("vuv", 1, kind="binary"),
        Stream("bap", grid.bands, dynamic=True),
    )


def analyse(
    signal: np.ndarray, grid: FrameGrid, f0_range: tuple[float, float], settings: AnalysisSettings | None = None
) -> Parameters:
    """Analyse ``signal`` (samples,) at the grid's rate into float64 streams of ``grid.frames(samples)`` frames, all finite.

    ``f0_range`` is the speaker's in Hz (see :func:`tts.analysis.f0.find_f0_range`). Raises :class:`TtsError` for a signal that
    is empty, not mono or not finite.
    """
    settings = settings or AnalysisSettings()
    check_range(*f0_range)
    signal = _checked_signal(signal)
    frames = grid.frames(len(signal))
    f0 = pitch(signal, grid, *f0_range, settings.f0_tracker)
    times = np.arange(frames) * grid.shift
    rate, fft_size = grid.sample_rate, grid.fft_size
    # Below the F0 whose window the FFT can hold CheapTrick would fall back on 500 Hz, right in the middle of a creak.
    longest = 3.0 * rate / (fft_size - 3.0) + 0.1
    power = pyworld.cheaptrick(signal, np.where(f0 > 0, np.maximum(f0, longest), 0.0), times, rate, fft_size=fft_size)
    # Threshold 0: D4C must not overrule the voicing.
    aperiodicity = pyworld.d4c(signal, f0, times, rate, threshold=0.0, fft_size=fft_size)
    parameters = Parameters(
        mcep=to_mcep(np.log(np.maximum(power, POWER_FLOOR)), grid, settings.mcep_order),
        lf0=interpolate_lf0(f0, unvoiced=float(np.sqrt(f0_range[0] * f0_range[1])))[:, None],
        vuv=(f0 > 0).astype(np.float64)[:, None],
        bap=pyworld.code_aperiodicity(aperiodicity, rate),
    )
    for stream in streams(grid, settings):
        check_stream(stream.name, getattr(parameters, stream.name), frames, stream.dimension)
    return parameters


def synthesise(mcep: np.ndarray, lf0: np.ndarray, vuv: np.ndarray, bap: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Synthesise float64 samples (``grid.samples(frames)``,) from the four main streams, statics only; not clipped.

    A frame is voiced where ``vuv`` is at least 0.5; unvoiced frames are noise whatever their ``lf0`` and ``bap`` say. Raises
    :class:`TtsError` for streams of wrong shape, not finite, or with a voiced F0 outside 30..1500 Hz.
    """
    check_spoken(mcep, lf0, vuv, bap, grid)
    frames = len(mcep)
    is_voiced = np.asarray(vuv)[:, 0] >= 0.5
    f0 = np.zeros(frames)
    f0[is_voiced] = np.exp(np.asarray(lf0, dtype=np.float64)[is_voiced, 0])
    with np.errstate(over="ignore"):
        power = np.exp(to_log_power(np.asarray(mcep, dtype=np.float64), grid))
    if not np.isfinite(power).all():
        raise TtsError("the mel-cepstrum is too large to be a spectrum; the values that made it are wrong")
    coded = np.clip(np.ascontiguousarray(bap, dtype=np.float64), -60.0, 0.0)
    aperiodicity = pyworld.decode_aperiodicity(coded, grid.sample_rate, grid.fft_size)
    aperiodicity[~is_voiced] = 1.0
    signal = pyworld.synthesize(f0, np.ascontiguousarray(power), aperiodicity, grid.sample_rate, grid.shift_ms)
    return signal[: grid.samples(frames)]  # WORLD adds the rest of the last frame, which would count as one frame more


def check_spoken(mcep: np.ndarray, lf0: np.ndarray, vuv: np.ndarray, bap: np.ndarray, grid: FrameGrid) -> None:
    """Raise :class:`TtsError` unless the streams are what :func:`synthesise` can take."""
    frames = len(mcep)
    if frames == 0:
        raise TtsError("there are no frames to synthesise")
    for name, values, dimension in (("mcep", mcep, None), ("lf0", lf0, 1), ("vuv", vuv, 1), ("bap", bap, grid.bands)):
        check_stream(name, values, frames, dimension)
    spoken = np.asarray(lf0, np.float64)[np.asarray(vuv)[:, 0] >= 0.5, 0]
    lowest, highest = SYNTHESIS_F0
    with np.errstate(over="ignore"):
        f0 = np.exp(spoken)
    if len(f0) and not (lowest <= f0.min() and f0.max() <= highest):
        raise TtsError(
            f"F0 of {f0.min():g} to {f0.max():g} Hz cannot be synthesised; it must stay within {lowest:g}..{highest:g} Hz"
        )


def check_stream(name: str, values: np.ndarray, frames: int, dimension: int | None = None) -> None:
    """Raise :class:`TtsError` unless ``values`` is finite and (frames, dimension); any dimension will do for None."""
    if values.ndim != 2 or len(values) != frames or dimension not in (None, values.shape[1]):
        expected = f"({frames}, {'any' if dimension is None else dimension})"
        raise TtsError(f"stream {name} has shape {values.shape}, expected {expected}")
    if not np.isfinite(values).all():
        raise TtsError(f"stream {name} has values that are not finite")


def _checked_signal(signal: np.ndarray) -> np.ndarray:
    if signal.ndim != 1 or len(signal) == 0:
        raise TtsError(f"a recording is one row of samples, not an array of shape {signal.shape}")
    if not np.isfinite(signal).all():
        raise TtsError("the recording has samples that are not finite")
    return np.ascontiguousarray(signal, dtype=np.float64)
