"""The comparison from plan to results: search, train, score, average, compare. Every step continues where it stopped."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tts.comparison.collect import collect, with_words
from tts.comparison.gathering import gathered
from tts.comparison.judging import judge_speech, seed_of_speech, seeds_to_judge
from tts.comparison.plan import Arm, ComparisonPlan, auxiliary_tasks, member_seeds, recipe_for, without
from tts.comparison.pool import default_workers, run_jobs
from tts.comparison.records import JobRecord, read_record, write_search
from tts.comparison.references import find_references, phone_means, speech_of, take_pairs, write_examples
from tts.comparison.results import Example, Judges, References, Results, SearchInfo, Trial, write_results
from tts.comparison.search import Point, edges, search, start_of, with_settings
from tts.comparison.settled import read_plan, settle_plan
from tts.comparison.tables import tables
from tts.comparison.training_cost import total_steps
from tts.comparison.worker import TrainingJob, earlier_identity, is_done, is_of, job_identity, with_members
from tts.core.device import choose_device
from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint, make_folder, read_json, write_text
from tts.core.folders import require_own_folder
from tts.core.locks import held
from tts.core.place import Machines, Place
from tts.dataset.prepared import Prepared
from tts.evaluation.judges import require_judges
from tts.evaluation.recogniser import require_recogniser
from tts.evaluation.scores import find_metric
from tts.evaluation.speech import choose_examples
from tts.recipe import SystemPart
from tts.recipe.changes import changed_keys
from tts.recipe.comparison import task_of_weight
from tts.training.checks import check, learning_problems, require
from tts.training.records import read_run
from tts.training.train import fastest_precision

log = logging.getLogger(__name__)

PARTIAL_EVERY = 30.0  # seconds at least between two looks that others can take at unfinished results


@dataclass(frozen=True)
class Asked:
    """What a run is asked for beside its training; the fields are those of :class:`TrainingJob`."""

    members: tuple[Path, ...] = ()
    splits: tuple[str, ...] = ("validation", "test")
    speak: tuple[str, ...] = ()
    apart: bool = False
    show: tuple[str, ...] = ()
    wer: bool = False


@dataclass
class Comparison:
    """A comparison under way: ``plan`` is what was asked for now, ``whole`` has what earlier commands left too.

    ``settled`` are the systems as a search has chosen them, ``examples`` the utterances to hear and see, ``spoken`` those that
    the first seed of every arm speaks, ``references`` at least the floor. Of like networks
    up to ``together`` runs are trained as one batched model.
    """

    plan: ComparisonPlan
    whole: ComparisonPlan
    prepared: Prepared
    folder: Path
    workers: int | Machines
    device: str
    command: str
    say: Callable[[str], None]
    references: References = field(default_factory=References)
    examples: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    settled: dict[str, SystemPart] = field(default_factory=dict)
    looked: float = 0.0
    judges: Judges | None = None
    together: int = 1

    def job(self, name: str, system: SystemPart, run: str, seed: int, asked: Asked | None = None) -> TrainingJob:
        """Return the job that trains and scores a system."""
        asked = asked or Asked()
        recipe, members = recipe_for(self.plan.recipe, name, system, seed), asked.members
        return TrainingJob(
            folder=self.folder,
            prepared=self.prepared.folder,
            system=name,
            run=run,
            seed=seed,
            recipe=recipe,
            steps=0 if members else total_steps(recipe, system, self.prepared),
            identity=job_identity(recipe, self.prepared, name, members),
            earlier_identity=earlier_identity(recipe, self.prepared, name, members),
            precision=self.whole.precision,
            device=self.device,
            command=self.command,
            relatives=tuple(self.folder / "voices" / arm.name / f"seed-{seed}" for arm in self.plan.arms),
            members=members,
            splits=asked.splits,
            speak=asked.speak,
            apart=asked.apart,
            show=asked.show,
            wer=asked.wer,
        )

    def do(self, jobs: Sequence[TrainingJob]) -> None:
        """Do the jobs that are not done yet; say what became of each."""
        for job in jobs:
            check_voice(job)
        left = [job for job in jobs if not is_done(job)]
        if self.together > 1:
            left, alone = gathered(left, self.together)
            for system, why in alone.items():
                self.say(f"{system}: trained run by run: {why}")
        run_jobs(left, workers=self.workers, device=self.device, done=self._done)

    def _done(self, job: TrainingJob) -> None:
        record = read_record(job.record, JobRecord)
        metric = find_metric(self.plan.primary)
        if record is not None and record.finished:
            known = {split: record.scores(split).get(metric.name) for split in job.splits}
            scores = [f"{split} {value:.{metric.decimals}f}" for split, value in known.items() if value is not None]
            self.say(f"{job.name}: {metric.heading} {', '.join(scores) or 'not scored'}")
        elif record is not None:
            self.say(f"{job.name}: {record.status}: {record.message}")
        if time.monotonic() - self.looked > PARTIAL_EVERY:
            self.write(complete=False)
            self.looked = time.monotonic()

    def write(self, *, complete: bool, examples: Sequence[Example] = ()) -> Results:
        """Write ``results.json`` and ``tables.md`` from the runs there are; return the former."""
        results = collect(
            self.whole,
            self.folder,
            self.prepared,
            self.references,
            examples=examples,
            command=self.command,
            complete=complete,
        )
        if self.judges is not None:
            results = with_words(results.model_copy(update={"judges": self.judges}))
        write_results(self.folder, results)
        write_text(self.folder / "tables.md", tables(results))
        return results


def compare(
    plan: ComparisonPlan,
    prepared: Prepared,
    out: Path,
    *,
    workers: Place = None,
    together: int = 1,
    device: str = "auto",
    command: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Results:
    """Train the systems of a plan over its seeds into ``out``, score and compare them; return what ``results.json`` holds.

    :func:`~.plan.make_plan` makes the plan. ``workers`` runs go side by side (default: one a core, or one a GPU; 0: in this
    process), or as many as other machines have threads, in each up to ``together`` of like networks as one batched model.
    ``say`` receives a line a finished run. Runs that are there already, with the same settings, are used; other systems and
    seeds may be added later.

    Raises :class:`UsageError` where a setting of a run that is there has changed, or the prepared corpus while runs go on, and
    :class:`TtsError` where the baseline has no finished run at the end (the results are written nevertheless).
    """
    check_plan(plan, prepared, out)
    require_own_folder(out, "tts compare", mark=out / "plan.json", may_hold=("voices",))
    with held(out, patience=2.0):
        scored = {path.parent.name for path in out.glob("scores/*/*.json")}
        plan = replace(plan, precision=plan_precision(plan, prepared, out, device))
        whole = settle_plan(out, plan, prepared, scored)
        count = default_workers(device) if workers is None else workers
        work = Comparison(plan, whole, prepared, out, count, device, command, say)
        work.together = together
        work.references = References(mean={"mcd": phone_means(prepared)})
        work.examples = tuple(choose_examples(prepared.packed("test").ids, plan.recipe.comparison.examples))
        work.spoken = speech_of(prepared, plan.wer or plan.judges, work.examples)
        settle_systems(work)
        runs, averages = jobs_of(work)
        work.do(runs)
        work.do([job for job in averages if all((member / "config.json").is_file() for member in job.members)])
        return finish(work)


def plan_precision(plan: ComparisonPlan, prepared: Prepared, out: Path, device: str) -> str:
    """Return what ``auto`` stands for in all runs: what the first command chose, else what the first system is faster in."""
    earlier = read_plan(out / "plan.json")
    if earlier is not None and earlier.precision is not None:
        return earlier.precision
    arm = next((arm for arm in plan.arms if arm.system is not None), None)
    if arm is None or arm.system is None:
        return plan.precision
    return fastest_precision(recipe_for(plan.recipe, arm.name, arm.system, 1), prepared, arm.name, choose_device(device))


def check_plan(plan: ComparisonPlan, prepared: Prepared, out: Path) -> None:
    """Raise :class:`UsageError`, before anything is trained, for what the corpus, the recogniser or a system cannot do."""
    recipe = plan.recipe
    if plan.wer:
        require_recogniser(prepared.facts.text.language)
    if plan.judges:
        require_judges(prepared.facts.text.language)
    takes = recipe.comparison.takes
    if takes is not None and not (out / "references.json").is_file() and not take_pairs(prepared, takes.suffix):
        raise UsageError(
            f"comparison.takes: no recording ID of {prepared.folder} has a second take ID{takes.suffix} beside it; mend the "
            "suffix, take the key out, or put the corpus back where it was prepared"
        )
    for arm in plan.arms:
        if arm.system is not None:
            tried = recipe_for(recipe, arm.name, arm.system, 1)
            require(check(tried, arm.name, prepared))
            if arm.system.transfer is None:  # else what is frozen is known when the voice is read
                zeros = {key: 0.0 for key, values in arm.search.keys.items() if _drops(key, values)} if arm.search else {}
                least = with_settings(arm.system, zeros, arm.name)
                require(learning_problems(least.networks, tried.training_of(least)))


def settle_systems(work: Comparison) -> None:
    """Fill in ``work.settled``: do the searches, and check before all else what is there already."""
    plan = work.plan
    work.settled = {arm.name: arm.system for arm in plan.arms if arm.system is not None}
    searched = {arm.name for arm in plan.arms if arm.search is not None}
    for arm in plan.arms:  # before anything is trained
        if arm.system is not None and not {arm.name, arm.of} & searched:
            for seed in plan.seeds:
                check_voice(work.job(arm.name, arm.system, f"seed-{seed}", seed))
    for arm in plan.arms:
        if arm.search is not None:
            work.settled[arm.name] = choose(work, arm)
    for arm in plan.arms:
        if arm.role == "ablation" and arm.of is not None and arm.task is not None:
            work.settled[arm.name] = without(work.settled[arm.of], arm.task, arm.of)


def finish(work: Comparison) -> Results:
    """Make references and examples, write the complete results and return them."""
    work.write(complete=False)
    plan, prepared, out = work.plan, work.prepared, work.folder
    takes = plan.recipe.comparison.takes
    work.references = find_references(
        prepared,
        out,
        work.references,
        takes=takes,
        wer=plan.wer,
        vocoder=plan.recipe.generation.vocoder,
        workers=work.workers,
    )
    speakers = [arm.name for arm in work.whole.arms if (out / "wavs" / arm.name).is_dir()]
    if plan.judges:
        seeds = seeds_to_judge(out, speakers, work.whole.seeds if plan.recipe.comparison.judged_seeds == "all" else ())
        work.judges = judge_speech(
            prepared, out, speakers, plan.baseline, pairs=plan.controlled(speakers), seeds=seeds, workers=work.workers
        )
    results = work.write(complete=True, examples=write_examples(prepared, out, work.examples, speakers))
    if not any(run.finished for run in results.runs_of(plan.baseline)):
        raise TtsError(f"{out}: the baseline {plan.baseline} has no finished run, so nothing is compared; see tables.md there")
    return results


def jobs_of(work: Comparison) -> tuple[list[TrainingJob], list[TrainingJob]]:
    """Return the runs to be trained, seed by seed so that all systems can be looked at early, and those to be averaged after.

    The first seed of every arm also speaks, those of earlier commands counted; the others do where all are judged, apart.
    """
    plan, runs, averages = work.plan, [], []
    others = Asked(speak=work.spoken, apart=True) if plan.judges and plan.recipe.comparison.judged_seeds == "all" else Asked()
    for seed in plan.seeds:
        for arm in plan.arms:
            speaks = seed == _speaking_seed(work, arm)
            asked = Asked(speak=work.spoken, show=work.examples, wer=plan.wer) if speaks else others
            if arm.members > 1:
                assert arm.of is not None
                system = work.settled[arm.of]
                seeds = member_seeds(seed, arm.members)
                folders = tuple(work.folder / "voices" / arm.of / f"seed-{number}" for number in seeds)
                runs += [work.job(arm.of, system, f"seed-{number}", number, Asked(splits=())) for number in seeds[1:]]
                averages.append(work.job(arm.name, system, f"seed-{seed}", seed, replace(asked, members=folders)))
            elif not _left_out(work, arm):
                runs.append(work.job(arm.name, work.settled[arm.name], f"seed-{seed}", seed, asked))
    named = {(job.system, job.run): job for job in runs[::-1]}  # two ensembles may share a member
    return [job for job in runs if named[job.system, job.run] is job], averages


def _speaking_seed(work: Comparison, arm: Arm) -> int | None:
    """Return the seed that people hear; None where another one, not asked for now, has spoken already."""
    spoke = seed_of_speech(work.folder, arm.name)
    if spoke is not None:
        return spoke if spoke in work.plan.seeds else None
    first = min(work.whole.seeds)
    if first in work.plan.seeds:
        return first
    return None if (work.folder / "wavs" / arm.name).is_dir() else min(work.plan.seeds)


def _left_out(work: Comparison, arm: Arm) -> bool:
    """Return whether an ablation takes away what a search has left out already."""
    return arm.role == "ablation" and arm.of is not None and arm.task not in auxiliary_tasks(work.settled[arm.of])


def choose(work: Comparison, arm: Arm) -> SystemPart:
    """Search a system's settings on validation by the primary score, write what was tried, and return the system as chosen.

    A trial without that score (it diverged, failed, or never voiced a frame where F0 decides) counts as failed.
    """
    part, system = arm.search, arm.system
    assert part is not None and system is not None
    settings = work.plan.recipe.training_of(system)
    start = start_of(part, system, arm.name, settings)
    metric = find_metric(work.plan.primary)

    def trial(point: Point) -> tuple[SystemPart, TrainingJob]:
        changed = with_settings(system, point, arm.name)
        if part.steps is not None:
            changed = changed.model_copy(update={"training": {**changed.training, "steps": part.steps}})
        name = f"search-{fingerprint(point, part.seed, part.steps)[:10]}"
        return changed, work.job(arm.name, changed, name, part.seed, Asked(splits=("validation",)))

    def validated(point: Point) -> Trial:
        record = read_record(trial(point)[1].record, JobRecord)
        value = record.validation.get(metric.name) if record and record.finished else None
        return Trial(settings=point, validation=value, status=record.status if record else None)

    def losses(points: Sequence[Point]) -> list[float | None]:
        work.do([trial(point)[1] for point in points])
        values = [validated(point).validation for point in points]
        return [None if value is None else float(metric.loss(np.asarray(value))) for value in values]

    outcome = search(part, start, losses)
    tried = tuple(validated(point) for point, _ in outcome.tried)
    result = SearchInfo(
        system=arm.name,
        method=part.method,
        seed=part.seed,
        metric=metric.name,
        tried=tried,
        chosen=outcome.chosen,
        runs=len(tried),
        edges=tuple(edges(part, outcome.chosen)),
    )
    write_search(work.folder, result)
    work.say(f"{arm.name}: chosen on validation: {', '.join(f'{key} = {value}' for key, value in outcome.chosen.items())}")
    chosen, job = trial(outcome.chosen)
    _reuse(work, arm.name, chosen, job)
    return with_settings(system, outcome.chosen, arm.name)


def _reuse(work: Comparison, name: str, chosen: SystemPart, trial: TrainingJob) -> None:
    """Make the chosen trial the run of its seed where it is the very same training."""
    target = work.folder / "voices" / name / f"seed-{trial.seed}"
    recipe = recipe_for(work.plan.recipe, name, chosen, trial.seed)
    plain = {key: value for key, value in chosen.training.items() if key != "steps"}
    whole = recipe.training_of(chosen.model_copy(update={"training": plain})).steps
    if target.exists() or recipe.training_of(chosen).steps != whole or not (trial.voice / "config.json").is_file():
        return
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        shutil.copytree(trial.voice, Path(folder) / "voice")
        (Path(folder) / "voice").replace(target)


def check_voice(job: TrainingJob) -> None:
    """Raise :class:`UsageError` where the run is there already with other settings, and name these."""
    record = read_record(job.record, JobRecord)
    training = job.voice / "training"
    begun = (training / "run.json").is_file() and any(training.glob("*/last.safetensors"))
    if job.members or (not begun and (record is None or not record.finished)):
        return
    if record is not None and record.finished and is_of(record, job):
        return
    run = read_run(training, Prepared(job.prepared)) if begun else None
    if run is not None and with_members(run.identity.whole) == job.identity:
        return
    changed = changed_keys(read_json(training / "run.json"), job.recipe, job.system) if begun else []
    what = "; ".join(changed[:3]) or "the data, a setting of its network or training, or this program's version"
    raise UsageError(
        f"{job.system}: its run {job.run} was made with other settings ({what}); change them back, choose another --out, or "
        f"delete {job.voice} and {job.record}"
    )


def _drops(key: str, values: Sequence[Any]) -> bool:
    """Return whether a search may leave a task out."""
    return task_of_weight(key) is not None and 0 in values


def write_pages(folder: Path, results: Results) -> dict[str, Path]:
    """Write the report and, where the speech of two systems is there to be heard, the listening test; return paths by name."""
    from tts.comparison.listening_test import write_listening_test
    from tts.comparison.report import write_report

    pages = {"report": write_report(results, folder)}
    if results.examples:
        try:
            pages["listening test"] = write_listening_test(folder, results)
        except TtsError as error:
            log.warning("no listening test: %s", error)
    return pages
