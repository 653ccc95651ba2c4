"""Label files are spoken: what they say, as long as they say it."""

from pathlib import Path

import numpy as np
import pytest
from command import tts

from tts.alignment.labelled import format_full_context
from tts.alignment.types import Alignment
from tts.core.errors import TtsError
from tts.generation.base_voice import BaseVoice
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.spoken_labels import labelled_part, looks_like_labels
from tts.generation.synthesiser import Speech, Synthesiser
from tts.generation.text_files import read_requests
from tts.text.full_context import full_context_labels

VOICE = Path(__file__).parents[1] / "fixtures" / "format-2" / "single"
TEXT = "The birch canoe slid, on the smooth planks."


@pytest.fixture(scope="module")
def voice() -> BaseVoice:
    return load_speaker(VOICE, "cpu")


def speak(voice: BaseVoice, text: str, *, labels: bool, speed: float = 1.0) -> Speech:
    with Synthesiser(voice) as synthesiser:
        (spoken,) = synthesiser.speak([Request("a", text, speed=speed, labels=labels)])
    return spoken


@pytest.fixture(scope="module")
def spoken(voice: BaseVoice) -> Speech:
    return speak(voice, TEXT, labels=False)


def label_file(spoken: Speech, voice: BaseVoice, *, states: bool) -> str:
    """The labels of a text with other times than any voice would predict."""
    draw = np.random.default_rng(2)
    alignment = spoken.alignments[0]
    moved = Alignment(alignment.phones, draw.integers(1, 9, alignment.durations.shape).astype(np.int32))
    return format_full_context(spoken.sentences[0], moved, voice.grid, states=states)


def test_times_by_state_are_kept_to_the_frame(voice: BaseVoice, spoken: Speech) -> None:
    text = label_file(spoken, voice, states=True)
    again = speak(voice, text, labels=True)
    assert again.alignments[0].phones == spoken.alignments[0].phones
    durations = np.random.default_rng(2).integers(1, 9, spoken.alignments[0].durations.shape)
    np.testing.assert_array_equal(again.alignments[0].durations, durations)
    assert len(again.signal) == voice.grid.centre(int(durations.sum()))
    assert np.abs(again.signal).max() > 0.01


def test_times_by_phone_are_shared_among_states_as_predicted(voice: BaseVoice, spoken: Speech) -> None:
    text = label_file(spoken, voice, states=False)
    again = speak(voice, text, labels=True)
    durations = np.random.default_rng(2).integers(1, 9, spoken.alignments[0].durations.shape)
    ends = np.cumsum(durations.sum(axis=1)), np.cumsum(again.alignments[0].durations.sum(axis=1))
    assert np.abs(ends[0] - ends[1]).max() <= 1
    assert speak(voice, text, labels=True, speed=2.0).alignments[0].frames == pytest.approx(ends[0][-1] / 2, abs=1)


def test_labels_without_times_are_spoken_at_the_voices_pace(voice: BaseVoice, spoken: Speech) -> None:
    """As ``hts_engine`` reads them; silences at the joint of two sentences are one."""
    labels = full_context_labels(spoken.sentences[0], end_silence="pau")
    again = speak(voice, "\n".join([*labels, *labels]) + "\n", labels=True)
    phones = spoken.alignments[0].phones
    assert again.alignments[0].phones == (*phones[:-1], "pau", *phones[1:])
    assert again.alignments[0].frames == pytest.approx(2 * spoken.alignments[0].frames, rel=0.3)


def test_words_and_syllables_are_those_of_the_labels(spoken: Speech) -> None:
    text = "\n".join(full_context_labels(spoken.sentences[0]))
    part = labelled_part(Request("a", text, labels=True), "en-us", 0.005)
    ours, theirs = spoken.sentences[0], part.sentence
    assert [word.syllables for word in theirs.words] == [word.syllables for word in ours.words]
    assert theirs.contexts == tuple(full_context_labels(ours))


def test_names_in_ipa_and_arpabet(spoken: Speech) -> None:
    for language, name, phone in (("en-us", "r", "ɹ"), ("nl", "r", "r"), ("en-us", "ɹ", "ɹ")):
        lines = [f"x^x-{p}+x=x" for p in ("sil", name, "sil")]
        assert labelled_part(Request("a", "\n".join(lines)), language, 0.005).sentence.phones[1] == phone


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 100000 x^x-k+x=x\n", "begin and end with silence"),
        ("0 100000 x^x-sil+x=x\n200000 300000 x^x-k+x=x\n300000 400000 x^x-sil+x=x\n", "gap or an overlap at 0.010 s"),
        ("0 100000 x^x-sil+x=x\nx^x-k+x=x\n", r"a.lab:2: expected 'start end label'"),
        ("x^x-sil+x=x\nx^x-%%+x=x\nx^x-sil+x=x\n", "%"),
        ("x^x-sil+x=x\nnot a label\n", r"a.lab:2: expected a label"),
    ],
)
def test_broken_labels_are_told_with_their_place(text: str, message: str) -> None:
    with pytest.raises(TtsError, match=message):
        labelled_part(Request("a", text, place="a.lab"), "en-us", 0.005)


def test_label_files_are_known_and_spoken_by_the_command(
    voice: BaseVoice, spoken: Speech, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.lab").write_text(label_file(spoken, voice, states=True), encoding="utf-8")
    Path("text.lab").write_text("Just words, as the aligner has them.\n", encoding="utf-8")
    requests = read_requests([Path("one.lab"), Path("text.lab")])
    assert [(request.id, request.labels) for request in requests] == [("one", True), ("text-00001", False)]
    assert not looks_like_labels(["not - one + of them"])
    assert "spoke 1 of 1" in tts("speak", VOICE, "one.lab", "--device", "cpu", "--out", "wavs", "--workers", "0")
    assert "1 were done before" in tts("speak", VOICE, "one.lab", "--device", "cpu", "--out", "wavs", "--resume")
    assert "labels are made of plain text" in tts("export", "text", "one.lab", "--out", "x", code=1)
