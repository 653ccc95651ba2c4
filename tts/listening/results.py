"""What a listening test found: the results that the analysis makes, tables and charts show, and ``listening.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval: scores on a test's own scale, preferences as a share of the votes."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemScore:
    """The mean score of a system over listeners and sentences, and of how many ratings."""

    system: str
    score: Interval
    ratings: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"system": self.system, **asdict(self.score), "ratings": self.ratings}


@dataclass(frozen=True)
class ScoreDifference:
    """How much higher system ``a`` is rated than ``b``.

    ``p_value`` is Wilcoxon's signed-rank test on one mean difference each of ``listeners``, ``p_holm`` the same corrected for
    the number of pairs.
    """

    a: str
    b: str
    difference: Interval
    p_value: float
    p_holm: float
    listeners: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        tests = {"p_value": self.p_value, "listeners": self.listeners, "p_holm": self.p_holm}
        return {"a": self.a, "b": self.b, **asdict(self.difference), **tests}


@dataclass(frozen=True)
class ScoreResults:
    """A test with scores (MOS or MUSHRA): how many answered, every system from best to worst, and the pairs of them."""

    listeners: int
    sentences: int
    ratings: int
    systems: tuple[SystemScore, ...]
    differences: tuple[ScoreDifference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "listeners": self.listeners,
            "sentences": self.sentences,
            "ratings": self.ratings,
            "systems": [row.to_dict() for row in self.systems],
            "differences": [row.to_dict() for row in self.differences],
        }


@dataclass(frozen=True)
class PairPreference:
    """Which of two systems was preferred, in how many of ``votes``; the others were undecided.

    ``lead`` is the share for ``a`` less that for ``b``. ``p_votes`` is the exact binomial test on votes with a preference,
    ``p_value`` the exact sign test with one vote a listener, ``p_holm`` the same corrected for the number of pairs.
    """

    a: str
    b: str
    votes: int
    for_a: int
    for_b: int
    share_a: Interval
    share_b: Interval
    lead: Interval
    p_votes: float
    listeners_for_a: int
    listeners_for_b: int
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class PreferenceResults:
    """A test of preferences (AB): how many answered, and every pair that was compared."""

    listeners: int
    sentences: int
    votes: int
    pairs: tuple[PairPreference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "pairs": [asdict(pair) for pair in self.pairs]}


@dataclass(frozen=True)
class Screening:
    """Which listeners miss the hidden reference too often (share of their trials, by name), and whether they were left out."""

    rule: str
    excluded: bool
    listeners: Mapping[str, float]


@dataclass(frozen=True)
class ListeningResults:
    """Everything that was rated in a listening test; a kind of test that was not asked is None."""

    test: str
    resamples: int
    notes: tuple[str, ...]
    screened: Screening
    mos: ScoreResults | None = None
    mushra: ScoreResults | None = None
    ab: PreferenceResults | None = None

    @property
    def scored(self) -> dict[str, ScoreResults]:
        """The tests with scores that were asked, by kind."""
        return {kind: part for kind, part in (("mos", self.mos), ("mushra", self.mushra)) if part is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what ``listening.json`` holds."""
        whole: dict[str, Any] = {"format": FORMAT, "test": self.test, "resamples": self.resamples, "notes": [*self.notes]}
        whole["screened"] = asdict(self.screened)
        whole |= {kind: part.to_dict() for kind, part in self.scored.items()}
        return whole | ({"ab": self.ab.to_dict()} if self.ab is not None else {})
