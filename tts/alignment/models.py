"""Models of phones in context: every phone a chain of states, every state one diagonal Gaussian that leans on a broader one.

The states of a phone's first half are sharpened by the phone before it, those of the second half by the phone after it, first
by its broad class (vowel, plosive, nasal, ...), then by the phone itself. Each such Gaussian is estimated by maximum a
posteriori (Gauvain and Lee 1994, with the broader one as prior), so that a neighbour that occurs twice changes little and
one that occurs a hundred times speaks for itself. The broadest, the monophones, lean a little on the Gaussian of all speech.
Silence neither depends on neighbours nor is one: phones in its context learn to take some of it (4 to 10 ms, where times are
known).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from tts.alignment.trellis import Trellis
from tts.core.errors import TtsError, UsageError
from tts.text.phones import broad_class
from tts.text.sentence import PAUSE, SILENCE, Sentence

ARRAYS = ("means", "variances", "overall_mean", "overall_variance")

Key = tuple[str | int, ...]  # phone, state[, class of the neighbour[, neighbour]]


@dataclass(frozen=True)
class AlignerSettings:
    """How the aligner is built and trained. The defaults are what measured best (``tools/measure_alignment.py``)."""

    states: int = 5  # a phone, each lasting at least a frame
    soft_passes: int = 16  # Baum-Welch, on likelihoods raised to powers growing geometrically ...
    first_power: float = 0.03  # ... from here ...
    last_power: float = 0.5  # ... to here
    soft_frames: int = 200_000  # frames that the soft passes see: a seeded sample of the utterances
    hard_passes: int = 4  # Viterbi, on everything, with pauses wherever they may be
    context_passes: int = 6  # Viterbi with the pauses that were found and models in context
    shortest_pause: int = 10  # frames; a shorter silence between words is none
    prior_frames: float = 2.0  # weight of all speech in a monophone
    context_frames: float = 10.0  # weight of the broader model in one in context
    variance_floor: float = 0.01  # share of the variance of all speech
    seed: int = 1

    def __post_init__(self) -> None:
        ranges = {
            "states": (1, 9),
            "soft_passes": (1, 1000),
            "first_power": (1e-4, 1.0),
            "last_power": (self.first_power, 1.0),
            "soft_frames": (1, math.inf),
            "hard_passes": (0, 1000),
            "context_passes": (0, 1000),
            "shortest_pause": (self.states, math.inf),
            "prior_frames": (1e-3, math.inf),
            "context_frames": (1e-3, math.inf),
            "variance_floor": (1e-6, 1.0),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"aligner setting {name}: {getattr(self, name)} is outside {low:g}..{high:g}")


@dataclass(frozen=True)
class PhoneModels:
    """Gaussians, float64 of shape (units, features), and those of all speech; ``keys`` say what each is a model of.

    Broader keys come before narrower ones. ``pau`` has no models of its own: silence between words is that around them.
    """

    keys: tuple[Key, ...]
    states: int
    means: np.ndarray
    variances: np.ndarray
    overall_mean: np.ndarray
    overall_variance: np.ndarray

    @staticmethod
    def flat(phones: Iterable[str], states: int, mean: np.ndarray, variance: np.ndarray) -> PhoneModels:
        """Return monophones that are all alike."""
        symbols = sorted((set(phones) | {SILENCE}) - {PAUSE})
        keys = tuple((phone, state) for phone in symbols for state in range(states))
        return PhoneModels(keys, states, np.tile(mean, (len(keys), 1)), np.tile(variance, (len(keys), 1)), mean, variance)

    def in_context(self, sentences: Iterable[Sentence]) -> PhoneModels:
        """Return these models and, equal to their broader ones, those of every neighbourhood in ``sentences``."""
        wanted = {key for sentence in sentences for chain in self._chains(sentence) for key in chain}
        added = sorted(wanted - self._index.keys(), key=lambda key: (len(key), key))
        keys = (*self.keys, *added)
        monophones = [self._index[key[:2]] for key in added]
        means, variances = (np.concatenate([values, values[monophones]]) for values in (self.means, self.variances))
        return replace(self, keys=keys, means=means, variances=variances)

    def unknown(self, sentence: Sentence) -> list[str]:
        """Return the phones of a sentence that have no models."""
        return sorted(phone for phone in set(sentence.phones) - {PAUSE} if (phone, 0) not in self._index)

    def trellis(self, sentence: Sentence, *, optional_pauses: bool) -> Trellis:
        """Return the places of a sentence, whose phones must be known.

        With ``optional_pauses`` silence may follow any word, whatever the sentence says, and what is a phone's neighbour is
        not known: the models are the monophones. Without, they are the narrowest there are for each place.
        """
        if optional_pauses:
            phones = sentence.with_pauses(range(len(sentence.words))).phones
            units = [self._index[_named(phone), state] for phone in phones for state in range(self.states)]
            hops = np.zeros((len(phones), self.states), dtype=bool)
            hops[1:, 0] = [phone == PAUSE for phone in phones[:-1]]
            return Trellis(np.array(units, dtype=np.int32), hops.ravel())
        units = [next(self._index[key] for key in reversed(c) if key in self._index) for c in self._chains(sentence)]
        return Trellis(np.array(units, dtype=np.int32), np.zeros(len(units), dtype=bool))

    def weights(self, power: float) -> torch.Tensor:
        """Return what a frame's ``[x, x^2, 1]`` is multiplied with to give log likelihoods raised to ``power``.

        Float32 of shape (units + 1, 2 * features + 1); the last row is for padding and gives next to nothing.
        """
        inverse = 1.0 / self.variances
        constant = -0.5 * np.sum(np.log(2.0 * np.pi * self.variances) + self.means**2 * inverse, axis=1, keepdims=True)
        rows = np.concatenate([self.means * inverse, -0.5 * inverse, constant], axis=1) * power
        void = np.zeros((1, rows.shape[1]))
        void[0, -1] = -1e9
        return torch.from_numpy(np.concatenate([rows, void])).float()

    def match(self, features: np.ndarray, units: np.ndarray) -> float:
        """Return how well recordings (frames, features) fit the phones that an alignment gave their frames, at most 0.

        It is the mean, over the frames of speech, of the log likelihood of the phone's own monophone state less that of the
        likeliest state of any (after the goodness of pronunciation, Witt and Young 2000). So it does not depend on how usual
        the sound itself is: another speaker's, or a noisy one, fits all models badly. ``units`` (frames,) are the models'
        numbers; NaN where no frame is speech.
        """
        own = self._monophones[units]
        speech = np.array([key[0] != SILENCE for key in self.keys])[own]
        if not speech.any():
            return math.nan
        weights = self._monophone_weights
        values = features[speech].astype(np.float64)
        scores = np.concatenate([values, values**2, np.ones((len(values), 1))], axis=1) @ weights.T
        return float((scores[np.arange(len(values)), own[speech]] - scores.max(axis=1)).mean())

    def estimated(self, sums: np.ndarray, settings: AlignerSettings) -> PhoneModels:
        """Return models re-estimated from weighted sums of ``[x, x^2, 1]``, (units, 2 * features + 1).

        A broader model counts the frames of its narrower ones; a model without frames is like its broader one.
        """
        sums = sums.copy()
        depths, parents = np.array([len(key) for key in self.keys]), self._parents
        levels = [np.flatnonzero(depths == depth) for depth in range(2, int(depths.max()) + 1)]
        for level in levels[:0:-1]:
            np.add.at(sums, parents[level], sums[level])
        means, variances = np.empty_like(self.means), np.empty_like(self.variances)
        for level in levels:
            if level is levels[0]:
                prior, spread, weight = self.overall_mean, self.overall_variance, settings.prior_frames
            else:
                prior, spread, weight = means[parents[level]], variances[parents[level]], settings.context_frames
            first, second, count = np.split(sums[level], [self.means.shape[1], -1], axis=1)
            mean = (first + weight * prior) / (count + weight)
            scatter = np.maximum(second - 2.0 * mean * first + count * mean**2, 0.0)
            means[level] = mean
            variances[level] = (scatter + weight * (spread + (prior - mean) ** 2)) / (count + weight)
        return replace(self, means=means, variances=np.maximum(variances, settings.variance_floor * self.overall_variance))

    @cached_property
    def _index(self) -> dict[Key, int]:
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def _monophones(self) -> np.ndarray:
        """The number of every unit's monophone."""
        return np.array([self._index[key[:2]] for key in self.keys])

    @cached_property
    def _monophone_weights(self) -> np.ndarray:
        """The rows of :meth:`weights` that are monophones', which come first; float64."""
        count = sum(len(key) == 2 for key in self.keys)
        return np.asarray(self.weights(1.0).numpy()[:count], dtype=np.float64)

    @cached_property
    def _parents(self) -> np.ndarray:
        """The broader unit of every unit, -1 for monophones."""
        return np.array([self._index[key[:-1]] if len(key) > 2 else -1 for key in self.keys])

    def _chains(self, sentence: Sentence) -> list[Sequence[Key]]:
        """Return the keys of every place of a sentence, broadest first."""
        phones = [_named(phone) for phone in sentence.phones]
        half = self.states // 2
        chains: list[Sequence[Key]] = []
        for place, phone in enumerate(phones):
            for state in range(self.states):
                mono: Key = (phone, state)
                side = -1 if state < half else 1 if state >= self.states - half else 0
                neighbour = phones[place + side] if side and phone != SILENCE else SILENCE
                if neighbour == SILENCE:
                    chains.append((mono,))
                else:
                    broad: Key = (*mono, _class(neighbour))
                    chains.append((mono, broad, (*broad, neighbour)))
        return chains


def _named(phone: str) -> str:
    return SILENCE if phone == PAUSE else phone


def _class(phone: str) -> str:
    """Return the broad class of a phone; one that is not in IPA is a class of its own."""
    try:
        return broad_class(phone)
    except TtsError:
        return phone
