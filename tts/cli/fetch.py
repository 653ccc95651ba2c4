"""``tts fetch``: a public corpus, downloaded, checked and unpacked."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.options import words
from tts.cli.output import say

if TYPE_CHECKING:
    from tts.corpora.public.entry import Archive, PublicCorpus
    from tts.corpora.public.fetch import FetchPlan


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("fetch")(fetch_corpus)


def fetch_corpus(
    name: Annotated[str, typer.Argument(help="A corpus, as tts corpora lists it.", metavar="NAME")],
    speaker: Annotated[str, typer.Option("--speaker", help="Only these speakers, by commas.")] = "",
    part: Annotated[str, typer.Option("--part", help="Only these parts, by commas: sets, languages.")] = "",
    root: Annotated[
        Path | None, typer.Option("--root", help="Where it goes [default: data/NAME, where the recipe looks].")
    ] = None,
    mirror: Annotated[
        str,
        typer.Option("--mirror", envvar="TTS_MIRROR", help="Address that has CORPUS/ARCHIVE, in place of the corpus's host."),
    ] = "",
    keep: Annotated[bool, typer.Option("--keep-archives", help="Do not remove the archives once they are unpacked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the licence without being asked.")] = False,
) -> None:
    """Fetch a public corpus and unpack it; run the same command again to continue after an interruption."""
    from tts.corpora.public.catalogue import public_corpus
    from tts.corpora.public.fetch import address, choose, default_root, fetch, plan, require_room

    corpus = public_corpus(name)
    folder = root or default_root(corpus)
    what = plan(corpus, choose(corpus, words(speaker), words(part)), folder)
    for archive in what.rest:
        address(corpus, archive, mirror)  # a mirror that is no address is refused before anything is asked
    _show(what)
    if what.rest:
        require_room(what)
        if not _agreed(what, yes):
            say("nothing was fetched", error=True)
            raise typer.Exit(1)
        fetch(what, lambda line: say(line, error=True), mirror=mirror, keep=keep)
    say(f"{folder}: {corpus.title}, {len(what.archives)} of {_count(len(corpus.archives))}, complete")
    say(f"next: {prepare_command(corpus, what.archives, root)}")


def prepare_command(corpus: PublicCorpus, archives: Sequence[Archive], root: Path | None = None) -> str:
    """Return the command that prepares these archives: the recipe, told of another part, language, speakers or folder."""
    from tts.recipe import find_recipe, load_recipe

    settings = load_recipe(find_recipe(corpus.recipe)).corpus
    command = f"tts prepare {corpus.recipe}"
    parts = list(dict.fromkeys(archive.recipe_part for archive in archives if archive.recipe_part))
    if parts and settings.part and settings.part not in parts:
        command += f" --set corpus.part={parts[0]}"
        if settings.speaker.endswith(f"_{settings.part}"):  # CSS10's readers are called after their language
            command += f" --set corpus.speaker={settings.speaker.removesuffix(settings.part)}{parts[0]}"
        language = next(archive.language for archive in archives if archive.recipe_part == parts[0])
        if language and language != settings.language.partition("-")[0]:
            command += f" --set corpus.language={_front_end(language)}"
    part = settings.part if not parts or settings.part in parts else parts[0]
    own = {a.speaker.removeprefix(f"{part}-") for a in archives if a.speaker and a.recipe_part in ("", part)}
    if {*settings.speakers} - own and {*settings.speakers} & own:  # the recipe names speakers that are not there
        command += f" --speaker {','.join(name for name in settings.speakers if name in own)}"
    return command if root is None else f"{command} --corpus-root {shlex.quote(str(root))}"


@cache
def _front_end(language: str) -> str:
    """Return the tag by which the front end knows a language; the language's own where it knows it by none."""
    from tts.core.errors import UsageError
    from tts.text.languages import language_support, supported_languages

    try:
        return language_support(language, supported_languages())[0].tag
    except UsageError:
        return language


def _show(what: FetchPlan) -> None:
    """Say what is about to come, how large it is, what is free, and under which terms."""
    from tts.cli.corpora import size_text

    corpus, licence = what.corpus, what.corpus.licence
    there = len(what.archives) - len(what.rest)
    if not what.rest:
        say(f"{corpus.title}: nothing to fetch, {_count(there)} there already", error=True)
    else:
        parts = [size_text(what.size)] if what.size else []
        parts += [f"{what.unknown} of unknown size"] if what.unknown else []
        parts += [f"{len(what.found)} in its downloads folder already"] if what.found else []
        parts += [f"{there} more unpacked already"] if there else []
        say(f"{corpus.title}: {_count(len(what.rest))} to fetch ({', '.join(parts)})", error=True)
        needed = (
            f"about {size_text(what.needed)}{' and what is unknown' if what.unknown else ''} needed, " if what.needed else ""
        )
        say(f"into {what.root}: {needed}{size_text(what.free)} free", error=True)
    why = f" ({licence.why})" if licence.why else ""
    say(f"licence: {licence.spdx}{f', {licence.url}' if licence.url else ''}", error=True)
    say(f"may a voice made of it be used commercially: {licence.commercial}{why}", error=True)


def _count(archives: int) -> str:
    return f"{archives} archive{'' if archives == 1 else 's'}"


def _agreed(what: FetchPlan, yes: bool) -> bool:
    """Return whether the user agrees to terms that want it; raises :class:`UsageError` where nobody can be asked."""
    from tts.core.errors import UsageError

    licence = what.corpus.licence
    if not licence.consent or yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            f"{what.corpus.name}: read its terms ({licence.url or what.corpus.home}), then agree to them with --yes"
        )
    say(f"Do you agree to its terms ({licence.url or what.corpus.home})? [y/N] ", end="", error=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
