"""Alignments of other people: MFA's and Praat's TextGrids in their forms, phone sets, words that they do not know."""

from pathlib import Path

import numpy as np
import pytest

from tts.alignment.adopting import adopt
from tts.alignment.intervals import attach
from tts.alignment.labels import read_label_file, read_labels
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid
from tts.text.phone_names import PhoneNames
from tts.text.sentence import Sentence, Syllable, Word

GRID = FrameGrid(16_000)
ARPABET = PhoneNames("arpabet")
SENTENCE = Sentence(
    "a cat sat",
    "en-us",
    (
        Word("a", (Syllable(("ə",)),)),
        Word("cat", (Syllable(("k", "æ", "t"), 1),)),
        Word("sat", (Syllable(("s", "æ", "t"), 1),)),
    ),
)
PHONES = [(0.0, 0.2, ""), (0.2, 0.3, "AH0"), (0.3, 0.4, "K"), (0.4, 0.5, "AE1"), (0.5, 0.6, "T")]
PHONES += [(0.6, 0.8, "sp"), (0.8, 0.9, "S"), (0.9, 1.0, "AE1"), (1.0, 1.1, "T"), (1.1, 1.3, "sil")]
WORDS = [(0.0, 0.2, ""), (0.2, 0.3, "a"), (0.3, 0.6, "cat"), (0.6, 0.8, ""), (0.8, 1.1, "sat"), (1.1, 1.3, "")]
Tier = list[tuple[float, float, str]]


def long_form(tiers: dict[str, Tier]) -> str:
    """Write a TextGrid as Praat's manual shows it ("TextGrid file formats", the full text form)."""
    text = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 1.3\ntiers? <exists>\n'
    text += f"size = {len(tiers)}\nitem []:\n"
    for number, (name, rows) in enumerate(tiers.items(), 1):
        text += f'    item [{number}]:\n        class = "IntervalTier"\n        name = "{name}"\n        xmin = 0\n'
        text += f"        xmax = 1.3\n        intervals: size = {len(rows)}\n"
        for place, (start, end, label) in enumerate(rows, 1):
            text += f"        intervals [{place}]:\n            xmin = {start}\n            xmax = {end}\n"
            text += f'            text = "{label}"\n'
    return text


def short_form(tiers: dict[str, Tier]) -> str:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "1.3", "<exists>", str(len(tiers))]
    for name, rows in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", "1.3", str(len(rows))]
        lines += [line for start, end, label in rows for line in (str(start), str(end), f'"{label}"')]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", [long_form, short_form])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("prefix", ["", "speaker one - "])
def test_arpabet_textgrids_of_every_form(tmp_path: Path, form, encoding: str, prefix: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(form({f"{prefix}words": WORDS, f"{prefix}phones": PHONES}), encoding=encoding)
    times = read_labels(path, GRID, 260, 5, ARPABET)
    aligned = attach(adopt(SENTENCE, read_label_file(path, GRID, ARPABET), str(path)), times, str(path))
    assert times.phones == ("sil", "ʌ", "k", "æ", "t", "pau", "s", "æ", "t", "sil") or times.phones[1] == "ə"
    np.testing.assert_array_equal(times.phone_durations, [40, 20, 20, 20, 20, 40, 20, 20, 20, 40])
    assert [word.pause_after for word in aligned.sentence.words] == [False, True, False]
    assert [word.syllables[0].stress for word in aligned.sentence.words] == [0, 1, 1]


def test_labels_in_seconds_units_with_arpabet_names(tmp_path: Path) -> None:
    path = tmp_path / "a.lab"
    path.write_text("".join(f"{round(a * 1e7)} {round(b * 1e7)} {p or 'pau'}\n" for a, b, p in PHONES), encoding="utf-8")
    labels = read_label_file(path, GRID, ARPABET)
    assert adopt(SENTENCE, labels, "x").words[1].syllables == (Syllable(("k", "æ", "t"), 1),)


def test_phones_that_no_set_has_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(long_form({"phones": PHONES}), encoding="utf-8")
    with pytest.raises(TtsError, match=r"a\.TextGrid at 0\.200 s: .*AH0.*alignment\.phone_names"):
        read_labels(path, GRID, 260, 5, PhoneNames())
    table = PhoneNames("mfa.txt", {"K": "k"})
    with pytest.raises(TtsError, match=r"'AH0' is not in mfa\.txt"):
        read_labels(path, GRID, 260, 5, table)


@pytest.mark.parametrize("words", [WORDS, []])
def test_other_pronunciations_are_taken_word_by_word(tmp_path: Path, words: Tier) -> None:
    """One phone another, one more, one less: with a word tier, and without."""
    phones = [*PHONES[:2], (0.3, 0.35, "K"), (0.35, 0.4, "Y"), (0.4, 0.5, "AA1"), *PHONES[4:8], (1.0, 1.1, "sil"), PHONES[-1]]
    path = tmp_path / "a.TextGrid"
    path.write_text(long_form({"words": words, "phones": phones} if words else {"phones": phones}), encoding="utf-8")
    sentence = adopt(SENTENCE, read_label_file(path, GRID, ARPABET), str(path))
    said = [[p for s in word.syllables for p in s.phones] for word in sentence.words]
    assert said[1] == ["k", "j", "ɑ", "t"] and said[2] == ["s", "æ"]
    assert sentence.words[1].syllables[0].stress == 1
    with pytest.raises(TtsError, match="the front end says"):
        attach(SENTENCE, read_labels(path, GRID, 260, 5, ARPABET), str(path))


@pytest.mark.parametrize("tier", ["words", "none"])
def test_words_that_the_other_aligner_did_not_know(tmp_path: Path, tier: str) -> None:
    phones = [*PHONES[:2], (0.3, 0.6, "spn"), *PHONES[5:]]
    words = [*WORDS[:2], (0.3, 0.6, "<unk>"), *WORDS[3:]]
    path = tmp_path / "a.TextGrid"
    path.write_text(long_form({tier: words, "phones": phones}), encoding="utf-8")
    with pytest.raises(TtsError, match=r"no phones for the word 'cat'; it has spn"):
        adopt(SENTENCE, read_label_file(path, GRID, ARPABET), str(path))


def test_another_text_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(long_form({"phones": [(0.0, 0.1 * 13, "OY1")]}), encoding="utf-8")
    with pytest.raises(TtsError, match="is it the same text"):
        adopt(SENTENCE, read_label_file(path, GRID, ARPABET), str(path))
    path.write_bytes(b"ooBinaryFile\x08TextGrid\x00")
    with pytest.raises(TtsError, match="a binary TextGrid; save it from Praat as a text file"):
        read_labels(path, GRID, 260, 5)
