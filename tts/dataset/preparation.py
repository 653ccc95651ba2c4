"""What the steps of a preparation share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tts.alignment.labels import SUFFIXES
from tts.core.errors import UsageError
from tts.core.place import Place
from tts.corpora.derived import DerivedRecording
from tts.corpora.layouts import Reader
from tts.corpora.problems import Problem
from tts.recipe import Recipe
from tts.text.phone_names import PhoneNames, read_phone_names
from tts.text.questions import QuestionSet, read_questions


@dataclass
class Preparation:
    """A recipe, where its paths start, where results go, how much of the machine is used, and what was wrong so far."""

    recipe: Recipe
    recipe_folder: Path
    out: Path
    workers: Place
    device: str
    problems: list[Problem] = field(default_factory=list)
    read: Reader | None = None  # what looked through the corpus already
    derived: dict[str, DerivedRecording] = field(default_factory=dict)  # recordings made of others, by utterance
    places: dict[str, str] = field(default_factory=dict)  # what each of them was made of, for people
    root: Path | None = None  # the corpus's folder

    @property
    def cache(self) -> Path:
        """The folder of results that may be deleted."""
        return self.out / "cache"

    @property
    def lexicon(self) -> Path | None:
        """The recipe's lexicon; None where it names none."""
        name = self.recipe.text.lexicon
        return self.recipe_folder / name if name else None

    @cached_property
    def phone_names(self) -> PhoneNames:
        """What the recipe's label files call phones; a table that cannot be read raises :class:`UsageError`."""
        return read_phone_names(self.recipe.alignment.phone_names, self.recipe_folder)

    @cached_property
    def questions(self) -> QuestionSet | None:
        """The recipe's questions; None where it names no file, and an error where that cannot be read."""
        name = self.recipe.text.questions
        return read_questions(self.recipe_folder / name) if name else None

    @cached_property
    def given_features(self) -> Path | None:
        """The folder of Merlin's features; None where the recipe names none, :class:`UsageError` where it is not there."""
        if self.recipe.analysis.features is None:
            return None
        return self._folder("analysis.features", self.recipe.analysis.features, "of Merlin's features")

    def _folder(self, key: str, name: str, what: str) -> Path:
        """Return a folder that the recipe names, relative to itself or to the corpus's root."""
        beside = self.recipe_folder / name
        places = [beside] if self.root is None else [beside, self.root / name]
        for folder in places:
            if folder.is_dir():
                return folder
        raise UsageError(f"{key}: {' and '.join(map(str, dict.fromkeys(places)))} is not a folder {what}")

    def label_path(self, key: str) -> Path | None:
        """Return where an utterance's label file is, or should be; None where the recipe names no labels."""
        if self.recipe.alignment.labels is None:
            return None
        folder = self._folder("alignment.labels", self.recipe.alignment.labels, "of label files")
        paths = [folder / f"{key}{suffix}" for suffix in SUFFIXES]
        return next((path for path in paths if path.is_file()), paths[0])

    def check_files(self) -> None:
        """Raise :class:`UsageError` or :class:`TtsError` where a file or folder that the recipe names cannot be read."""
        _ = self.questions, self.phone_names, self.given_features
        self.label_path("any")

    def leave_out(self, key: str, code: str, reason: str, place: str) -> None:
        """Note that an utterance is left out, and why."""
        self.problems.append(Problem(key, code, reason, place))
