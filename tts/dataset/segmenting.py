"""``tts segment``: long recordings and their texts become a corpus of utterances, cut at pauses, with a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from tts.alignment.hmm import train_aligner
from tts.alignment.long_recording import Placed, Text, by_length, by_sound
from tts.alignment.models import AlignerSettings, PhoneModels
from tts.analysis.mfcc import mfcc
from tts.core.audio import Channel, to_mono
from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.core.names import file_key
from tts.corpora.cleaning import speech_threshold
from tts.corpora.recordings import Recordings
from tts.text.engine import FrontEnd
from tts.text.sentence import Sentence, Word
from tts.text.split import split_text

RATE = 16_000  # Hz, of what the models hear
SHORTEST_PAUSE = 0.2  # seconds of silence between two stretches of speech
_SHORTEST_STRETCH = 0.06  # seconds; what is shorter is a click
_AROUND = 8  # frames of silence kept around a stretch
_TRUSTED = 3.0  # cost of a length up to which the first models learn from a stretch
_FIRST_REJECT = -7.0  # match a frame below which a stretch has no text, before the usual match is known
_REJECTED = 5.0  # robust deviations below the usual match at which a stretch has no text
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Stretch:
    """Speech between two pauses, from frame ``start`` to before ``end``."""

    start: int
    end: int


@dataclass(frozen=True)
class LongRecording:
    """A recording, its text's sentences as written, and what they are in words.

    ``sentence_of`` is the number of every word's sentence; ``unread`` are sentences that the front end cannot read, with the
    reason. ``features`` are (frames, features), ``stretches`` what lies between pauses.
    """

    audio: Path
    sentences: tuple[str, ...]
    text: Text
    sentence_of: np.ndarray
    unread: tuple[tuple[str, str], ...]
    grid: FrameGrid
    features: np.ndarray
    stretches: tuple[Stretch, ...]

    def heard(self) -> list[np.ndarray]:
        """Return the features of every stretch with a little silence around it."""
        return [self.features[max(0, s.start - _AROUND) : s.end + _AROUND] for s in self.stretches]


def pairs_of(audio: Path, text: Path) -> list[tuple[Path, Path]]:
    """Return recordings with their texts: the two files, or in two folders those that have the same name.

    Raises :class:`UsageError` where a file and a folder are mixed, a recording has no text, or the utterances of two recordings
    would be called the same.
    """
    if audio.is_file() and text.is_file():
        return [(audio, text)]
    if not audio.is_dir() or not text.is_dir():
        raise UsageError(f"{audio}, {text}: expected a recording and its text, or a folder of recordings and one of texts")
    recordings = Recordings(audio)
    pairs = [(path, text / f"{id}.txt") for id in sorted(recordings.ids) if (path := recordings.find(id)) is not None]
    if not pairs:
        raise UsageError(f"{audio}: holds no recordings")
    for path, own in pairs:
        if not own.is_file():
            raise UsageError(f"{path}: has no text; expected {own}")
    require_distinct_names(path for path, _ in pairs)
    return pairs


def utterance_name(audio: Path) -> str:
    """Return what the ids of a recording's utterances begin with: its name, of letters, digits, dots, dashes, underscores."""
    return re.sub(r"[^\w.-]+", "_", audio.stem).strip("._-") or "utterance"


def require_distinct_names(recordings: Iterable[Path]) -> None:
    """Raise :class:`UsageError` where the utterances of two recordings would be the same files on some file system."""
    by_key: dict[str, Path] = {}
    for path in recordings:
        other = by_key.setdefault(file_key(utterance_name(path)), path)
        if other != path:
            raise UsageError(
                f"{other}, {path}: the utterances of both would be called {utterance_name(path)}_0001 and so on; rename one of "
                f"the recordings, and its text with it"
            )


def read_long(audio: Path, text: Path, engine: FrontEnd, language: str, channel: Channel) -> LongRecording:
    """Read a long recording and its text; raises :class:`TtsError` for either that cannot be read or holds nothing."""
    try:
        raw = text.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TtsError(f"{text}: there is no such text") from None
    except UnicodeDecodeError:
        raise TtsError(f"{text}: not text in UTF-8") from None
    sentences = [" ".join(piece.split()) for line in raw.split("\n\n") for piece in split_text(line, language=language)]
    words: list[Word] = []
    ends, owner = [0], []
    unread: list[tuple[str, str]] = []
    readable: list[str] = []
    for sentence in sentences:
        try:
            read = engine.ask(sentence)[0].words
        except TtsError as error:
            unread.append((sentence, str(error)))
            continue
        if not read:
            continue
        words += [*read[:-1], replace(read[-1], break_after="major")]
        owner += [len(readable)] * len(read)
        readable.append(sentence)
        ends.append(len(words))
    if not words:
        raise TtsError(f"{text}: holds no sentence that can be read")
    signal, rate = _read_signal(audio, channel)
    grid = FrameGrid(rate)
    stretches = find_stretches(signal, grid)
    features = mfcc(signal, grid)
    return LongRecording(
        audio, tuple(readable), Text(tuple(words), tuple(ends)), np.array(owner), tuple(unread), grid, features, stretches
    )


def find_stretches(signal: np.ndarray, grid: FrameGrid) -> tuple[Stretch, ...]:
    """Return the stretches of speech between silences of :data:`SHORTEST_PAUSE` and more.

    Silence is what is below :func:`tts.corpora.cleaning.speech_threshold`.
    """
    step = round(grid.shift * grid.sample_rate)
    count = len(signal) // step
    power = np.square(signal[: count * step].reshape(count, step), dtype=np.float64).mean(axis=1)
    smooth = np.convolve(power, np.full(5, 0.2), "same")
    levels = 10.0 * np.log10(np.maximum(smooth, 1e-14))
    quiet = levels < speech_threshold(levels)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], quiet, [True]]).astype(np.int8)))
    least, shortest = round(SHORTEST_PAUSE / grid.shift), round(_SHORTEST_STRETCH / grid.shift)
    stretches: list[Stretch] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stretches and start - stretches[-1].end < least:
            stretches[-1] = Stretch(stretches[-1].start, end)
        else:
            stretches.append(Stretch(start, end))
    return tuple(s for s in stretches if s.end - s.start >= shortest)


def place_words(recordings: Sequence[LongRecording]) -> tuple[list[list[Placed | None]], float]:
    """Return which words every stretch of every recording holds, and the match below which a stretch has none.

    One set of models learns from all recordings, so they should be one speaker's.
    """
    placed = [by_length(np.array([s.end - s.start for s in r.stretches]), r.text) for r in recordings]
    models = _train(recordings, placed, -_TRUSTED)
    reject = _FIRST_REJECT
    for again in (True, True, False):
        placed = [by_sound(r.heard(), r.text, models, reject) for r in recordings]
        matches = np.array([item.match for items in placed for item in items if item is not None])
        if not len(matches):
            raise TtsError("no stretch of the recordings matches the text; is it this recording's?")
        middle = float(np.median(matches))
        reject = middle - _REJECTED * max(1.4826 * float(np.median(np.abs(matches - middle))), 0.1 * abs(middle))
        if again:
            models = _train(recordings, placed, reject)
    return placed, reject


def _train(recordings: Sequence[LongRecording], placed: Sequence[Sequence[Placed | None]], least: float) -> PhoneModels:
    """Return models trained on the stretches whose words match at least so well."""
    features: list[np.ndarray] = []
    sentences: list[Sentence] = []
    for recording, items in zip(recordings, placed, strict=True):
        for values, item in zip(recording.heard(), items, strict=True):
            if item is not None and item.match >= least:
                features.append(values)
                sentences.append(Sentence("", "", recording.text.words[item.first : item.last]).with_pauses(()))
    if not features:
        raise TtsError("no stretch of the recordings is as long as any of the text would be; is it this recording's?")
    return train_aligner(features, sentences, AlignerSettings(context_passes=0, soft_frames=100_000)).models


def _read_signal(audio: Path, channel: Channel) -> tuple[np.ndarray, int]:
    """Read a long recording, block by block, as mono float32 at 16 kHz or its own lower rate."""
    import soxr  # comes with librosa; imported here because most commands never resample

    pieces = []
    try:
        with soundfile.SoundFile(str(audio)) as stream:
            rate = min(RATE, stream.samplerate)
            resampler = soxr.ResampleStream(stream.samplerate, rate, 1, dtype="float32", quality="HQ")
            for block in stream.blocks(_BLOCK, dtype="float32", always_2d=True):
                pieces.append(resampler.resample_chunk(np.asarray(to_mono(audio, block, channel), np.float32)))
            pieces.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise TtsError(f"{audio}: not readable as audio ({error})") from None
    signal = np.concatenate(pieces)
    if not len(signal) or not np.isfinite(signal).all() or not signal.any():
        raise TtsError(f"{audio}: nothing is heard in it")
    return signal, rate
