"""Every family keeps its promises: names, options, widths; and each label is what it says."""

import numpy as np
import pytest

from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.tasks.base import (
    AudioFamily,
    SpeakerFamily,
    TextFamily,
    TimedFamily,
    TimedUtterance,
    built_in_names,
    check_values,
)
from tts.tasks.registry import get_family, resolve_options
from tts.text.phones import ATTRIBUTES, PhoneInventory, attributes
from tts.text.sentence import Sentence, Syllable, Word

GRID = FrameGrid(16000)
SENTENCE = Sentence("ma so", "en-us", (Word("ma", (Syllable(("m", "ɑ"), 1),)), Word("so", (Syllable(("s", "ɑ"), 1),))))
INVENTORY = PhoneInventory.of([SENTENCE])
DURATIONS = np.arange(1, 31).reshape(6, 5) % 7 + 1
FRAMES = int(DURATIONS.sum())
STREAMS = {
    "lf0": np.full((FRAMES, 1), 5.0, np.float32),
    "vuv": (np.arange(FRAMES) % 40 > 5).astype(np.float32)[:, None],
    "mcep": np.full((FRAMES, 25), -4.0, np.float32),
}
SPOKEN = TimedUtterance(SENTENCE, DURATIONS, STREAMS, GRID)


@pytest.mark.parametrize("name", built_in_names())
def test_every_family_makes_what_its_stream_says(name: str) -> None:
    family = get_family(name)
    options = resolve_options(name, {})
    if isinstance(family, SpeakerFamily):
        stream = family.stream_of(name, ["a", "b"])
        np.testing.assert_array_equal(check_values(stream, family.label(1, 3), 3, "x"), np.ones((3, 1)))
        return
    stream = family.stream(name, INVENTORY, options)
    if isinstance(family, AudioFamily):
        signal = np.random.default_rng(0).normal(0.0, 0.1, 8000)
        values = family.extract(signal, GRID, **options)
        assert values.shape == (GRID.frames(len(signal)), stream.columns)
    elif isinstance(family, TimedFamily):
        values = family.label(SPOKEN, **options)
        rows = len(SENTENCE.segments) if family.by_segment else SPOKEN.durations.sum()
        assert values.shape == (rows, stream.columns)
    else:
        assert isinstance(family, TextFamily)
        values = family.label(SENTENCE, INVENTORY)
        assert values.shape == (len(SENTENCE.segments), stream.columns)
    assert values.dtype == np.float32
    check_values(stream, values, len(values), "here")
    labels = family.shown(INVENTORY, options, GRID.sample_rate)["labels"]
    assert len(labels) in (0, stream.classes if stream.kind == "class" else stream.dimension)


def test_neighbours_are_the_phones_beside() -> None:
    own, before, after = (
        get_family(name).label(SENTENCE, INVENTORY)[:, 0] for name in ("phone_class", "phone_before", "phone_after")
    )
    assert [INVENTORY.symbols[int(n)] for n in own] == ["sil", "m", "ɑ", "s", "ɑ", "sil"]
    assert before[1:].tolist() == own[:-1].tolist()
    assert after[:-1].tolist() == own[1:].tolist()


def test_articulation_is_that_of_the_phone() -> None:
    values = get_family("articulation").label(SENTENCE, INVENTORY)
    for row, phone in zip(values, SENTENCE.phones, strict=True):
        assert {name for name, held in zip(ATTRIBUTES, row, strict=True) if held} == set(attributes(phone)) & set(ATTRIBUTES)
    nasal = values[:, ATTRIBUTES.index("nasal")]
    assert nasal.tolist() == [0, 1, 0, 0, 0, 0]


def test_noise_is_fixed_by_recording_and_seed_and_tells_nothing() -> None:
    extract = get_family("noise").extract
    signal = np.random.default_rng(1).normal(size=160_000)
    first = extract(signal, GRID, dimension=5, seed=0)
    np.testing.assert_array_equal(first, extract(signal, GRID, dimension=5, seed=0))
    assert not np.array_equal(first, extract(signal, GRID, dimension=5, seed=1))
    assert abs(first.mean()) < 0.05
    assert abs(first.std() - 1.0) < 0.05


def test_mistakes_are_named() -> None:
    with pytest.raises(UsageError, match="did you mean gammatone"):
        get_family("gamatone")
    with pytest.raises(UsageError, match="TTS_TASKS names the folders of your own"):
        get_family("zero_crossings")
    with pytest.raises(UsageError, match="its options are: bands"):
        resolve_options("mel", {"bandz": 3})


def test_unrelated_counts_words_and_nothing_else() -> None:
    words = tuple(Word(text, (Syllable(("a",)),), pause_after=text == "c") for text in "abcdef")
    sentence = Sentence("a b c, d e f", "en-us", words)
    family = get_family("unrelated")
    assert isinstance(family, TextFamily)
    inventory = PhoneInventory.of([sentence])
    labels = family.label(sentence, inventory)
    assert labels[:, 0].tolist() == [0, 0, 1, 2, 2, 3, 0, 1, 1]
    stream = family.stream("unrelated", inventory, {})
    assert stream.kind == "class" and stream.width == 4
