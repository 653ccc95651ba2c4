"""Who speaks a line: where it is said, that it is heard, and that an unknown speaker is refused before anything is spoken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.core.errors import UsageError
from tts.generation.batch import speak_to_folder
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings, check_speakers
from tts.generation.text_files import read_requests


@pytest.fixture
def synthesiser() -> Iterator[Synthesiser]:
    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings(workers=0)) as made:
        yield made


def test_a_line_names_its_speaker_or_takes_the_usual_one(tmp_path: Path) -> None:
    ids, lines = tmp_path / "a.txt", tmp_path / "b.jsonl"
    ids.write_text("x|high|One.\ny||Two.\nz|Three.\n", encoding="utf-8")
    lines.write_text('{"text": "Four.", "speaker": "high"}\n{"text": "Five."}\n', encoding="utf-8")
    found = read_requests([ids, lines], speaker="low")
    assert [request.speaker for request in found] == ["high", "low", "low", "high", "low"]
    assert [request.text for request in found[:3]] == ["One.", "Two.", "Three."]
    assert [request.speaker for request in read_requests([ids])] == ["high", "", ""]
    lines.write_text('{"text": "Six.", "speaker": 1}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"b\.jsonl:1: speaker must be a string, not 1"):
        read_requests([lines])


def test_speakers_mixed_in_a_batch_are_heard_as_each_alone(synthesiser: Synthesiser) -> None:
    requests = [
        Request("a", "Hello there."),
        Request("b", "Hello there.", speaker="high"),
        Request("c", "Hello.", speaker="low"),
    ]
    together = list(synthesiser.speak(requests))
    for request, spoken in zip(requests, together, strict=True):
        np.testing.assert_array_equal(next(iter(synthesiser.speak([request]))).signal, spoken.signal)
    assert not np.allclose(together[0].signal, together[1].signal)


def test_an_unknown_speaker_is_refused_at_its_place_or_fails_alone(synthesiser: Synthesiser) -> None:
    wrong = Request("b", "No.", place="in.txt:2", speaker="eve")
    with pytest.raises(UsageError, match=r"in\.txt:2: the voice has no speaker 'eve'"):
        check_speakers([Request("a", "Yes."), wrong], synthesiser.voice)
    good, bad = synthesiser.speak([Request("a", "Yes."), wrong], errors="return")
    assert good.error is None
    assert bad.error is not None and "no speaker 'eve'" in bad.error


def test_the_manifest_knows_the_speaker_and_refuses_another_when_resumed(synthesiser: Synthesiser, tmp_path: Path) -> None:
    speak_to_folder(synthesiser, [Request("a", "One."), Request("b", "One.", speaker="high")], tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry.get("speaker") for entry in entries] == [None, "high"]
    report = speak_to_folder(synthesiser, [Request("b", "One.", speaker="high")], tmp_path, resume=True)
    assert report.skipped == 1
    with pytest.raises(UsageError, match="made with another speaker"):
        speak_to_folder(synthesiser, [Request("b", "One.", speaker="low")], tmp_path, resume=True)
