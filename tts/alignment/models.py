"""Monophone models: every phone a chain of states, every state one diagonal Gaussian."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from tts.alignment.trellis import Trellis
from tts.errors import UsageError
from tts.text.sentence import PAUSE, SILENCE, Sentence

ARRAYS = ("means", "variances", "overall_mean", "overall_variance")


@dataclass(frozen=True)
class AlignerSettings:
    """How the aligner is built and trained. The defaults are what measured best (``tools/bench_alignment.py``)."""

    states: int = 5  # a phone, each lasting at least a frame
    soft_passes: int = 16  # Baum-Welch, on likelihoods raised to powers growing geometrically ...
    first_power: float = 0.03  # ... from here ...
    last_power: float = 0.5  # ... to here
    hard_passes: int = 4  # Viterbi, on everything
    soft_frames: int = 200_000  # frames that the soft passes see: a seeded sample of the utterances
    shortest_pause: int = 10  # frames; a shorter silence between words is none
    variance_floor: float = 0.01  # share of the corpus's variance
    prior_frames: float = 2.0  # frames of the corpus's variance added to every state's, for the rare ones
    seed: int = 1

    def __post_init__(self) -> None:
        ranges = {
            "states": (1, 9),
            "soft_passes": (1, 1000),
            "first_power": (1e-4, 1.0),
            "last_power": (self.first_power, 1.0),
            "hard_passes": (0, 1000),
            "soft_frames": (1, math.inf),
            "shortest_pause": (self.states, math.inf),
            "variance_floor": (1e-6, 1.0),
            "prior_frames": (1e-3, math.inf),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"aligner setting {name}: {getattr(self, name)} is outside {low:g}..{high:g}")


@dataclass(frozen=True)
class PhoneModels:
    """Gaussians of every state of every phone, float64 of shape (phones * states, features), and those of all speech.

    ``pau`` has no models of its own: silence between words is the silence around them.
    """

    phones: tuple[str, ...]
    states: int
    means: np.ndarray
    variances: np.ndarray
    overall_mean: np.ndarray
    overall_variance: np.ndarray

    @staticmethod
    def flat(phones: Iterable[str], states: int, mean: np.ndarray, variance: np.ndarray) -> PhoneModels:
        """Return models that are all alike."""
        symbols = tuple(sorted((set(phones) | {SILENCE}) - {PAUSE}))
        shape = (len(symbols) * states, 1)
        return PhoneModels(symbols, states, np.tile(mean, shape), np.tile(variance, shape), mean, variance)

    @cached_property
    def _first(self) -> dict[str, int]:
        first = {phone: number * self.states for number, phone in enumerate(self.phones)}
        return {**first, PAUSE: first[SILENCE]}

    def unknown(self, sentence: Sentence) -> list[str]:
        """Return the phones of a sentence that have no models."""
        return sorted(set(sentence.phones) - self._first.keys())

    def trellis(self, sentence: Sentence, *, optional_pauses: bool) -> Trellis:
        """Return the places of a sentence; with ``optional_pauses`` silence may follow any word, whatever the sentence says."""
        if optional_pauses:
            sentence = sentence.with_pauses(range(len(sentence.words)))
        phones = sentence.phones
        units = np.array([self._first[phone] for phone in phones])[:, None] + np.arange(self.states)
        hops = np.zeros(units.shape, dtype=bool)
        if optional_pauses:
            hops[1:, 0] = [phone == PAUSE for phone in phones[:-1]]
        return Trellis(units.ravel(), hops.ravel())

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

    def estimated(self, sums: np.ndarray, settings: AlignerSettings) -> PhoneModels:
        """Return models of maximum likelihood for weighted sums of ``[x, x^2, 1]``, (units, 2 * features + 1).

        The variances lean towards that of all speech by ``prior_frames``; a state that was never visited takes all of it.
        """
        first, second, count = np.split(sums, [self.means.shape[1], -1], axis=1)
        means = np.where(count > 1e-3, first / np.maximum(count, 1e-3), self.overall_mean)
        scatter = np.maximum(second - 2.0 * means * first + count * means**2, 0.0)
        variances = (scatter + settings.prior_frames * self.overall_variance) / (count + settings.prior_frames)
        variances = np.maximum(variances, settings.variance_floor * self.overall_variance)
        return replace(self, means=means, variances=variances)
