"""What is held of a large corpus: places on disk; its arrays are written and read a part at a time."""

import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tts.alignment.types import Aligned, Alignment
from tts.analysis.extract import Features
from tts.analysis.feature_index import FeatureIndex
from tts.core.errors import TtsError
from tts.core.processes import Failure
from tts.dataset.aligned_file import ALIGNMENT, AlignedFile, open_alignments, write_alignments
from tts.dataset.new_array import NewArray, array_blocks
from tts.dataset.prepared import SentenceFile, read_sentences, write_sentences
from tts.text.sentence import Sentence, Syllable, Word

OLD = Path(__file__).parents[1] / "fixtures" / "format-2" / "prepared" / "alignments"


def sentence(text: str) -> Sentence:
    return Sentence(text, "en", tuple(Word(word, (Syllable(tuple(word), 1),)) for word in text.split()))


def aligned(text: str, seed: int = 0, match: float = -1.0) -> Aligned:
    spoken = sentence(text).with_pauses([0])
    durations = np.random.default_rng(seed).integers(1, 90, (len(spoken.phones), 5))
    return Aligned(spoken, Alignment(spoken.phones, durations, -50.5, match))


def assert_same(one: Aligned, other: Aligned) -> None:
    assert one.sentence == other.sentence
    np.testing.assert_array_equal(one.alignment.durations, other.alignment.durations)
    assert one.alignment.score == other.alignment.score
    np.testing.assert_equal(one.alignment.match, other.alignment.match)


def test_alignments_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    results = {"c": aligned("see you", 1), "a": Failure("too short"), "b": aligned("bee", 2, float("nan"))}
    write_alignments(tmp_path / ALIGNMENT, "1234", results.items())
    stored = AlignedFile(tmp_path / ALIGNMENT, ["a", "b", "c"])
    assert list(stored) == ["b", "c"] and stored.failed == {"a": "too short"}
    for key in stored:
        assert_same(stored[key], results[key])
        assert stored.segments(key) == len(results[key].alignment.phones)
    assert list(stored.without({"b"})) == ["c"]
    assert open_alignments(tmp_path, "5678", ["a", "b", "c"]) is None
    assert open_alignments(tmp_path, "1234", ["b", "c"]) is not None
    with (tmp_path / ALIGNMENT).open("a", encoding="utf-8") as stream:
        stream.write('{"id": "d"')
    assert open_alignments(tmp_path, "1234", ["a", "b", "c"]) is None


def test_alignments_of_an_earlier_version_are_brought_forward(tmp_path: Path) -> None:
    shutil.copytree(OLD, tmp_path / "alignments")
    folder = tmp_path / "alignments"
    record = json.loads((OLD / "alignment.json").read_text(encoding="utf-8"))
    sentences = dict(read_sentences(OLD / "sentences.jsonl"))
    record["matches"] = dict.fromkeys(sentences, -0.25)  # version 0.1.0 had none
    (folder / "alignment.json").write_text(json.dumps(record), encoding="utf-8")
    stored = open_alignments(folder, record["identity"], list(sentences))
    assert stored is not None and list(stored) == list(sentences)
    for key, known in stored.items():
        assert known.sentence == sentences[key]
        assert known.alignment.durations.tolist() == record["durations"][key]
        assert known.alignment.score == record["scores"][key]
    assert not (folder / "alignment.json").exists() and not (folder / "sentences.jsonl").exists()
    assert open_alignments(folder, "another", list(sentences)) is None


def test_results_are_found_again_by_a_few_bytes_each(tmp_path: Path) -> None:
    index = FeatureIndex()
    expected = {}
    for number in range(50):
        kinds = {"world": f"world-{number % 2}", "mfcc": "mfcc-x"}
        names = dict.fromkeys(kinds, f"u.{number}-{number:016x}.safetensors")
        paths = {name: tmp_path / kind / names[name] for name, kind in kinds.items()}
        expected[f"u.{number}"] = Features(f"u.{number}", 7 * number, paths)
        index.add(expected[f"u.{number}"])
    assert dict(index) == expected and list(index) == list(expected) and "v" not in index
    assert index.frames("u.3") == 21
    with pytest.raises(ValueError, match="another form"):
        index.add(Features("z", 1, {"world": tmp_path / "z.npy"}))


@pytest.mark.parametrize(
    ("shape", "kind"), [((100_000, 15), np.float32), ((7, 5), np.int32), ((9,), np.bool_), ((0, 3), np.float32)]
)
def test_an_array_written_row_by_row_is_the_same_file(tmp_path: Path, shape: tuple[int, ...], kind: type) -> None:
    values = (np.random.default_rng(0).normal(0.0, 9.0, shape)).astype(kind)
    np.save(tmp_path / "whole.npy", values)
    with NewArray(tmp_path / "rows.npy", shape, kind) as array:
        for start in range(0, len(values), 999):
            array.add(values[start : start + 999])
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy", mmap_mode="r"), values)
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    blocks = list(array_blocks(tmp_path / "rows.npy"))
    np.testing.assert_array_equal(np.concatenate([*blocks, values[:0]]), values)
    assert len(blocks) < 3 or max(block.nbytes for block in blocks) <= 1 << 22


def test_rows_must_fit(tmp_path: Path) -> None:
    with pytest.raises(TtsError, match="do not belong"), NewArray(tmp_path / "a.npy", (3, 2)) as array:
        array.add(np.zeros((1, 3)))
    with pytest.raises(TtsError, match="1 rows were added to an array of 3"), NewArray(tmp_path / "b.npy", (3, 2)) as array:
        array.add(np.zeros((1, 2)))


def test_sentences_and_alignments_take_little_memory(tmp_path: Path) -> None:
    """Held are ids and places: some hundred bytes an utterance, where a sentence of eight words takes kilobytes."""
    count, text = 2000, "the quick brown fox jumps over lazy dogs"
    write_sentences(tmp_path / "sentences.jsonl", ((f"utterance_{n:05}", sentence(text)) for n in range(count)))
    keys = [f"utterance_{n:05}" for n in range(count)]
    write_alignments(tmp_path / ALIGNMENT, "x", ((key, aligned(text)) for key in keys))
    tracemalloc.start()
    try:
        held = SentenceFile(tmp_path / "sentences.jsonl"), AlignedFile(tmp_path / ALIGNMENT, keys)
        assert sum(len(each.sentence.words) for each in held[1].values()) == 8 * count
        assert sum(len(each.words) for each in held[0].values()) == 8 * count
        current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert current / count < 700 and peak / count < 1000  # of both files together
