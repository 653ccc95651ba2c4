"""English sentences of 27 kinds whose right reading is known, written before it was looked at how they are read."""

from pathlib import Path

import pytest
from spoken_cases import Case, fault, read_cases

from tts.text.engine import make_engine
from tts.text.split import split_text

CASES = [
    case
    for name in ("one", "two", "three", "four", "five", "six")
    for case in read_cases(Path(__file__).parent / "cases" / f"english_{name}.jsonl")
]


@pytest.fixture(scope="module")
def english():
    return make_engine("gruut", "en-us")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.text[:24]}")
def test_read_right(english, case: Case) -> None:
    assert not fault(case, english)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Rep. Smith met Maj. Tom on Apr. 1 at Ft. Worth, see p. 5. He left.", 2),
        ("We live on Main St. He lives on Elm Dr. too.", 2),
        ("St. John and Dr. Lee came. No. 5 is it.", 2),
        ("Meet on Mon. evening or Jan. 3 at noon.", 1),
        ("It is approx. 5 in. long. Good.", 2),
        ("The U.S. President spoke. The U.K. Parliament sat.", 2),
        ("He lives in the U.S. We do too.", 2),
        ("In Smith v. Jones they held H.R. 3200 void.", 1),
        ("On King Jr. Blvd. we met.", 1),
        ("No. I won't go.", 2),
        ("The cat sat. The dog ran.", 2),
    ],
)
def test_abbreviations_end_no_sentence(text: str, sentences: int) -> None:
    assert len(split_text(text, language="en-us")) == sentences
