"""How good is a voice: its scores on the test split, the recogniser's word errors, wavs and pictures to judge by.

Objective scores are Merlin's, on natural durations, before any post-filter, with the silence before and after speech left
out; durations are scored apart. What people listen to is made with predicted durations and the voice's own post-filter.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import read_audio
from tts.core.errors import TtsError, UsageError
from tts.core.files import write_json, write_text
from tts.core.grid import FrameGrid
from tts.core.locks import held
from tts.core.pictures import require_pictures
from tts.core.progress import tracked
from tts.core.provenance import environment
from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.card_table import card_table, heard_dict
from tts.evaluation.heard import measure_heard
from tts.evaluation.judges import judge_versions, require_judges
from tts.evaluation.metrics import duration_sums
from tts.evaluation.pictures import LabelledSignal, draw_global_variance, draw_spectrograms, draw_trajectories
from tts.evaluation.recogniser import require_recogniser
from tts.evaluation.scores import Scores, pool, score_utterance
from tts.evaluation.speech import KINDS, Wavs, ask_judges, choose_examples, recognise, speaker_for, write_speech
from tts.evaluation.statistics import Utterances, score_interval
from tts.evaluation.tables import ScoreSettings, format_interval, report_dict, score_table, worst_utterances
from tts.generation.card import voice_card
from tts.generation.mlpg import generate
from tts.generation.summary import SUMMARY, read_summary
from tts.generation.voice import Voice
from tts.text.sentence import Sentence

log = logging.getLogger(__name__)

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error", "duration_rmse", "duration_correlation")
SMOOTHNESS = ("gv_mcep", "gv_lf0", "modulation")
STEP = 16  # utterances generated together
OTHER_PREPARATION = (
    "not the preparation that the voice was trained on: if the corpus was split anew, training sentences are among those scored"
)


@dataclass(frozen=True)
class EvaluatedUtterance:
    """One utterance of the split with what the voice made of it, on natural durations."""

    id: str
    sentence: Sentence
    durations: np.ndarray
    natural: dict[str, np.ndarray]
    generated: dict[str, np.ndarray]
    scores: Scores
    speaker: str = ""


@dataclass(frozen=True)
class EvaluationOptions:
    """What is scored, and by whom.

    ``words`` adds the recogniser's word error rate on natural, copy-synthesised and synthetic speech, ``judges`` what models of
    listeners say of the same and what is measured of its sound; ``wavs`` is how many utterances, spread over the split, become
    wavs (with ``words`` or ``judges``, all).
    """

    split: str = "test"
    words: bool = False
    judges: bool = False
    wavs: int = 4


@dataclass(frozen=True)
class Evaluation:
    """The scores of a voice: ``result`` as in ``scores.json``, ``text`` as in ``scores.md``.

    ``pooled`` are those of the whole split, ``shown`` the utterances that pictures are made of, with their ``wavs``.
    """

    result: dict[str, Any]
    text: str
    pooled: Scores
    shown: Sequence[EvaluatedUtterance]
    wavs: Wavs


def score_settings(prepared: Prepared) -> ScoreSettings:
    """Return what scores on a prepared corpus depend on."""
    grid = prepared.grid
    return ScoreSettings(grid.sample_rate, grid.shift_ms, prepared.streams["mcep"].dimension - 1, grid.alpha)


def generate_split(voice: Voice, prepared: Prepared, split: str) -> Iterator[EvaluatedUtterance]:
    """Generate every utterance of a split on its natural durations and score it; durations are predicted and scored apart.

    One after the other, in the order of the split, so that a large split takes no more memory than a small one. Of a corpus of
    several speakers only the utterances of those that the voice has; :class:`UsageError` where it has none.
    """
    packed = prepared.packed(split)
    speakers = {number: speaker_for(voice, prepared, key) for number, key in enumerate(packed.ids)}
    known = {number: speaker for number, speaker in speakers.items() if speaker is not None}
    if not known:
        has = ", ".join(voice.speakers)
        raise UsageError(f"{prepared.folder}: the voice speaks as {has}, the corpus has {', '.join(prepared.speakers)}")
    if len(known) < len(speakers):
        missing = len(speakers) - len(known)
        log.warning("%d of %d utterances are not scored, the voice has not their speaker", missing, len(speakers))
    return _generated(voice, prepared, packed, known, f"scoring {split}")


def _generated(
    voice: Voice, prepared: Prepared, packed: Packed, speakers: Mapping[int, str], label: str
) -> Iterator[EvaluatedUtterance]:
    """Yield the utterances whose numbers are the keys of ``speakers``."""
    scored = list(speakers)
    for first in tracked(range(0, len(scored), STEP), label, -(-len(scored) // STEP)):
        numbers = scored[first : first + STEP]
        sentences = [_sentence(prepared, packed.ids[n]) for n in numbers]
        who = [voice.speaker_number(speakers[n]) for n in numbers]
        predicted = voice.acoustics(sentences, [packed.durations_of(n) for n in numbers], who)
        durations = voice.durations(sentences, who)
        for n, sentence, acoustics, frames in zip(numbers, sentences, predicted, durations, strict=True):
            generated = generate(acoustics, voice.variances, voice.streams, packed.counted_frames(n))
            item = _scored(voice, packed, n, sentence, generated, frames)
            yield replace(item, speaker=prepared.speaker_of(item.id))


def _scored(
    voice: Voice, packed: Packed, number: int, sentence: Sentence, generated: dict[str, np.ndarray], frames: np.ndarray
) -> EvaluatedUtterance:
    natural = packed.utterance(number)
    durations = packed.durations_of(number)
    scores = score_utterance(natural, generated, packed.counted_frames(number), voice.grid.shift)
    spoken = np.array([not segment.silent for segment in sentence.segments])
    scores = scores.with_sums(duration_sums(durations, frames, spoken))
    return EvaluatedUtterance(packed.ids[number], sentence, durations, natural, generated, scores)


def _sentence(prepared: Prepared, key: str) -> Sentence:
    try:
        return prepared.sentences[key]
    except KeyError:
        raise TtsError(f"{prepared.arrays}: has no sentence of {key}; run tts prepare again") from None


def check_match(voice: Voice, prepared: Prepared) -> bool:
    """Return whether this is the very preparation that the voice was trained on; if not, log a warning.

    Raises :class:`UsageError` unless the voice can be scored on it: same grid, same states, same mel-cepstrum.
    """
    if _shape(voice) != _shape(prepared):
        raise UsageError(
            f"{prepared.folder}: prepared at {_shape(prepared)}; the voice is at {_shape(voice)}; prepare the corpus alike"
        )
    same = voice.config.prepared == prepared.basis
    if not same:
        log.warning("%s: %s", prepared.folder, OTHER_PREPARATION)
    return same


def _shape(thing: Voice | Prepared) -> str:
    grid, order = thing.grid, thing.streams["mcep"].dimension - 1
    return (
        f"{grid.sample_rate} Hz, {grid.shift_ms:g} ms, warping {grid.alpha:g}, mel-cepstrum of order {order}, "
        f"{thing.states} states"
    )


def evaluate_voice(
    voice: Voice,
    prepared: Prepared,
    out: Path,
    options: EvaluationOptions = EvaluationOptions(),
    *,
    workers: int | None = None,
    command: str = "",
) -> Evaluation:
    """Score a voice and leave ``scores.json``, ``scores.md`` and wavs in ``out``.

    ``command`` is the command line that asked for it, which the scores state; ``workers`` as in
    :func:`tts.core.processes.parallel_map`.
    """
    split = options.split
    judged_words = options.judges and require_judges(voice.config.text.language)
    same = check_match(voice, prepared)
    if options.words:
        require_recogniser(voice.config.text.language)
    scores: dict[str, Scores] = {}
    shown: list[EvaluatedUtterance] = []
    own = [key for key in prepared.packed(split).ids if speaker_for(voice, prepared, key) is not None]
    examples = set(choose_examples(own, options.wavs))
    for item in generate_split(voice, prepared, split):
        scores[item.id] = item.scores
        if item.id in examples:
            shown.append(item)
    result = report_dict({voice.label: scores}, score_settings(prepared), intervals=("mcd", "f0_rmse", "vuv_error"))
    result |= {"split": split, "prepared": prepared.fingerprint, "same_preparation": same}
    result |= {"command": command, "made_with": environment(voice.device).to_dict()}
    speakers = _by_speaker(scores, prepared)
    result |= {"speakers": {speaker: part.to_dict() for speaker, part in speakers}} if speakers else {}
    lines = [f"# {voice.label}, {split}", "", *([] if same else [f"Beware: {OTHER_PREPARATION}.", ""])]
    lines += _score_lines(scores, [*speakers, (voice.label, pool(scores.values()))], score_settings(prepared))
    text = _save(out, result, lines)
    spoken = list(scores) if options.words or options.judges else [item.id for item in shown]
    made = write_speech(voice, prepared, split, spoken, out / "wavs", workers)
    texts = {key: " ".join(word.text for word in prepared.sentences[key].words) for key in spoken}
    if options.judges:
        judgement = ask_judges(texts, made, words=judged_words, workers=workers)
        heard = measure_heard(prepared, split, made, workers=workers)
        result["judges"] = {"versions": judge_versions(judged_words), **judgement.to_dict()}
        result["heard"] = heard_dict(heard)
        lines += card_table(scores, heard, judgement, split)
    if options.words:
        _add_errors(result, lines, texts, made, workers)
    if options.words or options.judges:
        text = _save(out, result, lines)
    return Evaluation(result, text, pool(scores.values()), shown, made)


def _add_errors(result: dict[str, Any], lines: list[str], texts: dict[str, str], made: Wavs, workers: int | None) -> None:
    """Add how many words a recogniser mistakes of the sounds ``made`` to what is stored and shown."""
    errors = recognise(texts, made, workers)
    result["word_error_rate"] = {kind: pool(scores.values())["wer"] for kind, scores in errors.scores.items()}
    result["not_recognised"] = dict(errors.failed)
    lines += errors.lines()


def _score_lines(scores: Utterances, rows: Sequence[tuple[str, Scores]], settings: ScoreSettings) -> list[str]:
    """Return the tables of ``scores.md``, line by line; ``rows`` are labelled pools."""
    return [
        score_table(rows, settings, metrics=METRICS, style="markdown"),
        "",
        f"95 % interval of MCD over utterances: {format_interval('mcd', score_interval(scores, 'mcd'))}",
        "",
        score_table(rows, settings, metrics=SMOOTHNESS, style="markdown"),
        "",
        "Worst utterances by MCD: " + ", ".join(f"{key} {value:.2f}" for key, value in worst_utterances(scores)),
        "",
    ]


def _by_speaker(scores: Utterances, prepared: Prepared) -> list[tuple[str, Scores]]:
    """Return the pooled scores of every speaker who was scored; none where there is one."""
    own = {
        who: [own_scores for key, own_scores in scores.items() if prepared.speaker_of(key) == who] for who in prepared.speakers
    }
    rows = [(speaker, pool(own_scores)) for speaker, own_scores in own.items() if own_scores]
    return rows if len(rows) > 1 else []


def _save(out: Path, result: dict[str, Any], lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    write_json(out / "scores.json", result)
    write_text(out / "scores.md", text)
    return text


def pictures_to_draw(wanted: int | None) -> int:
    """Return how many utterances to draw: ``wanted``, or for None two where matplotlib is installed (else none: logged).

    Raises :class:`UsageError` where pictures are wanted and matplotlib is missing.
    """
    try:
        if wanted != 0:
            require_pictures()
    except UsageError as error:
        if wanted is not None:
            raise
        log.warning("no pictures: %s", error)
        return 0
    return 2 if wanted is None else wanted


def draw(evaluation: Evaluation, grid: FrameGrid, out: Path, count: int) -> None:
    """Draw spectrograms and trajectories of the first ``count`` utterances into ``out``, and the global variance of all.

    There are as many at most as were written as wavs. Needs matplotlib.
    """
    for item in evaluation.shown[:count]:
        sounds = [LabelledSignal(kind, read_audio(evaluation.wavs[kind][item.id])[0]) for kind in KINDS]
        draw_spectrograms(out / f"{item.id}-spectrograms.png", sounds, grid.sample_rate, grid.shift)
        generated = {"generated": item.generated["mcep"]}
        draw_trajectories(out / f"{item.id}-trajectories.png", item.natural["mcep"], generated, grid.shift, (1, 2, 5, 12))
    sums, number = evaluation.pooled.sums, evaluation.pooled.utterances
    draw_global_variance(
        out / "global-variance.png", sums["gv_mcep_natural"] / number, {"generated": sums["gv_mcep_generated"] / number}
    )


def update_card(folder: Path, voice: Voice, table: str) -> None:
    """Write the scores into the card of a voice that was trained here; a folder in which a training is at work raises."""
    training = folder / "training"
    if (training / SUMMARY).is_file():
        with held(training, patience=5.0):
            card = voice_card(voice.config, read_summary(training), f"\n## Scores\n\n{table.strip()}\n")
            write_text(folder / "README.md", card)
