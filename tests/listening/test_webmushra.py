"""The webMUSHRA configuration: documented page types and keys, files that are there, one length a sentence."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import soundfile
import yaml
from listening_sounds import write_recordings

from tts.errors import UsageError
from tts.listening.design import Field, design_test
from tts.listening.webmushra import write_webmushra

# Keys by page type, from webMUSHRA's documentation for experimenters (doc/experimenter.md) and its example configurations.
KEYS = {
    "consent": {"type", "id", "name", "content", "mustConsent"},
    "volume": {"type", "id", "name", "content", "stimulus", "defaultVolume"},
    "likert_single_stimulus": {"type", "id", "name", "content", "mustRate", "mustPlayback", "stimuli", "response"},
    "mushra": {
        *("type", "id", "name", "content", "showWaveform", "enableLooping", "strict", "reference", "createAnchor35"),
        *("createAnchor70", "randomize", "showConditionNames", "stimuli"),
    },
    "finish": {"type", "name", "content", "showResults", "writeResults", "questionnaire"},
}
TOP = {"testname", "testId", "bufferSize", "stopOnErrors", "showButtonPreviousPage", "remoteService", "pages"}


def test_a_configuration(tmp_path: Path) -> None:
    recordings = write_recordings(tmp_path / "wavs", ["natural", "single", "stacked"], 2)
    design = design_test(
        recordings, reference="natural", fields=[Field("age", "Age", "number"), Field("ear", "Ear", "choice", ("l", "r"))]
    )
    path = write_webmushra(design, tmp_path / "out")
    assert path == tmp_path / "out" / "configs" / f"{design.test_id}.yaml"
    config = yaml.safe_load(path.read_text())
    assert set(config) == TOP
    pages = []
    for page in config["pages"]:
        if isinstance(page, list):
            assert page[0] == "random"
        pages += page[1:] if isinstance(page, list) else [page]
    assert [page["type"] for page in pages] == ["consent", "volume", *["likert_single_stimulus"] * 2, *["mushra"] * 2, "finish"]
    lengths = defaultdict(set)
    for page in pages:
        assert set(page) == KEYS[page["type"]]
        for file in [*page.get("stimuli", {}).values(), *filter(None, [page.get("reference"), page.get("stimulus")])]:
            lengths[page["type"], page.get("id")].add(soundfile.info(str(tmp_path / "out" / file)).frames)
            assert not any(word in file.rpartition("/")[2] for word in ("natural", "single", "stacked", "utt"))
    assert all(len(found) == 1 for found in lengths.values()), "webMUSHRA switches between samples of one length"
    assert set(pages[2]["stimuli"]) == {"natural", "single", "stacked"}
    assert set(pages[4]["stimuli"]) == {"single", "stacked", "anchor35"}, "it adds the hidden reference itself"
    assert {page["id"] for page in pages[2:4]} == {"utt0", "utt1"}
    assert "server" in pages[0]["content"]
    assert [(asked["name"], asked["type"], asked["optional"]) for asked in pages[-1]["questionnaire"]] == [
        ("listener", "text", False),
        ("age", "text", True),
        ("ear", "likert", True),
    ]
    with pytest.raises(UsageError, match="not empty"):
        write_webmushra(design, tmp_path / "out")


def test_ratings_come_before_mushra_whatever_the_order(tmp_path: Path) -> None:
    # webMUSHRA's write.php takes the number of scales from the first trial: MOS answers after MUSHRA would be lost.
    recordings = write_recordings(tmp_path / "wavs", ["natural", "single"], 1)
    design = design_test(recordings, reference="natural", kinds=["mushra", "mos"])
    pages = yaml.safe_load(write_webmushra(design, tmp_path / "out").read_text())["pages"]
    assert [page[1]["type"] for page in pages if isinstance(page, list)] == ["likert_single_stimulus", "mushra"]


def test_a_preference_test_has_no_page_there(tmp_path: Path) -> None:
    design = design_test(write_recordings(tmp_path / "wavs", ["single", "stacked"], 1), kinds=["ab"])
    with pytest.raises(UsageError, match="asks which sample is the reference"):
        write_webmushra(design, tmp_path / "out")
