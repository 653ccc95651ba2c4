"""Processes that stay from job to job."""

import os
import signal

import pytest

from tts.core.errors import TtsError
from tts.core.processes import Workers


def whoami(x: int) -> tuple[int, int, str]:
    return x, os.getpid(), os.environ.get("OMP_NUM_THREADS", "")


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(message: str) -> None:
    raise TtsError(message)


def test_inline() -> None:
    with Workers(0) as workers:
        assert workers.result(workers.submit(whoami, 3))[:2] == (3, os.getpid())
        with pytest.raises(TtsError, match="no"):
            workers.result(workers.submit(fail, "no"))


def test_processes_stay_errors_pass_and_a_crash_costs_one_job() -> None:
    with Workers(1) as workers:
        first = workers.result(workers.submit(whoami, 1))
        assert first[0] == 1
        assert first[1] != os.getpid()
        assert first[2] == "1"
        assert workers.result(workers.submit(whoami, 2))[1] == first[1]
        with pytest.raises(TtsError, match="no"):
            workers.result(workers.submit(fail, "no"))
        tickets = [workers.submit(whoami, 4), workers.submit(die, 5), workers.submit(whoami, 6)]
        assert workers.result(tickets[0])[0] == 4
        with pytest.raises(TtsError, match="died"):
            workers.result(tickets[1])
        assert workers.result(tickets[2])[0] == 6
        assert workers.result(workers.submit(whoami, 7))[0] == 7
