"""``tts compare``: whether extra tasks help."""

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
    numbers,
    place_of_work,
    tell_reach,
    words,
    workers_option,
)
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compare")(compare)


def compare(
    recipe: RecipeName,
    prepared: Annotated[
        Path | None, typer.Option("--prepared", help="Prepared corpus [default: output/RECIPE/prepared].")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Results [default: output/RECIPE/comparison].")] = None,
    systems: Annotated[str, typer.Option("--systems", help="Systems, by commas.", show_default="the recipe's")] = "",
    seeds: Annotated[str, typer.Option("--seeds", help="Seeds, by commas.", show_default="the recipe's")] = "",
    wer: Annotated[
        bool | None, typer.Option("--wer/--no-wer", help="Count a recogniser's word errors.", show_default="the recipe's")
    ] = None,
    judges: Annotated[
        bool | None,
        typer.Option("--judges/--no-judges", help="Ask models of listeners (extra judges).", show_default="the recipe's"),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done and how long it may take, and stop.")] = False,
    workers: Annotated[int | None, workers_option("Runs side by side", "one a core, or one a GPU")] = None,
    together: Annotated[
        int, typer.Option("--together", min=1, help="Runs of like networks in each as one batched model, to fill a GPU.")
    ] = 1,
    scheduler: Scheduler = "",
    device: Device = "auto",
    changes: Changes = None,
) -> None:
    """Train a recipe's systems over seeds and say whether one is better than the baseline; run again to continue."""
    from tts.comparison.compare import compare as run
    from tts.comparison.compare import write_pages
    from tts.comparison.plan import make_plan
    from tts.comparison.plan_cost import describe
    from tts.dataset.prepared import Prepared
    from tts.recipe import load_recipe

    settings = load_recipe(recipe, changes)
    folder = out or Path("output") / settings.name / "comparison"
    source = Prepared(prepared or Path("output") / settings.name / "prepared")
    settings = source.settled(settings)
    names, chosen = words(systems), numbers(seeds, "--seeds")
    planned = make_plan(settings, systems=names, seeds=chosen, wer=wer, judges=judges)
    trained = [arm.name for arm in planned.arms if arm.name in settings.systems]
    tell_reach(settings, changes or [], trained, seeds="those of comparison.seeds, or --seeds")
    with place_of_work(scheduler, workers, None if plan else folder, (source.folder,)) as place:
        say(describe(planned, source, folder, workers=place, together=together, device=device))
        if plan:
            return
        say()
        results = run(
            planned,
            source,
            folder,
            workers=place,
            together=together,
            device=device,
            command=command_line(),
            say=say,
        )
    say(f"\n{results.answer}\n")
    say(f"tables: {folder / 'tables.md'}   everything: {folder / 'results.json'}")
    for name, path in write_pages(folder, results).items():
        say(f"{name}: {path}")
