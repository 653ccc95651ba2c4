"""Merlin's acoustic features: ``ID.mgc``, ``ID.lf0`` and ``ID.bap``, float32 without header, one frame after the other.

Made by Merlin's ``misc/scripts/vocoder/world/extract_features_for_merlin.sh``: ``lf0`` is the natural logarithm of F0, -1e10
where unvoiced; ``mgc`` the mel-cepstrum of WORLD's envelope for samples of 16-bit range, so that its first coefficient is
ln 32768 above that of samples within -1..1; ``bap`` WORLD's band aperiodicity in dB. Bytes are little-endian.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from tts.analysis.dynamics import interpolate_lf0
from tts.analysis.world import Parameters
from tts.core.errors import TtsError
from tts.core.files import make_folder, replacing
from tts.core.grid import FrameGrid

FEATURES: Final = ("mgc", "lf0", "bap")
UNVOICED: Final = -1e10
LEVEL: Final = float(np.log(32768.0))
MOST_DIFFERENT: Final = 5  # frames by which Merlin lets files differ
_LITTLE: Final = np.dtype("<f4")


def feature_path(folder: Path, feature: str, key: str) -> Path:
    """Return where a feature of an utterance lies: ``FOLDER/mgc/ID.mgc``, as Merlin lays it out, or ``FOLDER/ID.mgc``."""
    inner = folder / feature / f"{key}.{feature}"
    flat = folder / f"{key}.{feature}"
    return flat if flat.is_file() and not inner.is_file() else inner


def read_merlin(folder: Path, key: str, grid: FrameGrid, order: int, frames: int, unvoiced: float) -> Parameters:
    """Return the features of utterance ``key`` as the main streams of a recording of ``frames`` frames, float64.

    Up to five frames more are cut off, up to five missing repeat the last. ``unvoiced`` (Hz) is the F0 of an utterance without
    a voiced frame. Files that are missing, of another order or number of bands, of different lengths, or not finite raise
    :class:`TtsError`.
    """
    mgc = _read(feature_path(folder, "mgc", key), order + 1, f"mcep_order {order}")
    lf0 = _read(feature_path(folder, "lf0", key), 1, "one value a frame")
    bap = _read(feature_path(folder, "bap", key), grid.bands, f"{grid.bands} bands at {grid.sample_rate} Hz")
    lengths = {len(mgc), len(lf0), len(bap)}
    if len(lengths) > 1:
        raise TtsError(f"{folder}: {key}.mgc has {len(mgc)} frames, .lf0 {len(lf0)} and .bap {len(bap)}: extract them again")
    if abs(len(mgc) - frames) > MOST_DIFFERENT:
        raise TtsError(
            f"{feature_path(folder, 'mgc', key)}: has {len(mgc)} frames of order {order}, the recording has {frames} of "
            f"{grid.shift_ms:g} ms; is it of another recording, order or frame shift?"
        )
    rows = np.minimum(np.arange(frames), len(mgc) - 1)
    mgc, bap = mgc[rows], bap[rows]
    voiced = lf0[rows, 0] > 0.0
    f0 = np.zeros(frames)
    f0[voiced] = np.exp(lf0[rows, 0][voiced])
    if not (np.isfinite(mgc).all() and np.isfinite(bap).all() and np.isfinite(f0).all()):
        raise TtsError(f"{feature_path(folder, 'mgc', key)}: the features of {key} are not finite: extract them again")
    mgc[:, 0] -= LEVEL
    return Parameters(
        mcep=mgc,
        lf0=interpolate_lf0(f0, unvoiced)[:, None],
        vuv=voiced.astype(np.float64)[:, None],
        bap=bap,
    )


def write_merlin(folder: Path, key: str, parameters: Parameters) -> None:
    """Write the main streams of an utterance as Merlin's three files in folders ``mgc``, ``lf0`` and ``bap`` of ``folder``."""
    mgc = np.array(parameters.mcep, np.float64)
    mgc[:, 0] += LEVEL
    lf0 = np.where(parameters.vuv >= 0.5, parameters.lf0, UNVOICED)
    for name, values in (("mgc", mgc), ("lf0", lf0), ("bap", parameters.bap)):
        path = folder / name / f"{key}.{name}"
        make_folder(path.parent)
        with replacing(path) as temporary:
            temporary.write_bytes(np.ascontiguousarray(values, _LITTLE).tobytes())


def _read(path: Path, dimension: int, what: str) -> np.ndarray:
    """Return a file's values, float64 (frames, dimension)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TtsError(f"{path}: there is no such feature file") from None
    if not data or len(data) % (4 * dimension):
        raise TtsError(f"{path}: {len(data)} bytes are no whole frames of {dimension} float32 ({what})")
    return np.frombuffer(data, _LITTLE).reshape(-1, dimension).astype(np.float64)
