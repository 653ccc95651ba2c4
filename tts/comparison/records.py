"""What is kept of a run once it is scored: ``scores/SYSTEM/RUN.json`` for people, ``RUN.npz`` beside it with the sums.

From the sums any pool of utterances is exact, so statistics never need the voice again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from tts.core.errors import TtsError
from tts.core.files import read_json, replacing, write_json
from tts.evaluation.scores import METRICS, Scores, pool

FORMAT = 1
UTTERANCE_METRICS = tuple(METRICS)


def record_path(folder: Path, system: str, run: str) -> Path:
    """Return the path of a run's record; ``run`` is ``seed-N`` or ``search-ID``."""
    return folder / "scores" / system / f"{run}.json"


def search_path(folder: Path, system: str) -> Path:
    """Return the path of what a search found, written once it is over."""
    return folder / "scores" / system / "search.json"


def write_record(path: Path, record: Mapping[str, Any], scores: Mapping[str, Mapping[str, Scores]]) -> None:
    """Write a run's record with its scores by split and utterance; the JSON file, which makes it complete, comes last."""
    arrays: dict[str, np.ndarray] = {}
    for split, utterances in scores.items():
        arrays[f"{split}/ids"] = np.array(list(utterances))
        for name, values in _columns([_lean(one) for one in utterances.values()]).items():
            arrays[f"{split}/sum/{name}"] = values
    if arrays:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        with replacing(path.with_suffix(".npz")) as temporary:
            temporary.write_bytes(buffer.getvalue())
    pooled = {split: plain(pool(utterances.values())) for split, utterances in scores.items()}
    each = {key: plain(one) for key, one in scores.get("test", {}).items()}
    write_json(path, {"format": FORMAT, **record, **pooled, "utterances": each})


def read_record(path: Path) -> dict[str, Any] | None:
    """Return a run's record, or None where there is none of this format."""
    if not path.is_file():
        return None
    record = read_json(path)
    return record if isinstance(record, dict) and record.get("format") == FORMAT else None


def read_sums(path: Path, split: str) -> dict[str, Scores]:
    """Return the scores of a split by utterance, from the file beside a record; empty where the split was not scored."""
    file = path.with_suffix(".npz")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if f"{split}/ids" not in arrays:
                return {}
            ids = [str(key) for key in arrays[f"{split}/ids"]]
            start = f"{split}/sum/"
            columns = {name.removeprefix(start): arrays[name] for name in arrays.files if name.startswith(start)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TtsError(
            f"{file}: damaged ({error}); delete it and the .json beside it, and run the same command again"
        ) from None
    return {key: Scores({name: values[n] for name, values in columns.items()}) for n, key in enumerate(ids)}


def plain(scores: Scores) -> dict[str, float | None]:
    """Return every metric as plain data, ``None`` where nothing was counted."""
    return {name: scores[name] for name in METRICS}


def _lean(scores: Scores) -> dict[str, np.ndarray]:
    """Return the sums, the modulation spectra as their difference: it is all that their metric reads, and half the size."""
    sums = {name: np.asarray(value) for name, value in scores.sums.items()}
    if "ms_natural" in sums:
        sums["ms_generated"] = sums["ms_generated"] - sums.pop("ms_natural")
    return sums


def _columns(rows: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Stack sums by name over utterances; what was not counted in an utterance is zero, which adds nothing to a pool."""
    shapes = {name: value.shape for row in rows for name, value in row.items()}
    return {name: np.stack([row.get(name, np.zeros(shape)) for row in rows]) for name, shape in shapes.items()}


def learning_curves(training: Path) -> tuple[dict[str, dict[str, list[float | None]]], dict[str, list[dict[str, float]]]]:
    """Return the validations of every network trained in ``training`` as columns, and what was measured of gradients.

    The names are those of the folders: ``stage1``, ``stage2``, ``duration``, ``stage1/fold-1``.
    """
    curves: dict[str, dict[str, list[float | None]]] = {}
    measured: dict[str, list[dict[str, float]]] = {}
    for path in sorted(training.rglob("last.safetensors")):
        with safe_open(str(path), framework="np") as stream:
            facts = json.loads((stream.metadata() or {}).get("facts", "{}"))
        history = facts.get("history", [])
        names = dict.fromkeys(name for entry in history for name in entry)
        curves[path.parent.relative_to(training).as_posix()] = {name: [entry.get(name) for entry in history] for name in names}
        if facts.get("diagnostics"):
            measured[path.parent.relative_to(training).as_posix()] = facts["diagnostics"]
    return curves, measured
