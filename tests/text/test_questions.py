"""Question files: as nnmnkwii answers them (tests/fixtures/nnmnkwii), and what Merlin's last version does otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tts.core.errors import TtsError, UsageError
from tts.text.questions import Question, QuestionSet, read_questions

FIXTURE = Path(__file__).parent.parent / "fixtures" / "nnmnkwii"
MERLIN = Path(__file__).parent.parent.parent / "recipes" / "slt_merlin" / "questions-radio_dnn_416.hed"


def arrays() -> dict[str, np.ndarray]:
    with np.load(FIXTURE / "arctic_a0009.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_merlins_416_questions_as_an_independent_implementation_answers_them() -> None:
    questions = read_questions(MERLIN)
    labels = json.loads((FIXTURE / "arctic_a0009.json").read_text(encoding="utf-8"))
    expected = arrays()["answers"]
    answers = questions.answers(labels)
    assert (len(questions), questions.binary) == (416, 373)
    assert answers.shape == (len(labels), 416)
    np.testing.assert_array_equal(answers[:, :-1], expected[:, :-1])
    assert (answers[0] == -1.0).any()  # "x" of the first silence is no number
    # nnmnkwii lets the last question, {-(\d+)}, match anywhere; Merlin's last version looks at the label's end for it.
    assert set(answers[:, -1]) == {2.0}
    assert questions.names[-1] == "Num-Phrases_in_Utterance"


def test_signed_numbers_notes_wildcards_and_what_is_missing() -> None:
    labels = (FIXTURE / "singing.txt").read_text(encoding="utf-8").splitlines()
    answers = read_questions(FIXTURE / "singing.hed").answers(labels)
    np.testing.assert_array_equal(answers, arrays()["singing"])
    names = read_questions(FIXTURE / "singing.hed").names
    by_name = dict(zip(names, answers.T.tolist(), strict=True))
    assert by_name["e1"] == [68.0, 60.0, -1.0, 21.0, 106.0]
    assert by_name["pitch_difference"] == [-12.0, 7.0, -50.0, 0.0, 0.0]
    assert by_name["signed_words"] == [3.0, -11.0, -1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("pattern", "label", "expected"),
    [
        ("a?c", "xabcx", True),  # any one sign, as in HTK; nnmnkwii takes it literally
        ("*a?c", "xxabc", True),
        ("*a?c", "abcx", False),
        ("a*c*e", "abcde", True),
        ("a*c*e", "acdece", True),
        ("*ab*ab", "ab", False),
        ("*", "anything", True),
        ("a.c", "abc", False),
    ],
)
def test_wildcards(pattern: str, label: str, expected: bool) -> None:
    assert Question("QS", "name", (pattern,)).answer(label) == float(expected)


def test_a_state_at_the_end_is_no_part_of_the_context() -> None:
    questions = QuestionSet((Question("QS", "end", ("*b",)), Question("CQS", "last", (r"-(\d+)",))))
    assert questions.answers(["x-1-12b[2]", "x-3-4[6]"]).tolist() == [[1.0, -1.0], [0.0, 4.0]]


def test_many_wildcards_take_no_time() -> None:
    question = Question("QS", "hostile", ("*a" * 40 + "*b",))
    assert question.answer("a" * 2000) == 0.0


def test_numbers_come_after_all_others_and_the_set_survives_being_written() -> None:
    questions = QuestionSet((Question("CQS", "n", (r"@(\d+)_",)), Question("QS", "q", ("-a+", "-b+"))))
    assert questions.names == ("q", "n")
    assert QuestionSet.from_list(json.loads(json.dumps(questions.to_list()))) == questions


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('QS "a" -a+', 'expected QS "name" {pattern,...}'),
        ('XQ "a" {-a+}', 'expected QS "name" {pattern,...}'),
        ('QS "a" {-a+, -b+}', "white space"),
        ('QS "a" {}', "a pattern of 0 signs"),
        (r'CQS "a" {-(\d+)@,-(\d+)+}', "takes one pattern"),
        ('CQS "a" {-a+}', "needs one capture"),
        (r'CQS "a" {-(\w+)+}', "needs one capture"),
        (r'CQS "a" {*x*x*x*x*(\d+)}', "more than 2"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "questions.hed"
    path.write_text(f'# a comment\n\nQS "fine" {{-a+}}\n{line}\n', encoding="utf-8")
    with pytest.raises(TtsError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}:4: ")
    assert reason in str(caught.value)


def test_what_is_no_question_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such question file"):
        read_questions(tmp_path / "missing.hed")
    (tmp_path / "empty.hed").write_text("\n", encoding="utf-8")
    with pytest.raises(TtsError, match="holds no question"):
        read_questions(tmp_path / "empty.hed")
    with pytest.raises(TtsError, match="no number"):
        Question("CQS", "n", (r"@([\d\.]+)_",)).answer("x@1.2.3_")
    with pytest.raises(TtsError, match="signs, more than"):
        QuestionSet((Question("QS", "q", ("a",)),)).answers(["a" * 3000])
