"""What never changed in training is shown to no network: neither when it is validated nor when it speaks."""

import shutil
from pathlib import Path

import numpy as np
import torch

from tts.core.files import read_json, write_json
from tts.dataset.constant import hold_constant
from tts.dataset.prepared import DURATION, Prepared
from tts.generation.voice import load_voice

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"


def test_vectors_are_copied_only_where_one_differs() -> None:
    vectors = np.array([[0.0, 1.0], [0.0, 2.0]], dtype=np.float32)
    assert hold_constant(vectors, {0: 0.0}) is vectors
    np.testing.assert_array_equal(hold_constant(vectors, {0: 0.0, 1: 0.1}), np.float32([[0.0, 0.1], [0.0, 0.1]]))
    np.testing.assert_array_equal(vectors[:, 1], [1.0, 2.0])


def test_validation_reads_what_the_voice_will_read(tmp_path: Path) -> None:
    """A validation sentence with a feature that training never had: tables and voice read the same numbers for it."""
    shutil.copytree(FIXTURE / "prepared", tmp_path / "prepared")
    facts = read_json(tmp_path / "prepared" / "prepared.json")
    column, value = next(iter(facts["constant_features"].items()))
    path = tmp_path / "prepared" / "packed" / "validation" / "vectors.npy"
    vectors = np.load(path)
    vectors[3, int(column)] = value + 1.0
    np.save(path, vectors)
    write_json(tmp_path / "prepared" / "prepared.json", facts)

    prepared, device = Prepared(tmp_path / "prepared"), torch.device("cpu")
    packed = prepared.packed("validation")
    voice = load_voice(FIXTURE / "single", "cpu")
    spoken = np.concatenate([voice._vectors(prepared.sentences[key]) for key in packed.ids])
    assert spoken[3, int(column)] == np.float32(value)
    for table in (
        prepared.segment_table("validation", [DURATION], device),
        prepared.frame_table("validation", ["mcep"], device),
    ):
        np.testing.assert_array_equal(np.asarray(table.segments), spoken)
