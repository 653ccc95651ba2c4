"""The stages of a stack trained one after the other, each reading the finished ones before it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.core.device import choose_precision
from tts.dataset.prepared import Packed, Prepared
from tts.dataset.table import Table
from tts.evaluation.metrics import frame_mcd
from tts.generation.mlpg import mlpg
from tts.generation.voice import Voice, denormalise
from tts.network.features import stage_features
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS, StagePart, TrainingPart, bottleneck_read
from tts.training.cross_fitting import Handed, cross_fit
from tts.training.parameter_groups import Tuning, is_frozen
from tts.training.phases import learn_trajectories, trains_jointly
from tts.training.preview import log_preview
from tts.training.trainer import Hook, Model, Trainer, TrainingResult, handed_on_by, predict

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class StackTraining:
    """The training of a voice's stack: what is trained, on what and how, and where its checkpoints and logs go.

    ``parts`` describe the stages of ``voice.stack``. ``writer`` is a TensorBoard writer or None, ``samples`` are sentences to
    be spoken at validations, and ``tuning`` is for a stack that starts from another voice's weights.
    """

    voice: Voice
    prepared: Prepared
    parts: tuple[StagePart, ...]
    settings: TrainingPart
    folder: Path
    writer: Any = None
    samples: tuple[str, ...] = ()
    tuning: Tuning | None = None

    def table(self, split: str, tasks: Iterable[str]) -> Table:
        """Return the frames of a split as rows, with the targets of ``tasks``."""
        told = self.voice.stack.speakers is not None
        return self.prepared.frame_table(split, list(tasks), self.voice.device, codes=told)


def train_stages(work: StackTraining) -> list[dict[str, Any]]:
    """Train the stages in order and leave the best weights in the voice's stack; return a summary of every training.

    With ``settings.cross_fit``, what a stage hands on for training comes from networks that never saw the utterance; their
    own trainings lie in ``stageN/fold-K``. A stage that is frozen is not trained.
    """
    voice, parts, settings, folder, writer = work.voice, work.parts, work.settings, work.folder, work.writer
    summaries = []
    handed: dict[str, list[Handed]] = {split: [] for split in SPLITS}
    for number, part in enumerate(parts, 1):
        stage = voice.stack.stages[number - 1]
        assert isinstance(stage, Stage)
        tables = {split: work.table(split, part.tasks) for split in SPLITS}
        for split, table in tables.items():
            table.read(part, _read(part, handed[split]))
        last = number == len(parts)
        if is_frozen(stage):
            precision = choose_precision(settings.precision, voice.device)
            for split, table in tables.items():
                handed[split].append(handed_on_by(stage, table, precision, **_wanted(parts, number - 1)))
            summaries.append({"step": 0, "steps": 0, "frozen": True})
            continue
        own = work.tuning.within(f"stages.{number - 1}") if work.tuning else None
        hook = ValidationHook(work, tables["validation"], folder / "samples", speaks=last)

        def make_trainer(
            stage: Stage,
            train: Table,
            settings: TrainingPart,
            fold: int = 0,
            *,
            hook: Hook | None = None,
            valid: Table = tables["validation"],
            name: str = f"stage{number}",
            tuning: Tuning | None = own,
        ) -> Trainer:
            place = folder / name / f"fold-{fold}" if fold else folder / name
            label = f"{name}-fold{fold}" if fold else name
            return Trainer(
                stage, train, valid, settings, MAIN_STREAMS, place, label=label, hook=hook, writer=writer, tuning=tuning
            )

        initial = copy.deepcopy(stage) if settings.cross_fit and not last else None
        trainer = make_trainer(stage, tables["train"], settings, hook=hook)
        torch.manual_seed(settings.seed)
        result = trainer.run()
        summary = summary_of(result)
        if last and settings.trajectory is not None and not trains_jointly(parts, settings):
            place = folder / "trajectory"
            hook = ValidationHook(work, tables["validation"], place / "samples")
            both = (tables["train"], tables["validation"])
            then = learn_trajectories(stage, *both, settings, place, hook=hook, writer=writer, tuning=own)
            steps = summary["steps"]
            summary = summary_of(then) | {"before": scores_of(then.history[0])}
            summary["steps"] += steps
        if not last:
            wanted = _wanted(parts, number - 1)
            whole = {split: handed_on_by(stage, table, trainer.precision, **wanted) for split, table in tables.items()}
            if initial is not None:
                seen = (whole["train"], whole["validation"])
                whole["train"], folds = cross_fit(initial, tables["train"], tables["validation"], seen, settings, make_trainer)
                summary["steps"] += sum(fold.steps for fold in folds)
                summary["folds"] = [asdict(fold) for fold in folds]
            for split in SPLITS:
                handed[split].append(whole[split])
        summaries.append(summary)
    return summaries


def summary_of(result: TrainingResult) -> dict[str, Any]:
    """Return the kept step, its main loss and validation scores, and the steps trained, those of all branches of forks."""
    last = result.history[-1]
    kept = next(entry for entry in result.history if int(entry["step"]) == result.step)
    steps = int(last.get("fork/steps", last["step"]))
    return {"step": result.step, "steps": steps, "main_loss": result.loss, **scores_of(kept)}


def scores_of(entry: dict[str, float]) -> dict[str, float]:
    """Return the validation scores of an entry of a history."""
    return {name: value for name, value in entry.items() if name.startswith("valid/")}


def _wanted(parts: tuple[StagePart, ...], number: int) -> dict[str, bool]:
    """Say what later stages read of stage ``number``, counted from 0."""
    outputs = "outputs" in parts[number + 1].sources(first=False)
    return {"bottleneck": bottleneck_read(parts, number), "outputs": outputs}


def _read(part: StagePart, handed: list[Handed]) -> Tensor | None:
    """Put side by side what a stage reads of those before it, or None for the first stage."""
    if not handed:
        return None
    return stage_features(part.sources(first=False), [bottleneck for bottleneck, _ in handed], handed[-1][1])


class ValidationHook:
    """Adds the MCD of generated trajectories to a validation and, with ``speaks``, speaks the fixed sentences to ``folder``."""

    def __init__(self, work: StackTraining, table: Table, folder: Path, *, speaks: bool = True) -> None:
        self.work, self.table, self.folder, self.speaks = work, table, folder, speaks and bool(work.samples)
        self.packed = work.prepared.packed("validation")

    def __call__(self, stage: Model, step: int) -> dict[str, float]:
        """Return ``valid/mcd`` in dB where the model learns the mel-cepstrum."""
        if self.speaks:
            log_preview(self.work.voice, self.work.samples, self.folder, self.work.writer, step)
        if "mcep" not in stage.heads:
            return {}
        output = predict(stage, self.table, ["mcep"])["mcep"]
        return {"valid/mcd": generated_mcd(self.work.prepared, self.packed, output)}


def generated_mcd(prepared: Prepared, packed: Packed, output: Tensor) -> float:
    """Return the pooled MCD in dB of trajectories generated from an mcep head's output (rows, width) on natural durations."""
    stream, statistics = prepared.streams["mcep"], prepared.statistics["mcep"]
    total, frames = 0.0, 0
    speakers = prepared.speaker_numbers(packed.ids).tolist()
    for number, speaker in enumerate(speakers):
        a, b = packed.frame_starts[number : number + 2]
        made = mlpg(denormalise(stream, statistics, output[a:b], speaker), statistics.deviation**2)
        errors = frame_mcd(np.asarray(packed.streams["mcep"][a:b]), made)[packed.counted_frames(number)]
        total, frames = total + float(errors.sum()), frames + len(errors)
    return total / max(frames, 1)
