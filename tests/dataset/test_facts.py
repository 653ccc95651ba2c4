"""What is known of a prepared corpus: one reader, one writer, and folders made by version 0.1.0."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tts.core.errors import TtsError
from tts.dataset.facts import FACTS, FORMAT, PreparedFacts, read_facts, write_facts
from tts.dataset.prepared import SPLITS, Prepared
from tts.dataset.subset import Subset

OLD = Path(__file__).parents[1] / "fixtures" / "format-2" / "prepared"


def old_data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((OLD / FACTS).read_text(encoding="utf-8"))
    return data


def changed(tmp_path: Path, **changes: Any) -> Path:
    (tmp_path / FACTS).write_text(json.dumps({**old_data(), **changes}), encoding="utf-8")
    return tmp_path


def test_a_folder_of_version_0_1_0_is_read() -> None:
    stored, facts = old_data(), read_facts(OLD)
    assert stored["format"] == 2
    assert (facts.format, facts.arrays) == (FORMAT, "packed")
    assert (facts.fingerprint, facts.identities) == (stored["fingerprint"], stored["identities"])
    assert [stream.to_dict() for stream in facts.streams.values()] == stored["streams"]
    assert [stream.name for stream in facts.segment_streams] == stored["segment_streams"]
    assert facts.inventory.to_dict() == stored["inventory"]
    assert facts.features.to_dict() == stored["features"]
    assert {str(column): value for column, value in facts.constant_features.items()} == stored["constant_features"]
    assert [list(frames) for frames in facts.silence] == stored["silence"]
    assert facts.corpus.model_dump() == {**stored["corpus"], "consent": ""}
    assert facts.text.model_dump() == stored["text"]
    assert facts.audio == stored["audio"]
    assert {split: length.model_dump() for split, length in facts.splits.items()} == stored["splits"]


def test_its_arrays_sentences_and_recipe_belong_together() -> None:
    prepared = Prepared(OLD)
    for split in SPLITS:
        packed = prepared.packed(split)
        assert len(packed.ids) == prepared.facts.splits[split].utterances
        assert packed.streams["mcep"].shape == (packed.frame_starts[-1], prepared.streams["mcep"].dimension)
        assert packed.vectors.shape == (packed.segment_starts[-1], prepared.features.dimension)
        assert all(
            len(prepared.sentences[key].segments) == np.diff(packed.segment_starts)[n] for n, key in enumerate(packed.ids)
        )
    assert prepared.recipe.frames.grid == prepared.grid
    assert prepared.statistics["mcep"].mean.shape == (13,)
    assert prepared.identity(["gammatone"]) != prepared.identity([])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    facts = read_facts(OLD)
    write_facts(tmp_path, facts)
    assert read_facts(tmp_path) == facts
    assert json.loads((tmp_path / FACTS).read_text(encoding="utf-8"))["format"] == FORMAT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 1}, "format 1, this version reads 2 and 3"),
        ({"silence": "none"}, "damaged .silence: "),
        ({"grid": {"sample_rate": 5, "shift_ms": 5.0}}, "sample_rate 5 is outside"),
        ({"unknown": 1}, "damaged .unknown: "),
        ({"frame_streams": ["mcep", "nothing"]}, "damaged .KeyError: 'nothing'"),
        ({"audio": {"../evil": "/x.wav"}}, "the name '../evil' has one of"),
        ({"identities": {}}, "the key basis is missing"),
    ],
)
def test_a_damaged_file_names_the_key(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TtsError, match=message):
        read_facts(changed(tmp_path, **changes))


def test_facts_cannot_be_changed() -> None:
    facts = read_facts(OLD)
    with pytest.raises(ValueError, match="frozen"):
        facts.states = 3  # type: ignore[misc]


def test_a_subset_leaves_the_whole_as_it_is() -> None:
    whole = Prepared(OLD)
    before = whole.facts.model_dump(mode="json")
    ids = whole.packed("train").ids
    some = Subset(whole, {"train": ids[:3]})
    assert some.facts.corpus.utterances == 3
    assert some.facts.identities.keys() == whole.facts.identities.keys()
    assert some.facts.fingerprint != whole.facts.fingerprint
    assert some.packed("test").ids == whole.packed("test").ids
    assert whole.facts.model_dump(mode="json") == before == read_facts(OLD).model_dump(mode="json")
    everything = Subset(whole, {"train": ids})
    assert everything.facts.silence == whole.facts.silence
    assert everything.facts.constant_features == whole.facts.constant_features
    assert everything.facts.corpus == whole.facts.corpus
    assert isinstance(everything.facts, PreparedFacts)


def test_ids_of_a_foreign_folder_cannot_leave_it(tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    shutil.copytree(OLD, folder)
    path = folder / "packed" / "test" / "utterances.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["ids"][0] = "../../escaped"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(TtsError, match=r"utterances.json: the id '../../escaped' has one of"):
        Prepared(folder).packed("test")
    sentences = folder / "sentences.jsonl"
    sentences.write_text(sentences.read_text(encoding="utf-8").replace("arctic_a0030", "../a"), encoding="utf-8")
    with pytest.raises(TtsError, match=r"sentences.jsonl: the id '../a' has one of"):
        _ = Prepared(folder).sentences
