"""Words placed in a long recording, where it is known which were spoken: drawn from models, with a header and a gap."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tts.alignment.long_recording import Text, by_length, by_sound
from tts.alignment.models import PhoneModels
from tts.text.sentence import Syllable, Word

PHONES, STATES, WIDTH = "abdeiklmnost", 3, 8
REJECT = -6.0


@pytest.fixture(scope="module")
def models() -> PhoneModels:
    flat = PhoneModels.flat(PHONES, STATES, np.zeros(WIDTH), np.full(WIDTH, 0.25))
    return replace(flat, means=np.random.default_rng(0).normal(0.0, 1.0, flat.means.shape))


def read(draw: np.random.Generator, sentences: int) -> Text:
    words: list[Word] = []
    ends = [0]
    for _ in range(sentences):
        for _ in range(draw.integers(4, 9)):
            words.append(Word("".join(draw.choice(list(PHONES), draw.integers(2, 6))), ()))
        ends.append(len(words))
    spelled = [replace(word, syllables=(Syllable(tuple(word.text)),)) for word in words]
    for end in ends[1:]:
        spelled[end - 1] = replace(spelled[end - 1], break_after="major")
    return Text(tuple(spelled), tuple(ends))


def spoken(models: PhoneModels, words: list[str], draw: np.random.Generator) -> np.ndarray:
    index = {key: number for number, key in enumerate(models.keys)}
    units = [index["sil", 0]] * 4 + [index[p, s] for w in words for p in w for s in range(STATES)] + [index["sil", 2]] * 4
    track = models.means[np.repeat(units, draw.integers(2, 6, len(units)))]
    return (track + draw.normal(0.0, 0.5, track.shape)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_words_are_found_by_their_sound(models: PhoneModels, seed: int) -> None:
    """One sentence is not spoken, one stretch is not in the text; stretches end anywhere between words."""
    draw = np.random.default_rng(seed)
    text = read(draw, 20)
    skipped = 7
    cuts = sorted({*text.ends, *draw.integers(1, len(text.words), 10).tolist()})
    truth: list[tuple[int, int] | None] = [
        (a, b) for a, b in pairwise(cuts) if not text.ends[skipped] <= a < text.ends[skipped + 1]
    ]
    truth.insert(5, None)
    header = ["".join(draw.choice(list(PHONES), 4)) for _ in range(4)]
    stretches = [spoken(models, [w.text for w in text.words[slice(*span)]] if span else header, draw) for span in truth]
    placed = by_sound(stretches, text, models, REJECT)
    assert [(item.first, item.last) if item else None for item in placed] == truth
    assert all(REJECT / 2 < item.match <= 0.0 for item in placed if item)


def test_memory_does_not_depend_on_what_was_searched(models: PhoneModels) -> None:
    """What is kept of a stretch is a few numbers a word, however long it lasts."""
    from tts.alignment.long_recording import _Search

    text = read(np.random.default_rng(0), 5)
    search = _Search(text, models, REJECT)
    search.step(np.repeat(spoken(models, [w.text for w in text.words], np.random.default_rng(1)), 3, axis=0))
    kept = (*search._jumped, *search._entered, *search._gains, search.best)
    assert all(values.shape == (len(text.words) + 1,) for values in kept)


def test_lengths_alone_find_most_words() -> None:
    draw = np.random.default_rng(3)
    text = read(draw, 60)
    counts = text.phone_counts[list(text.ends)]
    frames = np.diff(counts) * 18.0 * np.exp(draw.normal(0.0, 0.08, len(text.ends) - 1))
    placed = by_length(frames, text)
    spans = [(item.first, item.last) for item in placed if item]
    assert spans[0][0] == 0 and spans[-1][1] == len(text.words)
    assert all(a[1] == b[0] for a, b in pairwise(spans))  # no word is lost
    right = sum(span == truth for span, truth in zip(spans, pairwise(text.ends), strict=False))
    assert right > 0.8 * len(frames)
