"""``tts evaluate``: the scores of a voice on the test split of its corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import Device, VoiceName, command_line, workers_option
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("evaluate")(evaluate)


def evaluate(
    voice: VoiceName,
    prepared: Annotated[
        Path | None, typer.Option("--prepared", help="Prepared corpus [default: output/RECIPE/prepared].")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where results go [default: VOICE/evaluation; of an installed voice output/NAME/evaluation]."
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="train, validation or test.")] = "test",
    wer: Annotated[bool, typer.Option("--wer", help="Also count a recogniser's word errors (needs the extra wer).")] = False,
    judges: Annotated[
        bool, typer.Option("--judges", help="Also ask models of listeners and count words (needs the extra judges).")
    ] = False,
    pictures: Annotated[
        int | None,
        typer.Option("--pictures", min=0, help="Utterances to draw (needs the extra viz).", show_default="2 with viz, else 0"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON and nothing else.")] = False,
    workers: Annotated[int | None, workers_option("Processes that vocode and recognise")] = None,
    device: Device = "auto",
) -> None:
    """Score a voice on natural durations, and leave wavs and pictures to judge by."""
    from tts.core.errors import UsageError
    from tts.generation.voices import TRAINED, find_voice

    named = find_voice(voice)
    from tts.dataset.prepared import SPLITS, Prepared
    from tts.evaluation.evaluate import EvaluationOptions, draw, evaluate_voice, pictures_to_draw, update_card
    from tts.generation.voice import load_voice

    if split not in SPLITS:
        raise UsageError(f"--split {split}: there are {', '.join(SPLITS)}")
    drawn = pictures_to_draw(pictures)
    loaded = load_voice(named.folder, device)
    source = Prepared(prepared or Path("output") / loaded.config.recipe / "prepared")
    beside = TRAINED / named.name if named.packaged or named.copy else named.folder
    folder = out or beside / ("evaluation" if split == "test" else f"evaluation-{split}")
    evaluation = evaluate_voice(
        loaded,
        source,
        folder,
        EvaluationOptions(split, words=wer, judges=judges, wavs=max(drawn, 4)),
        workers=workers,
        command=command_line(),
    )
    say(json.dumps(evaluation.result, ensure_ascii=False, indent=2) if as_json else evaluation.text)
    if split == "test" and out is None:
        update_card(named.folder, loaded, evaluation.text.partition("\n")[2])
    if drawn:
        draw(evaluation, loaded.grid, folder, drawn)
    say(f"{'wavs and pictures' if drawn else 'wavs'}: {folder}", error=as_json)
