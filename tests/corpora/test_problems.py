from __future__ import annotations

from tts.corpora.problems import Problem, left_out, problem_table

PROBLEMS = [Problem(f"u{i}", "quiet", "is quiet", f"u{i}.wav", "warning") for i in range(30)] + [
    Problem("v", "missing_audio", "there is no such file", "m.csv:7")
]


def test_table_counts_reasons_and_lists_what_was_left_out_first():
    lines = problem_table(PROBLEMS, first=3).splitlines()
    assert lines[2:4] == ["| left out | missing_audio | 1 |", "| warning | quiet | 30 |"]
    assert lines[5:] == [
        "* m.csv:7: v: there is no such file",
        "* u0.wav: u0: is quiet",
        "* u1.wav: u1: is quiet",
        "* ... and 28 more",
    ]
    assert problem_table([]) == "No problems found.\n"


def test_only_what_is_left_out_counts_as_left_out():
    assert left_out(PROBLEMS) == {"v"}
