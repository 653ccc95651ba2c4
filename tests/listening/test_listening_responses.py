"""Files as they come back, ours and webMUSHRA's, and what is wrong with broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tts.core.errors import TtsError
from tts.listening.responses import read_results

MUSHRA = "session_test_id,age,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,rating_comment"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_webmushras_own_files(tmp_path: Path) -> None:
    mushra = write(
        tmp_path / "m.csv", MUSHRA, 't,31,u1,trial1,reference,100,5000,"good, ""really"""', "t,31,u1,trial1,C1,40,5000,"
    )
    lss = write(
        tmp_path / "l.csv",
        "session_test_id,email,age,trial_id,stimuli_rating,stimuli,rating_time",
        't,a@b.c,31,lss1," 4 ",C1,900',
        "t,d@e.f,22,lss1,2,C1,900",
    )
    pairs = write(
        tmp_path / "p.csv",
        "session_test_id,email,trial_id,choice_reference,choice_non_reference,choice_answer,choice_time,choice_comment",
        "t,a@b.c,ab~2,reference,C1,correct,1,",
        "t,d@e.f,ab~2,reference,C1,incorrect,1,",
        "t,g@h.i,ab~2,reference,C1,undecided,1,",
    )
    found = read_results([mushra, lss, pairs])
    assert [(one.kind, one.listener, one.sentence, one.system, one.score) for one in found.ratings] == [
        ("mushra", "u1", "trial1", "reference", 100.0),
        ("mushra", "u1", "trial1", "C1", 40.0),
        ("mos", "a@b.c / 31", "lss1", "C1", 4.0),
        ("mos", "d@e.f / 22", "lss1", "C1", 2.0),
    ]
    assert [(one.sentence, one.chosen) for one in found.preferences] == [("ab", "reference"), ("ab", "C1"), ("ab", None)]
    assert found.notes == []


def test_listeners_of_an_exported_test_are_told_apart_by_the_name_they_gave(tmp_path: Path) -> None:
    # The columns of lss.csv as webMUSHRA's write.php orders them: the test, the questions of the last page, the trial.
    found = read_results(
        [
            write(
                tmp_path / "lss.csv",
                "session_test_id,listener,age,trial_id,stimuli_rating,stimuli,rating_time",
                "t,Ann,30,a,4,x,900",
                "t,Bob,30,a,2,x,900",
                "t,Cem,,a,3,x,900",
            )
        ]
    )
    assert [one.listener for one in found.ratings] == ["Ann / 30", "Bob / 30", "Cem"]


def test_only_line_ends_end_a_line(tmp_path: Path) -> None:
    # PHP's fputcsv does not quote a cell with a line separator (U+2028) or a form feed in it.
    found = read_results(
        [write(tmp_path / "m.csv", MUSHRA, "t,31,u1,a,x,50,1,fine\u2028really\x0c", 't,31,u1,a,y,60,1,"two\nlines"')]
    )
    assert [one.score for one in found.ratings] == [50.0, 60.0]


def test_the_same_answers_twice_count_once(tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv", MUSHRA, "t,31,u1,a,x,50,1,", MUSHRA, "t,31,u2,a,x,60,1,")
    again = write(tmp_path / "2.csv", MUSHRA, "t,31,u1,a,x,50,1,")
    found = read_results([first, again])
    assert len(found.ratings) == 2
    assert found.notes == [f"{again}: 1 answers were there before and are counted once"]
    other = write(tmp_path / "3.csv", MUSHRA, "t,31,u1,a,x,55,1,")
    with pytest.raises(TtsError, match=r"3.csv:2: listener u1 answered the same question differently in .*1.csv:2"):
        read_results([first, other])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([MUSHRA, "t,31,u1,a,x,101,1,"], r"f.csv:2: rating_score is '101'; expected a number from 0 to 100"),
        ([MUSHRA, "t,31,u1,a,x,50,1,", "t,31,u1,a,y,,1,"], r"f.csv:3: rating_score is ''"),
        ([MUSHRA, "t,31,u1,a,x,nan,1,"], "rating_score is 'nan'"),
        ([MUSHRA, "t,31,u1,a,x,50"], r"f.csv:2: has 6 cells, but the first line names 8 columns"),
        ([MUSHRA, "t,31,u1,,x,50,1,"], "trial_id is empty"),
        ([MUSHRA.replace(",rating_score", "")], r"f.csv:1: .* as mushra it lacks the columns rating_score"),
        ([MUSHRA.replace(",", ";")], "separated by semicolons"),
        (["trial_id,stimuli_rating1,stimuli_rating2,stimuli"], "several scales"),
        (["trial_id,trial_id"], "a column is named twice"),
        (["trial_id,stimuli_rating,stimuli", "a,6,x"], "says nothing about the listener"),
        (["session_uuid,trial_id,stimuli_rating,stimuli", "u,a,6,x"], "from 1 to 5"),
        (
            ["session_uuid,trial_id,choice_reference,choice_non_reference,choice_answer", "u,a,x,y,z"],
            "expected x, y or undecided",
        ),
        (["session_uuid,trial_id,choice_reference,choice_non_reference,choice_answer", "u,a,x,x,x"], "compares x with x"),
        ([MUSHRA, 't,31,u1,a,"x"y,50,1,'], "not comma-separated"),
        ([MUSHRA, "t,31,u1,a,x,50,1,", "other,31,u2,a,x,50,1,"], "results of 2 tests"),
    ],
)
def test_a_fault_is_named_by_file_and_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(TtsError, match=message):
        read_results([write(tmp_path / "f.csv", *lines)])


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(TtsError, match="no such file"):
        read_results([tmp_path / "none.csv"])
    with pytest.raises(TtsError, match="is a folder; name the files in it"):
        read_results([tmp_path])
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TtsError, match="not a text file"):
        read_results([tmp_path / "b.csv"])
