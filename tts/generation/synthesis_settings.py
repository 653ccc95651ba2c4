"""How a voice is made to speak: what decides the sound of a run, and how much is computed at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tts.core.errors import UsageError
from tts.generation.postfilter import PostFilterSettings
from tts.recipe import GenerationPart
from tts.recipe.names import VocoderName
from tts.text.unreadable import DEFAULT, Policy, check_policy


@dataclass(frozen=True)
class SynthesisSettings:
    """How a voice is made to speak.

    All but the last two decide the sound. ``pause_scale`` (0.1..10) stretches pauses between words and sentences;
    ``sentence_pause`` (0..10 s) is the pause between two sentences of one text at normal speed; ``voicing_threshold`` (0..1)
    the probability from which a frame is voiced; a sentence of more than ``max_characters`` (20..2000; twice as many where the
    text is phones) is cut at the best place; ``speed`` (0.5..2) is the voice's own, which the requests' speeds are factors on,
    and changes no times that a text gives; ``unreadable`` says what becomes of a token that has no reading (see
    :data:`tts.text.unreadable.Policy`); ``vocoder`` names one of :mod:`tts.analysis.vocoders`.

    About ``batch_frames`` go through the network at a time; ``workers`` is the number of vocoder processes, None for one a
    core. By default there are none and the vocoder runs in this process: a script that asks for processes must guard its own
    start with ``if __name__ == "__main__"``.
    """

    post_filter: PostFilterSettings = field(default_factory=PostFilterSettings)
    pause_scale: float = 1.0
    sentence_pause: float = 0.4
    voicing_threshold: float = 0.5
    max_characters: int = 300
    unreadable: Policy = DEFAULT
    vocoder: VocoderName = "source_filter"
    speed: float = 1.0
    batch_frames: int = 10_000
    workers: int | None = 0

    def __post_init__(self) -> None:
        check_policy(self.unreadable)
        for name, low, high in (
            ("pause_scale", 0.1, 10.0),
            ("sentence_pause", 0.0, 10.0),
            ("voicing_threshold", 0.0, 1.0),
            ("max_characters", 20, 2000),
            ("speed", 0.5, 2.0),
            ("batch_frames", 1, 10_000_000),
            ("workers", 0, 1024),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name.replace('_', ' ')} {value:g} is outside {low:g}..{high:g}")

    @classmethod
    def of(cls, part: GenerationPart, **settings: Any) -> SynthesisSettings:
        """Return what a voice's configuration says; ``settings`` are the others."""
        return cls(PostFilterSettings.of(part), vocoder=part.vocoder, speed=part.speed, **settings)

    def sound(self) -> dict[str, Any]:
        """Return what decides the sound as plain data: equal for two runs that say the same text alike."""
        post_filter: dict[str, Any] = {"kind": self.post_filter.kind, "strength": self.post_filter.amount}
        if self.post_filter.f0_variance:  # which manifests of version 0.1.0 do not have
            post_filter["f0_variance"] = self.post_filter.f0_variance
        if self.post_filter.edit_strength != 1.0:  # which manifests of voices without an edit do not have
            post_filter["edit_strength"] = self.post_filter.edit_strength
        data = {**asdict(self), "post_filter": post_filter}
        del data["batch_frames"], data["workers"]
        if self.unreadable == DEFAULT:
            del data["unreadable"]
        if self.vocoder == "world":  # which manifests of version 0.1.0 do not say
            del data["vocoder"]
        if self.speed == 1.0:  # which manifests of voices of no speed of their own do not say
            del data["speed"]
        return data
