"""The training loop: one stage on one table, validated on the main task, resumable to the bit."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tts.core.device import choose_precision, to_host
from tts.core.errors import Diverged, TtsError, UsageError
from tts.core.files import write_text
from tts.core.progress import Progress
from tts.core.tensors import load_tensors, load_weights, save_tensors
from tts.dataset.table import Batch, Rows, Table, pad_utterances, unpad, utterance_groups
from tts.network.joint import Joint, margin, task_of
from tts.network.stack import Stage, StageOutput
from tts.recipe import StagePart, TaskUse, TrainingPart
from tts.tasks.losses import TaskLoss, dimension_emphasis, task_loss_sum
from tts.training.batches import CROP, Batches, Crops
from tts.training.checkpoint import optimiser_state, random_state, restore_optimiser, restore_random_state
from tts.training.fork_merge import make_branches, train_round
from tts.training.parameter_groups import Pull, Tuning, parameter_groups
from tts.training.trajectory import Trajectories
from tts.training.weighting import Schedule, Weighting, after_step, backward, make_weighting

log = logging.getLogger(__name__)

Model = Stage | Joint
# Called after a validation with the model (in evaluation mode, validated weights) and the step; returns further scores.
Hook = Callable[[Model, int], dict[str, float]]


@dataclass(frozen=True)
class TrainingResult:
    """What training found: the step and main validation loss of the weights that were kept, and every validation's scores."""

    step: int
    loss: float
    history: list[dict[str, float]]


class Trainer:
    """Trains a stage, or a stack as one, on ``train``, validating on ``valid``; keeps ``best`` and ``last`` in ``folder``.

    ``main`` names the tasks whose weighted losses are the main loss, by which the best weights are chosen; a stage that
    learns none of them is chosen by all its tasks. ``hook`` adds scores (MCD, samples) to a validation; ``writer`` is a
    TensorBoard writer or None; ``tuning`` is for a stage that starts from another voice's weights. ``trajectories`` replaces
    the losses of the streams it knows, on batches of whole utterances. With ``baseline`` the weights at the start are
    validated too, and kept where none that follow are better. With ``equal`` the weighting treats all tasks alike, and
    ``main`` only chooses the best weights.
    """

    def __init__(
        self,
        stage: Model,
        train: Table,
        valid: Table,
        settings: TrainingPart,
        main: tuple[str, ...],
        folder: Path,
        *,
        label: str,
        hook: Hook | None = None,
        writer: Any = None,
        tuning: Tuning | None = None,
        trajectories: Trajectories | None = None,
        baseline: bool = False,
        equal: bool = False,
    ) -> None:
        self.stage, self.train, self.valid, self.settings = stage, train, valid, settings
        self.main = tuple(name for name in main if name in stage.tasks)
        self.judges = judges(stage.tasks, main)
        self.folder, self.label, self.hook, self.writer = folder, label, hook, writer
        self.device = train.device
        self.trajectories, self.baseline = trajectories, baseline
        self.by_utterance = settings.utterances or not stage.framewise or trajectories is not None
        self.batches: Batches | Crops
        if isinstance(stage, Joint) and not self.by_utterance:
            self.batches = Crops(train, settings.batch, length=CROP, around=margin(stage.parts), seed=settings.seed)
        else:
            self.batches = Batches(train, settings.batch, utterances=self.by_utterance, seed=settings.seed)
        self.precision = choose_precision(settings.precision, self.device)
        module = stage.stack if isinstance(stage, Joint) else stage
        groups = parameter_groups(module, settings.weight_decay, tuning)
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)
        self.pull = Pull(groups, module, tuning or Tuning())
        self.average = {name: p.detach().clone() for name, p in stage.state_dict().items()} if settings.average else None
        self.streams = tuple(dict.fromkeys(task_of(name) for name in stage.heads))  # whose targets a batch needs
        self.emphasis: dict[str, Tensor] = {}
        for name, use in stage.tasks.items():
            stream, statistics = train.targets[task_of(name)].stream, train.targets[task_of(name)].statistics
            if use.emphasis and stream.kind != "continuous":
                raise UsageError(f"tasks.{stream.name}.emphasis: only continuous streams have dimensions to weigh; leave out")
            if use.emphasis and statistics is not None:
                weights = dimension_emphasis(stream, statistics.deviation, use.emphasis)
                if weights is not None:
                    self.emphasis[name] = weights.to(self.device)
        self.weighting = _make_weighting(stage, train, settings, () if equal else self.main)
        self.others, self.shared = list(stage.heads.parameters()), stage.shared
        self.diagnostics: list[dict[str, float]] = []
        self.branches = _make_branches(stage, settings, () if equal else self.main)
        self.learns: tuple[str, ...] | None = None  # within a fork, the tasks of its branch
        self.forked: dict[str, float] = {}  # what forks took and merges gave so far
        self.step = 0
        self.history: list[dict[str, float]] = []

    def run(self) -> TrainingResult:
        """Train to the end, continuing from ``last`` where it exists, and leave the best weights in the stage."""
        finished = self._resume()
        if self.baseline and not self.history:
            self._validate({}, 0.0)
        running: dict[str, Tensor] = {}
        start = time.monotonic()
        with Progress(self.label, self.settings.steps, done=self.step, unit="steps") as progress:
            while not finished and self.step < self.settings.steps:
                before = self.step
                losses = self.train_step() if len(self.branches) < 2 else train_round(self, self.branches, progress)
                for name, loss in losses.items():
                    running[name] = running.get(name, torch.zeros((), device=self.device)) + loss
                if self.step % self.settings.validate_every == 0 or self.step == self.settings.steps:
                    seconds = time.monotonic() - start
                    scores = self._validate({name: float(total) for name, total in running.items()}, seconds)
                    running, start = {}, time.monotonic()
                    finished = self._save()
                    progress.advance(0, note=f"validation {scores['valid/main']:.4f}")
                progress.advance(self.step - before)
        tensors, facts = load_tensors(self.folder / "best.safetensors")
        load_weights(self.stage, tensors, self.folder / "best.safetensors")
        self.stage.eval()
        return TrainingResult(int(facts["step"]), float(facts["loss"]), self.history)

    def train_step(self) -> dict[str, Tensor]:
        """Take one step of the optimiser; return the losses of its batch by task, cut from their graph."""
        self.stage.train()
        batch = self.batches(self.step)
        rows = self.train.gather(batch.index, self.streams)
        if self.settings.input_dropout:
            rows = replace(rows, inputs=self.train.hide(rows.inputs, self.settings.input_dropout))
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * rate_at(self.step, self.settings) * group["scale"]
        output = self._forward(rows, batch)
        losses = _means(self._losses(output, rows, batch))
        if self.learns is not None:
            losses = {name: loss for name, loss in losses.items() if name in self.learns}
        self.optimiser.zero_grad(set_to_none=True)
        every = self.settings.weighting.measure_every
        keep = any(part.unrelated is not None and part.unrelated.form == "activation" for part in self.stage.parts)
        self.note(backward(losses, self.shared, self.others, self.weighting, self.step, every=every, keep=keep))
        penalty = self.stage.penalty(output)
        if penalty.requires_grad:
            penalty.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.stage.parameters(), self.settings.clip)
        if not bool(torch.isfinite(norm)):
            raise Diverged(f"{self.label}: training diverged at step {self.step} (the loss is not finite); lower learning_rate")
        self.optimiser.step()
        self.pull.after_step(self.optimiser)
        self.stage.after_step(self.optimiser.param_groups[0]["lr"])
        if self.weighting.needs_losses_after:
            with torch.no_grad():
                after_step(_means(self._losses(self._forward(rows, batch), rows, batch)), self.weighting, self.step)
        if self.average is not None:
            # A shorter memory at first, so that the average forgets the random start.
            decay = min(self.settings.average, (1.0 + self.step) / (10.0 + self.step))
            with torch.no_grad():
                torch._foreach_lerp_(list(self.average.values()), list(self.stage.state_dict().values()), 1.0 - decay)
        self.step += 1
        return {name: loss.detach() for name, loss in losses.items()}

    def note(self, found: dict[str, float]) -> None:
        """Note what was measured of the tasks' gradients, and the weights that tasks were given."""
        if self.learns is not None:  # a branch has no weights of its own, and measures its own tasks
            found = {k: v for k, v in found.items() if not k.startswith("weight/") and k.partition("/")[2] in self.learns}
        if not found:
            return
        self.diagnostics.append({"step": float(self.step), **found})
        if self.writer is not None:
            for name, value in found.items():
                self.writer.add_scalar(f"{self.label}/gradient/{name}", value, self.step)

    def _forward(self, rows: Rows, batch: Batch) -> StageOutput:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            # A trajectory is made of all frames, those that do not count too.
            wanted = (batch.wanted,) if isinstance(self.stage, Joint) and self.trajectories is None else ()
            output: StageOutput = self.stage(rows.inputs, batch.mask, *wanted)
        return output

    def _losses(self, output: StageOutput, rows: Rows, batch: Batch) -> dict[str, TaskLoss]:
        losses = {}
        for name, prediction in output.heads.items():
            stream, target = self.train.targets[task_of(name)].stream, rows.targets[task_of(name)]
            loss = task_loss_sum(stream, prediction, target, batch.learnt, self.emphasis.get(name))
            if self.trajectories is not None and name in self.trajectories.streams:
                mean = self.trajectories(name, prediction, target, batch.mask, batch.learnt, loss.mean)
                loss = TaskLoss(mean * torch.clamp(loss.count, min=1.0), loss.count)
            losses[name] = loss
        return losses

    def _validate(self, totals: dict[str, float], seconds: float) -> dict[str, float]:
        kept = {name: value.clone() for name, value in self.stage.state_dict().items()}
        if self.average is not None:
            self.stage.load_state_dict(self.average)
        self.stage.eval()
        steps = (self.step - 1) % self.settings.validate_every + 1
        scores = {f"train/{name}": total / steps for name, total in totals.items()}
        valid = self.losses_on(self.valid)
        scores |= {f"valid/{name}": value for name, value in valid.items()}
        scores["valid/main"] = self._main_of(valid)
        scores["speed/steps_per_second"] = steps / seconds if seconds > 0 else 0.0
        scores |= self.forked
        if self.hook is not None:
            scores |= self.hook(self.stage, self.step)
        best = min((entry["valid/main"] for entry in self.history), default=math.inf)
        scores["step"] = self.step
        self.history.append(scores)
        if scores["valid/main"] < best:
            facts = {"step": self.step, "loss": scores["valid/main"]}
            save_tensors(self.folder / "best.safetensors", dict(self.stage.state_dict()), facts)
        self.stage.load_state_dict(kept)
        if self.writer is not None:
            for name, value in scores.items():
                self.writer.add_scalar(f"{self.label}/{name}", value, self.step)
        log.info("%s step %d: %s", self.label, self.step, "  ".join(f"{k} {v:.4f}" for k, v in scores.items() if k != "step"))
        return scores

    @torch.no_grad()
    def losses_on(self, table: Table) -> dict[str, float]:
        """Return every task's mean loss over the counted rows of a table, whole utterances at a time."""
        groups: list[dict[str, TaskLoss]] = []
        for numbers in utterance_groups(table, table.pass_rows):
            batch = pad_utterances(table, numbers)
            rows = table.gather(batch.index, self.streams)
            groups.append(self._losses(self._forward(rows, batch), rows, batch))
        names = list(groups[0])
        values = to_host(torch.stack([torch.stack([loss[n].total, loss[n].count]) for loss in groups for n in names]))
        sums = values.double().view(len(groups), len(names), 2).cumsum(dim=0)[-1].tolist()
        return {name: total / max(count, 1.0) for name, (total, count) in zip(names, sums, strict=True)}

    def _main_of(self, losses: dict[str, float]) -> float:
        return sum(self.stage.tasks[name].weight * losses[name] for name in self.judges)

    def main_loss_of(self, weights: dict[str, Tensor]) -> float:
        """Return the main validation loss of other weights, which stay in the stage."""
        self.stage.load_state_dict(weights)
        self.stage.eval()
        return self._main_of(self.losses_on(self.valid))

    def state(self) -> dict[str, Tensor]:
        """Return copies of all tensors that training goes on from: weights, their average, optimiser, random numbers."""
        tensors = {f"weights.{name}": value for name, value in self.stage.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in (self.average or {}).items()}
        tensors |= optimiser_state(self.optimiser) | random_state(self.device)
        tensors |= {f"weighting.{name}": value for name, value in self.weighting.state().items()}
        return {name: value.detach().clone() for name, value in tensors.items()}

    def take_up(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what :meth:`state` returned."""
        stage = {name.removeprefix("weights."): t for name, t in tensors.items() if name.startswith("weights.")}
        load_weights(self.stage, stage, self.folder / "last.safetensors")
        if self.average is not None:
            for name in self.average:
                self.average[name].copy_(tensors[f"average.{name}"])
        memory = {name.removeprefix("weighting."): t for name, t in tensors.items() if name.startswith("weighting.")}
        self.weighting.load_state(memory)
        restore_optimiser(self.optimiser, {name: tensor.clone() for name, tensor in tensors.items()})
        restore_random_state(tensors, self.device)

    def _save(self) -> bool:
        """Write ``last`` and the readable history; return whether training has stopped improving."""
        best = min(range(len(self.history)), key=lambda n: self.history[n]["valid/main"])
        stale = len(self.history) - 1 - best
        finished = self.step >= self.settings.steps or 0 < self.settings.patience <= stale
        facts = {
            "step": self.step,
            "finished": finished,
            "history": self.history,
            "diagnostics": self.diagnostics,
            "settings": self.settings.model_dump(mode="json"),
            "stages": [part.model_dump(mode="json") for part in self.stage.parts],
        }
        save_tensors(self.folder / "last.safetensors", self.state(), facts)
        columns = sorted({name for entry in self.history for name in entry} - {"step"})
        lines = ["\t".join(["step", *columns])]
        lines += ["\t".join([str(int(e["step"])), *(f"{e[c]:.6g}" if c in e else "" for c in columns)]) for e in self.history]
        write_text(self.folder / "history.tsv", "\n".join(lines) + "\n")
        return finished

    def _resume(self) -> bool:
        path = self.folder / "last.safetensors"
        if not path.exists():
            return False
        tensors, facts = load_tensors(path)
        settings, before = self.settings, TrainingPart.model_validate(facts["settings"])
        changed = sorted(key for key in dict(settings) if key != "steps" and getattr(before, key) != getattr(settings, key))
        parts = tuple(StagePart.model_validate(part) for part in facts.get("stages") or [facts["stage"]])
        if changed or parts != self.stage.parts:
            what = ", ".join(f"training.{key}" for key in changed) or "the stage's layers or tasks"
            raise TtsError(f"{path}: was trained with other settings ({what}); choose another --out or delete the folder")
        self.take_up(tensors)
        self.step, self.history, self.diagnostics = int(facts["step"]), facts["history"], facts["diagnostics"]
        self.forked = {key: value for key, value in self.history[-1].items() if key.startswith(("fork/", "merge/"))}
        if self.step:
            log.info("%s: continuing at step %d", self.label, self.step)
        return bool(facts["finished"]) and facts["settings"]["steps"] >= self.settings.steps


def _means(losses: Mapping[str, TaskLoss]) -> dict[str, Tensor]:
    return {name: loss.mean for name, loss in losses.items()}


def judges(tasks: Mapping[str, TaskUse], main: Sequence[str]) -> tuple[str, ...]:
    """Return the tasks whose losses say which weights are best: the main ones that are learnt, or all where there is none."""
    return tuple(name for name in main if name in tasks and tasks[name].weight) or tuple(tasks)


def _make_branches(stage: Model, settings: TrainingPart, main: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    if settings.fork_merge is None or isinstance(stage, Joint):  # which a recipe does not join
        return ((),)
    return make_branches(settings.fork_merge, stage.part, main)


def _make_weighting(stage: Model, table: Table, settings: TrainingPart, main: tuple[str, ...]) -> Weighting:
    tasks, part = stage.tasks, settings.weighting
    schedule = Schedule(
        {name: part.start[task_of(name)] for name in tasks if task_of(name) in part.start},
        {name: part.stop[task_of(name)] for name in tasks if task_of(name) in part.stop},
        part.main_only_step(settings.steps),
    )
    weights = {name: use.weight for name, use in tasks.items()}
    kinds = {name: table.targets[task_of(name)].stream.kind for name in tasks}
    return make_weighting(part.method, part.options, tuple(tasks), main, weights, kinds=kinds, schedule=schedule)


def rate_at(step: int, settings: TrainingPart) -> float:
    """Return the factor on the learning rate at a step: linear warm-up, then linear or cosine decay to 0, or none."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    done = step / settings.steps
    if settings.decay == "linear":
        return warm * (1.0 - done)
    if settings.decay == "cosine":
        return warm * 0.5 * (1.0 + math.cos(math.pi * done))
    return warm


@torch.no_grad()
def predict(stage: Model, table: Table, tasks: Sequence[str], precision: str = "float32") -> dict[str, Tensor]:
    """Run a stage over all rows of a table; return the outputs of ``tasks``, float32 (rows, width) on the CPU."""
    parts: dict[str, list[Tensor]] = {name: [] for name in tasks}
    for output, lengths in _outputs(stage, table, precision):
        for name in tasks:
            parts[name].append(to_host(unpad(output.heads[name], lengths).float()))
    return {name: torch.cat(values) for name, values in parts.items()}


@torch.no_grad()
def handed_on_by(
    stage: Model, table: Table, precision: str = "float32", *, bottleneck: bool = True, outputs: bool = False
) -> tuple[Tensor | None, Tensor | None]:
    """Run a stage over all rows of a table; return what later stages read of it, as far as it is wanted.

    That is its bottleneck and the outputs of its main tasks (:meth:`StageOutput.outputs`), both bfloat16 (rows, width) on
    the table's device, or pinned on the host where that has no room for them.
    """
    columns: dict[str, Tensor] = {}
    row = 0
    for output, lengths in _outputs(stage, table, precision):
        values = {"bottleneck": output.bottleneck} if bottleneck else {}
        values |= {"outputs": output.outputs(stage.parts[-1])} if outputs else {}
        for name, padded in values.items():
            assert padded is not None
            if name not in columns:
                columns[name] = table.empty(padded.shape[-1])
            columns[name][row : row + sum(lengths)].copy_(unpad(padded, lengths), non_blocking=True)
        row += sum(lengths)
    if table.device.type == "cuda":
        torch.cuda.synchronize(table.device)  # what lies on the host is read there next
    return columns.get("bottleneck"), columns.get("outputs")


def _outputs(stage: Model, table: Table, precision: str) -> Iterator[tuple[StageOutput, tuple[int, ...]]]:
    stage.eval()
    for numbers in utterance_groups(table, table.pass_rows):
        batch = pad_utterances(table, numbers)
        with torch.autocast(table.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            output: StageOutput = stage(table.inputs(batch.index), batch.mask)
        assert batch.lengths is not None
        yield output, batch.lengths
