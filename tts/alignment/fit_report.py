"""How good an alignment is, said without knowing the truth: fit, outliers, and what careful listeners would check first."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tts.alignment.types import Aligned
from tts.core.grid import FrameGrid
from tts.core.processes import Failure

POOR_FIT = -3.5  # z-score of the fit below which an utterance is suspicious
HURRIED = 0.3  # share of phones of minimum length above which it is (5 states of 5 ms, fluent speech: median 0.08)
LONG_PHONE = 0.6  # seconds above which a phone is
HOPELESS_FIT = -5.0  # z-score of the fit below which an utterance is left out, where a recipe wants that


@dataclass(frozen=True, slots=True)
class UtteranceFit:
    """How well one utterance fits its text.

    ``score`` is the mean log likelihood a frame, ``match`` how well sound and text belong together
    (:meth:`tts.alignment.models.PhoneModels.match`), ``z`` its robust z-score among the utterances (median and median absolute
    deviation; the score's where no match is known), ``score_z`` the score's; ``hurried`` is the share of phones as short as can
    be, a frame a state; ``silence`` the share of silent frames; ``longest`` the longest phone and its seconds. ``reasons`` say
    why the utterance deserves a check; most have none.
    """

    id: str
    frames: int
    score: float
    match: float
    z: float
    score_z: float
    hurried: float
    silence: float
    pauses: int
    longest: tuple[str, float]
    reasons: tuple[str, ...]

    @property
    def hopeless(self) -> bool:
        """Whether the times cannot be right: far the worst fit, or a phone that lasts longer than any is spoken."""
        return min(self.z, self.score_z) < HOPELESS_FIT or self.longest[1] > LONG_PHONE


@dataclass(frozen=True)
class AlignmentReport:
    """The alignment of a corpus.

    ``phones`` maps a phone to its count and mean duration in seconds, commonest first; ``silence`` is the share of silent
    frames, ``hurried`` that of phones of minimum length, ``single`` that of the phones' states of a single frame.
    """

    utterances: tuple[UtteranceFit, ...]
    failures: dict[str, str]
    phones: dict[str, tuple[int, float]]
    seconds: float
    silence: float
    hurried: float
    single: float
    pauses: int

    def worst(self, percent: float) -> tuple[UtteranceFit, ...]:
        """Return ``percent`` of the utterances, rounded up: those that fit worst, worst first."""
        count = math.ceil(len(self.utterances) * percent / 100.0 - 1e-9)
        return tuple(sorted(self.utterances, key=lambda fit: (fit.z, fit.id))[:count])

    @property
    def suspicious(self) -> tuple[UtteranceFit, ...]:
        """The utterances to check, worst fit first."""
        return tuple(sorted((fit for fit in self.utterances if fit.reasons), key=lambda fit: fit.z))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data; a score that is not known is None."""
        data = asdict(self)
        for fit in data["utterances"]:
            for name in ("score", "match"):
                fit[name] = None if np.isnan(fit[name]) else fit[name]
        return data

    def to_markdown(self) -> str:
        """Return the report as Markdown: a summary, failures, utterances to check, phones."""
        scores = [fit.score for fit in self.utterances if not np.isnan(fit.score)]
        rows = [
            ("utterances aligned / failed", f"{len(self.utterances)} / {len(self.failures)}"),
            ("speech and silence", f"{self.seconds:.0f} s, {100 * self.silence:.1f} % silence"),
            ("pauses between words", str(self.pauses)),
            ("phones of minimum length", f"{100 * self.hurried:.1f} %"),
            ("states of a single frame", f"{100 * self.single:.1f} %"),
            ("log likelihood a frame", f"{np.median(scores):.1f} (median)" if scores else "not known"),
            ("to check", str(len(self.suspicious))),
        ]
        text = _table(("alignment", ""), rows)
        if self.failures:
            text += "\n" + _table(("not aligned", "why"), list(self.failures.items()))
        if self.suspicious:
            text += "\n" + _table(
                ("to check", "fit (z)", "why"), [(fit.id, f"{fit.z:.1f}", "; ".join(fit.reasons)) for fit in self.suspicious]
            )
        phones = [(phone, str(count), f"{1000 * mean:.0f}") for phone, (count, mean) in self.phones.items()]
        return text + "\n" + _table(("phone", "count", "mean ms"), phones)


def report_alignment(results: Mapping[str, Aligned | Failure], grid: FrameGrid) -> AlignmentReport:
    """Return the report on what an aligner (or a folder of labels) answered for each utterance id."""
    failures, keys = {}, []
    quality = array("d")  # score and match of every utterance
    for key, result in results.items():
        if isinstance(result, Failure):
            failures[key] = result.message
        else:
            keys.append(key)
            quality.extend((result.alignment.score, result.alignment.match))
    scores, matches = np.array(quality).reshape(-1, 2).T
    score_z = _robust_z(scores)
    z = _robust_z(matches) if np.isfinite(matches).any() else score_z
    count = _Count()
    fits = tuple(count.fit(key, results[key], float(a), float(b), grid) for key, a, b in zip(keys, z, score_z, strict=True))
    total = sum(fit.frames for fit in fits)
    ordered = sorted(count.phones.items(), key=lambda item: (-item[1][0], item[0]))
    return AlignmentReport(
        fits,
        failures,
        {phone: (times, round(frames / times * grid.shift, 4)) for phone, (times, frames) in ordered},
        total * grid.shift,
        count.silent / max(total, 1),
        count.hurried / max(count.spoken, 1),
        count.single / max(count.states, 1),
        sum(fit.pauses for fit in fits),
    )


@dataclass
class _Count:
    """What is counted over all utterances: frames of silence, phones and their states, and those of minimum length."""

    silent: int = 0
    spoken: int = 0
    states: int = 0
    hurried: int = 0
    single: int = 0
    phones: dict[str, tuple[int, int]] = field(default_factory=dict)  # how often, and frames

    def fit(self, key: str, result: Aligned | Failure, z: float, score_z: float, grid: FrameGrid) -> UtteranceFit:
        """Count an utterance, and return how well it fits."""
        assert isinstance(result, Aligned)
        alignment, quiet = result.alignment, _silences(result)
        for phone, frames in zip(alignment.phones, alignment.phone_durations.tolist(), strict=True):
            times, total = self.phones.get(phone, (0, 0))
            self.phones[phone] = times + 1, total + frames
        short = alignment.durations[~quiet] == 1
        self.silent += int(alignment.phone_durations[quiet].sum())
        self.spoken += len(short)
        self.states += short.size
        self.hurried += int(short.all(axis=1).sum())
        self.single += int(short.sum())
        return _fit(key, result, z, score_z, grid)


def _fit(key: str, result: Aligned, z: float, score_z: float, grid: FrameGrid) -> UtteranceFit:
    alignment = result.alignment
    silent = _silences(result)
    spoken = np.flatnonzero(~silent)
    longest = int(spoken[alignment.phone_durations[spoken].argmax()])
    seconds = float(alignment.phone_durations[longest]) * grid.shift
    hurried = _share((alignment.durations[spoken] == 1).all(axis=1))
    reasons = []
    if z < POOR_FIT:
        known = alignment.score if np.isnan(alignment.match) else alignment.match
        reasons.append(f"fits far worse than the others ({known:.1f} a frame): another text?")
    if hurried > HURRIED:
        reasons.append(f"{100 * hurried:.0f} % of phones are as short as can be: more text than speech?")
    if seconds > LONG_PHONE:
        reasons.append(f"{alignment.phones[longest]} lasts {seconds:.2f} s: more speech than text?")
    return UtteranceFit(
        key,
        alignment.frames,
        alignment.score,
        alignment.match,
        z,
        score_z,
        hurried,
        float(alignment.phone_durations[silent].sum()) / alignment.frames,
        int(silent.sum()) - 2,
        (alignment.phones[longest], seconds),
        tuple(reasons),
    )


def _share(marks: np.ndarray) -> float:
    return float(marks.mean()) if marks.size else 0.0


def _silences(result: Aligned) -> np.ndarray:
    return np.array([segment.silent for segment in result.sentence.segments])


def _robust_z(scores: np.ndarray) -> np.ndarray:
    """Return distances from the median in units of 1.4826 median absolute deviations; 0 where there are too few to tell."""
    known = np.isfinite(scores)
    if known.sum() < 5:
        return np.zeros(len(scores))
    middle = np.median(scores[known])
    spread = 1.4826 * np.median(np.abs(scores[known] - middle))
    return np.where(known, (scores - middle) / max(float(spread), 1e-9), 0.0)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
