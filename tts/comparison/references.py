"""What the scores are held against: copy synthesis, two natural takes of a prompt, and predictors that know next to nothing."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts.analysis.energy import energy
from tts.analysis.world import analyse
from tts.comparison.records import plain
from tts.comparison.results import Example, References, Takes
from tts.comparison.worker import draw_examples
from tts.core.audio import read_audio
from tts.core.errors import TtsError
from tts.core.files import fingerprint, read_json, replacing, write_json
from tts.core.grid import FrameGrid
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.copy_scores import MARK, copy_split
from tts.evaluation.dtw import aligned_scores
from tts.evaluation.metrics import frame_mcd
from tts.evaluation.recogniser import transcribe_all, word_scores
from tts.evaluation.scores import Scores, pool
from tts.evaluation.speech import write_natural
from tts.recipe.comparison import TakesPart
from tts.recipe.names import VocoderName

log = logging.getLogger(__name__)

QUIET = 40.0  # dB below the loudest frame: silence, where there is no alignment to say so
Pair = tuple[Path, Path]


def find_references(
    prepared: Prepared,
    folder: Path,
    floor: References,
    *,
    takes: TakesPart | None,
    wer: bool,
    vocoder: VocoderName,
    workers: Place = None,
) -> References:
    """Return the references of ``results.json``, made once a folder; ``floor`` holds the mean of each phone already.

    Leaves the recordings and their copies, by the ``vocoder`` of the voices, in ``folder/wavs/natural`` and
    ``folder/wavs/copy``; copies by another one, which an earlier version left, are made anew.
    """
    path = folder / "references.json"
    asked = fingerprint(prepared.basis, takes.model_dump() if takes else None, wer, *([] if vocoder == "world" else [vocoder]))
    if path.is_file() and (known := read_json(path)).get("asked") == asked:
        return References.model_validate(known)
    copies = folder / "wavs" / "copy"
    if (copies / MARK).is_file() and read_json(copies / MARK).get("vocoder", "world") != vocoder:
        shutil.rmtree(copies)
    copied = copy_split(prepared, copies, vocoder=vocoder, workers=workers)
    write_natural(prepared, prepared.packed("test").ids, folder / "wavs" / "natural")
    references = References(
        copies=copied.pooled,
        mean=floor.mean,
        takes=natural_takes(prepared, takes.suffix, takes.pairs, workers=workers) if takes else None,
        natural_wer=_natural_wer(prepared, folder / "wavs" / "natural", workers) if wer else None,
    )
    write_json(path, {**references.model_dump(mode="json", by_alias=True), "asked": asked})
    return references


def _natural_wer(prepared: Prepared, folder: Path, workers: Place) -> float | None:
    ids = prepared.packed("test").ids
    scores = []
    for key, words in zip(ids, transcribe_all([folder / f"{key}.wav" for key in ids], workers=workers), strict=True):
        if isinstance(words, Failure):
            log.warning("no word error of the recordings: the recogniser fails on %s: %s", key, words.message)
            return None
        scores.append(word_scores(" ".join(word.text for word in prepared.sentences[key].words), words))
    return pool(scores)["wer"]


def natural_takes(prepared: Prepared, suffix: str, limit: int, *, workers: Place = None) -> Takes | None:
    """Return the pooled scores of second takes (recording ID + ``suffix``) of prepared utterances, None where there are none.

    Of more than ``limit`` pairs, so many are taken at equal distances through the corpus.
    Takes are paired frame by frame through time warping, so the numbers are on another scale than natural durations.
    """
    pairs = take_pairs(prepared, suffix)
    if len(pairs) > limit:
        pairs = [pairs[number * len(pairs) // limit] for number in range(limit)]
    compare = partial(compare_takes, grid=prepared.grid, f0_range=prepared.facts.f0_range)
    scores = []
    for index, found in parallel_map(compare, pairs, workers=workers, label="natural takes"):
        if isinstance(found, Failure):
            log.warning("%s: not compared with its second take: %s", pairs[index][0], found.message)
        else:
            scores.append(found)
    return Takes.model_validate({**plain(pool(scores)), "pairs": len(scores)}) if scores else None


def take_pairs(prepared: Prepared, suffix: str) -> list[Pair]:
    """Return the recordings of prepared utterances that have a second take beside them, each with it."""
    audio = [prepared.audio_path(key) for key in prepared.facts.audio]
    pairs = [(path, path.with_stem(path.stem + suffix)) for path in audio]
    return [pair for pair in pairs if pair[1].is_file()]


def compare_takes(pair: Pair, grid: FrameGrid, f0_range: tuple[float, float]) -> Scores:
    """Return the scores of the second recording of a pair against the first, time-warped, silence at the ends left out."""
    signals = [read_audio(path, grid.sample_rate)[0] for path in pair]
    first, second = (analyse(signal, grid, f0_range).to_dict() for signal in signals)
    return aligned_scores(first, second, *(between_silences(energy(signal, grid)[:, 0]) for signal in signals))


def between_silences(level: np.ndarray) -> np.ndarray:
    """Return which frames are from the first to the last that is loud enough, bool (frames,), from levels in dB."""
    loud = np.flatnonzero(level >= level.max() - QUIET)
    keep = np.zeros(len(level), bool)
    keep[loud[0] : loud[-1] + 1] = True
    return keep


def phone_means(prepared: Prepared) -> float | None:
    """Return the MCD in dB on the test split of a predictor that answers every phone's training mean: the floor.

    None where the test split has no frame that counts. Constant memory: one utterance at a time.
    """
    _, means = training_means(prepared)
    error = frames = 0.0
    for kept, phones, mcep in phone_frames(prepared, prepared.packed("test")):
        error += float(frame_mcd(mcep[kept], means[phones[kept]]).sum())
        frames += float(kept.sum())
    return error / frames if frames else None


def training_means(prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean mel-cepstrum of the training frames, (order + 1,), and that of each phone, (phones, order + 1).

    A phone that has no frame in training gets the mean of all.
    """
    sums = np.zeros((len(prepared.inventory), prepared.streams["mcep"].dimension))
    counts = np.zeros(len(prepared.inventory))
    for kept, phones, mcep in phone_frames(prepared, prepared.packed("train")):
        for phone in np.unique(phones[kept]):
            own = kept & (phones == phone)
            sums[phone] += mcep[own].sum(axis=0)
            counts[phone] += own.sum()
    mean = sums.sum(axis=0) / counts.sum()
    return mean, np.where(counts[:, None] > 0, sums / np.maximum(counts, 1.0)[:, None], mean)


def phone_frames(prepared: Prepared, packed: Packed) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield by utterance which frames count, every frame's phone number and its mel-cepstrum (frames, order + 1)."""
    index = prepared.inventory.index
    for number, key in enumerate(packed.ids):
        numbers = [index(phone) for phone in prepared.sentences[key].phones]
        phones = np.repeat(numbers, packed.durations_of(number).sum(axis=1))
        yield packed.counted_frames(number), phones, packed.utterance(number)["mcep"].astype(np.float64)


def write_examples(prepared: Prepared, folder: Path, ids: Sequence[str], systems: Sequence[str]) -> list[Example]:
    """Join what the runs drew of the example utterances into ``examples/ID.npz``; return the list for ``results.json``.

    ``systems`` are those with speech in ``wavs/SYSTEM``. Arrays as in ``docs/comparing.md``.
    """
    packed = prepared.packed("test")
    sources = folder / "examples" / "sources"
    natural = {key: packed.utterance(packed.ids.index(key)) for key in ids}
    draw_examples(sources / "natural.npz", prepared.grid, natural)
    examples = []
    for key in ids:
        arrays: dict[str, Any] = {"shift": np.float64(prepared.grid.shift)}
        for name in ("natural", *systems):
            path = sources / f"{name}.npz"
            if path.is_file():
                with np.load(path, allow_pickle=False) as drawn:
                    if f"{key}/f0" in drawn:
                        arrays |= {f"spectrogram/{name}": drawn[f"{key}/spectrogram"], f"f0/{name}": drawn[f"{key}/f0"]}
                        arrays["frequencies"] = drawn["frequencies"]
        with replacing(folder / "examples" / f"{key}.npz") as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)
        wavs = {name: folder / "wavs" / name / f"{key}.wav" for name in ("natural", "copy", *systems)}
        there = {name: path.relative_to(folder).as_posix() for name, path in wavs.items() if path.is_file()}
        examples.append(Example(id=key, text=prepared.text_of(key), wavs=there, data=f"examples/{key}.npz"))
    return examples


def speech_of(prepared: Prepared, every: bool, examples: Sequence[str]) -> tuple[str, ...]:
    """Return which test utterances a system's first seed speaks: the examples, or all where ``every`` is judged."""
    ids = prepared.packed("test").ids
    if every and not ids:
        raise TtsError(f"{prepared.folder}: the test split is empty")
    return ids if every else tuple(examples)
