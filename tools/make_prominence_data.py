"""Make tts/text/english/prominence.xz: how prominent words are, and how strong the boundaries after them, as LibriTTS's readers
made them.

    git clone https://github.com/Helsinki-NLP/prosody
    python tools/make_prominence_data.py prosody/data/dev.txt prosody/data/test.txt

A model of the first file is scored on the second, beside simpler ones, and printed as a table; the model that is written is
of both. NOTICE in tts/text/english names sources and licences. Takes a minute.

The files (Talman et al. 2019) have a line ``<file> NAME`` before each utterance and then a line a word or sign: the word,
prominence in three classes, boundary in three classes, prominence, boundary; ``NA`` where nothing was measured.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.text.english.prominence import (
    HIGHEST,
    ProminenceModel,
    key_of,
    regressor_names,
    regressors,
    shrunk,
    tags_of,
    write_model,
)
from tts.text.english.tagger import english_tagger
from tts.text.function_words import is_function_word
from tts.text.sentence import Break

FILE = Path(__file__).parents[1] / "tts" / "text" / "english" / "prominence.xz"
RIDGE = 10.0  # added to the diagonal of standardised regressors


@dataclass(frozen=True)
class Measured:
    """An utterance: ``values`` (words, 2) are roots of prominence and boundary, NaN where they were not measured.

    ``classes`` (words, 2) are prominence and boundary in three classes, -1 where they were not measured.
    """

    words: tuple[str, ...]
    breaks: tuple[Break, ...]
    values: np.ndarray
    classes: np.ndarray


def read_utterances(path: Path) -> list[Measured]:
    """Read a file of the corpus."""
    utterances: list[list[tuple[str, str, list[str]]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if fields[0] == "<file>":
            utterances.append([])
        elif any(map(str.isalnum, fields[0])):
            utterances[-1].append((fields[0], "", fields[1:]))
        elif utterances[-1]:
            word, signs, values = utterances[-1][-1]
            utterances[-1][-1] = (word, signs + fields[0], values)
    return [_measured(rows) for rows in utterances if rows]


def _measured(rows: Sequence[tuple[str, str, list[str]]]) -> Measured:
    values = np.array([[_number(fields[2]), _number(fields[3])] for _, _, fields in rows])
    classes = np.array([[int(f) if f != "NA" else -1 for f in fields[:2]] for _, _, fields in rows])
    unknown = (classes < 0).any(axis=1) | np.isnan(values).any(axis=1)
    values[unknown], classes[unknown] = np.nan, -1
    breaks = tuple(_break(signs) for _, signs, _ in rows)
    return Measured(tuple(word for word, _, _ in rows), breaks, np.sqrt(np.maximum(values, 0.0)), classes)


def _number(field: str) -> float:
    return float(field) if field != "NA" else np.nan


def _break(signs: str) -> Break:
    if re.search(r"[.!?]", signs):
        return "major"
    return "minor" if re.search(r"[,;:]", signs) else ""


class Tables:
    """Sums and numbers of occurrences by word and by part of speech."""

    def __init__(self, utterances: Sequence[Measured], tags: Sequence[np.ndarray], tag_count: int) -> None:
        self.sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(2))
        self.counts: dict[str, int] = defaultdict(int)
        by_tag, tag_counts = np.zeros((tag_count + 1, 2)), np.zeros((tag_count + 1, 1))
        for utterance, numbers in zip(utterances, tags, strict=True):
            for word, tag, value in zip(utterance.words, numbers, utterance.values, strict=True):
                if not np.isnan(value).any():
                    self.sums[key_of(word)] += value
                    self.counts[key_of(word)] += 1
                    for row in {int(tag), -1}:
                        by_tag[row] += value
                        tag_counts[row] += 1
        overall = by_tag[-1] / tag_counts[-1]
        self.priors = shrunk(by_tag, tag_counts[:, 0], np.tile(overall, (tag_count + 1, 1)))

    def usual(self, utterance: Measured, tags: np.ndarray, *, without_own: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return usual values (words, 2) and occurrences (words,); ``without_own`` leaves each occurrence itself out."""
        keys = [key_of(word) for word in utterance.words]
        sums = np.array([self.sums[key] if key in self.sums else np.zeros(2) for key in keys])
        counts = np.array([self.counts.get(key, 0) for key in keys], dtype=np.float64)
        if without_own:
            known = ~np.isnan(utterance.values).any(axis=1)
            sums[known] -= utterance.values[known]
            counts[known] -= 1.0
        return shrunk(sums, counts, self.priors[tags]), counts


def fit(utterances: Sequence[Measured]) -> ProminenceModel:
    """Return the model of these utterances."""
    names = english_tagger().tags
    tags = [np.array([names.index(tag) for tag in tags_of(u.words, u.breaks)]) for u in utterances]
    tables = Tables(utterances, tags, len(names))
    rows = []
    for utterance, own in zip(utterances, tags, strict=True):
        usual, counts = tables.usual(utterance, own, without_own=True)
        rows.append(regressors(utterance.words, utterance.breaks, own, len(names), usual, counts))
    x, y = np.concatenate(rows), np.concatenate([u.values for u in utterances])
    classes = np.concatenate([u.classes for u in utterances])
    known = ~np.isnan(y).any(axis=1)
    x, y, classes = x[known], y[known], classes[known]
    deviation = np.maximum(x.std(axis=0), 0.01)
    scaled = x / deviation
    weights = np.linalg.solve(scaled.T @ scaled + RIDGE * np.eye(x.shape[1]), scaled.T @ y) / deviation[:, None]
    predicted = np.clip(x @ weights, 0.0, HIGHEST)
    words = {
        key: "{} {} {}".format(count, *np.rint(100.0 * tables.sums[key] / count).astype(int))
        for key, count in tables.counts.items()
    }
    prominent = _best(predicted[:, 0], classes[:, 0] > 0, accuracy)
    return ProminenceModel(names, words, tables.priors, weights, prominent, _best(predicted[:, 1], classes[:, 1] > 0, f1))


def accuracy(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return the share that agrees."""
    return float((predicted == true).mean())


def f1(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return the harmonic mean of precision and recall."""
    return float(2.0 * (predicted & true).sum() / (predicted.sum() + true.sum()))


def _best(values: np.ndarray, true: np.ndarray, score: Callable[[np.ndarray, np.ndarray], float]) -> float:
    thresholds = np.linspace(0.0, HIGHEST, 301)
    return float(thresholds[np.argmax([score(values > threshold, true) for threshold in thresholds])])


def evaluate(model: ProminenceModel, utterances: Sequence[Measured]) -> str:
    """Return a table of the model's scores and those of simpler ones."""
    classes = np.concatenate([u.classes for u in utterances])
    known = classes[:, 0] >= 0
    classes, truth = classes[known], np.concatenate([u.values for u in utterances])[known]
    words = [word for u in utterances for word in u.words]
    content = np.array([not is_function_word(word, "en") for word in words], dtype=np.float64)[known]
    entries = [model.words.get(key_of(word), "0 0 0").split() for word in words]
    alone = np.array([int(e[1]) / 100 if int(e[0]) else model.priors[-1, 0] for e in entries])[known]
    signs = np.array([after != "" for u in utterances for after in u.breaks], dtype=np.float64)[known]
    predicted = np.concatenate([model.predict(u.words, u.breaks) for u in utterances])[known]
    prominent, broken = classes[:, 0] > 0, classes[:, 1] > 0

    def row(name: str, values: np.ndarray, limit: float, what: int) -> str:
        true = broken if what else prominent
        varies = values.std() > 0
        of_root, of_value = (np.corrcoef(values, truth[:, what] ** power)[0, 1] if varies else 0.0 for power in (1, 2))
        score = f"{100 * accuracy(values > limit, true):.1f}" if not what else f"{f1(values > limit, true):.3f}"
        return f"| {name} | {score} | {of_root:.3f} | {of_value:.3f} |"

    majority = np.full(len(prominent), float(prominent.mean() > 0.5))
    lines = ["| prominence | accuracy, % | correlation | of the value itself |", "| --- | ---: | ---: | ---: |"]
    lines += [row("the more frequent class", majority, 0.5, 0), row("content words", content, 0.5, 0)]
    lines += [row("the word's mean", alone, model.prominent, 0), row("**the model**", predicted[:, 0], model.prominent, 0)]
    lines += ["", "| boundary | F1 | correlation | of the value itself |", "| --- | ---: | ---: | ---: |"]
    lines += [row("punctuation", signs, 0.5, 1), row("**the model**", predicted[:, 1], model.broken, 1)]
    return "\n".join(lines)


def main() -> None:
    """Score a model of one file on another, and write one of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, help="dev.txt")
    parser.add_argument("test", type=Path, help="test.txt")
    parser.add_argument("--only-score", action="store_true", help="write nothing")
    chosen = parser.parse_args()
    train, test = read_utterances(chosen.train), read_utterances(chosen.test)
    model = fit(train)
    print(f"{sum(len(u.words) for u in train)} words to learn from, {sum(len(u.words) for u in test)} to be scored on\n")
    print(evaluate(model, test))
    if not chosen.only_score:
        both = fit([*train, *test])
        FILE.write_bytes(write_model(both))
        size = FILE.stat().st_size
        print(f"\n{FILE.name}: {len(both.words)} words, {len(regressor_names(both.tags))} weights, {size} bytes")


if __name__ == "__main__":
    main()
