"""From finished runs to results: scores, intervals, differences, cost and what searches chose."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tts.comparison.answer import answer, notes
from tts.comparison.plan import Arm, ComparisonPlan
from tts.comparison.records import JobRecord, read_record, read_search, read_sums, record_path
from tts.comparison.results import (
    Example,
    MetricInfo,
    RankingRow,
    References,
    Results,
    RunInfo,
    Settings,
    SplitInfo,
    SystemInfo,
)
from tts.comparison.verdicts import Contrast, contrast, judge, judge_scores
from tts.core.provenance import commit, environment
from tts.dataset.prepared import SPLITS, Prepared
from tts.evaluation.evaluate import score_settings
from tts.evaluation.scores import METRICS, Scores, find_metric
from tts.evaluation.statistics import Runs, mean_interval

SHOWN = ("mcd", "bap", "f0_rmse", "f0_correlation", "vuv_error", "duration_rmse", "gv_mcep", "modulation")
RESAMPLES = 10_000  # at least
QUICK = 500  # while runs still go on


@dataclass(frozen=True)
class Run:
    """One seed of an arm: its record and where that lies."""

    arm: Arm
    seed: int
    path: Path
    record: JobRecord

    @property
    def finished(self) -> bool:
        """Whether there are test scores."""
        return self.record.finished and "test" in self.record.splits

    @cached_property
    def scores(self) -> Mapping[str, Scores]:
        """The test scores by utterance."""
        return read_sums(self.path, "test")


def read_runs(plan: ComparisonPlan, folder: Path) -> list[Run]:
    """Return the runs of the plan that have a record, arm by arm, seed by seed."""
    runs = []
    for arm in plan.arms:
        for seed in plan.seeds:
            path = record_path(folder, arm.name, f"seed-{seed}")
            record = read_record(path, JobRecord)
            if record is not None and (not record.finished or "test" in record.splits):
                runs.append(Run(arm, seed, path, record))
    return runs


def collect(
    plan: ComparisonPlan,
    folder: Path,
    prepared: Prepared,
    references: References,
    *,
    examples: Sequence[Example] = (),
    command: str = "",
    complete: bool,
) -> Results:
    """Return the results of the runs that have a record; ``references`` hold at least the floor.

    A system whose MCD is above the floor was trained too little to be compared, and so is nothing with a baseline that was.
    """
    runs = read_runs(plan, folder)
    counted = any(run.record.words_counted for run in runs if run.finished)
    metrics = list(dict.fromkeys([*([] if plan.primary in SHOWN else [plan.primary]), *SHOWN, *(["wer"] if counted else [])]))
    settings = score_settings(prepared)
    facts = Results(
        state="complete" if complete and not _missing(plan, runs) else "partial",
        recipe=plan.recipe.name,
        description=plan.recipe.description,
        command=command,
        commit=commit(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        made_with=environment(),
        settings=Settings.model_validate({**asdict(settings), "description": settings.line()}),
        splits={split: SplitInfo.model_validate(prepared.facts.splits[split].model_dump()) for split in SPLITS},
        prepared=prepared.fingerprint,
        primary=plan.primary,
        smallest_effect=plan.smallest_effect,
        baseline=plan.baseline,
        seeds=plan.seeds,
        metrics=tuple(_metric(name) for name in metrics),
        systems=tuple(_system(arm, [run for run in runs if run.arm is arm], folder) for arm in plan.arms),
        runs=tuple(_run(run, folder) for run in runs),
        references=references,
        search=tuple(found for arm in plan.arms if (found := read_search(folder, arm.name)) is not None),
        examples=tuple(examples),
    )
    return with_words(_compared(facts, plan, runs, complete))


def _compared(facts: Results, plan: ComparisonPlan, runs: Sequence[Run], complete: bool) -> Results:
    """Return results with the statistics: ranking, and every difference with its verdict."""
    scored: dict[str, Runs] = {}
    for arm in plan.arms:
        finished = {run.seed: run.scores for run in runs if run.arm is arm and run.finished}
        if finished:
            scored[arm.name] = finished
    metrics = [metric.name for metric in facts.scores]
    # The smallest p-value, two in so many and one, is to survive Holm's correction over all scores of all systems.
    resamples = max(RESAMPLES, 100 * len(scored) * len(metrics)) if complete else QUICK
    undertrained = facts.undertrained()
    ranking = _ranking(scored, plan.primary, resamples)
    place = {row.system: number for number, row in enumerate(ranking)}
    others = [name for name in scored if name != plan.baseline] if plan.baseline in scored else []
    pairs = [(name, plan.baseline, metric) for name in others for metric in metrics]
    differences = judge_scores(_contrasts(scored, pairs, resamples), plan.primary, plan.smallest_effect, undertrained)
    pairs = [(name, control, plan.primary) for name, control in plan.controlled(scored)]
    controls = judge(_contrasts(scored, pairs, resamples), plan.smallest_effect, undertrained)
    controls = [difference.model_copy(update={"control": difference.against}) for difference in controls]
    tasks = {arm.name: arm.task for arm in plan.arms if arm.role == "ablation" and arm.name in scored}
    pairs = [(arm.of, arm.name, plan.primary) for arm in plan.arms if arm.name in tasks and arm.of in scored]
    ablations = judge(_contrasts(scored, pairs, resamples), plan.smallest_effect, undertrained)
    return facts.model_copy(
        update={
            "ranking": tuple(ranking),
            "differences": tuple(differences),
            "against_controls": tuple(
                sorted(controls, key=lambda difference: (place[difference.system], place[difference.against]))
            ),
            "leave_one_out": tuple(
                difference.model_copy(update={"task": tasks[difference.against]}) for difference in ablations
            ),
        }
    )


def _contrasts(scored: Mapping[str, Runs], pairs: Sequence[tuple[str, str, str]], resamples: int) -> list[Contrast]:
    """Return the first system of each pair minus the second on the metric named, of those that can be compared."""
    made = (contrast(scored[a], scored[b], metric, resamples=resamples, system=a, against=b) for a, b, metric in pairs)
    return [difference for difference in made if difference is not None]


def with_words(results: Results) -> Results:
    """Return results with their notes and the answer that their numbers, judges' included, give."""
    results = results.model_copy(update={"notes": tuple(notes(results))})
    return results.model_copy(update={"answer": answer(results)})


def _missing(plan: ComparisonPlan, runs: Sequence[Run]) -> bool:
    """Return whether an arm lacks a run of a seed; one that diverged or failed is not lacking, nor what is made of such.

    Of a searched system an ablation may be missing rightly: the search may have left the task out already.
    """
    there = {(run.arm.name, run.seed) for run in runs}
    failed = {(run.arm.name, run.seed) for run in runs if not run.finished}
    searched = {arm.name for arm in plan.arms if arm.search is not None}
    return any(
        (arm.name, seed) not in there and (arm.of, seed) not in failed
        for arm in plan.arms
        if not (arm.role == "ablation" and arm.of in searched)
        for seed in plan.seeds
    )


def _metric(name: str) -> MetricInfo:
    rule = find_metric(name)
    return MetricInfo(name=name, heading=rule.heading, unit=rule.unit, decimals=rule.decimals, better=rule.best)


def _ranking(scored: Mapping[str, Runs], metric: str, resamples: int) -> list[RankingRow]:
    rows = []
    for name, runs in scored.items():
        interval = mean_interval(runs, metric, resamples=resamples)
        bounds = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
        rows.append(RankingRow(system=name, metric=metric, **bounds, seeds=len(runs)))
    rule = find_metric(metric)
    return sorted(rows, key=lambda row: float("inf") if row.estimate is None else float(rule.loss(np.asarray(row.estimate))))


def _system(arm: Arm, runs: Sequence[Run], folder: Path) -> SystemInfo:
    """Describe an arm with what it cost: every run that was trained for it counts, those of its search too."""
    records = [run.record for run in runs]
    last = next((record for record in reversed(records) if record.finished), None)
    # An ensemble and an ablation have the settings that the search of their system chose, so they pay for it too.
    searched = {record.identity: record for name in (arm.name, arm.of) for record in _trials(folder, name)}
    own = {record.identity: record for record in records}
    stages = last.stages if last and last.stages else _stages(arm)
    return SystemInfo(
        name=arm.name,
        description=arm.description,
        role=arm.role,
        of=arm.of,
        task=arm.task,
        members=arm.members,
        parameters=last.parameters if last else None,
        stages=stages,
        training=last.training if last else {},
        runs_charged=len(searched) + arm.members * len(own.keys() - searched.keys()),
        seconds=round(sum(record.seconds for record in {**searched, **own}.values()), 1),
        steps=sum(record.steps for record in {**searched, **own}.values()),
    )


def _trials(folder: Path, name: str | None) -> list[JobRecord]:
    """Return the records of the runs that a search of a system took."""
    paths = sorted((folder / "scores" / name).glob("search-*.json")) if name else []
    return [record for path in paths if (record := read_record(path, JobRecord)) is not None]


def _stages(arm: Arm) -> tuple[dict[str, Any], ...]:
    return tuple(stage.model_dump(mode="json") for stage in arm.system.stages) if arm.system else ()


def _run(run: Run, folder: Path) -> RunInfo:
    record = run.record
    voice = folder / "voices" / run.arm.name / f"seed-{run.seed}"
    return RunInfo(
        system=run.arm.name,
        seed=run.seed,
        status=record.status,
        message=record.message,
        seconds=record.seconds,
        steps=record.steps,
        voice=voice.relative_to(folder).as_posix() if (voice / "config.json").is_file() else None,
        validation=record.validation,
        test=record.test,
        utterances={key: {name: scores.get(name) for name in METRICS} for key, scores in record.utterances.items()},
        curves=record.curves,
        diagnostics=record.diagnostics,
    )
