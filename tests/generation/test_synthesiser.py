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
from tts.generation.sentence_joiner import SentenceJoiner
from tts.generation.synthesiser import (
    RequestEnd,
    Speech,
    SpokenSentence,
    Synthesiser,
    SynthesisSettings,
)
from tts.generation.vocode import limited, spoken_trajectories
from tts.recipe import GenerationPart
from tts.text.engine import make_engine
from tts.text.sentence import Sentence

INLINE = SynthesisSettings(workers=0)


def speak(texts: list[str], settings: SynthesisSettings = INLINE, voice: FakeVoice | None = None) -> list[Speech]:
    with Synthesiser(voice or FakeVoice(), settings) as synthesiser:
        requests = (Request(f"r{n}", text) for n, text in enumerate(texts))
        return list(synthesiser.speak(requests, errors="return"))


def words(spoken: Speech) -> list[str]:
    return [word.text for sentence in spoken.sentences for word in sentence.words]


def frames(spoken: Speech) -> int:
    return sum(alignment.frames for alignment in spoken.alignments)


@pytest.mark.slow
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
        assert len(a.signal) == FrameGrid(16_000).centre(frames(a))
        np.testing.assert_array_equal(a.signal, b.signal)


@pytest.mark.slow
def test_worker_processes_give_the_same() -> None:
    texts = ["One two.", "Three ☠.", "Four. Five."]
    with Synthesiser(FakeVoice(), SynthesisSettings(workers=1)) as synthesiser:
        requests = [Request(f"r{n}", text) for n, text in enumerate(texts)]
        first, again = (list(synthesiser.speak(requests, errors="return")) for _ in range(2))
    for a, b, c in zip(first, again, speak(texts), strict=True):
        assert a.error == b.error == c.error
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(a.samples, c.samples)


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
    for failed in spoken[1:7]:
        with pytest.raises(TtsError, match=f"{failed.id}: "):  # never an empty signal in silence
            _ = failed.signal


def test_a_failing_request_raises_unless_its_error_is_asked_for() -> None:
    with Synthesiser(FakeVoice()) as synthesiser:
        stream = synthesiser.speak([Request("a", "good."), Request("b", "bad ☠.", place="in.txt:2"), Request("c", "good.")])
        assert next(stream).id == "a"
        with pytest.raises(TtsError, match=r"in\.txt:2: b: no pronunciation for '☠'"):
            next(stream)
        with pytest.raises(UsageError, match="errors is 'ignore'"):
            next(synthesiser.speak([], errors="ignore"))  # type: ignore[arg-type]


def test_no_processes_unless_asked_for() -> None:
    with Synthesiser(FakeVoice()) as synthesiser:
        assert synthesiser.workers.count == 0


@pytest.mark.slow
def test_ten_thousand_words_in_one_line() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = " ".join(map("".join, itertools.islice(itertools.product(letters, repeat=3), 10_000)))
    voice = FakeVoice(frames_a_state=1.0, states=1)
    (spoken,) = speak([text], SynthesisSettings(workers=0, max_characters=200, post_filter=PostFilterSettings("none")), voice)
    assert words(spoken) == text.split()
    assert len(spoken.sentences) > 100
    assert max(voice.calls) < len(spoken.sentences)
    assert len(spoken.signal) == FrameGrid(16_000).centre(frames(spoken))


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
    own = SynthesisSettings.of(GenerationPart(speed=0.5), workers=0)
    (slow,) = speak(["abc, de"], own, voice)
    assert frames(slow) == 2 * frames(normal), "the voice's own speed"
    with Synthesiser(voice, own) as synthesiser:
        (asked,) = synthesiser.speak([Request("d", "abc, de", speed=2.0)])
    assert frames(asked) == frames(normal), "a request's is a factor on it"
    assert own.sound()["speed"] == 0.5 and "speed" not in INLINE.sound()
    with pytest.raises(UsageError, match=r"speed 0\.4 is outside 0\.5\.\.2"):
        SynthesisSettings(speed=0.4)

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


@pytest.mark.slow
def test_a_long_request_is_handed_out_sentence_by_sentence_in_flat_memory() -> None:
    """One request of 600 sentences: what is held does not grow with what was handed out."""
    text = "Abc def. " * 600
    with Synthesiser(FakeVoice(frames_a_state=1.0), SynthesisSettings(batch_frames=1000)) as synthesiser:
        stream = synthesiser.stream([Request("book", text)])
        for _ in range(50):
            next(stream)
        tracemalloc.start()
        for _ in range(50):
            next(stream)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(450):
            next(stream)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        rest = list(stream)
    assert grown < 1_000_000  # a few batches more or less; the 450 sentences are 6 MB
    assert len(rest) == 51
    assert isinstance(rest[-1], RequestEnd)


@pytest.mark.parametrize("texts", [["Abc. " * 60], ["Abc."] * 60])
def test_the_first_sentence_is_spoken_before_another_is_read(texts: list[str]) -> None:
    """Neither the front end nor the network looks ahead; later batches grow."""
    voice, read = FakeVoice(), []
    answer = voice.engine.answer
    voice.engine.answer = lambda text, *more: read.append(text) or answer(text, *more)  # type: ignore[method-assign]
    with Synthesiser(voice, INLINE) as synthesiser:
        events = synthesiser.stream(Request(f"r{n}", text) for n, text in enumerate(texts))
        first = next(events)
        assert isinstance(first, SpokenSentence) and first.sentence.text.strip() == "Abc."
        assert (len(read), voice.calls) == (1, [1])
        assert sum(isinstance(event, SpokenSentence) for event in events) == 59
    assert voice.calls[1] > 1


def test_sentences_put_together_are_the_speech_of_the_request() -> None:
    grid = FrameGrid(22_050, 5.8)  # frames that are no whole number of samples
    request = Request("a", "abc. defg hi. jk, lmn. o. pqrstu.")
    with Synthesiser(FakeVoice(grid=grid)) as synthesiser:
        (whole,) = synthesiser.speak([request])
        joiner = SentenceJoiner(grid)
        pieces = [joiner.add(event) for event in synthesiser.stream([request]) if isinstance(event, SpokenSentence)]
    signal = np.concatenate([*pieces, joiner.rest()])
    assert len(whole.signal) == grid.centre(frames(whole)) == round(frames(whole) * grid.shift * grid.sample_rate)
    np.testing.assert_array_equal(signal, whole.signal)


def test_the_limiter_leaves_all_but_the_surroundings_of_a_peak() -> None:
    rate = 16_000
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(rate) / rate)
    assert limited(tone, rate) is tone
    assert len(limited(np.zeros(0), rate)) == 0
    loud = tone.copy()
    loud[8000:8020] *= 4.0
    found = limited(loud, rate)
    assert np.abs(found).max() <= 0.99
    np.testing.assert_array_equal(found[:7000], loud[:7000])  # 60 ms away nothing is changed, not by one bit
    np.testing.assert_array_equal(found[9020:], loud[9020:])
    gain = found[7000:9020] / np.where(loud[7000:9020] == 0, 1, loud[7000:9020])
    assert np.abs(np.diff(gain[loud[7000:9020] != 0])).max() < 0.01  # no step: a dip and a recovery


class LoudVoice(FakeVoice):
    """Says sentences with an "l" so loud that they clip, and all others as ever."""

    def _acoustics(self, sentence: Sentence, durations: np.ndarray, speaker: int) -> dict[str, np.ndarray]:
        means = super()._acoustics(sentence, durations, speaker)
        codes = np.repeat([phone == "l" for phone in sentence.phones], durations.sum(axis=1))
        means["mcep"][:, 0] += 4.5 * codes
        return means


def test_sentences_and_lines_keep_their_relative_level() -> None:
    """A sentence that would clip makes neither the others quieter nor its own quiet words."""
    plain, loud, both = speak(["Abca abc.", "Abca l abca.", "Abca abc. Abca l abca."], voice=LoudVoice(frames_a_state=8.0))
    unlimited = speak(["Abca l abca."], voice=FakeVoice(frames_a_state=8.0))[0].signal
    assert np.abs(loud.signal).max() == pytest.approx(0.99, abs=0.02)
    start = 80 * loud.alignments[0].phone_starts[1]
    np.testing.assert_allclose(loud.signal[start : start + 8000], unlimited[start : start + 8000], atol=1e-6)
    first = both.alignments[0].frames * 80
    level = np.sqrt((both.signal[:first] ** 2).mean() / (plain.signal**2).mean() * first / len(plain.signal))
    assert level == pytest.approx(1.0, abs=0.01)


def test_sound_fades_over_the_silence_at_the_edges_of_a_sentence() -> None:
    """Noise in what a network says of silence rises from nothing and falls to nothing; inside the sentence it stays."""
    voice = NoisyVoice(frames_a_state=10.0)
    (spoken,) = speak(["abc"], voice=voice)
    first, last = (80 * int(n) for n in spoken.alignments[0].phone_durations[[0, -1]])
    signal = spoken.signal

    def level(part: np.ndarray) -> float:
        return float(np.sqrt((part**2).mean()))

    inside = level(signal[first : len(signal) - last])
    for edge in (signal[:first], signal[::-1][:last]):
        quarters = [level(part) for part in np.array_split(edge, 4)]
        assert quarters[0] < 0.15 * inside
        assert quarters == sorted(quarters)
        assert quarters[3] > 0.5 * inside
        assert abs(edge[0]) < 1e-3 * inside


class NoisyVoice(FakeVoice):
    """Says the same unvoiced sound everywhere, silence included."""

    def _acoustics(self, sentence: Sentence, durations: np.ndarray, speaker: int) -> dict[str, np.ndarray]:
        means = super()._acoustics(sentence, durations, speaker)
        means["mcep"][:] = means["mcep"][len(means["mcep"]) // 2]
        means["vuv"][:] = 0.0
        return means


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
    assert SynthesisSettings(vocoder="world").sound() != SynthesisSettings().sound()


def test_settings_are_those_of_a_voice() -> None:
    settings = SynthesisSettings.of(GenerationPart(post_filter="none", f0_variance=0.5, vocoder="world"), workers=2)
    assert settings.post_filter == PostFilterSettings("none", 1.0, 0.5)
    assert (settings.vocoder, settings.workers) == ("world", 2)


def test_a_voice_speaks_as_it_says_where_nothing_else_is_asked_for() -> None:
    voice = FakeVoice(generation=GenerationPart(post_filter="cepstral", strength=0.4, vocoder="world"))
    requests = [Request("a", "ab ba.")]
    with Synthesiser(voice) as own, Synthesiser(voice, SynthesisSettings()) as other:
        assert own.settings == SynthesisSettings.of(voice.generation)
        assert not np.array_equal(next(own.speak(requests)).signal, next(other.speak(requests)).signal)


def test_voicing_in_the_silences_at_the_ends_is_only_what_goes_on_from_speech() -> None:
    """A frame that the network, untrained there, calls voiced by itself is not: neither heard nor shown."""
    voice = FakeVoice()
    sound = Synthesiser(voice).sound
    speech = np.zeros(40, bool)
    speech[10:30] = True
    speech[18:22] = False  # a long pause inside counts in part
    voicing = np.full((40, 1), 0.2)
    voicing[[2, 3, 8, 9, 10, 11, 19, 28, 29, 30, 33, 39]] = 0.9
    predicted = {
        name: np.zeros((40, stream.dimension * (3 if stream.dynamic else 1))) for name, stream in voice.streams.items()
    }
    made = spoken_trajectories(sound, {**predicted, "vuv": voicing}, speech)["vuv"]
    assert np.flatnonzero(made[:, 0] >= 0.5).tolist() == [8, 9, 10, 11, 19, 28, 29, 30]
    np.testing.assert_array_equal(made[10:30], voicing[10:30])
    all_voiced = spoken_trajectories(sound, {**predicted, "vuv": np.full((40, 1), 0.9)}, speech)["vuv"]
    assert (all_voiced == 0.9).all()
