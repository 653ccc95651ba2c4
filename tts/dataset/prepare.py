"""``prepare``: recordings and text become a prepared corpus (:mod:`tts.dataset.prepared`).

The steps are read, check, split, text, analysis, alignment, packing. Each keeps its results by content and settings, so an
interrupted run continues where it stopped, and a changed recipe redoes only what the change concerns. An utterance that
fails anywhere is left out and listed with the reason; the others go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tts.alignment.fit_report import report_alignment
from tts.alignment.hmm import Aligned
from tts.analysis.extract import AnalysisJob, Extra, Features, extract
from tts.analysis.mfcc import mfcc
from tts.analysis.world import AnalysisSettings
from tts.analysis.world import streams as main_streams
from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint, held, read_json, write_json, write_text
from tts.core.processes import Failure
from tts.core.provenance import environment
from tts.core.stream import Stream
from tts.corpora.checks import AudioFacts, seconds_summary
from tts.corpora.problems import problem_table, write_problems
from tts.corpora.types import Corpus, Utterance
from tts.dataset.aligning import align
from tts.dataset.facts import FACTS, CorpusFacts, PreparedFacts, SpeakerFacts, TextFacts, read_facts, write_facts
from tts.dataset.pack import (
    MFCC,
    Layout,
    Ready,
    constant_features,
    identities,
    pack,
    ready_utterances,
    shown_streams,
    split_lengths,
    usual_silence,
)
from tts.dataset.prepared import SPLITS, Prepared, write_sentences
from tts.dataset.reading import f0_ranges, read_corpus, split_corpus
from tts.dataset.work import Work
from tts.recipe import Recipe
from tts.tasks.base import AudioFamily, SpeakerFamily, TimedFamily, get_family, resolve_options
from tts.text.engine import FrontEnd, make_engine
from tts.text.features import ContextFeatures
from tts.text.lexicon import read_lexicon
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence
from tts.text.transcripts import sentences_for

ARRAYS = "packed"

log = logging.getLogger(__name__)


def prepare_corpus(
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
    work = Work(recipe, recipe_folder, out, workers, device)
    engine = make_engine(recipe.text.engine, recipe.corpus.language, _lexicon(work))
    _check_folder(out, recipe)
    with held(out):
        write_json(out / "recipe.json", recipe.model_dump(mode="json"))
        return _prepare(work, engine, root, command, started)


def _prepare(work: Work, engine: FrontEnd, root: Path, command: str, started: float) -> Prepared:
    recipe, out = work.recipe, work.out
    corpus, facts = read_corpus(work, root)
    splits = split_corpus(work, corpus)
    chosen = [u for u in corpus if u.id in {*splits.train, *splits.validation, *splits.test}]
    sentences = _sentences(work, engine, chosen)
    ranges = f0_ranges(work, chosen, splits, facts)
    features = _analyse(work, [u for u in chosen if u.id in sentences], ranges)
    if not any(key in features for key in splits.train):
        reasons = "; ".join(str(problem) for problem in work.problems[-3:])
        raise TtsError(f"no training recording could be analysed; the last reasons: {reasons}")
    aligned = align(work, sentences, features, splits)
    spoken = {key: item.sentence for key, item in aligned.items()}
    alignments = {key: item.alignment for key, item in aligned.items()}
    speaker_of = {u.id: recipe.corpus.names.index(u.speaker) for u in chosen}
    ready = {
        split: list(ready_utterances(getattr(splits, split), spoken, alignments, features, speaker_of)) for split in SPLITS
    }
    for split, items in ready.items():
        if not items:
            raise TtsError(f"no utterance of the {split} split is left; see {out / 'report.md'} for the reasons")
    for number, name in enumerate(recipe.corpus.names):
        if not any(item.speaker == number for item in ready["train"]):
            raise TtsError(f"no training utterance of the speaker {name} is left; see {out / 'report.md'} for the reasons")

    plan = _plan(recipe, ready)
    parts = identities(ready, plan)
    identity = fingerprint(parts)
    _report(work, corpus, facts, engine, aligned, ready, ranges)
    seconds = round(time.monotonic() - started, 1)
    stored = _stored_facts(out)
    if stored is not None and stored.fingerprint == identity and stored.arrays == ARRAYS:
        seconds = stored.seconds
    else:
        (out / FACTS).unlink(missing_ok=True)  # interrupted from here on, the folder is unfinished and says so
        pack(ready, plan, out / ARRAYS)
        seconds = round(time.monotonic() - started, 1)
    if (lexicon := _lexicon_path(work)) is not None:
        write_text(out / "lexicon.txt", lexicon.read_text(encoding="utf-8"))
    else:
        (out / "lexicon.txt").unlink(missing_ok=True)
    write_text(out / "sentences.jsonl", write_sentences([(i.id, i.sentence) for items in ready.values() for i in items]))
    lengths = split_lengths(ready, recipe.frames.grid.shift)
    facts_ = PreparedFacts(
        fingerprint=identity,
        identities=parts,
        arrays=ARRAYS,
        recipe=recipe.model_dump(mode="json"),
        corpus=CorpusFacts(
            name=corpus.name,
            root=str(root),
            licence=corpus.licence,
            source=corpus.source,
            speaker=", ".join(recipe.corpus.names),
            **lengths["train"].model_dump(),
        ),
        grid=recipe.frames.grid,
        frame_streams=plan.streams,
        segment_streams=plan.segment_streams,
        shown=shown_streams(plan),
        features=plan.features,
        states=ready["train"][0].alignment.states,
        text=TextFacts(engine=recipe.text.engine, language=recipe.corpus.language, identity=engine.identity()),
        silence=usual_silence(ready["train"]),
        constant_features=constant_features(np.load(out / ARRAYS / "train" / "vectors.npy", mmap_mode="r")),
        f0_range=(min(low for low, _ in ranges.values()), max(high for _, high in ranges.values())),
        splits=lengths,
        audio={u.id: str(u.audio) for u in chosen},
        texts={u.id: u.text for u in chosen},
        channel=recipe.corpus.channel,
        speakers=_speakers(recipe, ready, ranges),
        speaker_of=_speaker_of(recipe, ready),
        command=command,
        seconds=seconds,
        made_with=environment(),
    )
    write_facts(out, facts_)
    return Prepared(out)


def _stored_facts(out: Path) -> PreparedFacts | None:
    """Return what is known of an earlier preparation in the folder; None where there is none, or a damaged one."""
    try:
        return read_facts(out) if (out / FACTS).is_file() else None
    except TtsError:
        return None


def _speakers(
    recipe: Recipe, ready: Mapping[str, Sequence[Ready]], ranges: Mapping[str, tuple[float, float]]
) -> tuple[SpeakerFacts, ...]:
    """Return what is known of every speaker, in order; nothing where there is one alone."""
    speakers = []
    for number, name in enumerate(recipe.corpus.names if recipe.corpus.speakers else ()):
        own = {split: [item for item in items if item.speaker == number] for split, items in ready.items()}
        lengths = split_lengths(own, recipe.frames.grid.shift)
        silence = usual_silence(own["train"])
        speakers.append(SpeakerFacts(name=name, f0_range=ranges[name], silence=silence, splits=lengths))
    return tuple(speakers)


def _speaker_of(recipe: Recipe, ready: Mapping[str, Sequence[Ready]]) -> dict[str, str]:
    """Return who speaks every utterance; nothing where there is one speaker alone."""
    if not recipe.corpus.speakers:
        return {}
    return {item.id: recipe.corpus.names[item.speaker] for items in ready.values() for item in items}


def _check_folder(out: Path, recipe: Recipe) -> None:
    """Raise :class:`UsageError` where ``out`` holds anything but this recipe's prepared corpus."""
    mark = out / "recipe.json"
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; --out names a folder")
    if mark.is_file():
        name = read_json(mark).get("name")
        if name != recipe.name:
            raise UsageError(f"{out}: holds the prepared corpus of recipe {name}; choose another --out")
    elif out.exists() and any(not path.name.startswith(".") for path in out.iterdir()):
        raise UsageError(f"{out}: exists and was not made by tts prepare; choose another --out")


def _lexicon_path(work: Work) -> Path | None:
    name = work.recipe.text.lexicon
    return work.recipe_folder / name if name else None


def _lexicon(work: Work) -> Mapping[str, Sequence[str]] | None:
    path = _lexicon_path(work)
    return read_lexicon(path) if path is not None else None


def _sentences(work: Work, engine: FrontEnd, chosen: Sequence[Utterance]) -> dict[str, Sentence]:
    sentences, failed = sentences_for(chosen, engine, work.cache / "text")
    for key, message in failed:
        work.drop(key, "pronunciation", message, "text")
    return sentences


def _analyse(work: Work, chosen: Sequence[Utterance], ranges: Mapping[str, tuple[float, float]]) -> dict[str, Features]:
    recipe = work.recipe
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)
    extras = [Extra(MFCC, mfcc)]
    for name, given in recipe.tasks.items():
        family = get_family(name)
        if isinstance(family, AudioFamily):
            extras.append(Extra(name, family.extract, resolve_options(name, given)))
    grid, channel = recipe.frames.grid, recipe.corpus.channel
    jobs = [AnalysisJob(u.id, u.audio, grid, ranges[u.speaker], settings, tuple(extras), channel) for u in chosen]
    found: dict[str, Features] = {}
    for utterance, result in zip(chosen, extract(jobs, work.cache, workers=work.workers), strict=True):
        if isinstance(result, Failure):
            work.drop(utterance.id, "analysis", result.message, str(utterance.audio))
        else:
            found[utterance.id] = result
    return found


def _plan(recipe: Recipe, ready: Mapping[str, Sequence[Ready]]) -> Layout:
    inventory = PhoneInventory.of(item.sentence for items in ready.values() for item in items)
    frame = list(main_streams(recipe.frames.grid, AnalysisSettings(recipe.frames.mcep_order)))
    timed: list[Stream] = []
    segment: list[Stream] = []
    options = {name: resolve_options(name, given) for name, given in recipe.tasks.items()}
    speakers = recipe.corpus.names if len(recipe.corpus.names) > 1 else ()
    for name in recipe.tasks:
        family = get_family(name)
        if isinstance(family, SpeakerFamily):
            segment.append(family.stream_of(name, speakers))
            continue
        kind = frame if isinstance(family, AudioFamily) else timed if isinstance(family, TimedFamily) else segment
        kind.append(family.stream(name, inventory, options[name]))
    features = ContextFeatures(inventory)
    return Layout(tuple(frame), tuple(timed), tuple(segment), inventory, features, recipe.frames.grid, options, speakers)


def _speaker_table(recipe: Recipe, ready: Mapping[str, Sequence[Ready]]) -> list[str]:
    """Return utterances by speaker and split as lines of Markdown; nothing where there is one speaker."""
    names = recipe.corpus.names
    if len(names) == 1:
        return []
    lines = [f"| speaker | {' | '.join(ready)} |", f"| --- |{' ---: |' * len(ready)}"]
    for number, name in enumerate(names):
        counts = [sum(item.speaker == number for item in items) for items in ready.values()]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
    return [*lines, ""]


def _report(
    work: Work,
    corpus: Corpus,
    facts: Mapping[str, AudioFacts],
    engine: FrontEnd,
    aligned: Mapping[str, Aligned],
    ready: Mapping[str, Sequence[Ready]],
    ranges: Mapping[str, tuple[float, float]],
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
        *(f"| {split} | {entry.utterances} | {entry.seconds / 60:.1f} |" for split, entry in lengths.items()),
        "",
        *_speaker_table(work.recipe, ready),
        *(
            f"F0{f' of {name}' if len(ranges) > 1 else ''} is searched between {low:g} and {high:g} Hz."
            for name, (low, high) in ranges.items()
        ),
        "",
        "## Left out, and warnings",
        "",
        problem_table(work.problems, first=50),
        "## Alignment",
        "",
        report_alignment(aligned, work.recipe.frames.grid).to_markdown(),
    ]
    write_text(work.out / "report.md", "\n".join(lines).rstrip() + "\n")
    write_problems(work.out / "problems.json", work.problems)
