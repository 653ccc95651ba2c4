"""``tts compare`` from a prepared corpus to tables, on tiny networks: what is reused, refused, reported and resumed."""

import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import yaml
from speech import RECIPE, write_corpus

from tts.comparison import collect
from tts.comparison.compare import Comparison, choose, finish, jobs_of, write_pages
from tts.comparison.compare import compare as compare_plan
from tts.comparison.plan import make_plan
from tts.comparison.records import JobRecord, read_record, read_search, record_path, write_record
from tts.comparison.results import Results, read_results
from tts.comparison.verdicts import Verdict
from tts.comparison.worker import TrainingJob, do_job, is_done, job_identity
from tts.core.errors import TtsError, UsageError
from tts.core.locks import held
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.generation.voice import load_voice
from tts.recipe import Recipe, load_recipe
from tts.training.train import train_voice

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
STAGE = {"trunk": {"layers": [16]}, "tasks": {"mcep": 1, "lf0": 0.1, "vuv": 0.1, "bap": 0.1}}
MULTI = {**STAGE, "tasks": {**STAGE["tasks"], "phone_class": 0.1}}
SPEED = {"steps": 20, "batch": 64, "validate_every": 10}


@pytest.fixture(scope="module", autouse=True)
def quick():
    with mock.patch.object(collect, "RESAMPLES", 200):
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and its prepared corpus."""
    folder = tmp_path_factory.mktemp("compare")
    write_corpus(folder / "corpus")
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    recipe |= {
        "split": {"test": {"count": 3}, "validation": {"count": 2}},
        "tasks": {"phone_class": {}},
        "training": SPEED,
        "duration": {"trunk": {"layers": [16]}, "training": SPEED},
        "systems": {
            "single": {"stages": [STAGE]},
            "multi": {"stages": [MULTI]},
            "wild": {"stages": [STAGE], "training": {"learning_rate": 1.0e30}},
        },
        "comparison": {
            "seeds": [1],
            "ensembles": {"pair": {"system": "single", "members": 2}},
            "search": {"multi": {"keys": {"stages.0.tasks.phone_class.weight": [0, 0.1]}}},
            "leave_one_out": "multi",
            "examples": 1,
        },
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    prepare_corpus(load_recipe(folder), folder, folder / "corpus", folder / "prepared", workers=1)
    return folder


@pytest.fixture(scope="module")
def compared(made: Path) -> dict:
    """The comparison of all systems in ``made/out``, for which one voice was trained beforehand by ``tts train``."""
    prepared = Prepared(made / "prepared")
    train_voice(load_recipe(made, ["training.seed=1"]), prepared, "single", made / "out" / "voices" / "single" / "seed-1")
    said = []
    with mock.patch("tts.comparison.worker.train_voice", side_effect=train_voice) as trained:
        results = compare(load_recipe(made), prepared, made / "out", workers=0, command="tts compare", say=said.append)
    return {"results": results.to_dict(), "said": said, "trained": [call.args[2] for call in trained.call_args_list]}


def compare(
    recipe: Recipe, prepared: Prepared, out: Path, *, systems: Sequence[str] = (), seeds: Sequence[int] = (), **more: Any
) -> Results:
    return compare_plan(make_plan(recipe, systems=systems, seeds=seeds), prepared, out, **more)


def statuses(results: dict) -> dict:
    return {(run["system"], run["seed"]): run["status"] for run in results["runs"]}


def seconds_of_steps(voice: Path) -> float:
    """The seconds in the steps of a network, from what its history tells of steps and speed."""
    lines = (voice / "training" / "stage1" / "history.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), map(float, line.split("\t")), strict=True)) for line in lines[1:]]
    steps = [0.0, *(row["step"] for row in rows)]
    return sum((b - a) / row["speed/steps_per_second"] for a, b, row in zip(steps, steps[1:], rows, strict=False))


def test_all_arms_are_there_with_what_they_cost(made: Path, compared: dict) -> None:
    results = compared["results"]
    roles = {system["name"]: system["role"] for system in results["systems"]}
    assert roles == {
        "single": "baseline",
        "multi": "candidate",
        "wild": "candidate",
        "pair": "control",
        "multi-without-phone_class": "ablation",
    }
    charged = {system["name"]: system["runs_charged"] for system in results["systems"]}
    assert charged["single"] == 1
    assert charged["multi"] == 2  # two trials, one of which is the run of seed 1
    assert charged["pair"] == 2
    cost = {system["name"]: system["seconds"] for system in results["systems"]}
    spent = [seconds_of_steps(made / "out" / "voices" / "single" / seed) for seed in ("seed-1", "seed-101")]
    assert cost["pair"] == pytest.approx(sum(spent), abs=0.06)  # counted as single is: without durations and validation
    assert cost["single"] == pytest.approx(spent[0], abs=0.06)
    steps = {system["name"]: system["steps"] for system in results["systems"]}
    assert (steps["single"], steps["multi"], steps["pair"]) == (20, 40, 40)
    assert results["state"] == "complete"
    assert json.loads((made / "out" / "results.json").read_text(encoding="utf-8")) == results
    assert {one["metric"] for one in results["differences"]} >= {"mcd", "bap", "vuv_error", "gv_mcep", "modulation"}


def test_a_voice_trained_beforehand_is_a_finished_run(made: Path, compared: dict) -> None:
    summary = json.loads((made / "out/voices/single/seed-1/training/summary.json").read_text(encoding="utf-8"))
    assert summary["command"] == ""  # that of train_voice above, not of the comparison
    run = next(run for run in compared["results"]["runs"] if (run["system"], run["seed"]) == ("single", 1))
    assert run["status"] == "finished"
    assert run["curves"]["stage1"]["step"] == [10.0, 20.0]
    assert list(run["utterances"]) == list(Prepared(made / "prepared").packed("test").ids)


def test_a_duration_model_taken_over_changes_nothing(made: Path, compared: dict, tmp_path: Path) -> None:
    voices = made / "out" / "voices"
    logs = [voices / name / "training" / "duration" / "last.safetensors" for name in ("single/seed-1", "multi/seed-1")]
    assert logs[0].read_bytes() == logs[1].read_bytes()
    chosen = compared["results"]["search"][0]["chosen"]
    changes = [f"systems.multi.{key.removesuffix('.weight')}={value}" for key, value in chosen.items()]
    train_voice(load_recipe(made, changes), Prepared(made / "prepared"), "multi", tmp_path / "alone")
    for name in ("model.safetensors", "duration.safetensors"):
        assert (tmp_path / "alone" / name).read_bytes() == (voices / "multi" / "seed-1" / name).read_bytes()


def test_the_search_is_recorded_with_zero_in_it(compared: dict) -> None:
    (found,) = compared["results"]["search"]
    tried = {trial["settings"]["stages.0.tasks.phone_class.weight"]: trial["validation"] for trial in found["tried"]}
    assert set(tried) == {0, 0.1}
    assert found["chosen"] == {"stages.0.tasks.phone_class.weight": min(tried, key=tried.__getitem__)}


def test_a_diverged_arm_is_reported_and_the_others_go_on(made: Path, compared: dict) -> None:
    results = compared["results"]
    assert statuses(results)["wild", 1] == "diverged"
    assert any(note.startswith("wild, seed 1: diverged: stage1: training diverged at step") for note in results["notes"])
    assert "wild has no finished run" in (made / "out" / "tables.md").read_text(encoding="utf-8")
    assert all(status == "finished" for (name, _), status in statuses(results).items() if name != "wild")
    assert any(line.startswith("wild seed-1: diverged") for line in compared["said"])


def test_examples_can_be_heard_and_seen(made: Path, compared: dict) -> None:
    (example,) = compared["results"]["examples"]
    assert {"natural", "copy", "single", "multi", "pair"} <= set(example["wavs"])
    assert all((made / "out" / path).is_file() for path in example["wavs"].values())
    with np.load(made / "out" / example["data"]) as arrays:
        frames = len(arrays["f0/natural"])
        assert arrays["spectrogram/pair"].shape == (frames, len(arrays["frequencies"]))
        assert arrays["frequencies"][-1] == pytest.approx(16000 / 2, rel=1e-5)
        assert (np.diff(arrays["frequencies"]) > 0).all()


def test_report_and_listening_test_lie_beside_the_results(made: Path, compared: dict) -> None:
    pages = write_pages(made / "out", read_results(made / "out"))
    assert {name: path.name for name, path in pages.items()} == {
        "report": "report.html",
        "listening test": "listening-test.html",
    }
    assert all(path.is_file() for path in pages.values())


def tiny_job(made: Path, prepared: Path, out: Path) -> TrainingJob:
    recipe = load_recipe(made, ["training.steps=2", "training.validate_every=2", "training.seed=1"])
    identity = job_identity(recipe, Prepared(prepared), "single")
    return TrainingJob(
        folder=out, prepared=prepared, system="single", run="seed-1", seed=1, recipe=recipe, steps=2, identity=identity
    )


def swap(prepared: Path) -> None:
    """Put other data where the prepared corpus was, as another command that prepares does."""
    facts = json.loads((prepared / "prepared.json").read_text(encoding="utf-8"))
    facts["identities"]["basis"] = facts["fingerprint"] = "of other data"
    (prepared / "prepared.json").write_text(json.dumps(facts), encoding="utf-8")


def test_data_swapped_under_a_comparison_are_refused(made: Path, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    shutil.copytree(made / "prepared", prepared)
    job = tiny_job(made, prepared, tmp_path / "out")
    swap(prepared)
    with pytest.raises(UsageError, match="was made anew while this comparison ran"):
        do_job(job)
    assert read_record(job.record, JobRecord) is None
    assert not is_done(job)


def test_a_run_goes_on_with_the_data_that_it_opened(made: Path, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    shutil.copytree(made / "prepared", prepared)
    job, basis = tiny_job(made, prepared, tmp_path / "out"), Prepared(prepared).basis

    def train(*arguments: object, **more: object) -> dict[str, object]:
        swap(prepared)
        return train_voice(*arguments, **more)

    with mock.patch("tts.comparison.worker.train_voice", side_effect=train):
        do_job(job)
    assert is_done(job)
    assert load_voice(job.voice, "cpu").config.prepared == basis
    with pytest.raises(UsageError, match="was made anew while this comparison ran"):
        do_job(job)


def test_a_job_reads_as_it_was_written(made: Path, tmp_path: Path) -> None:
    job = tiny_job(made, made / "prepared", tmp_path)
    again = pickle.loads(pickle.dumps(job))  # noqa: S301
    assert again == job
    assert job_identity(again.recipe, Prepared(made / "prepared"), "single") == job.identity


def test_a_trial_without_the_primary_score_is_a_failed_one(made: Path, tmp_path: Path) -> None:
    """It was ranked by its main loss among others' F0 errors in Hz, which any loss is below."""
    recipe = load_recipe(made, ["comparison.primary=f0_rmse", "comparison.smallest_effect=0.1"])
    plan = make_plan(recipe, systems=["multi"], seeds=[1])
    work = Comparison(plan, plan, Prepared(made / "prepared"), tmp_path, 0, "cpu", "", lambda _: None)

    def do(jobs: Sequence[TrainingJob]) -> None:
        for job in jobs:
            weight = job.recipe.systems["multi"].stages[0].tasks["phone_class"].weight
            mute = weight == 0.1  # this one never voices a frame
            record = job.outcome("failed", "").model_copy(update={"status": "finished", "main_loss": 0.1})
            row = {"f0_rmse": None if mute else 20.0 + weight}
            record = record.model_copy(update={"validation": row, "splits": ("validation",)})
            job.record.parent.mkdir(parents=True, exist_ok=True)
            job.record.write_text(record.model_dump_json(by_alias=True), encoding="utf-8")

    with mock.patch.object(work, "do", do):
        chosen = choose(work, plan.arm("multi"))
    assert chosen.stages[0].tasks["phone_class"].weight == 0.0
    result = read_search(tmp_path, "multi")
    assert result is not None and result.metric == "f0_rmse"
    assert {trial.settings["stages.0.tasks.phone_class.weight"]: trial.validation for trial in result.tried} == {
        0: 20.0,
        0.1: None,
    }


def test_a_network_worse_than_the_mean_of_each_phone_gets_no_verdict(compared: dict) -> None:
    results = Results.from_dict(compared["results"])
    assert results.references.floor is not None and results.undertrained()  # 20 steps
    judged = [one for one in results.differences if {one.system, one.against} & set(results.undertrained())]
    assert judged and all(one.verdict is Verdict.UNDERTRAINED for one in judged)
    assert "trained too little" in results.answer


def test_more_seeds_reuse_what_is_there(made: Path, compared: dict) -> None:
    out = made / "out"
    before = {
        path: path.stat().st_mtime_ns for path in (*out.glob("scores/*/*.npz"), *out.glob("voices/*/*/model.safetensors"))
    }
    whole = compare(load_recipe(made), Prepared(made / "prepared"), out, systems=["single"], seeds=[1, 2], workers=2)
    results = whole.to_dict()
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert statuses(results)["single", 2] == "finished"
    assert ("multi", 2) not in statuses(results)  # not asked for
    assert next(one for one in results["differences"] if one["system"] == "multi")["seeds"] == 1
    assert any("multi has no finished run of seed 2" in note for note in results["notes"])


def test_a_changed_setting_is_refused_by_name(made: Path, compared: dict) -> None:
    recipe = load_recipe(made, ["training.batch=32"])
    with pytest.raises(
        UsageError, match=r"single: its run seed-1 was made with other settings \(training\.batch was 64 and is 32\)"
    ):
        compare(recipe, Prepared(made / "prepared"), made / "out", workers=0)
    with pytest.raises(UsageError, match="primary was mcd when this comparison began"):
        changes = ["comparison.primary=bap", "comparison.smallest_effect=0.01"]
        compare(load_recipe(made, changes), Prepared(made / "prepared"), made / "out", workers=0)
    with pytest.raises(UsageError, match="was not made by tts compare"):
        compare(load_recipe(made), Prepared(made / "prepared"), made / "corpus", workers=0)


def test_a_baseline_that_diverges_is_an_error(made: Path, tmp_path: Path) -> None:
    recipe = load_recipe(made, ["comparison.baseline=wild", "comparison.examples=0"])
    with pytest.raises(TtsError, match="the baseline wild has no finished run"):
        compare(recipe, Prepared(made / "prepared"), tmp_path / "out", systems=["wild"], workers=0)
    assert (tmp_path / "out" / "results.json").is_file()


def test_takes_that_are_not_there_are_refused_before_training(made: Path, tmp_path: Path) -> None:
    recipe = load_recipe(made, ["comparison.takes.suffix=_again"])
    with pytest.raises(UsageError, match=r"comparison\.takes: no recording ID .* second take ID_again beside it"):
        compare(recipe, Prepared(made / "prepared"), tmp_path / "out", workers=0)
    assert not (tmp_path / "out").exists()


def test_a_stage_that_a_search_could_leave_with_nothing_is_refused_before_training(made: Path, tmp_path: Path) -> None:
    first = {"trunk": {"layers": [16]}, "bottleneck": 4, "tasks": {"phone_class": 0.1}}
    keys = {"stages.0.tasks.phone_class.weight": [0, 0.1]}
    changes = {"systems.hinted": {"stages": [first, STAGE]}, "comparison.search.hinted": {"keys": keys}}
    recipe = load_recipe(made, [f"{key}={yaml.safe_dump(value, default_flow_style=True)}" for key, value in changes.items()])
    with pytest.raises(UsageError, match="stage 1 learns no task at step 0"):
        compare(recipe, Prepared(made / "prepared"), tmp_path / "out", systems=["hinted"], workers=0)
    assert not (tmp_path / "out").exists()


def test_a_folder_in_which_another_works_is_left_alone(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with held(tmp_path / "out"), pytest.raises(TtsError, match="out: another process is at work in it"):
        compare(load_recipe(made), Prepared(made / "prepared"), tmp_path / "out", workers=0)
    assert not list((tmp_path / "out").iterdir())


def test_a_refused_training_leaves_the_record_of_the_running_one(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    (tmp_path / "voice" / "training").mkdir(parents=True)
    record = tmp_path / "voice" / "training" / "run.json"
    record.write_text('{"identity": "of the one at work"}', encoding="utf-8")

    @contextmanager
    def busy(folder: Path, patience: float) -> Iterator[None]:
        with held(folder), held(folder):
            yield

    with (
        mock.patch("tts.training.train.held", busy),
        pytest.raises(TtsError, match="training: another process is at work in it"),
    ):
        train_voice(load_recipe(made), Prepared(made / "prepared"), "single", tmp_path / "voice")
    assert "of the one at work" in record.read_text(encoding="utf-8")


def test_the_plan_is_printed_and_nothing_done(made: Path, tmp_path: Path) -> None:
    from tts.cli.main import main

    arguments = ["tts", "compare", made, "--prepared", made / "prepared", "--out", tmp_path / "out", "--plan", "--seeds", "1,2"]
    out = io.StringIO()
    argv = [str(argument) for argument in arguments]
    with mock.patch.object(sys, "argv", argv), redirect_stdout(out), suppress(SystemExit):
        main()
    # A seed: single, multi, wild, one more of single for the pair, multi without its task. And two trials of the search.
    assert "12 runs to train" in out.getvalue()
    assert not (tmp_path / "out").exists()


def test_the_first_seed_speaks_and_every_seed_where_all_are_judged(made: Path, tmp_path: Path) -> None:
    def speech(*changes: str) -> dict[str, tuple[Path, int]]:
        plan = make_plan(load_recipe(made, list(changes)), systems=["single"], seeds=[3, 7], judges=True)
        work = Comparison(plan, plan, Prepared(made / "prepared"), tmp_path, 0, "cpu", "", lambda line: None)
        work.spoken, work.settled = ("a", "b"), {arm.name: arm.system for arm in plan.arms if arm.system is not None}
        return {job.run: (job.wavs, len(job.speak)) for job in jobs_of(work)[0]}

    folder = tmp_path / "wavs" / "single"
    assert speech()["seed-3"] == (folder, 2) and speech()["seed-7"][1] == 0
    assert speech("comparison.judged_seeds=all") == {"seed-3": (folder, 2), "seed-7": (folder / "seed-7", 2)}
    record = JobRecord(identity="x", system="single", run="seed-7", seed=7, status="finished", splits=(), spoken=("a", "b"))
    write_record(record_path(tmp_path, "single", "seed-7"), record, {})
    assert speech("comparison.judged_seeds=all") == {"seed-3": (folder / "seed-3", 2), "seed-7": (folder, 2)}, "7 came first"


@pytest.mark.parametrize(("judged", "seeds"), [("first", {7}), ("all", {3, 5, 7})])
def test_all_seeds_are_judged_only_where_all_are_asked_for(made: Path, tmp_path: Path, judged: str, seeds: set[int]) -> None:
    """An earlier command had seed 7 speak first, and further seeds apart."""
    recipe = load_recipe(made, [f"comparison.judged_seeds={judged}"])
    whole, plan = (make_plan(recipe, systems=["single"], seeds=n, judges=True) for n in ([3, 5, 7], [3, 5]))
    work = Comparison(plan, whole, Prepared(made / "prepared"), tmp_path, 0, "cpu", "", lambda line: None)
    record = JobRecord(identity="x", system="single", run="seed-7", seed=7, status="finished", splits=(), spoken=("a",))
    write_record(record_path(tmp_path, "single", "seed-7"), record, {})
    for seed in (3, 5):
        (tmp_path / "wavs" / "single" / f"seed-{seed}").mkdir(parents=True)
    place = "tts.comparison.compare."
    with (
        mock.patch(place + "judge_speech") as asked,
        mock.patch(place + "find_references"),
        mock.patch(place + "write_examples"),
        mock.patch.object(work, "write") as written,
    ):
        written.return_value.runs_of.return_value = [mock.Mock(finished=True)]
        finish(work)
    assert asked.call_args.kwargs["seeds"] == {"single": seeds}


def test_an_interrupted_comparison_goes_on(made: Path, tmp_path: Path) -> None:
    """The interruption reaches the parent alone; its worker stops, and the same command finishes the training."""
    changes = ["training.steps=800", "training.validate_every=20", "comparison.examples=0"]
    arguments = [
        "compare",
        made,
        "--prepared",
        made / "prepared",
        "--out",
        tmp_path / "out",
        "--systems",
        "single",
        "--workers",
        "1",
    ]
    command = [sys.executable, "-m", "tts", *map(str, arguments), *(part for change in changes for part in ("--set", change))]
    history = tmp_path / "out" / "voices" / "single" / "seed-1" / "training" / "stage1" / "history.tsv"
    # Where the tests themselves run in the background, children would ignore an interruption.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 300.0
    while not history.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 130, printed
    steps = len(history.read_text(encoding="utf-8").splitlines())
    time.sleep(0.5)
    assert len(history.read_text(encoding="utf-8").splitlines()) == steps < 40  # no orphan trains on
    recipe = load_recipe(made, changes)
    results = compare(recipe, Prepared(made / "prepared"), tmp_path / "out", systems=["single"], workers=0)
    (run,) = results.runs
    assert (run.status, run.steps) == ("finished", 800)
    assert results.answer.startswith("Nothing can be said yet")
