"""Where marks are in time, above all beside breaks and between sentences; pauses and marks of what has nothing to say."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.core.errors import TtsError
from tts.generation.passages import LONGEST_IN_A_SENTENCE, Manner, parts_of
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.timings import timings
from tts.text.engine import PronunciationError, make_engine

# A letter is a phone of 10 frames of 5 ms; words that are not in the lexicon are left out.
WORDS = {word: list(word) for word in ("ab", "ef", "a", "b", "c", "d", "e", "f", "g", "h", "i")}
ENGINE = make_engine("lexicon", "en", WORDS, unreadable="skip")
VOICE = FakeVoice(engine=ENGINE)  # type: ignore[arg-type]
MANNER = Manner(VOICE.grid.shift, 300, 0.4, 1.0, "skip")


def times_of(inside: str, **settings: float) -> tuple[dict[str, tuple[float, float]], dict[str, float], float]:
    """Return start and end of words, the times of marks, and the length of the sound, in seconds."""
    with Synthesiser(VOICE, SynthesisSettings(workers=0, unreadable="skip", **settings)) as synthesiser:  # type: ignore[arg-type]
        spoken = next(synthesiser.speak([Request("x", f"<speak>{inside}</speak>", ssml=True)]))
    times = timings(spoken, VOICE.grid)
    words = {word["text"]: (word["start"], word["end"]) for word in times["words"]}
    length = len(spoken.signal) / VOICE.grid.sample_rate
    return words, {mark["name"]: mark["time"] for mark in times.get("marks", [])}, length


B, M = "<break time='1s'/>", "<mark name='m'/>"
START, END = 0, 1


@pytest.mark.parametrize(
    ("inside", "word", "edge", "after"),
    [
        (f"{M}{B}Ab ef.", "Ab", START, -1.0),
        (f"{B}{M}Ab ef.", "Ab", START, 0.0),
        (f"<break time='400ms'/>{M}<break time='600ms'/>Ab.", "Ab", START, -0.6),
        (f"{M}Ab.", "Ab", START, 0.0),
        (f"Ab {M}ef.", "ef", START, 0.0),
        (f"Ab{M}{B}ef.", "Ab", END, 0.0),
        (f"Ab{B}{M}ef.", "ef", START, 0.0),
        (f"Ab<break time='300ms'/>{M}<break time='700ms'/>ef.", "Ab", END, 0.3),
        (f"Ab.{M} Ef.", "Ab", END, 0.0),
        (f"Ab. {M}Ef.", "Ef", START, 0.0),
        (f"Ab.{M}{B} Ef.", "Ab", END, 0.0),
        (f"Ab.{B}{M} Ef.", "Ef", START, 0.0),
        (f"Ab. {B} {M} Ef.", "Ef", START, 0.0),
        (f"Ab.<break time='200ms'/>{M}<break time='800ms'/> Ef.", "Ab", END, 0.2),  # in the share of the first sentence
        (f"Ab.<break time='800ms'/>{M}<break time='200ms'/> Ef.", "Ab", END, 0.8),  # in that of the second
        (f"<s>Ab{M}</s><s>Ef</s>", "Ab", END, 0.0),
        (f"<s>Ab</s>{M}<s>Ef</s>", "Ef", START, 0.0),
        (f"<s>Ab</s><s>{M}Ef</s>", "Ef", START, 0.0),
        (f"<s>Ab</s><s>{M}{B}Ef</s>", "Ab", END, 0.0),
        (f"<s>Ab</s><s>{B}{M}Ef</s>", "Ef", START, 0.0),
        (f"<s>Ab{B}{M}</s><s>Ef</s>", "Ef", START, 0.0),
        (f"<s>Ab{M}</s><s>{B}Ef</s>", "Ab", END, 0.0),
        (f"Ab.{M}", "Ab", END, 0.0),
        (f"Ab.{M}{B}", "Ab", END, 0.0),
        (f"Ab.{B}{M}", "Ab", END, 1.0),
        (f"Ab.<break time='300ms'/>{M}<break time='700ms'/>", "Ab", END, 0.3),
    ],
)
def test_a_mark_is_reached_where_it_stands(inside: str, word: str, edge: int, after: float) -> None:
    words, marks, _ = times_of(inside)
    assert marks["m"] == pytest.approx(words[word][edge] + after, abs=1e-6)


def test_a_mark_after_the_last_break_is_at_the_end_of_the_sound() -> None:
    _, marks, length = times_of(f"Ab.{B}{M}")
    assert marks["m"] == pytest.approx(length, abs=VOICE.grid.shift)
    _, marks, _ = times_of(f"{M}{B}Ab.")
    assert marks["m"] == 0.0


def test_marks_are_in_time_in_the_order_of_the_text() -> None:
    inside = "".join(f"<mark name='{n}'/>{B if n % 3 else ''}<s>{chr(97 + n)}</s>" for n in range(8)) + M
    _, marks, _ = times_of(inside)
    assert list(marks) == [*map(str, range(8)), "m"]
    assert list(marks.values()) == sorted(marks.values())


@pytest.mark.parametrize(
    ("inside", "seconds"),
    [
        ("Ab.<break time='2s'/> Xx. <break time='3s'/> Ef.", 5.0),
        ("<s>Ab.</s><s>xx</s><break time='2s'/><s>Ef.</s>", 2.0),
        ("<s>Ab.</s><s>xx<break time='2s'/>xx</s><s>xx<break time='1s'/></s><s>Ef.</s>", 3.0),
        ("<s>Ab.</s><s>xx <break time='2s'/>Ef.</s>", 2.0),  # before the first word of a sentence that is read
    ],
)
def test_breaks_of_what_has_nothing_to_say_stay(inside: str, seconds: float) -> None:
    words, _, _ = times_of(inside)
    assert words["Ef"][START] - words["Ab"][END] == pytest.approx(seconds, abs=1e-6)


def test_breaks_and_marks_of_what_has_nothing_to_say_stay_at_both_ends() -> None:
    words, marks, length = times_of(
        f"<s>xx</s><break time='2s'/>{M}<s>Ab.</s><s>xx</s><break time='3s'/><mark name='n'/><s>xx</s>"
    )
    assert words["Ab"][START] == marks["m"] == pytest.approx(2.0)
    assert length - words["Ab"][END] == pytest.approx(3.0, abs=VOICE.grid.shift)
    assert marks["n"] == pytest.approx(words["Ab"][END] + 3.0)


def test_sentences_before_one_that_fails_come_first() -> None:
    request = Request("x", "<speak><s>Ab.</s><s>Ef.</s><s>xx</s><s>a.</s></speak>", ssml=True)
    parts = parts_of(request, ENGINE, replace(MANNER, unreadable="fail"), [])
    assert [next(parts).sentence.text for _ in range(2)] == ["Ab.", "Ef."]
    with pytest.raises(PronunciationError):
        next(parts)


def test_breaks_of_one_sentence_have_a_sum() -> None:
    many = "a<break time='60s'/>" * 6
    with pytest.raises(TtsError, match=rf"breaks of this sentence last 360s; the most is {LONGEST_IN_A_SENTENCE:g}s"):
        times_of(f"<s>{many}b.</s>")
    with pytest.raises(TtsError, match="breaks of this sentence last 330s"):  # its half
        times_of("Ab." + "<break time='60s'/>" * 11 + " Ef.")


def test_a_sentence_of_thousands_of_marks_is_ready_in_time() -> None:
    source = "<speak><s>Ab " + "<mark name='m'/>" * 16_000 + "ef.</s></speak>"
    begun = time.process_time()
    (part,) = parts_of(Request("x", source, ssml=True), ENGINE, MANNER, [])
    assert time.process_time() - begun < 1.5  # four and more where every mark asked all others
    assert len(part.mark_frames(np.full((len(part.sentence.segments), 5), 2))) == 16_000
