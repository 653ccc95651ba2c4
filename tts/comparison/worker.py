"""One run of a comparison: train, score, speak. As a program it reads a job from its standard input.

The pipe stays open while the parent lives; when it closes, the work stops at the last checkpoint, so that no orphan goes on
training in a folder that the next command wants.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.comparison.records import learning_curves, read_record, record_path, write_record
from tts.core.device import choose_device
from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint, read_json, replacing
from tts.core.grid import FrameGrid
from tts.core.processes import Failure
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import EvaluatedUtterance, generate_split, write_spoken
from tts.evaluation.recogniser import require_recogniser, transcribe_all, word_scores
from tts.evaluation.scores import Scores
from tts.generation.batch import voice_digest
from tts.generation.ensemble import Ensemble
from tts.generation.voice import Voice, load_voice
from tts.recipe import Recipe
from tts.training.train import train_voice

log = logging.getLogger(__name__)

BANDS = 80  # of the spectrograms in the report


@dataclass(frozen=True)
class TrainingJob:
    """A run to be done, as plain data. ``run`` is ``seed-N`` or ``search-ID``.

    ``recipe`` has the system and the seed in it. ``members`` (folders) make it an ensemble, which is not trained.
    ``splits`` are scored; ``speak`` lists test utterances to be spoken, ``show`` those to be drawn; ``relatives`` are folders
    of voices of the same seed whose duration model may be taken over.
    """

    folder: str
    prepared: str
    system: str
    run: str
    seed: int
    recipe: dict[str, Any]
    steps: int
    identity: str  # of what is asked for: settings, seed and data
    device: str = "auto"
    command: str = ""
    members: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("validation", "test")
    speak: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    wer: bool = False
    relatives: tuple[str, ...] = ()

    @property
    def voice(self) -> Path:
        """The voice's folder."""
        return Path(self.folder) / "voices" / self.system / self.run

    @property
    def record(self) -> Path:
        """The record's path."""
        return record_path(Path(self.folder), self.system, self.run)

    @property
    def name(self) -> str:
        """What the job is called in messages."""
        return f"{self.system} {self.run}"


def is_done(job: TrainingJob) -> bool:
    """Return whether a job's record says all that the job would find out.

    A record of an earlier voice in the folder does not count, nor does one of a failure that another try may not meet; a run
    that diverged would diverge again.
    """
    record = read_record(job.record)
    if record is None or record["identity"] != job.identity:
        return False
    if record["status"] != "finished":
        return bool(record["status"] == "diverged")
    if record["voices"] != _digests(job, record["voices"]):
        return False
    wanted = (set(job.splits) - set(record["splits"])) or (set(job.speak) - set(record["spoken"]))
    return not wanted and record["heard"] >= job.wer


def _digests(job: TrainingJob, known: list[str]) -> list[str]:
    """Return what identifies the voices a job is about; of a folder that was deleted since, what was ``known``."""
    folders = [Path(member) for member in job.members] or [job.voice]
    if not any((folder / "config.json").is_file() for folder in folders):
        return known
    return [voice_digest(folder) if (folder / "config.json").is_file() else "" for folder in folders]


def do_job(job: TrainingJob) -> None:
    """Train, score and speak as the job says, and leave its record: also of a run that diverged or failed.

    Raises :class:`UsageError` where the folder holds something else, which is no result of a run.
    """
    record: dict[str, Any] = {"system": job.system, "run": job.run, "seed": job.seed, "identity": job.identity}
    try:
        found, scores = _run(job)
        write_record(job.record, {**record, "status": "finished", "message": None, **found}, scores)
    except UsageError:
        raise
    except TtsError as error:
        status = "diverged" if "diverged" in str(error) else "failed"
        curves, measured = learning_curves(job.voice / "training")
        write_record(
            job.record, {**record, "status": status, "message": str(error), "curves": curves, "diagnostics": measured}, {}
        )


def _run(job: TrainingJob) -> tuple[dict[str, Any], dict[str, dict[str, Scores]]]:
    prepared = Prepared(Path(job.prepared))
    device = str(choose_device(job.device))
    recipe = Recipe.model_validate(job.recipe)
    if job.members:
        voices = [load_voice(Path(member), device) for member in job.members]
        voice: Voice = Ensemble(voices)
        found = _sum_of([read_json(Path(member) / "training" / "summary.json") for member in job.members])
        costs = [_seconds(learning_curves(Path(member) / "training")[0]) for member in job.members]
        if all(costs):
            found["seconds"] = round(sum(costs), 1)
    else:
        summary = train_voice(
            recipe, prepared, job.system, job.voice, device=device, command=job.command, duration_from=_relative(job)
        )
        found = _sum_of([summary])
        found["curves"], found["diagnostics"] = learning_curves(job.voice / "training")
        found["seconds"] = round(_seconds(found["curves"]) or found["seconds"], 1)
        voice = load_voice(job.voice, device)
    items: dict[str, list[EvaluatedUtterance]] = {split: generate_split(voice, prepared, split) for split in job.splits}
    scores = {split: {item.id: item.scores for item in found_items} for split, found_items in items.items()}
    if job.speak:
        wavs = Path(job.folder) / "wavs" / job.system
        write_spoken(voice, prepared, job.speak, wavs, workers=0)
        shown = [item for item in items["test"] if item.id in job.show]
        draw_examples(Path(job.folder) / "examples" / "sources" / f"{job.system}.npz", voice.grid, _generated(shown))
        if job.wer:
            require_recogniser(prepared.facts.text.language)
            scores["test"] |= heard_in(wavs, [item for item in items["test"] if item.id in job.speak])
    system = recipe.system(job.system)
    found["stages"] = [stage.model_dump(mode="json") for stage in system.stages]
    found["training"] = recipe.training_of(system).model_dump(mode="json")
    found |= {"voices": _digests(job, []), "splits": list(job.splits), "spoken": list(job.speak), "heard": job.wer}
    return found, scores


def _generated(items: Sequence[EvaluatedUtterance]) -> dict[str, dict[str, np.ndarray]]:
    return {item.id: item.generated for item in items}


def _sum_of(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return steps, seconds and parameters of what was trained, summed, and the main loss where there is one network."""
    steps = [stage.get("steps", stage["step"]) for summary in summaries for stage in summary["stages"]]
    parameters = {key: sum(summary["parameters"][key] for summary in summaries) for key in ("trained", "speaking")}
    loss = summaries[0]["stages"][-1]["main_loss"] if len(summaries) == 1 else None
    seconds = sum(summary["seconds"] for summary in summaries)
    return {
        "steps": sum(steps),
        "seconds": seconds,
        "parameters": parameters,
        "main_loss": loss,
        "curves": {},
        "diagnostics": {},
    }


def _seconds(curves: dict[str, dict[str, list[float | None]]]) -> float:
    """Return the seconds spent in the steps of the acoustic networks; 0 where there are no curves.

    The duration model is left out, since a seed trains it once for all systems, and validation, since it is not learning.
    """
    seconds = 0.0
    for name, columns in curves.items():
        if name != "duration":
            steps = [float(step or 0.0) for step in columns.get("step", [])]
            for before, step, speed in zip([0.0, *steps], steps, columns.get("speed/steps_per_second", []), strict=False):
                seconds += (step - before) / speed if speed else 0.0
    return seconds


def _relative(job: TrainingJob) -> Path | None:
    """Return the training folder of a finished duration model of the same seed, data and settings, if there is one."""
    wanted = fingerprint(job.recipe["duration"], job.seed)
    for folder in map(Path, job.relatives):
        mark, duration = folder / "training" / "run.json", folder / "training" / "duration"
        if folder == job.voice or not mark.is_file() or not (folder / "config.json").is_file() or not duration.is_dir():
            continue
        summary = read_json(folder / "training" / "summary.json")
        there = fingerprint(read_json(mark)["recipe"]["duration"], summary["seed"])
        if there == wanted and summary["prepared"] == Prepared(Path(job.prepared)).fingerprint:
            return duration
    return None


def heard_in(wavs: Path, items: Sequence[EvaluatedUtterance]) -> dict[str, Scores]:
    """Return the items' scores with a recogniser's word errors in ``wavs/ID.wav``.

    Where it fails on one of them there are none, because rates over different sentences do not compare; that is logged.
    """
    scored = {}
    answers = transcribe_all([wavs / f"{item.id}.wav" for item in items], workers=0)
    for item, words in zip(items, answers, strict=True):
        if isinstance(words, Failure):
            log.warning("%s: no word errors: the recogniser fails on %s: %s", wavs, item.id, words.message)
            return {}
        heard = word_scores(" ".join(word.text for word in item.sentence.words), words)
        scored[item.id] = item.scores.with_sums(heard.sums)
    return scored


def draw_examples(path: Path, grid: FrameGrid, items: dict[str, dict[str, np.ndarray]]) -> None:
    """Write what the report draws of utterances' streams: ``ID/spectrogram`` (frames, bands) in dB and ``ID/f0`` in Hz.

    The spectrogram is the envelope of the mel-cepstrum, ``log P(w) = 2 sum_m c_m cos(m w)``, at bands equally spaced on the
    warped axis, where it needs no warping back.
    """
    arrays: dict[str, np.ndarray] = {"frequencies": band_frequencies(grid).astype(np.float32)}
    warped = np.linspace(0.0, np.pi, BANDS)
    for key, streams in items.items():
        cosines = np.cos(np.outer(np.arange(streams["mcep"].shape[1]), warped))
        decibels = 20.0 / np.log(10.0) * (streams["mcep"] @ cosines)
        voiced = streams["vuv"][:, 0] >= 0.5
        arrays[f"{key}/spectrogram"] = decibels.astype(np.float32)
        arrays[f"{key}/f0"] = np.where(voiced, np.exp(streams["lf0"][:, 0]), 0.0).astype(np.float32)
    with replacing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def band_frequencies(grid: FrameGrid) -> np.ndarray:
    """Return the frequency in Hz of every band of :func:`draw_examples`: the all-pass warping undone (its alpha negated)."""
    warped = np.linspace(0.0, np.pi, BANDS)
    omega = warped - 2.0 * np.arctan(grid.alpha * np.sin(warped) / (1.0 + grid.alpha * np.cos(warped)))
    return np.asarray(omega / (2.0 * np.pi) * grid.sample_rate)


def _stop_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock would be held at exit
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Do the job on the first line of standard input; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit that lets files be finished and seconds be counted
    data = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    lists = ("members", "splits", "speak", "show", "relatives")
    try:
        do_job(TrainingJob(**{**data, **{name: tuple(data[name]) for name in lists}}))
    except TtsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
