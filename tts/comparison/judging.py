"""What independent judges say of the speech of a comparison's systems, beside the recordings and their copy synthesis.

The speech of every system's first seed, or of every seed (``comparison.judged_seeds: all``), is judged on the test utterances,
which nobody chose a setting on. The opinions lie beside the wavs (:mod:`tts.evaluation.judges`), so a comparison that goes on
asks for new speech only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tts.comparison.records import JobRecord, read_record
from tts.comparison.results import JudgedPair, JudgedScore, JudgedSpeech, Judges
from tts.core.place import Place
from tts.dataset.prepared import Prepared
from tts.evaluation.judges import judge_versions, require_judges
from tts.evaluation.speech import JUDGED, ask_judges
from tts.evaluation.statistics import ConfidenceInterval, Runs, mean_interval, paired_bootstrap

REFERENCES = ("natural", "copy")


def judge_speech(
    prepared: Prepared,
    folder: Path,
    systems: Sequence[str],
    baseline: str,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    ids: Sequence[str] | None = None,
    seeds: Mapping[str, Collection[int]] | None = None,
    workers: Place = None,
) -> Judges | None:
    """Return the judges' scores of ``folder/wavs/SOURCE/ID.wav``: natural, copy and every one of ``systems`` that spoke.

    Further seeds of a system lie in ``seed-N`` within its folder. A seed counts that spoke all of ``ids``, by default the test
    split, and is one of its system's ``seeds``, by default all whose speech is there (0: one that no record names). Each system
    is compared with the ``baseline``, utterance by utterance and seed by seed; where no seed of both spoke, it is not. So is
    the first of each of ``pairs`` with the second, say a candidate with its control. None where no system spoke. Raises
    :class:`UsageError` where a judge is not installed.
    """
    ids = prepared.packed("test").ids if ids is None else ids
    first = {name: seed_of_speech(folder, name) or 0 for name in systems}
    speech = {name: _spoken(folder / "wavs" / name, ids, first.get(name, 0)) for name in (*REFERENCES, *systems)}
    if seeds is not None:  # speech of other seeds may lie there from an earlier command
        for name in systems:
            speech[name] = {seed: files for seed, files in speech[name].items() if seed in seeds[name]}
    speech = {name: runs for name, runs in speech.items() if runs}
    if not {*speech} & {*systems}:
        return None
    words = require_judges(prepared.facts.text.language)
    texts = {key: " ".join(word.text for word in prepared.sentences[key].words) for key in ids}
    wavs = {_named(name, seed): files for name, runs in speech.items() for seed, files in runs.items()}
    judgement = ask_judges(texts, wavs, words=words, workers=workers)
    judged = {name: {seed: judgement.scores[_named(name, seed)] for seed in runs} for name, runs in speech.items()}
    names = [name for name in JUDGED if words or name != "wrong_words"]
    utterances = len(ids) - len(judgement.failed)
    rows = tuple(
        JudgedSpeech(
            source=source,
            seeds=len(runs),
            scores={name: _score(mean_interval(runs, name)) for name in names},
            differences=_differences(judged, source, baseline, names) if source in systems else {},
        )
        for source, runs in judged.items()
        if utterances
    )
    return Judges(
        versions=judge_versions(words),
        utterances=utterances,
        failed=dict(judgement.failed),
        speech=rows,
        pairs=tuple(_pairs(judged, pairs, names)) if utterances else (),
    )


def seed_of_speech(folder: Path, system: str) -> int | None:
    """Return the seed whose speech lies in ``folder/wavs/SYSTEM`` itself; None where no record tells.

    It is the one that spoke and has no folder within. Where an earlier version let a lower seed speak over another one's, the
    lowest did.
    """
    records = (read_record(path, JobRecord) for path in (folder / "scores" / system).glob("seed-*.json"))
    spoke = [record for record in records if record is not None and record.spoken]
    return min((one.seed for one in spoke if not (folder / "wavs" / system / one.run).is_dir()), default=None)


def seeds_to_judge(folder: Path, systems: Sequence[str], others: Sequence[int] = ()) -> dict[str, set[int]]:
    """Return by system the seed that people hear (:func:`seed_of_speech`; 0 where no record names it), and ``others``."""
    return {name: {seed_of_speech(folder, name) or 0, *others} for name in systems}


def _spoken(folder: Path, ids: Sequence[str], first: int) -> dict[int, dict[str, Path]]:
    """Return the wavs by seed, ``first`` the one whose lie in the folder itself, and utterance; only seeds that spoke all."""
    others = {int(path.name.removeprefix("seed-")): path for path in folder.glob("seed-*") if path.name[5:].isdigit()}
    runs = {seed: {key: place / f"{key}.wav" for key in ids} for seed, place in sorted({first: folder, **others}.items())}
    return {seed: files for seed, files in runs.items() if ids and all(path.is_file() for path in files.values())}


def _named(source: str, seed: int) -> str:
    return f"{source}/seed-{seed}" if seed else source


def _score(interval: ConfidenceInterval) -> JudgedScore:
    return JudgedScore(mean=interval.estimate, low=interval.low, high=interval.high)


def _pairs(judged: Mapping[str, Runs], pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> Iterator[JudgedPair]:
    for system, against in pairs:
        differences = _differences(judged, system, against, names)
        if differences:
            seeds = len({*judged[system]} & {*judged[against]})
            yield JudgedPair(system=system, against=against, seeds=seeds, differences=differences)


def _differences(judged: Mapping[str, Runs], system: str, against: str, names: Sequence[str]) -> dict[str, JudgedScore]:
    """Return by score how much more a system has than another, with intervals over seeds and utterances; of common seeds."""
    ours, theirs = judged.get(system, {}), judged.get(against, {})
    seeds = [seed for seed in ours if seed in theirs] if system != against else []
    if not seeds:
        return {}
    runs, others = {seed: ours[seed] for seed in seeds}, {seed: theirs[seed] for seed in seeds}
    return {name: _score(paired_bootstrap(runs, others, name).interval) for name in names}
