from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from fake_voice import FakeVoice

from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.generation.postfilter import PostFilterSettings
from tts.generation.requests import Request
from tts.generation.synthesiser import Speech, Synthesiser, SynthesisSettings
from tts.generation.vocode import limit
from tts.text.engine import make_engine

INLINE = SynthesisSettings(workers=0)


def speak(texts: list[str], settings: SynthesisSettings = INLINE, voice: FakeVoice | None = None) -> list[Speech]:
    with Synthesiser(voice or FakeVoice(), settings) as synthesiser:
        return list(synthesiser.speak(Request(f"r{n}", text) for n, text in enumerate(texts)))


def words(spoken: Speech) -> list[str]:
    return [word.text for sentence in spoken.sentences for word in sentence.words]


def frames(spoken: Speech) -> int:
    return sum(alignment.frames for alignment in spoken.alignments)


def test_order_words_and_lengths_whatever_the_batches() -> None:
    texts = [" ".join(["abc", "de."] * (1 + n % 7)) for n in range(20)]
    voice = FakeVoice()
    small = speak(texts, SynthesisSettings(workers=0, batch_frames=700), voice)
    assert len(voice.calls) > 3
    large = speak(texts)
    for n, (a, b) in enumerate(zip(small, large, strict=True)):
        assert a.id == f"r{n}"
        assert a.error is None
        assert words(a) == texts[n].split()
        assert len(a.signal) == FrameGrid(16_000).samples(frames(a))
        np.testing.assert_array_equal(a.signal, b.signal)


@pytest.mark.slow
def test_worker_processes_give_the_same() -> None:
    texts = ["One two.", "Three ☠.", "Four. Five."]
    with Synthesiser(FakeVoice(), SynthesisSettings(workers=1)) as synthesiser:
        requests = [Request(f"r{n}", text) for n, text in enumerate(texts)]
        first, again = (list(synthesiser.speak(requests)) for _ in range(2))
    for a, b, c in zip(first, again, speak(texts), strict=True):
        assert a.error == b.error == c.error
        np.testing.assert_array_equal(a.signal, b.signal)
        np.testing.assert_array_equal(a.signal, c.signal)


def test_a_failing_request_does_not_stop_the_others() -> None:
    spoken = speak(["good.", "bad ☠.", "explode.", "", "...", "NaN.", "fine. But then ☠.", "& so on."])
    errors = [s.error for s in spoken]
    assert errors[0] is None
    assert errors[7] is None
    assert "no pronunciation" in str(errors[1])
    assert "the network exploded" in str(errors[2])
    assert "no word" in str(errors[3])
    assert "no word" in str(errors[4])
    assert "mcep" in str(errors[5])
    assert "not finite" in str(errors[5])
    assert "☠" in str(errors[6])
    assert all(len(s.signal) == 0 for s in spoken if s.error)


@pytest.mark.slow
def test_ten_thousand_words_in_one_line() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = " ".join(map("".join, itertools.islice(itertools.product(letters, repeat=3), 10_000)))
    voice = FakeVoice(frames_a_state=1.0, states=1)
    (spoken,) = speak([text], SynthesisSettings(workers=0, max_characters=200, post_filter=PostFilterSettings("none")), voice)
    assert words(spoken) == text.split()
    assert len(spoken.sentences) > 100
    assert max(voice.calls) < len(spoken.sentences)
    assert len(spoken.signal) == FrameGrid(16_000).samples(frames(spoken))


def test_text_of_phones_is_cut_between_words() -> None:
    voice = FakeVoice(frames_a_state=1.0, states=1)
    voice.engine = make_engine("phones", "en-us")
    text = "h ə l ˈoʊ | w ˈɜː l d | " * 40
    (spoken,) = speak([text], SynthesisSettings(workers=0, max_characters=100, post_filter=PostFilterSettings("none")), voice)
    assert words(spoken) == ["həlˈoʊ", "wˈɜːld"] * 40
    assert len(spoken.sentences) == 5  # of at most 200 characters


def test_sentences_join_with_the_pause_asked_for() -> None:
    a, b, both = speak(["abc.", "defg.", "abc. ... defg."], SynthesisSettings(workers=0, sentence_pause=0.5))
    ends = [spoken.alignments[0].phone_durations for spoken in (a, b)]
    first, second = both.alignments
    assert first.phone_durations[-1] + second.phone_durations[0] == 100
    assert first.phone_durations[0] == ends[0][0]
    assert second.phone_durations[-1] == ends[1][-1]
    start = FrameGrid(16_000).centres(first.frames + 1)[-1]
    assert np.abs(both.signal[start - 80 : start + 80]).max() < 1e-2 * np.abs(both.signal).max()


def test_speed_pitch_and_pauses() -> None:
    voice = FakeVoice(frames_a_state=8.0)
    with Synthesiser(voice, INLINE) as synthesiser:
        normal, fast, high = synthesiser.speak(
            [Request("a", "abc, de"), Request("b", "abc, de", speed=2.0), Request("c", "abc, de", pitch=12)]
        )
    assert frames(fast) * 2 == frames(normal) == frames(high)
    (slow,) = speak(["abc, de"], SynthesisSettings(workers=0, pause_scale=2.0), voice)
    added = slow.alignments[0].phone_durations - normal.alignments[0].phone_durations
    assert [(phone, n) for phone, n in zip(slow.alignments[0].phones, added, strict=True) if n] == [("pau", 40)]

    def pitch(spoken: Speech) -> float:
        at = spoken.alignments[0].phone_starts[2] * 80
        part = spoken.signal[at : at + 3200]
        correlation = np.correlate(part, part, "full")[len(part) - 1 :]
        return 16_000 / (40 + int(correlation[40:200].argmax()))

    assert pitch(high) == pytest.approx(2 * pitch(normal), rel=0.05)


@pytest.mark.slow
def test_results_come_early_and_memory_stays_flat() -> None:
    taken = 0

    def endless() -> Iterator[Request]:
        nonlocal taken
        for n in itertools.count():
            taken += 1
            yield Request(f"r{n}", "abc def.")

    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings(workers=0, batch_frames=1000)) as synthesiser:
        stream = synthesiser.speak(endless())
        for _ in range(20):
            next(stream)
        assert taken < 40
        tracemalloc.start()
        for _ in range(20):
            next(stream)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            next(stream)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert grown < 1_000_000


def test_limit() -> None:
    quiet = np.array([0.5, -0.98])
    assert limit(quiet) is quiet
    np.testing.assert_allclose(limit(np.array([0.5, -2.0])), [0.2475, -0.99])
    assert len(limit(np.zeros(0))) == 0


def test_bad_settings_and_requests_are_refused() -> None:
    for settings in (
        {"pause_scale": 0},
        {"sentence_pause": -1},
        {"voicing_threshold": 2},
        {"max_characters": 5},
        {"workers": -1},
    ):
        with pytest.raises(UsageError, match="outside"):
            SynthesisSettings(**settings)  # type: ignore[arg-type]
    with pytest.raises(TtsError, match="speed 9"):
        Request("a", "b", speed=9)
    assert SynthesisSettings(workers=3).sound() == SynthesisSettings(batch_frames=5).sound()
    assert SynthesisSettings(sentence_pause=1).sound() != SynthesisSettings().sound()
