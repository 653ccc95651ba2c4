"""The classic objective scores, as sums over frames from which any pool of utterances is exact.

The definitions are those of the Merlin toolkit (Wu, Watts and King, SSW9 2016): frame errors are pooled over all frames of a
set (sum of errors / number of frames, not a mean of utterance means). An utterance becomes :data:`Sums`, named additive
statistics; a pool is their sum; a score is a function of sums. The score functions here also take sums with leading axes
(resamples of a bootstrap) and return an array of those axes; where nothing was counted they return nan.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tts.core.errors import TtsError

Sums = Mapping[str, np.ndarray]  # additive statistics of an utterance or a pool, by name
Streams = Mapping[str, np.ndarray]  # mcep, lf0, vuv, bap: arrays of shape (frames, dimension)

MCD_FACTOR = 10.0 * np.sqrt(2.0) / np.log(10.0)  # 6.1418: Euclidean cepstral distance to dB (Kubichek 1993)
GROSS_F0_HZ = 60.0  # a larger F0 error is an octave slip or a voicing accident rather than prosody
_NOTHING = np.zeros(())


def frame_mcd(natural: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Return the mel-cepstral distortion of every frame in dB, shape (frames,), from two arrays (frames, order + 1).

    ``10 / ln 10 * sqrt(2 sum_{d >= 1} (c_d - c'_d)^2)``; the energy c_0 is left out.
    """
    return np.asarray(MCD_FACTOR * _distance(natural[:, 1:], generated[:, 1:]))


def frame_bap_distortion(natural: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Return the band aperiodicity distortion of every frame, shape (frames,), from two arrays (frames, bands) in dB.

    ``sqrt(sum_d (b_d - b'_d)^2) / 10``: Merlin's scale, without the factor of the MCD.
    """
    return _distance(natural, generated) / 10.0


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.square(np.asarray(a, np.float64) - b).sum(axis=1)))


def voiced(streams: Streams) -> np.ndarray:
    """Return which frames are voiced, bool of shape (frames,): those whose ``vuv`` is at least one half."""
    return streams["vuv"][:, 0] >= 0.5


def acoustic_sums(natural: Streams, generated: Streams, keep: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return the sums behind MCD, BAP distortion, F0 and voicing scores of one utterance.

    Both hold ``mcep`` (frames, order + 1), ``lf0`` (frames, 1; natural log of Hz, read where voiced), ``vuv`` (frames, 1) and
    ``bap`` (frames, bands) over the same frames. ``keep``, bool of shape (frames,), says which frames count: pass the frames
    that are not silence. Raises :class:`TtsError` where shapes differ or a value is not finite.
    """
    names = ("mcep", "lf0", "vuv", "bap")
    check_pair(natural, generated, names, keep)
    mask = np.ones(len(natural["mcep"]), bool) if keep is None else keep
    a, b = ({name: streams[name][mask] for name in names} for streams in (natural, generated))
    voiced_a, voiced_b = voiced(a), voiced(b)
    both = voiced_a & voiced_b
    f0_a, f0_b = (np.exp(streams["lf0"][both, 0].astype(np.float64)) for streams in (a, b))
    return {
        "frames": np.asarray(float(mask.sum())),
        "mcd": frame_mcd(a["mcep"], b["mcep"]).sum(),
        "bap": frame_bap_distortion(a["bap"], b["bap"]).sum(),
        "voicing_errors": np.asarray(float((voiced_a != voiced_b).sum())),
        "f0_gross": np.asarray(float((np.abs(f0_a - f0_b) > GROSS_F0_HZ).sum())),
        **pair_sums("f0", f0_a, f0_b),
    }


def duration_sums(natural: np.ndarray, predicted: np.ndarray, keep: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return the sums behind the duration scores, per phone and per state, of one utterance.

    Both are frame counts of shape (segments, states); ``keep``, bool of shape (segments,), says which segments count: pass
    those that are not silence. Raises :class:`TtsError` where the shapes differ.
    """
    if natural.shape != predicted.shape or natural.ndim != 2:
        raise TtsError(f"durations of shapes {natural.shape} and {predicted.shape} are not the same segments and states")
    mask = np.ones(len(natural), bool) if keep is None else keep
    a, b = natural[mask].astype(np.float64), predicted[mask].astype(np.float64)
    return {**pair_sums("phones", a.sum(axis=1), b.sum(axis=1)), **pair_sums("states", a.ravel(), b.ravel())}


def check_pair(natural: Streams, generated: Streams, names: tuple[str, ...], keep: np.ndarray | None) -> None:
    """Raise :class:`TtsError` unless both hold finite arrays of one shape for every name and ``keep`` fits their frames."""
    frames = len(natural[names[0]])
    for name in names:
        shapes = natural[name].shape, generated[name].shape
        if shapes[0] != shapes[1] or shapes[0][0] != frames or len(shapes[0]) != 2:
            raise TtsError(f"stream {name}: natural {shapes[0]} and generated {shapes[1]} must be one (frames, dimension)")
        for side, streams in (("natural", natural), ("generated", generated)):
            if not np.isfinite(streams[name]).all():
                raise TtsError(f"stream {name}: the {side} values are not all finite, so they cannot be scored")
    if keep is not None and (keep.shape != (frames,) or keep.dtype != bool):
        raise TtsError(f"the frame mask must be bool of shape ({frames},), not {keep.dtype} of shape {keep.shape}")


def pair_sums(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return what :func:`rmse` and :func:`correlation` need of paired values ``x`` and ``y``, under the prefix ``name``.

    The squared difference has its own sum: taken from the other moments, it would lose half its digits.
    """
    values = {"count": np.ones_like(x), "square": (x - y) ** 2, "x": x, "y": y, "xx": x * x, "yy": y * y, "xy": x * y}
    return {f"{name}_{key}": value.sum() for key, value in values.items()}


def total(sums: Sums, name: str) -> np.ndarray:
    """Return a sum by name; what was never counted is zero."""
    return np.asarray(sums.get(name, _NOTHING))


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, giving nan where the denominator is zero."""
    return np.asarray(numerator / np.where(denominator == 0.0, np.nan, denominator))


def mcd(sums: Sums) -> np.ndarray:
    """Mel-cepstral distortion in dB: mean of :func:`frame_mcd` over all frames."""
    return divide(total(sums, "mcd"), total(sums, "frames"))


def bap_distortion(sums: Sums) -> np.ndarray:
    """Band aperiodicity distortion: mean of :func:`frame_bap_distortion` over all frames."""
    return divide(total(sums, "bap"), total(sums, "frames"))


def voicing_error(sums: Sums) -> np.ndarray:
    """Percentage of all frames that are voiced in exactly one of the two."""
    return divide(100.0 * total(sums, "voicing_errors"), total(sums, "frames"))


def gross_f0_error(sums: Sums) -> np.ndarray:
    """Percentage of the frames voiced in both whose F0 differs by more than 60 Hz."""
    return divide(100.0 * total(sums, "f0_gross"), total(sums, "f0_count"))


def rmse(sums: Sums, name: str) -> np.ndarray:
    """RMS difference of the pairs ``name``: ``f0`` in Hz over frames voiced in both, ``phones`` or ``states`` in frames."""
    return np.asarray(np.sqrt(divide(total(sums, f"{name}_square"), total(sums, f"{name}_count"))))


def correlation(sums: Sums, name: str) -> np.ndarray:
    """Pearson correlation of the pairs ``name``; nan where either side does not vary."""
    n, x, y, xx, yy, xy = (total(sums, f"{name}_{key}") for key in ("count", "x", "y", "xx", "yy", "xy"))
    spread_x, spread_y = (np.where(n * sq - s * s > 1e-10 * n * sq, n * sq - s * s, 0.0) for s, sq in ((x, xx), (y, yy)))
    return np.asarray(np.clip(divide(n * xy - x * y, np.sqrt(spread_x * spread_y)), -1.0, 1.0))
