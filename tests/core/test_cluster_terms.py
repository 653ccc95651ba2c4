"""What stays of a command over a cluster: nothing, in its folder and in workers that stand for the next one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_jobs import crash_at, write_variables

import tts.core.cluster
from tts.cli.options import place_of_work
from tts.core import cluster_worker
from tts.core.cluster import Cluster
from tts.core.cluster_worker import Terms, do_job, look
from tts.core.errors import NotWritten, TtsError, UsageError
from tts.core.files import lock


@pytest.fixture
def _worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as a worker that was started with TTS_CACHE."""
    for name in [name for name in os.environ if name.startswith("TTS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TTS_CACHE", "/worker")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster_worker, "_STARTED_WITH", cluster_worker.variables(), raising=False)
    monkeypatch.setattr(cluster_worker, "_residence", cluster_worker._Residence())
    for name in ("limit_threads", "set_share"):
        monkeypatch.setattr(cluster_worker, name, lambda _: None)
    monkeypatch.setattr(cluster_worker, "_share", lambda: None)
    monkeypatch.setattr(cluster_worker, "_look_here", lambda _: "")
    monkeypatch.setattr(cluster_worker, "_asked_for", lambda: lambda: True)
    yield
    for name in [name for name in os.environ if name.startswith("TTS_")]:
        del os.environ[name]


def variables_seen(terms: Terms, folder: Path) -> tuple[Any, Any]:
    """Variables of the command's items, and of its long jobs."""
    with cluster_worker._within(terms):
        write_variables(str(folder / "items"))
    assert do_job(write_variables, (str(folder / "job"),), "job.log", terms) == 0
    return json.loads((folder / "items").read_text()), json.loads((folder / "job").read_text())


@pytest.mark.usefixtures("_worker")
def test_variables_of_a_command_end_with_its_work(tmp_path: Path) -> None:
    first = {"TTS_CACHE": "/command", "TTS_TASKS": "/own"}
    worker = {"TTS_CACHE": "/worker"}
    asking = Terms((), str(tmp_path), secret="1", environment=tuple(first.items()))
    assert variables_seen(asking, tmp_path) == (first, first)
    assert variables_seen(Terms((), str(tmp_path), secret="2"), tmp_path) == (worker, worker)
    assert variables_seen(asking, tmp_path) == (first, first)


@pytest.mark.usefixtures("_worker")
def test_a_long_job_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    assert do_job(crash_at, (7, -1), "job.log", Terms((), str(tmp_path))) == TtsError.exit_code
    assert (tmp_path / "job.log").read_text().splitlines() == ["7 is odd"]


class _Client:
    """A client of a scheduler with one worker, which can do anything that ``why`` does not speak against."""

    status = "running"

    def __init__(self, why: str = "") -> None:
        self.why = why

    def nthreads(self) -> dict[str, int]:
        return {"tcp://worker": 1}

    def run(self, function: Any, terms: Terms, **_: Any) -> dict[str, str]:
        return {"tcp://worker": self.why if terms.token else ""}

    def submit(self, *arguments: Any, **_: Any) -> None: ...

    def close(self) -> None: ...


def cluster(why: str = "") -> Cluster:
    client: Any = _Client(why)
    return Cluster(client, "tcp://scheduler")


def hand_out(place: Cluster) -> None:
    place.group(abs, [1], "work")


def test_what_is_refused_before_its_first_work_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts.core.cluster, "connect", lambda *_: cluster())
    out = tmp_path / "out"
    with pytest.raises(UsageError), place_of_work("tcp://scheduler", None, out, ()) as place:
        assert isinstance(place, Cluster)
        assert place.slots() == 1
        assert not out.exists()
        raise UsageError("refused")
    assert not out.exists()


def test_workers_are_looked_at_with_the_first_work_and_the_file_goes_with_the_command(tmp_path: Path) -> None:
    with cluster() as place:
        place.share(tmp_path)
        assert not list(tmp_path.iterdir())
        hand_out(place)
        (token,) = tmp_path.iterdir()
        hand_out(place)
        assert list(tmp_path.iterdir()) == [token]
    assert not list(tmp_path.iterdir())
    with pytest.raises(TtsError, match="sees nothing"), cluster("sees nothing") as place:
        place.share(tmp_path)
        hand_out(place)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_files_of_killed_commands_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    for name in ("killed", "running"):
        (tmp_path / f".tts-cluster-{name}").write_text(name)
    with (tmp_path / ".tts-cluster-running").open("r+") as stream:
        assert lock(stream.fileno())
        with cluster() as place, cluster() as beside:
            for each in (place, beside):
                each.share(tmp_path)
                hand_out(each)
            names = {path.name for path in tmp_path.iterdir()}
            assert len(names) == 3
            assert ".tts-cluster-killed" not in names
        assert [path.name for path in tmp_path.iterdir()] == [".tts-cluster-running"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="file"), cluster() as place:
        place.share(tmp_path / "file" / "out")
        hand_out(place)


def test_a_worker_with_another_version_of_an_own_task_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTS_TASKS", os.pathsep.join(("here", str(tmp_path / "there"))))
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text("FAMILY = 1")
    terms = cluster()._terms
    assert look(terms) == ""
    (tmp_path / "here" / "here.py").write_text("FAMILY = 2")
    cluster_worker._unfit.cache_clear()
    assert "has other files in the folders of TTS_TASKS (here" in look(terms)
    assert look(cluster()._terms) == ""
    monkeypatch.delenv("TTS_TASKS")
    assert look(cluster()._terms) == ""
