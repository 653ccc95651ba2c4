"""``tts speak``: text files in, sound out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.options import Device, Scheduler, Vocoder, VoiceName, workers_option

if TYPE_CHECKING:
    from tts.recipe.names import DigitsName


class TextFormat(StrEnum):
    """How a text file is read."""

    auto = "auto"
    lines = "lines"
    ids = "ids"
    jsonl = "jsonl"
    ssml = "ssml"
    labels = "labels"


class Paragraphs(StrEnum):
    """What a text is in a file of plain lines."""

    auto = "auto"
    lines = "lines"
    blank = "blank"


class AudioFormat(StrEnum):
    """How sound is stored."""

    wav = "wav"
    flac = "flac"
    ogg = "ogg"
    mp3 = "mp3"


class Unreadable(StrEnum):
    """What becomes of a token that has no reading."""

    spell = "spell"
    name = "name"
    skip = "skip"
    fail = "fail"


class Digits(StrEnum):
    """How whole numbers in figures are read."""

    auto = "auto"
    single = "single"
    whole = "whole"


class Timings(StrEnum):
    """Files with word and phone times, subtitles, or full-context labels."""

    textgrid = "textgrid"
    json = "json"
    srt = "srt"
    vtt = "vtt"
    hts = "hts"


class PostFilter(StrEnum):
    """What gives back the variation that averaging took."""

    none = "none"
    cepstral = "cepstral"
    variance = "variance"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("speak")(speak)


def speak(
    voice: VoiceName,
    texts: Annotated[
        list[str] | None, typer.Argument(help="Text files, addresses of such too (s3://bucket/*.txt); - is standard input.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="A folder, or its address: every text becomes a file ID.wav, beside a manifest.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="One file, or its address, of all texts; its format by its suffix; - streams WAV to standard output.",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", "-t", help="Speak this instead of files.")] = None,
    text_format: Annotated[
        TextFormat,
        typer.Option(
            "--format",
            help="lines; ids: id|text or id|speaker|text; jsonl: objects with text, id, speaker, speed, pitch, digits; ssml; "
            "labels: full-context labels (.lab).",
        ),
    ] = TextFormat.auto,
    ssml: Annotated[
        bool,
        typer.Option("--ssml", help="SSML: files, or --text. Files *.ssml and *.xml are read so anyway."),
    ] = False,
    paragraphs: Annotated[
        Paragraphs,
        typer.Option("--paragraphs", help="A text is: lines: a line; blank: all up to a blank line; auto: looks which it is."),
    ] = Paragraphs.auto,
    speaker: Annotated[
        str, typer.Option("--speaker", help="Of a voice of several: name or number.", show_default="the first")
    ] = "",
    lexicon: Annotated[
        Path | None, typer.Option("--lexicon", help="Pronunciations: word, two spaces, phones; or word = other words.")
    ] = None,
    unreadable: Annotated[
        Unreadable,
        typer.Option(
            "--unreadable", help="A token without a reading is spelled, named, skipped (told in each case), or its text fails."
        ),
    ] = Unreadable.spell,
    digits: Annotated[
        Digits | None,
        typer.Option("--digits", help="Whole numbers: single, figure by figure; whole, as one.", show_default="the voice's"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="The same as --unreadable fail.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Speak each line of standard input as it comes (- with --output).")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip what the folder --out holds already.")] = False,
    timings: Annotated[
        list[Timings] | None,
        typer.Option("--timings", help="Times, subtitles or labels beside each file of --out; repeatable."),
    ] = None,
    audio_format: Annotated[
        AudioFormat | None,
        typer.Option("--audio-format", help="Of the files.", show_default="wav, or as --output ends"),
    ] = None,
    rate: Annotated[
        int | None, typer.Option("--rate", help="Samples a second, 8000 to 192000.", show_default="the voice's")
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="0.25 to 4, above 1 is faster.")] = 1.0,
    pitch: Annotated[float, typer.Option("--pitch", help="Semitones up or down, -24 to 24.")] = 0.0,
    temperature: Annotated[
        float,
        typer.Option("--temperature", help="How far a take departs from the mean, 0 to 1.5: 0 not, 1 as the speaker does."),
    ] = 0.0,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Which take it is, where --temperature is above 0.", show_default="0")
    ] = None,
    pauses: Annotated[float, typer.Option("--pauses", help="Length of pauses, 0.1 to 10 times the usual.")] = 1.0,
    post_filter: Annotated[
        PostFilter | None, typer.Option("--post-filter", help="Sharpens what averaging blurred.", show_default="the voice's")
    ] = None,
    strength: Annotated[
        float | None, typer.Option("--strength", help="Of the post-filter, 0 to 1.", show_default="its usual one")
    ] = None,
    f0_variance: Annotated[
        float | None,
        typer.Option(
            "--f0-variance", help="Liveliness of intonation, 0 to 1.5; 1 is the speaker's.", show_default="the voice's"
        ),
    ] = None,
    vocoder: Annotated[
        Vocoder | None, typer.Option("--vocoder", help="What makes the sound of it.", show_default="the voice's")
    ] = None,
    edit_strength: Annotated[
        float | None,
        typer.Option("--edit-strength", help="Of the voice's edit, where it has one: 0 to 2.", show_default="the voice's"),
    ] = None,
    batch_frames: Annotated[int, typer.Option("--batch-frames", help="Frames through the network at a time.")] = 10_000,
    workers: Annotated[int | None, workers_option("Vocoder processes")] = None,
    scheduler: Scheduler = "",
    device: Device = "auto",
) -> None:
    """Speak text files, thousands of lines or a whole book, into a folder (--out) or into one file (--output).

    Exit code 0 if all was spoken, 1 if a text failed (the others are spoken all the same), 2 if something asked for is wrong.
    """
    from tts.core.errors import UsageError
    from tts.core.remote import place_of
    from tts.generation.voices import find_voice

    if (out is None) == (output is None):
        raise UsageError("say where the speech goes: either --out FOLDER or --output FILE (- for standard output)")
    if (text is None) == (not texts):
        raise UsageError("say what to speak: either text files (- for standard input) or --text TEXT")
    if strict and unreadable not in (Unreadable.spell, Unreadable.fail):
        raise UsageError(f"--strict and --unreadable {unreadable.value} contradict each other; say one of them")
    numbers: DigitsName | None = digits.value if digits else None
    if ssml and text_format not in (TextFormat.auto, TextFormat.ssml):
        raise UsageError(f"--ssml and --format {text_format.value} contradict each other; say one of them")
    if ssml:
        text_format = TextFormat.ssml
    named = find_voice(voice)  # before torch is imported: a wrong name is told at once
    from tts.cli.speak_run import PostFilterOptions, Sink, SoundOptions, Texts, run
    from tts.generation.text_files import Usual

    code = run(
        named,
        Texts(
            tuple(place_of(path) for path in texts or ()),
            text,
            text_format.value,
            paragraphs.value,
            Usual(speed, pitch, speaker, numbers, temperature, seed or 0),
            live,
            seeded=seed is not None,
        ),
        Sink(
            place_of(out) if out is not None else None,
            place_of(output) if output is not None else None,
            audio_format.value if audio_format else None,
            rate,
            tuple(kind.value for kind in timings or ()),
            resume,
        ),
        SoundOptions(
            PostFilterOptions(post_filter.value if post_filter else None, strength, f0_variance, edit_strength),
            vocoder.value if vocoder else None,
            {"pause_scale": pauses, "batch_frames": batch_frames, "unreadable": "fail" if strict else unreadable.value},
        ),
        lexicon=lexicon,
        workers=workers,
        scheduler=scheduler,
        device=device,
    )
    raise typer.Exit(code)
