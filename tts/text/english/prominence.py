"""How prominent each word of an English sentence is likely to be, and how strong the boundary after it.

A table of words and a linear regression, both made by ``tools/make_prominence_data.py`` from recordings of LibriTTS in which
wavelets measured them (Suni et al. 2017, "Hierarchical representation and estimation of prosody using continuous wavelet
transform"; Talman et al. 2019, "Predicting prosodic prominence from text with pre-trained contextualized word
representations"). The regression reads the word's usual values, those of the words around it, parts of speech, and the place
in the phrase. What is predicted is the square root of the wavelet measure, in which the spread is about the same everywhere.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from tts.recipe.names import ProminenceUse
from tts.text.english.tagger import english_tagger
from tts.text.function_words import is_function_word
from tts.text.sentence import Break, Sentence

VERSION: Final = 1  # raise it when the same sentence gives other numbers
PRIOR_WORDS: Final = 4.0  # a word's mean counts against that of its part of speech as this many more occurrences would
HIGHEST: Final = 1.5  # of both predictions, which are cut to 0..HIGHEST
_SIGNS: Final[dict[Break, str]] = {"": "", "minor": ",", "major": "."}  # as the tagger knows them
_REACH: Final = 3  # words either side whose usual prominence is read

_PLACES: Final = (
    *("minor_break", "major_break", "first_in_phrase", "last_in_phrase", "first_in_sentence", "last_in_sentence"),
    *("from_phrase_start", "to_phrase_end", "from_sentence_start", "near_phrase_start", "near_phrase_end"),
)
_PRODUCTS: Final = (
    *("prominence*prominence", "prominence*last_in_phrase", "prominence*first_in_phrase", "prominence*to_phrase_end"),
    *("prominence*prominence-1", "prominence*prominence+1", "boundary*last_in_phrase"),
)


def tags_of(words: Sequence[str], breaks: Sequence[Break]) -> list[str]:
    """Return the part of speech of every word, the ``breaks`` after the words read as punctuation."""
    tokens: list[str] = []
    places = []
    for word, after in zip(words, breaks, strict=True):
        places.append(len(tokens))
        tokens += [word, _SIGNS[after]] if after else [word]
    tags = english_tagger().tag(tokens)
    return [tags[place] for place in places]


def key_of(word: str) -> str:
    """Return a word as the table lists it."""
    return word.lower().replace("’", "'")


def regressor_names(tags: Sequence[str]) -> list[str]:
    """Return the names of :func:`regressors`' columns for these parts of speech."""
    names = ["constant", "prominence", "boundary", "occurrences", "letters", "function", "repeated", *_PLACES, *_PRODUCTS]
    for shift in (*range(-_REACH, 0), *range(1, _REACH + 1)):
        names.append(f"prominence{shift:+d}")
    for shift in (-2, -1, 1, 2):
        names += [f"boundary{shift:+d}", f"function{shift:+d}", f"last_in_phrase{shift:+d}"]
    return names + [f"{tag}{shift:+d}" for shift in (-2, -1, 0, 1, 2) for tag in tags]


def regressors(
    words: Sequence[str], breaks: Sequence[Break], tags: np.ndarray, tag_count: int, usual: np.ndarray, occurrences: np.ndarray
) -> np.ndarray:
    """Return what the regression reads of one utterance's words, float64 (words, columns of :func:`regressor_names`).

    ``tags`` (words,) are numbers of parts of speech below ``tag_count``, -1 for others; ``usual`` (words, 2) the words' usual
    prominence and boundary; ``occurrences`` (words,) how often the table's recordings have them.
    """
    count = len(words)
    prominence, boundary = usual[:, 0], usual[:, 1]
    function = np.array([is_function_word(word, "en") for word in words], dtype=np.float64)
    keys = [key_of(word) for word in words]
    repeated = [key in keys[:number] and not function[number] for number, key in enumerate(keys)]
    places = _places(breaks)
    first, last, to_end = places[:, 2], places[:, 3], places[:, 7]
    one_hot = np.zeros((count, tag_count))
    known = tags >= 0
    one_hot[np.flatnonzero(known), tags[known]] = 1.0
    before, after = _shifted(prominence, -1), _shifted(prominence, 1)
    columns = [
        *(np.ones(count), prominence, boundary, np.log1p(occurrences) / 8.0),
        np.array([min(len(word), 12) / 12.0 for word in words]),
        *(function, np.array(repeated, dtype=np.float64), *places.T),
        *(prominence**2, prominence * last, prominence * first, prominence * to_end),
        *(prominence * before, prominence * after, boundary * last),
        *(_shifted(prominence, shift) for shift in (*range(-_REACH, 0), *range(1, _REACH + 1))),
    ]
    for shift in (-2, -1, 1, 2):
        columns += [_shifted(boundary, shift), _shifted(function, shift), _shifted(last, shift, 1.0)]
    return np.concatenate([np.stack(columns, axis=1), *(_shifted(one_hot, shift) for shift in (-2, -1, 0, 1, 2))], axis=1)


def _places(breaks: Sequence[Break]) -> np.ndarray:
    """Return the columns of :data:`_PLACES`, float64 (words, columns); a phrase ends at a break, a sentence at a major one."""
    count = len(breaks)
    minor, major = (np.array([after == kind for after in breaks], dtype=np.float64) for kind in ("minor", "major"))
    sentence_end = np.array([*(after == "major" for after in breaks[:-1]), True])
    phrase_end = np.array([*(bool(after) for after in breaks[:-1]), True])
    sentence_start, phrase_start = (np.concatenate([[True], ends[:-1]]) for ends in (sentence_end, phrase_end))
    from_start, from_sentence_start = (_since(starts) for starts in (phrase_start, sentence_start))
    to_end = _since(phrase_end[::-1])[::-1]
    columns = [
        *(minor, major, phrase_start, phrase_end, sentence_start, sentence_end),
        *(np.minimum(from_start, 8) / 8, np.minimum(to_end, 8) / 8, np.minimum(from_sentence_start, 20) / 20),
        *(1 / (1 + from_start), 1 / (1 + to_end)),
    ]
    return np.stack(columns, axis=1).astype(np.float64).reshape(count, len(_PLACES))


def _since(starts: np.ndarray) -> np.ndarray:
    """Return how many places ago the last start was, int64 (places,); the first place is one."""
    places = np.arange(len(starts))
    return places - np.maximum.accumulate(np.where(starts, places, 0))


def _shifted(values: np.ndarray, shift: int, outside: float = 0.0) -> np.ndarray:
    """Return the values (words, ...) of the words ``shift`` places on, ``outside`` beyond the ends."""
    if shift == 0:
        return values
    result = np.full(values.shape, outside)
    if abs(shift) < len(values):
        if shift > 0:
            result[:-shift] = values[shift:]
        else:
            result[-shift:] = values[:shift]
    return result


@dataclass(frozen=True)
class ProminenceModel:
    """``words`` are ``occurrences prominence boundary`` of each, the last two in hundredths, divided when asked for.

    ``priors`` (tags + 1, 2) are the usual values of every part of speech and, last, of any word; ``weights`` (regressors, 2).
    A word is prominent where its prominence is above ``prominent``; a break follows where its boundary is above ``broken``.
    """

    tags: tuple[str, ...]
    words: Mapping[str, str]
    priors: np.ndarray
    weights: np.ndarray
    prominent: float
    broken: float

    def predict(self, words: Sequence[str], breaks: Sequence[Break]) -> np.ndarray:
        """Return prominence and boundary of every word, float64 (words, 2), each in 0..:data:`HIGHEST`.

        ``breaks`` are what punctuation asks for after each word. No words give shape (0, 2).
        """
        if not words:
            return np.zeros((0, 2))
        usual, tags, occurrences = self._known(words, breaks)
        values = regressors(words, breaks, tags, len(self.tags), usual, occurrences) @ self.weights
        return np.asarray(np.clip(values, 0.0, HIGHEST))

    def usual(self, words: Sequence[str], breaks: Sequence[Break]) -> np.ndarray:
        """Return what the table says of every word, and of its part of speech where it is rare: as :meth:`predict`."""
        return self._known(words, breaks)[0] if words else np.zeros((0, 2))

    def _known(self, words: Sequence[str], breaks: Sequence[Break]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return of every word its usual prominence and boundary, the number of its part of speech, how often it occurs."""
        numbers = {tag: number for number, tag in enumerate(self.tags)}
        tags = np.array([numbers.get(tag, -1) for tag in tags_of(words, breaks)])
        entries = np.array([self._entry(word) for word in words])
        return shrunk(entries[:, 1:] * entries[:, :1], entries[:, 0], self.priors[tags]), tags, entries[:, 0]

    def _entry(self, word: str) -> tuple[float, float, float]:
        fields = self.words.get(key_of(word), "0 0 0").split()
        return float(fields[0]), int(fields[1]) / 100.0, int(fields[2]) / 100.0


def shrunk(sums: np.ndarray, occurrences: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """Return means of ``sums`` (words, 2) over ``occurrences`` (words,), drawn to ``priors`` (words, 2) where these are few."""
    return np.asarray((sums + PRIOR_WORDS * priors) / (occurrences[:, None] + PRIOR_WORDS))


def write_model(model: ProminenceModel) -> bytes:
    """Return a model as the file ``prominence.xz``: tags, thresholds, priors, weights, a blank line, words; a line each."""
    lines = [" ".join(model.tags), f"{model.prominent:.4f} {model.broken:.4f}"]
    lines += [f"{tag} {a:.4f} {b:.4f}" for tag, (a, b) in zip((*model.tags, "any"), model.priors, strict=True)]
    names = regressor_names(model.tags)
    lines += [f"{name} {a:.5f} {b:.5f}" for name, (a, b) in zip(names, model.weights, strict=True)]
    lines += ["", *(f"{word} {fields}" for word, fields in sorted(model.words.items()))]
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def read_model(data: bytes) -> ProminenceModel:
    """Read what :func:`write_model` made."""
    head, _, table = lzma.decompress(data).decode().partition("\n\n")
    lines = head.split("\n")
    tags = tuple(lines[0].split())
    prominent, broken = map(float, lines[1].split())
    rows = [tuple(map(float, line.split()[1:])) for line in lines[2:]]
    priors, weights = np.array(rows[: len(tags) + 1]), np.array(rows[len(tags) + 1 :])
    return ProminenceModel(
        tags, dict(line.partition(" ")[::2] for line in table.split("\n")), priors, weights, prominent, broken
    )


@lru_cache(maxsize=1)
def prominence_model() -> ProminenceModel:
    """Return the model that ships with the product."""
    return read_model((files("tts.text.english") / "prominence.xz").read_bytes())


def word_prosody(sentence: Sentence, use: ProminenceUse = True) -> np.ndarray:
    """Return prominence and boundary of every word of an English sentence as shares of :data:`HIGHEST`, float32 (words, 2).

    It depends on the words and on punctuation alone, not on where pauses were made. Two uses are controls of what is
    predicted: ``word`` is what the table says of each word, wherever it stands; ``shuffled`` are the predicted values in an
    order drawn from a digest of the words, so that they are of the sentence and of no word in it.
    """
    words = [word.text for word in sentence.words]
    breaks: list[Break] = [word.break_after for word in sentence.words]
    model = prominence_model()
    values = model.usual(words, breaks) if use == "word" else model.predict(words, breaks)
    if use == "shuffled":
        digest = hashlib.sha256("\0".join(words).encode()).digest()
        values = values[np.random.default_rng(np.frombuffer(digest, dtype=np.uint32)).permutation(len(words))]
    return np.asarray(values / HIGHEST, dtype=np.float32)
