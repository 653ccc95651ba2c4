"""The line of progress: what it says, where, when not at all."""

import io
import sys

import pytest

from tts.core import progress as module
from tts.core.progress import Progress, clock, set_quiet, tracked


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock_hand(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have passed; a test moves them."""
    hand = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: hand[0])
    return hand


def run(clock_hand: list[float], stream: io.StringIO, note: str = "", label: str = "work") -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        with Progress(label, 100, unit="steps") as progress:
            for _ in range(100):
                clock_hand[0] += 1.0
                progress.advance(note=note)
    return stream.getvalue()


def test_a_log_gets_a_line_every_ten_seconds(clock_hand: list[float]) -> None:
    lines = run(clock_hand, io.StringIO(), "x").splitlines()
    assert len(lines) == len(set(lines)) == 10  # the end is told once
    assert lines[1] == "work: 20/100 steps, 20 s so far, 1:20 min left  x"
    assert lines[-1] == "work: 100/100 steps, done in 1:40 min  x"


def test_a_terminal_gets_one_line_that_fits(clock_hand: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run(clock_hand, Terminal(), "a long note " * 10).split("\r\x1b[2K")
    assert len(lines) > 50
    assert all(len(line.rstrip("\n")) <= 39 for line in lines)


def test_short_work_and_quiet_show_nothing(clock_hand: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    assert list(tracked(range(5), "short", 5)) == [0, 1, 2, 3, 4]
    set_quiet(True)
    try:
        assert run(clock_hand, io.StringIO()) == run(clock_hand, Terminal()) == ""
    finally:
        set_quiet(False)
    assert capsys.readouterr().err == ""


def test_ids_of_strangers_leave_no_trace(clock_hand: list[float]) -> None:
    printed = run(clock_hand, io.StringIO(), "\x1b[2Jid\nline")
    assert "\x1b" not in printed
    assert all(line.startswith("work: ") and line.endswith(r"\x1b[2Jid line") for line in printed.splitlines())


def test_what_was_done_before_tells_nothing_of_the_time_left(
    clock_hand: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("steps", 100, done=50) as progress:
        clock_hand[0] = 10.0
        progress.advance(10)
        clock_hand[0] = 20.0
        progress.advance(10)
        assert "steps: 70/100, 20 s so far, 30 s left" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "1:00 min"), (3599.0, "59:59 min"), (7500.0, "2:05 h")])
def test_durations_in_words(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_starting_up_does_not_count_as_pace(clock_hand: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty seconds until the first item, then one a second: never twenty seconds an item."""
    clock_hand[0] = 0.0
    with Progress("items", 101) as progress:
        clock_hand[0] = 20.0
        progress.advance()
        for _ in range(10):
            clock_hand[0] += 1.0
            progress.advance()
        told = capsys.readouterr().err.splitlines()
    assert told == ["items: 1/101, 20 s so far", "items: 11/101, 30 s so far, 1:30 min left"]


def test_one_slow_item_tells_what_it_can(clock_hand: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("runs", 3) as progress:
        clock_hand[0] = 600.0
        progress.advance()
        assert "runs: 1/3, 10:00 min so far, 20:00 min left" in capsys.readouterr().err
