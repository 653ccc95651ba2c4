"""The verbs over a cluster of two worker processes here, one of which is killed meanwhile: the same files to the byte."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml
from cluster_jobs import count_up, crash_at
from speech import FIXTURES, IDS, RECIPE, write_corpus

import tts.core.cluster
from tts.cli.main import main
from tts.comparison.compare import compare
from tts.comparison.plan import make_plan
from tts.core.cluster import MAX_GROUP, Cluster, connect
from tts.core.cluster_worker import Terms, code_version, look
from tts.core.errors import TtsError, UsageError
from tts.core.lazy import LazySequence
from tts.core.place import Failure
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.recipe import load_recipe

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

pytestmark = pytest.mark.slow

SMALL = ["alignment.leave_out=false"]  # an aligner of a few utterances hears little


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with two workers, which are replaced when they die."""
    dask = pytest.importorskip("dask", reason="distributed is not installed")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),  # a task may see one worker die
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50
        ) as cluster,
    ):
        yield cluster.scheduler_address


@contextmanager
def killing(cluster: Cluster, begun: Callable[[], bool]) -> Iterator[list[str]]:
    """Kill a worker that is at work as soon as ``begun`` says so; yields a list that has its address once it is dead."""
    killed: list[str] = []
    over = threading.Event()
    client = cluster._client

    def watch() -> None:
        processes = client.run(os.getpid)
        while not over.is_set():
            busy = [address for address, keys in client.processing().items() if keys and address in processes]
            if busy and begun():
                os.kill(processes[busy[0]], signal.SIGKILL)
                killed.append(busy[0])
                return
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def contents(folder: Path, *without: str) -> dict[str, bytes]:
    """All files of a folder by their path in it, hidden ones too, but those ``without``.

    What a killed worker was writing is passed over: the next process that writes there removes it (tests/core/test_files.py).
    """
    paths = (path for path in folder.rglob("*") if path.is_file() and ".tmp-" not in path.name)
    return {name: path.read_bytes() for path in paths if (name := str(path.relative_to(folder))) not in without}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, and what is prepared of it here."""
    folder = tmp_path_factory.mktemp("cluster")
    write_corpus(folder / "corpus", IDS[:12])
    prepare_corpus(load_recipe(RECIPE, SMALL), RECIPE.parent, folder / "corpus", folder / "prepared", workers=0)
    return folder


def test_prepare(scheduler: str, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    with connect(scheduler) as cluster:
        cluster.share(out, (corpus / "corpus",))
        with killing(cluster, lambda: any(out.glob("cache/world-*/*.safetensors"))) as killed:
            prepare_corpus(load_recipe(RECIPE, SMALL), RECIPE.parent, corpus / "corpus", out, workers=cluster)
    assert killed
    alone = contents(corpus / "prepared", "prepared.json")
    assert contents(out, "prepared.json") == alone
    facts, facts_alone = (json.loads((path / "prepared.json").read_text()) for path in (out, corpus / "prepared"))
    facts_alone["seconds"] = facts["seconds"]
    assert facts == facts_alone


VOICE = FIXTURES / "format-2" / "single"
LINES = [f"l{number:02d}|{'A short line of text. ' * (1 + number % 3)}" for number in range(16)]


def speak(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run ``tts speak`` with the fixtures' voice in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["tts", "speak", str(VOICE), *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


def test_speak(scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a folder and into one file; paths are relative, and a text that fails is one here and there."""
    monkeypatch.chdir(tmp_path)
    Path("texts.txt").write_text("\n".join([*LINES, "bad|!?"]), encoding="utf-8")
    assert speak(monkeypatch, "texts.txt", "--out", "here", "--timings", "json", "--workers", "0") == 1
    assert speak(monkeypatch, "texts.txt", "--output", "here.wav", "--workers", "0") == 1
    killed: list[list[str]] = []
    sharing = Cluster.share

    def share(cluster: Cluster, *places: Any) -> None:
        sharing(cluster, *places)
        killed.append(stack.enter_context(killing(cluster, lambda: any(Path("there").glob("*.wav")))))

    with ExitStack() as stack:
        monkeypatch.setattr(Cluster, "share", share)
        assert speak(monkeypatch, "texts.txt", "--out", "there", "--timings", "json", "--scheduler", scheduler) == 1
    assert killed == [[ANY]]
    monkeypatch.setattr(Cluster, "share", sharing)
    assert contents(Path("there")) == contents(Path("here"))
    assert speak(monkeypatch, "texts.txt", "--output", "there.wav", "--scheduler", scheduler) == 1
    assert Path("there.wav").read_bytes() == Path("here.wav").read_bytes()


STEPS = {"steps": 60, "batch": 64, "validate_every": 20}


def test_compare(scheduler: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training is killed with its worker and goes on elsewhere from its last checkpoint."""
    monkeypatch.setattr("tts.comparison.collect.RESAMPLES", 200)
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    recipe |= {"training": STEPS, "comparison": {"baseline": "single", "seeds": [1], "examples": 1}}
    recipe["systems"].pop("stacked")
    (corpus / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    plan = make_plan(load_recipe(corpus / "recipe.yaml"), systems=("single",), seeds=(1,))
    prepared = Prepared(corpus / "prepared")
    here, there = tmp_path / "here", tmp_path / "there"
    compare(plan, prepared, here, workers=0, device="cpu")
    with connect(scheduler) as cluster:
        cluster.share(there, (prepared.folder,))
        with killing(cluster, lambda: any(there.glob("voices/*/*/training/*/last.safetensors"))) as killed:
            compare(plan, prepared, there, workers=cluster, device="cpu")
    assert killed
    assert {path.name for path in (there / "logs").iterdir()} == {"single-seed-1.log"}
    for path in (here / "voices/single/seed-1").glob("*.safetensors"):
        assert path.read_bytes() == (there / "voices/single/seed-1" / path.name).read_bytes()
    records = [json.loads((folder / "scores/single/seed-1.json").read_text()) for folder in (here, there)]
    assert records[0]["status"] == records[1]["status"] == "finished"
    assert records[0]["test"] == records[1]["test"]
    assert contents(there / "wavs") == contents(here / "wavs")


@contextmanager
def no_death_forgiven(scheduler: str) -> Iterator[None]:
    """Have the scheduler blame whatever a worker had when it died, were it only waiting there."""

    def allow(failures: int, dask_scheduler: Any = None) -> None:
        dask_scheduler.allowed_failures = failures

    with distributed.Client(scheduler) as client:
        client.run_on_scheduler(allow, 0)
        try:
            yield
        finally:
            client.run_on_scheduler(allow, 1)


def test_an_item_that_kills_workers_is_the_only_one_to_fail(scheduler: str) -> None:
    with connect(scheduler) as cluster, no_death_forgiven(scheduler):
        made = dict(cluster.map(partial(crash_at, fatal=5), range(12)))
        ordered = list(cluster.map(partial(crash_at, fatal=3), range(6), ordered=True))
    assert [number for number, _ in ordered] == list(range(6))
    assert [number for number, value in ordered if isinstance(value, Failure)] == [3]
    assert isinstance(made[5], Failure)
    assert "died" in made[5].message
    assert made[7] == Failure("7 is odd")
    assert {number: value for number, value in made.items() if number not in (5, 7)} == {
        number: 2 * number for number in range(12) if number not in (5, 7)
    }


def test_ten_million_items_are_handed_out_a_few_at_a_time_and_in_order(scheduler: str) -> None:
    asked: list[int] = []
    items = LazySequence(10_000_000, lambda number: asked.append(number) or number)  # type: ignore[func-returns-value]
    with connect(scheduler) as cluster:
        handed = cluster.map(partial(crash_at, fatal=-1), items, ordered=True)
        assert [number for number, _ in islice(handed, 5)] == [0, 1, 2, 3, 4]
        handed.close()  # type: ignore[attr-defined]
    assert len(asked) < 10 * MAX_GROUP


def test_a_long_job_ends_with_the_command_that_asked_for_it(scheduler: str, tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    with connect(scheduler) as cluster:
        cluster.share(tmp_path)
        job = cluster.start(count_up, str(counted), output=tmp_path / "job.log")
        until = time.monotonic() + 60.0
        while not (counted.is_file() and counted.stat().st_size) and time.monotonic() < until:
            time.sleep(0.1)
        assert job.exit_code is None
    sizes = [-1, counted.stat().st_size]
    while sizes[-1] != sizes[-2] and time.monotonic() < until:
        time.sleep(2.0)
        sizes.append(counted.stat().st_size)
    assert sizes[-1] == sizes[-2] > 0


def test_what_workers_cannot_do_is_said_in_one_sentence(scheduler: str, tmp_path: Path) -> None:
    with connect(scheduler) as cluster, pytest.raises(TtsError, match=r"the worker tcp:.* does not see /not/there: mount it"):
        cluster.share(tmp_path, (Path("/not/there"),))
    assert not list(tmp_path.iterdir())


def test_a_worker_is_looked_at(tmp_path: Path) -> None:
    code = code_version()
    other = (code[0], ("tts", "0.0 (source 0123456789)"), *code[2:])
    (tmp_path / "token").write_text("secret")
    good = Terms(code, str(tmp_path), relative=True, token="token", secret="secret", sees=("token",))
    assert look(good) == ""
    assert re.search(r"has tts .* where this command has 0\.0 .*: install the same there", look(replace(good, code=other)))
    assert "does not see the files of this command" in look(replace(good, secret="another"))
    assert f"does not see {tmp_path}/corpus" in look(replace(good, sees=("corpus",)))
    assert "where the paths of this command start" in look(replace(good, folder="/not/there", token=None))


def test_schedulers_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts.core.cluster, "PATIENCE", 0.5)
    with pytest.raises(TtsError, match=r"tcp://127\.0\.0\.1:1 does not answer within 0\.5 s"):
        connect("tcp://127.0.0.1:1")
    for address in ("nowhere", "tcp://", "ftp://host:1"):
        with pytest.raises(TtsError, match="expected an address"):
            connect(address)
    with pytest.raises(UsageError, match="leave it out"):
        connect("tcp://127.0.0.1:1", workers=3)
