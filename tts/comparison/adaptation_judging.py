"""What independent judges say of adapted voices: sentences spoken from the text, by the voices that each method made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tts.comparison.adaptation_plan import Point
from tts.comparison.judging import judge_speech
from tts.comparison.results import Judges
from tts.core.errors import TtsError
from tts.core.processes import Failure
from tts.core.progress import tracked
from tts.dataset.prepared import Prepared
from tts.evaluation.copy_synthesis import write_copies
from tts.evaluation.speech import choose_examples, write_natural, write_spoken
from tts.generation.voice import load_voice

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

    Speech is kept in ``out/nNNNN/wavs/METHOD/seed-N/ID.wav``, beside the recordings (natural) and their copies (copy); what is
    there is neither spoken nor judged again. Differences are to each of the methods ``against``. Raises :class:`UsageError`
    where a judge is not installed.
    """
    ids = choose_examples(prepared.packed("test").ids, sentences)
    for point, folder in tracked(voices, "speaking", len(voices)):
        place = out / f"n{point.utterances:04}" / "wavs"
        if not _all_there(place / "natural", ids):
            write_natural(prepared, ids, place / "natural")
        if not _all_there(place / "copy", ids):
            _write_copies(prepared, ids, place / "copy", workers)
        own = place / point.method / f"seed-{point.seed}"
        if not _all_there(own, ids):
            write_spoken(load_voice(folder, device), prepared, ids, own, workers)
    judged = {}
    for size in dict.fromkeys(point.utterances for point, _ in voices):
        methods = list(dict.fromkeys(point.method for point, _ in voices if point.utterances == size))
        pairs = [(method, other) for other in against[1:] for method in methods if method != other]
        said = judge_speech(prepared, out / f"n{size:04}", methods, against[0], pairs=pairs, ids=ids, workers=workers)
        if said is not None:
            judged[size] = said
    return judged


def _write_copies(prepared: Prepared, ids: Sequence[str], folder: Path, workers: int | None) -> None:
    packed = prepared.packed("test")
    numbers = [packed.ids.index(key) for key in ids]
    for key, copy in zip(ids, write_copies(packed, numbers, prepared.grid, folder, workers=workers), strict=True):
        if isinstance(copy, Failure):
            raise TtsError(f"{key}: cannot be copied: {copy.message}")


def _all_there(folder: Path, ids: Sequence[str]) -> bool:
    return all((folder / f"{key}.wav").is_file() for key in ids)
