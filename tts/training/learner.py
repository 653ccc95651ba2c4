"""A network as it learns: one step of training, and everything that such a step changes.

A step waits for nothing on the device: what is to be known of it (losses, whether they are finite) stays there until it is
asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from tts.core.ranks import current_ranks
from tts.core.tensors import load_weights
from tts.dataset.table import Batch, Table
from tts.network.joint import Joint, margin, task_of
from tts.network.precision import choose_precision
from tts.recipe import TrainingPart
from tts.tasks.losses import TaskLoss
from tts.training.batches import CROP, WHOLE, Batches, Crops, Share
from tts.training.checkpoint import optimiser_state, random_state, restore_optimiser, restore_random_state
from tts.training.criterion import Criterion, Model, Objective, TrainingData, judges
from tts.training.members import StepOfOne, can_join, current_member
from tts.training.optimiser import FiniteCheck, WeightAverage, make_optimiser, set_rate
from tts.training.parameter_groups import Pull, Tuning, parameter_groups
from tts.training.update import Update
from tts.training.weighting import Schedule, Weighting, after_step, backward, make_weighting


class Learner:
    """A model with its optimiser, weighting, average, and place in the data.

    ``steps_done`` counts steps; ``diagnostics`` has a line a measurement of the tasks' gradients. ``settings.precision`` may
    be ``auto``, which is then what the network learns faster in (:mod:`tts.network.precision`).

    Where several processes share the training (:mod:`tts.core.ranks`), each learns from its share of every batch, and all
    take the same steps.
    """

    def __init__(
        self,
        model: Model,
        data: TrainingData,
        settings: TrainingPart,
        objective: Objective | None = None,
        tuning: Tuning | None = None,
        *,
        label: str = "training",
    ) -> None:
        objective, tuning = objective or Objective(), tuning or Tuning()
        self.model, self.data, self.settings, self.objective, self.label = model, data, settings, objective, label
        self.device, self.ranks = data.train.device, current_ranks()
        self.precision = precision_of(settings.precision, model, data.train)
        self.main = tuple(name for name in objective.main if name in model.tasks)
        self.criterion = Criterion(model, data.train, objective.trajectories, self.precision)
        trajectories, share = objective.trajectories is not None, self.ranks.share
        self.batches = make_batches(model, data.train, settings, by_utterance=trajectories, share=share)
        groups = parameter_groups(model, settings.weight_decay, tuning)
        self.optimiser = make_optimiser(groups, settings, self.device)
        self.average = WeightAverage(model, settings.average) if settings.average else None
        self.update = Update(model, self.optimiser, Pull(groups, model, tuning), settings.clip, self.average)
        self.weighting = weighting_of(model, data.train, settings, objective.main_of(model.tasks))
        self.finite = FiniteCheck(self.device)
        self.diagnostics: list[dict[str, float]] = []
        self.steps_done = 0
        self._heads, self._shared = list(model.heads.parameters()), model.shared

    def step(self, tasks: Collection[str] | None = None) -> dict[str, Tensor]:
        """Take one step of the optimiser; return the mean losses of its batch by task, cut from their graph.

        Of several processes each has its part of these means, which are the sums of the parts.
        ``tasks`` are those learnt in it, by default all: a branch of a fork learns some.
        """
        settings, table = self.settings, self.data.train
        self.model.train()
        batch = self.batches(self.steps_done)
        rows = table.gather(batch.index, self.criterion.names)
        inputs = table.hide(rows.inputs, settings.input_dropout) if settings.input_dropout else rows.inputs
        set_rate(self.optimiser, self.steps_done, settings)
        self.optimiser.zero_grad(set_to_none=True)
        member = current_member()
        if member is not None and tasks is None and can_join(self):
            losses = member.learn(StepOfOne.of(self, batch, inputs, rows.targets))
        else:
            losses = self._learn(batch, inputs, rows.targets, tasks)
        self.finite.note(self.update(self.steps_done), self.steps_done)
        if self.weighting.needs_losses_after:
            with torch.no_grad():
                after = self.criterion(table, batch, inputs, rows.targets)[0]
            after_step(self._means(after), self.weighting, self.steps_done, self.ranks)
        self.update.follow(self.steps_done)
        self.steps_done += 1
        if self.steps_done % FiniteCheck.EVERY == 0:
            self.finite.require(self.label)
        return {name: loss.detach() for name, loss in losses.items()}

    def _learn(
        self, batch: Batch, inputs: Tensor, targets: Mapping[str, Tensor], tasks: Collection[str] | None
    ) -> dict[str, Tensor]:
        """Leave the gradients of a batch in the parameters; return the mean losses of the ``tasks`` that are learnt."""
        sums, output = self.criterion(self.data.train, batch, inputs, targets)
        losses = {name: loss for name, loss in self._means(sums).items() if tasks is None or name in tasks}
        penalty = self.model.penalty(output)
        every, keep = self.settings.weighting.measure_every, penalty.requires_grad
        step, shared, heads = self.steps_done, self._shared, self._heads
        measured = backward(losses, shared, heads, self.weighting, step, every=every, keep=keep, ranks=self.ranks)
        self.note(measured, tasks)
        if penalty.requires_grad:
            self._take_back(penalty)
        return losses

    def _means(self, sums: Mapping[str, TaskLoss]) -> dict[str, Tensor]:
        """Return the mean losses of a batch by task; of several processes, the part of each in those of the whole batch."""
        if self.ranks.size == 1:
            return {name: loss.mean for name, loss in sums.items()}
        counts = self.ranks.sum(torch.stack([loss.count for loss in sums.values()])).clamp(min=1.0)
        return {name: loss.total / count for (name, loss), count in zip(sums.items(), counts, strict=True)}

    def _take_back(self, penalty: Tensor) -> None:
        """Add the gradient of a penalty; of several processes, the mean of theirs, for some look at activations."""
        if self.ranks.size == 1:
            penalty.backward()  # type: ignore[no-untyped-call]
            return
        parameters = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(penalty / self.ranks.size, parameters, allow_unused=True, materialize_grads=True)
        total = self.ranks.sum(torch.cat([gradient.flatten() for gradient in gradients]))
        for parameter, part in zip(parameters, torch.split(total, [p.numel() for p in parameters]), strict=True):
            part = part.view_as(parameter)
            parameter.grad = part.clone() if parameter.grad is None else parameter.grad + part

    def agree(self) -> None:
        """Give all processes the first one's weights, average and optimiser, and each its own random numbers from here on."""
        optimiser = [value for entry in self.optimiser.state.values() for value in entry.values()]
        average = self.average.values if self.average else {}
        self.ranks.copy_first([*self.model.state_dict().values(), *average.values(), *optimiser])
        self.ranks.draw_own(self.settings.seed, self.steps_done)

    def note(self, measured: Mapping[str, float], tasks: Collection[str] | None = None) -> None:
        """Note what was measured at this step of the tasks' gradients, and the weights that tasks were given.

        A branch of a fork, which learns ``tasks``, has no weights of its own and measures its own tasks.
        """
        own = {
            name: value
            for name, value in measured.items()
            if tasks is None or (not name.startswith("weight/") and name.partition("/")[2] in tasks)
        }
        if own:
            self.diagnostics.append({"step": float(self.steps_done), **own})

    def losses_on(self, table: Table) -> dict[str, float]:
        """Return every task's mean loss over the counted rows of a table, with the weights that are in the model."""
        return self.criterion.sums(table).means()

    def validate(self, heads: Collection[str] = ()) -> tuple[dict[str, float], dict[str, Tensor]]:
        """Return what :meth:`losses_on` does of the validation rows, and what ``heads`` answer, float32 (rows, width)."""
        sums, outputs = self.criterion.judged(self.data.valid, heads)
        return sums.means(), outputs

    def main_loss(self, losses: Mapping[str, float]) -> float:
        """Return the weighted sum of the losses by which weights are chosen."""
        return sum(self.model.tasks[name].weight * losses[name] for name in judges(self.model.tasks, self.main))

    def main_loss_of(self, weights: dict[str, Tensor]) -> float:
        """Return the main validation loss of other weights, which stay in the model."""
        self.model.load_state_dict(weights)
        self.model.eval()
        return self.ranks.from_first(lambda: self.main_loss(self.losses_on(self.data.valid)))

    @contextmanager
    def validated_weights(self) -> Iterator[None]:
        """Have in the model, in evaluation mode, the weights that are validated and kept: the average where there is one."""
        trained = {name: value.clone() for name, value in self.model.state_dict().items()}
        if self.average is not None:
            self.model.load_state_dict(self.average.values)
        self.model.eval()
        try:
            yield
        finally:
            self.model.load_state_dict(trained)

    def state(self) -> dict[str, Tensor]:
        """Return copies of all tensors that training goes on from: weights, their average, optimiser, random numbers."""
        tensors = {f"weights.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in (self.average.values if self.average else {}).items()}
        tensors |= optimiser_state(self.optimiser) | random_state(self.device)
        tensors |= {f"weighting.{name}": value for name, value in self.weighting.state().items()}
        return {name: value.detach().clone() for name, value in tensors.items()}

    def load_state(self, tensors: Mapping[str, Tensor], source: Path | None = None) -> None:
        """Go on from what :meth:`state` returned; what does not fit raises :class:`TtsError` naming ``source``."""
        load_weights(self.model, _under("weights.", tensors), source or Path(self.label))
        if self.average is not None:
            self.average.load(_under("average.", tensors))
        self.weighting.load_state(_under("weighting.", tensors))
        restore_optimiser(self.optimiser, {name: tensor.clone() for name, tensor in tensors.items()})
        restore_random_state(dict(tensors), self.device)


def precision_of(wanted: str, model: Model, table: Table) -> str:
    """Return the precision that a model is trained in on a table's device, ``auto`` settled by a measurement."""
    return choose_precision(wanted, model, model.inputs, table.device, framewise=model.framewise)


def make_batches(
    model: Model, table: Table, settings: TrainingPart, *, by_utterance: bool, share: Share = WHOLE
) -> Batches | Crops:
    """Return the batches of a training: rows for frame-wise models, pieces for frame-wise stacks, else whole utterances."""
    size, seed = settings.batch, settings.seed
    if settings.utterances or by_utterance or not model.framewise:
        return Batches(table, size, utterances=True, seed=seed, share=share)
    if isinstance(model, Joint):
        return Crops(table, size, length=CROP, around=margin(model.parts), seed=seed, share=share)
    return Batches(table, size, utterances=False, seed=seed, share=share)


def weighting_of(model: Model, table: Table, settings: TrainingPart, main: Sequence[str]) -> Weighting:
    """Return the weighting of a model's tasks that the settings ask for."""
    tasks, part = model.tasks, settings.weighting
    schedule = Schedule(
        {name: part.start[task_of(name)] for name in tasks if task_of(name) in part.start},
        {name: part.stop[task_of(name)] for name in tasks if task_of(name) in part.stop},
        part.main_only_step(settings.steps),
    )
    weights = {name: use.weight for name, use in tasks.items()}
    kinds = {name: table.targets[task_of(name)].stream.kind for name in tasks}
    return make_weighting(part.method, part.options, tuple(tasks), main, weights, kinds=kinds, schedule=schedule)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
