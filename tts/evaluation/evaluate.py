"""How good is a voice: its scores on the test split, the recogniser's word errors, wavs and pictures to judge by.

Objective scores are Merlin's, on natural durations, before any post-filter, with the silence before and after speech left
out; durations are scored apart. What people listen to is made with predicted durations and the voice's own post-filter.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import read_audio, write_wav
from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json, write_text
from tts.core.grid import FrameGrid
from tts.core.pictures import require_pictures
from tts.core.processes import Failure
from tts.core.progress import tracked
from tts.core.provenance import environment
from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.copy_synthesis import write_copies
from tts.evaluation.metrics import duration_sums
from tts.evaluation.pictures import LabelledSignal, draw_global_variance, draw_spectrograms, draw_trajectories
from tts.evaluation.recogniser import require_recogniser, transcribe_all, word_scores
from tts.evaluation.scores import Scores, pool, score_utterance
from tts.evaluation.statistics import score_interval
from tts.evaluation.tables import ScoreSettings, format_interval, format_table, report_dict, score_table, worst_utterances
from tts.generation.card import voice_card
from tts.generation.mlpg import generate
from tts.generation.postfilter import PostFilterSettings
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice
from tts.text.sentence import Sentence

log = logging.getLogger(__name__)

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error", "duration_rmse", "duration_correlation")
SMOOTHNESS = ("gv_mcep", "gv_lf0", "modulation")
KINDS = ("natural", "copy", "synthetic")
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
class Evaluation:
    """The scores of a voice: ``result`` as in ``scores.json``, ``text`` as in ``scores.md``, and what pictures are made of."""

    result: dict[str, Any]
    text: str
    items: list[EvaluatedUtterance]
    wavs: dict[str, dict[str, Path]]  # by kind and id


def score_settings(prepared: Prepared) -> ScoreSettings:
    """Return what scores on a prepared corpus depend on."""
    grid = prepared.grid
    return ScoreSettings(grid.sample_rate, grid.shift_ms, prepared.streams["mcep"].dimension - 1, grid.alpha)


def generate_split(voice: Voice, prepared: Prepared, split: str) -> list[EvaluatedUtterance]:
    """Generate every utterance of a split on its natural durations and score it; durations are predicted and scored apart.

    Of a corpus of several speakers only the utterances of those that the voice has; :class:`UsageError` where it has none.
    """
    packed = prepared.packed(split)
    speakers = [_speaker(voice, prepared, key) for key in packed.ids]
    scored = [number for number, speaker in enumerate(speakers) if speaker is not None]
    if not scored:
        has = ", ".join(voice.speakers)
        raise UsageError(f"{prepared.folder}: the voice speaks as {has}, the corpus has {', '.join(prepared.speakers)}")
    if len(scored) < len(speakers):
        missing = len(speakers) - len(scored)
        log.warning("%d of %d utterances are not scored, the voice has not their speaker", missing, len(speakers))
    sentences = [_sentence(prepared, key) for key in packed.ids]
    items = []
    step = 16
    for first in tracked(range(0, len(scored), step), f"scoring {split}", -(-len(scored) // step)):
        numbers = scored[first : first + step]
        natural_durations = [packed.durations_of(n) for n in numbers]
        chosen = [sentences[n] for n in numbers]
        who = [voice.speaker_number(speakers[n] or "") for n in numbers]
        predicted = voice.acoustics(chosen, natural_durations, who)
        durations = voice.durations(chosen, who)
        for n, acoustics, frames in zip(numbers, predicted, durations, strict=True):
            generated = generate(acoustics, voice.variances, voice.streams)
            item = _scored(voice, packed, n, sentences[n], generated, frames)
            items.append(replace(item, speaker=prepared.speaker_of(item.id)))
    return items


def _speaker(voice: Voice, prepared: Prepared, key: str) -> str | None:
    """Return the voice's speaker who says an utterance, None where the voice has not that speaker."""
    speaker = prepared.speaker_of(key)
    if len(voice.speakers) == len(prepared.speakers) == 1:  # whatever each calls its only one
        return voice.speakers[0]
    return speaker if speaker in voice.speakers else None


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
        raise TtsError(f"{prepared.folder / 'sentences.jsonl'}: lacks {key}; run tts prepare again") from None


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
    *,
    split: str = "test",
    words: bool = False,
    wavs: int = 4,
    workers: int | None = None,
    command: str = "",
) -> Evaluation:
    """Score a voice and leave ``scores.json``, ``scores.md`` and wavs in ``out``.

    ``words`` adds the recogniser's word error rate on natural, copy-synthesised and synthetic speech; ``wavs`` is how many
    utterances become wavs (with ``words``, all); ``workers`` as in :func:`tts.core.processes.parallel_map`.
    """
    same = check_match(voice, prepared)
    if words:
        require_recogniser(voice.config.text.language)
    items = generate_split(voice, prepared, split)
    scores = {item.id: item.scores for item in items}
    settings = score_settings(prepared)
    label = voice.label
    result = report_dict({label: scores}, settings, intervals=("mcd", "f0_rmse", "vuv_error"))
    result |= {"split": split, "prepared": prepared.fingerprint, "same_preparation": same}
    result |= {"command": command, "made_with": environment(voice.device).to_dict()}
    pooled = [(label, pool(scores.values()))]
    own = _by_speaker(items, prepared.speakers)
    result |= {"speakers": {speaker: one.to_dict() for speaker, one in own}} if own else {}
    table = score_table([*own, *pooled], settings, metrics=METRICS, style="markdown")
    lines = [f"# {label}, {split}", "", *([] if same else [f"Beware: {OTHER_PREPARATION}.", ""]), table, ""]
    lines += [f"95 % interval of MCD over utterances: {format_interval('mcd', score_interval(scores, 'mcd'))}", ""]
    lines += [score_table([*own, *pooled], settings, metrics=SMOOTHNESS, style="markdown"), ""]
    lines += ["Worst utterances by MCD: " + ", ".join(f"{key} {value:.2f}" for key, value in worst_utterances(scores)), ""]
    text = _save(out, result, lines)
    made = _write_wavs(voice, prepared, items if words else items[:wavs], out / "wavs", workers)
    if words:
        heard, failed = recognise(items, made, workers)
        result["word_error_rate"] = {kind: pool(heard[kind].values())["wer"] for kind in KINDS}
        result["not_recognised"] = failed
        text = _save(out, result, lines + _word_lines(heard, failed))
    return Evaluation(result, text, items, made)


def _by_speaker(items: Sequence[EvaluatedUtterance], speakers: Sequence[str]) -> list[tuple[str, Scores]]:
    """Return the pooled scores of every speaker who was scored; none where there is one."""
    own = {speaker: [item.scores for item in items if item.speaker == speaker] for speaker in speakers}
    rows = [(speaker, pool(scores)) for speaker, scores in own.items() if scores]
    return rows if len(rows) > 1 else []


def _save(out: Path, result: dict[str, Any], lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    write_json(out / "scores.json", result)
    write_text(out / "scores.md", text)
    return text


def _write_wavs(
    voice: Voice, prepared: Prepared, items: Sequence[EvaluatedUtterance], folder: Path, workers: int | None
) -> dict[str, dict[str, Path]]:
    """Write natural, copy-synthesised and synthetic speech of every item; return the paths by kind and id.

    Synthetic speech goes the whole way from the text, with predicted durations and the voice's own post-filter.
    """
    made = {kind: {item.id: folder / kind / f"{item.id}.wav" for item in items} for kind in KINDS}
    write_natural(prepared, [item.id for item in items], folder / "natural")
    copies = write_copies([(item.id, item.natural) for item in items], voice.grid, folder / "copy", workers=workers)
    for item, copy in zip(items, copies, strict=True):
        if isinstance(copy, Failure):
            raise TtsError(f"{item.id}: cannot be copied: {copy.message}")
    write_spoken(voice, prepared, [item.id for item in items], folder / "synthetic", workers)
    return made


def write_natural(prepared: Prepared, ids: Sequence[str], folder: Path) -> None:
    """Write recordings as ``folder/ID.wav``, at the rate and from the channel that they were prepared with."""
    for key in ids:
        signal, rate = read_audio(prepared.audio_path(key), prepared.grid.sample_rate, prepared.facts.channel)
        write_wav(folder / f"{key}.wav", signal, rate)


def write_spoken(voice: Voice, prepared: Prepared, ids: Sequence[str], folder: Path, workers: int | None = None) -> None:
    """Speak the texts of utterances into ``folder/ID.wav``: predicted durations and the voice's own post-filter."""
    post_filter = PostFilterSettings(voice.generation.post_filter, voice.generation.strength)
    with Synthesiser(voice, SynthesisSettings(post_filter=post_filter, workers=workers)) as synthesiser:
        spoken = synthesiser.speak(
            Request(key, prepared.text_of(key), speaker=_speaker(voice, prepared, key) or "") for key in ids
        )
        for key, answer in zip(ids, tracked(spoken, "speaking", len(ids)), strict=True):
            write_wav(folder / f"{key}.wav", answer.signal, voice.grid.sample_rate)


def recognise(
    items: Sequence[EvaluatedUtterance], wavs: Mapping[str, Mapping[str, Path]], workers: int | None = None
) -> tuple[dict[str, dict[str, Scores]], dict[str, str]]:
    """Return word scores by kind and id, and by id why an utterance has none.

    An utterance on which the recogniser fails in one kind of speech is left out of all, so that their rates compare.
    """
    heard: dict[str, dict[str, Scores]] = {kind: {} for kind in KINDS}
    failed: dict[str, str] = {}
    for kind in KINDS:
        answers = transcribe_all([wavs[kind][item.id] for item in items], workers=workers)
        for item, words in zip(items, answers, strict=True):
            try:
                if isinstance(words, Failure):
                    raise TtsError(words.message)
                heard[kind][item.id] = word_scores(" ".join(word.text for word in item.sentence.words), words)
            except TtsError as error:
                failed.setdefault(item.id, f"{kind} speech: {error}")
    if failed:
        log.warning("no words counted in %d of %d utterances: %s", len(failed), len(items), ", ".join(failed))
    return {kind: {key: one for key, one in found.items() if key not in failed} for kind, found in heard.items()}, failed


def _word_lines(heard: Mapping[str, Mapping[str, Scores]], failed: Mapping[str, str]) -> list[str]:
    lines = ["Words that an independent recogniser got wrong:", ""]
    if any(heard.values()):
        rows = [[kind, format_interval("wer", score_interval(heard[kind], "wer"))] for kind in KINDS]
        lines += [format_table(["speech", "word error"], rows, "markdown"), ""]
    if failed:
        lines += ["Left out, because the recogniser failed:", "", *(f"* {key}: {why}" for key, why in failed.items()), ""]
    return lines


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


def draw(assessment: Evaluation, grid: FrameGrid, out: Path, count: int) -> None:
    """Draw spectrograms and trajectories of the first ``count`` utterances into ``out``, and the global variance of all.

    There are as many at most as were written as wavs. Needs matplotlib.
    """
    for item in assessment.items[: min(count, len(assessment.wavs["natural"]))]:
        sounds = [LabelledSignal(kind, read_audio(assessment.wavs[kind][item.id])[0]) for kind in KINDS]
        draw_spectrograms(out / f"{item.id}-spectrograms.png", sounds, grid.sample_rate, grid.shift)
        generated = {"generated": item.generated["mcep"]}
        draw_trajectories(out / f"{item.id}-trajectories.png", item.natural["mcep"], generated, grid.shift, (1, 2, 5, 12))
    sums, number = pool(item.scores for item in assessment.items).sums, len(assessment.items)
    draw_global_variance(
        out / "global-variance.png", sums["gv_mcep_natural"] / number, {"generated": sums["gv_mcep_generated"] / number}
    )


def update_card(folder: Path, voice: Voice, table: str) -> None:
    """Write the scores into the card of a voice that was trained here."""
    summary = folder / "training" / "summary.json"
    if summary.is_file():
        write_text(folder / "README.md", voice_card(voice.config, read_json(summary), f"\n## Scores\n\n{table.strip()}\n"))
