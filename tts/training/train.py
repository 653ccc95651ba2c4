"""From a prepared corpus and a recipe's system to a voice: the duration model, the stages in order, the voice folder."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

import tts
from tts.core.device import choose_device
from tts.core.errors import UsageError
from tts.core.files import fingerprint, read_json, write_json, write_text
from tts.core.locks import held
from tts.core.provenance import environment
from tts.dataset.positions import position_width
from tts.dataset.prepared import DURATION, Prepared
from tts.dataset.speakers import DURATION_SPEAKERS, SpeakerInput, duration_speakers, speaker_input
from tts.generation.card import voice_card
from tts.generation.config import CorpusConfig, FrontEndConfig, SpeakersConfig, VoiceConfig
from tts.generation.voice import Voice, save_voice, stack_widths
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS, Recipe, StagePart, TrainingPart
from tts.recipe.changes import changed_keys
from tts.text.lexicon import read_lexicon
from tts.training.fork_merge import make_branches
from tts.training.greedy import StackTraining, summary_of
from tts.training.joint import check_learning, check_stacking, train_stack
from tts.training.parameter_groups import Tuning, is_frozen
from tts.training.trainer import Trainer
from tts.training.transfer import TransferStart, all_stages, open_source, source_identity, start_from
from tts.training.weighting import Schedule, make_weighting

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
) -> dict[str, Any]:
    """Train a system and write its voice into ``out``; continue where an earlier run of the same settings stopped.

    ``duration_from`` is the ``training/duration`` folder of a voice with the same duration part, seed and data, whose finished
    duration model is taken over instead of being trained to the same numbers again.
    Returns a summary: kept steps, validation losses, MCD, seconds, parameters. Raises :class:`UsageError` when ``out`` holds
    something else, and :class:`TtsError` when training diverges.
    """
    recipe = recipe.for_speech(prepared.speech_seconds)
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    where = choose_device(device)
    source = open_source(system.transfer, prepared)
    parts = all_stages(system, source)
    identity = voice_identity(recipe, prepared, system_name)
    check_weighting(system.stages, settings)
    check_stacking(system.stages, settings, len(prepared.packed("train").ids))
    check_prepared(recipe, system_name, prepared)
    training = out / "training"
    _check_folder(out, identity, recipe, system_name)
    with held(training, patience=30.0):
        _claim(out, identity, recipe, system_name)
        if (out / "config.json").is_file() and (training / "summary.json").is_file():
            finished: dict[str, Any] = read_json(training / "summary.json")
            return finished
        if duration_from is not None and not (training / "duration").exists():
            _take_over(duration_from, training / "duration")
        with _writer(training / "tensorboard") as writer, _counting_seconds(training / "seconds.json") as seconds:
            speakers = speaker_input(recipe.speakers_of(system), len(prepared.speakers))
            stack = make_stack(prepared, parts, settings.seed, speakers)
            duration = make_duration(recipe, prepared, settings.seed)
            begun = start_from(source, stack, duration, prepared) if source else None
            check_learning(parts, settings, [number for number, stage in enumerate(stack.stages, 1) if is_frozen(stage)])
            if begun is not None:
                write_text(training / "transfer.md", begun.report())
            tuning = begun.tuning if begun else None
            config = _config(recipe, prepared, system_name, parts, begun)
            duration_summary = _train_duration(duration, recipe, prepared, settings.seed, training, where, writer, tuning)
            voice = Voice(config, stack, duration, prepared.statistics, where)
            lexicon = prepared.lexicon_path
            voice.lexicon = read_lexicon(lexicon) if lexicon is not None else None
            work = StackTraining(voice, prepared, parts, settings, training, writer, recipe.samples, tuning)
            stages = train_stack(work)
        summary = {
            "recipe": recipe.name,
            "system": system_name,
            "seed": settings.seed,
            "prepared": prepared.fingerprint,
            "stages": stages,
            "duration": duration_summary,
            "parameters": {
                "trained": sum(p.numel() for p in stack.parameters() if p.requires_grad),
                "speaking": sum(t.numel() for t in stack.speaking().values()),
            },
            "seconds": round(seconds(), 1),
            "command": command,
            "made_with": environment(where).to_dict(),
        }
        write_json(training / "summary.json", summary)
        save_voice(out, voice, voice_card(config, summary), lexicon)
        return summary


def voice_identity(recipe: Recipe, prepared: Prepared, system_name: str) -> str:
    """Return what identifies a voice: everything its numbers depend on, the seed and the training data included."""
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    tasks = {task for stage in system.stages for task in stage.tasks} | set(recipe.duration.tasks)
    # Only what differs from the defaults, so that an option added later does not make finished voices strangers.
    return fingerprint(
        prepared.identity(tasks),
        [stage.model_dump(mode="json", exclude_defaults=True) for stage in system.stages],
        settings.model_dump(mode="json", exclude_defaults=True),
        recipe.duration.model_dump(mode="json", exclude_defaults=True),
        recipe.generation.model_dump(mode="json", exclude_defaults=True),
        *([recipe.speakers_of(system), DURATION_SPEAKERS] if len(prepared.speakers) > 1 else []),
        *(["no row of weight 0"] if _weighs_nothing(system.stages, settings) else []),
        *([{"transfer": source_identity(system.transfer)}] if system.transfer else []),
    )


def _weighs_nothing(stages: tuple[StagePart, ...], settings: TrainingPart) -> bool:
    """Return whether a task of weight 0 met a weighting that shared something out to it in earlier versions."""
    weighed = settings.fork_merge is not None or settings.weighting.method != "sum"
    return weighed and any(use.weight == 0.0 for stage in stages for use in stage.tasks.values())


def check_prepared(recipe: Recipe, system: str, prepared: Prepared) -> None:
    """Raise :class:`UsageError` where the recipe asks for what the corpus was not prepared with."""
    again = "run tts prepare again with this recipe, or leave the change out"
    stored = prepared.recipe
    for part in ("corpus", "split", "text", "frames", "alignment", "analysis"):
        if getattr(recipe, part) != getattr(stored, part):  # keys added since have their defaults
            raise UsageError(f"{prepared.folder}: was prepared with another {part} part than the recipe has now; {again}")
    used = {task for stage in recipe.system(system).stages for task in stage.tasks} | set(recipe.duration.tasks)
    for task in sorted(used - set(MAIN_STREAMS) - {DURATION}):
        if task not in prepared.streams or stored.tasks.get(task) != recipe.tasks[task]:
            raise UsageError(f"{prepared.folder}: the task {task} is not in it, or with other options; {again}")


def check_weighting(stages: tuple[StagePart, ...], settings: TrainingPart) -> None:
    """Raise :class:`UsageError`, before anything is trained, for a weighting that does not exist or names no task."""
    part = settings.weighting
    learnt = {name for stage in stages for name in stage.tasks}
    forks = settings.fork_merge
    forked = {name for branch in forks.branches for name in branch} if forks and not isinstance(forks.branches, str) else set()
    unknown = sorted({*part.start, *part.stop, *forked} - learnt)
    if unknown:
        where = "fork_merge.branches" if unknown[0] in forked else "weighting"
        raise UsageError(f"training.{where}: {unknown[0]} is not a task of this system; its tasks are {', '.join(learnt)}")
    late = [name for name, step in part.start.items() if step >= settings.steps]
    if late:
        at = f"step {part.start[late[0]]} of {settings.steps}"
        raise UsageError(f"training.weighting.start: {late[0]} starts at {at}, so it is never learnt")
    for stage in stages:
        main = tuple(name for name in MAIN_STREAMS if name in stage.tasks)
        start, stop = ({name: at for name, at in given.items() if name in stage.tasks} for given in (part.start, part.stop))
        weights = {name: use.weight for name, use in stage.tasks.items()}
        make_weighting(part.method, part.options, tuple(stage.tasks), main, weights, schedule=Schedule(start, stop))
        if forks is not None:
            make_branches(forks, stage, main)


@contextmanager
def _counting_seconds(path: Path) -> Iterator[Callable[[], float]]:
    """Yield what tells the seconds spent so far, those of earlier, interrupted runs included."""
    before = float(read_json(path)["seconds"]) if path.is_file() else 0.0
    started = time.monotonic()

    def spent() -> float:
        return before + time.monotonic() - started

    try:
        yield spent
    finally:
        write_json(path, {"seconds": spent()})


def make_stack(prepared: Prepared, stages: tuple[StagePart, ...], seed: int, speakers: SpeakerInput | None = None) -> Stack:
    """Return a new stack; layers that two systems share start from the same weights where the seed is the same."""
    inputs = prepared.features.dimension + position_width(prepared.states)
    return Stack(inputs, stages, stack_widths(prepared.streams), seed=seed, speakers=speakers)


def make_duration(recipe: Recipe, prepared: Prepared, seed: int) -> Stage:
    """Return a new duration model."""
    widths = {**stack_widths(prepared.streams), DURATION: prepared.states}
    torch.manual_seed(seed)
    told = duration_speakers(len(prepared.speakers))
    inputs = prepared.features.dimension + (told.count if told else 0)
    return Stage(inputs, recipe.duration.stage, widths, speakers=told)


def _train_duration(
    stage: Stage,
    recipe: Recipe,
    prepared: Prepared,
    seed: int,
    training: Path,
    device: torch.device,
    writer: Any,
    tuning: Tuning | None,
) -> dict[str, Any]:
    stage.to(device)
    if is_frozen(stage):
        return {"step": 0, "steps": 0, "frozen": True}
    told, names = stage.speakers is not None, list(recipe.duration.tasks)
    tables = [prepared.segment_table(split, names, device, codes=told) for split in ("train", "validation")]
    settings = recipe.duration.training.model_copy(update={"seed": seed})
    trainer = Trainer(
        stage,
        tables[0],
        tables[1],
        settings,
        (DURATION,),
        training / "duration",
        label="duration",
        writer=writer,
        tuning=tuning.within("duration") if tuning else None,
    )
    return summary_of(trainer.run())  # its random numbers follow those that the model was made from


def _take_over(source: Path, target: Path) -> None:
    """Copy a training folder, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        shutil.copytree(source, Path(folder) / target.name)
        (Path(folder) / target.name).replace(target)


def _check_folder(out: Path, identity: str, recipe: Recipe, system: str) -> None:
    """Raise :class:`UsageError` where ``out`` holds anything but this run."""
    training = out / "training"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    there = [*(out.iterdir() if out.exists() else ()), *(training.iterdir() if training.is_dir() else ())]
    if not (training / "run.json").is_file() and any(path != training and not path.name.startswith(".") for path in there):
        raise UsageError(f"{out}: exists and was not made by tts train; choose another --out")
    _begun(out, identity, recipe, system)


def _begun(out: Path, identity: str, recipe: Recipe, system: str) -> bool:
    """Return whether this run was begun in ``out``; raise :class:`UsageError` where another one was."""
    mark = out / "training" / "run.json"
    if not mark.is_file() or not list(mark.parent.glob("*/last.safetensors")):
        return False
    run = read_json(mark)
    if run.get("identity") != identity:
        raise UsageError(
            f"{out}: holds a voice {_what_differs(run, recipe, system)}; choose another --out or delete the folder"
        )
    return True


def _claim(out: Path, identity: str, recipe: Recipe, system: str) -> None:
    """Make ``out``, whose lock is held, this run's folder; what another run left meanwhile is found, and not written over."""
    if not _begun(out, identity, recipe, system):
        run = {"identity": identity, "recipe": recipe.model_dump(mode="json"), "system": system}
        write_json(out / "training" / "run.json", run)


def _what_differs(run: Mapping[str, Any], recipe: Recipe, system: str) -> str:
    """Say why a folder's run is not the one that is asked for."""
    if run.get("system", system) != system:
        return f"of the system {run['system']}, not of {system}"
    changed = changed_keys(run, recipe, system)
    if not changed:
        return "trained with other data, or by an earlier version"
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"trained with other settings ({'; '.join(changed[:3])}{more})"


def _config(
    recipe: Recipe, prepared: Prepared, system: str, stages: tuple[StagePart, ...], begun: TransferStart | None
) -> VoiceConfig:
    return VoiceConfig(
        version=tts.__version__,
        recipe=recipe.name,
        system=system,
        grid=prepared.grid,
        states=prepared.states,
        text=FrontEndConfig.model_validate(prepared.facts.text.model_dump()),
        streams=tuple(prepared.streams.values()),
        stages=stages,
        duration=recipe.duration.stage,
        generation=recipe.generation,
        prepared=prepared.basis,
        speakers=_speakers(recipe, prepared, system),
        transfer=begun.facts() if begun else None,
        **_corpus_config(prepared),
    )


def _corpus_config(prepared: Prepared) -> dict[str, Any]:
    """Return the keys of :class:`VoiceConfig` that follow from the corpus alone."""
    facts = prepared.facts
    return {
        "inventory": prepared.inventory,
        "features": prepared.features.fingerprint,
        "silence": facts.silence,
        "constant_features": facts.constant_features,
        "corpus": CorpusConfig.model_validate(facts.corpus.model_dump(exclude={"root"})),
    }


def adapted_config(config: VoiceConfig, prepared: Prepared) -> VoiceConfig:
    """Return the configuration of a voice that speaks as the one speaker of another corpus."""
    return config.model_copy(update={**_corpus_config(prepared), "speakers": None})


def _speakers(recipe: Recipe, prepared: Prepared, system: str) -> SpeakersConfig | None:
    """Return what a voice of several speakers knows of them."""
    if len(prepared.speakers) == 1:
        return None
    silences = tuple(speaker.silence for speaker in prepared.facts.speakers)
    use = recipe.speakers_of(recipe.system(system))
    told = {"use": use, "duration": DURATION_SPEAKERS}
    return SpeakersConfig.model_validate({**told, "names": prepared.speakers, "silences": silences})


@contextmanager
def _writer(folder: Path) -> Iterator[Any]:
    """Yield a TensorBoard writer, or None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        log.warning("no TensorBoard logs: install stacked-tts[viz] for them")
        yield None
        return
    writer = SummaryWriter(str(folder))
    try:
        yield writer
    finally:
        writer.close()
