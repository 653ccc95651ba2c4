"""What ratings say: means and preferences with intervals, differences with tests, and listeners who should not count.

Listeners and sentences are both samples, so both are redrawn: a resample draws listeners and, independently, sentences, and
takes the mean of the ratings in their cross (the pigeonhole bootstrap of Owen, Ann. Appl. Stat. 1, 2007: a little too wide
with many listeners and sentences, too narrow with very few). Ratings that are missing are left out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from tts.core.errors import TtsError
from tts.evaluation.statistics import holm, wilcoxon
from tts.listening.design import REFERENCE
from tts.listening.responses import Preference, Rating, Responses
from tts.listening.results import (
    Interval,
    ListeningResults,
    PairPreference,
    PreferenceResults,
    ScoreDifference,
    ScoreResults,
    Screening,
    SystemScore,
)

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
    missed = {listener: sum(below) / len(below) for listener, below in sorted(trials.items())}
    return {listener: part for listener, part in missed.items() if part > share}


def analyse(responses: Responses, *, exclude: bool = False, resamples: int = RESAMPLES, seed: int = 0) -> ListeningResults:
    """Return what the listeners' answers say of everything that was rated.

    ``exclude`` leaves out the MUSHRA ratings of listeners found by :func:`screen`. Raises :class:`TtsError` without answers.
    """
    if not responses.ratings and not responses.preferences:
        raise TtsError("the result files hold no answers")
    suspects = screen(responses.ratings)
    if exclude and suspects:
        counted = [rating for rating in responses.ratings if rating.kind != "mushra" or rating.listener not in suspects]
        responses = replace(responses, ratings=counted)
        if not responses.of("mushra"):
            raise TtsError("every MUSHRA listener missed the hidden reference too often; none is left to analyse")
    answers: list[Rating | Preference] = [*responses.ratings, *responses.preferences]
    rng = np.random.default_rng(seed)
    mos, mushra = (_scores(ratings, resamples, rng) if (ratings := responses.of(kind)) else None for kind in ("mos", "mushra"))
    ab = _preferences(responses.preferences, resamples, rng) if responses.preferences else None
    return ListeningResults(
        test=answers[0].test,
        resamples=resamples,
        notes=(*responses.notes, *_unfinished(answers), *_few({"mos": mos, "ab": ab, "mushra": mushra})),
        screened=Screening("hidden reference below 90 in more than 15 % of trials", exclude, suspects),
        mos=mos,
        mushra=mushra,
        ab=ab,
    )


def _few(parts: Mapping[str, ScoreResults | PreferenceResults | None]) -> list[str]:
    few = [kind for kind, part in parts.items() if part is not None and part.listeners < FEW]
    too_few = f"fewer than {FEW} listeners, too few for a test over listeners to reach p < 0.05"
    return [f"{', '.join(few)}: {too_few}"] if few else []


def _scores(ratings: Sequence[Rating], resamples: int, rng: np.random.Generator) -> ScoreResults:
    listeners, sentences = _answered(ratings)
    names = sorted({rating.system for rating in ratings})
    tables = {name: np.full((len(listeners), len(sentences)), np.nan) for name in names}
    for rating in ratings:
        tables[rating.system][listeners[rating.listener], sentences[rating.sentence]] = rating.score
    draws = _Draws(len(listeners), len(sentences), resamples, rng)
    systems = [SystemScore(name, draws.mean(table), int(np.isfinite(table).sum())) for name, table in tables.items()]
    systems.sort(key=lambda system: -system.score.mean)
    gaps = {(a.system, b.system): tables[a.system] - tables[b.system] for a, b in combinations(systems, 2)}
    gaps = {pair: gap for pair, gap in gaps.items() if np.isfinite(gap).any()}
    means = {pair: [float(np.nanmean(row)) for row in gap if np.isfinite(row).any()] for pair, gap in gaps.items()}
    p_values = {pair: wilcoxon(by_listener, [0.0] * len(by_listener)) for pair, by_listener in means.items()}
    corrected = _corrected(p_values)
    differences = tuple(
        ScoreDifference(*pair, draws.mean(gap), p_values[pair], corrected[pair], len(means[pair])) for pair, gap in gaps.items()
    )
    return ScoreResults(len(listeners), len(sentences), len(ratings), tuple(systems), differences)


def _answered(answers: Sequence[Rating] | Sequence[Preference]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the listeners and the sentences, each with its place in a table of (listeners, sentences)."""
    names = sorted({answer.listener for answer in answers}), sorted({answer.sentence for answer in answers})
    listeners, sentences = ({name: place for place, name in enumerate(axis)} for axis in names)
    return listeners, sentences


def _preferences(preferences: Sequence[Preference], resamples: int, rng: np.random.Generator) -> PreferenceResults:
    listeners, sentences = _answered(preferences)
    by_pair: dict[tuple[str, str], np.ndarray] = {}
    for vote in preferences:
        a, b = sorted((vote.first, vote.second))
        votes = by_pair.setdefault((a, b), np.full((2, len(listeners), len(sentences)), np.nan))
        votes[:, listeners[vote.listener], sentences[vote.sentence]] = vote.chosen == a, vote.chosen == b
    pairs = [_pair(pair, by_pair[pair], _Draws(len(listeners), len(sentences), resamples, rng)) for pair in sorted(by_pair)]
    corrected = _corrected({(pair.a, pair.b): pair.p_value for pair in pairs})
    rows = tuple(replace(pair, p_holm=corrected[pair.a, pair.b]) for pair in pairs)
    return PreferenceResults(len(listeners), len(sentences), len(preferences), rows)


def _pair(pair: tuple[str, str], votes: np.ndarray, draws: _Draws) -> PairPreference:
    """Return the preferences between two systems from ``votes`` (2, listeners, sentences), 1 where one was chosen."""
    from scipy import stats

    for_a, for_b = (int(np.nansum(side)) for side in votes)
    leaning = [float(np.nansum(row)) for row in votes[0] - votes[1] if np.isfinite(row).any()]
    listeners_a, listeners_b = sum(value > 0 for value in leaning), sum(value < 0 for value in leaning)

    def sign_test(first: int, second: int) -> float:
        return float(stats.binomtest(first, first + second).pvalue) if first + second else 1.0

    by_listener = sign_test(listeners_a, listeners_b)
    return PairPreference(
        *pair,
        votes=int(np.isfinite(votes[0]).sum()),
        for_a=for_a,
        for_b=for_b,
        share_a=draws.mean(votes[0]),
        share_b=draws.mean(votes[1]),
        lead=draws.mean(votes[0] - votes[1]),
        p_votes=sign_test(for_a, for_b),
        listeners_for_a=listeners_a,
        listeners_for_b=listeners_b,
        p_value=by_listener,
        p_holm=by_listener,
    )


def _corrected(p_values: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return p-values of pairs corrected for their number."""
    corrected = holm({str(place): value for place, value in enumerate(p_values.values())})
    return {pair: corrected[str(place)] for place, pair in enumerate(p_values)}


class _Draws:
    """How often every listener and every sentence is drawn in each resample; the same draws for all systems, so they pair."""

    def __init__(self, listeners: int, sentences: int, resamples: int, rng: np.random.Generator) -> None:
        self.listeners = rng.multinomial(listeners, np.full(listeners, 1.0 / listeners), size=resamples).astype(np.float64)
        self.sentences = rng.multinomial(sentences, np.full(sentences, 1.0 / sentences), size=resamples).astype(np.float64)

    def mean(self, table: np.ndarray) -> Interval:
        """Return mean and 95 % interval of ``table`` (listeners, sentences), which may have holes (NaN)."""
        there = np.isfinite(table)
        sums = self._crossed(np.where(there, table, 0.0))
        weights = self._crossed(there.astype(np.float64))
        low, high = np.quantile(sums[weights > 0] / weights[weights > 0], [0.025, 0.975])
        return Interval(float(table[there].mean()), float(low), float(high))

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
