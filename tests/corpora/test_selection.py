"""A part of a large corpus: the same on every machine, balanced over speakers, nested, written down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError
from tts.corpora.selection import Selection, select
from tts.corpora.types import Utterance


def said(speaker: str, count: int, seconds: float = 1.0) -> list[Utterance]:
    """Return utterances that are parts of recordings, so that none need be opened."""
    return [
        Utterance(f"{speaker}_s{n}", f"text {n}", Path("x.wav"), speaker, "de", f"s{n}", start=1.0, end=1.0 + seconds)
        for n in range(count)
    ]


@given(st.integers(0, 999), st.integers(1, 40), st.lists(st.integers(1, 30), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_a_number_is_balanced_and_a_smaller_choice_is_part_of_a_larger(seed: int, limit: int, counts: list[int]) -> None:
    utterances = [u for n, count in enumerate(counts) for u in said(f"p{n}", count)]
    selection = select(utterances, hours=None, limit=limit, seed=seed)
    assert len(selection.ids) == min(limit, len(utterances))
    taken = [selection.speakers[f"p{n}"].utterances for n in range(len(counts))]
    most = max(taken)
    assert all(own in (most, most - 1) or own == count for own, count in zip(taken, counts, strict=True))
    larger = select(utterances, hours=None, limit=limit + 3, seed=seed)
    assert {*selection.ids} <= {*larger.ids}
    assert [id for id in (u.id for u in utterances) if id in selection.ids] == [*selection.ids]  # in file order
    assert select(utterances[::-1], hours=None, limit=limit, seed=seed).speakers == selection.speakers


def test_the_choice_is_this_one_on_every_machine() -> None:
    selection = select([*said("a", 50), *said("b", 50)], hours=None, limit=6, seed=3)
    assert selection.ids == ("a_s8", "a_s28", "a_s36", "b_s8", "b_s28", "b_s36")  # the first three by sha256sum, of both
    assert {*select([*said("a", 50)], hours=None, limit=3, seed=4).ids}.isdisjoint({"a_s8", "a_s28", "a_s36"})


def test_hours_are_shared_by_seconds_and_never_exceeded() -> None:
    utterances = [*said("slow", 100, 4.0), *said("quick", 100, 1.0)]
    selection = select(utterances, hours=60 / 3600, limit=None, seed=0)
    seconds = {name: share.seconds for name, share in selection.speakers.items()}
    assert sum(s or 0.0 for s in seconds.values()) <= 60.0
    assert abs((seconds["slow"] or 0.0) - (seconds["quick"] or 0.0)) <= 4.0
    assert selection.speakers["quick"].utterances > 3 * selection.speakers["slow"].utterances
    both = select(utterances, hours=60 / 3600, limit=5, seed=0)
    assert len(both.ids) == 5


def test_whole_recordings_count_by_their_headers_and_an_unreadable_one_is_passed_over(tmp_path: Path) -> None:
    utterances = []
    for n in range(4):
        path = tmp_path / f"{n}.wav"
        if n < 3:
            soundfile.write(str(path), np.zeros(8000), 16000)
        else:
            path.write_bytes(b"no recording")
        utterances.append(Utterance(f"u{n}", "text", path, "a", "de"))
    selection = select(utterances, hours=1.0, limit=None, seed=0)
    assert selection.ids == ("u0", "u1", "u2")
    assert selection.speakers["a"].seconds == 1.5 and selection.speakers["a"].of == 4
    with pytest.raises(TtsError, match="no recording of the corpus can be read"):
        select(utterances[3:], hours=1.0, limit=None, seed=0)


def test_hours_that_the_first_drawn_does_not_fit_into_are_told_as_they_are() -> None:
    """Shorter ones are not taken in its place: a smaller choice is part of a larger one."""
    short = said("a", 20, 2.0)
    seed = next(seed for seed in range(99) if "a_s3" in select(short, hours=None, limit=1, seed=seed).ids)
    utterances = [replace(u, end=41.0) if u.id == "a_s3" else u for u in short]
    with pytest.raises(TtsError, match=r"drawn first, a_s3, lasts 40\.0 s, longer than 0\.01 hours \(36\.0 s\)"):
        select(utterances, hours=0.01, limit=None, seed=seed)


def test_it_is_written_and_read_and_a_damaged_file_is_told(tmp_path: Path) -> None:
    selection = select(said("a", 9), hours=None, limit=2, seed=1)
    selection.save(tmp_path / "selection.json")
    assert Selection.load(tmp_path / "selection.json") == selection
    assert "2 of 9 utterances were chosen for at most 2 utterances, by the seed 1" in selection.note
    (tmp_path / "selection.json").write_text('{"ids": 3}', encoding="utf-8")
    with pytest.raises(TtsError, match="not a selection"):
        Selection.load(tmp_path / "selection.json")
