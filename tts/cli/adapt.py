"""``tts adapt``: an existing voice for another speaker, and what it gains from how many utterances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tts.cli.options import Changes, Device, RecipeName, command_line, numbers, tell_reach, words
from tts.cli.output import say


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("adapt")(adapt)


def adapt(
    voice: Annotated[str, typer.Argument(help="The voice to start from: its folder or name.", metavar="VOICE")],
    recipe: RecipeName,
    prepared: Annotated[
        Path | None, typer.Option("--prepared", help="The target's prepared corpus [default: output/RECIPE/prepared].")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Results [default: output/RECIPE/adaptation].")] = None,
    system: Annotated[str, typer.Option("--system", "-s", help="The recipe's system.", show_default="the voice's")] = "",
    utterances: Annotated[str, typer.Option("--utterances", "-n", help="Numbers of utterances.")] = "5,10,20,50,100,200",
    seeds: Annotated[str, typer.Option("--seeds", help="Seeds, by commas: each draws subsets and trains on them.")] = "1,2,3",
    methods: Annotated[
        str, typer.Option("--methods", help="scratch and ways of adapting, by commas.")
    ] = "scratch,statistics,fine_tune,l2_sp,freeze_trunk",
    validation: Annotated[int, typer.Option("--validation", help="Validation utterances that say when to stop.")] = 5,
    voices: Annotated[
        str, typer.Option("--voices", help="Other voices, NAME=VOICE by commas, to start from: METHOD@NAME.")
    ] = "",
    against: Annotated[str, typer.Option("--against", help="Methods, by commas, that every other is compared with.")] = "",
    beside: Annotated[
        str,
        typer.Option("--beside", help="Method shared: prepared corpora of speakers beside the target, by commas."),
    ] = "",
    shared_steps: Annotated[
        int | None,
        typer.Option("--shared-steps", min=1, help="Method shared: its steps.", show_default="the recipe's"),
    ] = None,
    judges: Annotated[
        int, typer.Option("--judges", min=0, help="Test sentences that models of listeners judge (needs the extra judges).")
    ] = 0,
    judged_seeds: Annotated[
        Literal["first", "all"],
        typer.Option("--judged-seeds", help="Whose voices the judges hear: the first seed's alone, or every seed's."),
    ] = "first",
    device: Device = "auto",
    changes: Changes = None,
) -> None:
    """Adapt a voice to a recipe's speaker from N utterances and leave the learning curve; run again to continue."""
    from tts.comparison.adaptation import adapt as run
    from tts.comparison.adaptation_plan import AdaptationPlan
    from tts.comparison.adaptation_results import markdown
    from tts.core.errors import UsageError
    from tts.dataset.prepared import Prepared
    from tts.generation.config import read_config
    from tts.generation.voices import find_voice
    from tts.recipe import load_recipe

    settings = load_recipe(recipe, changes)
    place = out or Path("output") / settings.name / "adaptation"
    sizes, chosen = tuple(sorted(set(numbers(utterances, "--utterances")))), numbers(seeds, "--seeds")
    if not sizes or not chosen:
        raise UsageError("--utterances and --seeds: expected numbers by commas, for example 5,10,20 and 1,2,3")
    if len(chosen) == 1:
        say(f"--seeds {seeds}: one seed, which says nothing of another; several by commas, such as 1,2,3", error=True)
    start = find_voice(voice).folder
    name = system or read_config(start).system
    settings.system(name)
    source = Prepared(prepared or Path("output") / settings.name / "prepared")
    settings = source.settled(settings)
    tell_reach(settings, changes or [], [name], seeds="those of --seeds")
    plan = AdaptationPlan(
        voice=start,
        recipe=settings,
        system=name,
        utterances=sizes,
        seeds=chosen,
        methods=words(methods),
        validation=validation,
        voices=named_voices(voices),
        against=words(against),
        judged=judges,
        judged_seeds=judged_seeds,
        beside=tuple(Prepared(Path(folder)) for folder in words(beside)),
        shared_steps=shared_steps,
    )
    results = run(plan, source, place, device=device, command=command_line())
    say(markdown(results))
    say(f"tables, curve and voices: {place}")


def named_voices(text: str) -> dict[str, Path]:
    """Read NAME=VOICE by commas; return the voices' folders by name."""
    from tts.core.errors import UsageError
    from tts.core.names import name_fault
    from tts.generation.voices import find_voice

    folders: dict[str, Path] = {}
    for word in words(text):
        name, given, voice = word.partition("=")
        if not given or name_fault(name) or "@" in name:
            raise UsageError(f"--voices: got {word}; expected NAME=VOICE by commas, for example dutch=output/nathalie/single")
        if name in folders:
            raise UsageError(f"--voices: {name} is there twice; give each voice a name of its own")
        folders[name] = find_voice(voice).folder
    return folders
