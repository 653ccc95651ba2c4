"""How good is a voice: its scores on the test split, the recogniser's word errors, wavs and pictures to judge by.

Objective scores are Merlin's, on natural durations, before any post-filter, with the silence before and after speech left
out; durations are scored apart. What people listen to is made with predicted durations and the voice's own post-filter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.analysis.world import synthesise
from tts.audio import read_audio, write_wav
from tts.card import environment, voice_card
from tts.errors import TtsError, UsageError
from tts.evaluation.metrics import duration_sums
from tts.evaluation.recogniser import require_recogniser, transcribe_all, word_scores
from tts.evaluation.report import Settings, format_interval, format_table, report_dict, score_table, worst_utterances
from tts.evaluation.scores import Scores, pool, score_utterance
from tts.evaluation.statistics import score_interval
from tts.files import read_json, write_json, write_text
from tts.generation.mlpg import generate
from tts.generation.postfilter import PostFilterSettings
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.vocode import limit
from tts.parallel import Failure
from tts.prepared import Packed, Prepared
from tts.progress import tracked
from tts.recipe import MAIN_STREAMS
from tts.text.sentence import Sentence
from tts.voice import Voice

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error", "duration_rmse", "duration_correlation")
SMOOTHNESS = ("gv_mcep", "gv_lf0", "modulation")
KINDS = ("natural", "copy", "synthetic")


@dataclass(frozen=True)
class Item:
    """One utterance of the split with what the voice made of it, on natural durations."""

    id: str
    sentence: Sentence
    durations: np.ndarray
    natural: dict[str, np.ndarray]
    generated: dict[str, np.ndarray]
    scores: Scores


def generate_split(voice: Voice, prepared: Prepared, split: str) -> list[Item]:
    """Generate every utterance of a split on its natural durations and score it; durations are predicted and scored apart."""
    packed = prepared.packed(split)
    sentences = [_sentence(prepared, key) for key in packed.ids]
    items = []
    step = 16
    for first in tracked(range(0, len(sentences), step), f"scoring {split}", -(-len(sentences) // step)):
        numbers = range(first, min(first + step, len(sentences)))
        natural_durations = [packed.durations_of(n) for n in numbers]
        chosen = [sentences[n] for n in numbers]
        predicted = voice.acoustics(chosen, natural_durations)
        durations = voice.durations(chosen)
        for n, acoustics, frames in zip(numbers, predicted, durations, strict=True):
            items.append(_scored(voice, packed, n, sentences[n], generate(acoustics, voice.variances, voice.streams), frames))
    return items


def _scored(
    voice: Voice, packed: Packed, number: int, sentence: Sentence, generated: dict[str, np.ndarray], frames: np.ndarray
) -> Item:
    natural = packed.utterance(number)
    durations = packed.durations_of(number)
    scores = score_utterance(natural, generated, packed.counted_frames(number), voice.grid.shift)
    spoken = np.array([not segment.silent for segment in sentence.segments])
    scores = scores.with_sums(duration_sums(durations, frames, spoken))
    return Item(packed.ids[number], sentence, durations, natural, generated, scores)


def _sentence(prepared: Prepared, key: str) -> Sentence:
    try:
        return prepared.sentences[key]
    except KeyError:
        raise TtsError(f"{prepared.folder / 'sentences.jsonl'}: lacks {key}; run tts prepare again") from None


def check_match(voice: Voice, prepared: Prepared) -> None:
    """Raise :class:`UsageError` unless the voice can be scored on this corpus: same grid, same states."""
    if voice.grid != prepared.grid or voice.states != prepared.states:
        raise UsageError(
            f"{prepared.folder}: prepared at {_grid(prepared)}; the voice is at {_grid(voice)}; prepare the corpus alike"
        )


def _grid(thing: Voice | Prepared) -> str:
    return f"{thing.grid.sample_rate} Hz, {thing.grid.shift_ms:g} ms, {thing.states} states"


def assess(
    voice: Voice,
    prepared: Prepared,
    out: Path,
    *,
    split: str = "test",
    words: bool = False,
    pictures: int = 2,
    command: str = "",
) -> dict[str, Any]:
    """Score a voice and leave ``scores.json``, ``scores.md``, wavs and pictures in ``out``; return what ``scores.json`` holds.

    ``words`` adds the recogniser's word error rate on natural, copy-synthesised and synthetic speech; ``pictures`` is how
    many utterances are drawn.
    """
    check_match(voice, prepared)
    if words:
        require_recogniser(voice.config["text"]["language"])
    items = generate_split(voice, prepared, split)
    scores = {item.id: item.scores for item in items}
    settings = Settings(voice.grid.sample_rate, voice.grid.shift_ms, voice.streams["mcep"].dimension - 1, voice.grid.alpha)
    label = f"{voice.config['recipe']} {voice.config['system']}"
    result = report_dict({label: scores}, settings, intervals=("mcd", "f0_rmse", "vuv_error"))
    result |= {"split": split, "prepared": prepared.fingerprint, "command": command, "made_with": environment(voice.device)}
    table = score_table([(label, pool(scores.values()))], settings, metrics=METRICS, style="markdown")
    lines = [f"# {label}, {split}", "", table, ""]
    lines += [f"95 % interval of MCD over utterances: {format_interval('mcd', score_interval(scores, 'mcd'))}", ""]
    lines += [score_table([(label, pool(scores.values()))], settings, metrics=SMOOTHNESS, style="markdown"), ""]
    wavs = _write_wavs(voice, prepared, items if words else items[: max(pictures, 4)], out / "wavs")
    if words:
        heard = _recognise(prepared, items, wavs)
        result["word_error_rate"] = {kind: pool(heard[kind].values())["wer"] for kind in KINDS}
        rows = [[kind, format_interval("wer", score_interval(heard[kind], "wer"))] for kind in KINDS]
        lines += [
            "Words that an independent recogniser got wrong:",
            "",
            format_table(["speech", "word error"], rows, "markdown"),
            "",
        ]
    lines += ["Worst utterances by MCD: " + ", ".join(f"{key} {value:.2f}" for key, value in worst_utterances(scores)), ""]
    write_json(out / "scores.json", result)
    write_text(out / "scores.md", "\n".join(lines))
    if pictures:
        _draw(voice, items[:pictures], wavs, out, scores)
    return result


def _write_wavs(voice: Voice, prepared: Prepared, items: Sequence[Item], folder: Path) -> dict[str, dict[str, Path]]:
    """Write natural, copy-synthesised and synthetic speech of every item; return the paths by kind and id.

    Synthetic speech goes the whole way from the text, with predicted durations and the voice's own post-filter.
    """
    made: dict[str, dict[str, Path]] = {kind: {} for kind in KINDS}
    settings = SynthesisSettings(post_filter=PostFilterSettings(voice.generation.post_filter, voice.generation.strength))
    with Synthesiser(voice, settings) as synthesiser:
        spoken = synthesiser.speak(Request(item.id, prepared.facts["texts"][item.id]) for item in items)
        for item, answer in zip(items, tracked(spoken, "speaking", len(items)), strict=True):
            if answer.error is not None:
                raise TtsError(f"{item.id}: cannot be spoken: {answer.error}")
            recording = Path(prepared.facts["audio"][item.id])
            copy = synthesise(**{n: item.natural[n].astype(np.float64) for n in MAIN_STREAMS}, grid=voice.grid)
            signals = {
                "natural": read_audio(recording, voice.grid.sample_rate, prepared.facts["channel"])[0],
                "copy": limit(copy),
                "synthetic": answer.signal,
            }
            for kind, samples in signals.items():
                made[kind][item.id] = folder / kind / f"{item.id}.wav"
                write_wav(made[kind][item.id], samples, voice.grid.sample_rate)
    return made


def _recognise(
    prepared: Prepared, items: Sequence[Item], wavs: Mapping[str, Mapping[str, Path]]
) -> dict[str, dict[str, Scores]]:
    heard: dict[str, dict[str, Scores]] = {}
    for kind in KINDS:
        answers = transcribe_all([wavs[kind][item.id] for item in items])
        heard[kind] = {
            item.id: word_scores(" ".join(word.text for word in item.sentence.words), words)
            for item, words in zip(items, answers, strict=True)
            if not isinstance(words, Failure)
        }
        if not heard[kind]:
            raise TtsError(f"the recogniser failed on all {kind} recordings: {next(iter(answers))}")
    return heard


def _draw(
    voice: Voice, items: Sequence[Item], wavs: Mapping[str, Mapping[str, Path]], out: Path, scores: Mapping[str, Scores]
) -> None:
    from tts.evaluation.pictures import Sound as Drawn
    from tts.evaluation.pictures import draw_global_variance, draw_spectrograms, draw_trajectories

    for item in items:
        sounds = [Drawn(kind, read_audio(wavs[kind][item.id])[0]) for kind in KINDS]
        draw_spectrograms(out / f"{item.id}-spectrograms.png", sounds, voice.grid.sample_rate, voice.grid.shift)
        generated = {"generated": item.generated["mcep"]}
        draw_trajectories(out / f"{item.id}-trajectories.png", item.natural["mcep"], generated, voice.grid.shift, (1, 2, 5, 12))
    sums, count = pool(scores.values()).sums, len(scores)
    draw_global_variance(
        out / "global-variance.png", sums["gv_mcep_natural"] / count, {"generated": sums["gv_mcep_generated"] / count}
    )


def update_card(folder: Path, voice: Voice, table: str) -> None:
    """Write the scores into the card of a voice that was trained here."""
    summary = folder / "training" / "summary.json"
    if summary.is_file():
        write_text(folder / "README.md", voice_card(voice.config, read_json(summary), f"\n## Scores\n\n{table.strip()}\n"))
