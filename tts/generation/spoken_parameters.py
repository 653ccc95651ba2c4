"""What a voice gives its vocoder, in Merlin's files, for other vocoders and other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tts.analysis.merlin import write_merlin
from tts.analysis.world import Parameters
from tts.core.errors import TtsError
from tts.core.folders import require_own_folder
from tts.core.progress import tracked
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, check_speakers


def write_parameters(synthesiser: Synthesiser, requests: Sequence[Request], out: Path) -> None:
    """Write ``mgc/ID.mgc``, ``lf0/ID.lf0`` and ``bap/ID.bap`` (:mod:`tts.analysis.merlin`) for every request into ``out``.

    A folder that holds anything else raises :class:`UsageError`, a text that cannot be spoken :class:`TtsError` naming it.
    """
    require_own_folder(out, "tts export parameters", may_hold=("mgc", "lf0", "bap"))
    check_speakers(requests, synthesiser.voice)
    for request in tracked(requests, "parameters", len(requests)):
        try:
            streams = synthesiser.parameters(request)
        except TtsError as error:
            raise TtsError(request.located(f"{request.id}: {error}")) from None
        write_merlin(out, request.id, Parameters(streams["mcep"], streams["lf0"], streams["vuv"], streams["bap"]))
