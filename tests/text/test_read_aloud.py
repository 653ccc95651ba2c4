"""German, Dutch, ... read aloud: the tables of cases, and what must not be taken for a number or an abbreviation."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_cases import compact, read_cases

from tts.text.engine import make_engine
from tts.text.normalisation import EXPANDERS, expander
from tts.text.normalisation.number_words import cardinal, ordinal, roman_number, year
from tts.text.normalise import clean, normalise
from tts.text.split import split_text

TABLES = {
    "de": ("german", "german_second", "german_third"),
    "nl": ("dutch", "dutch_second", "dutch_third"),
    "fr": ("french", "french_second"),
    "es": ("spanish", "spanish_second"),
    "it": ("italian", "italian_second"),
}
CASES = [(code, *case) for code, names in TABLES.items() for name in names for case in read_cases(name)]


@pytest.mark.parametrize(("code", "kind", "text", "readings"), CASES, ids=[f"{c[0]}-{c[1]}-{c[2][:30]}" for c in CASES])
def test_a_sentence_is_read_as_people_say_it(code, kind, text, readings):
    assert compact(normalise(clean(text), code)) in {compact(reading) for reading in readings}


@pytest.mark.parametrize("code", sorted(TABLES))
def test_no_case_is_refused_by_the_engine(code):
    pytest.importorskip(f"gruut_lang_{code}")
    engine = make_engine("gruut", code)
    for name in TABLES[code]:
        for _, text, _ in read_cases(name):
            words = engine.sentence(text).words
            assert not [word.text for word in words if re.search(r"\d", word.text)]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Das ist so. Mir geht es gut."),
        ("de", "Er kennt Max. Max kennt ihn."),
        ("de", "Auf diese Art. Dann kam sie."),
        ("de", "Mach das Licht an. Gut so!"),
        ("de", "Was? Ja, das mag ich."),
        ("nl", "Hij heet Max."),
        ("nl", "Dat doe ik zo. Kom maar."),
        ("nl", "'s Ochtends at ze 's winters 'n appel, zo'n rode, in haar foto's."),
        ("nl", "Ik kan niet, want ik was er al."),
        ("nl", "Is dat de moeder van Jan? Wo wee."),
    ],
)
def test_plain_sentences_stay_as_they_are(code, text):
    assert expander(code)(text) == text


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("de", "Er ist 22. Dann ging er.", "Er ist zweiundzwanzig. Dann ging er."),
        ("nl", "Hij is 22. Dan gaat hij.", "Hij is tweeëntwintig. Dan gaat hij."),
        ("de", "Brot, Käse usw. Dann Wein.", "Brot, Käse und so weiter. Dann Wein."),
        ("nl", "brood enz. Dan wijn.", "brood enzovoort. Dan wijn."),
        ("de", "\ue000 kostet 5 €.", "\ue000 kostet fünf Euro."),
        ("fr", "2½ heures", "deux heures et demie"),
        ("es", "2½ horas, ½ hora", "dos horas y media, media hora"),
        ("it", "2½ ore, ½ pagina", "due ore e mezza, mezza pagina"),
        ("nl", "2½ uur, 1½ jaar", "twee en een half uur, anderhalf jaar"),
        ("de", "5 €/kg, 20.000 €/Jahr", "fünf Euro pro Kilogramm, zwanzigtausend Euro pro Jahr"),
        ("nl", "€5/kg, de 70'er jaren", "vijf euro per kilogram, de zeventiger jaren"),
        ("de", "1.–3. Mai, Mo-Fr, §§ 5", "erster bis dritten Mai, Montag bis Freitag, Paragraf fünf"),
        ("de", "x² = 10^6", "x hoch zwei gleich zehn hoch sechs"),
        ("nl", "2% - 3%, nr.5, 1½ kg", "twee procent tot drie procent, nummer vijf, anderhalf kilogram"),
        ("de", "ALLES MUSS RAUS HEUTE", "ALLES MUSS RAUS HEUTE"),
    ],
)
def test_sentences_keep_their_ends_and_marks(code, text, expected):
    assert expander(code)(text) == expected


@pytest.mark.parametrize(
    ("code", "text", "count"),
    [
        ("de", "Am 3. Mai kam er. Dann ging er.", 2),
        ("de", "Er ist 22. Dann ging er.", 2),
        ("de", "Es gibt z. B. Obst, d. h. Äpfel usw. Aber auch Dr. Müller kam.", 2),
        ("de", "Ludwig XIV. Der König. Der II. Weltkrieg begann 1939. Danach kam Nr. 5 dran.", 3),
        ("de", "Siehe S. 12. Das ist so. Der 1. FC Köln.", 3),
        ("de", "Sie war die 2. Frau. Am 12.10.2021 kam Prof. Schmidt.", 2),
        ("nl", "Dhr. Jansen en mevr. De Vries. Zie blz. 3. Brood, kaas enz. Daarna wijn.", 4),
        ("nl", "Hij kwam o.a. Jan halen. Hij is 22. Dan gaat hij.", 3),
    ],
)
def test_sentences_are_not_cut_at_ordinals_and_abbreviations(code, text, count):
    pieces = split_text(text, language=code)
    assert len(pieces) == count and " ".join(pieces) == text


def test_the_examples_of_the_page_are_read_so():
    page = (Path(__file__).parents[2] / "docs" / "languages.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|`]+) \|$", page.partition("is read |")[2].partition("Texts of")[0], re.M)
    assert len(rows) == 5
    for code, (text, reading) in zip(("de", "nl", "fr", "es", "it"), rows, strict=True):
        assert expander(code)(text) == reading


def test_numbers_in_words():
    assert [cardinal(n, "de") for n in (1, 100, 21001)] == ["eins", "hundert", "einundzwanzigtausend eins"]
    assert [cardinal(n, "nl") for n in (1, 101, 2045, 10**6)] == [
        "één",
        "honderd een",
        "tweeduizend vijfenveertig",
        "één miljoen",
    ]
    assert ordinal(3, "de") == "dritte" and ordinal(8, "nl") == "achtste"
    assert year(1998, "nl") == "negentienhonderd achtennegentig" and year(2001, "de") == "zweitausend eins"
    assert [roman_number(n) for n in ("IV", "XIV", "MCMXCIX", "IIII", "VX", "")] == [4, 14, 1999, None, None, None]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(EXPANDERS)), st.text("0123456789.,:/-–€%½ IVXabz'°\ue000", max_size=40))
def test_any_figures_are_read_and_none_is_left(code, text):
    spoken = expander(code)(clean(text))
    assert code in ("en", "ja") or not re.search(r"[0-9]", spoken)
    assert spoken.count("\ue000") == clean(text).count("\ue000")


@pytest.mark.parametrize("code", sorted(set(EXPANDERS) - {"en", "ja"}))
@pytest.mark.parametrize(
    "piece", ["1", "1.", "1,", "1.000.", "0 1 ", "-1", "12:", "a.b", "A", "IX ", "1/", "€1 ", "+1 ", "z. ", "a@", "www."]
)
def test_long_runs_take_no_time(code, piece):
    start = time.process_time()
    expander(code)(piece * (4000 // len(piece)))
    assert time.process_time() - start < 1.5
