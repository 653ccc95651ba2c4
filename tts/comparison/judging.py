"""What independent judges say of the speech of a comparison's systems, beside the recordings and their copy synthesis.

The speech of every system's first seed is judged on the test utterances, which nobody chose a setting on. The opinions lie
beside the wavs (:mod:`tts.evaluation.judges`), so a comparison that goes on asks for new speech only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tts.comparison.results import JudgedScore, JudgedSpeech, Judges
from tts.dataset.prepared import Prepared
from tts.evaluation.judges import judge_versions, require_judges
from tts.evaluation.scores import Scores
from tts.evaluation.speech import JUDGED, ask_judges
from tts.evaluation.statistics import paired_bootstrap, score_interval

REFERENCES = ("natural", "copy")


def judge_speech(
    prepared: Prepared, folder: Path, systems: Sequence[str], baseline: str, *, workers: int | None = None
) -> Judges | None:
    """Return the judges' scores of ``folder/wavs/SOURCE/ID.wav``: natural, copy and every one of ``systems`` that spoke.

    A system counts that spoke the whole test split; each is compared with the ``baseline``, utterance by utterance. None where
    no system did. Raises :class:`UsageError` where a judge is not installed.
    """
    ids = prepared.packed("test").ids
    wavs = {name: {key: folder / "wavs" / name / f"{key}.wav" for key in ids} for name in (*REFERENCES, *systems)}
    wavs = {name: files for name, files in wavs.items() if all(path.is_file() for path in files.values())}
    if not {*wavs} & {*systems}:
        return None
    words = require_judges(prepared.facts.text.language)
    texts = {key: " ".join(word.text for word in prepared.sentences[key].words) for key in ids}
    judgement = ask_judges(texts, wavs, words=words, workers=workers)
    names = [name for name in JUDGED if words or name != "wrong_words"]
    speech = tuple(
        JudgedSpeech(
            source=source,
            scores={name: _score(own, name) for name in names},
            differences={
                name: _difference(own, judgement.scores[baseline], name)
                for name in names
                if source in systems and source != baseline and baseline in judgement.scores
            },
        )
        for source, own in judgement.scores.items()
        if own
    )
    utterances = len(ids) - len(judgement.failed)
    return Judges(versions=judge_versions(words), utterances=utterances, failed=dict(judgement.failed), speech=speech)


def _score(scores: Mapping[str, Scores], name: str) -> JudgedScore:
    interval = score_interval(scores, name)
    return JudgedScore(mean=interval.estimate, low=interval.low, high=interval.high)


def _difference(scores: Mapping[str, Scores], baseline: Mapping[str, Scores], name: str) -> JudgedScore:
    """Return how much more a system has of a score than the baseline, with its interval over the utterances that both spoke."""
    interval = paired_bootstrap({1: scores}, {1: baseline}, name).interval
    return JudgedScore(mean=interval.estimate, low=interval.low, high=interval.high)
