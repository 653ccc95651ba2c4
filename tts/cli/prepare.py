"""``tts prepare``: from recordings and text to a prepared corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import (
    Changes,
    Device,
    RecipeName,
    Scheduler,
    command_line,
    percentage,
    place_of_work,
    words,
    workers_option,
)
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("prepare")(prepare_corpus)


def prepare_corpus(
    recipe: RecipeName,
    corpus_root: Annotated[
        str | None,
        typer.Option(
            "--corpus-root",
            envvar="TTS_CORPUS_ROOT",
            metavar="FOLDER",
            help="Folder of the corpus, or its address [default: the recipe's corpus.root, else data/RECIPE].",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where results go [default: output/RECIPE/prepared].")] = None,
    speaker: Annotated[
        str, typer.Option("--speaker", metavar="S[,S2]", help="Of a corpus of several speakers, only these, by commas.")
    ] = "",
    hours: Annotated[
        float | None, typer.Option("--hours", min=0.001, help="At most so much speech, drawn from all speakers in turn.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many utterances, drawn likewise.")] = None,
    drop_worst: Annotated[
        str,
        typer.Option("--drop-worst", metavar="N%", help="Leave out the N % of the recordings whose texts fit worst."),
    ] = "",
    workers: Annotated[int | None, workers_option("Processes that read and analyse recordings")] = None,
    scheduler: Scheduler = "",
    device: Device = "auto",
    changes: Changes = None,
) -> None:
    """Check, analyse and align a corpus; run the same command again to continue after an interruption."""
    from tts.core.copies import copied
    from tts.core.errors import UsageError
    from tts.core.remote import Remote
    from tts.corpora.public.catalogue import CATALOGUE
    from tts.dataset.prepare import prepare_corpus as run
    from tts.dataset.reading import SELECTION
    from tts.dataset.selecting import selection_changes
    from tts.recipe import corpus_root as find_root
    from tts.recipe import find_recipe, load_recipe

    if drop_worst:
        changes = [*(changes or []), f"alignment.drop_worst={percentage(drop_worst, '--drop-worst')}"]
    path = find_recipe(recipe)
    settings = load_recipe(path, changes)
    selected = selection_changes(settings.corpus, words(speaker), hours, limit)
    if selected:
        settings = load_recipe(path, [*(changes or []), *selected])
    folder = out or Path("output") / settings.name / "prepared"
    named = find_root(settings, path, corpus_root)
    root = copied(named) if isinstance(named, Remote) else named
    if not root.exists() and settings.name in CATALOGUE:
        raise UsageError(
            f"{root}: there is no such folder; fetch the corpus with tts fetch {settings.name}, or name its folder with "
            "--corpus-root"
        )
    with place_of_work(scheduler, workers, folder, (root,)) as place:
        prepared = run(
            settings, path.parent, root, folder, workers=place, device=device, command=command_line(), selected=selected
        )
    for split, entry in prepared.facts.splits.items():
        say(f"{split:>10}: {entry.utterances} utterances, {entry.seconds / 60:.1f} minutes")
    say(f"what was found and left out: {folder / 'report.md'}")
    if (folder / SELECTION).is_file():
        say(f"which utterances were chosen: {folder / SELECTION}")
    say(f"next: tts train {recipe} --system {next(iter(settings.systems))}")
