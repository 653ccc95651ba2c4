"""The whole recipe, and the systems it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationInfo, model_validator

from tts.core.errors import UsageError
from tts.recipe.base import Part, filled
from tts.recipe.cleaning import CleaningPart
from tts.recipe.comparison import ComparisonPart
from tts.recipe.consistency import faults
from tts.recipe.corpus import CorpusPart
from tts.recipe.defaults import NOMINAL_SECONDS, complete
from tts.recipe.edit import EditPart
from tts.recipe.names import Name, ProminenceUse
from tts.recipe.network import StagePart
from tts.recipe.parts import AlignmentPart, AnalysisPart, FramesPart, GenerationPart, SplitPart, TextPart
from tts.recipe.stages import AnyStage, edit_of, networks_of
from tts.recipe.training import DurationPart, TrainingPart
from tts.recipe.transfer import TransferPart

# How a network learns who speaks: inputs of its trunk, output layers of every speaker's own, both, or not at all.
SpeakerUse = Literal["code", "heads", "code_and_heads", "none"]


class SystemPart(Part):
    """A named system: its stages, first to last, and what differs from the recipe's training."""

    description: str = Field(
        "", max_length=1000, description="What it is, for tables and reports.", examples=["two multi-task networks"]
    )
    stages: tuple[AnyStage, ...] = Field(
        min_length=1,
        max_length=16,
        description="Its networks (one is not stacked, the last one speaks), and after them an edit (`kind: edit`) or none.",
    )
    training: dict[str, Any] = Field(
        {}, description="Keys of `training` that this system has values of its own for.", examples=[{"steps": 10000}]
    )
    prosody: tuple[Name, ...] = Field(
        (),
        max_length=16,
        description="What the networks read of every phone beside its linguistic features: tasks of `duration.tasks` that are "
        "measured a phone, such as `phone_f0`. In training they are as measured, in speaking as the duration model predicts "
        "them. Default: none.",
        examples=[["phone_f0", "phone_energy"]],
    )
    duration: dict[str, Any] = Field(
        {},
        description="Keys of `duration` that this system has values of its own for; of its `training`, single keys. Systems "
        "with the same duration model share it in a comparison.",
        examples=[{"tasks": {"duration": 1, "phone_f0": 1}}],
    )
    prominence: ProminenceUse | None = Field(
        None,
        description="In place of `text.prominence`, for this system's networks and its duration model: `true`, `false`, or a "
        "control: `word` (what each word usually has, wherever it stands), `shuffled` (predicted values, in a random order "
        "within the sentence).",
        examples=["shuffled"],
    )
    transfer: TransferPart | None = Field(None, description="What is loaded from a finished voice.")
    speakers: SpeakerUse | None = Field(
        None,
        description="Where the corpus has several speakers, how a network knows who speaks: a `code` among its inputs, output "
        "layers of every speaker's own (`heads`), both, or `none`. Default: code_and_heads.",
        examples=["code"],
    )

    @property
    def networks(self) -> tuple[StagePart, ...]:
        """The stages that are networks, first to last."""
        return networks_of(self.stages)

    @property
    def edit(self) -> EditPart | None:
        """The edit after the networks, where there is one."""
        return edit_of(self.stages)


class Recipe(Part):
    """Everything that decides what a voice becomes."""

    name: Name = Field(description="Name of the recipe; results go to output/NAME.", examples=["anna"])
    description: str = Field("", max_length=1000, description="One line for tables and cards.", examples=["German, one woman"])
    corpus: CorpusPart = Field(description="The recordings.")
    cleaning: CleaningPart = Field(CleaningPart(), description="Cleaning of the recordings, into files of their own.")
    split: SplitPart = Field(SplitPart(), description="Test, validation and training data.")
    text: TextPart = Field(TextPart(), description="The front end.")
    frames: FramesPart = Field(description="Sample rate and frames.")
    alignment: AlignmentPart = Field(AlignmentPart(), description="The times of the phones.")
    analysis: AnalysisPart = Field(AnalysisPart(), description="The analysis of F0.")
    tasks: dict[Name, dict[str, Any]] = Field(
        {},
        max_length=200,
        description="Auxiliary tasks that `tts prepare` computes, each with its options (docs/tasks.md).",
        examples=[{"gammatone": {}, "formants": {"maximum": 5500}}],
        json_schema_extra=filled("those that the systems learn, each with its own defaults"),
    )
    training: TrainingPart = Field(description="How networks are trained.", json_schema_extra=filled("by the amount of speech"))
    duration: DurationPart = Field(description="The duration model.", json_schema_extra=filled("by the amount of speech"))
    generation: GenerationPart = Field(GenerationPart(), description="Defaults of the voice when it speaks.")
    systems: dict[Name, SystemPart] = Field(
        min_length=1,
        max_length=1000,
        description="What can be trained, by name.",
        json_schema_extra=filled("`single` and `stacked`"),
    )
    samples: tuple[str, ...] = Field(
        (), max_length=100, description="Sentences spoken at every validation.", examples=[["Is it raining?"]]
    )
    comparison: ComparisonPart = Field(ComparisonPart(), description="What `tts compare` does.")

    _given: tuple[Mapping[str, Any], tuple[str, ...]] | None = PrivateAttr(
        None
    )  # what it was filled from, while it may be again

    _usual: bool = PrivateAttr(False)  # its systems are those of a recipe that names none

    @model_validator(mode="wrap")
    @classmethod
    def _fill(cls, data: Any, handler: ModelWrapValidatorHandler[Recipe], info: ValidationInfo) -> Recipe:
        if not isinstance(data, Mapping):
            return handler(data)
        context = info.context or {}
        changes = tuple(context.get("changes", ()))
        recipe = handler(complete(data, context.get("seconds", NOMINAL_SECONDS), changes))
        recipe._given = None if "seconds" in context else (data, changes)
        recipe._usual = "systems" not in data
        return recipe

    def for_speech(self, seconds: float) -> Recipe:
        """Return this recipe with the keys that were left out filled for so many seconds of training speech.

        The recipe itself where it is filled for an amount of speech already, or was changed in Python.
        """
        if self._given is None:
            return self
        data, changes = self._given
        return Recipe.model_validate(data, context={"seconds": seconds, "changes": changes})

    def changed(self, changes: Sequence[str]) -> Recipe:
        """Return this recipe as it were with the changes ``key.sub=value`` made before those that were made to it."""
        if not changes:
            return self
        data, made = self._given or (self.model_dump(mode="json"), ())
        return Recipe.model_validate(data, context={"changes": [*changes, *made]})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Recipe:
        """Return a copy with the values of ``update``, which stays as it is (:meth:`for_speech`)."""
        copy = super().model_copy(update=update, deep=deep)
        copy._given = None if update else self._given
        return copy

    @model_validator(mode="after")
    def _fits_together(self) -> Recipe:
        if found := list(faults(self)):
            raise ValueError("\n".join(found))
        return self

    def system(self, name: str) -> SystemPart:
        """Return the system called ``name``; an unknown name raises :class:`UsageError` listing those there are."""
        if name not in self.systems:
            raise UsageError(f"recipe {self.name} has no system {name!r}; it has {', '.join(self.systems)}")
        return self.systems[name]

    def doubles_steps(self, name: str) -> bool:
        """Return whether a system's steps were filled as twice the recipe's (``single`` where the recipe names no systems)."""
        return self._usual and name == "single" and self.systems[name].training.get("steps") == 2 * self.training.steps

    def speakers_of(self, system: SystemPart) -> SpeakerUse:
        """Return how a system knows who speaks; ``none`` where the corpus has one speaker."""
        return "none" if not self.corpus.several else system.speakers or "code_and_heads"

    def training_of(self, system: SystemPart) -> TrainingPart:
        """Return the recipe's training settings with the system's own on top (:func:`with_own`).

        Of the recipe's times at which tasks start and stop, a system has those of the tasks that it learns.
        """
        training = self.training.model_dump()
        learnt = {task for stage in system.networks for task in stage.tasks}
        for key in ("start", "stop"):
            training["weighting"][key] = {name: at for name, at in training["weighting"][key].items() if name in learnt}
        return TrainingPart.model_validate(with_own(training, system.training))

    def duration_of(self, system: SystemPart) -> DurationPart:
        """Return the recipe's duration part with the system's own keys on top; of ``training`` single ones."""
        if not system.duration:
            return self.duration
        whole = self.duration.model_dump()
        own = dict(system.duration)
        if isinstance(own.get("training"), Mapping):
            own["training"] = with_own(whole["training"], own["training"])
        return DurationPart.model_validate({**whole, **own})


def with_own(training: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe's training settings with a system's own on top.

    Of ``weighting`` too only the keys that the system has are its own, and ``options`` where it has a ``method``. All other
    parts (``trajectory``, ``fork_merge``) are the system's as a whole.
    """
    both = {**training, **own}
    whole, weighting = training.get("weighting"), own.get("weighting")
    if isinstance(whole, Mapping) and isinstance(weighting, Mapping):
        both["weighting"] = {**whole, **({"options": {}} if "method" in weighting else {}), **weighting}
    return both
