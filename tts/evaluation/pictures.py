"""Pictures of speech and of learning. Optional: ``pip install 'stacked-tts[viz]'``.

Every function takes the path of a png and writes it atomically, without a display.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.pictures import picture, spectrogram

NATURAL, GENERATED = "#333333", "#d1495b"


@dataclass(frozen=True)
class LabelledSignal:
    """A signal to draw: its label, mono samples in -1..1, and optionally its F0 in Hz a frame (0 where unvoiced)."""

    label: str
    signal: np.ndarray
    f0: np.ndarray | None = None


def draw_spectrograms(
    path: Path, sounds: Sequence[LabelledSignal], rate: int, shift: float, *, top: float | None = None
) -> None:
    """Draw the spectrograms of signals one above the other on one time axis, 70 dB deep, with F0 on top where given.

    All signals have ``rate`` Hz; F0 has a value every ``shift`` seconds, read on the right-hand axis. ``top`` (Hz) cuts the
    frequency axis, which ends at half the rate otherwise.
    """
    if not sounds:
        raise TtsError("there is no signal to draw")
    with picture(path, len(sounds), 2.3) as axes:
        for axis, sound in zip(axes, sounds, strict=True):
            level, box = spectrogram(sound.signal, rate)
            loudest = float(level.max())
            axis.imshow(level, origin="lower", aspect="auto", extent=box, cmap="magma", vmin=loudest - 70.0, vmax=loudest)
            axis.set(ylim=(0.0, top or rate / 2.0), ylabel="Hz", title=sound.label)
            if sound.f0 is not None:
                _draw_f0(axis.twinx(), sound.f0, shift)
        axes[0].set_xlim(0.0, max(len(sound.signal) for sound in sounds) / rate)
        axes[-1].set_xlabel("seconds")


def _draw_f0(axis: Any, f0: np.ndarray, shift: float) -> None:
    shown = np.where(f0 > 0.0, f0, np.nan)
    highest = float(np.nanmax(shown)) if (f0 > 0.0).any() else 100.0
    axis.plot(np.arange(len(f0)) * shift, shown, color="#4de3ff", linewidth=1.4)
    axis.set(ylim=(0.0, 2.0 * highest), ylabel="F0 (Hz)")  # the lower half, where it hides the least


def draw_trajectories(
    path: Path, natural: np.ndarray, generated: Mapping[str, np.ndarray], shift: float, coefficients: Sequence[int] = (1, 2, 10)
) -> None:
    """Draw some mel-cepstral coefficients over time, natural against one or several generated ones.

    Arrays have shape (frames, order + 1); each coefficient gets its own axis.
    """
    order = natural.shape[1] - 1
    if not coefficients or not all(0 <= number <= order for number in coefficients):
        raise UsageError(f"coefficients {list(coefficients)} must be among 0..{order}")
    with picture(path, len(coefficients), 1.9) as axes:
        for axis, number in zip(axes, coefficients, strict=True):
            axis.plot(np.arange(len(natural)) * shift, natural[:, number], color=NATURAL, linewidth=1.0, label="natural")
            for place, (label, values) in enumerate(generated.items()):
                axis.plot(np.arange(len(values)) * shift, values[:, number], color=_colour(place), linewidth=1.3, label=label)
            axis.set(ylabel=f"c{number}")
            axis.margins(x=0.0)
        axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(generated) + 1, fontsize="small")
        axes[-1].set_xlabel("seconds")


def draw_global_variance(path: Path, natural: np.ndarray, generated: Mapping[str, np.ndarray]) -> None:
    """Draw the global variance of every mel-cepstral coefficient on a log axis, natural against generated.

    ``natural`` and each of ``generated`` have shape (order,): variances of coefficients 1 to ``order``, as
    ``sums["gv_mcep_natural"] / utterances`` gives them.
    """
    with picture(path, 1, 3.6) as (axis,):
        axis.semilogy(np.arange(1, len(natural) + 1), natural, color=NATURAL, linewidth=2.0, label="natural")
        for place, (label, values) in enumerate(generated.items()):
            axis.semilogy(np.arange(1, len(values) + 1), values, color=_colour(place), label=label)
        axis.set(xlabel="mel-cepstral coefficient", ylabel="global variance", xlim=(1, len(natural)))
        axis.grid(alpha=0.3, which="both")
        axis.legend()


@dataclass(frozen=True)
class Curve:
    """A curve with its uncertainty: its label, and for every point ``x``, ``y`` and the interval of ``y``, low and high."""

    label: str
    points: Sequence[tuple[float, float, float, float]]


def draw_curves(path: Path, curves: Sequence[Curve], levels: Mapping[str, float], *, x: str, y: str) -> None:
    """Draw curves over a logarithmic axis with their intervals as bands, and ``levels`` as horizontal lines by label."""
    with picture(path, 1, 4.2) as (axis,):
        for place, curve in enumerate(curves):
            across, middle, low, high = np.array(curve.points, np.float64).T
            # Colours come again after six curves, markers after five: thirty curves differ.
            axis.plot(across, middle, color=_colour(place), marker="osD^v"[place % 5], label=curve.label)
            axis.fill_between(across, low, high, color=_colour(place), alpha=0.15, linewidth=0)
        for label, value in levels.items():
            axis.axhline(value, color=NATURAL, linestyle="--", linewidth=1.0, label=label)
        axis.set_xscale("log")
        ticks = sorted({point[0] for curve in curves for point in curve.points})
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        axis.set_xticks([], minor=True)
        axis.set(xlabel=x, ylabel=y)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small", ncols=2)


def _colour(place: int) -> str:
    return (GENERATED, "#00798c", "#edae49", "#66a182", "#8d5a97", "#2e4057")[place % 6]
