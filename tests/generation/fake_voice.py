"""A voice without networks: every letter is a phone of fixed length and colour. Fast, deterministic, good enough for WORLD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.stream import Stream
from tts.generation.variation import Take
from tts.recipe import GenerationPart
from tts.recipe.names import DigitsName
from tts.text.engine import Answer
from tts.text.sentence import Sentence, Syllable, Word
from tts.text.unreadable import Policy

ORDER = 12


class FakeEngine:
    language = "en"
    reads_phones = False

    def identity(self) -> dict[str, Any]:
        return {"engine": "fake"}

    def answer(self, text: str, unreadable: Policy | None = None, digits: DigitsName | None = None) -> Answer:
        return Answer(self.sentence(text))

    def sentence(self, text: str) -> Sentence:
        if "☠" in text:
            raise TtsError(f"no pronunciation for '☠' in {text!r}")
        words = [w for w in text.split() if any(map(str.isalnum, w))]
        if not words:
            raise TtsError(f"there is no word to pronounce in {text!r}")
        return Sentence(
            text, "en", tuple(Word(w, (Syllable(tuple(c for c in w if c.isalnum())),), pause_after="," in w) for w in words)
        )


@dataclass
class FakeVoice:
    grid: FrameGrid = field(default_factory=lambda: FrameGrid(16_000))
    frames_a_state: float = 2.0
    states: int = 5
    calls: list[int] = field(default_factory=list)  # sentences in every call of acoustics
    engine: FakeEngine = field(default_factory=FakeEngine)
    earlier_reading: str = ""
    editor: None = None
    generation: GenerationPart = field(default_factory=GenerationPart)

    @cached_property
    def streams(self) -> dict[str, Stream]:
        return {
            "mcep": Stream("mcep", ORDER + 1, dynamic=True),
            "lf0": Stream("lf0", 1, dynamic=True),
            "vuv": Stream("vuv", 1, "binary"),
            "bap": Stream("bap", self.grid.bands, dynamic=True),
        }

    @property
    def variances(self) -> dict[str, np.ndarray]:
        return {name: np.ones(stream.width) for name, stream in self.streams.items() if stream.dynamic}

    @property
    def global_variance(self) -> dict[str, np.ndarray]:
        return {name: np.ones(stream.dimension) for name, stream in self.streams.items() if stream.dynamic}

    def speaker_number(self, speaker: str) -> int:
        if speaker not in ("", "low", "high"):
            raise UsageError(f"the voice has no speaker {speaker!r}; it has low, high")
        return int(speaker == "high")

    variation = None  # it has one way to say a sentence

    def durations(
        self,
        sentences: Sequence[Sentence],
        speakers: Sequence[int] | None = None,
        *,
        takes: Sequence[Take | None] | None = None,
    ) -> list[np.ndarray]:
        assert takes is None
        return [np.full((len(s.segments), self.states), self.frames_a_state) for s in sentences]

    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
        takes: Sequence[Take | None] | None = None,
    ) -> list[dict[str, np.ndarray]]:
        assert takes is None and not hidden  # of a voice without an edit none is asked for
        self.calls.append(len(sentences))
        if any("explode" in s.text for s in sentences):
            raise RuntimeError("the network exploded")
        who = speakers or [0] * len(sentences)
        return [self._acoustics(s, d, speaker) for s, d, speaker in zip(sentences, durations, who, strict=True)]

    def _acoustics(self, sentence: Sentence, durations: np.ndarray, speaker: int) -> dict[str, np.ndarray]:
        codes = np.repeat([sum(map(ord, phone)) % 17 for phone in sentence.phones], durations.sum(axis=1))
        silent = np.repeat([segment.silent for segment in sentence.segments], durations.sum(axis=1))
        frames = len(codes)
        means = {name: np.zeros((frames, stream.width)) for name, stream in self.streams.items()}
        means["mcep"][:, 0] = np.where(silent, -9.0, -3.0)
        means["mcep"][:, 1 : ORDER + 1] = 0.3 * np.cos(codes[:, None] * np.arange(1, ORDER + 1))
        means["lf0"][:, 0] = np.log(120.0 * (1 + speaker) + codes)
        means["vuv"][:, 0] = ~silent & (codes % 3 > 0)
        means["bap"][:, : self.grid.bands] = -20.0
        if "NaN" in sentence.text:
            means["mcep"][3, 2] = np.nan
        return means
