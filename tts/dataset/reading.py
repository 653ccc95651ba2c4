"""Reading a corpus of one speaker or several: utterances, the check of every recording, splits, every speaker's F0 range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tts.analysis.extract import VERSION, speaker_f0_range
from tts.core.errors import TtsError, UsageError
from tts.core.files import Listed, fingerprint, read_json, write_json
from tts.corpora.checks import CHECKS_VERSION, AudioFacts, check_audio, read_checks, same_recordings, write_checks
from tts.corpora.layouts import LAYOUTS, Reader, open_layout
from tts.corpora.problems import Problem, examples, left_out
from tts.corpora.selection import select
from tts.corpora.splits import EmptySplit, Splits, make_splits
from tts.corpora.types import Corpus, CorpusSource, Utterance
from tts.dataset.preparation import Preparation
from tts.dataset.recordings import original_places, with_own_recordings
from tts.recipe import CorpusPart

SELECTION = "selection.json"  # which part of a large corpus was chosen


def read_corpus(run: Preparation, root: Path) -> tuple[Corpus, dict[str, AudioFacts]]:
    """Read the recipe's corpus in ``root`` and check its recordings; return what can be used, and facts by id.

    Several speakers lie in one folder each, and their utterances are called ``SPEAKER_ID``. Split rules that cannot be kept
    whatever the recordings are like raise :class:`UsageError`, and a limit :class:`TtsError`, before the first is opened.
    """
    part = run.recipe.corpus
    corpus = _selected(run, list_corpus(run, root))
    _choose_early(run, corpus)
    corpus = with_own_recordings(run, corpus)
    of_speaker: dict[str, list[Utterance]] = {name: [] for name in part.names}
    for utterance in corpus:
        of_speaker[utterance.speaker].append(utterance)
    facts: dict[str, AudioFacts] = {}
    for utterances in of_speaker.values():  # one by one, since what is an odd pace depends on the speaker
        if utterances:
            facts |= _check(run, replace(corpus, utterances=tuple(utterances)))
    return _usable(run, corpus, facts)


def list_corpus(run: Preparation, root: Path) -> Corpus:
    """Return every utterance of the recipe's speakers that the files in ``root`` list, without opening a recording.

    What is wrong with the others goes to ``run.problems``.
    """
    part = run.recipe.corpus
    read = run.read or open_layout(part.format)
    run.read = None  # what it saw of a large corpus is not kept
    return _read_several(run, read, root) if part.speakers else _read(run, read, part, root, part.speaker)


def _read_several(run: Preparation, read: Reader, root: Path) -> Corpus:
    """Read the utterances of all the recipe's speakers, which are called ``SPEAKER_ID``."""
    part = run.recipe.corpus
    utterances: dict[str, Utterance] = {}
    notes: dict[str, list[str]] = {}
    for name, own in part.speakers.items():
        changes = {"exclude": own.exclude or part.exclude, "text_column": own.text_column or part.text_column}
        shared = LAYOUTS[part.format].tells_speakers and own.folder is None
        folder = root if shared else root / (own.folder or name)
        if not shared and not folder.is_dir():
            raise UsageError(
                f"{folder}: there is no such folder of the speaker {name}; pass the folder above the speakers' with "
                f"--corpus-root, or name it with corpus.speakers.{name}.folder"
            )
        corpus = _read(run, read, part.model_copy(update=changes), folder, name, of_several=shared)
        for utterance in corpus:
            key = f"{name}_{utterance.id}"
            if key in utterances:
                twin = utterances[key]
                message = f"{twin.speaker}'s {twin.sentence} and {name}'s {utterance.id} would both be called {key}"
                raise UsageError(f"corpus.speakers: {message}; rename a speaker")
            utterances[key] = replace(utterance, id=key)
        for note in corpus.notes:
            notes.setdefault(note, []).append(name)
    told = (note if len(names) == len(part.speakers) > 1 else f"{', '.join(names)}: {note}" for note, names in notes.items())
    return Corpus(run.recipe.name, tuple(utterances.values()), part.licence, part.source, tuple(told))


def _usable(run: Preparation, corpus: Corpus, facts: dict[str, AudioFacts]) -> tuple[Corpus, dict[str, AudioFacts]]:
    """Return what of a corpus can be used; a recording that it has twice is warned of."""
    usable = corpus.subset({*facts})
    run.problems += original_places(run, same_recordings(usable.utterances, facts))
    return usable, facts


def _selected(run: Preparation, corpus: Corpus) -> Corpus:
    """Return the part of a corpus that the recipe asks for (``corpus.select``), and write down which it is."""
    part, path = run.recipe.corpus.select, run.out / SELECTION
    if part.hours is None and part.limit is None:
        path.unlink(missing_ok=True)  # of a run before
        return corpus
    selection = select(corpus.utterances, hours=part.hours, limit=part.limit, seed=part.seed)
    selection.save(path)
    chosen = corpus.subset({*selection.ids})
    return replace(chosen, notes=(*chosen.notes, selection.note))


def _read(run: Preparation, read: Reader, part: CorpusPart, root: Path, speaker: str, of_several: bool = False) -> Corpus:
    """Read one speaker's utterances, their ids as in the metadata; ``of_several`` share the folder."""
    corpus, problems = read(root, source_of(run.recipe.name, part, speaker, of_several))
    known = {(problem.id, problem.place) for problem in run.problems}  # a broken line is every speaker's
    run.problems += [problem for problem in problems if (problem.id, problem.place) not in known]
    return corpus


def source_of(name: str, part: CorpusPart, speaker: str, of_several: bool = False) -> CorpusSource:
    """Return what a recipe called ``name`` knows of one speaker's corpus before it is read."""
    return CorpusSource(
        name=name,
        speaker=speaker,
        language=part.language,
        licence=part.licence,
        source=part.source,
        text_column=part.text_column,
        exclude=part.exclude,
        audio=part.audio,
        file=part.file,
        columns=part.columns,
        of_several=of_several,
        part=part.part,
    )


def _check(run: Preparation, corpus: Corpus) -> dict[str, AudioFacts]:
    """Check recordings, or read what was found in them before; return facts on those that can be used."""
    part, grid = run.recipe.corpus, run.recipe.frames.grid
    channel, pace = part.channel, part.pace
    states = Listed((u.id, u.text, u.audio.stat().st_size, u.audio.stat().st_mtime_ns) for u in corpus if u.audio.is_file())
    path = run.cache / f"check-{fingerprint(CHECKS_VERSION, len(corpus), states, asdict(grid), channel, pace)}.json"
    if path.is_file():
        facts, problems = read_checks(path)
    else:
        facts, problems = check_audio(corpus.utterances, grid, channel, run.workers, pace)
        write_checks(path, facts, problems)
    run.problems += original_places(run, problems)
    return {fact.id: fact for fact in facts}


def split_corpus(run: Preparation, corpus: Corpus) -> Splits:
    """Apply the recipe's split rules, and write down what they chose."""
    splits, problems = _choose(run, corpus)
    run.problems += problems
    write_json(run.out / "splits.json", splits.to_dict())
    return splits


def _choose_early(run: Preparation, corpus: Corpus) -> None:
    """Raise what the split rules raise whatever recordings will be left out.

    So no two texts count as alike, and rules that name utterances after one that draws them are left for later: a recording
    that will be left out must not take the place of another.
    """
    part = run.recipe.split
    rules = (part.test, part.validation, part.train)
    drawn = [rule == "auto" or (isinstance(rule, Mapping) and "count" in rule) for rule in rules]
    named = [rule != "rest" and not draws for rule, draws in zip(rules, drawn, strict=True)]
    if not any(draws and any(named[place:]) for place, draws in enumerate(drawn)):
        _choose(run, replace(corpus, utterances=tuple(replace(u, text=u.id) for u in corpus)))


def _choose(run: Preparation, corpus: Corpus) -> tuple[Splits, list[Problem]]:
    part = run.recipe.split
    rules = {"test": part.test, "validation": part.validation, "train": part.train}
    try:
        splits, problems = make_splits(corpus.utterances, rules, seed=part.seed, folder=run.recipe_folder, limit=part.limit)
    except TtsError as error:  # perhaps because of what was left out before
        lost = [problem for problem in run.problems if problem.severity == "left_out"]
        short = not isinstance(error, UsageError) or isinstance(error, EmptySplit)
        if not lost or not short:
            raise
        raise type(error)(f"{error}; {len(left_out(lost))} had been left out: {examples(lost)}") from None
    speakers = {utterance.id: utterance.speaker for utterance in corpus}
    for name in run.recipe.corpus.names:
        if name not in {speakers[key] for key in splits.train}:
            raise UsageError(f"split.train: the rule {part.train!r} leaves no training utterance of the speaker {name}")
    return splits, problems


def f0_ranges(
    run: Preparation, chosen: Sequence[Utterance], splits: Splits, facts: Mapping[str, AudioFacts]
) -> dict[str, tuple[float, float]]:
    """Return the F0 range of every speaker in Hz: the recipe's, or what a first pass over training recordings finds."""
    return {
        name: run.recipe.analysis.f0_range or _f0_range(run, [u for u in chosen if u.speaker == name], splits, facts)
        for name in run.recipe.corpus.names
    }


def _f0_range(
    run: Preparation, utterances: Sequence[Utterance], splits: Splits, facts: Mapping[str, AudioFacts]
) -> tuple[float, float]:
    """Find a speaker's F0 range on training recordings; kept by their content."""
    train = set(splits.train)
    used = [u for u in utterances if u.id in train]
    channel = run.recipe.corpus.channel
    digests = [facts[u.id].digest for u in used]
    path = run.cache / f"f0-range-{fingerprint(VERSION, digests, asdict(run.recipe.frames.grid), channel)}.json"
    if not path.is_file():
        recordings = [(u.audio, channel) for u in used]
        write_json(path, speaker_f0_range(recordings, run.recipe.frames.grid, workers=run.workers))
    low, high = read_json(path)
    return float(low), float(high)
