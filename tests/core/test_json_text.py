"""JSON in lines that people read: the same values as the standard library's, in far fewer lines."""

import itertools
import json
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.json_text import WIDTH, json_pieces

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(), inner), max_leaves=60)


def json_text(value: object) -> str:
    return "".join(json_pieces(value))


@pytest.mark.slow
@given(VALUES)
def test_it_reads_back_equal(value: Any) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert json.dumps(json.loads(text)) == json.dumps(value)  # 1 and 1.0 and True are equal


@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=300))
def test_numbers_fill_lines(numbers: list[float]) -> None:
    lines = json_text({"durations": numbers}).splitlines()[1:-1]
    if len(lines) > 1:
        lines = lines[1:-1]  # the key and the closing bracket
        for line, following in itertools.pairwise(lines):
            assert len(line) + 1 + len(following.split()[0].rstrip(",")) > WIDTH - 2  # the next had no room
    assert all(len(line) <= WIDTH + 2 or "," not in line.rstrip(",") for line in lines)


def test_its_form() -> None:
    class Kind(StrEnum):
        FIRST = "first"

    value = {
        "empty": [{}, []],
        "short": [1, 2.5, None, True, "ə"],
        "ids": ["x" * 70, "y" * 70],
        "pairs": [[1, 2], [3, 4]],
        3: (Kind.FIRST,),
    }
    assert json_text(value) == (
        '{\n  "empty": [\n    {},\n    []\n  ],\n  "short": [1, 2.5, null, true, "ə"],\n  "ids": [\n    "'
        + "x" * 70
        + '",\n    "'
        + "y" * 70
        + '"\n  ],\n  "pairs": [\n    [1, 2],\n    [3, 4]\n  ],\n  "3": ["first"]\n}'
    )


def test_durations_take_less_than_half_the_room() -> None:
    """An alignment has some sixty frames' counts an utterance, each on a line of its own before."""
    value = {"durations": {f"id_{number:04d}": [7, 12, 3] * 20 for number in range(100)}}
    assert len(json_text(value)) < 0.45 * len(json.dumps(value, indent=2))


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("nan")}])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(value)
    with pytest.raises(TypeError):
        json_text({"a": object()})
