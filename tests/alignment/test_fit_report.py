"""The report on an alignment whose faults are known."""

import json

import numpy as np
import pytest

from tts.alignment.fit_report import report_alignment
from tts.alignment.types import Aligned, Alignment
from tts.core.grid import FrameGrid
from tts.core.processes import Failure
from tts.text.sentence import Sentence, Syllable, Word

GRID = FrameGrid(16_000)
SENTENCE = Sentence("a b", "en", tuple(Word(x, (Syllable((x,)),)) for x in "ab")).with_pauses((0,))  # sil a pau b sil


def aligned(score: float, durations: list[list[int]]) -> Aligned:
    return Aligned(SENTENCE, Alignment(SENTENCE.phones, np.array(durations), score))


GOOD = [[10, 10], [5, 5], [10, 10], [5, 15], [10, 10]]


def results() -> dict[str, Aligned | Failure]:
    answers: dict[str, Aligned | Failure] = {f"u{n}": aligned(-50.0 - 0.1 * n, GOOD) for n in range(9)}
    answers["misread"] = aligned(-80.0, GOOD)
    answers["short"] = aligned(-50.2, [[10, 10], [1, 1], [10, 10], [1, 2], [10, 10]])
    answers["long"] = aligned(-50.3, [[10, 10], [5, 200], [10, 10], [5, 15], [10, 10]])
    answers["broken"] = Failure("the recording has 3 frames | too few")
    return answers


def test_faults_are_found_and_nothing_else() -> None:
    report = report_alignment(results(), GRID)
    reasons = {fit.id: " ".join(fit.reasons) for fit in report.suspicious}
    assert set(reasons) == {"misread", "short", "long"}
    assert report.suspicious[0].id == "misread"
    assert "fits far worse" in reasons["misread"]
    assert "50 % of phones are as short as can be" in reasons["short"]
    assert "a lasts 1.02 s" in reasons["long"]
    assert report.failures == {"broken": "the recording has 3 frames | too few"}


def test_totals() -> None:
    report = report_alignment({"x": aligned(-50.0, GOOD)}, GRID)
    assert report.seconds == pytest.approx(0.45)
    assert report.silence == pytest.approx(60 / 90)
    assert report.hurried == report.single == 0.0
    assert report.pauses == 1
    short = report_alignment({"x": results()["short"]}, GRID)
    assert (short.hurried, short.single) == (0.5, 0.75)
    assert report.phones == {"sil": (2, 0.1), "a": (1, 0.05), "b": (1, 0.1), "pau": (1, 0.1)}


def test_it_can_be_stored_and_read() -> None:
    report = report_alignment(results(), GRID)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["failures"]
    text = report.to_markdown()
    assert "| misread |" in text
    assert "3 frames \\| too few" in text
    columns = {line.replace("\\|", "").count("|") for line in text.splitlines() if line}
    assert columns == {3, 4}


def test_labels_without_scores_and_nothing_at_all_have_reports_too() -> None:
    report = report_alignment({f"u{n}": aligned(float("nan"), GOOD) for n in range(6)}, GRID)
    assert not report.suspicious
    assert "not known" in report.to_markdown()
    assert json.dumps(report.to_dict(), allow_nan=False)
    assert report_alignment({}, GRID).to_markdown()


def test_the_worst_are_a_share_rounded_up() -> None:
    report = report_alignment(results(), GRID)
    assert [fit.id for fit in report.worst(1.0)] == ["misread"]
    assert len(report.worst(25.0)) == 3 and len(report.worst(26.0)) == 4
    assert not report.worst(0.0)
