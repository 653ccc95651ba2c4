"""``tts listen``: a listening test as one page, and what its listeners' files say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.options import command_line, words
from tts.cli.output import say

if TYPE_CHECKING:
    from tts.listening.design import Field
    from tts.listening.page import OpinionTable

ASKED = "age,headphones,native_language"


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(no_args_is_help=True, help="Make listening tests, and analyse their results.")
    group.command("make")(make)
    group.command("analyse")(analyse)
    app.add_typer(group, name="listen")


def make(
    sources: Annotated[
        list[str],
        typer.Argument(help="A comparison's folder (wavs/SYSTEM/ID.wav), or NAME=FOLDER for each system.", metavar="SOURCE..."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page to write, such as test.html.")] = None,
    webmushra: Annotated[
        Path | None, typer.Option("--webmushra", help="Folder for a webMUSHRA configuration with its wavs.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option("--kinds", help="mos, ab, mushra.", show_default="mos,ab, and mushra with a reference")
    ] = None,
    systems: Annotated[str | None, typer.Option("--systems", help="Only these, with commas [default: all].")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="The system with natural speech.", show_default="natural, if there")
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", help="The system that is MUSHRA's anchor.", show_default="reference low-passed at 3.5 kHz"),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare this with each other in AB [default: all pairs].")
    ] = None,
    sentences: Annotated[
        int | None, typer.Option("--sentences", min=1, help="How many, drawn from those all have [default: all].")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws sentences and orders.")] = 0,
    title: Annotated[str, typer.Option("--title", help="What listeners see on top.")] = "Listening test",
    consent: Annotated[Path | None, typer.Option("--consent", help="Text file with your own consent text.")] = None,
    fields: Annotated[
        str, typer.Option("--fields", help="What to ask about listeners; other names ask for text; none asks nothing.")
    ] = ASKED,
    minimum: Annotated[
        float | None, typer.Option("--minimum", help="Seconds to hear before rating.", show_default="all of a recording")
    ] = None,
) -> None:
    """Make a listening test: one HTML file that works offline, or a webMUSHRA configuration, or both."""
    from tts.core.errors import UsageError
    from tts.core.remote import refuse_address
    from tts.listening.design import CONSENT, DesignOptions, design_test
    from tts.listening.page import write_page
    from tts.listening.stimuli import find_stimuli
    from tts.listening.webmushra import write_webmushra

    if out is None and webmushra is None:
        raise UsageError("say where the test goes: --out PAGE.html, --webmushra FOLDER, or both")
    if out is not None and out.exists():
        raise UsageError(f"{out}: is there already; remove it or choose another name")
    for source in sources:
        refuse_address(Path(source.partition("=")[2] or source), "tts listen make")
    stimuli = find_stimuli(sources)
    if systems is not None:
        wanted = words(systems)
        missing = [name for name in wanted if name not in stimuli]
        if missing:
            raise UsageError(f"--systems {missing[0]}: there are {', '.join(stimuli)}")
        stimuli = {name: stimuli[name] for name in wanted}
    if reference is None and "natural" in stimuli:
        reference = "natural"
    options = DesignOptions(
        kinds=words(kinds) if kinds is not None else ("mos", "ab", *(["mushra"] if reference else [])),
        reference=reference,
        anchor=anchor,
        baseline=baseline,
        sentences=sentences,
        seed=seed,
        title=title,
        consent=CONSENT if consent is None else _consent(consent),
        fields=_fields(fields),
        minimum=minimum,
    )
    design = design_test(stimuli, options)
    asked = ", ".join(f"{len(trials)} {kind}" for kind, trials in design.trials.items())
    say(f"test: {design.test_id}, about {design.minutes} min a listener; trials: {asked}; level: {design.loudness:.1f} LUFS")
    if webmushra is not None:
        say(f"webMUSHRA: {write_webmushra(design, webmushra)}{' (without ab)' if 'ab' in design.trials else ''}")
    if out is not None:
        write_page(design, out, _opinions(sources, stimuli))
        say(f"page: {out} ({out.stat().st_size / 1e6:.1f} MB)")


def analyse(
    files: Annotated[
        list[Path], typer.Argument(help="CSV files that listeners sent back, of all kinds together.", metavar="FILE...")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for listening.json, .md and .svg.")] = None,
    exclude: Annotated[
        bool, typer.Option("--exclude", help="Leave out MUSHRA listeners who miss the hidden reference.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
) -> None:
    """Print what the results of a listening test say: means, preferences, intervals and tests."""
    from tts.core.errors import UsageError
    from tts.core.files import write_json, write_text
    from tts.listening.analysis import analyse as analyse_responses
    from tts.listening.report import chart, tables
    from tts.listening.responses import read_results

    names = ("listening.json", "listening.md", "listening.svg")
    if out is not None and (there := [name for name in names if (out / name).exists()]):
        raise UsageError(f"{out / there[0]}: is there already; remove it or choose another folder")
    results = analyse_responses(read_results(files), exclude=exclude, seed=seed)
    text = tables(results)
    say(text)
    if out is not None:
        write_json(out / names[0], {**results.to_dict(), "command": command_line()})
        write_text(out / names[1], text + "\n")
        write_text(out / names[2], chart(results))
        say(f"\nresults: {out}")


def _opinions(sources: Sequence[str], stimuli: Collection[str]) -> OpinionTable | None:
    """Return what models of listeners say of the systems, where the one source is a comparison that asked them."""
    from tts.comparison.listening_test import opinion_table
    from tts.comparison.results import read_results

    if len(sources) != 1 or not (Path(sources[0]) / "results.json").is_file():
        return None
    return opinion_table(read_results(Path(sources[0])), stimuli)


def _fields(text: str) -> tuple[Field, ...]:
    from tts.listening.design import FIELDS, Field

    known = {field.name: field for field in FIELDS}
    names = [] if text.strip() == "none" else words(text)
    return tuple(known.get(name, Field(name, name.replace("_", " ").capitalize())) for name in names)


def _consent(path: Path) -> str:
    from tts.core.errors import UsageError

    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"--consent {path}: not readable as a text file in UTF-8") from None
    if not text:
        raise UsageError(f"--consent {path}: the file is empty; write what listeners agree to, or leave the option out")
    return text
