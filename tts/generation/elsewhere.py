"""Speaking on other machines: every text by one worker, which has the voice at hand from text to text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from tts.core.deposit import Deposit
from tts.core.errors import NotWritten, TtsError
from tts.core.lazy import LazySequence
from tts.core.place import Failure, Machines
from tts.core.remote import Remote
from tts.generation.batch import FolderOutput, WrittenText, voice_name, written
from tts.generation.joined import Piece, TextEnd, pieces
from tts.generation.manifest import Entry
from tts.generation.requests import Request
from tts.generation.speaking import load_speaker
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.text.lexicon import read_lexicon

LONG = 20_000  # characters of a text, some 25 minutes, that is streamed here where one file is asked for


@dataclass(frozen=True)
class VoiceOrder:
    """What a worker needs to speak as the command would: a voice's folder, a lexicon, settings, device.

    ``name`` is that of voice and lexicon (:func:`tts.generation.batch.voice_name`).
    """

    folder: Path
    name: str
    lexicon: Path | None
    settings: SynthesisSettings
    device: str


@dataclass(frozen=True)
class _Stop:
    """Why nothing more can be spoken: one sentence; a disk that is full is ``not_written``."""

    message: str
    not_written: bool = False

    def error(self) -> TtsError:
        return NotWritten(self.message) if self.not_written else TtsError(self.message)


class Elsewhere:
    """Speaks on ``machines`` what ``order`` asks for; ``synthesiser`` is the same voice here."""

    def __init__(self, machines: Machines, order: VoiceOrder, synthesiser: Synthesiser) -> None:
        self.machines, self.order, self.synthesiser = machines, order, synthesiser

    def written(
        self, requests: Sequence[Request], planned: Mapping[str, Entry], out: Path | Remote, output: FolderOutput
    ) -> Iterator[WrittenText]:
        """Yield what became of every text as :func:`tts.generation.batch.written` does, in any order."""
        items = LazySequence(len(requests), lambda number: (requests[number], planned[requests[number].id]))
        work = partial(_write, order=self.order, out=out, output=output)
        for number, made in self.machines.map(work, items, label="speaking"):
            if isinstance(made, _Stop):
                raise made.error()
            if isinstance(made, Failure):
                request, entry = items[number]
                made = WrittenText(request, replace(entry, status="failed", error=made.message))
            yield made

    def pieces(self, requests: Sequence[Request]) -> Iterator[Piece | TextEnd]:
        """Yield the sound of every text, in order, as :func:`tts.generation.joined.pieces` does; a long one is made here."""
        for long, some in groupby(requests, key=lambda request: len(request.text) > LONG):
            group = list(some)
            if long:
                yield from pieces(self.synthesiser, group)
                continue
            work = partial(_sound, order=self.order)
            for number, made in self.machines.map(work, group, label="speaking", ordered=True):
                if isinstance(made, _Stop):
                    raise made.error()
                if isinstance(made, Failure):
                    yield TextEnd(group[number], made.message, 0.0)
                else:
                    yield from made


_at_hand = threading.local()  # by thread: a voice is no thing that two threads may use at once


def _voice(order: VoiceOrder) -> Synthesiser:
    """Return the voice in this thread of a worker; raises :class:`TtsError` where it sees other files than the command."""
    if getattr(_at_hand, "order", None) != order:
        own = read_lexicon(order.lexicon) if order.lexicon else {}
        if voice_name(order.folder, own) != order.name:
            raise TtsError(f"{order.lexicon or order.folder}: a worker sees another voice or lexicon than this command does")
        voice = load_speaker(order.folder, order.device)
        if own:
            voice.add_lexicon(own)
        _at_hand.synthesiser = Synthesiser(voice, replace(order.settings, workers=0))
        _at_hand.order = order
    synthesiser = _at_hand.synthesiser
    assert isinstance(synthesiser, Synthesiser)
    return synthesiser


class _Sent(Deposit):
    """A folder of an object store, to which a worker sends what it made in a ``folder`` of its own."""

    def __init__(self, folder: Path, place: Remote) -> None:
        super().__init__(folder)
        self.place = place

    def put(self, *names: str) -> None:
        """Send files, the last one last."""
        for name in names:
            self.place.child(name).put(self.folder / name)


def _write(item: tuple[Request, Entry], order: VoiceOrder, out: Path | Remote, output: FolderOutput) -> WrittenText | _Stop:
    request, entry = item
    try:
        synthesiser = _voice(order)
        with TemporaryDirectory() if isinstance(out, Remote) else nullcontext("") as own:
            place = _Sent(Path(own), out) if isinstance(out, Remote) else Deposit(out)
            return next(written(synthesiser, [request], {request.id: entry}, place, output))
    except NotWritten as error:
        return _Stop(str(error), not_written=True)
    except TtsError as error:  # of the voice: a text that fails is written down as such
        return _Stop(str(error))


def _sound(request: Request, order: VoiceOrder) -> list[Piece | TextEnd] | _Stop:
    try:
        synthesiser = _voice(order)
    except TtsError as error:
        return _Stop(str(error))
    return list(pieces(synthesiser, [request]))
