"""Splits of a corpus of several speakers: parallel sentences never leak, a limit keeps a seeded choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.splits import Splits, make_splits
from tts.corpora.types import CorpusSource, Utterance


def said(speaker: str, sentence: str, text: str = "") -> Utterance:
    return Utterance(f"{speaker}_{sentence}", text or f"text {sentence}", Path("x.wav"), speaker, "en-us", sentence)


def parallel(count: int, speakers: str = "ab") -> list[Utterance]:
    return [said(speaker, f"s{n}") for speaker in speakers for n in range(1, count + 1)]


RULES = {"test": {"range": ["s1", "s3"]}, "validation": {"count": 2}, "train": "rest"}


def sentences(ids: tuple[str, ...]) -> set[str]:
    return {key.split("_")[1] for key in ids}


@given(st.integers(0, 1000), st.integers(6, 30), st.integers(1, 4), st.data())
@settings(max_examples=30, deadline=None)
def test_a_sentence_falls_in_one_split_for_all_speakers(seed: int, count: int, held: int, data: st.DataObject) -> None:
    utterances = parallel(count, "abc")
    missing = data.draw(st.sets(st.integers(0, len(utterances) - 1), max_size=5))
    utterances = [utterance for n, utterance in enumerate(utterances) if n not in missing]
    rules = {"test": {"count": held}, "validation": {"count": 1}, "train": "rest"}
    splits, problems = make_splits(utterances, rules, seed=seed)
    assert problems == []
    found = [sentences(ids) for ids in (splits.train, splits.validation, splits.test)]
    assert len(found[2]) == held
    assert not found[0] & found[1] and not found[1] & found[2] and not found[0] & found[2]
    assert {*splits.train, *splits.validation, *splits.test} == {utterance.id for utterance in utterances}


def test_a_text_never_leaks_even_where_speakers_number_it_differently() -> None:
    utterances = [said("a", "s1", "Hello."), said("a", "s2"), said("a", "s3"), said("b", "s1"), said("b", "s9", "hello")]
    rules = {"test": {"ids": ["s1"]}, "validation": {"ids": ["s2"]}, "train": "rest"}
    splits, problems = make_splits(utterances, rules)
    assert splits == Splits(train=("a_s3",), validation=("a_s2",), test=("a_s1", "b_s1"))
    assert [(problem.id, problem.reason_code) for problem in problems] == [("b_s9", "same_text")]


def test_a_limit_keeps_a_seeded_choice_of_one_speaker_alone() -> None:
    utterances = parallel(40)
    whole, _ = make_splits(utterances, RULES)
    chosen = {count: make_splits(utterances, RULES, limit={"b": count})[0] for count in (5, 10)}
    for count, splits in chosen.items():
        assert (splits.test, splits.validation) == (whole.test, whole.validation)
        assert [key for key in splits.train if key[0] == "a"] == [key for key in whole.train if key[0] == "a"]
        assert sum(key[0] == "b" for key in splits.train) == count
    assert set(chosen[5].train) < set(chosen[10].train)
    assert make_splits(utterances, RULES, limit={"b": 5}, seed=1)[0].train != chosen[5].train
    # The choice goes by sentence: alone or beside others, the speaker keeps the same ones.
    alone, _ = make_splits([u for u in utterances if u.speaker == "b"], RULES, limit={"b": 5})
    assert alone.train == tuple(key for key in chosen[5].train if key[0] == "b")
    both, _ = make_splits(utterances, RULES, limit={"a": 5, "b": 5})
    assert {key[2:] for key in both.train if key[0] == "a"} == {key[2:] for key in both.train if key[0] == "b"}


def test_a_limit_beyond_what_is_there_is_refused() -> None:
    with pytest.raises(TtsError, match=r"split\.limit\.b: is 40, only 35 of the training utterances"):
        make_splits(parallel(40), RULES, limit={"b": 40})


def test_one_metadata_file_of_several_speakers(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    for name in ("x1", "x2", "x3"):
        (tmp_path / "wavs" / f"{name}.wav").write_bytes(b"RIFF")
    lines = ["x1|ann|Hello there.", "x2|bob|Good day.", "x3|ann|Fine.", "x4|broken"]
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")

    def read(speaker: str):
        return read_ljspeech(
            tmp_path, CorpusSource(name="n", speaker=speaker, language="en", licence="CC0", speaker_column=True)
        )

    corpus, problems = read("ann")
    assert [(u.id, u.text, u.speaker) for u in corpus] == [("x1", "Hello there.", "ann"), ("x3", "Fine.", "ann")]
    assert [(problem.id, problem.reason_code) for problem in problems] == [("x4", "columns")]
    assert not any("no line in" in note for note in corpus.notes)
    assert [u.id for u in read("bob")[0]] == ["x2"]
    with pytest.raises(TtsError, match="no usable utterance"):
        read("eve")


def test_a_rule_that_names_the_full_id_selects_nothing() -> None:
    with pytest.raises(UsageError, match="selects none"):
        make_splits(parallel(10), {**RULES, "test": {"ids": ["a_s1"]}})
