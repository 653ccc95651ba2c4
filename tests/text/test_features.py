import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError
from tts.text.features import CAPS, ContextFeatures
from tts.text.phones import PhoneInventory, attributes
from tts.text.sentence import Sentence, Syllable, Word

INVENTORY = PhoneInventory(("p", "b", "t͡ʃ", "s", "z", "n", "l", "aɪ", "ə", "iː", "n̩"))
FEATURES = ContextFeatures(INVENTORY)

SYLLABLES = st.builds(
    lambda onset, nucleus, coda, stress: Syllable((*onset, nucleus, *coda), stress),
    st.lists(st.sampled_from(["p", "b", "s", "t͡ʃ"]), max_size=3),
    st.sampled_from(["aɪ", "ə", "iː", "n̩"]),
    st.lists(st.sampled_from(["z", "n", "l"]), max_size=3),
    st.integers(0, 2),
)
WORDS = st.builds(
    Word,
    st.sampled_from(["the", "dog"]),
    st.lists(SYLLABLES, min_size=1, max_size=4).map(tuple),
    st.sampled_from(["", "minor", "major"]),
    st.booleans(),
)
SENTENCES = st.builds(
    Sentence,
    st.just("x"),
    st.just("en-us"),
    st.lists(WORDS, max_size=12).map(tuple),
    st.sampled_from(["statement", "question", "exclamation"]),
)


def column(sentence, name):
    return FEATURES.vectors(sentence)[:, FEATURES.names.index(name)]


@pytest.mark.slow
@settings(deadline=None)
@given(SENTENCES)
def test_shape_range_and_silences(sentence):
    vectors = FEATURES.vectors(sentence)
    assert vectors.shape == (len(sentence.segments), FEATURES.dimension) and vectors.dtype == np.float32
    assert np.isfinite(vectors).all() and vectors.min() >= 0 and vectors.max() <= 1
    own = [
        i
        for i, name in enumerate(FEATURES.names)
        if name.split(":")[0] in ("syllable", "word", "phrase", "phone", "C_syllable")
    ]
    silent = np.array([segment.silent for segment in sentence.segments])
    assert not vectors[silent][:, own].any()


@pytest.mark.slow
@settings(deadline=None)
@given(SENTENCES)
def test_phones_around_are_what_they_say(sentence):
    vectors = FEATURES.vectors(sentence)
    phones = ["", "", *sentence.phones, "", ""]
    for shift, who in enumerate(("LL", "L", "C", "R", "RR")):
        for i in range(len(sentence.phones)):
            true = {n.split(":")[1] for n, v in zip(FEATURES.names, vectors[i], strict=True) if v and n.startswith(f"{who}:")}
            phone = phones[i + shift]
            expected = {f"is_{phone}"} | (attributes(phone) & set(FEATURES.asked)) if phone else set()
            assert true == expected


@pytest.mark.slow
@settings(deadline=None)
@given(SENTENCES)
def test_positions_against_plain_counting(sentence):
    """Every position is recomputed here from the definition, by walking through phrases, words, syllables and phones."""
    phrases: list[list[int]] = [[]]
    for w, word in enumerate(sentence.words):
        phrases[-1].append(w)
        if word.pause_after and w + 1 < len(sentence.words):
            phrases.append([])

    def share(count, kind):
        return np.float32(min(count, CAPS[kind]) / CAPS[kind])

    named = {name: i for i, name in enumerate(FEATURES.names)}
    vectors = FEATURES.vectors(sentence)
    row = 0
    total = sum(len(w.syllables) for w in sentence.words)
    for p, members in enumerate(phrases):
        row += 1  # the silence before the phrase
        in_phrase = [(w, s) for w in members for s in range(len(sentence.words[w].syllables))]
        size = sum(len(sentence.words[w].syllables[s].phones) for w, s in in_phrase)
        at = 0
        for place, (w, s) in enumerate(in_phrase):
            syllable, word = sentence.words[w].syllables[s], sentence.words[w]
            stressed = [k for k, (a, b) in enumerate(in_phrase) if sentence.words[a].syllables[b].stress == 1]
            later = [k for k in stressed if k > place]
            for i in range(len(syllable.phones)):
                expected = {
                    "phone:in_syllable_forward": share(i + 1, "phones_in_syllable"),
                    "phone:in_syllable_backward": share(len(syllable.phones) - i, "phones_in_syllable"),
                    "phone:from_pause": share(at + 1, "phones_in_phrase"),
                    "phone:to_pause": share(size - at, "phones_in_phrase"),
                    "syllable:in_word_forward": share(s + 1, "syllables_in_word"),
                    "syllable:in_phrase_backward": share(len(in_phrase) - place, "syllables_in_phrase"),
                    "syllable:stresses_before_in_phrase": share(sum(k < place for k in stressed), "stresses_in_phrase"),
                    "syllable:to_stress": share(later[0] - place, "syllables_in_word") if later else np.float32(1),
                    "word:in_phrase_forward": share(members.index(w) + 1, "words_in_phrase"),
                    "word:in_sentence_backward": share(len(sentence.words) - w, "words_in_sentence"),
                    "phrase:in_sentence_forward": share(p + 1, "phrases_in_sentence"),
                    "C_phrase:words": share(len(members), "words_in_phrase"),
                    "C_syllable:primary_stress": np.float32(syllable.stress == 1),
                    "C_word:break_minor": np.float32(word.break_after == "minor"),
                    "C_word:function": np.float32(word.text == "the"),
                    "L_word:break_major": np.float32(w > 0 and sentence.words[w - 1].break_after == "major"),
                    "R_word:syllables": share(
                        len(sentence.words[w + 1].syllables) if w + 1 < len(sentence.words) else 0, "syllables_in_word"
                    ),
                    "sentence:syllables": share(total, "syllables_in_sentence"),
                    "sentence:question": np.float32(sentence.kind == "question"),
                }
                found = {name: vectors[row, named[name]] for name in expected}
                assert found == expected
                row += 1
                at += 1
    assert row + 1 == len(vectors) or not sentence.words


def test_a_silence_sees_both_sides():
    words = (
        Word("one", (Syllable(("s", "aɪ"), 1),), "minor", True),
        Word("two", (Syllable(("b", "ə"), 0), Syllable(("p", "iː"), 2)), "major", True),
    )
    sentence = Sentence("x", "en-us", words)
    assert sentence.phones[3] == "pau"
    assert column(sentence, "L_syllable:primary_stress")[3] == 1 and column(sentence, "L_word:break_minor")[3] == 1
    assert column(sentence, "R_phrase:syllables")[3] == np.float32(2 / CAPS["syllables_in_phrase"])
    assert column(sentence, "L_word:break_major")[-1] == 1 and column(sentence, "R_word:phones")[0] > 0
    assert list(column(sentence, "syllable:vowel_is_ə")) == [0, 0, 0, 0, 1, 1, 0, 0, 0]


def test_pauses_make_phrases_and_change_the_features():
    word = Word("dog", (Syllable(("p", "aɪ"), 1),))
    sentence = Sentence("x", "en-us", (word,) * 4)
    assert column(sentence.with_pauses([1]), "sentence:phrases")[0] == np.float32(2 / CAPS["phrases_in_sentence"])
    assert column(sentence, "sentence:phrases")[0] == np.float32(1 / CAPS["phrases_in_sentence"])


def test_unknown_phones_are_named():
    sentence = Sentence("x", "en-us", (Word("x", (Syllable(("v", "ə")),)),))
    with pytest.raises(TtsError, match="'v'"):
        FEATURES.vectors(sentence)
    assert FEATURES.vectors(INVENTORY.adapt(sentence)[0]).shape[0] == 4


def test_names_are_unique_and_come_back():
    assert len(set(FEATURES.names)) == FEATURES.dimension
    assert {"C:is_p", "C:vowel", "L:is_aɪ", "RR:nasal", "syllable:in_word_forward"} <= set(FEATURES.names)
    again = ContextFeatures.from_dict(FEATURES.to_dict())
    assert again == FEATURES and again.fingerprint == FEATURES.fingerprint and again.names == FEATURES.names
    assert ContextFeatures(PhoneInventory(("p", "ə"))).fingerprint != FEATURES.fingerprint
    with pytest.raises(TtsError, match="version"):
        ContextFeatures.from_dict({**FEATURES.to_dict(), "fingerprint": "0"})
    assert dataclasses.is_dataclass(FEATURES)


def test_three_milliseconds_a_sentence():
    word = Word("dog", (Syllable(("p", "aɪ", "n"), 1), Syllable(("z", "ə"), 0)), "", False)
    sentence = Sentence("x", "en-us", (word,) * 12)
    FEATURES.vectors(sentence)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        FEATURES.vectors(sentence)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.003
