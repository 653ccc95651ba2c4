"""When every phone is spoken: an aligner trained here, or other people's label files; kept as HTS labels and TextGrids.

Several speakers share one aligner: its features are normalised an utterance, and the model of a phone gains more from
the speech of others than it loses (``docs/speakers.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tts.alignment.hmm import Aligned, AlignerSettings, train_aligner
from tts.alignment.intervals import attach
from tts.alignment.labels import SUFFIXES, read_labels, write_hts
from tts.alignment.textgrid import write_textgrid
from tts.alignment.types import Alignment
from tts.analysis.extract import Features
from tts.core.device import choose_device
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, fingerprint, read_json, write_json, write_text
from tts.core.processes import Failure
from tts.corpora.splits import Splits
from tts.dataset.layout import MFCC
from tts.dataset.preparation import Preparation
from tts.dataset.prepared import read_sentences, write_sentences
from tts.text.sentence import Sentence

ALIGNMENT_VERSION = 2  # raise it when the aligner gives other times for the same features


def align(
    run: Preparation, sentences: Mapping[str, Sentence], features: Mapping[str, Features], splits: Splits
) -> dict[str, Aligned]:
    """Align all utterances, or read what the same features and sentences gave before."""
    keys = [key for key in (*splits.train, *splits.validation, *splits.test) if key in features]
    part = run.recipe.alignment
    cepstra = [features[key].paths[MFCC] for key in keys]
    identity = fingerprint(
        ALIGNMENT_VERSION,
        part.model_dump(mode="json"),
        list(splits.train),
        [(key, sentences[key].to_dict(), path.name, path.parent.name) for key, path in zip(keys, cepstra, strict=True)],
        [file_digest(path) for key in keys if (path := _label_path(run, key)) and path.is_file()],
    )
    folder = run.out / "alignments"
    mark = folder / "alignment.json"
    if mark.is_file() and read_json(mark).get("identity") == identity:
        return _stored_alignments(run, mark)
    results = (
        _read_times(run, keys, sentences, features) if part.labels else _find_times(run, keys, sentences, features, splits)
    )
    aligned: dict[str, Aligned] = {}
    failed: dict[str, str] = {}
    for key, result in zip(keys, results, strict=True):
        if isinstance(result, Failure):
            failed[key] = result.message
            run.leave_out(key, "alignment", result.message, "alignment")
        else:
            aligned[key] = result
            write_hts(folder / f"{key}.lab", result.alignment, run.recipe.frames.grid)
            write_textgrid(folder / f"{key}.TextGrid", result.sentence, result.alignment, run.recipe.frames.grid)
    write_text(folder / "sentences.jsonl", write_sentences([(key, item.sentence) for key, item in aligned.items()]))
    durations = {key: item.alignment.durations.tolist() for key, item in aligned.items()}
    scores = {key: None if np.isnan(item.alignment.score) else item.alignment.score for key, item in aligned.items()}
    write_json(mark, {"identity": identity, "durations": durations, "scores": scores, "failed": failed})
    return aligned


def _find_times(
    run: Preparation,
    keys: Sequence[str],
    sentences: Mapping[str, Sentence],
    features: Mapping[str, Features],
    splits: Splits,
) -> list[Aligned | Failure]:
    """Train an aligner from a flat start, keep it, and align all utterances with it."""
    part = run.recipe.alignment
    values = {key: features[key].stream(MFCC) for key in keys}
    learn = [key for key in (splits.train if part.train_on == "train" else keys) if key in values]
    settings = AlignerSettings(states=part.states)
    device = str(choose_device(run.device))
    aligner = train_aligner([values[key] for key in learn], [sentences[key] for key in learn], settings, device)
    aligner.save(run.out / "alignments" / "aligner.safetensors")
    return aligner.align([values[key] for key in keys], [sentences[key] for key in keys])


def _label_path(run: Preparation, key: str) -> Path | None:
    """Return where an utterance's label file is, or should be; None where the recipe names no labels."""
    if run.recipe.alignment.labels is None:
        return None
    folder = run.recipe_folder / run.recipe.alignment.labels
    if not folder.is_dir():
        raise UsageError(f"alignment.labels: {folder} is not a folder of label files")
    paths = [folder / f"{key}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def _read_times(
    run: Preparation, keys: Sequence[str], sentences: Mapping[str, Sentence], features: Mapping[str, Features]
) -> list[Aligned | Failure]:
    """Read other people's label files instead; phones must be those of the front end, pauses are taken from the labels."""
    part = run.recipe.alignment
    found: list[Aligned | Failure] = []
    for key in keys:
        path = _label_path(run, key)
        assert path is not None
        try:
            times = read_labels(path, run.recipe.frames.grid, features[key].frames, part.states)
            found.append(attach(sentences[key], times, str(path)))
        except TtsError as error:
            found.append(Failure(str(error)))
    return found


def _stored_alignments(run: Preparation, mark: Path) -> dict[str, Aligned]:
    stored = read_json(mark)
    for key, message in stored["failed"].items():
        run.leave_out(key, "alignment", message, "alignment")
    found = {}
    for key, sentence in read_sentences(mark.with_name("sentences.jsonl")):
        score = stored["scores"][key]
        alignment = Alignment(sentence.phones, np.array(stored["durations"][key]), float("nan") if score is None else score)
        found[key] = Aligned(sentence, alignment)
    return found
