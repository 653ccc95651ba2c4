"""Split rules that cannot be kept are found before the first recording is opened."""

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import soundfile

from tts.core.errors import TtsError
from tts.dataset import reading
from tts.dataset.preparation import Preparation
from tts.recipe import Recipe

SPLIT = {"test": {"count": 2}, "validation": {"count": 2}, "train": "rest"}


def make_corpus(folder: Path, prefix: str = "u", count: int = 9) -> None:
    (folder / "wavs").mkdir(parents=True)
    lines = [f"{prefix}_{n}|Sentence number {n}.|Sentence number {n}." for n in range(count)]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for n in range(count):
        (folder / "wavs" / f"{prefix}_{n}.wav").write_bytes(b"not a recording")


def work_for(folder: Path, split: dict[str, Any], **corpus: Any) -> Preparation:
    data = {"name": "r", "corpus": {"format": "ljspeech", "licence": "CC0-1.0", **corpus}, "split": SPLIT | split}
    stage = {"trunk": {"layers": [8]}, "tasks": {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1}}
    rest = {
        "frames": {"sample_rate": 16000},
        "training": {"steps": 1},
        "duration": {"trunk": {"layers": [8]}, "training": {"steps": 1}},
    }
    recipe = Recipe.model_validate({**data, **rest, "systems": {"a": {"stages": [stage]}}})
    return Preparation(recipe, folder, folder / "out", 0, "cpu")


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"test": {"range": ["x_1", "x_9"]}}, "test: the rule .* selects none of the 9 utterances"),
        ({"test": {"range": ["u_5", "u_2"]}}, "runs backwards"),
        (
            {"validation": {"ids": ["u_1"]}, "test": {"ids": ["u_1"]}},
            "validation: the rule .* selects none of the 8 utterances left",
        ),
        ({"test": {"prefix": "u"}}, "validation: count is 2, only 0 utterances"),
        ({"test": {"count": 10}}, "count is 10, only 9 utterances"),
        ({"limit": {"who": 6}}, "split.limit.who: is 6, only 5"),
    ],
)
def test_a_rule_that_cannot_be_kept(tmp_path: Path, split: dict[str, Any], said: str) -> None:
    make_corpus(tmp_path / "corpus")
    with mock.patch.object(reading, "check_audio") as opened, pytest.raises(TtsError, match=said):
        reading.read_corpus(work_for(tmp_path, split, speaker="who"), tmp_path / "corpus")
    opened.assert_not_called()


@pytest.mark.parametrize(
    ("split", "texts"),
    [
        ({"test": {"range": ["u_0", "u_1"]}, "validation": {"ids": ["u_2"]}}, {0: "Yes.", 2: "Yes."}),  # u_0 will be left out
        ({"test": {"count": 8}, "validation": {"ids": ["u_2", "u_3"]}}, {}),  # fewer are drawn from what will be left
    ],
)
def test_a_rule_that_could_be_kept_without_some_recordings_is_not_refused(
    tmp_path: Path, split: dict[str, Any], texts: dict[int, str]
) -> None:
    make_corpus(tmp_path / "corpus")
    path = tmp_path / "corpus" / "metadata.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for n, text in texts.items():
        lines[n] = f"u_{n}|{text}|{text}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with mock.patch.object(reading, "check_audio", return_value=([], [])) as opened:
        reading.read_corpus(work_for(tmp_path, split, speaker="who"), tmp_path / "corpus")
    opened.assert_called()


def test_a_speaker_without_training_utterances(tmp_path: Path) -> None:
    make_corpus(tmp_path / "corpus" / "ann")
    make_corpus(tmp_path / "corpus" / "bob", "b")
    split = {"test": {"ids": ["u_1", "b_1"]}, "validation": {"ids": ["u_2", "b_2"]}, "train": {"prefix": "u"}}
    work = work_for(tmp_path, split, speakers={"ann": {}, "bob": {}})
    with mock.patch.object(reading, "check_audio") as opened, pytest.raises(TtsError, match=r"no training utterance of .* bob"):
        reading.read_corpus(work, tmp_path / "corpus")
    opened.assert_not_called()


def test_what_was_left_out_is_told_where_too_little_is_left(tmp_path: Path) -> None:
    make_corpus(tmp_path / "corpus", count=6)
    for n in (0, 2, 4):  # the others are no recordings
        noise = 0.1 * np.random.default_rng(n).standard_normal(24000)
        soundfile.write(tmp_path / "corpus" / "wavs" / f"u_{n}.wav", noise, 16000)
    work = work_for(tmp_path, {}, speaker="who")
    corpus, _ = reading.read_corpus(work, tmp_path / "corpus")
    with pytest.raises(TtsError, match=r"validation: count is 2, only 1 utterances .*; 3 had been left out: .*u_1.*u_5"):
        reading.split_corpus(work, corpus)
