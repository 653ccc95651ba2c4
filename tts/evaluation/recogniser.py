"""Word error rate of an independent recogniser (pocketsphinx, English), to ask whether a voice can be understood.

The recogniser is an old and small one that makes many errors on natural speech too, so its rate means something only beside the
rates of the recordings and of their copy synthesis. Optional: ``pip install 'stacked-tts[wer]'``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import read_audio
from tts.core.errors import TtsError, UsageError
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.evaluation.scores import Scores
from tts.text.normalise import clean
from tts.text.normalise import normalise as read_signs

RECOGNISER_RATE = 16_000
Recording = Path | tuple[np.ndarray, int]  # an audio file, or mono samples in -1..1 with their rate in Hz


def require_recogniser(language: str) -> None:
    """Raise :class:`UsageError` unless ``language`` (such as ``en-us``) is English and pocketsphinx is installed."""
    if language.lower().split("-")[0] != "en":
        raise UsageError(f"the recogniser knows English only, so there is no word error rate for language {language!r}")
    _pocketsphinx()


def _pocketsphinx() -> Any:
    try:
        import pocketsphinx
    except ImportError:
        raise UsageError("word error rates need pocketsphinx; install it with: pip install 'stacked-tts[wer]'") from None
    return pocketsphinx


@lru_cache(maxsize=1)
def _decoder() -> Any:
    return _pocketsphinx().Decoder(samprate=RECOGNISER_RATE, loglevel="FATAL")


def transcribe(signal: np.ndarray, rate: int) -> list[str]:
    """Return the words recognised in mono samples in -1..1, in lower case; an empty list where none were recognised.

    The signal is resampled from ``rate`` (Hz) to 16 kHz. It is decoded as a whole, with its own cepstral mean, so the result
    does not depend on what was decoded before.
    """
    samples = np.asarray(signal, np.float64)
    if rate != RECOGNISER_RATE:
        import soxr

        samples = soxr.resample(samples, rate, RECOGNISER_RATE)
    pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
    if not pcm.any():  # in digital silence the decoder finds a word
        return []
    decoder = _decoder()
    decoder.start_utt()
    try:
        decoder.process_raw(pcm.tobytes(), full_utt=True)
    finally:
        decoder.end_utt()
    hypothesis = decoder.hyp()
    return normalise(hypothesis.hypstr) if hypothesis is not None else []


def transcribe_all(recordings: Sequence[Recording], *, workers: Place = None) -> list[list[str] | Failure]:
    """Transcribe recordings in worker processes (see :func:`tts.core.processes.parallel_map`), in the order given."""
    _pocketsphinx()  # said once, here, rather than by every worker
    recognised: list[list[str] | Failure] = [[] for _ in recordings]
    for index, words in parallel_map(_transcribe_one, recordings, workers=workers, label="recognising"):
        recognised[index] = words
    return recognised


def _transcribe_one(recording: Recording) -> list[str]:
    return transcribe(*(read_audio(recording, channel="mix") if isinstance(recording, Path) else recording))


def normalise(text: str) -> list[str]:
    """Return the words of an English text as a recogniser writes them.

    Abbreviations and signs are read as the front end reads them; then lower case, accents and punctuation off, apostrophes
    inside words kept, hyphens are spaces, numbers spelt. What reads in two ways (``1998``) is better given as the front end's
    words.
    """
    plain = unicodedata.normalize("NFKD", read_signs(clean(text), "en").lower())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)
    plain = re.sub(r"(\d+)(?:\.(\d+))?(st|nd|rd|th)?\b", _spell, plain)
    return re.findall(r"[a-z]+(?:'[a-z]+)*", plain)


def _spell(number: re.Match[str]) -> str:
    from num2words import num2words  # comes with gruut

    whole, decimals, ordinal = number.groups()
    words = [num2words(int(whole), ordinal=bool(ordinal))]
    if decimals:
        words += ["point", *(num2words(int(digit)) for digit in decimals)]
    return f" {' '.join(words)} "


def word_errors(reference: Sequence[str], recognised: Sequence[str]) -> tuple[int, int]:
    """Return the fewest substitutions, deletions and insertions that turn ``recognised`` into ``reference``, and its length."""
    row = list(range(len(recognised) + 1))
    for i, expected in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, word in enumerate(recognised, 1):
            diagonal, row[j] = row[j], min(diagonal + (word != expected), row[j] + 1, row[j - 1] + 1)
    return row[-1], len(reference)


def word_scores(reference: str, recognised: Sequence[str]) -> Scores:
    """Return the scores of one recognised utterance: its metric is ``wer``, errors over reference words in %."""
    errors, words = word_errors(normalise(reference), recognised)
    if words == 0:
        raise TtsError(f"the reference text {reference!r} has no words to recognise")
    return Scores({"word_errors": np.asarray(float(errors)), "words": np.asarray(float(words))})
