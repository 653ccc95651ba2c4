import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import UsageError
from tts.text.engine import make_engine
from tts.text.split import split_text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. and Mrs. Smith paid 3.50 to J. R. Jones.", ["Mr. and Mrs. Smith paid 3.50 to J. R. Jones."]),
        ('"What?" he asked. "No!" Then he left.', ['"What?" he asked.', '"No!"', "Then he left."]),
        ("It was etc. and so on etc. Then more.", ["It was etc. and so on etc.", "Then more."]),
        ("At 5 p.m. He left. No. 5 is it, e.g. this.", ["At 5 p.m.", "He left.", "No. 5 is it, e.g. this."]),
        ("I'm fine... really. Well… Then.", ["I'm fine... really.", "Well…", "Then."]),
        ("你好。世界！再见", ["你好。", "世界！", "再见"]),
        ("（你好。）世界", ["（你好。）", "世界"]),
        ("A title\n\nThen the\ntext.", ["A title", "Then the\ntext."]),
        ("Say [[h ə . l ə]]. Ok.", ["Say [[h ə . l ə]].", "Ok."]),
        ("So did I. Then", ["So did I.", "Then"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text, pieces):
    assert split_text(text) == pieces


def test_long_sentences_are_cut_at_commas_then_spaces():
    assert split_text("one two, three four five, six seven eight nine ten", 24) == [
        "one two,",
        "three four five,",
        "six seven eight nine ten",
    ]
    assert split_text("aaa bbb ccc ddd", 8) == ["aaa bbb", "ccc ddd"]
    assert split_text("x" * 50 + " yy", 20) == ["x" * 50, "yy"]
    assert split_text("say [[h ə l oʊ h ə l oʊ]] now", 10) == ["say", "[[h ə l oʊ h ə l oʊ]]", "now"]
    with pytest.raises(UsageError, match="max_characters"):
        split_text("a", 0)


def test_inline_phones_are_never_cut():
    word = "[[" + "h ə. l ə, " * 300 + "]]"
    assert split_text(f"Say {word}. Then go.", 20) == ["Say", f"{word}.", "Then go."]
    assert split_text(f"h ə | {word} | l ə", 10, phones=True) == ["h ə |", f"{word} |", "l ə"]


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("h ə l ˈoʊ. w ˈɜː l d! m iː", 300, ["h ə l ˈoʊ.", "w ˈɜː l d!", "m iː"]),
        ("h ə l ˈoʊ | w ˈɜː l d | m iː", 14, ["h ə l ˈoʊ |", "w ˈɜː l d |", "m iː"]),
        ("h ə l, ˈoʊ | w ˈɜː", 16, ["h ə l,", "ˈoʊ | w ˈɜː"]),
        ("h ə l ˈoʊ w ˈɜː l d | a", 8, ["h ə l ˈoʊ w ˈɜː l d |", "a"]),
        ("d ˈɑ: d : a", 8, ["d ˈɑ: d :", "a"]),
        ("[[h ə]] [[l ə]] d", 10, ["[[h ə]]", "[[l ə]] d"]),
        ("h ə\n\nl ə\nd ə", 300, ["h ə", "l ə\nd ə"]),
    ],
)
def test_phones_are_cut_between_words(text, limit, pieces):
    assert split_text(text, limit, phones=True) == pieces


SPOKEN = st.sampled_from(["h ə l ˈoʊ", "w ˈɜː l d", "ˈaɪ", "d ˈɑ: d", "[[h ə l ə]]", "[[t͡ʃ ə]]", "s " * 20 + "a"])
ENDS = st.sampled_from([" | ", "|", ", ", ",", " ; ", " : ", ". ", ".", "? ", " !", " |, ", "... ", "\n|"])


@given(st.lists(st.tuples(SPOKEN, ENDS), min_size=1, max_size=30), st.integers(1, 60))
def test_the_words_of_phones_stay_the_same_however_they_are_cut(parts, limit):
    engine = make_engine("phones", "en-us")
    text = "".join(word + end for word, end in parts)
    pieces = [piece for piece in split_text(text, limit, phones=True) if any(map(str.isalnum, piece))]
    words = [word for piece in pieces for word in engine.sentence(piece).words]
    assert words == list(engine.sentence(text).words)
    assert len(words) == len(parts)


PARTS = st.sampled_from(
    [
        "Mr.",
        "word",
        "Word",
        "3.5",
        "e.g.",
        "U.S.",
        ".",
        "!",
        "?",
        "…",
        "。",
        "，",
        ",",
        ";",
        '"',
        "”",
        ")",
        "[[h ə]]",
        "[[",
        "]]",
        "I",
        "—",
    ]
)


@given(st.lists(st.tuples(PARTS, st.sampled_from([" ", "", "\n", "\n\n", "\t"])), max_size=30), st.integers(1, 60))
def test_nothing_but_white_space_is_lost(parts, limit):
    text = "".join(part + gap for part, gap in parts)
    pieces = split_text(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece == piece.strip() and piece for piece in pieces)
    words = [word for piece in pieces for word in piece.split()]
    assert "".join(words) == "".join(text.split())


@given(st.text(max_size=200), st.integers(1, 50))
def test_nothing_is_lost_of_any_text(text, limit):
    assert "".join("".join(split_text(text, limit)).split()) == "".join(text.split())


@given(st.lists(st.text("abc,.", min_size=1, max_size=8), min_size=1, max_size=60), st.integers(10, 40))
def test_no_piece_is_longer_than_allowed(words, limit):
    assert all(len(piece) <= limit for piece in split_text(" ".join(words), limit))


@pytest.mark.parametrize(
    "text",
    [
        "word " * 10_000,
        "A. b! " * 10_000,
        "." * 50_000,
        " " * 50_000 + "a",
        "[[" * 5_000,
        "\n \n" * 10_000,
        "[[a]] | " * 10_000,
    ],
)
def test_books_take_little_time(text):
    began = time.perf_counter()
    split_text(text)
    split_text(text, phones=True)
    assert time.perf_counter() - began < 3.0
