"""What is kept of a run once it is scored: ``scores/SYSTEM/RUN.json`` for people, ``RUN.npz`` beside it with the sums.

From the sums any pool of utterances is exact, so statistics never need the voice again.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tts.comparison.results import Parameters, ScoreRow, SearchInfo
from tts.core.errors import TtsError
from tts.core.files import read_json, replacing, write_json
from tts.evaluation.scores import METRICS, Scores, pool
from tts.training.checkpoint import LAST, read_history

FORMAT = 1
Curves = dict[str, dict[str, list[float | None]]]  # by stage and column
Diagnostics = dict[str, list[dict[str, float | None]]]  # by stage, one entry a measurement


class ScoreRecord(BaseModel):
    """Scores by split and, of the test split, by utterance, under the ``identity`` of what they are of."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    format: Literal[1] = 1
    identity: str
    validation: ScoreRow = {}
    test: ScoreRow = {}
    utterances: dict[str, ScoreRow] = {}

    def scores(self, split: str) -> ScoreRow:
        """Return the pooled scores of a split, empty where it was not scored."""
        return {"validation": self.validation, "test": self.test}.get(split, {})


class JobRecord(ScoreRecord):
    """A run of a comparison. ``run`` is ``seed-N`` or ``search-ID``.

    ``voices`` identify the networks that were scored, ``splits`` says on what, ``spoken`` which test utterances were spoken
    and ``words_counted`` whether a recogniser listened to them. ``seconds`` and ``steps`` are of the acoustic networks.
    """

    system: str
    run: str
    seed: int
    status: Literal["finished", "diverged", "failed"]
    message: str | None = None
    steps: int = 0
    seconds: float = 0.0
    parameters: Parameters | None = None
    main_loss: float | None = None
    curves: Curves = {}
    diagnostics: Diagnostics = {}
    stages: tuple[dict[str, Any], ...] = ()
    training: dict[str, Any] = {}
    voices: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    words_counted: bool = Field(False, alias="heard")

    @property
    def finished(self) -> bool:
        """Whether there are scores."""
        return self.status == "finished"


Record = TypeVar("Record", bound=ScoreRecord)


def record_path(folder: Path, system: str, run: str) -> Path:
    """Return the path of a run's record; ``run`` is ``seed-N`` or ``search-ID``."""
    return folder / "scores" / system / f"{run}.json"


def search_path(folder: Path, system: str) -> Path:
    """Return the path of what a search tried and chose, written once it is over."""
    return folder / "scores" / system / "search.json"


def write_search(folder: Path, result: SearchInfo) -> None:
    """Write what a search tried and chose."""
    write_json(search_path(folder, result.system), result.model_dump(mode="json", exclude={"system"}))


def read_search(folder: Path, system: str) -> SearchInfo | None:
    """Return what a system's search tried and chose, None where there was none."""
    path = search_path(folder, system)
    return SearchInfo.model_validate({"system": system, **read_json(path)}) if path.is_file() else None


def write_record(path: Path, record: ScoreRecord, scores: Mapping[str, Mapping[str, Scores]]) -> None:
    """Write a record with its scores by split and utterance; the JSON file, which makes it complete, comes last."""
    arrays: dict[str, np.ndarray] = {}
    for split, utterances in scores.items():
        arrays[f"{split}/ids"] = np.array(list(utterances))
        for name, values in _columns([_lean(own) for own in utterances.values()]).items():
            arrays[f"{split}/sum/{name}"] = values
    if arrays:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        with replacing(path.with_suffix(".npz")) as temporary:
            temporary.write_bytes(buffer.getvalue())
    pooled = {split: plain(pool(utterances.values())) for split, utterances in scores.items()}
    each = {key: plain(own) for key, own in scores.get("test", {}).items()}
    write_json(path, record.model_copy(update={**pooled, "utterances": each}).model_dump(mode="json", by_alias=True))


def read_record(path: Path, kind: type[Record]) -> Record | None:
    """Return a record, or None where there is none of this format; a damaged one raises :class:`TtsError`."""
    if not path.is_file():
        return None
    data = read_json(path)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TtsError(f"{path}: {place}: {first['msg']}; delete it and run the same command again") from None


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


def learning_curves(training: Path) -> tuple[Curves, Diagnostics]:
    """Return the validations of every network trained in ``training`` as columns, and what was measured of gradients.

    The names are those of the folders: ``stage1``, ``stage2``, ``duration``, ``stage1/fold-1``.
    """
    curves: Curves = {}
    measured: Diagnostics = {}
    for path in sorted(training.rglob(LAST)):
        history, diagnostics = read_history(path)
        names = dict.fromkeys(name for entry in history for name in entry)
        curves[path.parent.relative_to(training).as_posix()] = {name: [entry.get(name) for entry in history] for name in names}
        if diagnostics:
            measured[path.parent.relative_to(training).as_posix()] = [{**entry} for entry in diagnostics]
    return curves, measured
