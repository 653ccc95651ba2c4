"""Long silences: out of what the aligner reads, and back into its answer; padded recordings align as they did without."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.alignment.hmm import train_aligner
from tts.alignment.silence import ShortenedFeatures, lengthen, shorten
from tts.alignment.types import Aligned, Alignment
from tts.analysis.mfcc import aligner_features
from tts.core.audio import read_audio
from tts.core.grid import FrameGrid
from tts.dataset.prepared import read_sentences

FIXTURES = Path(__file__).parents[1] / "fixtures"
GRID = FrameGrid(16_000)


def marked(mask: list[bool]) -> np.ndarray:
    """Return features of one column that numbers the frames, with the mask behind it."""
    return np.stack([np.arange(len(mask)), np.array(mask)], axis=1).astype(np.float32)


@given(st.lists(st.booleans(), min_size=10, max_size=60).filter(lambda mask: mask.count(False) >= 6), st.data())
def test_frames_come_back_to_the_state_that_they_were_in(mask: list[bool], data: st.DataObject) -> None:
    features = marked(mask)
    short = shorten(features)
    assert short[:, 0].tolist() == [n for n, silent in enumerate(mask) if not silent]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(short) - 1), min_size=3, max_size=3)))
    durations = np.diff([0, *cuts, len(short)]).reshape(2, 2)
    long = lengthen(Alignment(("a", "b"), durations), features)
    assert long.frames == len(mask)
    state = np.repeat(np.arange(4), long.durations.ravel())
    np.testing.assert_array_equal(state[[not silent for silent in mask]], np.repeat(np.arange(4), durations.ravel()))


def test_features_are_read_when_they_are_wanted() -> None:
    asked = []

    def read(number: int) -> np.ndarray:
        asked.append(number)
        return marked([False, number == 1, False])

    features = ShortenedFeatures(3, read)
    assert (len(features), asked) == (3, [])
    assert [len(values) for values in features] == [3, 2, 3]
    assert len(features[-2]) == 2
    assert [len(values) for values in features[1:]] == [2, 3]
    with pytest.raises(IndexError):
        features[3]


def padded(signal: np.ndarray, kind: str) -> tuple[np.ndarray, float]:
    """Return the signal with silence, and the seconds that its beginning moved."""
    rng = np.random.default_rng(0)
    if kind == "inside":
        middle = len(signal) // 2 + int(np.abs(signal[len(signal) // 2 :][:3200]).argmin())
        return np.concatenate([signal[:middle], np.zeros(16_000), signal[middle:]]), 0.0
    seconds = 0.5 if kind == "zeros" else 3.0
    count = round(seconds * 16_000)
    edge = np.zeros((2, count)) if kind == "zeros" else 2e-4 * rng.standard_normal((2, count))
    return np.concatenate([edge[0], signal, edge[1]]), seconds


def align(signals: dict[str, np.ndarray], change: dict[str, np.ndarray]) -> dict[str, tuple[Aligned, Alignment]]:
    """Train on ``signals``; return the alignments of all, those of ``change`` in place of the same recordings."""
    sentences = dict(read_sentences(FIXTURES / "format-2" / "prepared" / "alignments" / "sentences.jsonl"))
    learnt = [aligner_features(signals[key], GRID) for key in sentences]
    read = [aligner_features(change.get(key, signals[key]), GRID) for key in sentences]
    aligner = train_aligner([shorten(x) for x in learnt], list(sentences.values()), progress=False)
    answers = aligner.align([shorten(x) for x in read], list(sentences.values()), progress=False)
    assert all(isinstance(answer, Aligned) for answer in answers)
    return {key: (answer, lengthen(answer.alignment, x)) for key, answer, x in zip(sentences, answers, read, strict=True)}  # type: ignore[misc]


@pytest.mark.slow
def test_padded_recordings_align_as_they_did_without() -> None:
    signals = {path.stem: read_audio(path)[0] for path in sorted((FIXTURES / "speech" / "wavs").iterdir())}
    kinds = dict(zip(list(signals)[::2], ["zeros", "room", "inside"] * 3, strict=False))
    padding = {key: padded(signals[key], kind) for key, kind in kinds.items()}
    before, after = align(signals, {}), align(signals, {key: signal for key, (signal, _) in padding.items()})
    wrong = []
    for key, kind in kinds.items():
        answer, long = after[key]
        spoken = np.array([not segment.silent for segment in answer.sentence.segments])
        longest = long.phone_durations[spoken].max() * GRID.shift
        first = (long.phone_starts[1] * GRID.shift, before[key][1].phone_starts[1] * GRID.shift + padding[key][1])
        assert long.frames == GRID.frames(len(padding[key][0]))
        if longest > 0.6 or abs(first[0] - first[1]) > 0.05:
            wrong.append((key, kind, round(float(longest), 2), first))
    assert wrong == []
