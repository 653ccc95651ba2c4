"""The ``tts`` command. Each verb is one file; nothing heavy is imported before a verb runs."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any

# Beside another busy process, OpenMP threads that spin while they wait slow everything down; set before torch loads.
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import typer
from typer.core import TyperGroup

from tts import __version__
from tts.cli import adapt, compare, copy, demo, evaluate, inspect, listen, prepare, recipe, speak, train
from tts.core.errors import TtsError

CONTINUE = {
    "speak": "run the same command again with --resume to continue (one wav by --output starts over)",
    "evaluate": "run the same command again to start over",
}


class _Verbs(TyperGroup):
    """The verbs; an interruption says how to go on, where Typer would only say that it aborted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            advice = CONTINUE.get(ctx.invoked_subcommand, "run the same command again to continue")
            print(f"\ntts: interrupted; {advice}", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="tts",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train voices on public corpora, speak text files, and find out whether extra tasks help.",
)
for verb in (demo, prepare, recipe, inspect, train, evaluate, compare, adapt, speak, copy, listen):
    verb.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"stacked-tts {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    del version
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not verbose:
        logging.getLogger("gruut").setLevel(logging.ERROR)


def main() -> None:
    """Run the command line; exit 0 on success, 1 on failure, 2 on wrong usage, 130 when interrupted."""
    try:
        app()
    except TtsError as error:
        print(f"tts: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as in `tts ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that may not be written, a file where a folder should be
        print(f"tts: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
