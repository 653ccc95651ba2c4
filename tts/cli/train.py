"""``tts train``: from a prepared corpus to a voice."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import Changes, Device, RecipeName, command_line, tell_reach
from tts.cli.output import say, silence
from tts.core.screen import log_to_screen


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("train")(train)


def train(
    recipe: RecipeName,
    system: Annotated[str, typer.Option("--system", "-s", help="Which of the recipe's systems.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Voice folder [default: output/RECIPE/SYSTEM].")] = None,
    prepared: Annotated[
        Path | None, typer.Option("--prepared", help="Prepared corpus [default: output/RECIPE/prepared].")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Random seed [default: the recipe's].")] = None,
    device: Device = "auto",
    changes: Changes = None,
) -> None:
    """Train a system of a recipe; run the same command again to continue after an interruption.

    A finished voice is not trained again. Other settings of generation are written into it; more training.steps go on from its
    last step where its learning rate is constant (decay: none) and it is one network, and are refused otherwise.

    Several GPUs or machines: `torchrun --nproc-per-node N -m tts train ...`; checkpoints are the same for any number of them.
    """
    from tts.core.progress import set_quiet
    from tts.core.ranks import joined

    def tell(sentence: str) -> None:
        with silence(False):
            say(f"tts: {sentence}", error=True)

    with joined(device, tell) as ranks, silence(not ranks.first):
        if not ranks.first:
            set_quiet(True)
            log_to_screen(logging.ERROR)
        _train(recipe, system, out, prepared, seed, ranks.device or device, changes)


def _train(
    recipe: str, system: str, out: Path | None, prepared: Path | None, seed: int | None, device: str, changes: list[str] | None
) -> None:
    from tts.core.errors import UsageError
    from tts.core.progress import clock
    from tts.dataset.prepared import Prepared
    from tts.generation.summary import read_summary
    from tts.recipe import find_recipe, load_recipe
    from tts.training.run_folder import is_finished
    from tts.training.train import train_voice

    path = find_recipe(recipe)
    given = [*(changes or []), *([] if seed is None else [f"training.seed={seed}"])]
    settings = load_recipe(path, given)
    if seed is not None and any(change.partition("=")[0].strip() == "training.seed" for change in changes or []):
        raise UsageError(f"--seed {seed}: --set names another seed; give one of them")
    settings.system(system)
    folder = out or Path("output") / settings.name / (system if seed is None else f"{system}-seed{seed}")
    source = Prepared(prepared or Path("output") / settings.name / "prepared")
    settings = source.settled(settings)
    tell_reach(settings, given, [system])
    known = read_summary(folder / "training") if is_finished(folder) else None
    summary = train_voice(settings, source, system, folder, device=device, command=command_line())
    last = summary.stages[-1]
    say(f"voice: {folder}{', finished before: nothing was trained' if summary == known else ''}")
    mcd = f", validation MCD {last.scores['valid/mcd']:.3f} dB" if "valid/mcd" in last.scores else ""
    say(f"trained in {clock(summary.seconds)}{'' if last.frozen else f', best at step {last.step}{mcd}'}")
    if summary.edit is not None and summary.edit.steps:
        spectra = [scores["valid/modulation"] for scores in (summary.edit.before, summary.edit.scores)]
        say(f"edit: best at step {summary.edit.step}, modulation spectrum {spectra[0]:.2f} -> {spectra[1]:.2f} dB from natural")
    say(f"next: tts evaluate {folder}   or   tts speak {folder} text.txt --out wavs")
