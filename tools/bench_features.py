"""Measure how fast the feature extractors are, as real-time factors: CPU seconds per second of audio, on one thread.

    python tools/bench_features.py                     # a synthetic voice at 16, 24 and 48 kHz
    python tools/bench_features.py one.flac two.wav    # recordings, each at its own rate

Each number is the best of several runs, after one to warm up. Machines differ: read the columns as ratios.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
import scipy.signal

from tts.analysis.energy import energy
from tts.analysis.formants import formant_features
from tts.analysis.gammatone import excitation_pattern, gammatone_spectrum
from tts.analysis.lsf import line_spectral_frequencies
from tts.analysis.mel import mel_spectrum
from tts.core.audio import read_audio
from tts.core.grid import FrameGrid

EXTRACTORS: list[Callable[[np.ndarray, FrameGrid], np.ndarray]] = [
    energy,
    mel_spectrum,
    gammatone_spectrum,
    excitation_pattern,
    line_spectral_frequencies,
    formant_features,
]


def synthetic_voice(rate: int, seconds: float = 5.0) -> np.ndarray:
    """Return pulses of 120 Hz and noise by turns of half a second, through two resonances."""
    rng = np.random.default_rng(0)
    samples = int(rate * seconds)
    source = np.diff(np.floor(np.arange(samples) * 120.0 / rate), prepend=0.0)
    source = np.where(np.arange(samples) // (rate // 2) % 2, source, 0.05 * rng.standard_normal(samples))
    for hertz in (600.0, 1500.0):
        pole = 0.98 * np.exp(2j * np.pi * hertz / rate)
        source = scipy.signal.lfilter([1.0], [1.0, -2.0 * pole.real, abs(pole) ** 2], source)
    source = source + 1e-5 * np.abs(source).max() * rng.standard_normal(samples)
    return np.asarray(0.5 * source / np.abs(source).max())


def real_time_factor(
    extractor: Callable[[np.ndarray, FrameGrid], np.ndarray], signal: np.ndarray, rate: int, runs: int
) -> float:
    """Return the least CPU time of ``runs`` runs over the length of ``signal``."""
    grid = FrameGrid(rate)
    extractor(signal, grid)
    times = []
    for _ in range(runs):
        start = time.process_time()
        extractor(signal, grid)
        times.append(time.process_time() - start)
    return min(times) * rate / len(signal)


def processor() -> str:
    """Return the name of the processor, as well as it can be known."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Print one table: a row an extractor, a column a signal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recordings", nargs="*", type=Path, help="wav, flac, ogg or mp3 files; a synthetic voice without any")
    parser.add_argument("--runs", type=int, default=5, help="runs, of which the best counts (default 5)")
    options = parser.parse_args()
    signals = {path.name: read_audio(path, channel="mix") for path in options.recordings}
    if not signals:
        signals = {f"{rate} Hz": (synthetic_voice(rate), rate) for rate in (16_000, 24_000, 48_000)}
    print(f"{processor()}, {os.cpu_count()} cores, one used; Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}, scipy {scipy.__version__}; CPU seconds per second of audio, best of {options.runs}")
    print(f"{'':28}" + "".join(f"{name:>20}" for name in signals))
    for extractor in EXTRACTORS:
        factors = [real_time_factor(extractor, signal, rate, options.runs) for signal, rate in signals.values()]
        print(f"{extractor.__name__:28}" + "".join(f"{factor:20.4f}" for factor in factors), flush=True)


if __name__ == "__main__":
    main()
