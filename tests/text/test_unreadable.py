import pytest

from tts.core.errors import UsageError
from tts.text.engine import NothingToSay, PronunciationError, make_engine
from tts.text.unreadable import POLICIES, Unread, reading_of


@pytest.fixture(scope="module")
def english():
    return make_engine("gruut", "en-us")


def heard(answer):
    return [word.text for word in answer.sentence.words]


@pytest.mark.parametrize(
    ("text", "words", "unread"),
    [
        ("Hello 中文 there.", ["Hello", "there"], [Unread("中文")]),
        ("Good 😀 day.", ["Good", "day"], [Unread("😀")]),
        ("Nice 👍🏽 team.", ["Nice", "team"], [Unread("👍🏽")]),
        ("<b>Good</b> <x-y a='1'>day</x-y>.", ["Good", "day"], [Unread(t) for t in ("<b>", "</b>", "<x-y a='1'>", "</x-y>")]),
        ("Good :-) day.", ["Good", "day"], [Unread(":-)")]),
        ("I ❤ you, dear ❤.", ["I", "heart", "you", "dear"], [Unread("❤")]),
        ("Привет, Anna!", ["Privet", "Anna"], [Unread("Привет", "Privet")]),
        ("See [[Main Page]] now.", ["See", "Main", "Page", "now"], [Unread("[[Main Page]]", "Main Page")]),
        ("It is " + "ab" * 5000 + " here.", ["It", "is", "here"], [Unread("ab" * 10 + "...")]),
        ("A → B ✓ done.", ["A", "to", "B", "check", "done"], []),
        ("Łódź and Đorđe.", ["Łódź", "and", "Đorđe"], []),
    ],
)
def test_a_line_is_never_lost_for_one_token(english, text, words, unread):
    answer = english.answer(text)
    assert heard(answer) == words and list(answer.unread) == unread
    assert [word.break_after for word in answer.sentence.words][-1] == "major"


def test_policies(english):
    assert heard(english.answer("Good 😀 day.", "name")) == ["Good", "grinning", "face", "day"]
    assert heard(english.answer("Привет, Anna!", "skip")) == ["Anna"]
    for text in ("Good 😀 day.", "Привет, Anna!", "See [[Main Page]] now."):
        with pytest.raises(PronunciationError):
            english.answer(text, "fail")
    with pytest.raises(NothingToSay) as caught:
        english.answer("中文。")
    assert caught.value.unread == (Unread("中文"),)
    with pytest.raises(UsageError, match="spell, name, skip, fail"):
        make_engine("gruut", "en-us", unreadable="guess")
    assert POLICIES == ("spell", "name", "skip", "fail")


def test_letters_and_digits_are_spelled():
    assert reading_of("x⌘7", "spell", "en-us") == "X seven"
    assert reading_of("x⌘", "name", "en-us") == "X place of interest"
    assert reading_of("λόγος", "spell", "en") == "logos" and reading_of("中", "spell", "en") == ""


def test_accents_are_no_signs_and_endless_tokens_are_left_out():
    assert reading_of("é⌘7", "name", "en-us") == "E place of interest seven"
    assert reading_of("x" * 101 + "⌘", "spell", "en-us") == "" != reading_of("x" * 99 + "⌘", "spell", "en-us")
