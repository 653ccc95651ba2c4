"""The training of a voice's edit, its last acoustic stage: the loop, its validations, its checkpoints, and what is kept.

Validation asks no judges. Of all validations the weights are kept whose modulation spectrum is nearest to natural, multiplied
by the largest factor at which the mel-cepstrum's global variance stays within ``largest_variance`` of natural; the factor goes
into the weights, so that a strength of 1 is that edit. The first validation is of no edit at all: where none is better, the
voice keeps one that changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tts.core.device import to_host
from tts.core.errors import TtsError
from tts.core.files import write_text
from tts.core.progress import Progress
from tts.core.tensors import load_tensors, load_weights, save_tensors
from tts.dataset.prepared import Prepared
from tts.generation.editing import Editor, streams_width
from tts.generation.summary import NetworkSummary
from tts.generation.voice import Voice
from tts.network.edit import Edit
from tts.recipe.edit import EditPart
from tts.training.callbacks import Callback
from tts.training.checkpoint import LAST, load_best, save_best
from tts.training.edit_data import EditCrops, edit_utterances
from tts.training.edit_learner import EditLearner, make_discriminators, scaled_output
from tts.training.edit_validation import EditValidation
from tts.training.greedy import scores_of
from tts.training.history import history_table
from tts.training.members import own_seconds
from tts.training.tensorboard import TensorBoard

log = logging.getLogger(__name__)

LABEL = "edit"


@dataclass(frozen=True)
class EditTraining:
    """What an edit is trained with: the voice whose networks are trained, the corpus, and where checkpoints and logs go."""

    voice: Voice
    prepared: Prepared
    part: EditPart
    seed: int
    folder: Path
    logs: Path | None = None

    def run(self) -> NetworkSummary:
        """Train the voice's edit to the end, continuing from ``last`` where it exists; leave what is kept in the voice.

        Raises :class:`~tts.core.errors.Diverged` where a loss is not finite.
        """
        edit, editor = self.voice.edit, self.voice.editor
        assert edit is not None and editor is not None
        callbacks: list[Callback] = [] if self.logs is None else [TensorBoard(self.logs / LABEL)]
        loop = _Loop(self, self._learner(edit), editor, callbacks)
        return loop.run()

    def _learner(self, edit: Edit) -> EditLearner:
        voice, part = self.voice, self.part
        utterances = edit_utterances(voice, self.prepared, self.prepared.packed("train"), part.frames, "edit: reading training")
        crops = EditCrops(utterances, part.crop, self.seed, voice.device)
        streams, hidden = streams_width(voice.streams), crops.hidden.shape[1]
        return EditLearner(part, edit, make_discriminators(part, edit, streams, hidden, self.seed), crops)


class _Loop:
    """Steps, validations and checkpoints of one edit."""

    def __init__(self, work: EditTraining, learner: EditLearner, editor: Editor, callbacks: Sequence[Callback]) -> None:
        self.work, self.learner, self.editor, self.callbacks = work, learner, editor, callbacks
        self.validation = EditValidation(work.voice, work.prepared, work.part.frames, work.part.largest_variance)
        self.history: list[dict[str, float]] = []
        self._sums: dict[str, Tensor] = {}
        self._since = own_seconds()

    def run(self) -> NetworkSummary:
        part, learner = self.work.part, self.learner
        self._resume()
        for callback in self.callbacks:
            callback.started(learner.steps_done)
        self._since = own_seconds()
        try:
            if not self.history:
                self._validate()
            with Progress(LABEL, part.steps, done=learner.steps_done, unit="steps") as progress:
                while learner.steps_done < part.steps:
                    for name, loss in learner.step().items():
                        self._sums[name] = self._sums[name] + loss if name in self._sums else loss
                    note = ""
                    if learner.steps_done % part.validate_every == 0 or learner.steps_done == part.steps:
                        scores = self._validate()
                        note = f"modulation {scores['valid/modulation']:.2f} dB"
                    progress.advance(note=note)
        finally:
            for callback in self.callbacks:
                callback.ended()
        return self._take_best()

    def _validate(self) -> dict[str, float]:
        """Validate the weights that would be kept, keep them where they are the best so far, and write the checkpoint."""
        learner, part = self.learner, self.work.part
        learner.finite.require(LABEL)
        seconds = own_seconds() - self._since
        steps = (learner.steps_done - 1) % part.validate_every + 1 if learner.steps_done else 0
        scores = {f"train/{name}": float(to_host(total)) / steps for name, total in self._sums.items()}
        kept, own = learner.kept_weights(), {name: value.clone() for name, value in learner.edit.state_dict().items()}
        learner.edit.load_state_dict(kept)
        measured = self.validation(self.editor)
        learner.edit.load_state_dict(own)
        scores |= measured.to_dict()
        scores["speed/steps_per_second"] = steps / seconds if steps and seconds > 0 else 0.0
        scores["step"] = learner.steps_done
        if all(scores["valid/main"] < entry["valid/main"] for entry in self.history):
            save_best(self.work.folder, scaled_output(kept, measured.scale), learner.steps_done, scores["valid/main"])
        self.history.append(scores)
        self._save()
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scores.items() if name != "step")
        log.info("%s step %d: %s", LABEL, learner.steps_done, shown)
        self._sums, self._since = {}, own_seconds()
        return scores

    def _save(self) -> None:
        facts = {
            "step": self.learner.steps_done,
            "part": self.work.part.model_dump(mode="json"),
            "seed": self.work.seed,
            "history": self.history,
            "diagnostics": [],
        }
        save_tensors(self.work.folder / LAST, self.learner.state(), facts)
        write_text(self.work.folder / "history.tsv", history_table(self.history))
        for callback in self.callbacks:
            callback.saved(self.history[-1], [])

    def _resume(self) -> None:
        """Go on from ``last`` where it is there; one of other settings or a damaged one raises :class:`TtsError`."""
        path = self.work.folder / LAST
        if not path.is_file():
            return
        again = f"delete {self.work.folder}, and the edit is trained again from step 0"
        try:
            tensors, facts = load_tensors(path)
            step, history = int(facts["step"]), _history(facts["history"])
            same = facts["part"] == self.work.part.model_dump(mode="json") and facts["seed"] == self.work.seed
        except (TtsError, KeyError, TypeError, ValueError) as error:
            raise TtsError(f"{path}: damaged ({error}); {again}") from None
        if not same:
            raise TtsError(f"{path}: was trained with other settings of the edit; {again}")
        self.learner.load_state(tensors, path)
        self.learner.steps_done, self.history = step, history
        log.info("%s: continuing at step %d", LABEL, step)

    def _take_best(self) -> NetworkSummary:
        path = self.work.folder
        tensors, step, loss = load_best(path)
        load_weights(self.learner.edit, tensors, path)
        self.learner.edit.eval()
        best = next(entry for entry in self.history if int(entry["step"]) == step)
        if step == 0:
            log.warning("edit: no edit was better on validation than none; the voice speaks as without it")
        return NetworkSummary(step, self.learner.steps_done, loss, scores_of(best), scores_of(self.history[0]))


def _history(entries: Any) -> list[dict[str, float]]:
    return [{str(name): float(value) for name, value in entry.items()} for entry in entries]


def train_edit(work: EditTraining) -> NetworkSummary:
    """Train a voice's edit, or say that there is nothing to train where it is a scaling control."""
    if not work.part.trained:
        return NetworkSummary(0, 0)
    torch.manual_seed(work.seed)
    return work.run()
