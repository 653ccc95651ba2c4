"""What the training of a voice came to: ``training/summary.json``, with its one reader and its one writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tts.core.errors import TtsError
from tts.core.files import read_json, write_json
from tts.core.provenance import Environment

SCORES = "valid/"  # what the names of scores on the validation split begin with
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Fold:
    """One fold of a cross-fit: its utterances, steps, its network's validation loss, and how well its bottleneck was mapped.

    ``fit`` is the share of variance (R squared) explained on the frames that the map was fitted on, ``fit_validation`` on
    those of validation, which neither network has seen; None where only outputs are read.
    """

    utterances: int
    steps: int
    loss: float
    fit: float | None
    fit_validation: float | None


@dataclass(frozen=True)
class NetworkSummary:
    """What the training of one network, a stage or the duration model, came to.

    ``step`` is that of the weights that were kept, ``steps`` counts all that were taken, those of branches and of folds' copies
    too. ``scores`` are the validation scores of the kept weights by name (``valid/main``), ``before`` those of the weights that
    the last phase started from. ``grouping`` is what go_mtl found. A ``frozen`` network was not trained.
    """

    step: int
    steps: int
    main_loss: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    folds: tuple[Fold, ...] = ()
    grouping: Mapping[str, list[float]] = field(default_factory=dict)
    frozen: bool = False

    def after(self, earlier: NetworkSummary) -> NetworkSummary:
        """Return the summary of this phase and the one before it: these weights and scores, the steps of both."""
        return replace(self, steps=self.steps + earlier.steps, folds=earlier.folds, frozen=earlier.frozen)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: scores beside the numbers, and nothing that there is none of."""
        more = {
            "before": dict(self.before),
            "folds": [asdict(fold) for fold in self.folds],
            "grouping": dict(self.grouping),
            "frozen": self.frozen,
        }
        loss = {} if self.main_loss is None else {"main_loss": self.main_loss}
        plain = {key: value for key, value in more.items() if value}
        return {"step": self.step, "steps": self.steps, **loss, **self.scores, **plain}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NetworkSummary:
        """Read what :meth:`to_dict` returned."""
        return cls(
            step=int(data["step"]),
            steps=int(data.get("steps", data["step"])),
            main_loss=data.get("main_loss"),
            scores={name: float(value) for name, value in data.items() if name.startswith(SCORES)},
            before=data.get("before", {}),
            folds=tuple(Fold(**fold) for fold in data.get("folds", ())),
            grouping=data.get("grouping", {}),
            frozen=bool(data.get("frozen", False)),
        )


@dataclass(frozen=True)
class TrainingSummary:
    """What the training of a voice came to.

    ``edit`` is that of the edit where the voice has one. ``prepared`` is the corpus's fingerprint; ``trained`` and ``speaking``
    are numbers of parameters; ``seconds`` count those of earlier, interrupted runs; ``made_with`` says versions and machine.
    """

    recipe: str
    system: str
    seed: int
    prepared: str
    stages: tuple[NetworkSummary, ...]
    duration: NetworkSummary
    trained: int
    speaking: int
    seconds: float
    command: str
    made_with: Environment
    edit: NetworkSummary | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as ``summary.json`` holds it."""
        return {
            "recipe": self.recipe,
            "system": self.system,
            "seed": self.seed,
            "prepared": self.prepared,
            "stages": [stage.to_dict() for stage in self.stages],
            "duration": self.duration.to_dict(),
            **({} if self.edit is None else {"edit": self.edit.to_dict()}),
            "parameters": {"trained": self.trained, "speaking": self.speaking},
            "seconds": self.seconds,
            "command": self.command,
            "made_with": self.made_with.to_dict(),
        }


def write_summary(training: Path, summary: TrainingSummary) -> None:
    """Write ``summary.json`` into a voice's training folder."""
    write_json(training / SUMMARY, summary.to_dict())


def read_summary(training: Path) -> TrainingSummary:
    """Return the summary of a finished training; a missing or damaged one raises :class:`TtsError`."""
    path = training / SUMMARY
    data = read_json(path)
    try:
        return TrainingSummary(
            recipe=str(data["recipe"]),
            system=str(data["system"]),
            seed=int(data["seed"]),
            prepared=str(data["prepared"]),
            stages=tuple(NetworkSummary.from_dict(stage) for stage in data["stages"]),
            duration=NetworkSummary.from_dict(data["duration"]),
            trained=int(data["parameters"]["trained"]),
            speaking=int(data["parameters"]["speaking"]),
            seconds=float(data["seconds"]),
            command=str(data["command"]),
            made_with=Environment.from_dict(data["made_with"]),
            edit=NetworkSummary.from_dict(data["edit"]) if "edit" in data else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TtsError(f"{path}: damaged ({type(error).__name__}: {error}); train the voice again") from None
