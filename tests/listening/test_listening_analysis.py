"""Synthetic listeners with planted opinions: intervals that cover the truth, tests that find a difference and only that."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tts.core.errors import TtsError
from tts.listening.analysis import analyse, screen
from tts.listening.report import chart, tables
from tts.listening.responses import Preference, Rating, Responses
from tts.listening.results import ListeningResults, PairPreference, SystemScore

TRUTH = {"good": 4.0, "fair": 3.0, "twin": 3.0}


def opinions(seed: int, listeners: int = 12, sentences: int = 8) -> list[Rating]:
    """Draw MOS-like scores on a continuous scale: a mean a system, an offset a listener and a sentence, and noise."""
    rng = np.random.default_rng(seed)
    strict, hard = rng.normal(0.0, 0.3, listeners), rng.normal(0.0, 0.2, sentences)
    return [
        Rating("mos", "t", f"l{i}", f"s{j}", name, mean + strict[i] + hard[j] + rng.normal(0.0, 0.4), "f:1")
        for i in range(listeners)
        for j in range(sentences)
        for name, mean in TRUTH.items()
    ]


def score_of(system: str, results: ListeningResults) -> SystemScore:
    return next(row for row in results.scored["mos"].systems if row.system == system)


def test_means_differences_and_tests() -> None:
    results = analyse(Responses(opinions(0)), resamples=1000).scored["mos"]
    assert results.systems[0].system == "good"
    assert (results.listeners, results.sentences, results.ratings) == (12, 8, 288)
    gaps = {(row.a, row.b): row for row in results.differences}
    assert len(gaps) == 3
    for (a, b), row in gaps.items():
        truth = TRUTH[a] - TRUTH[b]
        assert row.difference.low < truth < row.difference.high
        assert row.difference.high - row.difference.low < 0.5, "what is hard for both systems cancels"
        assert (row.p_holm < 0.05) == (truth != 0.0)
        assert row.p_holm >= row.p_value


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(60):
        good = score_of("good", analyse(Responses(opinions(seed)), resamples=300))
        covered += good.score.low <= 4.0 <= good.score.high
    assert 51 <= covered <= 60  # 95 % of 60 is 57


def test_missing_ratings_are_left_out_of_the_mean() -> None:
    whole = opinions(3)
    holes = [one for one in whole if not (one.system == "good" and one.listener == "l0")]
    result = analyse(Responses(holes), resamples=200)
    row = score_of("good", result)
    assert row.score.mean == pytest.approx(np.mean([one.score for one in holes if one.system == "good"]))
    assert row.ratings == 88
    assert result.notes == ("mos: listener l0 gave 16 answers of 24",)


def votes(share: float, listeners: int, sentences: int, seed: int = 0, none: float = 0.2) -> list[Preference]:
    rng = np.random.default_rng(seed)
    out = []
    for i in range(listeners):
        for j in range(sentences):
            first, second = ("new", "old") if (i + j) % 2 else ("old", "new")
            chosen = None if rng.random() < none else "new" if rng.random() < share else "old"
            out.append(Preference("t", f"l{i}", f"s{j}", first, second, chosen, "f:1"))
    return out


def pair_of(results: ListeningResults) -> PairPreference:
    assert results.ab is not None
    return results.ab.pairs[0]


def test_preferences() -> None:
    result = analyse(Responses(preferences=votes(0.8, 12, 10)), resamples=1000)
    row = pair_of(result)
    assert (row.a, row.b, row.votes) == ("new", "old", 120)
    assert row.share_a.low < 0.64 < row.share_a.high  # 0.8 of the four fifths that decide
    assert row.lead.low > 0.0
    assert row.for_a + row.for_b < 120
    assert row.p_value < 0.05
    assert row.p_votes < 1e-4
    sure = pair_of(analyse(Responses(preferences=votes(1.0, 12, 3)), resamples=100))
    assert sure.p_value == pytest.approx(2 * 0.5**12), "all twelve listeners lean one way: the exact sign test"
    even = pair_of(analyse(Responses(preferences=votes(0.5, 12, 10)), resamples=1000))
    assert even.lead.low < 0.0 < even.lead.high
    assert even.p_holm > 0.05


def test_undecided_throughout() -> None:
    row = pair_of(analyse(Responses(preferences=votes(0.5, 6, 3, none=1.0)), resamples=100))
    assert (row.share_a.mean, row.p_value, row.p_votes) == (0.0, 1.0, 1.0)


def test_many_votes_of_few_listeners_do_not_make_many_listeners() -> None:
    row = pair_of(analyse(Responses(preferences=votes(0.9, 2, 60)), resamples=200))
    assert row.p_votes < 0.001 < 0.05 < row.p_value


def mushra(listener: str, reference: list[float]) -> list[Rating]:
    scores = {"reference": reference, "new": [60.0] * len(reference), "anchor35": [20.0] * len(reference)}
    return [
        Rating("mushra", "t", listener, f"s{j}", name, score, "f:1")
        for name, row in scores.items()
        for j, score in enumerate(row)
    ]


def test_listeners_who_miss_the_reference() -> None:
    ratings = [
        *mushra("sure", [100.0] * 20),
        *mushra("edge", [89.0] * 3 + [95.0] * 17),
        *mushra("deaf", [89.0] * 4 + [95.0] * 16),
    ]
    assert screen(ratings) == {"deaf": 0.2}, "more than 15 %, so 3 of 20 are still well"
    kept = analyse(Responses(ratings), resamples=100)
    assert kept.scored["mushra"].listeners == 3
    assert "--exclude leaves them out" in tables(kept)
    without = analyse(Responses(ratings), exclude=True, resamples=100)
    assert without.scored["mushra"].listeners == 2
    assert "left out of MUSHRA" in tables(without)
    with pytest.raises(TtsError, match="none is left"):
        analyse(Responses(mushra("deaf", [10.0])), exclude=True)


def test_nothing_to_analyse() -> None:
    with pytest.raises(TtsError, match="hold no answers"):
        analyse(Responses())


def test_table_and_chart_show_everything() -> None:
    ratings = [*opinions(0, listeners=3), *mushra("one", [100.0] * 4)]
    result = analyse(Responses(ratings, votes(0.7, 3, 4)), resamples=200)
    text = tables(result)
    assert "## MOS" in text
    assert "## AB" in text
    assert "## MUSHRA" in text
    assert "fewer than 6 listeners" in text
    drawing = ElementTree.fromstring(chart(result).replace("<style>", "<style>\n"))
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"good", "twin", "new", "anchor35", "100"} <= set(texts)
    circles = [float(c.attrib["cx"]) for c in drawing.iter("{http://www.w3.org/2000/svg}circle")]
    assert circles[:3] == sorted(circles[:3], reverse=True), "best on top"


def test_what_listeners_write_is_no_markup() -> None:
    """Names of tests, listeners and systems come from files that strangers send."""
    hostile = "<script>alert(1)</script> [x](http://y) `z` **b** a|b\n# top"
    ratings = [
        Rating("mos", hostile, f"{hostile}{n}", "s", f"{hostile}{k}", 3.0 + k, "f:1") for n in range(2) for k in range(2)
    ]
    text = tables(analyse(Responses(ratings, notes=[hostile]), resamples=50))
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "[x](" not in text and "**b**" not in text and "\n# top" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in rows[:3]}) == 1  # a bar in a name makes no column
    plain = [Rating("mos", "test_1", f"l{n}", "s", f"multi_task.{k}-a", 3.0, "f:1") for n in range(2) for k in range(2)]
    assert "| multi_task.0-a |" in tables(analyse(Responses(plain), resamples=50))
