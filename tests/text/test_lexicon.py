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


@pytest.mark.parametrize(
    ("entries", "text", "said"),
    [
        ("Dr. = drive", "Along Mulholland Dr. Then dr.", "Along Mulholland drive Then drive."),
        ("No. = nope", "No. 5 and No.6, no more.", "nope five and nope six, no more."),
        ("$5 = fiver", "A $5 note, $50, $5.50, $5 million, US$5.", None),
        ("m/s = metres a second", "At 3 m/s, not 4 km/s.", "At three metres a second, not four kilometres per second."),
        ("C++ = see plus plus", "We like C++, and c++.", "We like see plus plus, and see plus plus."),
        ("C# = see sharp\nC = sea  # not the note", "C# or C.", "see sharp or sea."),
        ("C++  s ˈi\nC = sea", "C or C++.", "sea or C++."),
        ('"US$" = bucks', "Paid in US$ here, us$.", None),
        ("10k = ten thou", "A 10k run.", "A ten thou run."),
        ("CO2 = carbon gas", "CO₂ and CO2.", "carbon gas and carbon gas."),
        ("cafe\u0301 = bar", "The café.", "The bar."),
        ("'tis = it is", "Now ’tis so.", "Now it is so."),
        ("St. = street", "St. John in St John.", "street John in Saint John."),
    ],
)
def test_entries_with_signs_win_over_the_reading_of_signs(tmp_path, entries, text, said):
    path = tmp_path / "words.txt"
    path.write_text(entries + "\n", encoding="utf-8")
    engine = make_engine("cmudict", "en-us", read_lexicon(path))
    if said:
        assert engine.answer(text).normalised == said
    elif "fiver" in entries:
        normalised = engine.answer(text).normalised
        assert normalised.startswith("A fiver note") and normalised.count("fiver") == 1
    else:
        assert (
            engine.answer(text).normalised.startswith("Paid in bucks here")
            and "bucks" not in engine.answer(text[15:]).normalised
        )


def test_an_entry_is_no_part_of_a_number():
    for text in ("$10k", "1.10k", "5,000", "3.5", "5%", "£5"):
        plain = make_engine("cmudict", "en-us").answer(text).normalised
        own = make_engine("cmudict", "en-us", {"10k": "ten thou", "5": "vee", "000": "nil"})
        assert own.answer(text).normalised == plain


def test_what_can_never_match_is_refused(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("ok  oʊ\n[[a]] = b\n", encoding="utf-8")
    with pytest.raises(TtsError, match=r"words\.txt:2: .*can stand in no text"):
        read_lexicon(path)
