"""``tts corpora``: the public corpora that the product knows, and what is known of each."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.cli.fetch import prepare_command
from tts.cli.output import say

if TYPE_CHECKING:
    from tts.corpora.public.entry import Archive, PublicCorpus

UNKNOWN = "not known"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("corpora")(corpora)


def corpora(
    name: Annotated[str | None, typer.Argument(help="A corpus, to tell all of it.", metavar="[NAME]")] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Only those with this language: a name or a tag such as de.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the public corpora that can be fetched and prepared, or tell one in full."""
    from tts.core.errors import UsageError
    from tts.corpora.public.catalogue import CATALOGUE, public_corpus
    from tts.corpora.public.languages import language_name, language_tag

    if name is not None:
        corpus = public_corpus(name)
        if language is not None:
            raise UsageError("--language: chooses from the list; leave it out beside a name")
        say(json.dumps(_record(corpus, full=True), ensure_ascii=False, indent=2) if as_json else "\n".join(_in_full(corpus)))
        return
    chosen = list(CATALOGUE.values())
    if language is not None:
        tag = language_tag(language)
        chosen = [corpus for corpus in chosen if tag in corpus.languages]
        if not chosen:
            known = sorted({language_name(each) for corpus in CATALOGUE.values() for each in corpus.languages})
            raise UsageError(f"--language {language}: no corpus has it; there are {', '.join(known)}")
    if as_json:
        say(json.dumps([_record(corpus, full=False) for corpus in chosen], ensure_ascii=False, indent=2))
        return
    for line in _table(chosen):
        say(line)
    say("\n* only by hand, after a login or an agreement. All of one: tts corpora NAME. Fetch one: tts fetch NAME")


def _table(chosen: list[PublicCorpus]) -> list[str]:
    header = ("name", "language", "speakers", "hours", "kHz", "licence", "commercial voice", "download", "read by", "citation")
    rows = [header]
    for corpus in chosen:
        shown = ", ".join(corpus.languages[:4]) + (f" +{len(corpus.languages) - 4}" if len(corpus.languages) > 4 else "")
        rows.append(
            (
                corpus.name + ("*" if corpus.only_by_hand else ""),
                shown,
                _number(corpus.speakers),
                _number(corpus.hours),
                _kilohertz(corpus),
                corpus.licence.spdx.removeprefix("LicenseRef-"),
                corpus.licence.commercial,
                size_text(corpus.size),
                corpus.read_by,
                corpus.reference,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    right = (2, 3, 4, 7)
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _in_full(corpus: PublicCorpus) -> list[str]:
    from tts.corpora.public.languages import language_name

    licence = corpus.licence
    terms = f"{licence.spdx}{f' ({licence.url})' if licence.url else ''}"
    commercial = f"{licence.commercial}{f': {licence.why}' if licence.why else ''}"
    facts = {
        "languages": ", ".join(f"{language_name(tag)} ({tag})" for tag in corpus.languages),
        "speakers": _number(corpus.speakers),
        "hours": _number(corpus.hours),
        "rate": f"{corpus.rate} Hz" if corpus.rate else UNKNOWN,
        "licence": terms,
        "a voice used commercially": commercial,
        "download": size_text(corpus.size),
        "read by": f"{corpus.read_by} (corpus.format: {corpus.format})",
        "citation": corpus.citation,
        "home page": corpus.home,
        "facts from": "; ".join(corpus.sources),
    }
    width = max(map(len, facts))
    lines = [f"{corpus.name}: {corpus.title}", ""]
    lines += [f"{name:<{width}}  {value}" for name, value in facts.items()]
    lines += [f"{'note':<{width}}  {note}" for note in corpus.notes]
    if corpus.by_hand:
        lines.append(f"{'by hand':<{width}}  {corpus.by_hand}")
    lines += ["", "archives:"]
    lines += [f"  {archive_text(archive)}" for archive in corpus.archives]
    option, chosen = _example(corpus)
    lines += ["", "next:", f"  tts fetch {corpus.name}{option}", f"  {prepare_command(corpus, chosen)}"]
    return lines


def _example(corpus: PublicCorpus) -> tuple[str, list[Archive]]:
    """Return options of ``tts fetch`` for a part of a corpus, and what they choose: what the recipe reads."""
    from tts.recipe import find_recipe, load_recipe

    archives = list(corpus.archives)
    wanted = load_recipe(find_recipe(corpus.recipe)).corpus.part
    read = [archive for archive in archives if archive.recipe_part == wanted] if wanted else []
    if read and len(corpus.part_names) > 1:
        return f" --part {shlex.quote(read[0].part)}", [archive for archive in archives if archive.part == read[0].part]
    if len(corpus.speaker_names) > 1:
        name = read[0].speaker if read else corpus.speaker_names[-1]
        return f" --speaker {shlex.quote(name)}", [archive for archive in archives if archive.speaker == name]
    return "", archives


def archive_text(archive: Archive) -> str:
    """Return a line that says what an archive holds, how large it is, and where it lies."""
    what = ", ".join(part for part in (archive.speaker, archive.part, archive.language) if part)
    checked = "sha256 published" if archive.sha256 else "sha256 recorded at first use"
    return f"{archive.name}{f' ({what})' if what else ''}: {size_text(archive.size)}, {checked}, {archive.url or 'by hand'}"


def size_text(size: int | None) -> str:
    """Return a number of bytes as people say it."""
    if size is None:
        return UNKNOWN
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size, 100_000) / 1e6:.1f} MB"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:g}"


def _kilohertz(corpus: PublicCorpus) -> str:
    return UNKNOWN if corpus.rate is None else f"{corpus.rate / 1000:g}"


def _record(corpus: PublicCorpus, *, full: bool) -> dict[str, Any]:
    """Return a corpus as JSON holds it; what is not known is null."""
    licence = corpus.licence
    record: dict[str, Any] = {
        "name": corpus.name,
        "title": corpus.title,
        "languages": list(corpus.languages),
        "speakers": corpus.speakers,
        "hours": corpus.hours,
        "rate": corpus.rate,
        "licence": licence.spdx,
        "commercial": licence.commercial,
        "commercial_why": licence.why,
        "bytes": corpus.size,
        "citation": corpus.citation,
        "home": corpus.home,
        "read_by": corpus.read_by,
        "format": corpus.format,
        "recipe": corpus.recipe,
        "by_hand": corpus.by_hand or None,
    }
    if full:
        record["notes"], record["sources"] = list(corpus.notes), list(corpus.sources)
        record["archives"] = [
            {
                "name": archive.name,
                "url": archive.url or None,
                "bytes": archive.size,
                "sha256": archive.sha256,
                "speaker": archive.speaker or None,
                "part": archive.part or None,
                "language": archive.language or None,
            }
            for archive in corpus.archives
        ]
    return record
