"""``report.md`` of a prepared corpus: what was found in the recordings, what was left out and why, how well they align."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tts.alignment.fit_report import report_alignment
from tts.alignment.types import Aligned
from tts.core.files import write_text
from tts.corpora.checks import AudioFacts, seconds_summary
from tts.corpora.problems import problem_table, write_problems
from tts.corpora.types import Corpus
from tts.dataset.describe import split_lengths
from tts.dataset.layout import ReadyUtterance, Splits
from tts.dataset.preparation import Preparation

REPORT, PROBLEMS = "report.md", "problems.json"


def write_report(
    run: Preparation,
    corpus: Corpus,
    audio: Mapping[str, AudioFacts],
    aligned: Mapping[str, Aligned],
    splits: Splits,
    f0_ranges: Mapping[str, tuple[float, float]],
) -> None:
    """Write the report for people, and every problem for programs, into the run's folder; ``splits`` may be empty."""
    grid = run.recipe.frames.grid
    rows = split_lengths(splits, grid.shift).items()
    several = len(f0_ranges) > 1
    lines = [
        f"# {corpus.name}, prepared",
        "",
        seconds_summary([audio[utterance.id] for utterance in corpus]),
        *(f"* {note}" for note in corpus.notes),
        "",
        "| split | utterances | minutes |",
        "| --- | ---: | ---: |",
        *(f"| {split} | {length.utterances} | {length.seconds / 60:.1f} |" for split, length in rows),
        "",
        *_speaker_table(run.recipe.corpus.names, splits),
        *(
            f"F0{f' of {name}' if several else ''} is searched between {low:g} and {high:g} Hz."
            for name, (low, high) in f0_ranges.items()
        ),
        "",
        "## Left out, and warnings",
        "",
        problem_table(run.problems, first=50),
        "## Alignment",
        "",
        report_alignment(aligned, grid).to_markdown() if aligned else "Nothing was aligned.",
    ]
    write_text(run.out / REPORT, "\n".join(lines).rstrip() + "\n")
    write_problems(run.out / PROBLEMS, run.problems)


def _speaker_table(names: Sequence[str], splits: Mapping[str, Sequence[ReadyUtterance]]) -> list[str]:
    """Return utterances by speaker and split as lines of Markdown; nothing where there is one speaker."""
    if len(names) == 1:
        return []
    lines = [f"| speaker | {' | '.join(splits)} |", f"| --- |{' ---: |' * len(splits)}"]
    for number, name in enumerate(names):
        counts = [sum(item.speaker == number for item in items) for items in splits.values()]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
    return [*lines, ""]
