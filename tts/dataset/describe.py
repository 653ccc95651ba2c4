"""What is written down about a preparation beside its numbers: the facts that training and voices read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from tts.dataset.facts import ShownStream, Silence, SpeakerFacts, SplitLength
from tts.dataset.layout import Layout, ReadyUtterance, Splits
from tts.recipe import Recipe
from tts.tasks.base import SpeakerFamily

LONGEST_SILENCE = 30  # frames of silence before or after speech that a voice makes at most


def constant_features(blocks: Iterable[np.ndarray]) -> dict[int, float]:
    """Return the linguistic features that never change in training, by column number, with their value.

    ``blocks`` are all vectors, (rows, features) at a time. A network learns nothing from what never changes; a voice keeps it
    at that value, or untrained weights would answer to the first question in a corpus of statements.
    """
    low, high = None, None
    for block in blocks:
        least, most = block.min(axis=0), block.max(axis=0)
        low = least if low is None else np.minimum(low, least)
        high = most if high is None else np.maximum(high, most)
    if low is None or high is None:
        return {}
    return {int(column): float(low[column]) for column in np.flatnonzero(low == high)}


def usual_silence(items: Iterable[ReadyUtterance]) -> Silence:
    """Return the median state durations of the silence before and after speech, (2, states), cut to a natural length."""
    ends = np.stack([item.alignment.durations[[0, -1]] for item in items])
    return tuple(natural_silence(np.median(ends[:, end], axis=0)) for end in (0, 1))


def natural_silence(frames: np.ndarray) -> tuple[float, ...]:
    """Return state durations (states,) of a silence scaled so that it lasts ``LONGEST_SILENCE`` frames at most."""
    return tuple((frames * min(1.0, LONGEST_SILENCE / frames.sum())).tolist())


def split_lengths(splits: Splits, shift: float) -> dict[str, SplitLength]:
    """Return utterances and seconds of every split."""
    return {
        split: SplitLength(utterances=len(items), seconds=round(sum(item.frames for item in items) * shift, 1))
        for split, items in splits.items()
    }


def shown_streams(layout: Layout) -> dict[str, ShownStream]:
    """Return how the values of every auxiliary stream are shown to people (see :class:`tts.tasks.base.Shown`)."""
    shown = {}
    for name, options in layout.options.items():
        family = layout.families[name]
        stream = ShownStream(**family.shown(layout.inventory, options, layout.grid.sample_rate))
        shown[name] = stream.model_copy(update={"labels": layout.speakers}) if isinstance(family, SpeakerFamily) else stream
    return shown


def speaker_facts(
    recipe: Recipe, splits: Splits, f0_ranges: Mapping[str, tuple[float, float]]
) -> tuple[tuple[SpeakerFacts, ...], dict[str, str]]:
    """Return what is known of every speaker, in order, and who speaks each utterance; nothing where there is one alone."""
    if not recipe.corpus.speakers:
        return (), {}
    speakers = []
    for number, name in enumerate(recipe.corpus.names):
        own = {split: [item for item in items if item.speaker == number] for split, items in splits.items()}
        lengths, silence = split_lengths(own, recipe.frames.grid.shift), usual_silence(own["train"])
        speakers.append(SpeakerFacts(name=name, f0_range=f0_ranges[name], silence=silence, splits=lengths))
    return tuple(speakers), {item.id: recipe.corpus.names[item.speaker] for items in splits.values() for item in items}
