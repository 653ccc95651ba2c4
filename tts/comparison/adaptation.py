"""Adapting a voice to another speaker: how good it gets with N utterances, and what the old voice is worth.

A point of the curve is a voice made from a random subset of the target's training utterances (subsets are nested within a
seed) by one method, scored on the whole test split. A finished point is never made again, so an interrupted run continues.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from tts.comparison.adaptation_results import (
    METRICS,
    AdaptationResults,
    Against,
    CurvePoint,
    draw,
    markdown,
    write_adaptation,
)
from tts.comparison.records import ScoreRecord, read_record, read_sums, write_record
from tts.core.device import choose_device
from tts.core.errors import UsageError
from tts.core.files import fingerprint, read_json, write_json, write_text
from tts.core.folders import require_own_folder
from tts.core.locks import held
from tts.core.progress import tracked
from tts.core.provenance import environment
from tts.dataset.prepared import Prepared
from tts.dataset.subset import Subset, nested
from tts.evaluation.evaluate import generate_split, score_settings
from tts.evaluation.scores import Scores
from tts.evaluation.statistics import Runs, mean_interval, paired_bootstrap
from tts.generation.voice import Voice, load_voice
from tts.recipe import Recipe, TrainingPart
from tts.recipe.transfer import TransferPart
from tts.training.legacy import legacy_identity
from tts.training.train import fastest_precision, make_duration, make_stack, train_voice, voice_identity
from tts.training.transfer import Source, check_transfer, start_from
from tts.training.voice_config import adapted_config

SCRATCH, UNTRAINED, SOURCE = "scratch", "statistics", "source"
# What every method loads; None: nothing. ``statistics`` is the voice under the target's statistics, without training.
METHODS: Mapping[str, dict[str, Any] | None] = {
    SCRATCH: None,
    UNTRAINED: {"outputs": "normalised"},
    "fine_tune": {},
    "fine_tune_normalised": {"outputs": "normalised"},
    "layer_decay": {"layer_decay": 0.5},
    "l2_sp": {"l2_sp": 1.0},
    "freeze_trunk": {"freeze": ["trunk"]},
}
# A small corpus is soon learnt by heart, so every voice is validated often and stops early.
MADE = {"scores", "voices", "results.json", "results.md", "curve.png"}  # what this leaves in its folder
PATIENCE = 6  # validations without improvement, where the recipe names none
VALIDATE_EVERY = 50  # steps at most


@dataclass(frozen=True)
class Point:
    """A voice of the curve: its method, how many utterances it was made from, and the seed that drew them."""

    method: str
    utterances: int
    seed: int

    @property
    def place(self) -> Path:
        """Where it lies in a folder of voices or scores."""
        return Path(self.method) / f"n{self.utterances:04}-seed{self.seed}"


class PointRecord(ScoreRecord):
    """The scores of a point, the training utterances it was made from (``ids``), and what its training left in summary."""

    method: str = ""
    seed: int = 0
    ids: tuple[str, ...] = ()
    training: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class AdaptationPlan:
    """What is to be made. ``validation`` utterances, the same for all, tell when to stop."""

    voice: Path
    recipe: Recipe
    system: str
    utterances: tuple[int, ...]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    validation: int

    @property
    def points(self) -> list[Point]:
        """All points, small ones first, so that an interrupted run has whole curves."""
        return [Point(m, n, seed) for seed in self.seeds for n in self.utterances for m in self.methods]


Sizes = dict[int, dict[int, dict[str, Scores]]]  # by number of utterances, seed and utterance id


def adapt(plan: AdaptationPlan, prepared: Prepared, out: Path, *, device: str = "auto", command: str = "") -> AdaptationResults:
    """Make and score every point of a plan; leave ``results.json``, ``results.md`` and, with matplotlib, ``curve.png``.

    Returns the results. Raises :class:`UsageError` for a plan that cannot be, and where ``out`` holds other results.
    """
    voice = load_voice(plan.voice, device)
    check_plan(plan, voice, prepared)
    require_own_folder(out, "tts adapt", may_hold=MADE if (out / "scores").is_dir() else ())
    with held(out):
        scored: dict[str, Sizes] = {}  # by method
        seconds: dict[int, list[float]] = {n: [] for n in plan.utterances}
        precision = _settled_precision(plan, prepared, out, voice.device)
        for point in tracked(plan.points, "adapting", len(plan.points)):
            subset = _subset(plan, prepared, point)
            seconds[point.utterances].append(subset.facts.corpus.seconds)
            own = _scores_of(plan, prepared, subset, point, voice, out, precision)
            scored.setdefault(point.method, {}).setdefault(point.utterances, {})[point.seed] = own
        source = _source_scores(voice, prepared, out / "scores" / f"{SOURCE}.json")
        results = _results(plan, prepared, scored, source, seconds, voice)
        results = results.model_copy(update={"command": command, "made_with": environment(voice.device)})
        write_adaptation(out / "results.json", results)
        write_text(out / "results.md", markdown(results))
        draw(results, out / "curve.png")
        return results


def _settled_precision(plan: AdaptationPlan, prepared: Prepared, out: Path, device: torch.device) -> str:
    """Return what ``auto`` stands for in all points, those of a continued run too; it is settled and written down once."""
    path = out / "scores" / "precision.json"
    if not path.is_file():
        write_json(path, {"precision": fastest_precision(plan.recipe, prepared, plan.system, device)})
    return str(read_json(path)["precision"])


def _source_scores(voice: Voice, prepared: Prepared, path: Path) -> Mapping[str, Scores]:
    """Return the test scores of the voice before it is adapted."""
    identity = fingerprint(SOURCE, voice.config.files, prepared.basis)
    scores = _known_scores(path, identity)
    if scores is None:
        scores = _score(voice, prepared)
        write_record(path, PointRecord(identity=identity, method=SOURCE), {"test": scores})
    return scores


def _score(voice: Voice, prepared: Prepared) -> dict[str, Scores]:
    return {item.id: item.scores for item in generate_split(voice, prepared, "test")}


def check_plan(plan: AdaptationPlan, voice: Voice, prepared: Prepared) -> None:
    """Raise :class:`UsageError` unless the voice fits the corpus, which has so many utterances, and the methods exist."""
    check_transfer(voice, prepared, plan.voice)
    for method in plan.methods:
        if method not in METHODS:
            raise UsageError(f"--methods: there is no {method}; there are {', '.join(METHODS)}")
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


def _subset(plan: AdaptationPlan, prepared: Prepared, point: Point) -> Subset:
    train = nested(prepared.packed("train").ids, point.seed)[: point.utterances]
    return Subset(prepared, {"train": train, "validation": nested(prepared.packed("validation").ids, 0)[: plan.validation]})


def recipe_of(plan: AdaptationPlan, point: Point) -> Recipe:
    """Return the recipe of a point: one system, named after the method, that stops early."""
    system, taken = plan.recipe.system(plan.system), METHODS[point.method]
    settings = plan.recipe.training_of(system)
    training = {**system.training, "seed": point.seed, **_early(settings)}
    transfer = None if taken is None else TransferPart.model_validate({"init_from": str(plan.voice), **taken})
    duration = plan.recipe.duration
    early = duration.training.model_copy(update=_early(duration.training))
    return plan.recipe.model_copy(
        update={
            "systems": {point.method: system.model_copy(update={"training": training, "transfer": transfer})},
            "duration": duration.model_copy(update={"training": early}),
            "samples": (),
        }
    )


def _early(settings: TrainingPart) -> dict[str, int]:
    every = min(settings.validate_every, VALIDATE_EVERY)
    if settings.fork_merge is not None:  # only merged networks are validated
        every = settings.fork_merge.every * max(1, every // settings.fork_merge.every)
    return {"patience": settings.patience or PATIENCE, "validate_every": every}


def _scores_of(
    plan: AdaptationPlan, prepared: Prepared, subset: Subset, point: Point, voice: Voice, out: Path, precision: str
) -> dict[str, Scores]:
    """Return the test scores of a point, making its voice where there are none yet."""
    recipe = recipe_of(plan, point)
    identity = fingerprint(voice_identity(recipe, subset, point.method).whole, prepared.basis)
    earlier = fingerprint(legacy_identity(recipe, subset, point.method), prepared.basis)
    path = out / "scores" / point.place.with_name(f"{point.place.name}.json")
    known = _known_scores(path, identity, earlier)
    if known is not None:
        return known
    training: dict[str, Any] = {}
    if point.method == UNTRAINED:
        made = _untrained(recipe, subset, point, voice)
    else:
        folder = out / "voices" / point.place
        device = str(voice.device)
        training = train_voice(recipe, subset, point.method, folder, device=device, precision=precision).to_dict()
        made = load_voice(folder, device)
    scores = _score(made, prepared)
    record = PointRecord(
        identity=identity, method=point.method, seed=point.seed, ids=tuple(subset.chosen["train"]), training=training
    )
    write_record(path, record, {"test": scores})
    for checkpoint in (out / "voices" / point.place / "training").rglob("*.safetensors"):
        checkpoint.unlink()  # a voice is kept of every point, not what it was trained with
    return scores


def _known_scores(path: Path, *identities: str) -> dict[str, Scores] | None:
    """Return the test scores of a record, None where there is none; one of another identity raises :class:`UsageError`."""
    record = read_record(path, PointRecord)
    if record is None:
        return None
    if record.identity not in identities:
        raise UsageError(f"{path}: holds the scores of other settings or data; choose another --out or delete the folder")
    return read_sums(path, "test") or None


def _untrained(recipe: Recipe, subset: Subset, point: Point, voice: Voice) -> Voice:
    """Return the voice under the subset's statistics: what the target says where the source says it, moved and scaled."""
    system = recipe.system(point.method)
    assert system.transfer is not None
    stack, duration = (
        make_stack(subset, system.networks, point.seed, prosody=system.prosody),
        make_duration(recipe, subset, point.seed),
    )
    source = Source(system.transfer, load_voice(system.transfer.source, "cpu"), 0)
    start_from(source, stack, duration, subset, system.prosody)
    return Voice(adapted_config(voice.config, subset), stack, duration, subset.statistics, choose_device(str(voice.device)))


def _results(
    plan: AdaptationPlan,
    prepared: Prepared,
    scored: Mapping[str, Sizes],
    source: Mapping[str, Scores],
    seconds: Mapping[int, Sequence[float]],
    voice: Voice,
) -> AdaptationResults:
    curves = {
        method: tuple(
            CurvePoint(utterances=n, **{name: mean_interval(runs, name) for name in METRICS}) for n, runs in by_size.items()
        )
        for method, by_size in scored.items()
    }
    return AdaptationResults(
        source=voice.label,
        target=plan.recipe.name,
        system=plan.system,
        seeds=plan.seeds,
        validation_utterances=plan.validation,
        seconds={n: round(sum(values) / len(values), 1) for n, values in seconds.items()},
        settings=score_settings(prepared).line(),
        test_utterances=len(prepared.packed("test").ids),
        methods={name: METHODS[name] for name in plan.methods},
        unadapted={name: mean_interval({1: source}, name) for name in METRICS},
        curves=curves,
        against_scratch={
            method: tuple(_against(runs, scored[SCRATCH][n], n) for n, runs in by_size.items())
            for method, by_size in scored.items()
            if SCRATCH in scored and method != SCRATCH
        },
    )


def _against(runs: Runs, scratch: Runs, utterances: int) -> Against:
    difference = paired_bootstrap(runs, scratch, "mcd")
    return Against(
        utterances=utterances,
        metric=difference.metric,
        interval=difference.interval,
        probability_better=difference.probability_better,
        p_value=difference.p_value,
        seeds=difference.seeds,
    )
