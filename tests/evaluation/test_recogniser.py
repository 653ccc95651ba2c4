"""Word errors against exhaustive search; the recogniser itself where it is installed."""

import csv
import os
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.core.processes import Failure
from tts.evaluation import recogniser
from tts.evaluation.recogniser import normalise, transcribe, transcribe_all, word_errors, word_scores
from tts.evaluation.scores import pool
from tts.evaluation.statistics import score_interval


def edits(reference, heard):
    """Levenshtein distance by its recursive definition."""

    @cache
    def distance(i, j):
        if min(i, j) == 0:
            return max(i, j)
        same = distance(i - 1, j - 1) + (reference[i - 1] != heard[j - 1])
        return min(same, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(reference), len(heard))


words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=7)


@given(words, words)
def test_word_errors_are_the_edit_distance(reference, heard):
    assert word_errors(reference, heard) == (edits(reference, heard), len(reference))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not at this particular case, Tom, apologized Whittemore.", "not at this particular case tom apologized whittemore"),
        ("A well-kept house—isn’t it?", "a well kept house isn't it"),
        ("'Tis the 'quoted' boys' café", "tis the quoted boys cafe"),
        ("In 1,204 rooms, 21 & the 21st", "in one thousand two hundred and four rooms twenty one and the twenty first"),
        ("Mr. Lee: 50% of $3.50 or 2.05", "mister lee fifty percent of three dollars fifty cents or two point zero five"),
        ("...", ""),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected.split()


def test_word_error_rate_pools_words():
    scores = {"a": word_scores("one two three", ["one", "two", "three"]), "b": word_scores("Well-known.", ["well"])}
    assert pool(scores.values())["wer"] == pytest.approx(100 * 1 / 5)
    interval = score_interval(scores, "wer")
    assert interval.low <= 20.0 <= interval.high
    assert word_scores("one", ["one", "more", "time"])["wer"] == 200.0
    with pytest.raises(TtsError, match="no words"):
        word_scores("...", [])


def test_other_languages_are_refused_and_a_missing_recogniser_is_named(monkeypatch):
    with pytest.raises(UsageError, match=r"English only.*'nl'"):
        recogniser.require_recogniser("nl")
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(UsageError, match=r"pip install 'stacked-tts\[wer\]'"):
        recogniser.require_recogniser("en-us")


def test_silence_holds_no_words_and_broken_files_fail_alone(tmp_path):
    pytest.importorskip("pocketsphinx")
    silence = np.zeros(24000)
    assert transcribe(silence, 24000) == []
    heard = transcribe_all([(silence, 24000), tmp_path / "missing.wav"], workers=0)
    assert heard[0] == []
    assert isinstance(heard[1], Failure) and "missing.wav" in heard[1].message


@pytest.mark.corpus
def test_natural_speech_is_mostly_understood_whatever_came_before():
    pytest.importorskip("pocketsphinx")
    if "TTS_CORPORA" not in os.environ:
        pytest.skip("set TTS_CORPORA to the folder that holds kathleen/")
    root = Path(os.environ["TTS_CORPORA"]) / "kathleen"
    with (root / "metadata.csv").open(encoding="utf-8") as lines:
        texts = {row[0]: row[-1] for row in csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE)}
    ids = [f"arctic_b{number:04d}" for number in range(474, 479)]
    files = [next(root.glob(f"wavs/{name}.*")) for name in ids]
    heard = transcribe_all(files, workers=0)
    assert pool(word_scores(texts[name], said) for name, said in zip(ids, heard, strict=True))["wer"] < 50.0
    assert transcribe_all(files[::-1], workers=0)[::-1] == heard
