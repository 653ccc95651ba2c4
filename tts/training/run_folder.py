"""The folder that a voice is trained into: whose it is, what it was asked for, and what may be asked of it now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json
from tts.core.folders import require_own_folder
from tts.dataset.prepared import Prepared
from tts.generation.config import CONFIG
from tts.generation.summary import SUMMARY
from tts.recipe.changes import changed_keys
from tts.training.checkpoint import LAST
from tts.training.checks import longer_problems
from tts.training.members import own_seconds
from tts.training.records import RunRecord, read_run, write_run

log = logging.getLogger(__name__)


def check_folder(out: Path, run: RunRecord, prepared: Prepared) -> None:
    """Raise :class:`UsageError` where ``out`` holds anything but this run, or one that can go on as this run."""
    training = out / "training"
    mark = training / "run.json"
    require_own_folder(out, "tts train", mark=mark, may_hold=("training",))
    require_own_folder(training, "tts train", mark=mark)
    begun_run(out, run, prepared)


def begun_run(out: Path, run: RunRecord, prepared: Prepared) -> RunRecord | None:
    """Return the record of the run that was begun in ``out`` and can go on as ``run``; None where none was begun.

    Raises :class:`UsageError`, which says what differs, where another run was.
    """
    training = out / "training"
    if not (training / "run.json").is_file() or not ((out / CONFIG).is_file() or list(training.rglob(LAST))):
        return None
    begun = read_run(training, prepared)
    if begun is None or begun.system != run.system or begun.identity.trained_from != run.identity.trained_from:
        raise UsageError(f"{out}: holds a voice {_what_differs(out, run)}; choose another --out or delete the folder")
    then, now = begun.identity.steps, run.identity.steps
    system, duration = run.recipe.system(run.system), run.recipe.duration_of(run.recipe.system(run.system))
    problems = longer_problems(system.stages, run.recipe.training_of(system), then[0]) if then[0] != now[0] else []
    if then[1] != now[1]:
        problems += longer_problems((duration.stage,), duration.training, then[1], "duration.training")
    if problems:
        raise UsageError(f"{out}: {problems[0]}; choose another --out or delete the folder")
    return begun


def claim(out: Path, run: RunRecord, prepared: Prepared, choose: Callable[[], str]) -> RunRecord:
    """Make ``out``, whose lock is held, the folder of a run; return its record.

    A run that was begun keeps what ``auto`` stood for in it; ``choose`` says what it stands for where the run does not. One
    that is to be longer is not finished any more, and goes on.
    """
    training = out / "training"
    begun = begun_run(out, run, prepared)
    if begun is None:
        run = replace(run, precision=run.precision or choose())
        write_run(training, run)
        return run
    longer = begun.identity.steps != run.identity.steps
    precision = begun.precision
    if precision is None and (longer or not is_finished(out)):  # what a voice that 0.1.0 finished was trained in is not known
        precision = run.precision or choose()
    claimed = replace(run, precision=precision)
    if longer:
        steps = (*begun.identity.steps, *run.identity.steps)
        log.warning("%s: continues after %d steps (duration model: %d) to %d (%d)", out, *steps)
        (training / SUMMARY).unlink(missing_ok=True)
    if claimed != begun or read_json(training / "run.json").get("format") is None:
        write_run(training, claimed)
    return claimed


def is_finished(out: Path) -> bool:
    """Return whether the training in ``out`` is over and its voice written; the summary comes last."""
    return (out / CONFIG).is_file() and (out / "training" / SUMMARY).is_file()


@contextmanager
def counting_seconds(path: Path | None) -> Iterator[Callable[[], float]]:
    """Yield what returns the seconds spent so far, those of earlier, interrupted runs included; they are kept in ``path``."""
    earlier = float(read_json(path)["seconds"]) if path is not None and path.is_file() else 0.0
    started = own_seconds()

    def spent() -> float:
        return earlier + own_seconds() - started

    try:
        yield spent
    finally:
        if path is not None:
            write_json(path, {"seconds": spent()})


def _what_differs(out: Path, run: RunRecord) -> str:
    """Say why a folder's run is not the one that is asked for."""
    unknown = "trained with other data, or by an earlier version"
    try:
        data: Any = read_json(out / "training" / "run.json")
        system = data.get("system", run.system)
    except (TtsError, AttributeError):
        return unknown
    if system != run.system:
        return f"of the system {system}, not of {run.system}"
    changed = changed_keys(data, run.recipe, run.system)
    if not changed:
        return unknown
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"trained with other settings ({'; '.join(changed[:3])}{more})"
