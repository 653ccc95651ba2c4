"""Compare two voices on the same unseen sentences, paired: ``python tools/compare_voices.py BASELINE OTHER [--split test]``.

Prints the difference of every score with its 95 % interval over utterances, and a verdict on the primary score. One seed a
voice: the interval knows nothing of what another training run would give.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tts.comparison.two_voices import compare_scores, sentence
from tts.core.errors import TtsError
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import check_match, generate_split
from tts.generation.voice import load_voice


def main() -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("baseline", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--prepared", type=Path, help="prepared corpus (default: output/RECIPE/prepared)")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    arguments = parser.parse_args()
    try:
        voices = [load_voice(path) for path in (arguments.baseline, arguments.other)]
        prepared = Prepared(arguments.prepared or Path("output") / voices[0].config.recipe / "prepared")
        scores = []
        for voice in voices:
            check_match(voice, prepared)
            scores.append({item.id: item.scores for item in generate_split(voice, prepared, arguments.split)})
    except TtsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    names = (arguments.baseline.name, arguments.other.name)
    table, differences = compare_scores(scores[0], scores[1], names)
    print(f"{table}\n\n{sentence(differences[0], names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
