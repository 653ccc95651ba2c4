"""What adapting a voice is to try: methods, numbers of utterances and seeds, and the recipe that each point is trained by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tts.core.errors import UsageError
from tts.dataset.beside import several
from tts.dataset.prepared import Prepared
from tts.generation.config import read_config
from tts.generation.voice import Voice, load_voice
from tts.recipe import EditPart, Recipe, StagePart, SystemPart, TrainingPart
from tts.recipe.stages import networks_of
from tts.recipe.transfer import TransferPart
from tts.training.transfer import check_transfer

SCRATCH, UNTRAINED, FEATURES, SHARED = "scratch", "statistics", "features", "shared"
# What every method loads; None: nothing. ``statistics`` is the voice under the target's statistics, without training; under
# ``features`` the voice's first network, frozen, stands before the system's own, which reads it over 17 frames; networks called
# ``shared`` learn the target and other speakers at once.
METHODS: Mapping[str, dict[str, Any] | None] = {
    SCRATCH: None,
    UNTRAINED: {"outputs": "normalised"},
    "fine_tune": {},
    "fine_tune_normalised": {"outputs": "normalised"},
    "layer_decay": {"layer_decay": 0.5},
    "l2_sp": {"l2_sp": 1.0},
    "freeze_trunk": {"freeze": ["trunk"]},
    FEATURES: {},
    SHARED: None,
}
CONTEXT = 8  # frames either side, of the features of a frozen network, where the system says none
# A small corpus is soon learnt by heart, so every voice is validated often and stops early.
PATIENCE = 6  # validations without improvement, where the recipe names none
VALIDATE_EVERY = 50  # steps at most
VALIDATIONS = 24  # in a training of shared networks, which is longer


@dataclass(frozen=True)
class Point:
    """A voice of the curve: its method, how many utterances it was made from, and the seed that drew them.

    ``method`` is one of :data:`METHODS`, or ``METHOD@NAME``: the same begun from another voice, with networks like its own;
    ``scratch@NAME`` has these networks and begins from nothing.
    """

    method: str
    utterances: int
    seed: int

    @property
    def kind(self) -> str:
        """The method without the voice's name."""
        return self.method.partition("@")[0]

    @property
    def place(self) -> Path:
        """Where it lies in a folder of voices or scores."""
        return Path(self.method) / f"n{self.utterances:04}-seed{self.seed}"


JudgedSeeds = Literal["first", "all"]


@dataclass(frozen=True)
class AdaptationPlan:
    """What is to be made. ``validation`` utterances, the same for all, tell when to stop.

    ``voice`` is what is begun from, and ``voices`` by name what ``METHOD@NAME`` is. ``shared`` networks learn the target beside
    the speakers of the prepared corpora ``beside``, for ``shared_steps`` at most (None: the recipe's). Every other method is
    compared with each of the methods ``against``. ``judged`` test sentences of every method's voices are judged, those of the
    first seed or ``all``.
    """

    voice: Path
    recipe: Recipe
    system: str
    utterances: tuple[int, ...]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    validation: int
    voices: Mapping[str, Path] = field(default_factory=dict)
    beside: tuple[Prepared, ...] = ()
    shared_steps: int | None = None
    against: tuple[str, ...] = ()
    judged: int = 0
    judged_seeds: JudgedSeeds = "first"

    @property
    def points(self) -> list[Point]:
        """All points, small ones first, so that an interrupted run has whole curves."""
        return [Point(m, n, seed) for seed in self.seeds for n in self.utterances for m in self.methods]

    @property
    def speaking(self) -> tuple[str, ...]:
        """The methods that leave a voice, which the judges can hear."""
        return tuple(method for method in self.methods if method != UNTRAINED)

    def start_of(self, method: str) -> Path:
        """Return the folder of the voice that a method begins from."""
        _, other, name = method.partition("@")
        return self.voices[name] if other else self.voice

    def system_of(self, method: str) -> SystemPart:
        """Return the system that a method trains: behind ``@`` the first of the recipe's with networks like the voice's.

        It is the plan's own where none without a transfer is like that, and for ``features``, which stand before it.
        """
        kind, other, _ = method.partition("@")
        names = (self.system, *(name for name, system in self.recipe.systems.items() if system.transfer is None))
        if other and kind != FEATURES:
            wanted = _shape(networks_of(read_config(self.start_of(method)).stages))
            names = (*(name for name in names if _shape(self.recipe.system(name).networks) == wanted), self.system)
        return self.recipe.system(names[0])

    def transfer_of(self, method: str) -> TransferPart | None:
        """Return what a method loads, as recipes write it; None for nothing."""
        kind, start = method.partition("@")[0], self.start_of(method)
        taken = METHODS[kind]
        if taken is None:
            return None
        if kind != FEATURES:
            return TransferPart.model_validate({"init_from": str(start), **taken})
        first = read_config(start).stages[0]
        layer = "bottleneck" if first.bottleneck is not None else len(first.trunk.layers)
        return TransferPart.model_validate({"features_from": str(start), "layer": layer})


def check_plan(plan: AdaptationPlan, voice: Voice, prepared: Prepared) -> None:
    """Raise :class:`UsageError` unless the voices fit the corpus, which has so many utterances, and the methods exist."""
    check_transfer(voice, prepared, plan.voice)
    for folder in plan.voices.values():
        check_transfer(load_voice(folder, "cpu"), prepared, folder)
    kinds = [method.partition("@")[0] for method in plan.methods]
    for method, kind in zip(plan.methods, kinds, strict=True):
        _, other, name = method.partition("@")
        if kind not in METHODS or (other and (name not in plan.voices or kind in (SHARED, UNTRAINED))):
            known = f"; a voice behind @ is one of {', '.join(plan.voices)}" if plan.voices else ""
            raise UsageError(f"--methods: there is no {method}; there are {', '.join(METHODS)}{known}")
    for method in plan.against:
        if method not in plan.methods:
            raise UsageError(f"--against: {method} is none of --methods {', '.join(plan.methods)}")
    if plan.recipe.system(plan.system).transfer is not None:
        raise UsageError(f"--system {plan.system}: has a transfer of its own; name a system without, its stages are used")
    for split, wanted in (("train", max(plan.utterances)), ("validation", plan.validation)):
        there = len(prepared.packed(split).ids)
        if wanted > there:
            raise UsageError(f"{prepared.folder}: the {split} split has {there} utterances, not {wanted}; ask for fewer")
    if len(set(plan.seeds)) < len(plan.seeds) or min(plan.seeds) < 0:
        raise UsageError(f"seeds {', '.join(map(str, plan.seeds))}: expected different numbers, none below 0")
    if min(*plan.utterances, plan.validation) < 1:
        raise UsageError("--utterances and --validation: expected at least 1 each")
    if (SHARED in kinds) != bool(plan.beside):
        raise UsageError("--methods shared and --beside, the prepared corpora of the speakers beside the target, go together")
    if plan.shared_steps is not None and SHARED not in kinds:
        raise UsageError("--shared-steps: is for --methods shared; add it, or leave --shared-steps out")
    _check_used(plan)


def _check_used(plan: AdaptationPlan) -> None:
    """Raise :class:`UsageError` where something is asked for twice or for nothing."""
    if plan.judged_seeds == "all" and not plan.judged:
        raise UsageError("--judged-seeds: is for --judges N; add it, or leave --judged-seeds out")
    if plan.judged and not plan.speaking:
        raise UsageError(f"--judges: {UNTRAINED} leaves no voice that speaks; add another of --methods, or leave --judges out")
    for option, names in (("--methods", plan.methods), ("--against", plan.against)):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise UsageError(f"{option}: {twice[0]} is there twice; name each once")
    begun = {method.partition("@")[2] for method in plan.methods}
    idle = [name for name in plan.voices if name not in begun]
    if idle:
        raise UsageError(f"--voices: no method begins from {idle[0]}; add METHOD@{idle[0]} to --methods, or leave it out")
    if plan.against and len(plan.methods) < 2:
        raise UsageError(f"--against: there is no other method to compare with {plan.against[0]}; add one to --methods")


def recipe_of(plan: AdaptationPlan, point: Point) -> Recipe:
    """Return the recipe of a point: one system, named after the method, that stops early."""
    system = plan.system_of(point.method)
    duration = plan.recipe.duration_of(system)
    settings, durations = plan.recipe.training_of(system), duration.training
    corpus, steps, duration_steps = plan.recipe.corpus, None, None
    if point.kind == SHARED:
        steps = plan.shared_steps or settings.steps
        duration_steps = durations.steps * steps // settings.steps
        corpus = several(corpus, [*corpus.names, *(other.speakers[0] for other in plan.beside)])
    changed = {
        "training": {**system.training, "seed": point.seed, **_early(settings, steps)},
        "transfer": plan.transfer_of(point.method),
        "duration": {},  # the recipe's below
        "stages": _reading(system) if point.kind == FEATURES else system.stages,
    }
    early = durations.model_copy(update=_early(durations, duration_steps))
    return plan.recipe.model_copy(
        update={
            "corpus": corpus,
            "systems": {point.method: system.model_copy(update=changed)},
            "duration": duration.model_copy(update={"training": early}),
            "samples": (),
        }
    )


def _shape(networks: Sequence[StagePart]) -> list[Any]:
    return [(part.trunk.kind, part.trunk.layers, part.bottleneck, part.context) for part in networks]


def _reading(system: SystemPart) -> tuple[StagePart | EditPart, ...]:
    """Return the stages of a system of which the first reads a network before it."""
    first = system.networks[0]  # networks come before an edit
    return (first.model_copy(update={"inputs": None, "context": first.context or CONTEXT}), *system.stages[1:])


def _early(settings: TrainingPart, steps: int | None) -> dict[str, int]:
    """Return when a training is validated and gives up; one of shared networks takes ``steps`` of its own."""
    every = min(settings.validate_every, VALIDATE_EVERY) if steps is None else max(1, steps // VALIDATIONS)
    if settings.fork_merge is not None:  # only merged networks are validated
        every = settings.fork_merge.every * max(1, every // settings.fork_merge.every)
    early = {"patience": settings.patience or PATIENCE, "validate_every": every}
    return early if steps is None else {**early, "steps": steps}
