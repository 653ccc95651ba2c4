"""A corpus of full-context labels, a question file and Merlin's features: out of the product, and back into it, and spoken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from command import tts

from tts.core.errors import TtsError, UsageError
from tts.dataset.exporting import export_labels
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.generation.config import parse_config
from tts.recipe import load_recipe

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SPEECH, RECIPE = FIXTURES / "speech", FIXTURES / "format-2" / "recipe.yaml"
QUESTIONS = ROOT / "recipes" / "slt_merlin" / "questions-radio_dnn_416.hed"
SAME = ("frames.warping=0.58", "tasks={}", "split.test={ids: [arctic_a0030]}", "split.validation={ids: [arctic_a0079]}")
SINGLE = "systems={single: {stages: [{trunk: {layers: [16, 16], activation: tanh}, tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1}}]}}"


def prepare(out: Path, *changes: str) -> Prepared:
    recipe = load_recipe(RECIPE, ["comparison={}", SINGLE, *SAME, *changes])
    return prepare_corpus(recipe, RECIPE.parent, SPEECH, out, workers=0)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("plain") / "prepared", "alignment.train_on=all")


@pytest.fixture(scope="module")
def merlin(plain: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("merlin") / "data"
    said = tts("export", "merlin", str(plain.folder), "--out", str(out))
    assert "16 utterances, in file_id_list.scp 14 train, 1 validation, 1 test" in said
    assert "mgc 13, bap 1, samplerate 16000, fw_alpha 0.58, framelength 1024" in said
    return out


@pytest.fixture(scope="module")
def labelled(merlin: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("labelled") / "prepared", *from_merlin(merlin))


def from_merlin(data: Path) -> list[str]:
    return [
        "text.source=labels",
        f"text.questions={QUESTIONS}",
        f"alignment.labels={data / 'label_state_align'}",
        "alignment.phone_names=arpabet",
        f"analysis.features={data}",
    ]


@pytest.mark.slow
def test_what_was_exported_comes_back_number_by_number(plain: Prepared, labelled: Prepared) -> None:
    for split in ("train", "validation", "test"):
        ours, theirs = plain.packed(split), labelled.packed(split)
        assert ours.ids == theirs.ids
        np.testing.assert_array_equal(ours.durations, theirs.durations)
        np.testing.assert_array_equal(ours.silent, theirs.silent)
        np.testing.assert_array_equal(ours.streams["vuv"], theirs.streams["vuv"])
        voiced = ours.streams["vuv"][:, 0] > 0.5
        np.testing.assert_allclose(ours.streams["lf0"][voiced], theirs.streams["lf0"][voiced], atol=1e-6)
        for name in ("mcep", "bap"):
            np.testing.assert_allclose(ours.streams[name], theirs.streams[name], atol=3e-6)
    for key, sentence in plain.sentences.items():
        other = labelled.sentences[key]
        assert sentence.phones == other.phones
        assert [[s.phones for s in w.syllables] for w in sentence.words] == [
            [s.phones for s in w.syllables] for w in other.words
        ]
        stresses = [[[s.stress == 1 for s in w.syllables] for w in each.words] for each in (sentence, other)]
        assert stresses[0] == stresses[1]
        assert [w.text.lower() for w in sentence.words] == [w.text.lower() for w in other.words]


@pytest.mark.slow
def test_the_input_is_merlins_425_numbers_scaled_by_their_range_in_training(labelled: Prepared) -> None:
    table = labelled.frame_table("train", ["mcep"], torch.device("cpu"))
    assert table.segments.shape[1] == 416
    assert table.positions is not None and table.positions.shape[1] == 9
    counted = table.counted
    spoken = np.unique(table.segment_of_row[counted]) if table.segment_of_row is not None else []
    inputs = np.asarray(table.segments[spoken])
    assert inputs.min() == pytest.approx(0.01, abs=1e-6) and inputs.max() == pytest.approx(0.99, abs=1e-6)
    places = table.positions[counted]
    np.testing.assert_allclose(places.min(axis=0), 0.01, atol=1e-6)
    np.testing.assert_allclose(places.max(axis=0), 0.99, atol=1e-6)


@pytest.mark.slow
def test_a_voice_of_questions_speaks_plain_text(labelled: Prepared, merlin: Path, tmp_path: Path) -> None:
    out = tmp_path / "voice"
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.read_text(encoding="utf-8"), encoding="utf-8")
    changes = [f"--set={change}" for change in ("comparison={}", SINGLE, *SAME, *from_merlin(merlin))]
    tts("train", str(recipe), "--system", "single", "--prepared", str(labelled.folder), "--out", str(out), *changes)
    tts("speak", str(out), "--text", "It was a large canoe.", "--out", str(tmp_path / "wavs"))
    assert next((tmp_path / "wavs").glob("*.wav")).stat().st_size > 10_000
    data = json.loads((out / "config.json").read_text(encoding="utf-8"))
    for key, value, reason in (
        ("subphone_low", [0.0], "damaged"),
        ("low", [0.0], "416 questions have ranges for 1"),
        ("questions", [["CQS", "n", "*x*x*x*x*(\\d+)"]], "more than 2"),
        ("questions", [["QS", "n", "a" * 400]], "at most 300 characters"),
        ("version", 2, "cannot be remade"),
    ):
        hostile = {**data, "questions": {**data["questions"], key: value}}
        if key == "low":
            hostile["questions"]["high"] = [1.0]
        with pytest.raises(TtsError, match=reason):
            parse_config(hostile, Path("config.json"))


@pytest.mark.slow
def test_labels_and_features_that_do_not_fit_are_left_out_by_name(merlin: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(merlin, tmp_path / "data"))
    labels = data / "label_state_align"
    (labels / "arctic_a0098.lab").unlink()
    text = (labels / "arctic_a0030.lab").read_text(encoding="utf-8")
    (labels / "arctic_b0001.lab").write_text(text.replace("-ay+", "-qqq+"), encoding="utf-8")
    ids = sorted(path.stem for path in (data / "mgc").iterdir())
    broken = [key for key in ids if key not in ("arctic_a0030", "arctic_a0079", "arctic_a0098")][:3]
    (labels / f"{broken[0]}.lab").write_text(text.replace("-ay+", "-qqq+"), encoding="utf-8")
    (data / "mgc" / f"{broken[1]}.mgc").write_bytes((data / "mgc" / f"{broken[1]}.mgc").read_bytes()[:-4])
    (data / "lf0" / f"{broken[2]}.lf0").unlink()
    out = tmp_path / "prepared"
    made = prepare(out, *from_merlin(data))
    left = (out / "report.md").read_text(encoding="utf-8")
    for key, reason in (
        ("arctic_a0098", "there is no such label file"),
        (broken[0], "'qqq' is no ARPAbet name of a phone"),
        (broken[1], "are no whole frames of 13 float32 (mcep_order 12)"),
        (broken[2], "there is no such feature file"),
    ):
        assert key in left
        assert reason in left
    assert len(made.packed("train").ids) == 10


@pytest.mark.slow
def test_an_export_overwrites_nothing_of_others(plain: Prepared, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"was not made by tts export labels .it holds notes.txt"):
        export_labels(plain, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("text.source=labels", "text.source: labels are read from the folder alignment.labels"),
        ("text.subphone=full", "subphone: belongs to questions"),
        ("alignment.phone_names=arpabet", "there are no label files"),
    ],
)
def test_keys_that_would_be_ignored_are_refused(change: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load_recipe(RECIPE, [change])


def test_files_that_cannot_be_read_are_named_before_anything_is_done(tmp_path: Path) -> None:
    for change, reason in (
        (f"text.questions={tmp_path / 'no.hed'}", "no such question file"),
        (f"analysis.features={tmp_path / 'no'}", "not a folder of Merlin's features"),
    ):
        with pytest.raises((UsageError, TtsError), match=reason):
            prepare(tmp_path / "prepared", change)
        assert not (tmp_path / "prepared").exists()
