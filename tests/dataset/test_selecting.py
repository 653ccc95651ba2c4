"""A part of a corpus is chosen on the command line or in the recipe, and training knows the corpus as it was prepared."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from speech import IDS, RATE, TEXTS, lower, recording

from tts.core.errors import UsageError
from tts.corpora.layouts import open_layout
from tts.corpora.selection import Selection
from tts.dataset.prepare import prepare_corpus
from tts.dataset.reading import SELECTION
from tts.dataset.selecting import selection_changes, settle_speakers
from tts.recipe import Recipe
from tts.training.checks import preparation_problems

DATA = {
    "name": "many",
    "corpus": {"format": "vctk", "select": {"speakers": "all"}, "licence": "CC-BY-4.0"},
    "alignment": {"train_on": "all"},
    "frames": {"sample_rate": RATE, "mcep_order": 12},
    "analysis": {"f0_tracker": "dio", "f0_range": [60, 400]},
}


def recipe(*changes: str, **corpus: object) -> Recipe:
    data = {**DATA, "corpus": {**DATA["corpus"], **corpus}}  # type: ignore[dict-item]
    return Recipe.model_validate(data, context={"changes": list(changes)})


def test_what_the_command_line_asks_for_as_changes() -> None:
    part = recipe().corpus
    assert selection_changes(part, (), None, None) == ()
    changes = selection_changes(part, ("p225", "p226"), 2.5, 300)
    assert recipe(*changes).corpus.names == ("p225", "p226")
    assert (recipe(*changes).corpus.select.hours, recipe(*changes).corpus.select.limit) == (2.5, 300)
    assert recipe(*selection_changes(part, ("p225",), None, None)).corpus.several is False
    with_folders = Recipe.model_validate(
        {**DATA, "corpus": {"speakers": {"anna": {"folder": "anna-2024"}, "ben": {}}, "licence": "CC0-1.0"}}
    ).corpus
    (_, _, change) = selection_changes(with_folders, ("anna",), None, None)
    assert change == 'corpus.speakers={"anna": {"folder": "anna-2024"}}'
    with pytest.raises(UsageError, match="--speaker carl: the recipe's speakers are anna, ben"):
        selection_changes(with_folders, ("carl",), None, None)
    alone = Recipe.model_validate({**DATA, "corpus": {"speaker": "anna", "licence": "CC0-1.0"}}).corpus
    assert selection_changes(alone, ("anna",), None, None) == ()
    with pytest.raises(UsageError, match="has one speaker, anna"):
        selection_changes(alone, ("ben",), None, None)


def test_speakers_by_number_need_a_layout_that_lists_them(tmp_path: Path) -> None:
    several = recipe(format="text-files")
    with pytest.raises(UsageError, match="the format text-files does not list its speakers"):
        settle_speakers(several, tmp_path, open_layout("text-files"))
    with pytest.raises(ValueError, match="is 3, but 2 are named under speakers"):
        recipe(speakers=["a", "b"], select={"speakers": 3})


def write_vctk(root: Path) -> None:
    """Lay the test's speech out as VCTK: the recorded speaker, and a lower one."""
    for name, low in (("p225", False), ("p226", True)):
        for folder in ("txt", "wav48_silence_trimmed"):
            (root / folder / name).mkdir(parents=True)
        for number, key in enumerate(IDS[:8], 1):
            samples = lower(recording(key)) if low else recording(key)
            stem = f"{name}_{number:03}"
            soundfile.write(str(root / "wav48_silence_trimmed" / name / f"{stem}_mic1.flac"), samples, RATE)
            (root / "txt" / name / f"{stem}.txt").write_text(TEXTS[key] + "\n", encoding="utf-8")


@pytest.mark.slow
def test_training_takes_the_corpus_as_it_was_prepared(tmp_path: Path) -> None:
    write_vctk(tmp_path / "corpus")
    given = recipe("corpus.select.limit=6")
    prepared = prepare_corpus(given, tmp_path, tmp_path / "corpus", tmp_path / "out", workers=0, device="cpu")
    selection = Selection.load(tmp_path / "out" / SELECTION)
    assert {name: share.utterances for name, share in selection.speakers.items()} == {"p225": 3, "p226": 3}
    assert {*prepared.facts.audio} == {*selection.ids}
    assert prepared.recipe.corpus.names == ("p225", "p226")
    assert "6 of 16 utterances" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    as_prepared = prepared.settled(given)
    assert as_prepared.corpus.names == ("p225", "p226") and preparation_problems(as_prepared, "single", prepared) == []
    other = prepared.settled(recipe("corpus.select.limit=7"))
    assert "prepared with another corpus part" in preparation_problems(other, "single", prepared)[0]
    changes = selection_changes(given.corpus, ("p226",), None, None)
    one = recipe("corpus.select.limit=6", *changes)
    again = prepare_corpus(one, tmp_path, tmp_path / "corpus", tmp_path / "one", workers=0, device="cpu", selected=changes)
    assert preparation_problems(again.settled(given), "single", again) == []
    assert {key.split("_")[0] for key in again.facts.audio} == {"p226"}
