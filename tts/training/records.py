"""What a training was asked for: ``run.json`` in a voice's training folder, with its one reader and its one writer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from tts.core.errors import TtsError
from tts.core.files import read_json, write_json
from tts.dataset.prepared import Prepared
from tts.recipe import Recipe, TrainingPart
from tts.training.identity import VoiceIdentity, data_identity, identity_of, source_identity
from tts.training.legacy import legacy_identity

FORMAT = 2  # of run.json; version 0.1.0 wrote none, and a digest in place of the data's and the source's


@dataclass(frozen=True)
class RunRecord:
    """What a training was asked for: with the same recipe, system, data and source it is the same training.

    ``data`` and ``source`` identify the prepared corpus and the voice that a transfer starts from. ``precision`` is what
    ``auto`` stands for in this run, on whatever machine it continues; None in a run of version 0.1.0, which did not say.
    """

    recipe: Recipe
    system: str
    data: str
    source: str
    precision: str | None

    @property
    def identity(self) -> VoiceIdentity:
        """What identifies the voice that this run trains."""
        return identity_of(self.recipe, self.system, self.data, self.source)


def make_run(recipe: Recipe, prepared: Prepared, system: str, precision: str | None) -> RunRecord:
    """Return the record of a training that begins now; a ``precision`` of None is settled as its folder is claimed."""
    source = source_identity(recipe.system(system).transfer)
    return RunRecord(recipe, system, data_identity(recipe, prepared, system), source, precision)


def acoustic_settings(run: RunRecord) -> TrainingPart:
    """Return the settings of a run's stages, their precision resolved."""
    return _resolved(run.recipe.training_of(run.recipe.system(run.system)), run)


def duration_settings(run: RunRecord) -> TrainingPart:
    """Return the settings of a run's duration model, which has the seed of the stages, its precision resolved."""
    seed = acoustic_settings(run).seed
    return _resolved(run.recipe.duration_of(run.recipe.system(run.system)).training.model_copy(update={"seed": seed}), run)


def _resolved(settings: TrainingPart, run: RunRecord) -> TrainingPart:
    if settings.precision != "auto" or run.precision is None:
        return settings
    return settings.model_copy(update={"precision": run.precision})


def write_run(training: Path, record: RunRecord) -> None:
    """Write ``run.json`` into a voice's training folder."""
    data = {
        "format": FORMAT,
        "system": record.system,
        "data": record.data,
        "source": record.source,
        "precision": record.precision,
        "recipe": record.recipe.model_dump(mode="json"),
    }
    write_json(training / "run.json", data)


def read_run(training: Path, prepared: Prepared) -> RunRecord | None:
    """Return the record of a training folder; None where there is none, or one that says nothing of this corpus.

    One of version 0.1.0 is recognised by its digest: it must be that of its own recipe on ``prepared``.
    """
    path = training / "run.json"
    if not path.is_file():
        return None
    data = read_json(path)
    try:
        recipe, system = Recipe.model_validate(data["recipe"]), str(data["system"])
        if data.get("format") == FORMAT:
            return RunRecord(recipe, system, str(data["data"]), str(data["source"]), data["precision"])
        if data.get("format") is None and data["identity"] == legacy_identity(recipe, prepared, system):
            source = source_identity(recipe.system(system).transfer)
            return RunRecord(recipe, system, data_identity(recipe, prepared, system), source, None)
    except (ValidationError, TtsError, KeyError, TypeError, AttributeError):
        pass  # a recipe that this version reads otherwise, or a voice to start from that is gone
    return None
