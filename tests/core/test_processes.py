"""Worker processes: order, failures by name, workers that die, and what is left behind."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tts.core import processes
from tts.core.errors import TtsError, UsageError, WorkerDied, WorkersCannotStart
from tts.core.memory import MemoryShare, available_bytes, device_part
from tts.core.processes import THREADS, Child, Failure, Workers, parallel_map, worker_count

PROC = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks processes up in /proc")


def work(item: int) -> int:
    if item == 3:
        raise TtsError("three is not wanted")
    if item == 4:
        raise ValueError("broken")
    if item == 5:
        os._exit(1)
    return item * item


@pytest.mark.parametrize("workers", [0, 2])
def test_every_item_has_its_result_or_its_reason(workers: int) -> None:
    items = [0, 1, 2, 3, 4, 6, 7] if workers == 0 else list(range(9))
    results = dict(parallel_map(work, items, workers=workers))
    assert sorted(results) == list(range(len(items)))
    for index, item in enumerate(items):
        if item == 3:
            assert results[index] == Failure("three is not wanted")
        elif item == 4:
            assert results[index] == Failure("ValueError: broken")
        elif item == 5:
            assert isinstance(results[index], Failure)
            assert "died" in results[index].message
        else:
            assert results[index] == item * item


def test_nothing_to_do() -> None:
    assert list(parallel_map(work, [])) == []
    assert list(parallel_map(work, [], workers=1)) == []


def threads_of(_: int) -> tuple[dict[str, str | None], int, int]:
    import torch
    from threadpoolctl import threadpool_info

    pools = max((pool["num_threads"] for pool in threadpool_info()), default=1)
    return {name: os.environ.get(name) for name in THREADS}, torch.get_num_threads(), pools


@pytest.mark.slow
def test_workers_have_one_thread_and_this_process_keeps_its_settings() -> None:
    """Generators that are used in turns left OMP_NUM_THREADS=1 here for good: each put back what it had found."""
    before = dict(os.environ)
    first, second = (parallel_map(threads_of, [0, 1], workers=1) for _ in range(2))
    answers = [next(first), next(second)]
    assert dict(os.environ) == before
    answers += [*first, *second]
    assert dict(os.environ) == before
    expected = dict.fromkeys(THREADS, "1"), 1, 1
    assert [answer for _, answer in answers] == [expected] * 4


UNGUARDED = {
    "parallel_map": "from tts.core.processes import parallel_map\nprint(list(parallel_map(abs, range(50), workers=2)))",
    "workers": "from tts.core.processes import Workers\nwith Workers(2) as w: print(w.result(w.submit(abs, 3)))",
    "child": (
        "from pathlib import Path\nfrom tts.core.processes import Child\n"
        "child = Child(print, output=Path(__file__).with_suffix('.log'))\nchild.close(60.0)\nchild.check_start()"
    ),
}


@pytest.mark.parametrize("kind", UNGUARDED)
def test_a_script_without_a_guard_gets_one_sentence(kind: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    start = "from tts.core.errors import WorkersCannotStart\ntry:\n    "
    body = UNGUARDED[kind].replace("\n", "\n    ")
    script.write_text(f"{start}{body}\nexcept WorkersCannotStart as error:\n    print(error)\n")
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout == f"{processes.UNGUARDED}\n"
    assert run.stderr == ""  # workers say nothing: it would be the same traceback once a core


KILLED = {
    "parallel_map": "for index, pid in parallel_map(slow, range(9), workers=2): print(pid, flush=True)",
    "workers": "w = Workers(1); print(w.result(w.submit(os.getpid)), flush=True); time.sleep(60)",
    "child": "child = Child(loop, output=Path(sys.argv[1])); time.sleep(60)",
}
PARENT = """
import os, sys, time
from pathlib import Path
from tts.core.files import replacing
from tts.core.processes import Child, Workers, parallel_map
def slow(item):
    if item > 1: time.sleep(60)
    return os.getpid()
def loop():
    with replacing(Path(sys.argv[1] + ".wav")):
        print(os.getpid(), flush=True)
        time.sleep(60)
if __name__ == "__main__":
    BODY
"""


def gone(pid: int, seconds: float = 6.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def wait_for_text(path: Path) -> None:
    until = time.monotonic() + 60.0
    while time.monotonic() < until and not (path.is_file() and path.read_text()):
        time.sleep(0.05)


@PROC
@pytest.mark.parametrize("kind", KILLED)
def test_no_process_outlives_a_parent_that_is_killed(kind: str, tmp_path: Path) -> None:
    script, output = tmp_path / "parent.py", tmp_path / "output"
    script.write_text(PARENT.replace("BODY", KILLED[kind]))
    with subprocess.Popen([sys.executable, str(script), str(output)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        if kind == "child":
            wait_for_text(output)
        worker = int(output.read_text() if kind == "child" else parent.stdout.readline())
        parent.kill()
    assert gone(worker)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]  # it has cleared away what it was writing


def test_a_generator_that_is_left_ends_its_workers() -> None:
    before = set(multiprocessing.active_children())
    results = parallel_map(nap, [0.0, 60.0, 60.0, 60.0], workers=2)
    next(results)
    started = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    while left := set(multiprocessing.active_children()) - before:  # the executor's thread may be about to note an end
        assert time.monotonic() - started < 10.0, f"still there: {left}"
        time.sleep(0.01)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_workers_beside_one_that_dies_end_too(attempt: int) -> None:
    """The executor waits for them without end: none may take the order to end for the answer of its job."""
    with Workers(3) as workers:
        tickets = [workers.submit(nap, 0.05), workers.submit(work, 5), *(workers.submit(nap, 0.01) for _ in range(9))]
        with pytest.raises(WorkerDied):
            workers.result(tickets[1])
        assert workers.result(tickets[0]) == 0.05
        assert [workers.result(ticket) for ticket in tickets[2:]] == [0.01] * 9


@pytest.mark.slow
def test_only_the_job_to_blame_fails() -> None:
    """What was done again beside the culprit died with it a second time, and was blamed too."""
    with Workers(2) as workers:
        tickets = [workers.submit(work, item) for item in (5, 0, 1, 2, 5, 6)]
        answers: list[object] = []
        for ticket in tickets:
            try:
                answers.append(workers.result(ticket))
            except WorkerDied:
                answers.append(None)
    assert answers == [None, 0, 1, 4, None, 36]


STOPPED_WORKER = """
import signal, sys
from tts.core import processes
from tts.core.processes import _job, _stop
signal.signal(signal.SIGTERM, _stop)
def swallow():
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException as error:
        print(type(error).__name__, flush=True)
swallow() if sys.argv[1] == "idle" else _job(swallow)
print("goes on")
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("state", "printed"), [("idle", ""), ("at work", "SystemExit\n")])
def test_a_worker_that_is_told_to_end_ends_whoever_swallows_the_exception(state: str, printed: str) -> None:
    """The executor's own code takes it for an error of a job, waits for the next, and is waited for: for ever."""
    run = subprocess.run([sys.executable, "-c", STOPPED_WORKER, state], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout) == (processes.STOPPED, printed)


def test_a_process_that_cannot_start_again_is_not_the_jobs_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with Workers(1) as workers:
        workers.result(workers.submit(abs, 1))
        ticket = workers.submit(work, 5)
        monkeypatch.setattr(processes, "_begin", no_start)
        with pytest.raises(WorkersCannotStart, match="guard its own start"):
            workers.result(ticket)


def no_start(begin: processes.Beginning) -> None:
    os._exit(1)


LOADED = """
import numba, numpy, torch
from tts.core.processes import parallel_map
def threads(_):
    from threadpoolctl import threadpool_info
    return torch.get_num_threads(), numba.get_num_threads(), max(pool["num_threads"] for pool in threadpool_info())
if __name__ == "__main__":
    print(next(parallel_map(threads, [0], workers=1)))
"""


@pytest.mark.slow
def test_libraries_that_a_script_loads_first_are_limited_too(tmp_path: Path) -> None:
    """A worker runs the script's head before it can be told anything; they have read the environment by then."""
    script = tmp_path / "script.py"
    script.write_text(LOADED)
    environment = {**os.environ, **dict.fromkeys(THREADS, "2")}
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout == "(0, (1, 1, 1))\n"


def test_an_interrupted_worker_leaves_the_decision_to_its_parent() -> None:
    with Workers(1) as workers:
        pid = workers.result(workers.submit(os.getpid))
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
        assert workers.result(workers.submit(os.getpid)) == pid


def memory(_: int) -> tuple[int, float]:
    return available_bytes(), device_part()


@pytest.mark.slow
def test_workers_share_the_memory() -> None:
    """Each of sixteen saw all that was free, and took half of it."""
    free = available_bytes()
    shares = [share for _, share in parallel_map(memory, range(4), workers=4)]
    assert all(isinstance(share, tuple) and share[0] <= free // 4 * 1.2 for share in shares)
    assert sum(share[0] for share in shares if isinstance(share, tuple)) <= free * 1.2  # others use memory meanwhile
    assert all(share[1] == 1.0 for share in shares if isinstance(share, tuple))


def report(*arguments: object) -> None:
    import torch

    print(*arguments, Path.cwd().name, torch.get_num_threads(), available_bytes(), device_part())
    logging.getLogger("x").warning("to standard error")


def fail() -> None:
    raise UsageError("this was asked for wrongly")


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_child_does_a_job_with_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tts").mkdir()
    (tmp_path / "tts" / "__init__.py").write_text("raise SystemExit('not this one')")
    child = Child(report, "a", 1, output=tmp_path / "log", threads=1, share=MemoryShare(1000, 0.25))
    wait(child)
    assert child.exit_code == 0
    assert (tmp_path / "log").read_text().splitlines()[0] == f"a 1 {tmp_path.name} 1 1000 0.25"
    assert "to standard error" in (tmp_path / "log").read_text()


def test_how_a_child_ends_is_told(tmp_path: Path) -> None:
    children = [Child(function, output=tmp_path / function.__name__) for function in (fail, crash)]
    for child in children:
        wait(child)
        child.check_start()
    assert [child.exit_code for child in children] == [UsageError.exit_code, -signal.SIGKILL]
    assert (tmp_path / "fail").read_text() == "this was asked for wrongly\n"


def wait(child: Child) -> None:
    until = time.monotonic() + 60.0
    while child.exit_code is None and time.monotonic() < until:
        time.sleep(0.05)


def test_a_child_is_stopped_and_clears_away(tmp_path: Path) -> None:
    child = Child(write_slowly, str(tmp_path / "a.wav"), output=tmp_path / "log")
    wait_for_text(tmp_path / "log")
    child.close()
    assert child.exit_code == processes.STOPPED
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def write_slowly(path: str) -> None:
    from tts.core.files import replacing

    with replacing(Path(path)):
        print("writing", flush=True)
        time.sleep(60.0)


def test_windows_waits_for_no_more_than_61(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "usable_cores", lambda: 128)
    assert (worker_count(None), worker_count(0), worker_count(7)) == (128, 0, 7)
    monkeypatch.setattr(processes.os, "name", "nt")
    assert (worker_count(None), worker_count(0), worker_count(7), worker_count(100)) == (61, 0, 7, 61)
