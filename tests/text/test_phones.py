from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.core.errors import TtsError
from tts.text.phones import ATTRIBUTES, BROAD_CLASSES, PhoneInventory, attributes, broad_class, canonical, split_symbols
from tts.text.sentence import Sentence, Syllable, Word

gruut_ipa = pytest.importorskip("gruut_ipa")


def test_vowels_agree_with_an_independent_table():
    for symbol, vowel in gruut_ipa.constants.VOWELS.items():
        if symbol == "ᵻ":  # that table takes it for ɨ
            continue
        found = attributes(symbol)
        assert vowel.height.value.replace("-", "_") in found, symbol
        assert ("rounded" in found) == vowel.rounded, symbol
        if symbol not in "äɐ":  # that table puts a before the diacritic, and ɐ in the back
            assert vowel.placement.value.removeprefix("near-") in found, symbol


def test_consonants_agree_with_an_independent_table():
    manners = {"flap": {"tap"}, "lateral-approximant": {"approximant", "lateral"}}
    places = {"labio-dental": "labiodental", "post-alveolar": "postalveolar"}
    differ = set()
    for symbol, consonant in gruut_ipa.constants.CONSONANTS.items():
        found = attributes(symbol)
        manner = manners.get(consonant.type.value, {consonant.type.value})
        place = places.get(consonant.place.value, consonant.place.value)
        if not (manner | {place} <= found and ("voiced" in found) == consonant.voiced):
            differ.add(symbol)
    # there: b͡v dental, ʐ palatal, ʝ voiceless, and the place of an affricate that of its closure
    assert differ == {"b͡v", "ʐ", "ʝ", "t̪͡s"}


def test_every_phone_of_every_gruut_language_is_known():
    count = 0
    for path in Path(gruut_ipa.__file__).parent.glob("data/*/phonemes.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            symbol = line.split(" ")[0].strip()
            if symbol and symbol not in ("#", "//"):
                found = attributes(symbol)
                assert ("vowel" in found) != ("consonant" in found), symbol
                assert canonical(canonical(symbol)) == canonical(symbol)
                assert found == attributes(canonical(symbol)), symbol
                assert found <= set(ATTRIBUTES)
                count += 1
    assert count > 300


@pytest.mark.parametrize(
    ("spellings", "symbol"),
    [
        (("t͡ʃ", "tʃ", "ʧ", "t͜ʃ", "ˈt͡ʃ"), "t͡ʃ"),
        (("aɪ", "a͡ɪ", "aɪ̯", "ˌaɪ"), "aɪ"),
        (("ɡ", "g"), "ɡ"),
        (("ɚ", "ə˞"), "ɚ"),
        (("ɑ:", "ɑː"), "ɑː"),
        (("ç", "c\u0327"), "ç"),
        (("õ", "o\u0303"), "õ"),
    ],
)
def test_one_spelling_for_each_phone(spellings, symbol):
    assert {canonical(spelling) for spelling in spellings} == {symbol}


def test_attributes_of_composed_symbols():
    assert {"affricate", "postalveolar", "sibilant", "consonant"} <= attributes("t͡ʃ")
    assert "voiced" not in attributes("t͡ʃ") and "voiced" in attributes("d͡ʒ")
    assert not attributes("d͡ʒ") & {"plosive", "fricative", "alveolar"}
    assert {"diphthong", "open", "front", "end_close", "end_front"} <= attributes("aɪ")
    assert {"diphthong", "end_back"} <= attributes("oʊ")
    assert {"nasalised", "long"} <= attributes("ɑ̃ː")
    assert "rhotic" in attributes("ɚ") and "rhotic" in attributes("ɑːɹ")
    assert "syllabic" in attributes("n̩")
    assert "voiced" not in attributes("b̥")
    assert {"dental", "coronal"} <= attributes("t̪") and "alveolar" not in attributes("t̪")
    assert attributes("sil") == attributes("pau") == {"silence"}


def test_broad_classes():
    expected = {"sil": "silence", "aɪ": "vowel", "ɚ": "vowel", "b": "plosive", "z": "fricative", "d͡ʒ": "affricate"}
    expected |= {"ŋ": "nasal", "l": "approximant", "r": "approximant", "ɾ": "approximant", "ǃ": "plosive"}
    assert {symbol: broad_class(symbol) for symbol in expected} == expected
    assert set(expected.values()) == set(BROAD_CLASSES)


def test_unknown_diacritics_are_kept_and_unknown_letters_named():
    assert attributes("a\u031e") == attributes("a") and canonical("a\u031e") != "a"
    assert attributes("i5") == attributes("i")  # a tone
    with pytest.raises(TtsError, match="'Q'"):
        attributes("Q")
    for nothing in ("", "ˈ", "ː"):
        with pytest.raises(TtsError, match="IPA"):
            canonical(nothing)


def test_split_symbols():
    assert split_symbols("həlˈoʊ") == ("h", "ə", "l", "ˈoʊ")
    assert split_symbols("t͡ʃˈɜːt͡ʃ") == ("t͡ʃ", "ˈɜː", "t͡ʃ")
    assert split_symbols("oːɹ") == ("oː", "ɹ")
    assert split_symbols("aɪɚ") == ("aɪ", "ɚ")
    assert split_symbols("ɔ̃") == ("ɔ̃",)


SYMBOLS = ["p", "b", "t͡ʃ", "aɪ", "ə", "n", "s", "z", "l", "iː"]


def test_inventory_has_silences_sorted_and_round_trips():
    inventory = PhoneInventory(("s", "ˈaɪ", "tʃ", "s"))
    assert inventory.symbols == tuple(sorted({"s", "aɪ", "t͡ʃ", "sil", "pau"}))
    assert [inventory.symbols[inventory.index(symbol)] for symbol in inventory.symbols] == list(inventory.symbols)
    assert PhoneInventory.from_dict(inventory.to_dict()) == inventory
    vector = inventory.matrix[inventory.index("t͡ʃ")]
    assert vector.dtype == np.float32 and vector.shape == (len(ATTRIBUTES),)
    assert {name for name, value in zip(ATTRIBUTES, vector, strict=True) if value} == attributes("t͡ʃ")
    with pytest.raises(TtsError, match=r"'z'.*nearest is 's'"):
        inventory.index("z")


@given(st.sets(st.sampled_from(SYMBOLS), min_size=1), st.sampled_from(SYMBOLS))
def test_nearest_is_itself_or_least_different(symbols, wanted):
    inventory = PhoneInventory(tuple(symbols))
    nearest = inventory.nearest(wanted)
    if wanted in symbols:
        assert nearest == wanted
    phones = [symbol for symbol in inventory.symbols if symbol not in ("sil", "pau")]
    differences = {symbol: len(attributes(symbol) ^ attributes(wanted)) for symbol in phones}
    assert differences[nearest] == min(differences.values())


def test_nearest_is_never_silence():
    few = PhoneInventory(("a", "m", "n", "l"))
    assert {few.nearest(phone) for phone in ("ʔ", "h", "k")} <= {"a", "m", "n", "l"}
    assert few.nearest("sil") == "sil"
    with pytest.raises(TtsError, match="has no phones at all"):
        PhoneInventory(()).nearest("k")


def test_adapt_replaces_only_what_is_unknown():
    sentence = Sentence("x", "en-us", (Word("zoo", (Syllable(("z", "iː"), 1),)), Word("see", (Syllable(("s", "iː"), 2),))))
    adapted, changes = PhoneInventory(("s", "iː")).adapt(sentence)
    assert changes == {"z": "s"}
    assert adapted.phones == ("sil", "s", "iː", "s", "iː", "sil")
    assert [s.stress for word in adapted.words for s in word.syllables] == [1, 2]
    assert PhoneInventory(("s", "z", "iː")).adapt(sentence) == (sentence, {})
