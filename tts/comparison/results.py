"""Everything a comparison found, as one plain dictionary: ``results.json``, from which tables and report are made."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tts.comparison.answer import answer, notes
from tts.comparison.plan import Arm, ComparisonPlan
from tts.comparison.records import read_record, read_sums, record_path, search_path
from tts.comparison.verdicts import correct, difference, verdict
from tts.core.files import read_json
from tts.core.provenance import commit, environment
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import score_settings
from tts.evaluation.scores import METRICS, find_metric
from tts.evaluation.statistics import Runs, mean_interval

FORMAT = 1
SHOWN = ("mcd", "bap", "f0_rmse", "f0_correlation", "vuv_error", "duration_rmse", "gv_mcep", "modulation")
RESAMPLES = 10_000  # at least
QUICK = 500  # while runs still go on


@dataclass(frozen=True)
class Run:
    """One seed of an arm: its record and where that lies."""

    arm: Arm
    seed: int
    path: Path
    record: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Whether there are scores."""
        return bool(self.record["status"] == "finished" and "test" in self.record["splits"])

    @cached_property
    def scores(self) -> Mapping[str, Any]:
        """The test scores by utterance."""
        return read_sums(self.path, "test")


def read_runs(plan: ComparisonPlan, folder: Path) -> list[Run]:
    """Return the runs of the plan that have a record, arm by arm, seed by seed."""
    runs = []
    for arm in plan.arms:
        for seed in plan.seeds:
            path = record_path(folder, arm.name, f"seed-{seed}")
            record = read_record(path)
            if record is not None and (record["status"] != "finished" or "test" in record["splits"]):
                runs.append(Run(arm, seed, path, record))
    return runs


def build_results(
    plan: ComparisonPlan,
    folder: Path,
    prepared: Prepared,
    *,
    command: str,
    complete: bool,
    references: Mapping[str, Any] | None = None,
    examples: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the contents of ``results.json``, as ``docs/comparing.md`` lists them, from the runs that have a record."""
    runs = read_runs(plan, folder)
    scored: dict[str, Runs] = {}
    for arm in plan.arms:
        found = {run.seed: run.scores for run in runs if run.arm is arm and run.finished}
        if found:
            scored[arm.name] = found
    metrics = [*SHOWN, *(["wer"] if any(run.record["heard"] for run in runs if run.finished) else [])]
    if plan.primary not in metrics:
        metrics.insert(0, plan.primary)
    # The smallest p-value, two in so many and one, is to survive Holm's correction over all scores of all systems.
    resamples = max(RESAMPLES, 100 * len(scored) * len(metrics)) if complete else QUICK
    ranking = _ranking(scored, plan.primary, resamples)
    place = {row["system"]: number for number, row in enumerate(ranking)}
    differences = _against_baseline(plan, scored, metrics, resamples)
    made = environment()
    results: dict[str, Any] = {
        "format": FORMAT,
        "state": "complete" if complete and not _missing(plan, runs) else "partial",
        "recipe": plan.recipe.name,
        "description": plan.recipe.description,
        "command": command,
        "commit": commit(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "made_with": made,
        "settings": {**asdict(score_settings(prepared)), "description": score_settings(prepared).line()},
        "splits": {split: prepared.facts.splits[split].model_dump() for split in ("train", "validation", "test")},
        "prepared": prepared.fingerprint,
        "primary": plan.primary,
        "smallest_effect": plan.smallest_effect,
        "baseline": plan.baseline,
        "seeds": list(plan.seeds),
        "metrics": [_metric(name) for name in metrics],
        "systems": [_system(arm, [run for run in runs if run.arm is arm], folder) for arm in plan.arms],
        "runs": [_run(run, folder) for run in runs],
        "ranking": ranking,
        "differences": differences,
        "against_controls": sorted(
            _against_controls(plan, scored, resamples), key=lambda one: (place[one["system"]], place[one["control"]])
        ),
        "leave_one_out": _leave_one_out(plan, scored, resamples),
        "references": dict(references or {}),
        "search": _searches(plan, folder),
        "examples": [dict(example) for example in examples],
    }
    results["notes"] = notes(results)
    results["answer"] = answer(results)
    return results


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


def _metric(name: str) -> dict[str, Any]:
    rule = find_metric(name)
    return {
        "name": name,
        "heading": rule.heading,
        "unit": rule.unit,
        "decimals": rule.decimals,
        "better": rule.best,
    }


def _against_baseline(
    plan: ComparisonPlan, scored: Mapping[str, Runs], metrics: Sequence[str], resamples: int
) -> list[dict[str, Any]]:
    found = []
    base = scored.get(plan.baseline)
    for name, runs in scored.items():
        if base is None or name == plan.baseline:
            continue
        for metric in metrics:
            one = difference(runs, base, metric, resamples=resamples)
            if one is not None:
                found.append({"system": name, **one})
    # What was named before the run is a family of its own: the other scores do not weaken it.
    correct([one for one in found if one["metric"] == plan.primary])
    correct([one for one in found if one["metric"] != plan.primary])
    for one in found:
        one["verdict"] = verdict(one, plan.smallest_effect if one["metric"] == plan.primary else None)
    return found


def _against_controls(plan: ComparisonPlan, scored: Mapping[str, Runs], resamples: int) -> list[dict[str, Any]]:
    """Compare every candidate with its controls on the primary score: the tasks, or what the control has too."""
    found = []
    for name, control in plan.controlled(scored):
        one = difference(scored[name], scored[control], plan.primary, resamples=resamples)
        if one is not None:
            found.append({"system": name, "control": control, **one})
    return _judged(found, plan.smallest_effect)


def _leave_one_out(plan: ComparisonPlan, scored: Mapping[str, Runs], resamples: int) -> list[dict[str, Any]]:
    """Compare a system with itself without each task: what the task gives in the company of the others."""
    found = []
    for arm in plan.arms:
        if arm.role == "ablation" and arm.name in scored and arm.of is not None and arm.of in scored:
            one = difference(scored[arm.of], scored[arm.name], plan.primary, resamples=resamples)
            if one is not None:
                found.append({"system": arm.of, "task": arm.task, **one})
    return _judged(found, plan.smallest_effect)


def _judged(found: list[dict[str, Any]], smallest: float) -> list[dict[str, Any]]:
    correct(found)
    return [{**one, "verdict": verdict(one, smallest)} for one in found]


def _ranking(scored: Mapping[str, Runs], metric: str, resamples: int) -> list[dict[str, Any]]:
    rows = []
    for name, runs in scored.items():
        interval = mean_interval(runs, metric, resamples=resamples)
        row = {"estimate": interval.estimate, "low": interval.low, "high": interval.high}
        rows.append({"system": name, "metric": metric, **row, "seeds": len(runs)})
    rule = find_metric(metric)
    return sorted(rows, key=lambda row: float(rule.loss(row["estimate"])) if row["estimate"] is not None else float("inf"))


def _system(arm: Arm, runs: Sequence[Run], folder: Path) -> dict[str, Any]:
    """Describe an arm with what it cost: every run that was trained for it counts, those of its search too."""
    records = [run.record for run in runs]
    last: dict[str, Any] = next((record for record in reversed(records) if record["status"] == "finished"), {})
    trials, borrowed = _trials(folder, arm.name), _trials(folder, arm.of)
    # An ensemble and an ablation have the settings that the search of their system chose, so they pay for it too.
    distinct = {str(record.get("identity", n)): record for n, record in enumerate([*trials, *borrowed, *records])}
    searched = {str(record.get("identity", n)) for n, record in enumerate([*trials, *borrowed])}
    own = {str(record.get("identity", n)) for n, record in enumerate(records, len(trials) + len(borrowed))} - searched
    return {
        "name": arm.name,
        "description": arm.description,
        "role": arm.role,
        "of": arm.of,
        "task": arm.task,
        "members": arm.members,
        "parameters": last.get("parameters"),
        "stages": last.get("stages") or _stages(arm),
        "training": last.get("training", {}),
        "runs_charged": len(searched) + arm.members * len(own),
        "seconds": round(sum(record.get("seconds", 0.0) for record in distinct.values()), 1),
        "steps": sum(record.get("steps", 0) for record in distinct.values()),
    }


def _trials(folder: Path, name: str | None) -> list[dict[str, Any]]:
    """Return the records of the runs that a search of a system took."""
    paths = sorted((folder / "scores" / name).glob("search-*.json")) if name else []
    return [record for path in paths if (record := read_record(path)) is not None]


def _stages(arm: Arm) -> list[dict[str, Any]]:
    return [stage.model_dump(mode="json") for stage in arm.system.stages] if arm.system else []


def _run(run: Run, folder: Path) -> dict[str, Any]:
    record = run.record
    voice = folder / "voices" / run.arm.name / f"seed-{run.seed}"
    utterances = record.get("utterances", {})
    return {
        "system": run.arm.name,
        "seed": run.seed,
        "status": record["status"],
        "message": record["message"],
        "seconds": record.get("seconds", 0.0),
        "steps": record.get("steps", 0),
        "voice": voice.relative_to(folder).as_posix() if (voice / "config.json").is_file() else None,
        "validation": record.get("validation", {}),
        "test": record.get("test", {}),
        "utterances": {key: {name: scores.get(name) for name in METRICS} for key, scores in utterances.items()},
        "curves": record.get("curves", {}),
        "diagnostics": record.get("diagnostics", {}),
    }


def _searches(plan: ComparisonPlan, folder: Path) -> list[dict[str, Any]]:
    paths = [(arm.name, search_path(folder, arm.name)) for arm in plan.arms]
    return [{"system": name, **read_json(path)} for name, path in paths if path.is_file()]
