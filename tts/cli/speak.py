"""``tts speak``: text files in, wavs out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tts.cli.options import Device

SHORT = 500  # characters spoken sooner than worker processes start


class TextFormat(StrEnum):
    """How a text file is read."""

    auto = "auto"
    lines = "lines"
    ids = "ids"
    jsonl = "jsonl"


class Timings(StrEnum):
    """Files with word and phone times."""

    textgrid = "textgrid"
    json = "json"


class PostFilter(StrEnum):
    """What gives back the variation that averaging took."""

    none = "none"
    cepstral = "cepstral"
    variance = "variance"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("speak")(speak)


def speak(
    voice: Annotated[Path, typer.Argument(help="A voice folder.")],
    texts: Annotated[list[Path] | None, typer.Argument(help="Text files, one utterance a line; - is standard input.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for ID.wav and manifest.jsonl.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="One wav of everything instead; - is standard output.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", "-t", help="Speak this instead of files.")] = None,
    text_format: Annotated[
        TextFormat,
        typer.Option(
            "--format", help="lines; ids: id|text or id|speaker|text; jsonl: objects with text, id, speaker, speed, pitch."
        ),
    ] = TextFormat.auto,
    speaker: Annotated[
        str, typer.Option("--speaker", help="Of a voice of several: name or number.", show_default="the first")
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Skip what --out holds already.")] = False,
    timings: Annotated[
        list[Timings] | None, typer.Option("--timings", help="Word and phone times beside each wav; may be repeated.")
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="0.25 to 4, above 1 is faster.")] = 1.0,
    pitch: Annotated[float, typer.Option("--pitch", help="Semitones up or down, -24 to 24.")] = 0.0,
    pauses: Annotated[float, typer.Option("--pauses", help="Length of pauses, 0.1 to 10 times the usual.")] = 1.0,
    post_filter: Annotated[
        PostFilter | None, typer.Option("--post-filter", help="Sharpens what averaging blurred.", show_default="the voice's")
    ] = None,
    strength: Annotated[
        float | None, typer.Option("--strength", help="Of the post-filter, 0 to 1.", show_default="its usual one")
    ] = None,
    batch_frames: Annotated[int, typer.Option("--batch-frames", help="Frames through the network at a time.")] = 10_000,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Vocoder processes.", show_default="one a core")
    ] = None,
    device: Device = "auto",
) -> None:
    """Speak text files, thousands of lines at a time: every line becomes ID.wav in the folder --out.

    Exit code 0 if all was spoken, 1 if a line failed (the others are spoken all the same), 2 if something asked for is wrong.
    """
    import sys

    from tts.core.audio import wav_bytes, write_wav
    from tts.core.errors import TtsError, UsageError
    from tts.generation.batch import speak_to_folder, speak_together, voice_digest
    from tts.generation.postfilter import PostFilterSettings
    from tts.generation.requests import STANDARD, Request, read_requests
    from tts.generation.synthesiser import Synthesiser, SynthesisSettings, check_speakers
    from tts.generation.voice import load_voice

    if (out is None) == (output is None):
        raise UsageError("say where the speech goes: either --out FOLDER or --output FILE (- for standard output)")
    if (text is None) == (not texts):
        raise UsageError("say what to speak: either text files (- for standard input) or --text TEXT")
    if output is not None and (resume or timings):
        raise UsageError("--resume and --timings go with --out FOLDER, not with --output")
    if output == STANDARD and sys.stdout.isatty():
        raise UsageError("standard output is a terminal; send the wav to a file or a player, or name a file after --output")
    if output is not None and output != STANDARD and output.exists():
        raise UsageError(f"{output} exists already; move it or choose another name")
    if text is not None:
        requests = [Request("text", text, speed, pitch, speaker=speaker)]
    else:
        requests = read_requests(texts or [], text_format.value, speed=speed, pitch=pitch, speaker=speaker)

    model = load_voice(voice, device)
    check_speakers(requests, model)
    usual = model.generation
    kind = post_filter.value if post_filter else usual.post_filter
    settings = SynthesisSettings(
        PostFilterSettings(kind, usual.strength if strength is None and kind == usual.post_filter else strength),
        pause_scale=pauses,
        batch_frames=batch_frames,
        workers=0 if workers is None and sum(len(request.text) for request in requests) < SHORT else workers,
    )
    with Synthesiser(model, settings) as synthesiser:
        if out is not None:
            kinds = [kind.value for kind in timings or []]
            report = speak_to_folder(synthesiser, requests, out, voice=voice_digest(voice), resume=resume, timings=kinds)
            print(report)
        else:
            assert output is not None
            signal, report = speak_together(synthesiser, requests)
            if not report.spoken:
                raise TtsError("nothing could be spoken, so no wav was written")
            if output == STANDARD:
                sys.stdout.buffer.write(wav_bytes(signal, model.grid.sample_rate))
            else:
                write_wav(output, signal, model.grid.sample_rate)
    raise typer.Exit(report.exit_code)
