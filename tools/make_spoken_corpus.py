"""Make a corpus of synthetic speech in the LJSpeech layout: sentences of a text file, spoken by hibari-tts (the extra demo).

    python tools/make_spoken_corpus.py recipes/spoken_hour/sentences.txt --out data/spoken_hour

An hour takes a core a minute or two. What has been spoken is left as it is, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tts.core.audio import write_wav
from tts.core.files import write_text
from tts.core.progress import tracked


def main() -> int:
    """Read the arguments and make the corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", type=Path, help="a UTF-8 text file, a sentence a line")
    parser.add_argument("--out", type=Path, required=True, help="the corpus's folder: metadata.csv and wavs/")
    arguments = parser.parse_args()
    if not arguments.sentences.is_file():
        parser.error(f"{arguments.sentences}: there is no such file")
    try:
        import hibari
    except ImportError:
        parser.error("the corpus is spoken by hibari-tts (Apache-2.0); install it with: pip install 'stacked-tts[demo]'")
    make(arguments.sentences, arguments.out, hibari.Hibari("heart"))
    return 0


def make(sentences: Path, folder: Path, speaker: Any) -> None:
    """Have ``speaker(text, seed=number)``, which returns samples at 24 kHz, speak every line into ``folder``; texts come last.

    A corpus of other sentences in ``folder`` is not touched: it ends the program.
    """
    lines = [line.strip() for line in sentences.read_text(encoding="utf-8").splitlines() if line.strip()]
    table = "".join(f"hibari_{number:05d}|{line}\n" for number, line in enumerate(lines))
    if (folder / "metadata.csv").exists() and (folder / "metadata.csv").read_text(encoding="utf-8") != table:
        sys.exit(f"{folder}: holds a corpus of other sentences; choose another folder")
    for number, line in enumerate(tracked(lines, "speaking", len(lines))):
        path = folder / "wavs" / f"hibari_{number:05d}.wav"
        if not path.exists():
            write_wav(path, speaker(line, seed=number), 24_000)
    write_text(folder / "metadata.csv", table)


if __name__ == "__main__":
    sys.exit(main())
