import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.text.engine import ENGINES, PronunciationError, make_engine
from tts.text.sentence import Sentence


@pytest.fixture(scope="module")
def english():
    return make_engine("gruut", "en-us")


@pytest.fixture(scope="module")
def phones():
    return make_engine("phones", "en-us")


def spoken(sentence: Sentence) -> str:
    marks = {"": "", "minor": ",", "major": "."}
    return " ".join(w.text + marks[w.break_after] for w in sentence.words)


def test_a_sentence_of_english(english):
    sentence = english.sentence("Hello, World!")
    assert sentence.phones == ("sil", "h", "ɛ", "l", "oʊ", "pau", "w", "ɚ", "l", "d", "sil")
    assert [(w.text, w.break_after, w.pause_after) for w in sentence.words] == [
        ("Hello", "minor", True),
        ("World", "major", True),
    ]
    assert [[s.stress for s in w.syllables] for w in sentence.words] == [[0, 1], [1]]
    assert (sentence.kind, sentence.language, sentence.text) == ("exclamation", "en-us", "Hello, World!")
    assert Sentence.from_dict(sentence.to_dict()) == sentence


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Is it?", "question"),
        ("What?! No", "statement"),
        ("Is it?!", "question"),
        ("No!", "exclamation"),
        ('"Is it?"', "question"),
        ("Yes", "statement"),
    ],
)
def test_kind_from_the_final_mark(english, text, kind):
    assert english.sentence(text).kind == kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Smith paid $2.50 (twice) -- on 1/2/2020; ok?", "Doctor Smith paid two dollars fifty cents, twice, "
         "on January second twenty twenty, ok."),
        ("1234567 of them", "one million two hundred and thirty four thousand five hundred and sixty seven of them"),
        ("NASA, the BBC and U.S. ships", "NASA, the B B C and U S ships"),
        ("He left. She stayed", "He left. She stayed"),
        ("at 4:01 pm", "at four oh one P M"),
        ("in the 1990s", "in the nineteen nineties"),
        ("I WAS THERE", "I WAS THERE"),
        ("-5 degrees", "minus five degrees"),
        ("mother-in-law's", "mother in law's"),
    ],
)  # fmt: skip
def test_english_is_read_aloud(english, text, expected):
    assert spoken(english.sentence(text)) == expected


def test_letters_possessives_and_accents(english):
    def said(text):
        return english.sentence(text).phones[1:-1]

    assert said("A B") == ("eɪ", "b", "i")
    assert said("a dog")[0] == "ə"
    assert said("boss's")[-2:] == ("ə", "z") or said("boss's")[-2:] == ("ɪ", "z")
    assert said("Whittemore's") == (*said("Whittemore"), "z")
    assert said("naïve") == said("naive") and said("café") == said("cafe")


def test_guessed_words_are_told(english):
    engine = make_engine("gruut", "en-us")
    engine.sentence("The roadmate ran.")
    assert engine.guessed == ("roadmate",)
    assert engine.ask("The dog ran.")[1] == () and engine.ask("The roadmate ran.")[1] == ("roadmate",)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Hello 中文 there", "中文"),
        ("well 😀 then", "😀"),
        ("a ⌘ b", "⌘"),
        ("λόγος", "λόγος"),
        ("", "no word"),
        ('"...!"', "no word"),
        ("a [[h ə", r"\[\[ at character 3"),
        ("a [[]]", r"\[\[\]\] at character 3"),
        ("[[h Q]] a", "'Q'"),
    ],
)
def test_what_cannot_be_pronounced_is_named(text, token):
    strict = make_engine("gruut", "en-us", unreadable="fail")
    with pytest.raises(PronunciationError, match=token) as caught:
        strict.sentence(text)
    assert caught.value.token in text
    assert not caught.value.token or f"character {text.index(caught.value.token) + 1} of" in str(caught.value)


def test_inline_phones_are_exact_and_keep_the_punctuation(english):
    sentence = english.sentence("Say [[z ˈɪ z i]], now.")
    word = sentence.words[1]
    assert [(s.phones, s.stress) for s in word.syllables] == [(("z", "ɪ"), 1), (("z", "i"), 0)]
    assert word.break_after == "minor" and sentence.words[2].break_after == "major"


def test_a_lexicon_goes_on_top_of_any_engine(phones):
    own = make_engine("gruut", "en-us", {"Smith": ("s", "ˈaɪ"), "BBC": ("b",)})
    sentence = own.sentence("Smith, the BBC (Smith's) and smith!")
    assert [w.text for w in sentence.words] == ["Smith", "the", "BBC", "Smith's", "and", "smith"]
    assert sentence.words[0].syllables[0].phones == ("s", "aɪ") == sentence.words[5].syllables[0].phones
    assert sentence.words[2].syllables[0].phones == ("b",)
    assert [w.break_after for w in sentence.words] == ["minor", "", "minor", "minor", "", "major"]
    assert own.identity()["lexicon"] and own.identity() != make_engine("gruut", "en-us").identity()
    with pytest.raises(TtsError, match="'Q'"):
        make_engine("gruut", "en-us", {"a": ("Q",)})


WORDS = ["hello", "the", "Smith's", "twentieth", "NASA", "well-being", "don't", "roadmate", "a", "I"]
SPOKEN = {"well-being": ["well", "being"]}
GAPS = st.sampled_from([" ", ", ", "; ", " - ", "... ", ". ", "? ", "! ", " (", ") ", ' "', "\n"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), GAPS), min_size=1, max_size=10))
def test_no_word_is_lost_and_breaks_follow_punctuation(english, pairs):
    sentence = english.sentence("".join(word + gap for word, gap in pairs))
    expected = [part for word, _ in pairs for part in SPOKEN.get(word, [word])]
    assert [w.text.lower() for w in sentence.words] == [word.lower() for word in expected]
    ends = [w.break_after for w in sentence.words if w.text != "well"]
    for (_, gap), after in zip(pairs[:-1], ends, strict=False):
        assert after == ("" if gap in (" ", ' "', "\n") else "minor" if gap[0] in ",;" or gap in (" - ", " (", ") ") else after)


@settings(max_examples=60, deadline=None)
@given(st.text(st.one_of(st.sampled_from("abcIS 12.,:;!?'$%/-[]"), st.characters()), max_size=25))
def test_any_text_is_pronounced_or_refused(english, text):
    try:
        sentence = english.sentence(text)
    except PronunciationError:
        return
    assert sentence.words and all(word.syllables and all(s.phones for s in word.syllables) for word in sentence.words)


def test_dutch_when_its_data_are_installed():
    pytest.importorskip("gruut_lang_nl")
    dutch = make_engine("gruut", "nl")
    assert spoken(dutch.sentence("Het kost € 2,50, of 25%.")) == "Het kost twee euro vijftig, of vijfentwintig procent."
    assert spoken(dutch.sentence("De 1e en 2e keer")) == "De eerste en tweede keer"
    house = dutch.sentence("huis").words[0]
    assert [s.phones for s in house.syllables] == [("h", "œy", "s")]


def test_phones_as_text(phones):
    sentence = phones.sentence("h ə l ˈoʊ, w ˈɜː l d | aɪ: ˈm iː?")
    assert sentence.phones == ("sil", "h", "ə", "l", "oʊ", "pau", "w", "ɜː", "l", "d", "aɪː", "m", "iː", "sil")
    assert [len(w.syllables) for w in sentence.words] == [2, 1, 2] and sentence.kind == "question"
    with pytest.raises(PronunciationError, match="'Q'"):
        phones.sentence("h Q")


def test_a_lexicon_of_words_is_not_for_phones():
    with pytest.raises(UsageError, match="leave the lexicon out"):
        make_engine("phones", "en-us", {"s": ("ɛ", "s")})
    assert make_engine("phones", "en-us", {}).sentence("s ˈɪ t").phones == ("sil", "s", "ɪ", "t", "sil")


def test_what_there_is_not_is_told():
    with pytest.raises(UsageError, match="there are gruut, cmudict, espeak, openjtalk, letters, lexicon, phones"):
        make_engine("festival", "en-us")
    assert ENGINES == ("gruut", "cmudict", "espeak", "openjtalk", "letters", "lexicon", "phones")
    with pytest.raises(UsageError, match=r"no language 'en-gb'.*espeak"):
        make_engine("gruut", "en-gb")


def test_identity_is_plain_and_stable(english):
    assert english.identity() == make_engine("gruut", "en_US").identity()
    assert set(english.identity()) == {"engine", "version", "language", "normalisation", "lexicon", "english"}


def test_importing_the_front_end_loads_no_engine():
    code = "import sys, tts.text.engine, tts.text.features; print([m for m in ('gruut', 'torch', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.corpus
def test_a_thousand_prompts_lose_no_word(corpora):
    english = make_engine("gruut", "en-us")
    lines = (corpora / "kathleen" / "metadata.csv").read_text(encoding="utf-8").splitlines()
    for line in lines:
        text = line.split("|")[1]
        words = text.replace("--", " ").replace("-", " ").split()
        assert len(english.sentence(text).words) == len(words), text
    assert len(english.guessed) < 15
