"""SSML in sound: pauses of exactly the length asked for, rates, pitch and volume of words, speakers, marks, timings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.analysis.vocoders import synthesise
from tts.core.errors import TtsError, UsageError
from tts.generation.requests import Request
from tts.generation.synthesiser import Speech, SpokenSentence, Synthesiser, SynthesisSettings, check_speakers
from tts.generation.text_files import read_requests
from tts.generation.timings import timings
from tts.text.engine import make_engine

VOICE = FakeVoice(engine=make_engine("letters", "en"))  # type: ignore[arg-type]  # a letter is a phone of 10 frames of 5 ms
SHIFT = VOICE.grid.shift


def speak(inside: str, *, speed: float = 1.0, pitch: float = 0.0, **settings: float) -> Speech:
    chosen = SynthesisSettings(workers=0, **settings)  # type: ignore[arg-type]
    with Synthesiser(VOICE, chosen) as synthesiser:
        return next(synthesiser.speak([Request("x", f"<speak>{inside}</speak>", speed, pitch, ssml=True)]))


def zeros(spoken: Speech, least: float = 0.05) -> list[tuple[float, float]]:
    """Start and length in seconds of the runs of samples that are exactly 0."""
    edges = np.diff(np.concatenate([[0], spoken.signal == 0.0, [0]]).astype(int))
    rate = VOICE.grid.sample_rate
    runs = zip(np.flatnonzero(edges == 1) / rate, np.flatnonzero(edges == -1) / rate, strict=True)
    return [(start, end - start) for start, end in runs if end - start >= least]


def lengths(spoken: Speech) -> dict[str, float]:
    return {word["text"]: round(word["end"] - word["start"], 3) for word in timings(spoken, VOICE.grid)["words"]}


@pytest.mark.parametrize("seconds", [0.1, 0.35, 2.0])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_a_break_is_exactly_as_long_as_asked(seconds: float, speed: float) -> None:
    spoken = speak(f'abcd<break time="{seconds * 1000:g}ms"/>efgh.', speed=speed, pause_scale=3.0)
    times = timings(spoken, VOICE.grid)
    first, second = times["words"]
    assert second["start"] - first["end"] == pytest.approx(seconds, abs=1e-6)
    ((start, length),) = zeros(spoken, 0.03)
    fade = min(0.04, seconds / 3.0)  # either side, while the words beside it end and begin
    assert length == pytest.approx(seconds - 2.0 * fade, abs=2.01 * SHIFT)
    assert start == pytest.approx(first["end"] + fade, abs=1.01 * SHIFT)


def test_sound_falls_into_a_break_and_rises_out_of_it() -> None:
    """As fast as a squared cosine over eight frames, of what the voice makes of the pause; nothing is cut off beside it."""
    broken, commaed = (speak(f"abcd{gap} efgh") for gap in ('<break time="1s"/>', ","))
    ((start, length),) = zeros(broken, 0.03)
    rate, reach = VOICE.grid.sample_rate, 0.04
    word = timings(broken, VOICE.grid)["words"][1]["start"]
    assert (start, start + length) == pytest.approx(
        (timings(broken, VOICE.grid)["words"][0]["end"] + reach, word - reach), abs=SHIFT
    )
    levels = [
        np.abs(broken.signal[round((word - back) * rate) :][: round(SHIFT * rate)]).max() for back in (0.035, 0.025, 0.015)
    ]
    assert 0.0 < levels[0] < levels[1] < levels[2]
    own = slice(round((word + 0.005) * rate), round((word + 0.09) * rate))
    other = timings(commaed, VOICE.grid)["words"][1]["start"]
    same = slice(round((other + 0.005) * rate), round((other + 0.09) * rate))
    assert np.linalg.norm(broken.signal[own]) == pytest.approx(np.linalg.norm(commaed.signal[same]), rel=0.2)


def test_breaks_between_sentences_and_at_the_ends_are_exact_too() -> None:
    spoken = speak('<break time="500ms"/>Ab. <break time="1505ms"/>Cd ef. <s>Gh<break time="2s"/></s>', sentence_pause=0.4)
    words = {word["text"]: word for word in timings(spoken, VOICE.grid)["words"]}
    assert words["Ab"]["start"] == pytest.approx(0.5)
    assert words["Cd"]["start"] - words["Ab"]["end"] == pytest.approx(1.505)
    assert words["Gh"]["start"] - words["ef"]["end"] == pytest.approx(0.4)  # the usual pause
    assert len(spoken.signal) / VOICE.grid.sample_rate - words["Gh"]["end"] == pytest.approx(2.0, abs=SHIFT)
    # Less the fades beside words: one of two parts of the break between sentences is at the end of either.
    assert [round(length, 2) for _, length in zeros(spoken, 0.4)] == pytest.approx([0.46, 1.42, 1.96], abs=0.02)


def test_strengths_are_in_order_and_follow_the_length_of_pauses() -> None:
    def gap(strength: str, scale: float = 1.0) -> float:
        words = timings(speak(f'ab, <break strength="{strength}"/> cd', pause_scale=scale), VOICE.grid)["words"]
        return float(words[1]["start"] - words[0]["end"])

    gaps = [gap(strength) for strength in ("none", "x-weak", "weak", "medium", "strong", "x-strong")]
    assert gaps[0] == 0.0  # although there is a comma
    assert gaps == sorted(gaps) and len(set(gaps)) == len(gaps)
    assert gap("strong", 2.0) == pytest.approx(2.0 * gap("strong"))


def test_rates_multiply_and_leave_other_words_alone() -> None:
    spoken = speak('abcd <prosody rate="50%">efgh <prosody rate="200%">ijkl</prosody></prosody> mnop', speed=2.0)
    assert lengths(spoken) == {"abcd": 0.1, "efgh": 0.2, "ijkl": 0.1, "mnop": 0.1}
    with pytest.raises(TtsError, match=r"0.1 times the usual speed; expected 0.25 to 4"):
        speak('<prosody rate="20%">ab</prosody>', speed=0.5)


def test_volume_and_pitch_change_where_they_are_asked_for() -> None:
    def quietly(inside: str) -> Speech:  # so that no peak is lowered
        return speak(f'<prosody volume="-40dB">{inside}</prosody>')

    plain = quietly("abcd efgh ijkl")
    changed = quietly('abcd <prosody volume="-20dB">efgh</prosody> ijkl')
    silent = quietly('abcd <prosody volume="silent">efgh</prosody> ijkl')
    assert len(plain.signal) == len(changed.signal) == len(silent.signal)
    times = timings(plain, VOICE.grid)["words"]
    rate, inner = VOICE.grid.sample_rate, 0.03  # away from where one goes over into the other
    for number, wanted in enumerate((1.0, 0.1, 1.0)):
        part = slice(round((times[number]["start"] + inner) * rate), round((times[number]["end"] - inner) * rate))
        ratio = np.linalg.norm(changed.signal[part]) / np.linalg.norm(plain.signal[part])
        assert ratio == pytest.approx(wanted, rel=0.02)
        assert (np.abs(silent.signal[part]).max() < 1e-6) == (number == 1)
    higher = speak('<prosody volume="-40dB" pitch="+4st">abcd <prosody pitch="+3st">efgh</prosody></prosody>', pitch=1.0)
    plainly = speak('<prosody volume="-40dB">abcd efgh</prosody>', pitch=5.0)
    part = slice(0, round((times[0]["end"] - inner) * rate))
    np.testing.assert_allclose(higher.signal[part], plainly.signal[part], atol=1e-4)
    with pytest.raises(TtsError, match=r"\+25 semitones; expected at most 24"):
        speak('<prosody pitch="+24st">ab</prosody>', pitch=1.0)


def test_parameters_have_the_volume_and_silence_that_is_asked_for() -> None:
    with Synthesiser(VOICE, SynthesisSettings(workers=0, vocoder="world")) as synthesiser:

        def made(inside: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
            streams = synthesiser.parameters(Request("x", f"<speak>{inside}</speak>", ssml=True))
            return streams, synthesise(streams, VOICE.grid, "world")

        plain, signal = made("<prosody volume='-20dB'>abcd efgh</prosody>")
        changed, louder = made("<prosody volume='-20dB'>abcd <prosody volume='+6dB'>efgh</prosody></prosody>")
        silent, _ = made("abcd<break time='1s'/>efgh")
    frames = slice(60, 85)  # of the second word
    inner = slice(VOICE.grid.samples(60), VOICE.grid.samples(85))
    assert np.linalg.norm(louder[inner]) / np.linalg.norm(signal[inner]) == pytest.approx(10 ** (6 / 20), rel=0.02)
    np.testing.assert_allclose((changed["mcep"] - plain["mcep"])[frames, 0], np.log(10 ** (6 / 20)), rtol=1e-5)
    np.testing.assert_array_equal(changed["mcep"][:, 1:], plain["mcep"][:, 1:])
    assert (silent["mcep"][:, 0] < -20.0).sum() == 200 - 2 * 8  # all but the fades


def test_sentences_without_markup_sound_as_plain_text() -> None:
    text = "Ab cd, ef. Gh ij! Kl."
    with Synthesiser(VOICE, SynthesisSettings(workers=0)) as synthesiser:
        plain = next(synthesiser.speak([Request("x", text)]))
    np.testing.assert_array_equal(speak(f"<p>{text}</p>").signal, plain.signal)


def test_voices_are_speakers_and_unknown_ones_are_told_before_anything_is_spoken() -> None:
    def sentences(inside: str, speaker: str) -> list[np.ndarray]:
        with Synthesiser(VOICE, SynthesisSettings(workers=0)) as synthesiser:
            events = synthesiser.stream([Request("x", f"<speak>{inside}</speak>", speaker=speaker, ssml=True)])
            return [event.signal for event in events if isinstance(event, SpokenSentence)]

    mixed = sentences('ab <voice name="high">cd</voice> ef', "low")
    low, high = (sentences("<s>ab</s> <s>cd</s> <s>ef</s>", speaker) for speaker in ("low", "high"))
    for number, (own, other) in enumerate(((low, high), (high, low), (low, high))):
        np.testing.assert_array_equal(mixed[number], own[number])
        assert np.abs(mixed[number] - other[number]).max() > 0.01
    request = Request("x", '<speak>a <voice name="bob">b</voice></speak>', ssml=True, place="a.ssml")
    with pytest.raises(UsageError, match=r"a.ssml: the voice has no speaker 'bob'"):
        check_speakers([request], VOICE)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"a.ssml: line 1, column 8: <b>: is not read"):
        check_speakers([Request("x", "<speak><b>x</b></speak>", ssml=True, place="a.ssml")], VOICE)  # type: ignore[arg-type]


def test_phonemes_reach_the_sentence_as_given_and_marks_the_timings() -> None:
    spoken = speak(
        'ab <phoneme ph="ʃ ˈøː">x</phoneme> <mark name="m"/>ga <mark name="n"/><break time="1s"/><mark name="o"/>ef'
        '<mark name="p"/>'
    )
    phones = [phone for sentence in spoken.sentences for phone in sentence.phones]
    assert phones == ["sil", "a", "b", "ʃ", "øː", "ɡ", "a", "pau", "e", "f", "sil"]
    times = timings(spoken, VOICE.grid)
    words = {word["text"]: word for word in times["words"]}
    assert [mark["name"] for mark in times["marks"]] == ["m", "n", "o", "p"]
    wanted = [words["ga"]["start"], words["ga"]["end"], words["ef"]["start"], words["ef"]["end"]]
    assert [mark["time"] for mark in times["marks"]] == pytest.approx(wanted)
    assert times["text"][slice(*words["ʃˈøː"]["source"])] == "x"
    assert [s.text for s in spoken.sentences] == ["ab x ga ef"]


def test_files_of_ssml_are_one_text_each(tmp_path: Path) -> None:
    (tmp_path / "a b.ssml").write_text("<speak>\n\nOne.\n\nTwo|three\n</speak>", encoding="utf-8")
    (tmp_path / "c.txt").write_text("<speak>One.</speak>", encoding="utf-8")
    (request,) = read_requests([tmp_path / "a b.ssml"], speed=2.0)
    assert (request.id, request.ssml, request.speed) == ("a_b", True, 2.0)
    assert not read_requests([tmp_path / "c.txt"])[0].ssml  # never guessed from what it looks like
    assert read_requests([tmp_path / "c.txt"], "ssml")[0].ssml


def test_a_voice_of_phones_reads_no_ssml() -> None:
    voice = FakeVoice(engine=make_engine("phones", "en"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="reads no SSML"):
        check_speakers([Request("x", "<speak>a</speak>", ssml=True)], voice)  # type: ignore[arg-type]
