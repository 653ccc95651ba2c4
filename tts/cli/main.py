"""The ``tts`` command. Each verb is one file; nothing heavy is imported before a verb runs."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, get_type_hints

# Beside another busy process, OpenMP threads that spin while they wait slow everything down; set before torch loads.
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import typer
from typer.core import TyperGroup

from tts import __version__
from tts.cli import (
    adapt,
    compare,
    corpora,
    demo,
    doctor,
    evaluate,
    export,
    fetch,
    importing,
    inspect,
    languages,
    listen,
    new,
    prepare,
    recipe,
    resynthesise,
    segment,
    speak,
    stats,
    text,
    train,
    voices,
)
from tts.cli.output import drop_output, own_output, say
from tts.core.errors import TtsError, UsageError
from tts.core.memory import out_of_memory
from tts.core.progress import set_quiet
from tts.core.remote import refuse_address
from tts.core.screen import log_to_screen, printable

CONTINUE = {
    "speak": "run the same command again with --resume to continue (one wav by --output starts over)",
    "evaluate": "run the same command again to start over",
    "segment": "run the same command again to start over",
}
# https://docs.pytorch.org/docs/stable/elastic/run.html: what torchrun tells each of its processes.
RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress; results, warnings and errors remain.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error.")]


class _Verbs(TyperGroup):
    """The verbs; an interruption says how to go on, where Typer would only say that it aborted."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            advice = CONTINUE.get(ctx.invoked_subcommand, "run the same command again to continue")
            say(f"\ntts: interrupted; {advice}", error=True)
            raise typer.Exit(130) from None


def _refuse_ranks(label: str) -> None:
    """Raise :class:`UsageError` for a verb that ``torchrun`` started several times and that is no training.

    All would do the whole of it in one folder. Other programs set ``WORLD_SIZE`` alone; torchrun sets all of these.
    """
    if label == "tts train" or not all(os.environ.get(name) for name in RANKS):
        return
    size = os.environ["WORLD_SIZE"]
    if size.isdecimal() and int(size) > 1:
        raise UsageError(f"torchrun shares trainings only: run {label} once, with --workers or --scheduler where it has them")


def _with_common_options(verb: Callable[..., None], label: str) -> Callable[..., None]:
    """Return a verb, called ``label``, that takes ``--quiet`` and ``--verbose`` after its name too, where people write them.

    Addresses where it wants paths of this machine are refused, and so are several processes of one verb.
    """

    @wraps(verb)
    def run(*arguments: Any, quiet: bool, verbose: bool, **named: Any) -> None:
        if quiet:
            set_quiet(True)
        if verbose:
            log_to_screen(logging.INFO)
        _refuse_ranks(label)
        for value in (*arguments, *named.values()):
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, Path):
                    refuse_address(path, label)
        verb(*arguments, **named)

    hints = {**get_type_hints(verb, include_extras=True), "quiet": Quiet, "verbose": Verbose}
    own = [part.replace(annotation=hints[name]) for name, part in signature(verb).parameters.items()]
    more = [Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=hints[name]) for name in ("quiet", "verbose")]
    run.__signature__ = Signature([*own, *more])  # type: ignore[attr-defined]
    run.__annotations__ = hints
    return run


app = typer.Typer(
    name="tts",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the other reads "[default: ...]" as a style and drops it
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train voices on public corpora, speak text files, and find out whether extra tasks help.",
)
for verb in (
    demo,
    doctor,
    corpora,
    fetch,
    new,
    segment,
    prepare,
    stats,
    recipe,
    inspect,
    train,
    evaluate,
    compare,
    adapt,
    voices,
    speak,
    text,
    resynthesise,
    listen,
    languages,
    export,
    importing,
):
    verb.register(app)
groups = {"tts": app}
for group in app.registered_groups:
    if group.typer_instance:
        groups[f"tts {group.name if isinstance(group.name, str) else group.typer_instance.info.name}"] = group.typer_instance
for own, part in groups.items():
    for command in part.registered_commands:
        if command.callback:
            command.callback = _with_common_options(command.callback, f"{own} {command.name}")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"stacked-tts {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    quiet: Quiet = False,
    verbose: Verbose = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    del version
    set_quiet(quiet)
    log_to_screen(logging.INFO if verbose else logging.WARNING)
    if not verbose:
        logging.getLogger("gruut").setLevel(logging.ERROR)


def main() -> None:
    """Run the command line; exit 0 on success, 1 on failure, 2 on wrong usage, 130 when interrupted."""
    own_output()
    sys.excepthook = _show_traceback
    try:
        status: Any = 0
        try:
            app()
        except SystemExit as end:  # what the parser and the verbs end with
            status = end.code
        sys.stdout.flush()
    except TtsError as error:
        say(f"tts: {error}", error=True)
        status = error.exit_code
    except BrokenPipeError:  # the reader of our output went away, as in `tts ... | head`
        drop_output()
        status = 1
    except OSError as error:  # a full disk, a folder that may not be written, a file where a folder should be
        say(f"tts: {error.filename or 'a file'}: {error.strerror or error}", error=True)
        drop_output()
        status = 1
    except (MemoryError, RuntimeError) as error:
        reason = out_of_memory(error)
        if reason is None:
            raise
        say(f"tts: {reason}", error=True)
        status = reason.exit_code
    sys.exit(status)


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print what is a fault of ours, with the text of others in it made safe."""
    sys.stderr.write(printable("".join(traceback.format_exception(kind, error, trace))))


if __name__ == "__main__":
    main()
