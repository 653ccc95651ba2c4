"""One run of a comparison: train, score, speak."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tts.comparison.records import Curves, Diagnostics, JobRecord, learning_curves, read_record, record_path, write_record
from tts.comparison.results import Parameters
from tts.core.device import choose_device
from tts.core.errors import Diverged, TtsError, UsageError
from tts.core.files import fingerprint, replacing
from tts.core.grid import FrameGrid
from tts.core.locks import held
from tts.core.processes import Failure
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import generate_split
from tts.evaluation.recogniser import require_recogniser, transcribe_all, word_scores
from tts.evaluation.scores import Scores
from tts.evaluation.speech import write_spoken
from tts.generation.batch import voice_digest
from tts.generation.ensemble import Ensemble
from tts.generation.summary import TrainingSummary, read_summary
from tts.generation.voice import Voice, load_voice
from tts.recipe import DurationPart, Recipe
from tts.recipe.names import ProminenceUse
from tts.training.legacy import legacy_identity
from tts.training.members import run_together
from tts.training.records import read_run
from tts.training.train import train_voice, voice_identity

log = logging.getLogger(__name__)

BANDS = 80  # of the spectrograms in the report


class TrainingJob(BaseModel):
    """A run to be done, as plain data. ``run`` is ``seed-N`` or ``search-ID``.

    ``recipe`` has the system and the seed in it. ``members`` (folders) make it an ensemble, which is not trained.
    ``splits`` are scored; ``speak`` lists test utterances to be spoken, ``apart`` from those that people hear or not; ``show``
    those to be drawn; ``relatives`` are folders of voices of the same seed whose duration model may be copied.

    The jobs ``beside`` are done in the same process, their networks trained as one batched model (:mod:`tts.training.members`).
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    prepared: Path
    system: str
    run: str
    seed: int
    recipe: Recipe
    steps: int
    identity: str  # of what is asked for: settings, seed and data
    earlier_identity: str = ""  # what version 0.1.0 called the same
    precision: str | None = None  # what ``auto`` stands for, the same for all runs of a comparison
    device: str = "auto"
    command: str = ""
    members: tuple[Path, ...] = ()
    splits: tuple[str, ...] = ("validation", "test")
    speak: tuple[str, ...] = ()
    apart: bool = False
    show: tuple[str, ...] = ()
    wer: bool = False
    relatives: tuple[Path, ...] = ()
    beside: tuple[TrainingJob, ...] = ()
    patience: float = 0.0  # seconds to wait for a machine that had begun this run and may be dead

    @property
    def each(self) -> tuple[TrainingJob, ...]:
        """The job itself and those beside it, each alone, on the device of the first and as patient."""
        alone = self.model_copy(update={"beside": ()})
        shared = {"device": self.device, "patience": self.patience}
        return (alone, *(job.model_copy(update=shared) for job in self.beside))

    @property
    def voice(self) -> Path:
        """The voice's folder."""
        return self.folder / "voices" / self.system / self.run

    @property
    def record(self) -> Path:
        """The record's path."""
        return record_path(self.folder, self.system, self.run)

    @property
    def wavs(self) -> Path:
        """The folder that its speech goes to: that of its system, within it where it lies ``apart``."""
        folder = self.folder / "wavs" / self.system
        return folder / self.run if self.apart else folder

    @property
    def name(self) -> str:
        """What the job is called in messages."""
        return f"{self.system} {self.run}"

    @property
    def stages(self) -> int:
        """How many networks of its system are trained together where they are."""
        return len(self.recipe.system(self.system).networks)

    def outcome(self, status: Literal["diverged", "failed"], message: str) -> JobRecord:
        """Return the record of a run that ended without scores."""
        return JobRecord(
            system=self.system, run=self.run, seed=self.seed, identity=self.identity, status=status, message=message
        )


def job_identity(recipe: Recipe, prepared: Prepared, system: str, members: Sequence[Path] = ()) -> str:
    """Return what identifies a run: all that its numbers depend on, and the networks that it averages."""
    return with_members(voice_identity(recipe, prepared, system).whole, members)


def earlier_identity(recipe: Recipe, prepared: Prepared, system: str, members: Sequence[Path] = ()) -> str:
    """Return what version 0.1.0 wrote for :func:`job_identity`."""
    return with_members(legacy_identity(recipe, prepared, system), members)


def with_members(identity: str, members: Sequence[Path] = ()) -> str:
    """Return the identity of a run from that of its voice and the networks that it averages."""
    return fingerprint(identity, [str(member) for member in members])


def is_of(record: JobRecord, job: TrainingJob) -> bool:
    """Return whether a record is of what the job asks for."""
    return record.identity in (job.identity, job.earlier_identity)


def is_done(job: TrainingJob) -> bool:
    """Return whether a job's record says all that the job would find out.

    A record of an earlier voice in the folder does not count, nor does one of a failure that another try may not meet; a run
    that diverged would diverge again.
    """
    record = read_record(job.record, JobRecord)
    if record is None or not is_of(record, job):
        return False
    if not record.finished:
        return record.status == "diverged"
    if record.voices != _digests(job, record.voices):
        return False
    missing = (set(job.splits) - set(record.splits)) or (set(job.speak) - set(record.spoken))
    return not missing and record.words_counted >= job.wer


def _digests(job: TrainingJob, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return what identifies the voices a job is about; of a folder that was deleted since, what was ``known``."""
    folders = job.members or (job.voice,)
    if not any((folder / "config.json").is_file() for folder in folders):
        return known
    return tuple(voice_digest(folder) if (folder / "config.json").is_file() else "" for folder in folders)


def do_job(job: TrainingJob) -> None:
    """Train, score and speak as the job says, and leave its record: also of a run that diverged or failed.

    Raises :class:`UsageError` where the folder holds something else, which is no result of a run, and where the prepared corpus
    is not the one that the job was planned for: its scores would be filed under a wrong identity. What is prepared later
    does no harm, since a corpus that was opened stays as it was.
    """
    if job.beside:
        _do_together([each for each in job.each if not is_done(each)])
        return
    try:
        prepared = Prepared(job.prepared)
        _check_data(job, prepared)
        record, scores = _run(job, prepared)
        write_record(job.record, record, scores)
    except UsageError:
        raise
    except TtsError as error:
        _write_outcome(job, "diverged" if isinstance(error, Diverged) else "failed", str(error))


def _write_outcome(job: TrainingJob, status: Literal["diverged", "failed"], message: str) -> None:
    curves, measured = learning_curves(job.voice / "training")
    outcome = job.outcome(status, message)
    write_record(job.record, outcome.model_copy(update={"curves": curves, "diagnostics": measured}), {})


def _do_together(jobs: Sequence[TrainingJob]) -> None:
    """Do jobs as members; what ends one of them is logged and recorded as its own reason, whatever becomes of the others.

    Raises an error that ended one once all have ended: a :class:`UsageError`, which ends the whole comparison, before others.
    """
    errors = [member.error for member in run_together([partial(_do_member, job) for job in jobs]) if member.error is not None]
    for error in sorted(errors, key=lambda error: not isinstance(error, UsageError)):
        raise error


def _do_member(job: TrainingJob) -> None:
    try:
        do_job(job)
    except UsageError as error:
        log.error("%s: %s", job.name, error)
        raise
    except Exception as error:
        log.exception("%s", job.name)
        _write_outcome(job, "failed", f"{type(error).__name__}: {error}")
        raise


def _check_data(job: TrainingJob, prepared: Prepared) -> None:
    if job_identity(job.recipe, prepared, job.system, job.members) != job.identity:
        raise UsageError(
            f"{job.name}: {prepared.folder}, or the voice that a transfer starts from, was made anew while this comparison "
            "ran, so nothing is filed under the data that it began with; make it as it was and "
            "run the same command again, or choose another --out"
        )


def _run(job: TrainingJob, prepared: Prepared) -> tuple[JobRecord, dict[str, dict[str, Scores]]]:
    device = str(choose_device(job.device))
    voice, cost = _average(job, device) if job.members else _train(job, prepared, device)
    scores: dict[str, dict[str, Scores]] = {split: {} for split in job.splits}
    shown: dict[str, dict[str, np.ndarray]] = {}
    for split in job.splits:
        for item in generate_split(voice, prepared, split):
            scores[split][item.id] = item.scores
            if split == "test" and item.id in job.show:
                shown[item.id] = item.generated
    if job.speak:
        write_spoken(voice, prepared, job.speak, job.wavs, workers=0)
        if shown:
            draw_examples(job.folder / "examples" / "sources" / f"{job.system}.npz", voice.grid, shown)
        if job.wer:
            require_recogniser(prepared.facts.text.language)
            scores["test"] |= recognised_in(job.wavs, prepared, {key: scores["test"][key] for key in job.speak})
    system = job.recipe.system(job.system)
    record = JobRecord(
        system=job.system,
        run=job.run,
        seed=job.seed,
        identity=job.identity,
        status="finished",
        steps=cost.steps,
        seconds=cost.seconds,
        parameters=cost.parameters,
        main_loss=cost.main_loss,
        curves=cost.curves,
        diagnostics=cost.diagnostics,
        stages=tuple(stage.model_dump(mode="json") for stage in system.stages),
        training=job.recipe.training_of(system).model_dump(mode="json"),
        voices=_digests(job, ()),
        splits=job.splits,
        spoken=job.speak,
        words_counted=job.wer,
    )
    return record, scores


@dataclass(frozen=True)
class _Cost:
    """What networks cost to train: steps, seconds and parameters of all; loss and curves where they are those of one run."""

    steps: int
    seconds: float
    parameters: Parameters
    main_loss: float | None
    curves: Curves = field(default_factory=dict)
    diagnostics: Diagnostics = field(default_factory=dict)


def _train(job: TrainingJob, prepared: Prepared, device: str) -> tuple[Voice, _Cost]:
    """Train a job's voice; return it with what it cost."""
    if job.patience and (training := job.voice / "training").is_dir():
        with held(training, patience=job.patience):
            pass  # whoever had begun this run has ended, or died with its machine
    summary = train_voice(
        job.recipe,
        prepared,
        job.system,
        job.voice,
        device=device,
        command=job.command,
        duration_from=_relative(job, prepared),
        precision=job.precision,
    )
    curves, diagnostics = learning_curves(job.voice / "training")
    cost = _cost_of([summary])
    seconds = round(_seconds(curves) or cost.seconds, 1)
    return load_voice(job.voice, device), replace(cost, seconds=seconds, curves=curves, diagnostics=diagnostics)


def _average(job: TrainingJob, device: str) -> tuple[Voice, _Cost]:
    """Return the mean of a job's members with what they cost."""
    voice = Ensemble([load_voice(member, device) for member in job.members])
    cost = _cost_of([read_summary(member / "training") for member in job.members])
    seconds = [_seconds(learning_curves(member / "training")[0]) for member in job.members]
    return voice, replace(cost, seconds=round(sum(seconds), 1)) if all(seconds) else cost


def _cost_of(summaries: Sequence[TrainingSummary]) -> _Cost:
    """Return what was trained, summed, and the main loss where there is one network."""
    trained, speaking = (sum(sizes) for sizes in zip(*((run.trained, run.speaking) for run in summaries), strict=True))
    return _Cost(
        steps=sum(each.steps for summary in summaries for each in (*summary.stages, *([summary.edit] if summary.edit else []))),
        seconds=sum(summary.seconds for summary in summaries),
        parameters=Parameters(trained=trained, speaking=speaking),
        main_loss=summaries[0].stages[-1].main_loss if len(summaries) == 1 else None,
    )


def _seconds(curves: Curves) -> float:
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


def _relative(job: TrainingJob, prepared: Prepared) -> Path | None:
    """Return the training folder of a finished duration model of the same seed, data and settings, if there is one."""
    wanted = _duration_of(job.recipe, job.system)
    for folder in job.relatives:
        duration = folder / "training" / "duration"
        if folder == job.voice or not (folder / "config.json").is_file() or not duration.is_dir():
            continue
        begun, summary = read_run(folder / "training", prepared), read_summary(folder / "training")
        same = begun is not None and _duration_of(begun.recipe, begun.system) == wanted and summary.seed == job.seed
        if same and summary.prepared == prepared.fingerprint:
            return duration
    return None


def _duration_of(recipe: Recipe, name: str) -> tuple[DurationPart, ProminenceUse | None]:
    """Return what a system's duration model depends on beside its seed and data."""
    system = recipe.system(name)
    return recipe.duration_of(system), system.prominence


def recognised_in(wavs: Path, prepared: Prepared, scores: Mapping[str, Scores]) -> dict[str, Scores]:
    """Return utterances' scores, by id, with a recogniser's word errors in ``wavs/ID.wav``.

    Where it fails on one of them there are none, because rates over different sentences do not compare; that is logged.
    """
    counted = {}
    answers = transcribe_all([wavs / f"{key}.wav" for key in scores], workers=0)
    for (key, own), words in zip(scores.items(), answers, strict=True):
        if isinstance(words, Failure):
            log.warning("%s: no word errors: the recogniser fails on %s: %s", wavs, key, words.message)
            return {}
        counted[key] = own.with_sums(word_scores(" ".join(word.text for word in prepared.sentences[key].words), words).sums)
    return counted


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
