"""What tests of lists of utterances share: silent recordings, and a list read as a recipe of one speaker reads it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from tts.corpora.layouts import open_layout
from tts.corpora.problems import Problem
from tts.corpora.types import Corpus, CorpusSource

KNOWN = CorpusSource(name="mine", speaker="anna", language="en-us", licence="CC0-1.0")


def wav(path: Path, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), 0.1 * np.random.default_rng(0).standard_normal(round(16_000 * seconds)), 16_000)
    return path


def read(format: str, root: Path, **known: object) -> tuple[Corpus, list[Problem]]:
    return open_layout(format)(root, replace(KNOWN, **known))


def texts(corpus: Corpus) -> dict[str, str]:
    return {utterance.id: utterance.text for utterance in corpus}


def codes(problems: list[Problem]) -> dict[str, str]:
    return {problem.id: problem.reason_code for problem in problems}
