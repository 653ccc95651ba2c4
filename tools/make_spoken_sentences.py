"""Choose sentences for a synthetic corpus of some hours: those of sentences.txt first, then more of where they come from.

    git clone https://github.com/Helsinki-NLP/prosody
    python tools/make_spoken_sentences.py prosody/data/dev.txt prosody/data/test.txt --hours 10 --out sentences.txt
    python tools/make_spoken_corpus.py sentences.txt --out data/spoken_ten_hours

The first lines are recipes/spoken_hour/sentences.txt as it is, so that sounds of its names are the same in both corpora. What
follows are utterances of the files in their order (Talman et al. 2019, CC BY 4.0; a line a word or sign) which have only
letters of English, spaces and the signs , . ; : ! ? ' - and 25 to 160 characters, each once. Nothing else is filtered: headings
in capitals are among them, and quotation marks apart from their words, for a space is removed before , . ; : ! ? alone.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tts.core.files import write_text

FIRST = Path(__file__).parents[1] / "recipes" / "spoken_hour" / "sentences.txt"
CHARACTERS_AN_HOUR = 57_000  # about as many as recipes/spoken_hour has
USUAL = re.compile(r"[A-Za-z ,.;:!?'-]{25,160}")


def main() -> int:
    """Read the arguments and write the sentences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+", help="files of the Helsinki Prosody Corpus")
    parser.add_argument("--hours", type=float, required=True, help="about how many hours of speech, at least 1")
    parser.add_argument("--out", type=Path, required=True, help="the text file, a sentence a line")
    arguments = parser.parse_args()
    if not (math.isfinite(arguments.hours) and arguments.hours >= 1):
        parser.error(
            f"--hours {arguments.hours:g}: a number of at least 1 is needed: the hour that there is comes first, whole"
        )
    texts = []
    for path in arguments.corpus:
        if not path.is_file():
            parser.error(f"{path}: there is no such file")
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            parser.error(f"{path}: not in UTF-8, as the files of the corpus are ({error.reason} at byte {error.start})")
    if arguments.out.exists():
        parser.error(f"{arguments.out}: exists; choose another name")
    more = (sentence for text in texts for sentence in utterances(text.splitlines()))
    chosen = choose(FIRST.read_text(encoding="utf-8").splitlines(), more, arguments.hours * CHARACTERS_AN_HOUR)
    characters = sum(map(len, chosen))
    if characters < arguments.hours * CHARACTERS_AN_HOUR:
        hours = characters / CHARACTERS_AN_HOUR
        sys.exit(f"the files have sentences for {hours:.1f} hours alone; ask for fewer or name more files")
    write_text(arguments.out, "".join(f"{sentence}\n" for sentence in chosen))
    return 0


def utterances(lines: Iterable[str]) -> Iterator[str]:
    """Yield the text of every utterance of a file of the corpus: words with spaces between, none before a sign."""
    words: list[str] = []
    for line in [*lines, "<file>"]:
        word = line.split("\t")[0]
        if word != "<file>":
            words.append(word)
            continue
        if words:
            yield re.sub(r" +([,.;:!?])", r"\1", " ".join(words))
        words = []


def choose(first: Iterable[str], more: Iterable[str], characters: float) -> list[str]:
    """Return ``first`` and of ``more`` as many sentences that ``USUAL`` matches as ``characters`` take, each once."""
    chosen = dict.fromkeys(first)
    length = sum(map(len, chosen))
    for sentence in more:
        if length >= characters:
            break
        if sentence not in chosen and USUAL.fullmatch(sentence):
            chosen[sentence] = None
            length += len(sentence)
    return list(chosen)


if __name__ == "__main__":
    sys.exit(main())
