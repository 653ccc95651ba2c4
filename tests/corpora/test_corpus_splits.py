from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.corpora.splits import Splits, counting_order, make_splits, same_text
from tts.corpora.types import Utterance


def corpus(texts: dict[str, str]) -> list[Utterance]:
    return [Utterance(id, text, Path(f"{id}.wav"), "s", "en-us") for id, text in texts.items()]


def numbered(count: int) -> list[Utterance]:
    return corpus({f"utt_{i}": f"Sentence number {i}." for i in range(1, count + 1)})


def split(utterances, test, validation, train="rest", **options) -> Splits:
    splits, problems = make_splits(utterances, {"test": test, "validation": validation, "train": train}, **options)
    assert problems == []
    return splits


def test_every_rule(tmp_path):
    (tmp_path / "list.txt").write_text("\ufeffutt_2\r\n\nutt_1\n", encoding="utf-8")
    utterances = numbered(20)
    splits = split(utterances, {"file": "list.txt"}, {"ids": ["utt_3"]}, folder=tmp_path)
    assert (splits.test, splits.validation) == (("utt_1", "utt_2"), ("utt_3",))
    assert splits.train == tuple(f"utt_{i}" for i in range(4, 21))
    splits = split(utterances, {"range": ["utt_9", "utt_11"]}, {"prefix": "utt_1"}, {"prefix": ["utt_2", "utt_3"]})
    assert splits.test == ("utt_9", "utt_10", "utt_11")
    assert splits.validation == ("utt_1", *(f"utt_{i}" for i in range(12, 20)))
    assert splits.train == ("utt_2", "utt_3", "utt_20")
    splits = split(utterances, {"count": 3}, {"count": 4}, {"range": [["utt_1", "utt_7"], ["utt_9", "utt_20"]]})
    assert (len(splits.test), len(splits.validation)) == (3, 4)
    assert set(splits.train) == {u.id for u in utterances} - {"utt_8", *splits.test, *splits.validation}


def test_arctic_style_ranges():
    utterances = corpus({f"arctic_{ab}{i:04d}": f"{ab} {i}" for ab, n in (("a", 593), ("b", 539)) for i in range(1, n + 1)})
    splits = split(
        utterances,
        {"range": ["arctic_b0474", "arctic_b0539"]},
        {"range": ["arctic_b0408", "arctic_b0473"]},
        {"range": [["arctic_a0001", "arctic_a0593"], ["arctic_b0001", "arctic_b0407"]]},
    )
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (1000, 66, 66)


def test_the_ends_of_a_range_that_are_not_in_the_corpus_are_reported():
    """A mistyped end would otherwise make another split without a word."""
    rules = {"test": {"range": ["utt_18", "utt_90"]}, "validation": {"range": [["utt_0", "utt_2"], ["utt_4", "utt_5"]]}}
    splits, problems = make_splits(numbered(20), {**rules, "train": "rest"})
    assert (splits.test, splits.validation) == (("utt_18", "utt_19", "utt_20"), ("utt_1", "utt_2", "utt_4", "utt_5"))
    assert [(p.id, p.reason_code, p.place, p.severity) for p in problems] == [
        ("utt_90", "unknown_id", "test", "warning"),
        ("utt_0", "unknown_id", "validation", "warning"),
    ]


def test_random_choice_is_seeded_independent_of_order_and_stable():
    utterances = numbered(200)
    shuffled = random.Random(1).sample(utterances, len(utterances))
    first = split(utterances, {"count": 20}, {"count": 20}, seed=3)
    assert split(shuffled, {"count": 20}, {"count": 20}, seed=3) == first
    assert split(utterances, {"count": 20}, {"count": 20}, seed=4).test != first.test
    gone = first.test[5]
    without = split([u for u in utterances if u.id != gone], {"count": 20}, {"count": 20}, seed=3)
    assert len(set(without.test) - set(first.test)) == 1


def test_the_same_text_never_stands_in_two_splits():
    utterances = corpus(
        {"a": "Hello, world!", "b": "hello   WORLD", "c": "Good-bye.", "d": "“Good bye”", "e": "Else.", "f": "Other."}
    )
    splits, problems = make_splits(utterances, {"test": {"ids": ["a"]}, "validation": {"ids": ["b", "c"]}, "train": "rest"})
    assert splits == Splits(train=("e", "f"), validation=("c",), test=("a",))
    assert [(p.id, p.reason_code, p.place, p.severity) for p in problems] == [
        ("b", "same_text", "validation", "left_out"),
        ("d", "same_text", "train", "left_out"),
    ]
    assert "says the same as a of test" in problems[0].message


def test_the_same_text_may_stand_twice_in_one_split():
    splits = split(corpus({"a": "Same.", "b": "same", "c": "Other.", "d": "Third."}), {"ids": ["c"]}, {"ids": ["d"]})
    assert splits.train == ("a", "b")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["One.", "one", "Two", "two!", "Three", "Four", "Five", "Six"]), min_size=8), st.integers(0, 99)
)
def test_splits_are_disjoint_in_id_and_text(texts, seed):
    utterances = corpus({f"u{i}": text for i, text in enumerate(texts)} | {"x": "x", "y": "y", "z": "z"})
    rules = {"test": {"count": 1}, "validation": {"count": 1}, "train": "rest"}
    try:
        splits, problems = make_splits(utterances, rules, seed=seed)
    except TtsError:
        pytest.fail("three different texts are always enough")
    text_of = {u.id: same_text(u.text) for u in utterances}
    groups = [splits.train, splits.validation, splits.test]
    dropped = {p.id for p in problems}
    assert sorted([*(id for group in groups for id in group), *dropped]) == sorted(text_of)
    for i, group in enumerate(groups):
        for other in groups[i + 1 :]:
            assert not {text_of[id] for id in group} & {text_of[id] for id in other}


def test_names_in_vain_are_warned_about():
    rules = {"test": {"ids": ["utt_1", "nobody"]}, "validation": {"ids": ["utt_1", "utt_2"]}, "train": "rest"}
    splits, problems = make_splits(numbered(4), rules)
    assert splits == Splits(train=("utt_3", "utt_4"), validation=("utt_2",), test=("utt_1",))
    assert [(p.id, p.reason_code, p.severity) for p in problems] == [
        ("nobody", "unknown_id", "warning"),
        ("utt_1", "taken", "warning"),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "all",
        {},
        {"count": 0},
        {"count": True},
        {"count": "3"},
        {"range": "a-b"},
        {"range": ["a", "b", "c"]},
        {"range": [["a", "b"], ["c"]]},
        {"prefix": 3},
        {"prefix": "a", "count": 3},
        {"suffix": "a"},
        {"rest": True},
        None,
    ],
)
def test_a_rule_that_is_none(rule):
    with pytest.raises(UsageError, match=r"validation.*is not a rule"):
        make_splits(numbered(9), {"test": {"count": 2}, "validation": rule, "train": "rest"})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"prefix": "nobody"}, "selects none"),
        ({"ids": ["nobody"]}, "selects none"),
        ({"ids": []}, "selects none"),
        ({"range": ["utt_5", "utt_2"]}, "backwards"),
        ({"file": "nowhere.txt"}, r"nowhere\.txt"),
        ({"count": 99}, "count is 99"),
    ],
)
def test_an_empty_split_is_an_error(rule, message):
    with pytest.raises(TtsError, match=message):
        make_splits(numbered(9), {"test": rule, "validation": {"count": 2}, "train": "rest"})


def test_missing_or_unknown_split_names():
    with pytest.raises(UsageError, match="dev, validation"):
        make_splits(numbered(9), {"test": {"count": 2}, "dev": {"count": 2}, "train": "rest"})


def test_round_trip_through_json():
    splits = split(numbered(12), {"count": 2}, {"count": 2})
    assert Splits.from_dict(json.loads(json.dumps(splits.to_dict()))) == splits


def test_counting_order_and_scripts():
    assert sorted(["a10", "a9", "a09b", "b1", "a", "1"], key=counting_order) == ["1", "a", "a9", "a09b", "a10", "b1"]
    assert same_text("राम ने") != same_text("रम न")  # vowel signs are part of the word
    assert same_text("!?") != same_text("...")
