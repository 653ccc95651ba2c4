"""The stages of a stack trained one after the other, each reading the finished ones before it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from tts.dataset.prepared import Prepared
from tts.dataset.table import Table
from tts.generation.summary import SCORES, NetworkSummary
from tts.generation.voice import Voice
from tts.network.features import sources_read
from tts.network.precision import stack_precision
from tts.network.stack import Stage
from tts.recipe import StagePart, TrainingPart, bottleneck_read
from tts.training.callbacks import Callback
from tts.training.criterion import TrainingData
from tts.training.cross_fitting import cross_fit
from tts.training.parameter_groups import Tuning, is_frozen
from tts.training.passes import StageFeatures, compute_features
from tts.training.phases import learn_trajectories, trains_jointly
from tts.training.tensorboard import TensorBoard
from tts.training.trainer import Trainer, TrainingResult
from tts.training.validation import Distortion, Samples


@dataclass(frozen=True)
class StackTraining:
    """The training of a voice's stack: what is trained, on what and how, and where its checkpoints and logs go.

    ``parts`` describe the stages of ``voice.stack``. ``logs`` is TensorBoard's folder or None, ``samples`` are sentences to
    be spoken at validations, and ``tuning`` is for a stack that starts from another voice's weights. ``prosody`` are the
    measures of phones that are read beside the linguistic features.
    """

    voice: Voice
    prepared: Prepared
    parts: tuple[StagePart, ...]
    settings: TrainingPart
    folder: Path
    logs: Path | None = None
    samples: tuple[str, ...] = ()
    tuning: Tuning | None = None
    prosody: tuple[str, ...] = ()

    @property
    def precision(self) -> str:
        """The precision of all networks."""
        return stack_precision(self.settings.precision, self.voice.stack, self.voice.device)

    def data(self, tasks: Iterable[str]) -> TrainingData:
        """Return the frames of training and validation as rows, with the targets of ``tasks``."""
        names, codes, prosody = list(tasks), self.voice.stack.speakers is not None, self.prosody
        train, valid = (
            self.prepared.frame_table(split, names, self.voice.device, codes=codes, prosody=prosody)
            for split in ("train", "validation")
        )
        train.scratch = valid.scratch = self.folder
        return TrainingData(train, valid)

    def callbacks(self, label: str, samples: Path | None) -> list[Callback]:
        """Return what happens beside a training called ``label``; no samples without their folder."""
        log = None if self.logs is None else TensorBoard(self.logs / label)
        spoken = [Samples(self.voice, self.samples, samples, log)] if samples is not None else []
        return [*spoken, Distortion(self.prepared), *([log] if log is not None else [])]


@dataclass(frozen=True)
class StageRun:
    """The training of one stage of a stack on the features of the finished ones before it; ``number`` counts from 1."""

    work: StackTraining
    number: int
    data: TrainingData

    @property
    def stage(self) -> Stage:
        """The stage itself."""
        stage = self.work.voice.stack.stages[self.number - 1]
        assert isinstance(stage, Stage)
        return stage

    @property
    def last(self) -> bool:
        """Whether the stage is the one that speaks."""
        return self.number == len(self.work.parts)

    @property
    def tuning(self) -> Tuning | None:
        """How the stage is trained where it starts from another voice."""
        return self.work.tuning.within(f"stages.{self.number - 1}") if self.work.tuning else None

    def train(self) -> NetworkSummary:
        """Train the stage itself, and its trajectories where they are learnt by it alone; leave the best weights in it."""
        work, settings, name = self.work, self.work.settings, f"stage{self.number}"
        samples = work.folder / "samples" if self.last else None
        callbacks = work.callbacks(name, samples)
        summary = summary_of(self._run(self.stage, self.data, settings, name, callbacks))
        if not self.last or settings.trajectory is None or trains_jointly(work.parts, settings):
            return summary
        place = work.folder / "trajectory"
        callbacks = work.callbacks("trajectory", place / "samples")
        then = learn_trajectories(self.stage, self.data, settings, place, tuning=self.tuning, callbacks=callbacks)
        return replace(summary_of(then).after(summary), before=scores_of(then.history[0]))

    def train_fold(self, copied: Stage, table: Table, settings: TrainingPart, fold: int) -> TrainingResult:
        """Train a copy of the stage on some utterances, in a folder of its own; ``fold`` counts from 1."""
        name = f"stage{self.number}"
        log = [] if self.work.logs is None else [TensorBoard(self.work.logs / f"{name}-fold{fold}")]
        return self._run(copied, TrainingData(table, self.data.valid), settings, f"{name}/fold-{fold}", log)

    def features(self) -> tuple[StageFeatures, StageFeatures]:
        """Return what later stages read of the stage as it is, for training and validation."""
        parts, number = self.work.parts, self.number
        bottleneck, outputs = bottleneck_read(parts, number - 1), "outputs" in parts[number].sources(first=False)
        train, valid = (
            compute_features(self.stage, table, self.work.precision, bottleneck=bottleneck, outputs=outputs)
            for table in (self.data.train, self.data.valid)
        )
        return train, valid

    def _run(
        self, stage: Stage, data: TrainingData, settings: TrainingPart, place: str, callbacks: Sequence[Callback]
    ) -> TrainingResult:
        label = place.replace("/fold-", "-fold")
        folder = self.work.folder / place
        trainer = Trainer(stage, data, settings, folder, label=label, tuning=self.tuning, callbacks=callbacks)
        torch.manual_seed(settings.seed)
        return trainer.run()


def train_stages(work: StackTraining) -> list[NetworkSummary]:
    """Train the stages in order and leave the best weights in the voice's stack; return a summary of every training.

    With ``settings.cross_fit``, what later stages read of a stage in training comes from networks that never saw the utterance;
    their own trainings lie in ``stageN/fold-K``. A stage that is frozen is not trained.
    """
    summaries = []
    features: list[tuple[StageFeatures, StageFeatures]] = []
    for number, part in enumerate(work.parts, 1):
        data = work.data(part.tasks)
        for table, earlier in zip((data.train, data.valid), zip(*features, strict=True) if features else ((), ()), strict=True):
            table.read(part, read_features(part, earlier, table))
        run = StageRun(work, number, data)
        if is_frozen(run.stage):
            features += [run.features()] if not run.last else []
            summaries.append(NetworkSummary(0, 0, frozen=True))
            continue
        initial = copy.deepcopy(run.stage) if work.settings.cross_fit and not run.last else None
        summary = run.train()
        if not run.last:
            train, valid = run.features()
            if initial is not None:
                train, folds = cross_fit(initial, data, (train, valid), work.settings, run.train_fold)
                steps = summary.steps + sum(fold.steps for fold in folds)
                summary = replace(summary, steps=steps, folds=tuple(folds))
            features.append((train, valid))
        summaries.append(summary)
    return summaries


def read_features(part: StagePart, earlier: Sequence[StageFeatures], table: Table) -> Tensor | None:
    """Put side by side what a stage reads of those before it, (rows, width), where ``table`` has room; None for the first."""
    if not earlier:
        return None
    read = sources_read(part.sources(first=False), [each.bottleneck for each in earlier], earlier[-1].outputs)
    if len(read) == 1 or table.device.type != "cpu":
        return read[0] if len(read) == 1 else torch.cat(read, dim=-1)
    joined = table.empty(sum(each.shape[1] for each in read), read[0].dtype)
    torch.cat(read, dim=-1, out=joined)
    return joined


def summary_of(result: TrainingResult) -> NetworkSummary:
    """Return the kept step, its main loss and validation scores, and the steps trained, those of all branches of forks."""
    last = result.history[-1]
    best = next(entry for entry in result.history if int(entry["step"]) == result.step)
    steps = int(last.get("fork/steps", last["step"]))
    return NetworkSummary(result.step, steps, result.loss, scores_of(best))


def scores_of(entry: dict[str, float]) -> dict[str, float]:
    """Return the validation scores of an entry of a history."""
    return {name: value for name, value in entry.items() if name.startswith(SCORES)}
