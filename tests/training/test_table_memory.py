"""What a training holds in memory, and that where it lies changes nothing of what is learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tts.core.errors import NotWritten
from tts.core.files import read_json
from tts.core.scratch import PREFIX, scratch_tensor
from tts.core.tensors import load_tensors
from tts.dataset import table as table_module
from tts.dataset.frame_positions import FramePositions
from tts.dataset.prepared import Packed, Prepared
from tts.recipe import Recipe
from tts.training.train import train_voice

FIXTURE = Path(__file__).parent.parent / "fixtures" / "format-2"
CPU = torch.device("cpu")


def test_an_array_on_the_disk_has_no_name_and_keeps_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scratch_tensor(1000, 7, torch.bfloat16, tmp_path / "new")
    made.copy_(torch.arange(7000).view(1000, 7))
    assert not list((tmp_path / "new").iterdir())
    maps = Path("/proc/self/maps")
    assert not maps.exists() or PREFIX in maps.read_text(encoding="utf-8")
    assert torch.equal(made[::99], torch.arange(7000).view(1000, 7)[::99].bfloat16())
    del made
    assert not maps.exists() or PREFIX not in maps.read_text(encoding="utf-8")
    monkeypatch.setattr("tts.core.scratch.RESERVE", 10**18)
    with pytest.raises(NotWritten, match=r"0\.01 GB are needed for what later stages read"):
        scratch_tensor(1_000_000, 7, torch.bfloat16, tmp_path)


def test_of_a_frame_ten_bytes_are_held_beside_what_is_mapped() -> None:
    """Two of positions, eight of its segment's and utterance's number, five of which frames count: the arrays are files."""
    table = Prepared(FIXTURE / "prepared").frame_table("train", ["mcep", "lf0", "vuv", "bap"], CPU)
    assert isinstance(table.positions, FramePositions)
    assert table.positions.nbytes == 32 * len(table.segments)
    assert sum(numbers.element_size() for numbers in table._places.values()) == 8
    assert table.segment_of_row is not None and table.segment_of_row.itemsize == 4
    assert table._places["segment"].data_ptr() == table.segment_of_row.ctypes.data
    assert table.counts_of_row.data_ptr() == table.counted.ctypes.data
    assert table.counted_rows.element_size() == 4
    assert all(isinstance(target.values, np.memmap) for target in table.targets.values())
    for name, target in table.targets.items():
        assert table._columns[name].data_ptr() == target.values.ctypes.data


def test_only_what_is_large_goes_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Prepared(FIXTURE / "prepared").frame_table("train", ["lf0"], CPU)
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(table_module, "scratch_tensor", lambda rows, width, dtype, folder: asked.append((rows, width)))
    size = 2 * 8 * table.rows
    for free, scratch, disk in ((10 * size, tmp_path, False), (10 * size - 10, tmp_path, True), (0, None, False)):
        monkeypatch.setattr(table_module, "available_memory", lambda device, free=free: free)
        table.scratch = scratch
        table.empty(8)
        assert bool(asked) is disk
        asked.clear()


def held(prepared: Prepared, packed: Packed) -> np.ndarray:
    """What a table had before: an array of all positions."""
    return FramePositions(packed.durations, packed.segment_starts).array()


@pytest.mark.slow
def test_training_is_the_same_to_the_bit_wherever_things_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data: dict[str, Any] = read_json(FIXTURE / "single" / "training" / "run.json")["recipe"]
    data["training"] |= {"steps": 4, "validate_every": 2, "cross_fit": 2, "precision": "float32"}
    data["duration"]["training"] |= {"steps": 2}
    recipe, prepared = Recipe.model_validate(data | {"samples": []}), Prepared(FIXTURE / "prepared")
    on_disk: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(table_module, "SHARE", -1.0)
        patch.setattr(table_module, "scratch_tensor", lambda *asked: on_disk.append(1) or scratch_tensor(*asked))
        train_voice(recipe, prepared, "stacked", tmp_path / "disk", device="cpu")
    assert len(on_disk) >= 4
    monkeypatch.setattr(Prepared, "_positions", held)
    train_voice(recipe, prepared, "stacked", tmp_path / "memory", device="cpu")
    for path in sorted((tmp_path / "memory").glob("*.safetensors")):
        (one, _), (other, _) = load_tensors(path), load_tensors(tmp_path / "disk" / path.name)
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert not list(tmp_path.rglob(f"{PREFIX}*"))
