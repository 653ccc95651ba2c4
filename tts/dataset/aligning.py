"""When every phone is spoken: an aligner trained here, or other people's label files; kept as HTS labels and TextGrids.

Several speakers share one aligner: its features are normalised an utterance, and the model of a phone gains more from
the speech of others than it loses (``docs/speakers.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from tts.alignment.adopting import adopt
from tts.alignment.fit_report import report_alignment
from tts.alignment.hmm import Aligned, AlignerSettings, train_aligner
from tts.alignment.intervals import attach
from tts.alignment.labelled import labelled_times
from tts.alignment.labels import read_label_file, read_labels, write_hts
from tts.alignment.silence import ShortenedFeatures, lengthen
from tts.alignment.textgrid import write_textgrid
from tts.alignment.types import Alignment
from tts.analysis.extract import Features
from tts.core.device import choose_device
from tts.core.errors import TtsError
from tts.core.files import file_digest, fingerprint, read_json, write_json, write_text
from tts.core.processes import Failure
from tts.corpora.splits import Splits
from tts.dataset.layout import MFCC
from tts.dataset.preparation import Preparation
from tts.dataset.prepared import read_sentences, write_sentences
from tts.text.phone_names import PhoneNames
from tts.text.sentence import Sentence

RECORD, SENTENCES = "alignment.json", "sentences.jsonl"
ALIGNMENT_VERSION = 3  # raise it when the aligner gives other times for the same features


def align(
    run: Preparation, sentences: Mapping[str, Sentence], features: Mapping[str, Features], splits: Splits
) -> dict[str, Aligned]:
    """Align all utterances, or read what the same features and sentences gave before."""
    keys = [key for key in (*splits.train, *splits.validation, *splits.test) if key in features]
    part = run.recipe.alignment
    cepstra = [features[key].paths[MFCC] for key in keys]
    identity = fingerprint(
        ALIGNMENT_VERSION,
        part.model_dump(mode="json", exclude={"leave_out", "drop_worst", "phone_names", "phones"}),
        *([part.phones] if part.phones != "text" else []),
        *([] if run.phone_names == PhoneNames() else [run.phone_names.source, run.phone_names.table]),
        list(splits.train),
        [(key, sentences[key].to_dict(), path.name, path.parent.name) for key, path in zip(keys, cepstra, strict=True)],
        [file_digest(path) for key in keys if (path := run.label_path(key)) and path.is_file()],
    )
    folder = run.out / "alignments"
    record = _read_record(folder / RECORD)
    if record is not None and record.identity == identity:
        aligned = _stored_alignments(run, record, folder)
    else:
        labelled = part.labels is not None
        results = (
            _read_times(run, keys, sentences, features) if labelled else _find_times(run, sentences, features, splits, keys)
        )
        aligned = _keep(run, identity, dict(zip(keys, results, strict=True)), folder)
    return _without_worst(run, _without_hopeless(run, aligned) if part.leave_out else aligned)


class AlignmentRecord(BaseModel):
    """What ``alignments/alignment.json`` holds: state durations and scores by utterance, and why others have none.

    ``identity`` stands for everything that the times depend on; a score is the mean log likelihood a frame, a match how well
    the text fits, None for times from label files.
    """

    model_config = ConfigDict(frozen=True)

    identity: str
    durations: dict[str, list[list[int]]]
    scores: dict[str, float | None]
    matches: dict[str, float | None]
    failed: dict[str, str]


def _read_record(path: Path) -> AlignmentRecord | None:
    """Read what is known of alignments made before; None where there is nothing, or it is damaged."""
    try:
        return AlignmentRecord.model_validate(read_json(path)) if path.is_file() else None
    except (TtsError, ValidationError):
        return None


def _keep(run: Preparation, identity: str, results: Mapping[str, Aligned | Failure], folder: Path) -> dict[str, Aligned]:
    """Write alignments for people and for the next run; return those that succeeded."""
    aligned: dict[str, Aligned] = {}
    failed: dict[str, str] = {}
    for key, result in results.items():
        if isinstance(result, Failure):
            failed[key] = result.message
            run.leave_out(key, "alignment", result.message, "alignment")
        else:
            aligned[key] = result
            write_hts(folder / f"{key}.lab", result.alignment, run.recipe.frames.grid)
            write_textgrid(folder / f"{key}.TextGrid", result.sentence, result.alignment, run.recipe.frames.grid)
    write_text(folder / SENTENCES, write_sentences([(key, item.sentence) for key, item in aligned.items()]))
    durations = {key: item.alignment.durations.tolist() for key, item in aligned.items()}
    scores = {key: _known(item.alignment.score) for key, item in aligned.items()}
    matches = {key: _known(item.alignment.match) for key, item in aligned.items()}
    record = AlignmentRecord(identity=identity, durations=durations, scores=scores, matches=matches, failed=failed)
    write_json(folder / RECORD, record.model_dump(mode="json"))
    return aligned


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _without_worst(run: Preparation, aligned: Mapping[str, Aligned]) -> dict[str, Aligned]:
    """Leave out, and list, the share of utterances that fit their texts worst (``alignment.drop_worst``)."""
    percent = run.recipe.alignment.drop_worst
    if not percent or not aligned:
        return dict(aligned)
    worst = report_alignment(aligned, run.recipe.frames.grid).worst(percent)
    for fit in worst:
        reason = f"one of the {percent:g} % whose texts fit worst ({fit.match:.1f} a frame, z {fit.z:.1f})"
        run.leave_out(fit.id, "worst_fit", reason, "alignment.drop_worst")
    return {key: item for key, item in aligned.items() if key not in {fit.id for fit in worst}}


def _without_hopeless(run: Preparation, aligned: Mapping[str, Aligned]) -> dict[str, Aligned]:
    """Leave out, and list, what cannot be aligned right (:attr:`tts.alignment.fit_report.UtteranceFit.hopeless`)."""
    fits = report_alignment(aligned, run.recipe.frames.grid).utterances
    hopeless = {fit.id: fit for fit in fits if fit.hopeless}
    for key, fit in hopeless.items():
        run.leave_out(key, "alignment", "; ".join(fit.reasons), "alignment.leave_out")
    return {key: item for key, item in aligned.items() if key not in hopeless}


def _find_times(
    run: Preparation,
    sentences: Mapping[str, Sentence],
    features: Mapping[str, Features],
    splits: Splits,
    keys: Sequence[str],
) -> list[Aligned | Failure]:
    """Train an aligner from a flat start, keep it, and align all utterances with it."""
    part = run.recipe.alignment
    learn = [key for key in splits.train if key in features] if part.train_on == "train" else list(keys)
    settings = AlignerSettings(states=part.states)
    device = str(choose_device(run.device))
    aligner = train_aligner(_shortened(features, learn), [sentences[key] for key in learn], settings, device)
    aligner.save(run.out / "alignments" / "aligner.safetensors")
    answers = aligner.align(_shortened(features, keys), [sentences[key] for key in keys])
    return [
        answer
        if isinstance(answer, Failure)
        else replace(answer, alignment=lengthen(answer.alignment, features[key].stream(MFCC)))
        for key, answer in zip(keys, answers, strict=True)
    ]


def _shortened(features: Mapping[str, Features], keys: Sequence[str]) -> ShortenedFeatures:
    """Return what the aligner reads of the recordings ``keys``, from disk."""
    return ShortenedFeatures(len(keys), lambda number: features[keys[number]].stream(MFCC))


def _read_times(
    run: Preparation, keys: Sequence[str], sentences: Mapping[str, Sentence], features: Mapping[str, Features]
) -> list[Aligned | Failure]:
    """Read other people's label files instead; phones must be those of the front end, pauses are taken from the labels."""
    part = run.recipe.alignment
    found: list[Aligned | Failure] = []
    for key in keys:
        path = run.label_path(key)
        assert path is not None
        try:
            grid, frames = run.recipe.frames.grid, features[key].frames
            if run.recipe.text.source == "labels":
                found.append(labelled_times(sentences[key], path, run.phone_names, grid, frames, part.states))
                continue
            times = read_labels(path, grid, frames, part.states, run.phone_names)
            sentence = sentences[key]
            if part.phones == "labels":
                sentence = adopt(sentence, read_label_file(path, grid, run.phone_names), str(path))
            found.append(attach(sentence, times, str(path)))
        except TtsError as error:
            found.append(Failure(str(error)))
    return found


def _stored_alignments(run: Preparation, record: AlignmentRecord, folder: Path) -> dict[str, Aligned]:
    for key, message in record.failed.items():
        run.leave_out(key, "alignment", message, "alignment")
    aligned = {}
    for key, sentence in read_sentences(folder / SENTENCES):
        score, match = (np.nan if value is None else value for value in (record.scores[key], record.matches[key]))
        aligned[key] = Aligned(sentence, Alignment(sentence.phones, np.array(record.durations[key]), score, match))
    return aligned
