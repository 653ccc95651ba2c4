"""What a voice's numbers depend on, in two parts: what it is trained from, and what it speaks with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts.core.errors import UsageError
from tts.core.files import fingerprint, read_json
from tts.dataset.prepared import Prepared
from tts.dataset.speakers import DURATION_SPEAKERS
from tts.recipe import GenerationPart, Recipe, TrainingPart
from tts.recipe.transfer import TransferPart

IDENTITY_VERSION = 2  # raise it when the same settings and data train other numbers


@dataclass(frozen=True)
class VoiceIdentity:
    """What identifies a voice.

    ``trained_from`` stands for data, networks and every setting of their training, the seed included, but for the numbers of
    ``steps``: those of the acoustic networks and of the duration model. ``speaks_with`` stands for the settings of generation,
    which change no weight.
    """

    trained_from: str
    steps: tuple[int, int]
    speaks_with: str

    @property
    def whole(self) -> str:
        """Everything in one: voices with the same one are the same."""
        return fingerprint(IDENTITY_VERSION, self.trained_from, self.steps, self.speaks_with)


def voice_identity(recipe: Recipe, prepared: Prepared, system_name: str) -> VoiceIdentity:
    """Return what identifies the voice that a system of a recipe becomes on a prepared corpus.

    Raises :class:`UsageError` where the voice that the system starts from is not there.
    """
    transfer = recipe.system(system_name).transfer
    return identity_of(recipe, system_name, data_identity(recipe, prepared, system_name), source_identity(transfer))


def identity_of(recipe: Recipe, system_name: str, data: str, source: str) -> VoiceIdentity:
    """Return the identity of a voice of which the data and the source of a transfer are known by their own identities."""
    system = recipe.system(system_name)
    settings, duration = recipe.training_of(system), recipe.duration_of(system)
    trained_from = fingerprint(
        IDENTITY_VERSION,
        data,
        source,
        [stage.model_dump(mode="json") for stage in system.stages],
        _without_steps(settings),
        {**duration.model_dump(mode="json", exclude={"training"}), "training": _without_steps(duration.training)},
        [recipe.speakers_of(system), DURATION_SPEAKERS] if recipe.corpus.several else [],
        *([["prosody", system.prosody]] if system.prosody else []),
        *([] if system.prominence is None else [["prominence", system.prominence]]),
        *([] if system.edit is None else [_scaling(recipe.generation)]),  # which an edit learns from
    )
    without = {"edit_strength"} if system.edit is None else set()
    if recipe.generation.speed == 1.0:  # at which every voice spoke that does not say so
        without.add("speed")
    if recipe.generation.vocoder == "world":  # through which every voice spoke that does not say so
        without.add("vocoder")
    speaks_with = fingerprint(recipe.generation.model_dump(mode="json", exclude=without))
    return VoiceIdentity(trained_from, (settings.steps, duration.training.steps), speaks_with)


def data_identity(recipe: Recipe, prepared: Prepared, system_name: str) -> str:
    """Return what identifies the data that a system learns: utterances, their times and parameters, and its tasks."""
    system = recipe.system(system_name)
    tasks = {task for stage in system.networks for task in stage.tasks} | set(recipe.duration_of(system).tasks)
    return prepared.identity(tasks)


def source_identity(part: TransferPart | None) -> str:
    """Return what identifies a transfer: its settings, and the content of the voice whatever its folder is called.

    Empty without a transfer. Raises :class:`UsageError` for a folder that is no finished voice.
    """
    if part is None:
        return ""
    settings = part.model_dump(mode="json", exclude={"init_from", "features_from"})
    return fingerprint("init" if part.init_from else "features", settings, source_files(part))


def source_files(part: TransferPart) -> Any:
    """Return the digests of the files of the voice that a transfer starts from."""
    path = Path(part.source) / "config.json"
    if not path.is_file():
        raise UsageError(f"transfer: {part.source}: not a finished voice (no config.json); train it first")
    return read_json(path).get("files")


def _scaling(generation: GenerationPart) -> list[Any]:
    return [generation.post_filter, generation.strength, generation.f0_variance]


def _without_steps(settings: TrainingPart) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude={"steps"})
