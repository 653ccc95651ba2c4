"""The recordings of a preparation that are made of others: parts of long ones, and cleaned ones, in its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tts.core.copies import origin
from tts.corpora.derived import derive_recordings, is_needed, place_of, remove_others
from tts.corpora.problems import Problem
from tts.corpora.types import Corpus
from tts.dataset.arrays import is_arrays_name
from tts.dataset.preparation import Preparation
from tts.dataset.prepared import RECORDINGS


def with_own_recordings(run: Preparation, corpus: Corpus) -> Corpus:
    """Return the corpus with recordings of every utterance's own, cleaned as the recipe asks; the originals stay.

    What nothing could be made of is left out and listed. Where nothing is asked for, and no utterance is a part of a recording,
    this is the corpus as it was.
    """
    recipe, folder = run.recipe, run.out / RECORDINGS
    if not is_needed(corpus.utterances, recipe.cleaning):
        return corpus
    made, problems = derive_recordings(corpus.utterances, recipe.cleaning, recipe.corpus.channel, folder, workers=run.workers)
    run.problems += problems
    run.places |= {str(folder / made[u.id].name): place_of(u) for u in corpus if u.id in made}
    run.derived |= made
    failed = {problem.id for problem in problems if problem.severity == "left_out"}
    utterances = tuple(
        replace(u, audio=folder / made[u.id].name, start=0.0, end=None) if u.id in made else u
        for u in corpus
        if u.id not in failed
    )
    size = sum(entry.size for entry in made.values())
    note = f"{len(made)} recordings were made of parts of others, or cleaned: {size / 1e6:.1f} MB in {RECORDINGS}/"
    return replace(corpus, utterances=utterances, notes=(*corpus.notes, note))


def original_places(run: Preparation, problems: list[Problem]) -> list[Problem]:
    """Return problems that name the originals where they name recordings made of them."""
    return [replace(problem, place=run.places.get(problem.place, problem.place)) for problem in problems]


def remove_unused_recordings(run: Preparation, arrays: str) -> None:
    """Remove recordings that this preparation does not use, unless somebody still reads an earlier one's ``arrays``."""
    others = [path for path in run.out.iterdir() if is_arrays_name(path.name) and path.name != arrays]
    if not others:
        remove_others(run.out / RECORDINGS, list(run.derived.values()))


def stored_path(run: Preparation, audio: Path) -> str:
    """Return a recording's path as ``prepared.json`` has it: relative where it lies within, of a copy the address."""
    return audio.relative_to(run.out).as_posix() if audio.is_relative_to(run.out / RECORDINGS) else origin(audio)
