"""Runs side by side in processes of their own: one thread each, stopped with the parent, started again where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tts.comparison.records import JobRecord, read_record, write_record
from tts.comparison.worker import TrainingJob, do_job, is_of
from tts.core.errors import UsageError
from tts.core.files import make_folder
from tts.core.memory import share_of
from tts.core.place import Machines, Process
from tts.core.processes import Child, worker_count
from tts.core.progress import Progress

POLL = 0.5  # seconds between looks at the running processes
TAKEOVER = 180.0  # seconds until a server has let go what a dead machine had locked: twice the 90 of NFS 4 on Linux
REMEMBERED = 90.0  # seconds that a network drive may remember a missing file


def default_workers(device: str) -> int:
    """Return how many runs go side by side unless told otherwise: one a core, or one a GPU."""
    import torch

    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    return gpus or (1 if device.startswith(("cuda", "mps")) else worker_count(None))


def devices_of(device: str) -> list[str]:
    """Return the devices that runs are dealt out to."""
    import torch

    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    return [f"cuda:{number}" for number in range(gpus)] or [device]


def run_jobs(
    jobs: Sequence[TrainingJob], *, workers: int | Machines, device: str = "auto", done: Callable[[TrainingJob], None]
) -> None:
    """Do jobs, so many ``workers`` at a time (0: in this process) or on other machines, calling ``done`` after each.

    A job whose process dies gets a record that says so; one that asks for something wrong raises :class:`UsageError` here.
    An interruption ends all processes; the same jobs then continue from their last checkpoints.
    """
    count = sum(len(job.each) for job in jobs)
    total = sum(_steps(job) for job in jobs)
    before = sum(_written(job) for job in jobs)  # by an earlier, interrupted comparison
    with Progress("training steps" if total else "scoring", total or count, done=before) as progress:
        finished = 0

        def note(job: TrainingJob, steps: int) -> None:
            nonlocal finished
            finished += len(job.each)
            progress.advance(steps if total else len(job.each), note=f"{finished}/{count} runs, last {job.each[-1].name}")
            for each in job.each:
                done(each)

        if workers == 0:
            for job in jobs:
                steps = _steps(job) - _written(job)
                do_job(job.model_copy(update={"device": devices_of(device)[0]}))
                note(job, steps)
            return
        waiting = list(reversed(jobs))
        running: list[_Running] = []
        place = _ThisMachine(workers, device) if isinstance(workers, int) else _OtherMachines(workers, device)
        with _stopped(running):
            while waiting or running:
                while waiting and len(running) < place.slots():
                    running.append(place.start(waiting.pop(), running))
                time.sleep(POLL)
                for run in list(running):
                    fresh = run.fresh_steps()
                    if run.process.exit_code is None:
                        progress.advance(fresh)
                    else:
                        running.remove(run)
                        run.finish()
                        note(run.job, fresh + _steps(run.job) - run.steps)


class _ThisMachine:
    """So many runs side by side in processes here, dealt out to the devices; one thread each where there are several."""

    def __init__(self, count: int, device: str) -> None:
        self._count = count
        self._devices = devices_of(device)
        self._share = share_of(count, per_device=-(-count // len(self._devices)))

    def slots(self) -> int:
        return self._count

    def start(self, job: TrainingJob, running: Sequence[_Running]) -> _Running:
        busy = [run.job.device for run in running]
        job = job.model_copy(update={"device": min(self._devices, key=busy.count)})
        threads = None if self._count == 1 else 1
        child = Child(do_job, job, output=_log_of(job), threads=threads, share=self._share)
        return _Running(job, child, _log_of(job), _written(job))


class _OtherMachines:
    """One run a thread of every worker of a cluster; what a dead machine had begun waits until its folder is let go."""

    def __init__(self, machines: Machines, device: str) -> None:
        self._machines, self._device = machines, device

    def slots(self) -> int:
        return self._machines.slots()

    def start(self, job: TrainingJob, running: Sequence[_Running]) -> _Running:
        job = job.model_copy(update={"device": self._device, "patience": TAKEOVER})
        return _Running(job, self._machines.start(do_job, job, output=_log_of(job)), _log_of(job), _written(job))


@dataclass
class _Running:
    """A job on its way in a process."""

    job: TrainingJob
    process: Process
    log: Path
    steps: int = 0
    _earlier: dict[Path, tuple[int, int] | None] = field(init=False)

    def __post_init__(self) -> None:
        self._earlier = {job.record: _version(job.record) for job in self.job.each}

    def fresh_steps(self) -> int:
        """Return the training steps that were written down since the last look.

        A run that begins again is not counted again before it is where it was.
        """
        fresh = max(0, _written(self.job) - self.steps)
        self.steps += fresh
        return fresh

    def finish(self) -> None:
        """Give a job whose process ended without a record one that says so; wrong usage raises :class:`UsageError`."""
        self.process.check_start()
        code = self.process.exit_code
        last = _last_line(self.log)
        if code == UsageError.exit_code:
            raise UsageError(last)
        for job in self.job.each:
            _come_to_light(job.record, patience=REMEMBERED if code == 0 else 0.0)
            if code != 0 and not self._has_told(job):
                why = f"its process ended with code {code} ({last}); see {self.log}"
                write_record(job.record, job.outcome("failed", why), {})

    def _has_told(self, job: TrainingJob) -> bool:
        """Return whether a job's record says what became of it; a failure that an earlier process wrote down does not."""
        record = read_record(job.record, JobRecord)
        if record is None or not is_of(record, job):
            return False
        return record.status != "failed" or _version(job.record) != self._earlier[job.record]


def _log_of(job: TrainingJob) -> Path:
    path = job.folder / "logs" / f"{job.system}-{job.run}.log"
    make_folder(path.parent)
    return path


def _version(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written anew; None where there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_mtime_ns, facts.st_ino


def _come_to_light(path: Path, patience: float) -> None:
    """Wait for a file that another machine has written: a network drive may remember for a while that it was not there."""
    until = time.monotonic() + patience
    while not path.is_file():
        with suppress(OSError):
            next(path.parent.iterdir(), None)  # which makes it look again
        if time.monotonic() >= until:
            return
        time.sleep(POLL)


@contextmanager
def _stopped(running: Sequence[_Running]) -> Iterator[None]:
    """End what is still running when the block is left, however it is left."""
    try:
        yield
    finally:
        for run in running:
            run.process.stop()
        for run in running:
            run.process.close()


def _steps(job: TrainingJob) -> int:
    """Return the training steps that a job and those beside it are to take."""
    return sum(each.steps for each in job.each)


def _written(job: TrainingJob) -> int:
    """Return the training steps of a job, and of those beside it, that are written down, at most those that are to be taken."""
    return sum(min(each.steps, steps_in(each.voice / "training", each.stages)) for each in job.each if each.steps)


def steps_in(training: Path, stages: int) -> int:
    """Return the steps of acoustic networks that a training folder has written down, as :func:`total_steps` counts them.

    A step of all ``stages`` together is one for each of them; of a training that forks all branches' steps count.
    """
    together = (training / "joint").is_dir()
    steps = 0
    # Not by rglob, which fails where a folder that a worker needs for a moment goes while it is looked through.
    for path in (*training.glob("*/history.tsv"), *training.glob("stage*/fold-*/history.tsv")):
        try:
            text = "" if path.parent.name == "duration" else path.read_text(encoding="utf-8")
            lines = text[: text.rfind("\n") + 1].splitlines()  # without one that is being written
        except FileNotFoundError:  # moved between two looks
            continue
        if len(lines) < 2:
            continue
        last = dict(zip(lines[0].split("\t"), lines[-1].split("\t"), strict=True))
        taken = int(float(last.get("fork/steps") or last["step"]))
        joint = path.parent.name == "joint" or (together and path.parent.name == "trajectory")
        steps += taken * (stages if joint else 1)
    return steps


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
