"""``tts segment``: long recordings with their texts become a corpus of utterances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tts.cli.options import workers_option
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("segment")(segment)


def segment(
    audio: Annotated[Path, typer.Argument(help="A long recording, or a folder of one speaker's.")],
    text: Annotated[Path, typer.Argument(help="Its text (UTF-8), or a folder of texts named as the recordings, .txt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="New folder for the corpus: metadata.csv, wavs/, report.md.")],
    language: Annotated[str, typer.Option("--language", "-l", help="Language of the text, e.g. en-us or nl.")],
    engine: Annotated[str, typer.Option("--engine", help="Front end that reads the text.")] = "gruut",
    lexicon: Annotated[Path | None, typer.Option("--lexicon", help="File of pronunciations, `word phones` a line.")] = None,
    channel: Annotated[
        Literal["only", "left", "right", "mix"], typer.Option("--channel", help="Channel of recordings that have several.")
    ] = "only",
    within_sentences: Annotated[
        bool,
        typer.Option(
            "--within-sentences", help="Cut sentences that are too long at their longest pauses, and use parts of some."
        ),
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Remove an earlier run's utterances and metadata.csv, also if you changed it."),
    ] = False,
    workers: Annotated[int | None, workers_option("Processes that write utterances")] = None,
) -> None:
    """Cut long recordings at pauses into utterances of 1 to 15 seconds, each with its words of the text.

    What has no text, is not spoken, or matches badly is left out and listed in report.md. `tts new` makes a recipe of it.
    """
    from tts.core.folders import require_own_folder
    from tts.dataset.cutting import REPORT, cut_recording, require_replaceable, write_cuts
    from tts.dataset.segmenting import pairs_of, place_words, read_long
    from tts.text.engine import make_engine
    from tts.text.lexicon import read_lexicon

    require_own_folder(out, "tts segment", mark=out / REPORT)
    require_replaceable(out, replace=replace)
    pairs = pairs_of(audio, text)
    front_end = make_engine(engine, language, read_lexicon(lexicon) if lexicon is not None else None)
    recordings = [read_long(*pair, front_end, language, channel) for pair in pairs]
    placed, reject = place_words(recordings)
    reports = [
        cut_recording(recording, items, front_end, reject, within_sentences=within_sentences)
        for recording, items in zip(recordings, placed, strict=True)
    ]
    write_cuts(out, reports, channel, workers, replace=replace)
    for report in reports:
        used = sum(u.end - u.start for u in report.utterances)
        say(f"{report.audio}: {len(report.utterances)} utterances, {used / 60:.1f} of {report.seconds / 60:.1f} minutes")
        say(
            f"  left out: {len(report.left_out)}; speech without text: {len(report.without_text)} stretches; "
            f"text without speech: {len(report.without_audio)} sentences"
        )
        say(f"  doubtful cuts, at short pauses or where sentences have none between them: {len(report.doubtful)}")
    say(f"what was left out and why, and what is doubtful: {out / REPORT}")
    say(f"next: tts new {out}")
