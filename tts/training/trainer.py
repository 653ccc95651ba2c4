"""The training loop: a network learns on one table, is validated on another, and continues to the bit after an interruption."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tts.core.device import to_host
from tts.core.errors import Diverged, TtsError
from tts.core.progress import Progress
from tts.core.tensors import load_weights
from tts.network.stack import Stage
from tts.recipe import TrainingPart
from tts.training.callbacks import Callback
from tts.training.checkpoint import (
    BEST,
    LAST,
    CheckpointFacts,
    load_best,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from tts.training.criterion import Model, Objective, TrainingData, judges
from tts.training.fork_merge import ForkMerge, make_branches
from tts.training.history import HistoryFiles
from tts.training.learner import Learner
from tts.training.members import own_seconds
from tts.training.parameter_groups import Tuning

log = logging.getLogger(__name__)

# A network that has learnt nothing has a main loss of about the sum of its tasks' weights, or that of its very first batch.
POOR = 10.0  # times that: what the best weights may have at the end
LOST = 1e4  # times that: what no training comes back from


@dataclass(frozen=True)
class TrainingResult:
    """What training came to: the step and main validation loss of the weights that were kept, and every validation's scores."""

    step: int
    loss: float
    history: list[dict[str, float]]


class Trainer:
    """Trains a model on ``data``; keeps its ``best`` weights and the ``last`` state in ``folder``.

    Of several processes that share the training (:mod:`tts.core.ranks`) the first validates, reads and writes.

    ``label`` is what it is called in messages, ``tuning`` is for a model that starts from another voice's weights, and
    ``callbacks`` add scores, logs and samples.
    """

    def __init__(
        self,
        model: Model,
        data: TrainingData,
        settings: TrainingPart,
        folder: Path,
        *,
        label: str,
        objective: Objective | None = None,
        tuning: Tuning | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.model, self.settings, self.folder, self.label = model, settings, folder, label
        self.objective = objective or Objective()
        self.learner = Learner(model, data, settings, self.objective, tuning, label=label)
        self.ranks = self.learner.ranks
        self.callbacks = list(callbacks) if self.ranks.first else []
        self.forks = make_forks(self.learner)
        self.history: list[dict[str, float]] = []
        self.files = HistoryFiles(folder)
        self._start_loss: float | None = None
        self._first: dict[str, Tensor] | None = None  # the losses of the very first batch, until they are asked for
        self._sums: dict[str, Tensor] = {}  # of the losses since the latest validation
        self._measured = 0  # diagnostics at the latest checkpoint
        self._since = own_seconds()

    def run(self) -> TrainingResult:
        """Train to the end, continuing from ``last`` where it exists, and leave the best weights in the model.

        Raises :class:`Diverged` where a loss is no number, or the best weights are far worse than a guess.
        """
        learner, steps = self.learner, self.settings.steps
        finished = self._resume()
        learner.agree()
        for callback in self.callbacks:
            callback.started(learner.steps_done)
        self._since = own_seconds()
        try:
            if self.objective.baseline and not self.history:
                self._validate()
            with Progress(self.label, steps, done=learner.steps_done, unit="steps") as progress:
                while not finished and learner.steps_done < steps:
                    before = learner.steps_done
                    self._advance(progress)
                    if learner.steps_done % self.settings.validate_every == 0 or learner.steps_done == steps:
                        scores = self._validate()
                        finished = self._save()
                        progress.advance(0, note=f"validation {scores['valid/main']:.4f}")
                    progress.advance(learner.steps_done - before)
        finally:
            for callback in self.callbacks:
                callback.ended()
        return self._take_best()

    def _advance(self, progress: Progress) -> None:
        """Take one step, or all steps to the next merge; add up their losses."""
        first = self.learner.steps_done == 0
        try:
            losses = self.learner.step() if self.forks is None else self.forks.round(progress)
        except Exception:
            self.learner.finite.require(self.label)  # an earlier step that was not finite is why this one failed
            raise
        if first and self.forks is None:
            self._first = losses
        for name, loss in losses.items():
            self._sums[name] = self._sums[name] + loss if name in self._sums else loss

    def _validate(self) -> dict[str, float]:
        """Validate the weights that would be kept, and keep them where they are the best so far; return the scores."""
        learner = self.learner
        learner.finite.require(self.label)
        seconds = own_seconds() - self._since
        self._note_start()
        sums = self._numbers(self._sums)
        learner.agree()
        scores = self.ranks.from_first(lambda: self._judge(sums, seconds))
        self.history.append(scores)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scores.items() if name != "step")
        log.info("%s step %d: %s", self.label, learner.steps_done, shown)
        self._sums, self._since = {}, own_seconds()
        return scores

    def _judge(self, sums: dict[str, float], seconds: float) -> dict[str, float]:
        """Return the scores of a validation; ``sums`` are those of the losses since the one before, ``seconds`` ago."""
        learner = self.learner
        steps = (learner.steps_done - 1) % self.settings.validate_every + 1
        scores = {f"train/{name}": total / steps for name, total in sums.items()}
        with learner.validated_weights():
            heads = {name for callback in self.callbacks for name in callback.heads if name in self.model.heads}
            losses, outputs = learner.validate(heads)
            scores |= {f"valid/{name}": value for name, value in losses.items()}
            scores["valid/main"] = learner.main_loss(losses)
            self._require_sense(scores)
            scores["speed/steps_per_second"] = steps / seconds if sums and seconds > 0 else 0.0
            scores |= self.forks.scores if self.forks is not None else {}
            for callback in self.callbacks:
                callback.outputs = {name: outputs[name] for name in callback.heads if name in outputs}
                scores |= callback.scores(self.model, learner.steps_done)
                callback.outputs = {}
            best = min((entry["valid/main"] for entry in self.history), default=math.inf)
            scores["step"] = learner.steps_done
            if scores["valid/main"] < best:
                save_best(self.folder, self.model.state_dict(), learner.steps_done, scores["valid/main"])
        return scores

    def _require_sense(self, scores: dict[str, float]) -> None:
        """Raise :class:`Diverged` for a validation loss that is no number, or so large that no training comes back from it."""
        step = self.learner.steps_done
        for name, value in scores.items():
            if name.startswith("valid/") and not math.isfinite(value):
                raise Diverged(
                    f"{self.label}: training diverged: the validation loss {name.removeprefix('valid/')} is not a number at "
                    f"step {step}; lower learning_rate"
                )
        if scores["valid/main"] > LOST * self._guess():
            raise Diverged(self._far(f"the validation loss is {scores['valid/main']:.4g} at step {step}"))

    def _note_start(self) -> None:
        """Work out the main loss of the very first batch, where it was of this run."""
        if self._start_loss is None and self._first is not None:
            known = self._numbers(self._first)
            tasks = self.model.tasks
            self._start_loss = sum(tasks[name].weight * known.get(name, 0.0) for name in judges(tasks, self.learner.main))

    def _numbers(self, losses: dict[str, Tensor]) -> dict[str, float]:
        """Return losses as numbers, summed over all processes, by one transfer from the device."""
        values = to_host(self.ranks.sum(torch.stack(list(losses.values())))).tolist() if losses else []
        return dict(zip(losses, values, strict=True))

    def _guess(self) -> float:
        """Return the main loss of a network that knows nothing."""
        tasks = self.model.tasks
        weights = sum(tasks[name].weight for name in judges(tasks, self.learner.main))
        return max(weights, self._start_loss or 0.0)

    def _far(self, what: str) -> str:
        rate = self.settings.learning_rate
        return (
            f"{self.label}: training diverged: {what}, where a network that knows nothing has about {self._guess():.4g}; lower "
            f"learning_rate (it is {rate:g}), or lengthen warmup"
        )

    def _save(self) -> bool:
        """Write ``last`` and the readable history; return whether training has ended, or stopped improving."""
        best = min(range(len(self.history)), key=lambda n: self.history[n]["valid/main"])
        stale = len(self.history) - 1 - best
        learner = self.learner
        finished = learner.steps_done >= self.settings.steps or 0 < self.settings.patience <= stale
        if not self.ranks.first:
            return finished
        facts = CheckpointFacts(
            step=learner.steps_done,
            finished=finished,
            history=self.history,
            diagnostics=learner.diagnostics,
            settings=self.settings,
            stages=self.model.parts,
            start_loss=self._start_loss,
        )
        save_checkpoint(self.folder, learner.state(), facts, self.files)
        measured = learner.diagnostics[self._measured :]
        self._measured = len(learner.diagnostics)
        for callback in self.callbacks:
            callback.saved(self.history[-1], measured)
        return finished

    def _resume(self) -> bool:
        """Go on from ``last`` where it is there; return whether that training is over."""
        checkpoint = self.ranks.from_first(lambda: load_checkpoint(self.folder))
        if checkpoint is None:
            return False
        tensors, facts = checkpoint
        path = self.folder / LAST
        changed = changed_settings(facts.settings, self.settings)
        if changed or facts.stages != self.model.parts:
            what = ", ".join(f"training.{key}" for key in changed) or "the stage's layers or tasks"
            raise TtsError(f"{path}: was trained with other settings ({what}); choose another --out or delete the folder")
        learner = self.learner
        learner.load_state(tensors, path)
        learner.steps_done, self.history, learner.diagnostics = facts.step, facts.history, facts.diagnostics
        self._measured, self._start_loss = len(facts.diagnostics), facts.start_loss
        if self.forks is not None:
            self.forks.scores = {k: v for k, v in self.history[-1].items() if k.startswith(("fork/", "merge/"))}
        if learner.steps_done:
            log.info("%s: continuing at step %d", self.label, learner.steps_done)
        stopped = facts.step < facts.settings.steps  # for want of improvement, which more steps would not change
        return facts.finished and (stopped or facts.settings.steps >= self.settings.steps)

    def _take_best(self) -> TrainingResult:
        """Leave the best weights in the model; return what the training came to."""
        tensors, step, loss = self.ranks.from_first(lambda: load_best(self.folder))
        if loss > POOR * self._guess():
            raise Diverged(self._far(f"its best validation loss is {loss:.4g}"))
        load_weights(self.model, tensors, self.folder / BEST)
        self.model.eval()
        return TrainingResult(step, loss, self.history)


def make_forks(learner: Learner) -> ForkMerge | None:
    """Return what takes a learner's steps where its settings fork; None where there is nothing to fork."""
    part, model = learner.settings.fork_merge, learner.model
    if part is None or not isinstance(model, Stage):  # a recipe does not join what it forks
        return None
    branches = make_branches(part, model.part, learner.objective.main_of(model.tasks))
    return ForkMerge(part, branches, learner) if len(branches) > 1 else None


def changed_settings(then: TrainingPart, now: TrainingPart) -> list[str]:
    """Return the settings of a checkpoint that differ from those now, ``steps`` apart.

    Version 0.1.0 wrote ``auto`` for the precision that a run had chosen, whichever it was.
    """
    keys = (key for key in dict(now) if key != "steps" and getattr(then, key) != getattr(now, key))
    return sorted(key for key in keys if not (key == "precision" and "auto" in (then.precision, now.precision)))
