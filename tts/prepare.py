"""``prepare``: recordings and text become a prepared corpus (:mod:`tts.prepared`).

The steps are read, check, split, text, analysis, alignment, packing. Each keeps its results by content and settings, so an
interrupted run continues where it stopped, and a changed recipe redoes only what the change concerns. An utterance that
fails anywhere is left out and listed with the reason; the others go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tts.alignment.hmm import Aligned, AlignerSettings, train_aligner
from tts.alignment.intervals import attach
from tts.alignment.labels import SUFFIXES, read_labels, write_hts
from tts.alignment.mfcc import mfcc
from tts.alignment.report import report_alignment
from tts.alignment.textgrid import write_textgrid
from tts.alignment.types import Alignment
from tts.analysis.extract import VERSION, Extra, Features, Job, extract, speaker_f0_range
from tts.analysis.streams import Stream
from tts.analysis.world import AnalysisSettings
from tts.analysis.world import streams as main_streams
from tts.card import environment
from tts.corpora.checks import AudioFacts, check_audio, seconds_summary
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.problems import Problem, problem_table
from tts.corpora.splits import Splits, make_splits
from tts.corpora.types import Corpus, Utterance
from tts.errors import TtsError, UsageError
from tts.files import file_digest, fingerprint, read_json, write_json, write_text
from tts.packing import (
    Plan,
    Ready,
    constant_features,
    identities,
    pack,
    ready_utterances,
    shown_streams,
    split_lengths,
    usual_silence,
)
from tts.parallel import Failure
from tts.prepared import FORMAT, SPLITS, Prepared, read_sentences, write_sentences
from tts.recipe import Recipe
from tts.tasks.base import AudioFamily, TimedFamily, get_family, resolve_options
from tts.text.engine import FrontEnd, make_engine
from tts.text.features import ContextFeatures
from tts.text.lexicon import read_lexicon
from tts.text.phones import PhoneInventory
from tts.text.prepare import sentences_for
from tts.text.sentence import Sentence
from tts.training.trainer import choose_device

log = logging.getLogger(__name__)
MFCC = "mfcc"
ALIGNMENT_VERSION = 2  # raise it when the aligner gives other times for the same features


@dataclass
class _Work:
    """What the steps share."""

    recipe: Recipe
    recipe_folder: Path
    out: Path
    workers: int | None
    device: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        return self.out / "cache"

    def drop(self, key: str, code: str, reason: str, place: str) -> None:
        self.problems.append(Problem(key, code, reason, place))


def prepare(
    recipe: Recipe,
    recipe_folder: Path,
    root: Path,
    out: Path,
    *,
    workers: int | None = None,
    device: str = "auto",
    command: str = "",
) -> Prepared:
    """Prepare the corpus in ``root`` into the folder ``out`` and return it; see the module's text.

    ``workers`` processes analyse recordings, by default one a core; ``device`` trains the aligner.
    """
    started = time.monotonic()
    root = root.resolve()
    for name in recipe.tasks:
        resolve_options(name, recipe.tasks[name])
    work = _Work(recipe, recipe_folder, out, workers, device)
    engine = make_engine(recipe.text.engine, recipe.corpus.language, _lexicon(work))
    _claim(out, recipe)
    corpus, facts = _read(work, root)
    splits = _split(work, corpus)
    chosen = [u for u in corpus if u.id in {*splits.train, *splits.validation, *splits.test}]
    sentences = _sentences(work, engine, chosen)
    f0_range = recipe.analysis.f0_range or _f0_range(work, chosen, splits, facts)
    features = _analyse(work, [u for u in chosen if u.id in sentences], f0_range)
    if not any(key in features for key in splits.train):
        reasons = "; ".join(str(problem) for problem in work.problems[-3:])
        raise TtsError(f"no training recording could be analysed; the last reasons: {reasons}")
    aligned = _align(work, sentences, features, splits)
    spoken = {key: item.sentence for key, item in aligned.items()}
    alignments = {key: item.alignment for key, item in aligned.items()}
    ready = {split: list(ready_utterances(getattr(splits, split), spoken, alignments, features)) for split in SPLITS}
    for split, items in ready.items():
        if not items:
            raise TtsError(f"no utterance of the {split} split is left; see {out / 'report.md'} for the reasons")

    plan = _plan(recipe, ready)
    parts = identities(ready, plan)
    identity = fingerprint(parts)
    _report(work, corpus, facts, engine, aligned, ready, f0_range)
    path = out / "prepared.json"
    seconds = round(time.monotonic() - started, 1)
    if path.is_file() and (stored := read_json(path)).get("fingerprint") == identity:
        seconds = stored["seconds"]
    else:
        path.unlink(missing_ok=True)  # interrupted from here on, the folder is unfinished and says so
        pack(ready, plan, out / "packed")
        seconds = round(time.monotonic() - started, 1)
    if (lexicon := _lexicon_path(work)) is not None:
        write_text(out / "lexicon.txt", lexicon.read_text(encoding="utf-8"))
    else:
        (out / "lexicon.txt").unlink(missing_ok=True)
    write_text(out / "sentences.jsonl", write_sentences([(i.id, i.sentence) for items in ready.values() for i in items]))
    write_json(
        path,
        {
            "format": FORMAT,
            "fingerprint": identity,
            "identities": parts,
            "recipe": recipe.model_dump(mode="json"),
            "corpus": {
                "name": corpus.name,
                "root": str(root),
                "licence": corpus.licence,
                "source": corpus.source,
                "speaker": recipe.corpus.speaker,
                **split_lengths(ready, recipe.frames.grid.shift)["train"],
            },
            "grid": asdict(recipe.frames.grid),
            "streams": [stream.to_dict() for stream in (*plan.streams, *plan.segment_streams)],
            "frame_streams": [stream.name for stream in plan.streams],
            "segment_streams": [stream.name for stream in plan.segment_streams],
            "shown": shown_streams(plan),
            "inventory": plan.inventory.to_dict(),
            "features": plan.features.to_dict(),
            "states": ready["train"][0].alignment.states,
            "text": {"engine": recipe.text.engine, "language": recipe.corpus.language, "identity": engine.identity()},
            "silence": usual_silence(ready["train"]),
            "constant_features": constant_features(np.load(out / "packed" / "train" / "vectors.npy", mmap_mode="r")),
            "f0_range": list(f0_range),
            "splits": split_lengths(ready, recipe.frames.grid.shift),
            "audio": {u.id: str(u.audio) for u in chosen},
            "texts": {u.id: u.text for u in chosen},
            "channel": recipe.corpus.channel,
            "command": command,
            "seconds": seconds,
            "made_with": environment(),
        },
    )
    return Prepared(out)


def _claim(out: Path, recipe: Recipe) -> None:
    """Make ``out`` this recipe's folder, or check that it already is."""
    mark = out / "recipe.json"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    if mark.is_file():
        name = read_json(mark).get("name")
        if name != recipe.name:
            raise UsageError(f"{out}: holds the prepared corpus of recipe {name}; choose another --out")
    elif out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: exists and was not made by tts prepare; choose another --out")
    write_json(mark, recipe.model_dump(mode="json"))


def _read(work: _Work, root: Path) -> tuple[Corpus, dict[str, AudioFacts]]:
    part, grid = work.recipe.corpus, work.recipe.frames.grid
    if part.format == "espeak-demo":
        from tts.corpora.espeak_demo import make_demo_corpus  # an optional extra, imported when asked for

        make_demo_corpus(root)
    corpus, found = read_ljspeech(
        root,
        name=work.recipe.name,
        speaker=part.speaker,
        language=part.language,
        licence=part.licence,
        source=part.source,
        text_column=part.text_column,
        exclude=part.exclude,
    )
    work.problems += found
    states = [(u.id, u.text, u.audio.stat().st_size, u.audio.stat().st_mtime_ns) for u in corpus if u.audio.is_file()]
    path = work.cache / f"check-{fingerprint(len(corpus), states, asdict(grid), part.channel)}.json"
    if path.is_file():
        stored = read_json(path)
        facts, odd = [AudioFacts(**f) for f in stored["facts"]], [Problem(**p) for p in stored["problems"]]
    else:
        facts, odd = check_audio(corpus.utterances, grid, part.channel, work.workers)
        write_json(path, {"facts": [asdict(f) for f in facts], "problems": [asdict(p) for p in odd]})
    work.problems += odd
    return corpus.subset({fact.id for fact in facts}), {fact.id: fact for fact in facts}


def _lexicon_path(work: _Work) -> Path | None:
    name = work.recipe.text.lexicon
    return work.recipe_folder / name if name else None


def _lexicon(work: _Work) -> Mapping[str, Sequence[str]] | None:
    path = _lexicon_path(work)
    return read_lexicon(path) if path is not None else None


def _split(work: _Work, corpus: Corpus) -> Splits:
    part = work.recipe.split
    rules = {"test": part.test, "validation": part.validation, "train": part.train}
    splits, found = make_splits(corpus.utterances, rules, seed=part.seed, folder=work.recipe_folder)
    work.problems += found
    write_json(work.out / "splits.json", splits.to_dict())
    return splits


def _sentences(work: _Work, engine: FrontEnd, chosen: Sequence[Utterance]) -> dict[str, Sentence]:
    sentences, failed = sentences_for(chosen, engine, work.cache / "text")
    for key, message in failed:
        work.drop(key, "pronunciation", message, "text")
    return sentences


def _f0_range(work: _Work, chosen: Sequence[Utterance], splits: Splits, facts: Mapping[str, AudioFacts]) -> tuple[float, float]:
    """Find the speaker's F0 range on training recordings; kept by their content."""
    train = set(splits.train)
    used = [u for u in chosen if u.id in train]
    channel = work.recipe.corpus.channel
    digests = [facts[u.id].digest for u in used]
    path = work.cache / f"f0-range-{fingerprint(VERSION, digests, asdict(work.recipe.frames.grid), channel)}.json"
    if not path.is_file():
        recordings = [(u.audio, channel) for u in used]
        write_json(path, speaker_f0_range(recordings, work.recipe.frames.grid, workers=work.workers))
    low, high = read_json(path)
    return float(low), float(high)


def _analyse(work: _Work, chosen: Sequence[Utterance], f0_range: tuple[float, float]) -> dict[str, Features]:
    recipe = work.recipe
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)
    extras = [Extra(MFCC, mfcc)]
    for name, given in recipe.tasks.items():
        family = get_family(name)
        if isinstance(family, AudioFamily):
            extras.append(Extra(name, family.extract, resolve_options(name, given)))
    jobs = [Job(u.id, u.audio, recipe.frames.grid, f0_range, settings, tuple(extras), recipe.corpus.channel) for u in chosen]
    found: dict[str, Features] = {}
    for utterance, result in zip(chosen, extract(jobs, work.cache, workers=work.workers), strict=True):
        if isinstance(result, Failure):
            work.drop(utterance.id, "analysis", result.message, str(utterance.audio))
        else:
            found[utterance.id] = result
    return found


def _align(
    work: _Work, sentences: Mapping[str, Sentence], features: Mapping[str, Features], splits: Splits
) -> dict[str, Aligned]:
    """Align all utterances, or read what the same features and sentences gave before."""
    keys = [key for key in (*splits.train, *splits.validation, *splits.test) if key in features]
    part = work.recipe.alignment
    identity = fingerprint(
        ALIGNMENT_VERSION,
        part.model_dump(mode="json"),
        list(splits.train),
        [(key, sentences[key].to_dict(), features[key].paths[1].name, features[key].paths[1].parent.name) for key in keys],
        [file_digest(path) for key in keys if (path := _label_path(work, key)) and path.is_file()],
    )
    folder = work.out / "alignments"
    mark = folder / "alignment.json"
    if mark.is_file() and read_json(mark).get("identity") == identity:
        return _stored_alignments(work, mark)
    results = (
        _read_times(work, keys, sentences, features) if part.labels else _find_times(work, keys, sentences, features, splits)
    )
    aligned: dict[str, Aligned] = {}
    failed: dict[str, str] = {}
    for key, result in zip(keys, results, strict=True):
        if isinstance(result, Failure):
            failed[key] = result.message
            work.drop(key, "alignment", result.message, "alignment")
        else:
            aligned[key] = result
            write_hts(folder / f"{key}.lab", result.alignment, work.recipe.frames.grid)
            write_textgrid(folder / f"{key}.TextGrid", result.sentence, result.alignment, work.recipe.frames.grid)
    write_text(folder / "sentences.jsonl", write_sentences([(key, item.sentence) for key, item in aligned.items()]))
    durations = {key: item.alignment.durations.tolist() for key, item in aligned.items()}
    scores = {key: None if np.isnan(item.alignment.score) else item.alignment.score for key, item in aligned.items()}
    write_json(mark, {"identity": identity, "durations": durations, "scores": scores, "failed": failed})
    return aligned


def _find_times(
    work: _Work,
    keys: Sequence[str],
    sentences: Mapping[str, Sentence],
    features: Mapping[str, Features],
    splits: Splits,
) -> list[Aligned | Failure]:
    """Train an aligner from a flat start, keep it, and align all utterances with it."""
    part = work.recipe.alignment
    values = {key: load_file(features[key].paths[1])[MFCC] for key in keys}
    learn = [key for key in (splits.train if part.train_on == "train" else keys) if key in values]
    settings = AlignerSettings(states=part.states)
    device = str(choose_device(work.device))
    aligner = train_aligner([values[key] for key in learn], [sentences[key] for key in learn], settings, device)
    aligner.save(work.out / "alignments" / "aligner.safetensors")
    return aligner.align([values[key] for key in keys], [sentences[key] for key in keys])


def _label_path(work: _Work, key: str) -> Path | None:
    """Return where an utterance's label file is, or should be; None where the recipe names no labels."""
    if work.recipe.alignment.labels is None:
        return None
    folder = work.recipe_folder / work.recipe.alignment.labels
    if not folder.is_dir():
        raise UsageError(f"alignment.labels: {folder} is not a folder of label files")
    paths = [folder / f"{key}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def _read_times(
    work: _Work, keys: Sequence[str], sentences: Mapping[str, Sentence], features: Mapping[str, Features]
) -> list[Aligned | Failure]:
    """Read other people's label files instead; phones must be those of the front end, pauses are taken from the labels."""
    part = work.recipe.alignment
    found: list[Aligned | Failure] = []
    for key in keys:
        path = _label_path(work, key)
        assert path is not None
        try:
            times = read_labels(path, work.recipe.frames.grid, features[key].frames, part.states)
            found.append(attach(sentences[key], times, str(path)))
        except TtsError as error:
            found.append(Failure(str(error)))
    return found


def _stored_alignments(work: _Work, mark: Path) -> dict[str, Aligned]:
    stored = read_json(mark)
    for key, message in stored["failed"].items():
        work.drop(key, "alignment", message, "alignment")
    found = {}
    for key, sentence in read_sentences(mark.with_name("sentences.jsonl")):
        score = stored["scores"][key]
        alignment = Alignment(sentence.phones, np.array(stored["durations"][key]), float("nan") if score is None else score)
        found[key] = Aligned(sentence, alignment)
    return found


def _plan(recipe: Recipe, ready: Mapping[str, Sequence[Ready]]) -> Plan:
    inventory = PhoneInventory.of(item.sentence for items in ready.values() for item in items)
    frame = list(main_streams(recipe.frames.grid, AnalysisSettings(recipe.frames.mcep_order)))
    timed: list[Stream] = []
    segment: list[Stream] = []
    options = {name: resolve_options(name, given) for name, given in recipe.tasks.items()}
    for name in recipe.tasks:
        family = get_family(name)
        kind = frame if isinstance(family, AudioFamily) else timed if isinstance(family, TimedFamily) else segment
        kind.append(family.stream(name, inventory, options[name]))
    features = ContextFeatures(inventory)
    return Plan(tuple(frame), tuple(timed), tuple(segment), inventory, features, recipe.frames.grid, options)


def _report(
    work: _Work,
    corpus: Corpus,
    facts: Mapping[str, AudioFacts],
    engine: FrontEnd,
    aligned: Mapping[str, Aligned],
    ready: Mapping[str, Sequence[Ready]],
    f0_range: tuple[float, float],
) -> None:
    lengths = split_lengths(ready, work.recipe.frames.grid.shift)
    lines = [
        f"# {corpus.name}, prepared",
        "",
        seconds_summary([facts[u.id] for u in corpus]),
        *(f"* {note}" for note in corpus.notes),
        "",
        "| split | utterances | minutes |",
        "| --- | ---: | ---: |",
        *(f"| {split} | {entry['utterances']} | {entry['seconds'] / 60:.1f} |" for split, entry in lengths.items()),
        "",
        f"F0 is searched between {f0_range[0]:g} and {f0_range[1]:g} Hz.",
        "",
        "## Left out, and warnings",
        "",
        problem_table(work.problems, first=50),
        "## Alignment",
        "",
        report_alignment(aligned, work.recipe.frames.grid).to_markdown(),
    ]
    write_text(work.out / "report.md", "\n".join(lines).rstrip() + "\n")
    write_json(work.out / "problems.json", [asdict(problem) for problem in work.problems])
