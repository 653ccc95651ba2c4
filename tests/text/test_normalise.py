import re
import time
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tts.text.normalisation.signs import without_emoticons
from tts.text.normalise import clean, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Isn’t it?” he asked — twice…", "Isn't it? he asked, twice."),
        ("dogs -- well (really) ran", "dogs, well, really, ran"),
        ("Yes... no. Wait...", "Yes, no. Wait."),
        ("What?! No,,, ok", "What? No, ok"),
        ("It cost $2.50, £5 and € 1,000.00.", "It cost two dollars fifty cents, five pounds and one thousand euros."),
        (
            "$2.5, $0.50, $1.05 and 3,50 €",
            "two point five dollars, fifty cents, one dollar five cents and three euros fifty cents",
        ),
        ("$5 million and 10 %", "five million dollars and ten percent"),
        (
            "Dr. Smith, Mr. A and St. John live on Main St. now",
            "Doctor Smith, Mister A· and Saint John live on Main Street now",
        ),
        ("No. 5? Oh no. Then", "number five? Oh no. Then"),
        ("1990s, MP3, H2O, 3rd, 007, .5", "nineteen nineties, M P three, H two O, third, zero zero seven, zero point five"),
        ("at 4:30 p.m. or 10am", "at four thirty P M or ten A M"),
        ("AT&T, R&B, and/or, C++, #1, ½", "A T and T, R and B, and or, C plus plus, number one, one half"),
        ("ok,yes a;b end.Next www.example.com", "ok, yes a; b end. Next W W W dot example dot com"),
        (
            "20°C, x = 2, 3 < 5, 1990–1995",
            "twenty degrees Celsius, x equals two, three less than five, nineteen ninety to nineteen ninety five",
        ),
        ("I WAS THERE BEFORE YOU!", "i was there before you!"),
        ("NASA", "NASA"),
        ("a\u200bb\x00c\tﬁn\u00adish", "abc finish"),
        ("-5 and 5 - 3 and well-known", "minus five and five minus three and well-known"),
        ("etc. and so. Jones et al. Then", "etcetera and so. Jones et al. Then"),
        ("He said, 'yes!' Then", "He said, 'yes! Then"),
    ],
)
def test_english(text, expected):
    assert normalise(clean(text), "en-us") == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "Het kost € 2,50, of 25% van € 1.000.",
            "nl",
            "Het kost twee euro vijftig, of vijfentwintig procent van duizend euro.",
        ),
        ("dr. Jansen, bijv. om 10:30 uur, 's avonds", "nl", "dokter Jansen, bijvoorbeeld om tien uur dertig, 's avonds"),
        ("你好，世界。再见！", "cmn", "你好, 世界. 再见!"),
        ("Das kostet 3 €, z.B. heute", "de", "Das kostet drei Euro, zum Beispiel heute"),
        ("100 % sv", "sv", "100 procent sv"),
        ("100 % fi", "fi", "100 % fi"),  # no table: left for the engine to read or to name
    ],
)
def test_other_languages(text, language, expected):
    assert normalise(clean(text), language) == expected


def test_marked_words_pass_untouched():
    assert normalise("St. \ue000 (\ue001), \ue002!", "en-us") == "Saint \ue000, \ue001, \ue002!"


WORDS = st.lists(
    st.sampled_from(["alpha", "Beta", "it's", "co-op", "NASA", "x", "éclair", "12", "we"]), min_size=1, max_size=12
)
SPOKEN = {"12": ["twelve"]}
GAPS = st.sampled_from([" ", ", ", "; ", " - ", " — ", "--", "… ", ". ", "? ", "! ", " (", ") ", ' "', '" ', ": ", "\n", "\t "])


@given(WORDS, st.lists(GAPS, min_size=12, max_size=12))
def test_every_word_comes_out_once_and_in_order(words, gaps):
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    assume(not re.search(r'12"|(?:12|x) - (?:12|x)|12 x 12', text))  # twelve inches, twelve minus x, twelve by twelve
    out = normalise(clean(text), "en-us")
    spoken = [w.lower() for word in words for w in SPOKEN.get(word, [word])]
    assert [w.lower() for w in re.findall(r"[\w'-]+", out)] == spoken


@given(st.text(max_size=60))
def test_any_text_keeps_its_letters_and_gets_cleaner(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    out = normalise(cleaned, "xx")
    assert out == " ".join(out.split())
    kept = [
        c for c in without_emoticons(cleaned).lower() if c.isalpha() and c not in "ʼʹ" and unicodedata.normalize("NFKC", c) == c
    ]
    letters = [c for c in out.lower() if c.isalpha()]
    position = 0
    for character in kept:  # a subsequence: nothing that is a letter vanished
        while position < len(letters) and letters[position] != character:
            position += 1
        assert position < len(letters), (text, out)


@pytest.mark.parametrize(
    "flood",
    [
        "9" * 5000,
        "." * 5000,
        " \n" * 5000,
        "a." * 3000,
        "12," * 7000,
        "A" * 300,
        "1-" * 5000,
        "1/" * 5000,
        "1:" * 5000,
        "x=" * 5000,
        "a/" * 5000,
        "<" * 5000,
        "1 " * 5000,
        "I" * 3000,
        "$1" * 3000,
        "$" * 5000,
        "-" * 5000,
        "'" * 5000,
    ],
)
def test_floods_take_no_time(flood):
    began = time.perf_counter()
    normalise(clean(flood), "en-us")
    assert time.perf_counter() - began < 1.5
