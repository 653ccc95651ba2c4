"""A recipe for a Merlin user's data: the translated configuration with the corpus, its splits and where its files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError, UsageError
from tts.corpora.merlin import AUDIO_FOLDERS, read_file_list
from tts.recipe.load import check_recipe
from tts.recipe.merlin import MerlinData, Translation, read_duration_configuration, read_merlin_configuration
from tts.recipe.show import to_yaml


@dataclass(frozen=True)
class MerlinProject:
    """What a person says of a Merlin configuration: ``data`` and ``wav`` are folders, ``duration`` a configuration too."""

    configuration: Path
    licence: str
    speaker: str
    name: str
    language: str = "en-us"
    data: Path | None = None
    wav: Path | None = None
    duration: Path | None = None


@dataclass(frozen=True)
class ImportedRecipe:
    """A recipe's YAML, and by Merlin's key what was left out of it and why."""

    yaml: str
    left: dict[str, str]


def import_merlin(project: MerlinProject, out: Path) -> ImportedRecipe:
    """Translate a project into the recipe that will be written to ``out``.

    Raises :class:`UsageError` for files and folders that are not there, :class:`TtsError` for values that cannot be.
    """
    translation = read_merlin_configuration(project.configuration, project.data)
    data, left = translation.data, dict(translation.left)
    for what, path in (("file_id_list", data.file_list), ("label_align", data.labels)):
        if not path.exists():
            advice = "name the data folder on this machine with --data"
            raise UsageError(f"{project.configuration}: {what} is {path}, which is not there; {advice}")
    root = data.file_list.parent
    audio = _audio(project, root)
    folder = out.resolve().parent
    recipe: dict[str, Any] = {
        "name": project.name,
        "corpus": {
            "format": "merlin",
            "root": _relative(root, folder),
            "file": data.file_list.name,
            "audio": _relative(audio, root),
            "speaker": project.speaker,
            "language": project.language,
            "licence": project.licence,
        },
    }
    recipe["split"] = _splits(translation)
    recipe |= translation.recipe
    recipe["alignment"]["labels"] = _relative(data.labels, folder)
    _place(recipe, data, folder, left)
    if project.duration is not None:
        recipe["duration"], more = read_duration_configuration(project.duration)
        left |= more
    check_recipe(recipe, str(out))
    head = [f"# Translated from Merlin's {project.configuration.name} by tts import merlin."]
    head += ["# What has no counterpart:", *(f"#   {key}: {why}" for key, why in left.items())] if left else []
    return ImportedRecipe("\n".join(head) + "\n" + to_yaml(recipe), left)


def _place(recipe: dict[str, Any], data: MerlinData, folder: Path, left: dict[str, str]) -> None:
    """Add where questions and features lie, or note that they are not there."""
    if data.questions.is_file():
        recipe["text"]["questions"] = _relative(data.questions, folder)
    else:
        left[f"[Labels] question_file_name: {data.questions}"] = (
            "is not there: the product's own linguistic features are read; or name the file with text.questions"
        )
        del recipe["text"]["subphone"]
    if data.features is not None and (data.features / "mgc").is_dir():
        recipe["analysis"] = {"features": _relative(data.features, folder)}
    elif data.features is not None:
        left[f"[Paths] in_mgc_dir: {data.features / 'mgc'}"] = "is not there: the recordings are analysed"


def _audio(project: MerlinProject, root: Path) -> Path:
    if project.wav is not None:
        if not project.wav.is_dir():
            raise UsageError(f"{project.wav}: there is no such folder of recordings")
        return project.wav
    for name in AUDIO_FOLDERS:
        if (root / name).is_dir():
            return root / name
    raise UsageError(f"{root}: has no folder wav; name the folder of the recordings with --wav")


def _splits(translation: Translation) -> dict[str, Any]:
    """Return the recipe's splits, in the order of the list."""
    path = translation.data.file_list
    ids = [key for _, key in read_file_list(path)]
    train, valid, test = translation.counts
    if min(translation.counts) < 1 or train + valid + test > len(ids):
        raise TtsError(f"{path}: names {len(ids)} utterances; the configuration splits them {train}/{valid}/{test}")
    ends = (0, train, train + valid, train + valid + test)
    return {name: {"range": [ids[ends[n]], ids[ends[n + 1] - 1]]} for n, name in enumerate(("train", "validation", "test"))}


def _relative(path: Path, folder: Path) -> str:
    """Return a path from ``folder`` where it lies in it or near by, else absolute."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return Path(relative).as_posix() if relative.count("..") <= 3 else path.resolve().as_posix()
