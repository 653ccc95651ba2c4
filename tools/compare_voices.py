"""Compare two voices on the same unseen sentences, paired: ``python tools/compare_voices.py BASELINE OTHER [--split test]``.

Prints the difference of every score with its 95 % interval over utterances. One seed a voice gets no verdict: the interval
knows nothing of what another training would give; ``tts compare`` trains several.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tts.comparison.references import phone_means
from tts.comparison.tables import difference_table
from tts.comparison.verdicts import compare_two
from tts.core.errors import TtsError
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import check_match, generate_split
from tts.generation.voice import load_voice
from tts.recipe.comparison import SMALLEST_MCD

METRICS = ("mcd", "f0_rmse", "f0_correlation", "vuv_error", "bap", "gv_mcep", "modulation")


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
            scores.append({1: {item.id: item.scores for item in generate_split(voice, prepared, arguments.split)}})
        names = (arguments.baseline.name, arguments.other.name)
        floor = phone_means(prepared) if arguments.split == "test" else None
        contrasts = compare_two(scores[0], scores[1], names, METRICS, floor=floor, smallest=SMALLEST_MCD)
    except TtsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(difference_table(contrasts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
