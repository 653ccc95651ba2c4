"""What ratings say: means and preferences with intervals, differences with tests, and listeners who should not count.

Listeners and sentences are both samples, so both are redrawn: a resample draws listeners and, independently, sentences, and
takes the mean of the ratings in their cross (the pigeonhole bootstrap of Owen, Ann. Appl. Stat. 1, 2007: a little too wide
with many listeners and sentences, too narrow with very few). Ratings that are missing are left out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from tts.core.errors import TtsError
from tts.evaluation.statistics import holm, wilcoxon
from tts.listening.design import REFERENCE
from tts.listening.responses import Preference, Rating, Responses

RESAMPLES = 5000
FEW = 6  # below this many listeners no two-sided signed-rank test can reach 0.05


def screen(ratings: Sequence[Rating], *, lowest: float = 90.0, share: float = 0.15) -> dict[str, float]:
    """Return the listeners that ITU-R BS.1534-3 would exclude, with the share of their trials that speaks against them.

    They rated the hidden reference below ``lowest`` in more than ``share`` of their MUSHRA trials.
    """
    trials: dict[str, list[bool]] = {}
    for rating in ratings:
        if rating.kind == "mushra" and rating.system == REFERENCE:
            trials.setdefault(rating.listener, []).append(rating.score < lowest)
    missed = {listener: sum(found) / len(found) for listener, found in sorted(trials.items())}
    return {listener: part for listener, part in missed.items() if part > share}


def analyse(responses: Responses, *, exclude: bool = False, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any]:
    """Return plain data on everything that was rated: keys ``test``, ``notes``, ``screened``, and ``mos``, ``ab``, ``mushra``.

    ``exclude`` leaves out the MUSHRA ratings of listeners found by :func:`screen`. Raises :class:`TtsError` without answers.
    """
    if not responses.ratings and not responses.preferences:
        raise TtsError("the result files hold no answers")
    suspects = screen(responses.ratings)
    notes = list(responses.notes)
    if exclude and suspects:
        kept = [one for one in responses.ratings if one.kind != "mushra" or one.listener not in suspects]
        responses = replace(responses, ratings=kept)
        if not responses.of("mushra"):
            raise TtsError("every MUSHRA listener missed the hidden reference too often; none is left to analyse")
    answers: list[Rating | Preference] = [*responses.ratings, *responses.preferences]
    notes += _unfinished(answers)
    result: dict[str, Any] = {"format": 1, "test": answers[0].test, "resamples": resamples, "notes": notes}
    result["screened"] = {
        "rule": "hidden reference below 90 in more than 15 % of trials",
        "excluded": exclude,
        "listeners": suspects,
    }
    rng = np.random.default_rng(seed)
    for kind in ("mos", "mushra"):
        if ratings := responses.of(kind):
            result[kind] = _scores(ratings, resamples, rng)
    if responses.preferences:
        result["ab"] = _preferences(responses.preferences, resamples, rng)
    few = [kind for kind in ("mos", "ab", "mushra") if kind in result and result[kind]["listeners"] < FEW]
    if few:
        notes.append(f"{', '.join(few)}: fewer than {FEW} listeners, too few for a test over listeners to reach p < 0.05")
    return result


def _scores(ratings: Sequence[Rating], resamples: int, rng: np.random.Generator) -> dict[str, Any]:
    listeners, sentences = sorted({one.listener for one in ratings}), sorted({one.sentence for one in ratings})
    systems = sorted({one.system for one in ratings})
    table = np.full((len(systems), len(listeners), len(sentences)), np.nan)
    place = {name: {value: i for i, value in enumerate(values)} for name, values in _axes(systems, listeners, sentences)}
    for one in ratings:
        table[place["system"][one.system], place["listener"][one.listener], place["sentence"][one.sentence]] = one.score
    draws = _Draws(len(listeners), len(sentences), resamples, rng)
    rows: list[dict[str, Any]] = [
        {"system": name, **draws.mean(table[i]), "ratings": int(np.isfinite(table[i]).sum())} for i, name in enumerate(systems)
    ]
    rows.sort(key=lambda row: -row["mean"])
    differences = []
    for a, b in combinations([row["system"] for row in rows], 2):
        gap = table[place["system"][a]] - table[place["system"][b]]
        if not np.isfinite(gap).any():
            continue
        by_listener = [float(np.nanmean(row)) for row in gap if np.isfinite(row).any()]
        p_value = wilcoxon(by_listener, [0.0] * len(by_listener))
        differences.append({"a": a, "b": b, **draws.mean(gap), "p_value": p_value, "listeners": len(by_listener)})
    _correct(differences)
    return {
        "listeners": len(listeners),
        "sentences": len(sentences),
        "ratings": len(ratings),
        "systems": rows,
        "differences": differences,
    }


def _axes(systems: list[str], listeners: list[str], sentences: list[str]) -> list[tuple[str, list[str]]]:
    return [("system", systems), ("listener", listeners), ("sentence", sentences)]


def _preferences(preferences: Sequence[Preference], resamples: int, rng: np.random.Generator) -> dict[str, Any]:
    from scipy import stats

    listeners, sentences = sorted({one.listener for one in preferences}), sorted({one.sentence for one in preferences})
    rows = []
    for a, b in sorted({tuple(sorted((one.first, one.second))) for one in preferences}):
        votes = np.full((2, len(listeners), len(sentences)), np.nan)
        for one in preferences:
            if {one.first, one.second} == {a, b}:
                cell = listeners.index(one.listener), sentences.index(one.sentence)
                votes[:, *cell] = one.chosen == a, one.chosen == b
        draws = _Draws(len(listeners), len(sentences), resamples, rng)
        won_a, won_b = (int(np.nansum(side)) for side in votes)
        leaning = [float(np.nansum(row)) for row in votes[0] - votes[1] if np.isfinite(row).any()]
        for_a, for_b = sum(value > 0 for value in leaning), sum(value < 0 for value in leaning)
        row = {"a": a, "b": b, "votes": int(np.isfinite(votes[0]).sum()), "for_a": won_a, "for_b": won_b}
        row["share_a"], row["share_b"] = draws.mean(votes[0]), draws.mean(votes[1])
        row["lead"] = draws.mean(votes[0] - votes[1])
        row["p_votes"] = float(stats.binomtest(won_a, won_a + won_b).pvalue) if won_a + won_b else 1.0
        row["listeners_for_a"], row["listeners_for_b"] = for_a, for_b
        row["p_value"] = float(stats.binomtest(for_a, for_a + for_b).pvalue) if for_a + for_b else 1.0
        rows.append(row)
    _correct(rows)
    return {"listeners": len(listeners), "sentences": len(sentences), "votes": len(preferences), "pairs": rows}


def _correct(rows: Sequence[dict[str, Any]]) -> None:
    corrected = holm({str(i): row["p_value"] for i, row in enumerate(rows)})
    for i, row in enumerate(rows):
        row["p_holm"] = corrected[str(i)]


class _Draws:
    """How often every listener and every sentence is drawn in each resample; the same draws for all systems, so they pair."""

    def __init__(self, listeners: int, sentences: int, resamples: int, rng: np.random.Generator) -> None:
        self.listeners = rng.multinomial(listeners, np.full(listeners, 1.0 / listeners), size=resamples).astype(np.float64)
        self.sentences = rng.multinomial(sentences, np.full(sentences, 1.0 / sentences), size=resamples).astype(np.float64)

    def mean(self, table: np.ndarray) -> dict[str, float]:
        """Return mean and 95 % interval of ``table`` (listeners, sentences), which may have holes (NaN)."""
        there = np.isfinite(table)
        sums = self._crossed(np.where(there, table, 0.0))
        weights = self._crossed(there.astype(np.float64))
        low, high = np.quantile(sums[weights > 0] / weights[weights > 0], [0.025, 0.975])
        return {"mean": float(table[there].mean()), "low": float(low), "high": float(high)}

    def _crossed(self, table: np.ndarray) -> np.ndarray:
        return np.asarray(((self.listeners @ table) * self.sentences).sum(axis=1))


def _unfinished(answers: Sequence[Rating | Preference]) -> list[str]:
    """Name the listeners who gave fewer answers than others did."""
    given: dict[str, Counter[str]] = {}
    for answer in answers:
        kind = answer.kind if isinstance(answer, Rating) else "ab"
        given.setdefault(kind, Counter())[answer.listener] += 1
    return [
        f"{kind}: listener {listener} gave {count} answers of {max(counts.values())}"
        for kind, counts in given.items()
        for listener, count in counts.items()
        if count < max(counts.values())
    ]
