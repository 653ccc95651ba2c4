"""What independent judges say of adapted voices: sentences spoken from the text, by the voices that each method made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tts.comparison.adaptation_plan import Point
from tts.comparison.judging import judge_speech
from tts.comparison.results import Judges
from tts.core.errors import TtsError
from tts.core.files import fingerprint, write_text
from tts.core.processes import Failure
from tts.core.progress import tracked
from tts.dataset.prepared import Prepared
from tts.evaluation.copy_synthesis import write_copies
from tts.evaluation.speech import choose_examples, write_natural, write_spoken
from tts.generation.config import VoiceConfig, read_config
from tts.generation.voice import load_voice

SPOKEN_BY = "voice.txt"  # beside the wavs: the digest of the voice that spoke them
Spoken = tuple[Point, Path]  # how a voice was made, and its folder


def judge_voices(
    prepared: Prepared,
    voices: Sequence[Spoken],
    against: Sequence[str],
    sentences: int,
    out: Path,
    *,
    device: str = "auto",
    workers: int | None = None,
) -> dict[int, Judges]:
    """Return by number of training utterances what the judges say of ``sentences`` test utterances, spread over the split.

    Speech is kept in ``out/nNNNN/wavs/METHOD/seed-N/ID.wav``, beside the recordings (natural) and their copies (copy); what the
    same voice has spoken is neither spoken nor judged again. Only the seeds of ``voices`` are judged, whatever else is there.
    Differences are to each of the methods ``against``, once a pair. Raises :class:`UsageError` where a judge is not installed.
    """
    ids = choose_examples(prepared.packed("test").ids, sentences)
    for point, folder in tracked(voices, "speaking", len(voices)):
        place = out / f"n{point.utterances:04}" / "wavs"
        if not _all_there(place / "natural", ids):
            write_natural(prepared, ids, place / "natural")
        if not _all_there(place / "copy", ids):
            _write_copies(prepared, ids, place / "copy", workers)
        own = place / point.method / f"seed-{point.seed}"
        mark, speaker = own / SPOKEN_BY, speaking_identity(read_config(folder))
        if not _all_there(own, ids) or not mark.is_file() or mark.read_bytes() != speaker.encode():
            mark.unlink(missing_ok=True)  # until all is spoken, nobody has spoken what is there
            write_spoken(load_voice(folder, device), prepared, ids, own, workers)
            write_text(mark, speaker)
    judged = {}
    for size in dict.fromkeys(point.utterances for point, _ in voices):
        seeds: dict[str, set[int]] = {}  # by method
        for point in (point for point, _ in voices if point.utterances == size):
            seeds.setdefault(point.method, set()).add(point.seed)
        pairs = [  # a difference of two methods that others are compared with is there once, not with its sign turned too
            (method, other)
            for number, other in enumerate(against[1:], start=1)
            for method in seeds
            if method not in against[: number + 1]
        ]
        said = judge_speech(
            prepared, out / f"n{size:04}", [*seeds], against[0], pairs=pairs, ids=ids, seeds=seeds, workers=workers
        )
        if said is not None:
            judged[size] = said
    return judged


def speaking_identity(config: VoiceConfig) -> str:
    """Return a digest of what a voice's speech depends on: its files, and how it generates."""
    return fingerprint(config.files, config.generation.model_dump(mode="json"))


def _write_copies(prepared: Prepared, ids: Sequence[str], folder: Path, workers: int | None) -> None:
    packed = prepared.packed("test")
    numbers = [packed.ids.index(key) for key in ids]
    for key, copy in zip(ids, write_copies(packed, numbers, prepared.grid, folder, workers=workers), strict=True):
        if isinstance(copy, Failure):
            raise TtsError(f"{key}: cannot be copied: {copy.message}")


def _all_there(folder: Path, ids: Sequence[str]) -> bool:
    return all((folder / f"{key}.wav").is_file() for key in ids)
