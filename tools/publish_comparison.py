"""Write a comparison small enough to be kept beside its recipe: ``python tools/publish_comparison.py OUT --to FOLDER``.

``OUT`` is what ``tts compare`` left. ``FOLDER/comparison.md`` holds the tables as they are, ``FOLDER/comparison.json`` the
results without learning curves and gradient diagnostics, and of every utterance the named scores alone, to six digits.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tts.comparison.results import Results, read_results
from tts.comparison.tables import tables
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_text


def main() -> int:
    """Write both files; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparison", type=Path, help="folder with results.json")
    parser.add_argument("--to", type=Path, required=True, help="folder to write to; files of an earlier time are replaced")
    parser.add_argument("--name", default="comparison", help="of the files, without extension")
    parser.add_argument("--scores", nargs="+", default=[], help="to keep of every utterance (default: the primary)")
    given = parser.parse_args()
    try:
        results = read_results(given.comparison)
        if results.state != "complete":
            where = given.comparison / "results.json"
            print(
                f"{where}: is partial, runs or a last count of its statistics are missing; published as it is", file=sys.stderr
            )
        short = json.dumps(_short(slim(results, given.scores or [results.primary]).to_dict())) + "\n"
        write_text(given.to / f"{given.name}.md", tables(results))
        write_text(given.to / f"{given.name}.json", short)
    except TtsError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def slim(results: Results, scores: Sequence[str]) -> Results:
    """Return results without curves and diagnostics, and of the utterances' scores only ``scores``."""
    known = {metric.name for metric in results.metrics}
    for name in scores:
        if name not in known:
            raise UsageError(f"--scores {name}: no such score; the comparison has {', '.join(sorted(known))}")
    runs = []
    for run in results.runs:
        utterances = {key: {score: values.get(score) for score in scores} for key, values in run.utterances.items()}
        runs.append(run.model_copy(update={"curves": {}, "diagnostics": {}, "utterances": utterances}))
    return results.model_copy(update={"runs": tuple(runs)})


def _short(value: Any) -> Any:
    """Return plain data with six digits a number, for JSON."""
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
