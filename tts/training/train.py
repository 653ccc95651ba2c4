"""From a prepared corpus and a recipe's system to a voice: the duration model, the stages in order, the voice folder."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from tts.core.device import choose_device
from tts.core.errors import UsageError
from tts.core.files import write_text
from tts.core.locks import held
from tts.core.provenance import environment
from tts.core.ranks import current_ranks
from tts.core.seeds import derived_seed
from tts.dataset.other_prominence import reading_prominence
from tts.dataset.positions import position_width
from tts.dataset.prepared import DURATION, Prepared
from tts.dataset.speakers import SpeakerInput, duration_speakers, speaker_input
from tts.generation.card import voice_card
from tts.generation.config import read_config, write_config
from tts.generation.summary import NetworkSummary, TrainingSummary, read_summary, write_summary
from tts.generation.voice import Voice, make_edit, save_voice, stack_widths
from tts.network.precision import stack_precision
from tts.network.stack import Stack, Stage
from tts.recipe import DurationPart, Recipe, StagePart
from tts.text.lexicon import read_lexicon
from tts.training.checks import check, learning_problems, require
from tts.training.criterion import Objective, TrainingData
from tts.training.edit import EditTraining, train_edit
from tts.training.greedy import StackTraining, summary_of
from tts.training.identity import voice_identity
from tts.training.joint import train_stack
from tts.training.parameter_groups import Tuning, is_frozen
from tts.training.records import RunRecord, acoustic_settings, duration_settings, make_run
from tts.training.run_folder import check_folder, claim, counting_seconds, is_finished
from tts.training.tensorboard import TensorBoard, available
from tts.training.trainer import Trainer
from tts.training.transfer import Source, all_stages, open_source, start_from
from tts.training.variation import measured_variation
from tts.training.voice_config import make_config

__all__ = ["fastest_precision", "make_duration", "make_stack", "train_voice", "voice_identity"]

log = logging.getLogger(__name__)


def train_voice(
    recipe: Recipe,
    prepared: Prepared,
    system_name: str,
    out: Path,
    *,
    device: str = "auto",
    command: str = "",
    duration_from: Path | None = None,
    precision: str | None = None,
) -> TrainingSummary:
    """Train a system and write its voice into ``out``; continue where an earlier run of the same settings stopped.

    ``duration_from`` is the ``training/duration`` folder of a voice with the same duration part, seed and data, whose finished
    duration model is copied instead of being trained to the same numbers again. ``precision`` is what ``auto`` stands for
    (default: what :func:`fastest_precision` measures); a run that was begun keeps its own.

    A finished voice is not trained again: where only the settings of generation differ, it gets these. More steps than it was
    trained for go on from its last one, if that is what a longer training would have come to.

    Processes that share the training (:mod:`tts.core.ranks`) all call this; the first alone needs, reads and writes ``out``.

    Raises :class:`UsageError` where the recipe cannot be trained on the corpus or ``out`` holds something else, and
    :class:`~tts.core.errors.Diverged` when training diverges.
    """
    recipe = prepared.settled(recipe)
    prepared = reading_prominence(prepared, recipe.system(system_name).prominence)
    require(check(recipe, system_name, prepared))
    where = choose_device(device)
    source = open_source(recipe.system(system_name).transfer, prepared)
    run = make_run(recipe, prepared, system_name, precision)
    training, ranks = out / "training", current_ranks()
    with ExitStack() as until_the_end:
        if ranks.first:
            check_folder(out, run, prepared)
            until_the_end.enter_context(held(training, patience=30.0))
        run = _shared_run(out, run, prepared, where)
        finished = ranks.from_first(lambda: _as_asked(out, run) if is_finished(out) else None)
        if finished is not None:
            return finished
        if ranks.first and duration_from is not None and not (training / "duration").exists():
            _copy_whole(duration_from, training / "duration")
        with counting_seconds(training / "seconds.json" if ranks.first else None) as seconds:
            trained = _train(_VoiceTraining(run, prepared, source, training, where))
        stack, edit = trained.voice.stack, trained.voice.edit
        edited = 0 if edit is None else sum(p.numel() for p in edit.parameters())
        summary = TrainingSummary(
            recipe=recipe.name,
            system=system_name,
            seed=acoustic_settings(run).seed,
            prepared=prepared.fingerprint,
            stages=tuple(trained.stages),
            duration=trained.duration,
            trained=sum(p.numel() for p in stack.parameters() if p.requires_grad) + edited,
            speaking=sum(t.numel() for t in stack.speaking().values()) + edited,
            seconds=round(seconds(), 1),
            command=command,
            made_with=environment(where),
            edit=trained.edit,
        )
        if ranks.first:
            save_voice(out, trained.voice, voice_card(trained.voice.config, summary), prepared.lexicon_path)
            write_summary(training, summary)
        return summary


def _shared_run(out: Path, run: RunRecord, prepared: Prepared, device: torch.device) -> RunRecord:
    """Return the run that is trained in ``out``, claimed by the first of the processes that share the training.

    Raises :class:`UsageError` in a process that would train something else.
    """
    ranks = current_ranks()
    claimed = ranks.from_first(
        lambda: claim(out, run, prepared, lambda: fastest_precision(run.recipe, prepared, run.system, device))
    )
    if ranks.first or claimed.identity == run.identity:
        return claimed
    raise UsageError(
        f"{prepared.folder}: process {ranks.rank} of {ranks.size} reads another prepared corpus or recipe than process 0; copy "
        "the same to every machine"
    )


@dataclass(frozen=True)
class _VoiceTraining:
    """What a voice is trained with, and where."""

    run: RunRecord
    prepared: Prepared
    source: Source | None
    folder: Path
    device: torch.device


@dataclass(frozen=True)
class _TrainedVoice:
    """A voice with its best weights, and what the trainings of its networks came to."""

    voice: Voice
    stages: list[NetworkSummary]
    duration: NetworkSummary
    edit: NetworkSummary | None


def _train(work: _VoiceTraining) -> _TrainedVoice:
    """Train the duration model, then the stack."""
    run, prepared = work.run, work.prepared
    recipe, system = run.recipe, run.recipe.system(run.system)
    settings, parts = acoustic_settings(run), all_stages(system, work.source)
    speakers = speaker_input(recipe.speakers_of(system), len(prepared.speakers))
    stack = make_stack(prepared, parts, settings.seed, speakers, system.prosody)
    duration = make_duration(recipe.duration_of(system), prepared, settings.seed)
    begun = None
    if work.source:
        edits = system.edit is not None
        begun = start_from(work.source, stack, duration, prepared, system.prosody, edits=edits)
    if begun is not None:
        frozen = [number for number, stage in enumerate(stack.stages, 1) if is_frozen(stage)]
        require(learning_problems(parts, settings, frozen))
        if current_ranks().first:
            write_text(work.folder / "transfer.md", begun.report())
    tuning = begun.tuning if begun else None
    config = make_config(run, prepared, parts, begun.facts() if begun else None)
    logs = work.folder / "tensorboard" if available() else None
    duration_summary = _train_duration(duration, work, logs, tuning)
    if config.distribution is not None:
        config = config.model_copy(update={"variation": measured_variation(duration, prepared, work.device)})
    torch.manual_seed(derived_seed(settings.seed, len(parts), 8))  # an edit draws its own numbers, as every stage does
    voice = Voice(config, stack, duration, prepared.statistics, work.device, make_edit(config, stack))
    voice.lexicon = read_lexicon(prepared.lexicon_path) if prepared.lexicon_path is not None else None
    stages = train_stack(
        StackTraining(voice, prepared, parts, settings, work.folder, logs, recipe.samples, tuning, system.prosody)
    )
    edit, ranks = None, current_ranks()
    ranks.release()
    if config.edit is not None and ranks.first:  # alone, while the others have ended
        edit = train_edit(EditTraining(voice, prepared, config.edit, settings.seed, work.folder / "edit", logs))
    return _TrainedVoice(voice, stages, duration_summary, edit)


def _train_duration(stage: Stage, work: _VoiceTraining, logs: Path | None, tuning: Tuning | None) -> NetworkSummary:
    """Train the duration model; its random numbers follow those that it was made from."""
    stage.to(work.device)
    if is_frozen(stage):
        return NetworkSummary(0, 0, frozen=True)
    names, codes = list(stage.tasks), stage.speakers is not None
    train, valid = (work.prepared.segment_table(split, names, work.device, codes=codes) for split in ("train", "validation"))
    trainer = Trainer(
        stage,
        TrainingData(train, valid),
        duration_settings(work.run),
        work.folder / "duration",
        label="duration",
        objective=Objective(main=(DURATION,)),
        tuning=tuning.within("duration") if tuning else None,
        callbacks=[] if logs is None else [TensorBoard(logs / "duration")],
    )
    return summary_of(trainer.run())


def _as_asked(out: Path, run: RunRecord) -> TrainingSummary:
    """Return the summary of a finished voice; where it is to speak with other settings than it has, write these into it."""
    summary, config = read_summary(out / "training"), read_config(out)
    if config.generation != run.recipe.generation:
        log.warning("%s: speaks with the recipe's present settings of generation from now on; it is not trained again", out)
        config = config.model_copy(update={"generation": run.recipe.generation})
        write_text(out / "README.md", voice_card(config, summary))
        write_config(out, config)
    return summary


def make_stack(
    prepared: Prepared,
    stages: tuple[StagePart, ...],
    seed: int,
    speakers: SpeakerInput | None = None,
    prosody: Sequence[str] = (),
) -> Stack:
    """Return a new stack; layers that two systems share start from the same weights where the seed is the same."""
    phones = sum(prepared.streams[name].width for name in prosody)
    inputs = prepared.features.dimension + phones + position_width(prepared.states, prepared.features.subphone)
    return Stack(inputs, stages, stack_widths(prepared.streams), seed=seed, speakers=speakers)


def fastest_precision(recipe: Recipe, prepared: Prepared, system_name: str, device: torch.device) -> str:
    """Return what ``auto`` stands for in a training of a system on a device: measured on the largest of its networks.

    It is ``float32`` where no network's precision is ``auto``.
    """
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    if "auto" not in (settings.precision, recipe.duration_of(system).training.precision):
        return "float32"
    speakers = speaker_input(recipe.speakers_of(system), len(prepared.speakers))
    stack = make_stack(prepared, system.networks, settings.seed, speakers, system.prosody).to(device)
    return stack_precision("auto", stack, device)


def make_duration(part: DurationPart, prepared: Prepared, seed: int) -> Stage:
    """Return a new duration model."""
    widths = {**stack_widths(prepared.streams), DURATION: prepared.states}
    torch.manual_seed(seed)
    speakers = duration_speakers(len(prepared.speakers))
    inputs = prepared.features.dimension + (speakers.count if speakers else 0)
    return Stage(inputs, part.stage, widths, speakers=speakers)


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a training folder, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        shutil.copytree(source, Path(folder) / target.name)
        (Path(folder) / target.name).replace(target)
