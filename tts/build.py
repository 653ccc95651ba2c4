"""From a prepared corpus and a recipe's system to a voice: the duration model, the stages in order, the voice folder."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import tts
from tts.card import environment, voice_card
from tts.errors import UsageError
from tts.evaluation.metrics import frame_mcd
from tts.files import fingerprint, read_json, write_json
from tts.generation.mlpg import mlpg
from tts.network.positions import position_width
from tts.network.stack import Stack, Stage
from tts.prepared import DURATION, Packed, Prepared
from tts.recipe import MAIN_STREAMS, Recipe, StagePart, TrainingPart
from tts.samples import log_samples
from tts.text.lexicon import read_lexicon
from tts.training.trainer import Result, Trainer, bottleneck_of, choose_device, predict
from tts.training.weighting import make_weighting
from tts.voice import FORMAT, Voice, denormalise, save_voice, stack_widths

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
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    where = choose_device(device)
    identity = voice_identity(recipe, prepared, system_name)
    check_weighting(system.stages, settings)
    check_prepared(recipe, system_name, prepared)
    training = out / "training"
    _claim(out, identity, recipe, system_name)
    if (out / "config.json").is_file() and (training / "summary.json").is_file():
        finished: dict[str, Any] = read_json(training / "summary.json")
        return finished
    if duration_from is not None and not (training / "duration").exists():
        _take_over(duration_from, training / "duration")
    with _writer(training / "tensorboard") as writer, _counting_seconds(training / "seconds.json") as seconds:
        duration, duration_result = _train_duration(recipe, prepared, settings.seed, training, where, writer)
        stack = make_stack(prepared, system.stages, settings.seed)
        config = _config(recipe, prepared, system_name, duration.part)
        voice = Voice(config, stack, duration, prepared.statistics, where)
        lexicon = prepared.folder / "lexicon.txt"
        voice.lexicon = read_lexicon(lexicon) if lexicon.is_file() else None
        results = train_stages(voice, prepared, system.stages, settings, training, writer, recipe.samples)
    summary = {
        "recipe": recipe.name,
        "system": system_name,
        "seed": settings.seed,
        "prepared": prepared.fingerprint,
        "stages": [_summary(result) for result in results],
        "duration": _summary(duration_result),
        "parameters": {
            "trained": sum(p.numel() for p in stack.parameters()),
            "speaking": sum(t.numel() for t in stack.speaking().values()),
        },
        "seconds": round(seconds(), 1),
        "command": command,
        "made_with": environment(where),
    }
    write_json(training / "summary.json", summary)
    save_voice(out, voice, voice_card(config, summary), lexicon if lexicon.is_file() else None)
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
    )


def check_prepared(recipe: Recipe, system: str, prepared: Prepared) -> None:
    """Raise :class:`UsageError` where the recipe asks for what the corpus was not prepared with."""
    again = "run tts prepare again with this recipe, or leave the change out"
    stored = prepared.facts["recipe"]
    for part in ("corpus", "split", "text", "frames", "alignment", "analysis"):
        if getattr(recipe, part).model_dump(mode="json") != stored[part]:
            raise UsageError(f"{prepared.folder}: was prepared with another {part} part than the recipe has now; {again}")
    used = {task for stage in recipe.system(system).stages for task in stage.tasks} | set(recipe.duration.tasks)
    for task in sorted(used - set(MAIN_STREAMS) - {DURATION}):
        if task not in prepared.streams or stored["tasks"].get(task) != recipe.tasks[task]:
            raise UsageError(f"{prepared.folder}: the task {task} is not in it, or with other options; {again}")


def check_weighting(stages: tuple[StagePart, ...], settings: TrainingPart) -> None:
    """Raise :class:`UsageError`, before anything is trained, for a weighting that does not exist or names no task."""
    part = settings.weighting
    learnt = {name for stage in stages for name in stage.tasks}
    unknown = sorted({*part.start, *part.stop} - learnt)
    if unknown:
        raise UsageError(f"training.weighting: {unknown[0]} is not a task of this system; its tasks are {', '.join(learnt)}")
    for stage in stages:
        main = tuple(name for name in MAIN_STREAMS if name in stage.tasks)
        make_weighting(part.method, part.options, tuple(stage.tasks), main, {n: use.weight for n, use in stage.tasks.items()})


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


def make_stack(prepared: Prepared, stages: tuple[StagePart, ...], seed: int) -> Stack:
    """Return a new stack; layers that two systems share start from the same weights where the seed is the same."""
    inputs = prepared.features.dimension + position_width(prepared.states)
    return Stack(inputs, stages, stack_widths(prepared.streams), seed=seed)


def train_stages(
    voice: Voice,
    prepared: Prepared,
    parts: tuple[StagePart, ...],
    settings: TrainingPart,
    folder: Path,
    writer: Any,
    samples: tuple[str, ...],
) -> list[Result]:
    """Train the stages one after the other, each reading the finished one before it; return what each training found."""
    results = []
    hidden: dict[str, Tensor] = {}
    for number, part in enumerate(parts, 1):
        stage = voice.stack.stages[number - 1]
        assert isinstance(stage, Stage)
        tables = {split: prepared.frame_table(split, list(part.tasks), voice.device) for split in ("train", "validation")}
        for split, table in tables.items():
            table.hidden, table.context = hidden.get(split), part.context
        last = number == len(parts)
        hook = _Hook(prepared, tables["validation"], voice if last else None, samples, folder / "samples", writer)
        trainer = Trainer(
            stage,
            tables["train"],
            tables["validation"],
            settings,
            MAIN_STREAMS,
            folder / f"stage{number}",
            label=f"stage{number}",
            hook=hook,
            writer=writer,
        )
        torch.manual_seed(settings.seed)
        results.append(trainer.run())
        if not last:
            hidden = {split: bottleneck_of(stage, table, trainer.precision) for split, table in tables.items()}
    return results


class _Hook:
    """Adds the MCD of generated trajectories to a validation and speaks the recipe's fixed sentences."""

    def __init__(
        self, prepared: Prepared, table: Any, voice: Voice | None, samples: tuple[str, ...], folder: Path, writer: Any
    ) -> None:
        self.prepared, self.table, self.voice, self.folder, self.writer = prepared, table, voice, folder, writer
        self.samples = samples
        self.packed = prepared.packed("validation")

    def __call__(self, stage: Stage, step: int) -> dict[str, float]:
        if self.voice is not None and self.samples:
            self._speak(step)
        if "mcep" not in stage.heads:
            return {}
        output = predict(stage, self.table, ["mcep"])["mcep"]
        return {"valid/mcd": generated_mcd(self.prepared, self.packed, output)}

    def _speak(self, step: int) -> None:
        assert self.voice is not None
        log_samples(self.voice, self.samples, self.folder, self.writer, step)


def generated_mcd(prepared: Prepared, packed: Packed, output: Tensor) -> float:
    """Return the pooled MCD in dB of trajectories generated from an mcep head's output (rows, width) on natural durations."""
    stream, statistics = prepared.streams["mcep"], prepared.statistics["mcep"]
    total, frames = 0.0, 0
    for number in range(len(packed.ids)):
        a, b = packed.frame_starts[number : number + 2]
        made = mlpg(denormalise(stream, statistics, output[a:b]), statistics.deviation**2)
        errors = frame_mcd(np.asarray(packed.streams["mcep"][a:b]), made)[packed.counted_frames(number)]
        total, frames = total + float(errors.sum()), frames + len(errors)
    return total / max(frames, 1)


def _train_duration(
    recipe: Recipe, prepared: Prepared, seed: int, training: Path, device: torch.device, writer: Any
) -> tuple[Stage, Result]:
    part = recipe.duration.stage
    widths = {**stack_widths(prepared.streams), DURATION: prepared.states}
    torch.manual_seed(seed)
    stage = Stage(prepared.features.dimension, part, widths).to(device)
    tables = [prepared.segment_table(split, list(part.tasks), device) for split in ("train", "validation")]
    settings = recipe.duration.training.model_copy(update={"seed": seed})
    trainer = Trainer(
        stage, tables[0], tables[1], settings, (DURATION,), training / "duration", label="duration", writer=writer
    )
    return stage, trainer.run()


def _take_over(source: Path, target: Path) -> None:
    """Copy a training folder, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        shutil.copytree(source, Path(folder) / target.name)
        (Path(folder) / target.name).replace(target)


def _claim(out: Path, identity: str, recipe: Recipe, system: str) -> None:
    """Make ``out`` this run's folder, or check that it already is."""
    mark = out / "training" / "run.json"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    if mark.is_file() and list(mark.parent.glob("*/last.safetensors")):
        if read_json(mark).get("identity") != identity:
            raise UsageError(
                f"{out}: holds a voice trained with other settings or data; choose another --out or delete the folder"
            )
        return
    if not mark.is_file() and out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: exists and was not made by tts train; choose another --out")
    run = {"identity": identity, "recipe": recipe.model_dump(mode="json"), "system": system}
    write_json(mark, run)


def _config(recipe: Recipe, prepared: Prepared, system: str, duration: StagePart) -> dict[str, Any]:
    facts = prepared.facts
    return {
        "kind": "stacked-tts voice",
        "format": FORMAT,
        "version": tts.__version__,
        "recipe": recipe.name,
        "system": system,
        "grid": facts["grid"],
        "states": prepared.states,
        "text": facts["text"],
        "inventory": facts["inventory"],
        "features": facts["features"],
        "streams": facts["streams"],
        "silence": facts["silence"],
        "constant_features": facts["constant_features"],
        "stages": [part.model_dump(mode="json") for part in recipe.system(system).stages],
        "duration": duration.model_dump(mode="json"),
        "generation": recipe.generation.model_dump(mode="json"),
        "corpus": facts["corpus"],
        "prepared": prepared.basis,
    }


def _summary(result: Result) -> dict[str, Any]:
    kept = next(entry for entry in result.history if int(entry["step"]) == result.step)
    return {"step": result.step, "main_loss": result.loss, **{k: v for k, v in kept.items() if k.startswith("valid/")}}


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
