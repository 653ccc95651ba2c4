import dataclasses
import time

import numpy as np
import pytest

from tts.core.errors import TtsError
from tts.text.english import prominence
from tts.text.english.prominence import (
    HIGHEST,
    ProminenceModel,
    prominence_model,
    read_model,
    regressor_names,
    regressors,
    word_prosody,
    write_model,
)
from tts.text.features import ContextFeatures
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence, Syllable, Word

INVENTORY = PhoneInventory(("t", "ə"))


def sentence_of(text: str, pauses: bool = True) -> Sentence:
    words = []
    for token in text.split():
        bare = token.rstrip(".,?!")
        after = "" if bare == token else "minor" if token.endswith(",") else "major"
        words.append(Word(bare, (Syllable(("t", "ə"), 1),), after, pauses and bool(after)))
    return Sentence(text, "en-us", tuple(words), "question" if text.endswith("?") else "statement")


def by_word(text: str) -> dict[str, np.ndarray]:
    sentence = sentence_of(text)
    return dict(zip((word.text for word in sentence.words), word_prosody(sentence), strict=True))


def test_content_stands_out_and_punctuation_divides():
    words = by_word("The old captain sold his boat to a stranger, and the children of the village cried.")
    content = [words[w][0] for w in ("old", "captain", "sold", "boat", "stranger", "children", "village", "cried")]
    function = [words[w][0] for w in ("The", "his", "to", "a", "and", "the", "of")]
    assert min(content) > prominence_model().prominent / HIGHEST > max(function)
    inside = [values[1] for word, values in words.items() if word not in ("stranger", "cried")]
    assert min(words["stranger"][1], words["cried"][1]) > 1.5 * max(inside)


def test_an_unknown_word_is_taken_for_what_its_place_says():
    words = by_word("The grumlish boat was sold to Quenby.")
    assert "grumlish" not in prominence_model().words
    assert words["grumlish"][0] > words["was"][0] and words["Quenby"][0] > words["to"][0]


def test_what_is_said_again_is_less_prominent():
    again = word_prosody(sentence_of("He bought a boat, and then he painted the boat."))
    other = word_prosody(sentence_of("He bought a house, and then he painted the boat."))
    assert again[-1, 0] < other[-1, 0]


@pytest.mark.parametrize("text", ["", "Yes.", "No, never.", "a b c d e f g"])
def test_any_number_of_words(text):
    values = word_prosody(sentence_of(text))
    assert values.shape == (len(text.split()), 2) and values.dtype == np.float32
    assert values.size == 0 or (values.min() >= 0.0 and values.max() <= 1.0)


def test_pauses_that_a_speaker_made_change_nothing():
    text = "When the rain stopped, we walked home."
    assert np.array_equal(word_prosody(sentence_of(text)), word_prosody(sentence_of(text, pauses=False)))


def test_it_costs_little():
    sentence = sentence_of("the old captain sold his boat to a stranger and the children of the village cried " * 3)
    word_prosody(sentence)
    start = time.process_time()
    for _ in range(10):
        word_prosody(sentence)
    assert time.process_time() - start < 0.5


def test_a_model_is_read_as_it_was_written():
    model = prominence_model()
    small = dataclasses.replace(model, words={"boat": "3 95 20", "it's": "1 5 0"})
    read = read_model(write_model(small))
    assert read.words == small.words and read.tags == model.tags and read.prominent == model.prominent
    assert np.allclose(read.weights, model.weights) and np.allclose(read.priors, model.priors)


def test_the_regression_is_the_one_that_its_columns_name():
    """A weight of one on one column gives that column's definition back."""
    model = prominence_model()
    names = prominence.regressor_names(model.tags)
    words, breaks = ["The", "boat", "sank", "and", "burnt"], ["", "", "minor", "", "major"]
    for name, expected in (
        ("last_in_phrase", [0, 0, 1, 0, 1]),
        ("first_in_sentence", [1, 0, 0, 0, 0]),
        ("function", [1, 0, 0, 1, 0]),
        ("function+1", [0, 0, 1, 0, 0]),
        ("last_in_phrase-1", [1, 0, 0, 1, 0]),
        ("to_phrase_end", [2 / 8, 1 / 8, 0, 1 / 8, 0]),
        ("from_phrase_start", [0, 1 / 8, 2 / 8, 0, 1 / 8]),
        ("near_phrase_end", [1 / 3, 1 / 2, 1, 1 / 2, 1]),
        ("dt+0", [1, 0, 0, 0, 0]),
        ("cc+1", [0, 0, 1, 0, 0]),
    ):
        weights = np.zeros((len(names), 2))
        weights[names.index(name), 0] = 1.0
        values = ProminenceModel(model.tags, model.words, model.priors, weights, 0.0, 0.0).predict(words, breaks)
        assert np.allclose(values[:, 0], expected), name


def test_as_features_they_stand_beside_the_others():
    plain, more = ContextFeatures(INVENTORY), ContextFeatures(INVENTORY, prominence=True)
    sentence = sentence_of("The boat sank, and we swam.")
    vectors, own = more.vectors(sentence), word_prosody(sentence)
    added = [f"{who}_word:{what}" for who in "LCR" for what in ("prominence", "boundary")]
    added += ["sentence:yes_no", "sentence:question_word"]
    assert set(more.names) - set(plain.names) == set(added) and more.fingerprint != plain.fingerprint
    columns = {name: vectors[:, number] for number, name in enumerate(more.names)}
    assert np.array_equal(np.stack([columns[name] for name in plain.names], axis=1), plain.vectors(sentence))
    for place, segment in enumerate(sentence.segments):
        word = segment.word
        assert columns["C_word:prominence"][place] == (0.0 if segment.silent else own[word, 0])
        if not segment.silent:
            assert columns["L_word:boundary"][place] == (own[word - 1, 1] if word else 0.0)
            assert columns["R_word:prominence"][place] == (own[word + 1, 0] if word + 1 < len(own) else 0.0)


def test_controls_have_the_values_of_other_words_or_of_the_word_alone():
    """Shuffled: the sentence's own values, elsewhere, always alike. Word: the same wherever the word stands."""
    sentence = sentence_of("The old captain sold his boat to a stranger, and nobody saw the captain again.")
    predicted, shuffled = word_prosody(sentence), word_prosody(sentence, "shuffled")
    assert (shuffled != predicted).any() and np.array_equal(shuffled, word_prosody(sentence, "shuffled"))
    assert sorted(map(tuple, shuffled.tolist())) == sorted(map(tuple, predicted.tolist()))
    usual = word_prosody(sentence, "word")
    places = [n for n, word in enumerate(sentence.words) if word.text.lower().strip(",.") == "captain"]
    assert len(places) == 2 and np.array_equal(usual[places[0]], usual[places[1]])
    assert (predicted[places[0]] != predicted[places[1]]).any()
    made = [ContextFeatures(INVENTORY, use) for use in (False, True, "word", "shuffled")]
    assert len({features.fingerprint for features in made}) == 4
    assert all(ContextFeatures.from_dict(features.to_dict()) == features for features in made)
    column = made[3].names.index("C_word:prominence")
    np.testing.assert_array_equal(made[3].vectors(sentence)[1, column], shuffled[0, 0])
    with pytest.raises(TtsError, match="update the package"):
        ContextFeatures.from_dict({**made[3].to_dict(), "prominence": "sung"})


def test_the_kind_of_a_question_is_a_feature_of_its_sentence():
    more = ContextFeatures(INVENTORY, prominence=True)
    places = [more.names.index(f"sentence:{form}") for form in ("yes_no", "question_word")]
    for text, form in (("Is it raining.", [1, 0]), ("Where is it?", [0, 1]), ("It is raining.", [0, 0])):
        assert (more.vectors(sentence_of(text))[:, places] == form).all()


def test_features_are_remade_from_their_data():
    plain, more = ContextFeatures(INVENTORY), ContextFeatures(INVENTORY, prominence=True)
    for features in (plain, more):
        assert ContextFeatures.from_dict(features.to_dict()) == features
    assert "prominence" not in plain.to_dict()  # as earlier versions wrote them
    with pytest.raises(TtsError, match="cannot be remade"):
        ContextFeatures.from_dict({**more.to_dict(), "prominence": False})


def test_columns_are_what_their_names_say():
    """Products with the word before and after, and shifts, against what is written out by hand."""
    usual = np.array([[1.0, 0.1], [2.0, 0.2], [5.0, 0.3], [3.0, 0.4], [7.0, 0.5]])
    tags, breaks = np.array([0, 1, -1, 0, 1]), ["", "minor", "", "", "major"]
    values = regressors(["Ann", "saw", "the", "big", "cat"], breaks, tags, 2, usual, np.ones(5))
    column = dict(zip(regressor_names(["N", "V"]), values.T, strict=True))
    p, b = usual.T
    np.testing.assert_allclose(column["prominence*prominence-1"], p * [0, 1, 2, 5, 3])
    np.testing.assert_allclose(column["prominence*prominence+1"], p * [2, 5, 3, 7, 0])
    np.testing.assert_allclose(column["prominence-2"], [0, 0, 1, 2, 5])
    np.testing.assert_allclose(column["prominence+3"], [3, 7, 0, 0, 0])
    np.testing.assert_allclose(column["boundary+1"], [*b[1:], 0])
    np.testing.assert_allclose(column["function"], [0, 0, 1, 0, 0])
    np.testing.assert_allclose(column["V-1"], [0, 0, 1, 0, 0])
    np.testing.assert_allclose(column["N+1"], [0, 0, 1, 0, 0])
