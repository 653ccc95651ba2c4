"""What a voice must be able to do to be spoken with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.core.stream import Stream
from tts.generation.postfilter import PostFilterSettings
from tts.text.engine import Engine
from tts.text.sentence import Sentence

if TYPE_CHECKING:  # the editor needs torch, which a process that only vocodes does without, as it does without recipes
    from tts.generation.config import VariationConfig
    from tts.generation.editing import Editor
    from tts.generation.variation import Take
    from tts.recipe.parts import GenerationPart

HIDDEN: Final = "hidden"  # the last hidden layer among what a voice predicts, where it is asked for


class VoiceModel(Protocol):
    """What a voice must be able to do; ``tts.generation.voice.Voice`` is one."""

    @property
    def grid(self) -> FrameGrid:
        """Sample rate and frame shift."""

    @property
    def engine(self) -> Engine:
        """The front end the voice was trained with."""

    @property
    def generation(self) -> GenerationPart:
        """How it speaks where nothing else is asked for."""

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The main streams by name: ``mcep``, ``lf0``, ``vuv``, ``bap``."""

    @property
    def variances(self) -> Mapping[str, np.ndarray]:
        """Training variances of statics, deltas and accelerations, (3 * dimension,) a dynamic stream."""

    @property
    def global_variance(self) -> Mapping[str, np.ndarray]:
        """Mean variance within natural utterances, (dimension,) a dynamic stream."""

    @property
    def editor(self) -> Editor | None:
        """What edits trajectories before they are spoken, where the voice has it."""

    def speaker_number(self, speaker: str) -> int:
        """Return the number of a speaker given by name or number, the first's for an empty name; an unknown one raises."""

    @property
    def variation(self) -> VariationConfig | None:
        """How takes of a sentence vary, where the voice knows."""

    def durations(
        self,
        sentences: Sequence[Sentence],
        speakers: Sequence[int] | None = None,
        *,
        takes: Sequence[Take | None] | None = None,
    ) -> list[np.ndarray]:
        """Predict frames a state, float (segments, states) a sentence; ``speakers`` are numbers, by default the first.

        ``takes`` say how phones depart from their means; by default, and where it is None, they do not.
        """

    def acoustics(
        self,
        sentences: Sequence[Sentence],
        durations: Sequence[np.ndarray],
        speakers: Sequence[int] | None = None,
        *,
        hidden: bool = False,
        takes: Sequence[Take | None] | None = None,
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream for whole ``durations``, (frames, width) in natural units; ``vuv`` as a probability.

        With ``hidden`` the last hidden layer too (:data:`HIDDEN`); ``takes`` as in :meth:`durations`.
        """


def used_editor(voice: VoiceModel, settings: PostFilterSettings) -> Editor | None:
    """Return the edit that a voice speaks with; None where it has none or its strength is 0.

    Raises :class:`UsageError` for a post-filter whose trajectories the edit was not made for.
    """
    editor = voice.editor if settings.edit_strength else None
    if editor is not None and settings.kind != "variance":
        raise UsageError(
            f"post-filter {settings.kind}: the voice's edit reads trajectories whose variance was scaled; use variance, or an "
            "edit strength of 0"
        )
    return editor
