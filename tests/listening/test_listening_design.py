"""What is asked, what is refused, and that nothing on the page says who spoke."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from listening_sounds import write_recordings

from tts.core.errors import UsageError
from tts.core.loudness import loudness
from tts.listening.design import DesignOptions, Field, design_test
from tts.listening.page import write_page
from tts.listening.stimuli import choose_sentences, find_stimuli

SYSTEMS = ["natural", "singletask", "multitask", "stackedtwice"]


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, dict[str, Path]]:
    return write_recordings(tmp_path / "wavs", SYSTEMS, 3)


def test_every_kind_asks_what_it_should(recordings: dict[str, dict[str, Path]]) -> None:
    design = design_test(recordings, DesignOptions(reference="natural", sentences=2))
    systems = {
        kind: [[design.names[name][0] for name in trial.stimuli] for trial in design.trials[kind]] for kind in design.trials
    }
    assert [sorted(row) for row in systems["mos"]] == [sorted(SYSTEMS)] * 2
    assert sorted(sorted(row) for row in systems["ab"]) == sorted(
        [["multitask", "singletask"], ["multitask", "stackedtwice"], ["singletask", "stackedtwice"]] * 2
    )
    assert [sorted(row) for row in systems["mushra"]] == [sorted([*SYSTEMS, "anchor35"])] * 2
    for trials in design.trials.values():
        for trial in trials:
            assert len({design.names[name][1] for name in trial.stimuli}) == 1, "all stimuli of a trial say the same sentence"
    assert all(
        loudness(design.sounds[name], 16000) == pytest.approx(design.loudness, abs=0.01)
        for name, (system, _) in design.names.items()
        if system != "anchor35"
    )


def test_a_baseline_is_compared_with_each_other(recordings: dict[str, dict[str, Path]]) -> None:
    design = design_test(
        recordings, DesignOptions(kinds=("ab",), reference="natural", baseline="singletask", exclude_from_ab=("multitask",))
    )
    assert {frozenset(design.names[name][0] for name in trial.stimuli) for trial in design.trials["ab"]} == {
        frozenset({"singletask", "stackedtwice"})
    }
    assert {system for system, _ in design.names.values()} == {"singletask", "stackedtwice"}, "nothing unneeded is embedded"


def test_an_own_anchor_is_no_rated_system(recordings: dict[str, dict[str, Path]]) -> None:
    design = design_test(recordings, DesignOptions(reference="natural", anchor="singletask"))
    asked = {kind: {design.names[name][0] for trial in design.trials[kind] for name in trial.stimuli} for kind in design.trials}
    assert asked["ab"] == {"multitask", "stackedtwice"}
    assert asked["mushra"] == {"natural", "multitask", "stackedtwice", "anchor35"}


def test_the_page_does_not_say_who_spoke(recordings: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_page(design_test(recordings, DesignOptions(reference="natural", title="Which </script> is better?")), page)
    text = page.read_text()
    payload = re.findall(r'<script type="application/json" id="\w+">(.*?)</script>', text, re.DOTALL)
    test, sounds = (json.loads(part) for part in payload)
    assert test["title"] == "Which </script> is better?"
    clear = re.sub(r'id="sounds">.*?</script>', "", text, flags=re.DOTALL)
    assert not re.search("singletask|multitask|stackedtwice|anchor35|utt[0-9]", clear)
    assert not re.search(r"(src|href|action)\s*=", clear.partition("<script>")[0]), "nothing is fetched"
    names = json.loads(base64.b64decode(test["key"]))
    assert {value["system"] for value in names.values()} == {*SYSTEMS, "anchor35"}
    assert {value["condition"] for value in names.values() if value["system"] == "natural"} == {"reference"}
    assert set(names) == set(sounds)
    by_number = [names[name]["system"] for name in sorted(names)]
    assert by_number != sorted(by_number, key=by_number.index), "the numbers of stimuli do not follow systems"
    signal, rate = soundfile.read(io.BytesIO(base64.b64decode(sounds["s000"])))
    assert rate == 16000
    assert loudness(signal, rate) == pytest.approx(-23.0, abs=0.5)


def test_the_same_seed_makes_the_same_page(recordings: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    pages = [tmp_path / f"{number}.html" for number in range(3)]
    for page, seed in zip(pages, (4, 4, 5), strict=True):
        write_page(design_test(recordings, DesignOptions(reference="natural", sentences=2, seed=seed)), page)
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert pages[0].read_bytes() != pages[2].read_bytes()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"kinds": ("mushra",)}, "needs natural speech as reference"),
        ({"kinds": ("abx",)}, "choose from mos, ab, mushra"),
        ({"reference": "nature"}, "reference nature: not among the systems"),
        ({"reference": "natural", "sentences": 9}, "9 sentences are asked for, but 3 are there"),
        ({"reference": "natural", "fields": (Field("rating_x", "X"),)}, "'rating_x': not free"),
        ({"reference": "natural", "minimum": 0.0}, "must be above 0"),
    ],
)
def test_refused(recordings: dict[str, dict[str, Path]], choices: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        design_test(recordings, DesignOptions(**choices))


def test_two_sample_rates_are_refused(recordings: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    other = write_recordings(tmp_path / "other", ["fast"], 3, rate=22050)
    with pytest.raises(UsageError, match=r"utt0.wav: 22050 Hz, but .* has 16000 Hz"):
        design_test({**recordings, **other}, DesignOptions(kinds=("mos",)))


def test_sources(recordings: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    assert find_stimuli([str(tmp_path)]) == find_stimuli([str(tmp_path / "wavs")])
    named = find_stimuli([f"one={tmp_path}/wavs/natural", f"two={tmp_path}/wavs/multitask"])
    assert list(named) == ["one", "two"]
    (tmp_path / "wavs/natural/utt1.wav").unlink()
    assert choose_sentences(find_stimuli([str(tmp_path)]), None, 0) == ["utt0", "utt2"]
    drawn = [choose_sentences(recordings, 1, seed)[0] for seed in range(30)]
    assert set(drawn) == {"utt0", "utt1", "utt2"}
    for sources, message in [
        (["nowhere"], "holds no wavs"),
        (["a=x", "b"], "'b': several folders"),
        (["a=nowhere"], "no such folder"),
        ([f"a={tmp_path}/wavs/natural", f"a={tmp_path}/wavs/natural"], "named twice"),
        ([f"a={tmp_path}"], "holds no wav or flac"),
    ]:
        with pytest.raises(UsageError, match=message):
            find_stimuli(sources)
    np.testing.assert_equal(len(choose_sentences(recordings, 2, 3)), 2)
