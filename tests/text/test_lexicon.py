import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import TtsError, UsageError
from tts.text.engine import make_engine
from tts.text.lexicon import find_words, parse_phones, read_lexicon


def test_reads_tabs_spaces_and_comments(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# mine\n\nWhittemore\tw ˈɪ t ə m ɔ ɹ\ngif   d͡ʒ ˈɪ f  # not ɡ\nO’Neil  ˈ oʊ n ˌi l\n", encoding="utf-8")
    assert read_lexicon(path) == {
        "whittemore": ("w", "ˈɪ", "t", "ə", "m", "ɔ", "ɹ"),
        "gif": ("d͡ʒ", "ˈɪ", "f"),
        "o'neil": ("ˈoʊ", "n", "ˌi", "l"),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ok  oʊ\nword\n", r":2: expected a word"),
        ("two words t u\n", r":1: expected a word"),
        ("word  w Q d\n", r":1: 'Q'"),
        ("a  ə\nb  b\nA  eɪ\n", r":3: 'A' is already on line 1"),
        ("a  ˈ\n", r":1: .*expected phones"),
    ],
)
def test_faults_name_file_and_line(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TtsError, match=rf"words\.txt{message}"):
        read_lexicon(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match="there is no such lexicon"):
        read_lexicon(tmp_path / "none.txt")
    (tmp_path / "latin1").write_bytes(b"caf\xe9  k")
    with pytest.raises(UsageError, match="UTF-8"):
        read_lexicon(tmp_path / "latin1")


def test_find_words_takes_whole_words_and_parts_of_compounds():
    lexicon = {"smith": ("s",), "e-mail": ("i",), "mp3": ("ɛ",), "mail": ("m",)}

    def words(text):
        return [text[a:b] for a, b in find_words(text, lexicon)]

    assert words("Smith, smith's Smithy SMITH.") == ["Smith", "SMITH"]
    assert words("e-mail mp3 air-mail mail.Smith") == ["e-mail", "mp3", "mail", "mail", "Smith"]
    assert find_words("anything", {}) == []


@given(st.lists(st.sampled_from(["ˈoʊ", "t͡ʃ", "ə", "ˌn", "s"]), min_size=1), st.sampled_from([" ", "  ", "\t"]))
def test_written_phones_come_back(phones, gap):
    assert parse_phones(gap.join(phones)) == tuple(phones)


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("həˈloʊ", ("h", "ə", "ˈl", "oʊ")),
        ("dʒɪf", ("d͡ʒ", "ɪ", "f")),
        ("d͡ʒɪf", ("d͡ʒ", "ɪ", "f")),
        ("note", ("n", "o", "t", "e")),
        ("ˈ aɪs", ("ˈaɪ", "s")),
        ("ɡɪf ˈt", ("ɡ", "ɪ", "f", "ˈt")),
        ("iː aɪ: t͡ʃ n̩", ("iː", "aɪː", "t͡ʃ", "n̩")),
    ],
)
def test_phones_written_together_are_divided(written, phones):
    """No phone has a stress mark inside, or more letters than an affricate or a diphthong."""
    assert parse_phones(written) == phones


@pytest.mark.parametrize("written", ["sil", "pau", "hˈ", "a ˈ", "1", "həQ", "-"])
def test_what_is_no_phone_is_refused(written):
    with pytest.raises(TtsError):
        parse_phones(written)


def test_respellings(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("SQL = sequel  # not S Q L\ngif\tdʒɪf\nnginx=engine x\n", encoding="utf-8")
    assert read_lexicon(path) == {"sql": "sequel", "gif": ("d͡ʒ", "ɪ", "f"), "nginx": "engine x"}
    for content, message in (("a = \n", "after ="), ("- = b\n", "expected a word"), ("= b\n", "expected a word")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(TtsError, match=rf"words\.txt:1: .*{message}"):
            read_lexicon(path)


def test_respelled_words_are_spoken_in_place_of_the_written_ones():
    engine = make_engine("gruut", "en-us", {"sql": "sequel", "nginx": "engine x", "sequel": ("s", "ˈi", "k")})
    sentence = engine.sentence("SQL, nginx and [[ˈs k l]] SQLite!")
    assert [word.text for word in sentence.words][:4] == ["sequel", "engine", "x", "and"]
    assert sentence.words[0].syllables[0].phones == ("s", "i", "k")  # the other words may be in the lexicon themselves
    assert sentence.words[0].break_after == "minor"
    assert sentence.text == "SQL, nginx and [[ˈs k l]] SQLite!"
    assert engine.identity() != make_engine("gruut", "en-us").identity()


def test_phrases_capitals_and_arpabet(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(
        ";;; the CMU dictionary's form\nTOMATO  T AH0 M EY1 T OW0\nTOMATO(2)  T AH0 M AA1 T OW0\nnew HH UW1 B\n"
        'Ayr Gold Cup\tˈɛɹ ɡˈoʊld kˈʌp\n"IT" = eye tea\n"Polish rule"  p ˈoʊ\n',
        encoding="utf-8",
    )
    lexicon = read_lexicon(path)
    assert lexicon["tomato"] == ("t", "ə", "m", "ˈeɪ", "t", "oʊ") and lexicon["new"] == ("h", "ˈu", "b")
    assert set(lexicon) == {"tomato", "new", "ayr gold cup", '"IT"', '"Polish rule"'}
    engine = make_engine("gruut", "en-us", lexicon)
    said = [word.text for word in engine.sentence("Is it IT? The Ayr Gold-Cup, a Polish rule: polish rule.").words]
    assert said == ["Is", "it", "eye", "tea", "The", "Ayr Gold-Cup", "a", "Polish rule", "polish", "rule"]
    assert "".join(p for s in engine.sentence("A new one.").words[1].syllables for p in s.phones) == "hub"
    path.write_text("one two\tˈɑ\nOne  Two\tˈɑ\n", encoding="utf-8")
    with pytest.raises(TtsError, match=r":2: "):
        read_lexicon(path)


def test_the_longest_phrase_wins_and_inline_phones_may_be_arpabet():
    lexicon = {"ayr": ("a",), "ayr gold": ("b",), "ayr gold cup": ("k",), "cup": ("m",)}
    engine = make_engine("gruut", "en-us", lexicon)
    sentence = engine.sentence("Ayr Gold Cup, Ayr gold, Ayr cup; [[T AH1]].")
    assert [word.syllables[0].phones for word in sentence.words] == [("k",), ("b",), ("a",), ("m",), ("t", "ʌ")]
    assert sentence.words[-1].syllables[0].stress == 1
