"""``tts voices``: the voices that can be called by name, and the card of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.cli.output import say

if TYPE_CHECKING:
    from tts.generation.voices import NamedVoice

HEADER = ("name", "language", "speakers", "Hz", "MB", "licence", "from")
RIGHT = (2, 3, 4)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("voices")(voices)


def voices(
    name: Annotated[str | None, typer.Argument(help="A voice, by name or folder, to read its card.", metavar="[VOICE]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the voices that have a name, which every verb takes in place of a folder, or show the card of one.

    Exit code 1 if one of them cannot be read.
    """
    from tts.generation.voices import CARD, ENVIRONMENT, find_voice, named_voices, own_voices

    if name is not None:
        voice = find_voice(name)
        record = _record(voice)
        card = _card(voice.folder / CARD)
        if as_json:
            say(json.dumps({**record, "card": card}, ensure_ascii=False, indent=2))
        else:
            say(f"{card or voice.name}\n\nfolder: {voice.folder} ({_megabytes(record['bytes'])} MB)")
        return
    records, failed = _records(list(named_voices()))
    if as_json:
        say(json.dumps(records, ensure_ascii=False, indent=2))
    elif records:
        say("\n".join(_table(records)))
        say(f"\nThe card of one: tts voices NAME. Speak: tts speak {records[0]['name']} text.txt --out wavs")
    elif not failed:
        own = own_voices()
        where = f"in {own}, or in a folder" if own is not None else "in a folder"
        say(f"no voice has a name; folders of voices {where} that {ENVIRONMENT} names, have theirs")
    for message in failed:
        say(message, error=True)
    if failed:
        raise typer.Exit(1)


def _records(known: list[NamedVoice]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the voices as JSON holds them, and a message for each that cannot be read."""
    from tts.core.errors import TtsError

    records: list[dict[str, Any]] = []
    failed: list[str] = []
    names: set[str] = set()
    for voice in known:
        try:
            records.append({**_record(voice), "hidden": voice.name in names})
        except TtsError as error:
            failed.append(str(error))
        names.add(voice.name)
    return records, failed


def _record(voice: NamedVoice) -> dict[str, Any]:
    """Return a voice as JSON holds it."""
    from tts.generation.config import CONFIG, read_config

    config = read_config(voice.folder)
    files = [voice.folder / name for name in (CONFIG, *config.files)]
    return {
        "name": voice.name,
        "language": config.text.language,
        "speakers": list(config.speaker_names),
        "rate": config.grid.sample_rate,
        "bytes": sum(path.stat().st_size for path in files if path.is_file()),
        "licence": " AND ".join(dict.fromkeys([config.corpus.licence, *(base.licence for base in config.lineage)])),
        "corpus": config.corpus.name,
        "label": config.label,
        "folder": str(voice.folder),
        "from": voice.origin,
    }


def _table(records: list[dict[str, Any]]) -> list[str]:
    rows = [HEADER]
    for record in records:
        count = len(record["speakers"])
        rows.append(
            (
                record["name"],
                record["language"],
                record["speakers"][0] if count == 1 else str(count),
                str(record["rate"]),
                _megabytes(record["bytes"]),
                record["licence"],
                record["from"] + (" (hidden by the one above of that name)" if record["hidden"] else ""),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return [
        "  ".join(
            cell.rjust(width) if column in RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _card(path: Path) -> str:
    """Return a voice's card without what is for model hubs; nothing where there is none that can be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    if text.startswith("---\n"):
        text = text[4:].partition("\n---\n")[2]
    return text.strip()
