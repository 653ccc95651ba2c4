"""``prepare``: recordings and text become a prepared corpus (:mod:`tts.dataset.prepared`).

The steps are read, check, split, text, analysis, alignment, packing. Each keeps its results by content and settings, so an
interrupted run continues where it stopped, and a changed recipe redoes only what the change concerns. An utterance that
fails anywhere is left out and listed with the reason; the others go on.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tts.alignment.labelled import labelled_sentence
from tts.analysis.extract import AnalysisJob, Extra, extracted
from tts.analysis.feature_index import FeatureIndex
from tts.analysis.mfcc import aligner_features
from tts.analysis.world import AnalysisSettings
from tts.core.copies import origin
from tts.core.errors import TtsError, UsageError
from tts.core.files import fingerprint, flush, read_json, write_json, write_text
from tts.core.folders import require_own_folder
from tts.core.lazy import LazySequence
from tts.core.locks import held
from tts.core.place import Place
from tts.core.processes import Failure
from tts.core.progress import tracked
from tts.core.provenance import environment
from tts.corpora.layouts import open_layout
from tts.corpora.types import Corpus, Utterance
from tts.dataset.aligned_file import AlignedFile
from tts.dataset.aligning import align
from tts.dataset.arrays import LEXICON, SENTENCES, arrays_name, new_arrays, remove_unused
from tts.dataset.describe import constant_features, shown_streams, speaker_facts, split_lengths, usual_silence
from tts.dataset.facts import FACTS, CorpusFacts, PreparedFacts, TextFacts, read_facts, write_facts
from tts.dataset.layout import MFCC, Layout, ReadyUtterance, Splits, make_layout
from tts.dataset.new_array import array_blocks
from tts.dataset.pack import is_whole, pack
from tts.dataset.preparation import Preparation
from tts.dataset.prepared import SPLITS, Prepared, SentenceFile, write_sentences
from tts.dataset.reading import f0_ranges, read_corpus, split_corpus
from tts.dataset.recordings import remove_unused_recordings, stored_path
from tts.dataset.report import REPORT, write_report
from tts.dataset.selecting import settle_speakers
from tts.recipe import Recipe
from tts.tasks.base import AudioFamily
from tts.tasks.registry import get_family, resolve_options
from tts.text.engine import FrontEnd, make_engine
from tts.text.lexicon import read_lexicon
from tts.text.sentence import Sentence
from tts.text.transcripts import sentences_for

log = logging.getLogger(__name__)

MARK = "recipe.json"  # what a folder is of; written first


def prepare_corpus(
    recipe: Recipe,
    recipe_folder: Path,
    root: Path,
    out: Path,
    *,
    workers: Place = None,
    device: str = "auto",
    command: str = "",
    selected: tuple[str, ...] = (),
) -> Prepared:
    """Prepare the corpus in ``root`` into the folder ``out`` and return it; see the module's text.

    ``workers`` processes analyse recordings, by default one a core; ``device`` trains the aligner; ``selected`` are changes of
    the recipe, made already, that chose the part of its corpus (:mod:`tts.dataset.selecting`). What was prepared in ``out``
    before stays as it is until all is done, and longer for those who read it. Raises :class:`UsageError` for a recipe that does
    not fit the corpus or a folder of something else, :class:`TtsError` where nothing is left to train on.
    """
    started = time.monotonic()
    for name in recipe.tasks:
        resolve_options(name, recipe.tasks[name])
    read = open_layout(recipe.corpus.format)
    recipe, settled = settle_speakers(recipe, root.resolve(), read)
    run = Preparation(recipe, recipe_folder, out, workers, device, read=read, root=root)
    lexicon = read_lexicon(run.lexicon) if run.lexicon is not None else None
    run.check_files()
    # What a speaker made of a token without a reading is not known: a guess would be learnt, so the utterance is left out.
    engine = make_engine(recipe.text.engine, recipe.corpus.language, lexicon, unreadable="fail", digits=recipe.text.digits)
    _check_folder(out, recipe)
    with held(out), _marked(out, recipe):
        _tell_replacement(out, recipe)
        content = _content(run, engine, root.resolve())
        arrays = _store_arrays(run, content, engine)
        facts = _facts(run, content, engine, arrays)
        seconds = _stored_seconds(out, arrays) or round(time.monotonic() - started, 1)
        flush()  # the arrays, before the file that names them
        write_facts(out, facts.model_copy(update={"command": command, "seconds": seconds, "selected": (*selected, *settled)}))
        remove_unused(out, arrays)
        remove_unused_recordings(run, arrays)
        return Prepared(out)


@contextmanager
def _marked(out: Path, recipe: Recipe) -> Iterator[None]:
    """Mark a folder as the recipe's; one in which nothing came to be is left without the mark."""
    fresh = not (out / MARK).is_file()
    write_json(out / MARK, recipe.model_dump(mode="json"))
    try:
        yield
    except BaseException:
        if fresh and {path.name for path in out.iterdir() if not path.name.startswith(".")} == {MARK}:
            (out / MARK).unlink()
        raise


def _tell_replacement(out: Path, recipe: Recipe) -> None:
    """Warn where what was prepared in a folder before will be replaced by what other settings make."""
    if not (out / FACTS).is_file():
        return
    try:
        stored = Prepared(out).recipe
    except TtsError:
        return  # damaged: it is made anew
    parts = ("corpus", "split", "text", "frames", "alignment", "analysis", "cleaning")
    if changed := [name for name in parts if getattr(recipe, name) != getattr(stored, name)]:
        log.warning(
            "%s: the recipe has changed (%s), so what was prepared here is replaced at the end; voices trained on it keep "
            "speaking, but are evaluated on a preparation like theirs: --out keeps both",
            *(out, ", ".join(changed)),
        )


@dataclass(frozen=True)
class _Content:
    """All that was found out about a corpus, ready to be packed."""

    root: Path
    corpus: Corpus
    chosen: tuple[Utterance, ...]  # those of the splits
    splits: Splits
    layout: Layout
    identities: Mapping[str, str]
    f0_ranges: Mapping[str, tuple[float, float]]


def _content(run: Preparation, engine: FrontEnd, root: Path) -> _Content:
    """Go through all steps but packing, and write the report."""
    names = run.recipe.corpus.names
    corpus, audio = read_corpus(run, root)
    rules = split_corpus(run, corpus)
    ids = {split: getattr(rules, split) for split in SPLITS}
    wanted = {key for keys in ids.values() for key in keys}
    chosen = tuple(u for u in corpus if u.id in wanted)
    sentences = _sentences(run, engine, chosen)
    ranges = f0_ranges(run, chosen, rules, audio)
    features = _analyse(run, [u for u in chosen if u.id in sentences], ranges)
    aligned = align(run, sentences, features, rules) if any(key in features for key in ids["train"]) else None
    speaker_of = {u.id: names.index(u.speaker) for u in chosen}
    splits = {split: _ready(keys, aligned, features, speaker_of) for split, keys in ids.items()}
    write_report(run, corpus, audio, aligned or {}, splits, ranges)
    _check_complete(run, splits, analysed=bool(features))
    layout = make_layout(run.recipe, splits, run.questions)
    return _Content(root, corpus, chosen, splits, layout, layout.identities(splits), ranges)


def _ready(
    keys: Sequence[str], aligned: AlignedFile | None, features: FeatureIndex, speaker_of: Mapping[str, int]
) -> Sequence[ReadyUtterance]:
    """Return those utterances of a split that were aligned; each is made when it is asked for, and reads what is on disk."""
    if aligned is None:
        return ()
    done = [key for key in keys if key in aligned]

    def ready(number: int) -> ReadyUtterance:
        key = done[number]
        return ReadyUtterance(key, features[key], aligned.segments(key), partial(aligned.__getitem__, key), speaker_of[key])

    return LazySequence(len(done), ready)


def _check_complete(run: Preparation, splits: Splits, analysed: bool) -> None:
    """Raise :class:`TtsError` where a split, or a speaker's training speech, is empty."""
    report = f"see {run.out / REPORT} for the reasons"
    if not analysed:
        reasons = "; ".join(str(problem) for problem in run.problems[-3:])
        raise TtsError(f"no recording could be analysed; the last reasons: {reasons}")
    for split, items in splits.items():
        if not items:
            raise TtsError(f"no utterance of the {split} split is left; {report}")
    for number, name in enumerate(run.recipe.corpus.names):
        if not any(item.speaker == number for item in splits["train"]):
            raise TtsError(f"no training utterance of the speaker {name} is left; {report}")


def _store_arrays(run: Preparation, content: _Content, engine: FrontEnd) -> str:
    """Pack the content into a folder of its own, unless it is there already, and return the folder's name."""
    lexicon = run.lexicon.read_text(encoding="utf-8") if run.lexicon is not None else None
    name = arrays_name(content.identities, engine.identity(), lexicon)
    folder = run.out / name
    if is_whole(folder, content.splits, content.layout):
        return name
    shutil.rmtree(folder, ignore_errors=True)  # damaged
    with new_arrays(folder) as fresh:
        pack(content.splits, content.layout, fresh)
        items = (item for items in content.splits.values() for item in items)
        write_sentences(fresh / SENTENCES, ((item.id, item.sentence) for item in items))
        if lexicon is not None:
            write_text(fresh / LEXICON, lexicon)
    return name


def _stored_seconds(out: Path, arrays: str) -> float | None:
    """Return how long the same content took before; None where this is the first time, or that cannot be read."""
    try:
        stored = read_facts(out) if (out / FACTS).is_file() else None
    except TtsError:
        return None
    return stored.seconds if stored is not None and stored.arrays == arrays else None


def _facts(run: Preparation, content: _Content, engine: FrontEnd, arrays: str) -> PreparedFacts:
    """Return what is known of the content; how it was made is filled in by the caller."""
    recipe, splits, layout = run.recipe, content.splits, content.layout
    lengths = split_lengths(splits, recipe.frames.grid.shift)
    speakers, speaker_of = speaker_facts(recipe, splits, content.f0_ranges)
    low, high = zip(*content.f0_ranges.values(), strict=True)
    corpus = CorpusFacts(
        name=content.corpus.name,
        root=origin(content.root),
        licence=content.corpus.licence,
        source=content.corpus.source,
        speaker=", ".join(recipe.corpus.names),
        consent=recipe.corpus.consent,
        **lengths["train"].model_dump(),
    )
    return PreparedFacts(
        fingerprint=fingerprint(content.identities),
        identities=dict(content.identities),
        arrays=arrays,
        recipe=recipe.for_speech(lengths["train"].seconds).model_dump(mode="json"),
        corpus=corpus,
        grid=recipe.frames.grid,
        frame_streams=layout.frame_streams,
        segment_streams=layout.segment_streams,
        shown=shown_streams(layout),
        features=layout.features,
        states=splits["train"][0].alignment.states,
        text=TextFacts(engine=recipe.text.engine, language=recipe.corpus.language, identity=engine.identity()),
        silence=usual_silence(splits["train"]),
        constant_features=constant_features(array_blocks(run.out / arrays / "train" / "vectors.npy")),
        f0_range=(min(low), max(high)),
        splits=lengths,
        audio={u.id: stored_path(run, u.audio) for u in content.chosen},
        texts={u.id: u.text for u in content.chosen},
        channel=recipe.corpus.channel,
        speakers=speakers,
        speaker_of=speaker_of,
        made_with=environment(),
    )


def _check_folder(out: Path, recipe: Recipe) -> None:
    """Raise :class:`UsageError` where ``out`` holds anything but this recipe's prepared corpus."""
    mark = out / MARK
    require_own_folder(out, "tts prepare", mark=mark)
    if mark.is_file():
        stored = read_json(mark)
        name = stored.get("name") if isinstance(stored, dict) else None
        if name != recipe.name:
            raise UsageError(f"{out}: holds the prepared corpus of recipe {name}; choose another --out")


def _sentences(run: Preparation, engine: FrontEnd, chosen: Sequence[Utterance]) -> Mapping[str, Sentence]:
    if run.recipe.text.source == "labels":
        path = run.cache / "text" / "labels.jsonl"
        write_sentences(path, _labelled_sentences(run, chosen))
        return SentenceFile(path)
    sentences, failed = sentences_for(chosen, engine, run.cache / "text")
    for key, message in failed:
        run.leave_out(key, "pronunciation", message, "text")
    return sentences


def _labelled_sentences(run: Preparation, chosen: Sequence[Utterance]) -> Iterator[tuple[str, Sentence]]:
    """Yield what the label files say, by id; utterances without a file that can be read are left out."""
    for utterance in tracked(chosen, "labels", len(chosen)):
        path = run.label_path(utterance.id)
        assert path is not None
        try:
            yield utterance.id, labelled_sentence(path, run.phone_names, utterance.text, utterance.language)
        except TtsError as error:
            run.leave_out(utterance.id, "labels", str(error), str(path))


def _analyse(run: Preparation, chosen: Sequence[Utterance], ranges: Mapping[str, tuple[float, float]]) -> FeatureIndex:
    """Analyse recordings; return where the streams of each lie, by id, for those that could be analysed."""
    recipe = run.recipe
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)
    extras = [Extra(MFCC, aligner_features)]
    for name, given in recipe.tasks.items():
        family = get_family(name)
        if isinstance(family, AudioFamily):
            extras.append(Extra(name, family.extract, resolve_options(name, given), family.version))
    grid, channel = recipe.frames.grid, recipe.corpus.channel
    features = run.given_features

    def job(number: int) -> AnalysisJob:
        u = chosen[number]
        return AnalysisJob(u.id, u.audio, grid, ranges[u.speaker], settings, tuple(extras), channel, features)

    analysed, failed = FeatureIndex(), dict[int, str]()
    for number, result in extracted(LazySequence(len(chosen), job), run.cache, workers=run.workers):
        if isinstance(result, Failure):
            failed[number] = result.message
        else:
            analysed.add(result)
    for number, message in sorted(failed.items()):
        run.leave_out(chosen[number].id, "analysis", message, str(chosen[number].audio))
    return analysed
