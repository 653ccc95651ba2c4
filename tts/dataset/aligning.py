"""When every phone is spoken: an aligner trained here, or other people's label files; kept as HTS labels and TextGrids.

Several speakers share one aligner: its features are normalised an utterance, and the model of a phone gains more from
the speech of others than it loses (``docs/speakers.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tts.alignment.adopting import adopt
from tts.alignment.fit_report import report_alignment
from tts.alignment.hmm import Aligned, AlignerSettings, train_aligner
from tts.alignment.intervals import attach
from tts.alignment.labelled import labelled_times
from tts.alignment.labels import read_label_file, read_labels, write_hts
from tts.alignment.silence import ShortenedFeatures, lengthen
from tts.alignment.textgrid import write_textgrid
from tts.analysis.extract import Features
from tts.core.device import choose_device
from tts.core.errors import TtsError
from tts.core.files import Listed, file_digest, fingerprint, flush
from tts.core.lazy import LazySequence
from tts.core.processes import Failure
from tts.corpora.splits import Splits
from tts.dataset.aligned_file import ALIGNMENT, AlignedFile, open_alignments, write_alignments
from tts.dataset.layout import MFCC
from tts.dataset.preparation import Preparation
from tts.text.phone_names import PhoneNames
from tts.text.sentence import Sentence

ALIGNMENT_VERSION = 3  # raise it when the aligner gives other times for the same features


def align(run: Preparation, sentences: Mapping[str, Sentence], features: Mapping[str, Features], splits: Splits) -> AlignedFile:
    """Align all utterances, or read what the same features and sentences gave before.

    What is returned is read from ``alignments/`` as it is asked for.
    """
    keys = [key for key in (*splits.train, *splits.validation, *splits.test) if key in features]
    folder = run.out / "alignments"
    identity = _identity(run, keys, sentences, features, splits)
    stored = open_alignments(folder, identity, keys)
    if stored is None:
        labelled = run.recipe.alignment.labels is not None
        find = _read_times(run, keys, sentences, features) if labelled else _find_times(run, sentences, features, splits, keys)
        write_alignments(folder / ALIGNMENT, identity, _for_people(run, find, folder))
        stored = AlignedFile(folder / ALIGNMENT, keys)
    for key in keys:
        if message := stored.failed.get(key):
            run.leave_out(key, "alignment", message, "alignment")
    return _without_worst(run, _without_hopeless(run, stored) if run.recipe.alignment.leave_out else stored)


def _identity(
    run: Preparation,
    keys: Sequence[str],
    sentences: Mapping[str, Sentence],
    features: Mapping[str, Features],
    splits: Splits,
) -> str:
    """Return what stands for everything that the times depend on."""
    part = run.recipe.alignment
    return fingerprint(
        ALIGNMENT_VERSION,
        part.model_dump(mode="json", exclude={"leave_out", "drop_worst", "phone_names", "phones"}),
        *([part.phones] if part.phones != "text" else []),
        *([] if run.phone_names == PhoneNames() else [run.phone_names.source, run.phone_names.table]),
        list(splits.train),
        Listed((key, sentences[key].to_dict(), p.name, p.parent.name) for key in keys for p in [features[key].paths[MFCC]]),
        Listed(file_digest(path) for key in keys if (path := run.label_path(key)) and path.is_file()),
    )


def _for_people(
    run: Preparation, results: Iterable[tuple[str, Aligned | Failure]], folder: Path
) -> Iterator[tuple[str, Aligned | Failure]]:
    """Pass alignments on, written as labels and TextGrids; at the end all are on the disk."""
    grid = run.recipe.frames.grid
    for key, result in results:
        if isinstance(result, Aligned):
            write_hts(folder / f"{key}.lab", result.alignment, grid, lasting=False)
            write_textgrid(folder / f"{key}.TextGrid", result.sentence, result.alignment, grid, lasting=False)
        yield key, result
    flush()


def _without_worst(run: Preparation, aligned: AlignedFile) -> AlignedFile:
    """Leave out, and list, the share of utterances that fit their texts worst (``alignment.drop_worst``)."""
    percent = run.recipe.alignment.drop_worst
    if not percent or not aligned:
        return aligned
    worst = report_alignment(aligned, run.recipe.frames.grid).worst(percent)
    for fit in worst:
        reason = f"one of the {percent:g} % whose texts fit worst ({fit.match:.1f} a frame, z {fit.z:.1f})"
        run.leave_out(fit.id, "worst_fit", reason, "alignment.drop_worst")
    return aligned.without({fit.id for fit in worst})


def _without_hopeless(run: Preparation, aligned: AlignedFile) -> AlignedFile:
    """Leave out, and list, what cannot be aligned right (:attr:`tts.alignment.fit_report.UtteranceFit.hopeless`)."""
    fits = report_alignment(aligned, run.recipe.frames.grid).utterances
    hopeless = {fit.id: fit for fit in fits if fit.hopeless}
    for key, fit in hopeless.items():
        run.leave_out(key, "alignment", "; ".join(fit.reasons), "alignment.leave_out")
    return aligned.without(hopeless)


def _find_times(
    run: Preparation,
    sentences: Mapping[str, Sentence],
    features: Mapping[str, Features],
    splits: Splits,
    keys: Sequence[str],
) -> Iterator[tuple[str, Aligned | Failure]]:
    """Train an aligner from a flat start, keep it, and align all utterances with it."""
    part = run.recipe.alignment
    learn = [key for key in splits.train if key in features] if part.train_on == "train" else list(keys)
    settings = AlignerSettings(states=part.states)
    device = str(choose_device(run.device))
    aligner = train_aligner(_shortened(features, learn), _of(sentences, learn), settings, device)
    aligner.save(run.out / "alignments" / "aligner.safetensors")
    for number, answer in aligner.answers(_shortened(features, keys), _of(sentences, keys)):
        key = keys[number]
        if isinstance(answer, Aligned):
            answer = replace(answer, alignment=lengthen(answer.alignment, features[key].stream(MFCC)))
        yield key, answer


def _of(sentences: Mapping[str, Sentence], keys: Sequence[str]) -> Sequence[Sentence]:
    return LazySequence(len(keys), lambda number: sentences[keys[number]])


def _shortened(features: Mapping[str, Features], keys: Sequence[str]) -> ShortenedFeatures:
    """Return what the aligner reads of the recordings ``keys``, from disk."""
    return ShortenedFeatures(len(keys), lambda number: features[keys[number]].stream(MFCC))


def _read_times(
    run: Preparation, keys: Sequence[str], sentences: Mapping[str, Sentence], features: Mapping[str, Features]
) -> Iterator[tuple[str, Aligned | Failure]]:
    """Read other people's label files instead; phones must be those of the front end, pauses are taken from the labels."""
    part, grid = run.recipe.alignment, run.recipe.frames.grid
    for key in keys:
        path = run.label_path(key)
        assert path is not None
        try:
            frames = features[key].frames
            if run.recipe.text.source == "labels":
                yield key, labelled_times(sentences[key], path, run.phone_names, grid, frames, part.states)
                continue
            times = read_labels(path, grid, frames, part.states, run.phone_names)
            sentence = sentences[key]
            if part.phones == "labels":
                sentence = adopt(sentence, read_label_file(path, grid, run.phone_names), str(path))
            yield key, attach(sentence, times, str(path))
        except TtsError as error:
            yield key, Failure(str(error))
