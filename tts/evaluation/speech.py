"""The speech that people and recognisers judge: recordings, their copy synthesis, and what a voice makes of the texts."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import read_audio, write_wav
from tts.core.errors import TtsError
from tts.core.place import Place
from tts.core.processes import Failure
from tts.core.progress import tracked
from tts.dataset.prepared import Prepared
from tts.evaluation.copy_synthesis import write_copies
from tts.evaluation.judges import judge_all
from tts.evaluation.recogniser import transcribe_all, word_scores
from tts.evaluation.scores import Scores, pool
from tts.evaluation.statistics import score_interval
from tts.evaluation.tables import format_interval, format_table
from tts.generation.requests import Request
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.voice import Voice

log = logging.getLogger(__name__)

KINDS = ("natural", "copy", "synthetic")
UNEDITED = "unedited"  # synthetic speech of a voice with an edit, spoken without it
JUDGED = ("distillmos", "p808", "wrong_words")
Wavs = Mapping[str, Mapping[str, Path]]  # by kind and utterance id
WORDS_NOTE = (
    "A diagnostic and no measure of how well the voice is understood: the recogniser is small and old, and gets more words of "
    "natural speech wrong than of regular synthetic speech."
)


def speaker_for(voice: Voice, prepared: Prepared, key: str) -> str | None:
    """Return the voice's speaker who says an utterance, None where the voice has not that speaker."""
    speaker = prepared.speaker_of(key)
    if len(voice.speakers) == len(prepared.speakers) == 1:  # whatever each calls its only one
        return voice.speakers[0]
    return speaker if speaker in voice.speakers else None


def write_speech(voice: Voice, prepared: Prepared, split: str, ids: Sequence[str], folder: Path, workers: int | None) -> Wavs:
    """Write natural, copy-synthesised and synthetic speech of utterances of a split as ``folder/KIND/ID.wav``.

    Synthetic speech goes the whole way from the text, with predicted durations and the voice's own post-filter and vocoder,
    which makes the copies too. That of a voice with an edit is there without it as well, as :data:`UNEDITED`.
    """
    wavs = {kind: {key: folder / kind / f"{key}.wav" for key in ids} for kind in KINDS}
    write_natural(prepared, ids, folder / "natural")
    packed = prepared.packed(split)
    numbers, vocoder = [packed.ids.index(key) for key in ids], voice.generation.vocoder
    copies = write_copies(packed, numbers, prepared.grid, folder / "copy", vocoder=vocoder, workers=workers)
    for key, copy in zip(ids, copies, strict=True):
        if isinstance(copy, Failure):
            raise TtsError(f"{key}: cannot be copied: {copy.message}")
    write_spoken(voice, prepared, ids, folder / "synthetic", workers)
    if voice.editor is None or voice.generation.edit_strength == 0.0:
        return wavs
    write_spoken(voice, prepared, ids, folder / UNEDITED, workers, edited=False)
    return {**wavs, UNEDITED: {key: folder / UNEDITED / f"{key}.wav" for key in ids}}


def write_natural(prepared: Prepared, ids: Sequence[str], folder: Path) -> None:
    """Write recordings as ``folder/ID.wav``, at the rate and from the channel that they were prepared with."""
    for key in ids:
        signal, rate = read_audio(prepared.audio_path(key), prepared.grid.sample_rate, prepared.facts.channel)
        write_wav(folder / f"{key}.wav", signal, rate)


def write_spoken(
    voice: Voice,
    prepared: Prepared,
    ids: Sequence[str],
    folder: Path,
    workers: int | None = None,
    *,
    edited: bool = True,
) -> None:
    """Speak the texts of utterances into ``folder/ID.wav``: predicted durations and the voice's own post-filter.

    Where not ``edited``, a voice with an edit speaks without it.
    """
    generation = voice.generation if edited else voice.generation.model_copy(update={"edit_strength": 0.0})
    with Synthesiser(voice, SynthesisSettings.of(generation, workers=workers)) as synthesiser:
        spoken = synthesiser.speak(
            Request(key, prepared.text_of(key), speaker=speaker_for(voice, prepared, key) or "") for key in ids
        )
        for key, answer in zip(ids, tracked(spoken, "speaking", len(ids)), strict=True):
            write_wav(folder / f"{key}.wav", answer.signal, voice.grid.sample_rate)


@dataclass(frozen=True)
class WordErrors:
    """Word scores by kind of speech and utterance, and why other utterances have none."""

    scores: Mapping[str, Mapping[str, Scores]]
    failed: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return what a Markdown page says of them, line by line."""
        lines = ["Words that an independent recogniser got wrong:", ""]
        if any(self.scores.values()):
            rows = [[kind, format_interval("wer", score_interval(self.scores[kind], "wer"))] for kind in KINDS]
            lines += [format_table(["speech", "word error"], rows, "markdown"), "", WORDS_NOTE, ""]
        if self.failed:
            failed = [f"* {key}: {why}" for key, why in self.failed.items()]
            lines += ["Left out, because the recogniser failed:", "", *failed, ""]
        return lines


def recognise(texts: Mapping[str, str], wavs: Wavs, workers: int | None = None) -> WordErrors:
    """Return the word errors of a recogniser on utterances, given by id with their words, in every kind of speech.

    An utterance on which the recogniser fails in one kind of speech is left out of all, so that their rates compare.
    """
    scores: dict[str, dict[str, Scores]] = {kind: {} for kind in KINDS}
    failed: dict[str, str] = {}
    for kind in KINDS:
        answers = transcribe_all([wavs[kind][key] for key in texts], workers=workers)
        for (key, text), words in zip(texts.items(), answers, strict=True):
            try:
                if isinstance(words, Failure):
                    raise TtsError(words.message)
                scores[kind][key] = word_scores(text, words)
            except TtsError as error:
                failed.setdefault(key, f"{kind} speech: {error}")
    if failed:
        log.warning("no words counted in %d of %d utterances: %s", len(failed), len(texts), ", ".join(failed))
    compared = {kind: {key: utterance for key, utterance in own.items() if key not in failed} for kind, own in scores.items()}
    return WordErrors(compared, failed)


@dataclass(frozen=True)
class Judgement:
    """The judges' scores by kind of speech and utterance, and why other utterances have none."""

    scores: Mapping[str, Mapping[str, Scores]]
    failed: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: every kind of speech with its pooled scores and their 95 % intervals, and what failed."""
        judged = {kind: own for kind, own in self.scores.items() if own}
        return {
            "scores": {kind: {name: pool(own.values())[name] for name in JUDGED} for kind, own in judged.items()},
            "intervals": {kind: {name: asdict(score_interval(own, name)) for name in JUDGED} for kind, own in judged.items()},
            "failed": dict(self.failed),
        }


def ask_judges(texts: Mapping[str, str], wavs: Wavs, *, words: bool, workers: Place = None) -> Judgement:
    """Return what the judges say of utterances, given by id with their words, in every kind of speech of ``wavs``.

    ``words`` as in :func:`tts.evaluation.judges.judge`. An utterance on which a judge fails in one kind of speech is left out
    of all, so that they compare.
    """
    scores: dict[str, dict[str, Scores]] = {kind: {} for kind in wavs}
    failed: dict[str, str] = {}
    opinions = iter(judge_all([files[key] for files in wavs.values() for key in texts], words=words, workers=workers))
    for kind in wavs:
        for key, text in texts.items():
            opinion = next(opinions)
            if isinstance(opinion, Failure):
                failed.setdefault(key, f"{kind} speech: {opinion.message}")
            else:
                scores[kind][key] = opinion.scores(text)
    return Judgement({kind: {k: each for k, each in own.items() if k not in failed} for kind, own in scores.items()}, failed)


def choose_examples(ids: Sequence[str], count: int) -> list[str]:
    """Return ``count`` utterances spread evenly over a split: not chosen by how good they sound."""
    places = np.linspace(0, len(ids) - 1, min(count, len(ids))).round()
    return [ids[int(place)] for place in places]
