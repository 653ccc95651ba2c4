"""``tts export``: a prepared corpus as HTS and Merlin read it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.output import say


class EndSilences(StrEnum):
    """What the silence before and after speech is called."""

    sil = "sil"
    pau = "pau"


PreparedFolder = Annotated[Path, typer.Argument(help="A prepared corpus, such as output/RECIPE/prepared.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="A new folder for the files.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(name="export", no_args_is_help=True, help="A prepared corpus as HTS and Merlin read it.")
    group.command("labels")(labels)
    group.command("merlin")(merlin)
    app.add_typer(group)


def labels(
    prepared: PreparedFolder,
    out: Out,
    phones: Annotated[bool, typer.Option("--phones", help="A line a phone, not a state.")] = False,
    silence: Annotated[
        EndSilences, typer.Option("--silence", help="Name of the silence at the ends: sil (Merlin), pau (Festival's voices).")
    ] = EndSilences.sil,
) -> None:
    """Write full-context labels with times, a file ID.lab an utterance."""
    from tts.dataset.exporting import export_labels
    from tts.dataset.prepared import Prepared

    count = export_labels(Prepared(prepared), out, states=not phones, end_silence="pau" if silence == "pau" else "sil")
    say(f"{count} label files: {out}")


def merlin(prepared: PreparedFolder, out: Out) -> None:
    """Write what Merlin trains on: labels by state and phone, .mgc, .lf0 and .bap, file_id_list.scp."""
    from tts.dataset.exporting import FILE_LIST, export_merlin
    from tts.dataset.prepared import Prepared

    corpus = Prepared(prepared)
    counts = export_merlin(corpus, out)
    say(f"{sum(counts.values())} utterances, in {FILE_LIST} {', '.join(f'{n} {split}' for split, n in counts.items())}")
    say(
        f"in Merlin's configuration: mgc {corpus.streams['mcep'].dimension}, bap {corpus.grid.bands}, "
        f"samplerate {corpus.grid.sample_rate}, fw_alpha {corpus.grid.alpha:g}, framelength {corpus.grid.fft_size}"
    )
