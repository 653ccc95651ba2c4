"""What the steps of a preparation share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tts.corpora.problems import Problem
from tts.recipe import Recipe


@dataclass
class Preparation:
    """A recipe, where its paths start, where results go, how much of the machine is used, and what was wrong so far."""

    recipe: Recipe
    recipe_folder: Path
    out: Path
    workers: int | None
    device: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        """The folder of results that may be deleted."""
        return self.out / "cache"

    @property
    def lexicon(self) -> Path | None:
        """The recipe's lexicon; None where it names none."""
        name = self.recipe.text.lexicon
        return self.recipe_folder / name if name else None

    def leave_out(self, key: str, code: str, reason: str, place: str) -> None:
        """Note that an utterance is left out, and why."""
        self.problems.append(Problem(key, code, reason, place))
