"""Takes that vary: how far each phone of a sentence departs from what it is on average, drawn at random.

A voice whose duration model learns ``phone_prosody`` knows of every phone a normal distribution of its length, F0 and energy.
Phones do not depart from their means one by one: a phrase that begins high goes on high. So the standard normal numbers that
become deviations are drawn as a sequence: a part that a whole sentence has in common, and a vector autoregression of first
order from phone to phone (``VAR(1)``; Luetkepohl 2005, chapter 2), both measured in recordings that the duration model has not
learnt. At temperature 0 nothing departs; at 1 as much as in the recordings.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tts.core.errors import TtsError
from tts.core.normal_head import whitened, whitening
from tts.core.stream import DURATION
from tts.generation.config import FARTHEST, PHONE_PROSODY, VariationConfig

NO_VARIATION: Final = (
    "temperature: the voice knows no distribution of prosody to draw from (its recipe has no duration.tasks.phone_prosody); "
    "speak at temperature 0"
)
_FAR: Final = (10, 20)  # phones apart, where what goes on is the sentence's alone
_FEWEST: Final = 50  # pairs of phones, below which nothing is said of what they have in common
# Which values of the distribution are which outputs of the tasks that are measured a phone.
_VALUES: Final[Mapping[str, slice]] = {DURATION: slice(0, 1), "phone_f0": slice(1, 3), "phone_energy": slice(3, 4)}


@dataclass(frozen=True)
class Take:
    """A take of a sentence: ``noise`` (segments, values), as :func:`draw` makes it, and how much of it there is to be."""

    noise: np.ndarray
    temperature: float


@dataclass(frozen=True)
class Deviations:
    """How far a sentence's phones depart from their means: ``lengths`` (segments,) are factors whose mean is 1.

    ``values`` (segments, values) are those of all values, normalised.
    """

    lengths: np.ndarray
    values: np.ndarray

    def of(self, names: Sequence[str]) -> np.ndarray:
        """Return the deviations of what these tasks say of phones, normalised, float32 (segments, columns).

        Raises :class:`TtsError` for a task that is no part of the distribution.
        """
        unknown = [name for name in names if name not in _VALUES]
        if unknown:
            raise TtsError(
                f"{unknown[0]} is no part of {PHONE_PROSODY}, so a voice that reads it speaks at temperature 0 alone"
            )
        columns = [self.values[:, _VALUES[name]] for name in names]
        return np.concatenate([np.zeros((len(self.values), 0)), *columns], axis=1, dtype=np.float32)


def draw(config: VariationConfig, segments: int, key: Sequence[str | int]) -> np.ndarray:
    """Return what becomes the deviations of a sentence of so many segments, float64 (segments, values).

    The same whenever ``key`` is, to rounding, on any machine whose numpy draws the same normal numbers; each is within
    :data:`FARTHEST`, whatever the configuration says.
    """
    digest = hashlib.sha256("\0".join(map(str, key)).encode()).digest()
    generator = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    whole, rest, step = (_root(matrix) for matrix in _parts(config))
    size = len(config.covariance)
    constant = whole @ generator.standard_normal(size)
    noise = generator.standard_normal((segments, size))
    transition = np.array(config.transition)
    departures = np.zeros((segments, size))
    for number in range(segments):
        before = departures[number - 1] if number else np.zeros(size)
        departure = transition @ before + step @ noise[number] if number else rest @ noise[number]
        departures[number] = np.clip(departure, -FARTHEST, FARTHEST)
    return np.clip(constant + departures, -FARTHEST, FARTHEST)


def deviations(config: VariationConfig, head: np.ndarray, deviation: np.ndarray, take: Take) -> Deviations:
    """Return how far a sentence's phones depart from their means.

    ``head`` (segments, width) is what the duration model says of the distribution, ``deviation`` (values,) are the standard
    deviations that its values are normalised by.
    """
    inverse = np.linalg.inv(whitening(head, len(config.covariance)))
    values = take.temperature * np.einsum("rij,rj->ri", inverse, take.noise)
    spread = np.einsum("rj,jk,rk->r", inverse[:, 0], np.array(config.covariance), inverse[:, 0])
    scale = float(deviation[0])
    # The mean of a log-normal number is exp(variance / 2): without this, speech would be slower the more it varies.
    lengths = np.exp(values[:, 0] * scale - 0.5 * spread * (take.temperature * scale) ** 2)
    return Deviations(lengths, values)


def measure(head: np.ndarray, values: np.ndarray, starts: np.ndarray, spoken: np.ndarray) -> VariationConfig:
    """Measure how deviations go together in recordings that the duration model has not learnt.

    ``head`` (segments, width) is what it says of them, ``values`` (segments, values) are theirs, normalised; ``starts``
    (utterances + 1,) where utterances begin, ``spoken`` (segments,) which segments count. What the head got wrong on average is
    no variation and is left out; a phone further from its mean than :data:`FARTHEST` counts as so far.
    Of too few phones nothing is known but that each departs by itself.
    """
    z = np.clip(whitened(head, values), -FARTHEST, FARTHEST)
    z = z - z[spoken].mean(axis=0)
    utterances = [z[a:b][spoken[a:b]] for a, b in itertools.pairwise(starts)]
    size = z.shape[1]
    covariance, _ = _lagged(utterances, 0, size)
    far, near = [_lagged(utterances, lag, size) for lag in range(*_FAR)], _lagged(utterances, 1, size)
    pairs = sum(count for _, count in far)
    share = np.zeros(size)
    if pairs >= _FEWEST:
        common = sum((matrix * count for matrix, count in far), np.zeros((size, size))) / pairs
        share = np.clip(np.diag(common), 0.0, 0.9 * np.diag(covariance))
    rest = covariance - np.diag(share)
    lowest = np.linalg.eigvalsh(rest)[0]
    if lowest <= 0.0:  # the shares took what goes together, too
        share, rest = np.zeros(size), covariance
    transition = np.zeros((size, size))
    if near[1] >= _FEWEST:
        transition = (near[0] - np.diag(share)) @ np.linalg.inv(rest)
    while np.linalg.eigvalsh(rest - transition @ rest @ transition.T)[0] < 0.0:
        transition *= 0.9
    return VariationConfig(
        covariance=tuple(map(tuple, covariance.tolist())),
        shares=tuple(share.tolist()),
        transition=tuple(map(tuple, transition.tolist())),
    )


def _lagged(utterances: Sequence[np.ndarray], lag: int, size: int) -> tuple[np.ndarray, int]:
    """Return the mean of ``z[t] z[t - lag]^T`` over utterances (phones, size), (size, size), and the number of pairs."""
    total, count = np.zeros((size, size)), 0
    for z in utterances:
        if len(z) > lag:
            total += z[lag:].T @ z[: len(z) - lag]
            count += len(z) - lag
    return total / max(count, 1), count


def _parts(config: VariationConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the covariances of what a sentence has in common, of the rest, and of a step of the rest."""
    whole, transition = np.diag(config.shares), np.array(config.transition)
    rest = np.array(config.covariance) - whole
    return whole, rest, rest - transition @ rest @ transition.T


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric square root of a covariance (size, size); :class:`TtsError` where there is none.

    Of all matrices whose product with their transpose is the covariance it alone depends neither on the signs nor on the choice
    of eigenvectors, which differ between builds of LAPACK; so the same key is the same take everywhere.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-6 * max(values[-1], 1.0):
        raise TtsError("variation: its numbers are no covariances; copy the voice again")
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
