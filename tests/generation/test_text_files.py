"""Paragraphs, tables and headers: what a text file is taken for."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tts.core.errors import UsageError
from tts.generation.paragraphs import is_wrapped, join_lines
from tts.generation.text_files import read_requests

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech" / "metadata.csv"
ENGLISH = (
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or "
    "twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, and what "
    "is the use of a book, thought Alice, without pictures or conversations? So she was considering in her own mind (as "
    "well as she could, for the hot day made her feel very sleepy and stupid), whether the pleasure of making a daisy "
    "chain would be worth the trouble of getting up and picking the daisies, when suddenly a White Rabbit with pink eyes "
    "ran close by her."
)
GERMAN = (
    "Als Gregor Samsa eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett zu einem ungeheueren "
    "Ungeziefer verwandelt. Er lag auf seinem panzerartig harten Rücken und sah, wenn er den Kopf ein wenig hob, seinen "
    "gewölbten, braunen, von bogenförmigen Versteifungen geteilten Bauch, auf dessen Höhe sich die Bettdecke, zum "
    "gänzlichen Niedergleiten bereit, kaum noch erhalten konnte. Seine vielen, im Vergleich zu seinem sonstigen Umfang "
    "kläglich dünnen Beine flimmerten ihm hilflos vor den Augen."
)
VERSE = """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
Sometime too hot the eye of heaven shines,
And often is his gold complexion dimm'd;
And every fair from fair sometime declines,
By chance or nature's changing course untrimm'd;
But thy eternal summer shall not fade,
Nor lose possession of that fair thou ow'st;"""
TITLES = """The Adventures of Sherlock Holmes
A Tale of Two Cities
Pride and Prejudice
The Strange Case of Dr Jekyll and Mr Hyde
Great Expectations
The Picture of Dorian Gray
Alice's Adventures in Wonderland
Through the Looking-Glass, and What Alice Found There
Moby-Dick; or, The Whale"""


def numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.split("\n"), 1))


@pytest.mark.parametrize("width", [45, 60, 65, 72, 78, 100])
@pytest.mark.parametrize("text", [ENGLISH, GERMAN])
def test_wrapped_prose_is_known_at_any_width(text: str, width: int) -> None:
    wrapped = textwrap.fill(text, width)
    assert is_wrapped(numbered(wrapped))
    assert [line for _, line in join_lines(numbered(wrapped))] == [text]
    both = f"{wrapped}\n\n\n  {wrapped}\n"
    joined = join_lines(numbered(both))
    assert [line for _, line in joined] == [text, text]
    assert joined[1][0] == wrapped.count("\n") + 4


def test_texts_of_a_line_each_are_left_alone() -> None:
    prompts = "\n".join(line.split("|")[1] for line in SPEECH.read_text(encoding="utf-8").splitlines())
    bare = prompts.replace(".", "")
    for text in (VERSE, TITLES, prompts, bare, "Hello.\nThere.", "One line of no great length at all", "a\nb\nc", ENGLISH):
        assert not is_wrapped(numbered(text)), text
    sentences = ENGLISH.replace(": ", ":\n").replace("? ", "?\n").replace(", ", ",\n")
    assert not is_wrapped(numbered(sentences))
    assert not is_wrapped(numbered("\n\n".join(prompts.split("\n"))))


def test_a_paragraph_is_a_text_named_by_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text(f"Chapter One\n\n{textwrap.fill(ENGLISH, 70)}\n\n{textwrap.fill(GERMAN, 70)}\n", encoding="utf-8")
    found = read_requests([path])
    assert [(r.id, r.place, r.numbered) for r in found][:2] == [
        ("book-00001", f"{path}:1", True),
        ("book-00003", f"{path}:3", True),
    ]
    assert [r.text for r in found] == ["Chapter One", ENGLISH, GERMAN]
    assert len(read_requests([path], paragraphs="lines")) > 10
    (tmp_path / "two.txt").write_text("One\nmore\n\nTwo\n", encoding="utf-8")
    assert [r.text for r in read_requests([tmp_path / "two.txt"], paragraphs="blank")] == ["One more", "Two"]
    assert len(read_requests([tmp_path / "two.txt"])) == 3


def test_words_are_wrapped_at_their_hyphens() -> None:
    lines = numbered("a well-\nknown twenty-one-\nyear story -\nand so on")
    assert join_lines(lines)[0][1] == "a well-known twenty-one-year story - and so on"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id\ttext\na\tHello there.\nb\tGood day.\n", "looks like a table with tabs"),
        ("a\tHello there.\n", "looks like a table with tabs"),
        ('id,text\n"a","Hello, there."\n"b","Good day."\n', "looks like a table with quoted commas"),
        ('a,"Hello ""there"", you."\nb,"Good day."\n', "looks like a table with quoted commas"),
        ("a|One.|One.\nb|Two\n", "expected id|text|text as it is read"),
    ],
)
def test_tables_of_another_kind_are_not_spoken(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "in.txt"
    path.write_text(content, encoding="utf-8")
    if "as it is read" in message:
        assert [r.speaker for r in read_requests([path])] == ["One.", ""]  # mixed columns are id|speaker|text
        return
    with pytest.raises(UsageError, match=message):
        read_requests([path])
    assert read_requests([path], "lines")[0].text == content.split("\n")[0].strip()


def test_prose_with_quotes_commas_and_tabs_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text('"Hello," he said, "we go."\nHe said, "Stop."\nIt is\t5 o\'clock.\n', encoding="utf-8")
    assert len(read_requests([path])) == 3
    path.write_text('He said, "Stop."\n', encoding="utf-8")
    assert len(read_requests([path])) == 1


def test_a_header_is_passed_over_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "in.txt"
    path.write_text("id|text\na|Hello.\nb|Good day.\n", encoding="utf-8")
    assert [r.id for r in read_requests([path])] == ["a", "b"]
    assert "in.txt:1: taken for the names of the columns" in caplog.text


def test_ljspeech_metadata_is_read_by_its_last_column(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text("a|Mr. Smith has 2.|Mister Smith has two.\nb|Hello.|Hello.\nc|Good day to you.|\n", encoding="utf-8")
    found = read_requests([path])
    assert [(r.id, r.text, r.speaker) for r in found] == [
        ("a", "Mister Smith has two.", ""),
        ("b", "Hello.", ""),
        ("c", "Good day to you.", ""),
    ]
    assert "read as LJSpeech metadata" in caplog.text
    path.write_text("a|mary|Hello there.\nb|peter|Good day.\n", encoding="utf-8")
    assert [r.speaker for r in read_requests([path])] == ["mary", "peter"]


def test_prompts_without_capitals_and_full_stops_are_lines() -> None:
    """Every next line of such text begins small, whether its line was wrapped or not."""
    words = ["open the garden door", "close the kitchen window", "set an alarm for seven", "play the second record"]
    prompts = [f"please {a} and then {b}"[:47].rsplit(" ", 1)[0] for a in words for b in words if a != b]
    assert not is_wrapped(numbered("\n".join(prompts)))
