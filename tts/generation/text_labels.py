"""Full-context labels of texts without a voice: what other toolkits' engines speak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tts.core.errors import TtsError
from tts.core.files import write_text
from tts.core.folders import require_own_folder
from tts.core.progress import tracked
from tts.generation.requests import Request
from tts.text.engine import FrontEnd
from tts.text.full_context import EndSilence, full_context_labels
from tts.text.split import split_text


def write_text_labels(requests: Sequence[Request], out: Path, engine: FrontEnd, end_silence: EndSilence = "pau") -> int:
    """Write the labels of every text, a line a phone without times, as ``ID.lab`` into ``out``; return how many texts.

    The sentences of a text follow each other, each with silence at its ends. A text that cannot be read raises
    :class:`TtsError` naming it, a folder that holds anything else :class:`UsageError`.
    """
    require_own_folder(out, "tts export text", may_hold=[f"{request.id}.lab" for request in requests])
    for request in tracked(requests, "labels", len(requests)):
        if request.ssml or request.labels:
            raise TtsError(request.located("labels are made of plain text; SSML and labels are for tts speak"))
        lines: list[str] = []
        try:
            for piece in split_text(request.text, phones=engine.reads_phones):
                lines += full_context_labels(engine.sentence(piece), end_silence=end_silence)
        except TtsError as error:
            raise TtsError(request.located(f"{request.id}: {error}")) from None
        write_text(out / f"{request.id}.lab", "".join(f"{line}\n" for line in lines))
    return len(requests)
