"""Texts whose characters know where they stood: rewriting them is what ``re`` does, and places stay in order."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tts.text.tracked import Tracked, composed, joined, rewritten, spaced, sub

TEXT = st.text("ab1 .,é", max_size=30)
PATTERNS = st.sampled_from([r"a", r"a*", r"b+", r"(?<=a)b", r"\d", r"\s+", r"(a)(b)?", r"$", r"^", r"(?=1)", r"[.,]+", "ab|ba"])
READINGS = st.sampled_from(["", "x", " one ", r"\g<0>\g<0>", "ab", "a"])


def fits(text: str, source: str) -> bool:
    return (
        isinstance(text, Tracked)
        and len(text) == len(text.starts) == len(text.ends)
        and text.starts == sorted(text.starts)
        and text.ends == sorted(text.ends)
        and all(0 <= start < end <= len(source) for start, end in zip(text.starts, text.ends, strict=True))
    )


@given(TEXT, st.lists(st.tuples(PATTERNS, READINGS), max_size=4))
def test_rewriting_is_what_re_does_and_keeps_places_in_order(source, steps):
    text: str = Tracked.of(source)
    plain = source
    for pattern, reading in steps:
        if not text:  # what is put into nothing has no place
            break
        text, plain = sub(pattern, reading, text), re.sub(pattern, reading, plain)
        assert text == plain
        assert fits(text, source)


@given(TEXT)
def test_methods_do_what_those_of_a_string_do(source):
    text = Tracked.of(source)
    for done, wanted in [
        (text.strip(), source.strip()),
        (text.lstrip(" a"), source.lstrip(" a")),
        (text.rstrip(".,"), source.rstrip(".,")),
        (text.replace("a", "xyz"), source.replace("a", "xyz")),
        (text.replace("a", "", 1), source.replace("a", "", 1)),
        (text.removesuffix("b"), source.removesuffix("b")),
        (text.translate({ord("a"): "uu", ord("."): None}), source.translate({ord("a"): "uu", ord("."): None})),
        (text.lower(), source.lower()),
        (text[2:-1], source[2:-1]),
        (" " + text + "!", " " + source + "!"),
        (spaced(text), " ".join(source.split())),
        (joined([text[:3], "+", text[3:]], " "), f"{source[:3]} + {source[3:]}"),
    ]:
        assert done == wanted
        assert fits(done, source) or not source


def test_what_is_the_same_keeps_its_place_and_the_rest_shares_one():
    text = sub(r"\$(\d+) (\w+)", r"\1 dollars \2", Tracked.of("a $5 note"))
    assert text == "a 5 dollars note"
    assert [text.span(*match.span()) for match in re.finditer(r"\S+", text)] == [(0, 1), (2, 4), (2, 4), (5, 9)]
    assert rewritten("abc", 0, 1, "x") == "x"


@given(st.text("aé\u0301\u0323e\u1100\u1161\u11a8한", max_size=12))
def test_composed_characters_have_the_place_of_all_their_parts(source):
    text = composed(Tracked.of(source))
    assert text == unicodedata.normalize("NFC", source)
    assert fits(text, source) or not source
    assert not source or (text.starts[0], text.ends[-1]) == (0, len(source))  # type: ignore[attr-defined]
