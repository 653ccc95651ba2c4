import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.text.phones import canonical, is_nucleus
from tts.text.syllables import syllabify


def written(phones: str, language: str) -> str:
    marks = {0: "", 1: "ˈ", 2: "ˌ"}
    return ".".join(marks[s.stress] + " ".join(s.phones) for s in syllabify(phones.split(), language))


@pytest.mark.parametrize(
    ("phones", "expected"),
    [  # divisions as in the Longman Pronunciation Dictionary's principle of maximal onset
        ("h ə l ˈoʊ", "h ə.ˈl oʊ"),
        ("ˈɛ k s t ɹ ə", "ˈɛ k.s t ɹ ə"),
        ("ˈæ t l ə s", "ˈæ t.l ə s"),
        ("t ɹ ˈæ n z l eɪ t", "ˈt ɹ æ n z.l eɪ t"),
        ("ˈʌ n d ɚ s t ˌæ n d", "ˈʌ n.d ɚ.ˌs t æ n d"),
        ("s ˈɪ ŋ ɪ ŋ", "ˈs ɪ ŋ.ɪ ŋ"),
        ("m j ˈu z ɪ k", "ˈm j u.z ɪ k"),
        ("k ə m p j ˈu t ɚ", "k ə m.ˈp j u.t ɚ"),
        ("b ˈʌ t n̩", "ˈb ʌ.t n̩"),
        ("s", "s"),
    ],
)
def test_english(phones, expected):
    assert written(phones, "en-us") == expected


@pytest.mark.parametrize(
    ("phones", "language", "expected"),
    [
        ("ˈk ɔ m a", "nl", "ˈk ɔ.m a"),
        ("ˈv ɛi f ə n ˌt w ɪ n t ə x", "nl", "ˈv ɛi.f ə n.ˌt w ɪ n.t ə x"),
        ("ˈs t r aː s ə", "de", "ˈs t r aː.s ə"),
        ("a l t r o", "it", "a l.t r o"),
        ("p a s t a", "it", "p a.s t a"),
        ("k a n t a", "it", "k a n.t a"),
    ],
)
def test_other_languages_by_sonority(phones, language, expected):
    assert written(phones, language) == expected


def test_a_mark_before_a_consonant_begins_the_syllable():
    assert written("ɛ k ˈs t ɹ a", "nl") == "ɛ k.ˈs t ɹ a"
    assert written("ɛ k s ˈt ɹ a", "nl") == "ɛ k s.ˈt ɹ a"


PHONES = st.lists(st.sampled_from(["s", "t", "ˈt", "ɹ", "n", "ŋ", "t͡ʃ", "ə", "ˈaɪ", "ˌi", "l̩", "w"]), min_size=1, max_size=12)


@given(PHONES, st.sampled_from(["en-us", "nl", "xx"]))
def test_no_phone_is_lost_and_each_syllable_has_one_nucleus(phones, language):
    syllables = syllabify(phones, language)
    assert [p for s in syllables for p in s.phones] == [canonical(p) for p in phones]
    nuclei = sum(is_nucleus(p) for p in phones)
    assert len(syllables) == max(nuclei, 1)
    if nuclei:
        assert all(sum(is_nucleus(p) for p in s.phones) == 1 for s in syllables)
    assert any(s.stress for s in syllables) == any(p[0] in "ˈˌ" for p in phones)
