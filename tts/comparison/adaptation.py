"""Adapting a voice to another speaker: how good it gets with N utterances, and what the old voice is worth.

A point of the curve is a voice made from a random subset of the target's training utterances (subsets are nested within a
seed) by one method, scored on the whole test split. A finished point is never made again, so an interrupted run continues.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from tts.comparison.adaptation_judging import judge_voices
from tts.comparison.adaptation_plan import SCRATCH, SHARED, UNTRAINED, AdaptationPlan, Point, check_plan, recipe_of
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
from tts.comparison.results import Judges
from tts.comparison.verdicts import Contrast, contrast, judge
from tts.core.device import choose_device
from tts.core.errors import UsageError
from tts.core.files import fingerprint, read_json, write_json, write_text
from tts.core.folders import require_own_folder
from tts.core.locks import held
from tts.core.progress import tracked
from tts.core.provenance import environment
from tts.dataset.beside import Beside
from tts.dataset.other_prominence import reading_prominence
from tts.dataset.prepared import Prepared
from tts.dataset.subset import Subset, nested
from tts.evaluation.evaluate import generate_split, score_settings
from tts.evaluation.judges import require_judges
from tts.evaluation.scores import Scores
from tts.evaluation.statistics import Runs, mean_interval, paired_bootstrap
from tts.generation.voice import Voice, load_voice
from tts.recipe import Recipe
from tts.training.checks import check, require
from tts.training.legacy import legacy_identity
from tts.training.train import fastest_precision, make_duration, make_stack, train_voice, voice_identity
from tts.training.transfer import Source, all_stages, open_source, start_from
from tts.training.voice_config import adapted_config


class PointRecord(ScoreRecord):
    """The scores of a point, the training utterances it was made from (``ids``), and what its training left in summary."""

    method: str = ""
    seed: int = 0
    ids: tuple[str, ...] = ()
    training: dict[str, Any] = Field(default_factory=dict)


MADE = {"scores", "voices", "judged", "speech", "results.json", "results.md", "curve.png"}  # what this leaves in its folder
SOURCE = "source"
SMALLEST_EFFECT = 0.05  # dB of MCD: what a comparison takes for the smallest difference that matters
Sizes = dict[int, dict[int, dict[str, Scores]]]  # by number of utterances, seed and utterance id


def adapt(plan: AdaptationPlan, prepared: Prepared, out: Path, *, device: str = "auto", command: str = "") -> AdaptationResults:
    """Make and score every point of a plan; leave ``results.json``, ``results.md`` and, with matplotlib, ``curve.png``.

    Returns the results. Raises :class:`UsageError` for a plan that cannot be, before anything is written, and where
    ``out`` holds other results.
    """
    voice = load_voice(plan.voice, device)
    check_plan(plan, voice, prepared)
    check_methods(plan, prepared)
    if plan.judged:
        require_judges(prepared.facts.text.language)
    require_own_folder(out, "tts adapt", may_hold=MADE if (out / "scores").is_dir() else ())
    with held(out):
        scored: dict[str, Sizes] = {}  # by method
        seconds: dict[int, list[float]] = {n: [] for n in plan.utterances}
        precision = _settled_precision(plan, prepared, out, voice.device)
        subset, drawn = None, None
        for point in tracked(plan.points, "adapting", len(plan.points)):
            if subset is None or len(subset.chosen["train"]) != point.utterances or drawn != point.seed:
                subset, drawn = _subset(plan, prepared, point), point.seed
            seconds[point.utterances].append(subset.facts.corpus.seconds)
            own = _scores_of(plan, prepared, subset, point, voice, out, precision)
            scored.setdefault(point.method, {}).setdefault(point.utterances, {})[point.seed] = own
        source = _source_scores(voice, prepared, out / "scores" / f"{SOURCE}.json")
        results = _results(plan, prepared, scored, source, seconds, voice)
        results = results.model_copy(update={"command": command, "made_with": environment(voice.device)})
        if plan.judged:
            results = results.model_copy(update={"judges": _judges(plan, prepared, out, str(voice.device))})
        write_adaptation(out / "results.json", results)
        write_text(out / "results.md", markdown(results))
        draw(results, out / "curve.png")
        return results


def check_methods(plan: AdaptationPlan, prepared: Prepared) -> None:
    """Begin the smallest voice of every method, without training it.

    Raises :class:`UsageError` where a method's system cannot be trained on the corpus, or where nothing of the voice that it
    begins from fits: found now, and not when the methods before it have been trained.
    """
    subset = _subset(plan, prepared, Point(SCRATCH, min(plan.utterances), plan.seeds[0]))
    for method in plan.methods:
        point = Point(method, min(plan.utterances), plan.seeds[0])
        data: Prepared = Beside(subset, plan.beside) if point.kind == SHARED else subset
        recipe = data.settled(recipe_of(plan, point))
        system = recipe.system(method)
        data = reading_prominence(data, system.prominence)
        if method != UNTRAINED:
            require(check(recipe, method, data))
        source = open_source(system.transfer, data)
        if source is not None:
            stack = make_stack(data, all_stages(system, source), point.seed, prosody=system.prosody)
            duration = make_duration(recipe.duration_of(system), data, point.seed)
            start_from(source, stack, duration, data, system.prosody, edits=system.edit is not None)


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


def _subset(plan: AdaptationPlan, prepared: Prepared, point: Point) -> Subset:
    train = nested(prepared.packed("train").ids, point.seed)[: point.utterances]
    return Subset(prepared, {"train": train, "validation": nested(prepared.packed("validation").ids, 0)[: plan.validation]})


def _scores_of(
    plan: AdaptationPlan, prepared: Prepared, subset: Subset, point: Point, voice: Voice, out: Path, precision: str
) -> dict[str, Scores]:
    """Return the test scores of a point, making its voice where there are none yet."""
    recipe, data = recipe_of(plan, point), Beside(subset, plan.beside) if point.kind == SHARED else subset
    identity = fingerprint(voice_identity(recipe, data, point.method).whole, prepared.basis)
    earlier = fingerprint(legacy_identity(recipe, data, point.method), prepared.basis)
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
        training = train_voice(recipe, data, point.method, folder, device=device, precision=precision).to_dict()
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


def _untrained(recipe: Recipe, subset: Prepared, point: Point, voice: Voice) -> Voice:
    """Return the voice under the subset's statistics: what the target says where the source says it, moved and scaled."""
    system = recipe.system(point.method)
    assert system.transfer is not None
    subset = reading_prominence(subset, system.prominence)
    stack, duration = (
        make_stack(subset, system.networks, point.seed, prosody=system.prosody),
        make_duration(recipe.duration_of(system), subset, point.seed),
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
        methods={name: _loads(plan, name) for name in plan.methods},
        contrasts=_contrasts(plan, scored),
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


def _judges(plan: AdaptationPlan, prepared: Prepared, out: Path, device: str) -> dict[int, Judges]:
    seeds = plan.seeds if plan.judged_seeds == "all" else plan.seeds[:1]
    points = [Point(method, n, seed) for n in plan.utterances for method in plan.speaking for seed in seeds]
    voices = [(point, out / "voices" / point.place) for point in points]
    against = [method for method in plan.against if method in plan.speaking] or plan.speaking[:1]
    return judge_voices(prepared, voices, against, plan.judged, out / "speech", device=device)


def _loads(plan: AdaptationPlan, method: str) -> dict[str, Any] | None:
    """Return what a method loads, as recipes write it, without the voice's folder; None for nothing."""
    part = plan.transfer_of(method)
    return None if part is None else part.model_dump(mode="json", exclude_defaults=True, exclude={"init_from", "features_from"})


def _contrasts(plan: AdaptationPlan, scored: Mapping[str, Sizes]) -> dict[int, tuple[Contrast, ...]]:
    """Return by number of utterances how the MCD of every method differs from those of the methods ``against``: one family."""
    made = [
        (n, difference)
        for n in plan.utterances
        for base in plan.against
        for method in plan.methods
        if method != base
        and (difference := contrast(scored[method][n], scored[base][n], "mcd", resamples=10_000, system=method, against=base))
    ]
    judged = judge([difference for _, difference in made], SMALLEST_EFFECT)
    return {
        n: tuple(difference for (size, _), difference in zip(made, judged, strict=True) if size == n) for n in plan.utterances
    }
