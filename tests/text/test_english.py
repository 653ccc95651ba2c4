"""English words to phones: homographs, names, letter to sound, the engine of the CMU dictionary."""

from pathlib import Path

import pytest

from tts.core.errors import UsageError
from tts.text.engine import FrontEnd, PronunciationError, make_engine
from tts.text.english import VERSION
from tts.text.english.cmudict import entries, to_marked_ipa
from tts.text.english.homographs import english_homographs, read_table, same_sound
from tts.text.english.letter_to_sound import PairModel, english_model, spelled_like
from tts.text.english.tagger import english_tagger
from tts.text.english.words import known_word, pronounce
from tts.text.syllables import syllabify

CASES = sorted((Path(__file__).parent / "cases").glob("homographs_*.txt"))


@pytest.fixture(scope="module", params=["gruut", "cmudict"])
def engine(request: pytest.FixtureRequest) -> FrontEnd:
    return make_engine(request.param, "en-us")


def phones(engine: FrontEnd, text: str, word: str) -> str:
    """The phones of the first word of a sentence that is spelled ``word``, stress marks in front of syllables."""
    chosen = next(each for each in engine.sentence(text).words if each.text.lower() == word.lower())
    return " ".join(("ˈ" if s.stress == 1 else "") + " ".join(s.phones) for s in chosen.syllables)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_homographs_are_read_as_meant(engine: FrontEnd, path: Path) -> None:
    wrong = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        text, _, wanted = line.partition(" | ")
        name, _, names = wanted.partition("=")
        word, _, number = name.partition("#")
        alike = [each for each in engine.sentence(text).words if each.text.lower() == word]
        said = alike[int(number or 1) - 1]
        if not same_sound(said.syllables, syllabify(to_marked_ipa(names.split()), "en-us")):
            wrong.append((line, said.syllables))
    assert len(wrong) <= 0.03 * len(lines), wrong


def test_every_reading_is_made_of_phones_and_every_rule_names_one() -> None:
    table = english_homographs()
    assert len(table) > 300
    for word, homograph in table.items():
        for names in homograph.readings.values():
            assert syllabify(to_marked_ipa(names), "en-us"), word
        assert {rule.reading for rule in homograph.rules} <= set(homograph.readings), word


def test_a_table_may_be_written_in_two_ways() -> None:
    table = read_table(
        "# of\nrecord = A1 / B1 T\n\nbow\n    low: B AW1\n    high: B OW1\n    -> low verb !next:tie\n    -> high\n"
    )
    assert set(table) == {"record", "records", "bow"}
    assert table["records"].readings == {"noun": ("A1", "Z"), "verb": ("B1", "T", "S")}
    assert table["bow"].rules[0].conditions == ("verb", "!next:tie")


def test_what_the_user_gives_is_not_a_homograph() -> None:
    engine = make_engine("gruut", "en-us", {"read": ("z", "ˈoʊ")})
    assert phones(engine, "She has read it.", "read") == "ˈz oʊ"
    assert phones(engine, "She has [[ɹ ˈi d]] it.", "ɹˈid") == "ˈɹ i d"


def test_breaks_and_sentences_stay_apart(engine: FrontEnd) -> None:
    sentence = engine.sentence("They read, always. He has read it; now read it!")
    assert [word.break_after for word in sentence.words] == ["", "minor", "major", "", "", "", "minor", "", "", "major"]
    read = ["".join(s.phones) for word in sentence.words if word.text == "read" for s in word.syllables]
    assert read == ["ɹid", "ɹɛd", "ɹid"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Islay", "ˈaɪ l ə"), ("Milngavie", "m ə l ˈɡ aɪ"), ("Menzies's", "ˈm ɪ ŋ ɪ s ɪ z"), ("Macron", "m ə ˈk ɹ oʊ n")],
)
def test_names_win_over_the_lexicon(engine: FrontEnd, name: str, wanted: str) -> None:
    assert phones(engine, f"We saw {name} here.", name) == wanted


def test_words_with_endings_come_from_the_dictionary() -> None:
    assert known_word("zoned's") is not None
    assert "blogs" not in entries() or known_word("blogs") == tuple(entries()["blogs"].split())
    said = pronounce("abdicatings")
    assert said is not None and not said.guessed and said.names[-3:] == ("IH0", "NG", "Z")


def test_the_model_spells_words_that_no_dictionary_has() -> None:
    assert spelled_like("blorping") == ("B", "L", "AO1", "R", "P", "IH0", "NG")
    assert spelled_like("123") == ()
    for word in (
        "kubernetes",
        "microservices",
        "overengineered",
    ):  # the likeliest phones have two primary stresses
        assert sum(phone.endswith("1") for phone in spelled_like(word)) == 1
    assert english_model().phones("bcdfg")  # never silent where there are letters


def test_a_model_survives_its_file() -> None:
    model = english_model()
    again = PairModel.from_bytes(model.to_bytes())
    for word in ("strawberry", "kubelik", "oughterson"):
        assert again.phones(word) == model.phones(word)


def test_the_tagger_knows_nouns_from_verbs() -> None:
    words = ["We", "will", "record", "the", "record", "in", "the", "studio", "."]
    tags = english_tagger().tag(words)
    assert tags[2] == "vb" and tags[4] == "nn" and tags[-1] == "punc"


def test_the_second_engine_names_what_it_guessed_and_what_it_refuses() -> None:
    engine = make_engine("cmudict", "en-us")
    engine.sentence("The blorping café, Łukasz and naïve zorbs.")
    assert engine.guessed == ("blorping", "zorbs")
    with pytest.raises(PronunciationError, match="Привет"):
        engine.answer("Say Привет now.", "fail")
    letters = engine.sentence("The A90, A's, an A/B test and a C's.").words
    said = ["".join(p for s in word.syllables for p in s.phones) for word in letters]
    assert said == ["ðə", "eɪ", "naɪnti", "eɪz", "ən", "eɪ", "bi", "tɛst", "ənd", "ə", "siz"]
    with pytest.raises(UsageError, match="American English"):
        make_engine("cmudict", "de-de")
    assert engine.identity()["english"] == VERSION


def test_identities_of_other_languages_do_not_name_english() -> None:
    assert "english" not in make_engine("letters", "nl").identity()
