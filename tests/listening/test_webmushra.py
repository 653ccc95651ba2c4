"""The webMUSHRA configuration: page types and keys that its source reads, in YAML that its reader takes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import soundfile
import yaml
from listening_sounds import write_recordings

from tts.core.errors import UsageError
from tts.listening.design import DesignOptions, Field, design_test
from tts.listening.webmushra import write_webmushra

# Keys by page type, as its pages' source reads them; writeResults is documented, but results are sent in any case.
KEYS = {
    "consent": {"type", "id", "name", "content", "mustConsent"},
    "volume": {"type", "id", "name", "content", "stimulus", "defaultVolume"},
    "likert_single_stimulus": {"type", "id", "name", "content", "mustRate", "mustPlayback", "stimuli", "response"},
    "mushra": {
        *("type", "id", "name", "content", "showWaveform", "enableLooping", "strict", "reference", "createAnchor35"),
        *("createAnchor70", "randomize", "showConditionNames", "stimuli"),
    },
    "finish": {"type", "name", "content", "popupContent", "showResults", "showErrors", "writeResults", "questionnaire"},
}
TOP = {"testname", "testId", "bufferSize", "stopOnErrors", "showButtonPreviousPage", "remoteService", "pages"}


def test_a_configuration(tmp_path: Path) -> None:
    recordings = write_recordings(tmp_path / "wavs", ["natural", "single", "stacked"], 2)
    fields = (Field("age", "Age", "number"), Field("ear", "Ear", "choice", ("l", "r")))
    design = design_test(recordings, DesignOptions(reference="natural", fields=fields))
    path = write_webmushra(design, tmp_path / "out")
    assert path == tmp_path / "out" / "configs" / f"{design.test_id}.yaml"
    config = yaml.safe_load(path.read_text())
    assert set(config) == TOP
    pages = []
    for page in config["pages"]:
        if isinstance(page, list):
            assert page[0] == "random"
        pages += page[1:] if isinstance(page, list) else [page]
    assert [page["type"] for page in pages] == ["consent", "volume", *["likert_single_stimulus"] * 6, *["mushra"] * 2, "finish"]
    lengths = defaultdict(set)
    for page in pages:
        assert set(page) == KEYS[page["type"]]
        for file in [*page.get("stimuli", {}).values(), *filter(None, [page.get("reference"), page.get("stimulus")])]:
            lengths[page["type"], page.get("id")].add(soundfile.info(str(tmp_path / "out" / file)).frames)
            assert not any(word in file.rpartition("/")[2] for word in ("natural", "single", "stacked", "utt"))
    assert all(len(found) == 1 for found in lengths.values()), "webMUSHRA switches between samples of one length"
    rated = [(page["id"], *page["stimuli"]) for page in pages[2:8]]
    assert sorted(rated) == [(f"utt{number}", name) for number in (0, 1) for name in ("natural", "single", "stacked")]
    assert set(pages[8]["stimuli"]) == {"single", "stacked", "anchor35"}, "it adds the hidden reference itself"
    assert pages[-1]["showErrors"] is True
    assert "server" in pages[0]["content"]
    assert [(asked["name"], asked["type"], asked["optional"]) for asked in pages[-1]["questionnaire"]] == [
        ("listener", "text", False),
        ("age", "text", True),
        ("ear", "likert", True),
    ]
    with pytest.raises(UsageError, match="not empty"):
        write_webmushra(design, tmp_path / "out")


def test_ratings_come_before_mushra_whatever_the_order(tmp_path: Path) -> None:
    # webMUSHRA's write.php counts the scales of the first trial: after MUSHRA, MOS answers would be lost.
    recordings = write_recordings(tmp_path / "wavs", ["natural", "single"], 1)
    design = design_test(recordings, DesignOptions(reference="natural", kinds=("mushra", "mos")))
    pages = yaml.safe_load(write_webmushra(design, tmp_path / "out").read_text())["pages"]
    assert [page[1]["type"] for page in pages if isinstance(page, list)] == ["likert_single_stimulus", "mushra"]


def awkward(tmp_path: Path, names: tuple[str, str], **options: Any) -> str:
    recordings = write_recordings(tmp_path / "wavs", ["natural", "a+b"], 2)
    named = {system: dict(zip(names, files.values(), strict=True)) for system, files in recordings.items()}
    design = design_test(named, DesignOptions(reference="natural", kinds=("mos", "mushra"), **options))
    return write_webmushra(design, tmp_path / "out").read_text()


def test_its_yaml_is_within_what_yaml_js_reads(tmp_path: Path) -> None:
    # yaml.js refuses "- - random" or, up to its last release 0.3.0, takes it for a text; up to 0.2.8 it refuses texts over
    # several lines; it takes 08 and 1e3 for numbers, which YAML 1.1 does not; 0.2.0 keeps a doubled apostrophe.
    text = awkward(
        tmp_path, ("08", "1e3"), title="It's: one #1", consent="All of this is voluntary. " * 20 + "\n- you: 'may' stop"
    )
    for line in text.splitlines():
        assert re.fullmatch(r""" *(- )?("[^"]+"|'[^']+'|[^\W\d_][\w .+-]*):( \S.*)?| *-| *- random""", line), line
    assert text.count("\n  -\n    - random\n    - type: ") == 2
    assert text.count('id: "08"') == text.count('id: "1e3"') == 3
    assert 'testname: "It\'s: one #1"' in text
    assert yaml.safe_load(text)["pages"][0]["content"].endswith("<br>- you: 'may' stop</p>")


def test_names_come_back_as_they_are(tmp_path: Path) -> None:
    # Its pages post "sessionJSON=" and the JSON without escaping, and the server decodes that as a form.
    field = Field("ear", "Ear", "choice", ("it's + one", "two"))
    text = awkward(tmp_path, ("a & b", "50%25"), fields=(field,))
    pages = yaml.safe_load(text)["pages"]
    rated = [page for pages in pages[2:4] for page in pages[1:]]
    choice = pages[-1]["questionnaire"][1]["response"][0]["value"]
    assert "'" not in choice, "values stand between apostrophes in its pages"
    sent = json.dumps([[page["id"] for page in rated], [list(page["stimuli"]) for page in rated], choice.replace("&#39;", "'")])
    ids, systems, answer = json.loads(parse_qs(f"sessionJSON={sent}")["sessionJSON"][0])
    assert set(ids) == {"a & b", "50%25"}
    assert {name for names in systems for name in names} == {"natural", "a+b", "anchor35"}
    assert answer == "it's + one"


def test_a_false_error_is_not_shown(tmp_path: Path) -> None:
    # Without MOS pages write.php fails at the scales, when the MUSHRA answers are saved already.
    recordings = write_recordings(tmp_path / "wavs", ["natural", "x"], 1)
    design = design_test(recordings, DesignOptions(reference="natural", kinds=("mushra",)))
    assert yaml.safe_load(write_webmushra(design, tmp_path / "out").read_text())["pages"][-1]["showErrors"] is False


def test_a_preference_test_has_no_page_there(tmp_path: Path) -> None:
    design = design_test(write_recordings(tmp_path / "wavs", ["single", "stacked"], 1), DesignOptions(kinds=("ab",)))
    with pytest.raises(UsageError, match="asks which sample is the reference"):
        write_webmushra(design, tmp_path / "out")


def test_texts_are_no_markup_there(tmp_path: Path) -> None:
    """Its pages put names, labels and contents into the page as HTML; only the title of all is put in as text."""
    hostile = "<img src=x onerror=alert(1)> & 'co'"
    field = Field("ear", hostile, "choice", (hostile, "r"))
    text = awkward(tmp_path, ("a", "b"), title=hostile, consent=hostile, fields=(field,))
    config = yaml.safe_load(text)
    assert config["testname"] == hostile
    shown = [config["pages"][0]["name"], config["pages"][0]["content"]]
    (_, question) = config["pages"][-1]["questionnaire"]
    shown += [question["label"], question["response"][0]["label"]]
    assert all("&lt;img src=x onerror=alert(1)&gt; &amp; 'co'" in text and "<img" not in text for text in shown)
    assert not set("<'") & set(question["response"][0]["value"])
