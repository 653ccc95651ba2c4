import sys

import pytest

pytest.importorskip("espeakng_loader")

from tts.core.errors import UsageError
from tts.text import espeak_engine
from tts.text.engine import PronunciationError, make_engine
from tts.text.phones import PhoneInventory


@pytest.fixture(scope="module")
def english():
    return make_engine("espeak", "en-us")


def test_words_stay_apart_as_far_as_espeak_allows(english):
    sentence = english.sentence("One of the things cost $2.50, Dr. Smith. Really?")
    texts = [word.text for word in sentence.words]
    assert texts == ["One", "of the", "things", "cost", "two", "dollars", "fifty", "cents", "Doctor", "Smith", "Really"]
    assert [w.break_after for w in sentence.words if w.break_after] == ["minor", "major", "major"]
    assert sentence.words[1].syllables[0].phones == ("ʌ", "v") and sentence.kind == "question"


def test_phones_are_in_the_common_spelling(english):
    church = english.sentence("church").words[0]
    assert [s.phones for s in church.syllables] == [("t͡ʃ", "ɜː", "t͡ʃ")] and church.syllables[0].stress == 1
    assert english.sentence("forty-five").words[0].syllables[0].phones == ("f", "ɔː", "ɹ")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("nl", "Het kost € 2,50, of 25%.", 8),
        ("de", "Straße und Pferd, zwölf Zähne.", 5),
        ("fr-fr", "Un bon vin blanc, n'est-ce pas?", 6),
        ("en-gb", "the water bottle, car park", 5),
        ("cmn", "你好，世界。", 2),
        ("ru", "Привет, мир", 2),
        ("pl", "Cześć, dziękuję", 2),
        ("hi", "नमस्ते दुनिया", 2),
        ("ar", "مرحبا بالعالم", 2),
        ("sv", "Hej på dig, sju", 4),
        ("vi", "Xin chào các bạn", 4),
        ("ja", "こんにちは", 1),
    ],
)
def test_many_languages_have_known_phones(language, text, words):
    sentence = make_engine("espeak", language).sentence(text)
    assert len(sentence.words) == words
    assert PhoneInventory.of([sentence]).matrix.any(axis=1).all()


def test_lexicon_and_inline_phones_work_here_too():
    engine = make_engine("espeak", "en-us", {"smith": ("s", "ˈaɪ")})
    assert engine.sentence("the Smith, [[z ˈɪ]] there").phones[3:9] == ("s", "aɪ", "pau", "z", "ɪ", "ð")


def test_faults_are_told(monkeypatch, english):
    with pytest.raises(UsageError, match=r"no language 'qqq'; it has .*en-us"):
        make_engine("espeak", "qqq")
    with pytest.raises(PronunciationError, match="no word"):
        english.sentence("...")
    espeak_engine._library.cache_clear()
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(UsageError, match=r"pip install 'stacked-tts\[espeak\]'"):
        make_engine("espeak", "en-us")
    espeak_engine._library.cache_clear()
