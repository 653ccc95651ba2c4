"""The table of a voice's card: what was measured of it and what judges say, beside the recordings and their copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tts.evaluation.heard import HEARD
from tts.evaluation.scores import Scores, find_metric, pool
from tts.evaluation.speech import JUDGED, UNEDITED, Judgement
from tts.evaluation.statistics import Utterances, paired_bootstrap, score_interval
from tts.evaluation.tables import format_interval, format_table

ROWS = {
    "natural": "natural",
    "copy": "copy synthesis",
    UNEDITED: "this voice without its edit, from the text",
    "synthetic": "this voice, from the text",
}
BEFORE = "this voice, natural durations, before the post-filter"
ITSELF = {"gv_mcep": "1", "gv_lf0": "1", "modulation": "0"}  # of the recordings, by definition
CHOSEN = {
    "test": "Nothing is chosen on test sentences. What restores variation by default was chosen by the same two judges on "
    "validation sentences of kathleen, nathalie and flemishguy (docs/judges.md).",
    "validation": "Settings may have been chosen on these sentences: test sentences judge.",
    "train": "The voice was trained on these sentences: test sentences judge.",
}


def card_table(scored: Utterances, heard: Mapping[str, Utterances], judgement: Judgement, split: str) -> list[str]:
    """Return the table in Markdown, line by line, with what it is of.

    ``scored`` are the voice's scores on natural durations, ``heard`` those of copies and synthetic speech
    (:func:`tts.evaluation.heard.measure_heard`), by utterance of ``split``. A cell is empty where nothing was measured.
    """
    columns = [*HEARD, *(name for name in JUDGED if _any(judgement, name))]
    body = []
    kinds = [kind for kind in ROWS if kind != UNEDITED or kind in judgement.scores]
    for kind in kinds:
        label = ROWS[kind]
        if kind == kinds[2]:
            body.append([BEFORE, *(_cell(scored, name) if name in HEARD else "" for name in columns)])
        measured = ITSELF if kind == "natural" else {name: _cell(heard.get(kind, {}), name) for name in HEARD}
        judged = {name: _cell(judgement.scores.get(kind, {}), name) for name in JUDGED}
        body.append([label, *({**measured, **judged}.get(name, "") for name in columns)])
    lines = [
        f"What is heard, {len(scored)} {split} sentences: MCD, global variances (GV, 1 is natural) and modulation spectrum of "
        "the sound analysed again; DistillMOS and P.808 (1 to 5) of models of listeners, words wrong of Whisper "
        "(docs/judges.md). In brackets 95 % intervals over sentences.",
        "",
        format_table(["speech", *(find_metric(name).heading for name in columns)], body, "markdown"),
        "",
        CHOSEN[split],
        "",
    ]
    lines += _edit_lines(judgement)
    if judgement.failed:
        lines += ["Left out, because a judge failed:", "", *(f"* {key}: {why}" for key, why in judgement.failed.items()), ""]
    return lines


def _edit_lines(judgement: Judgement) -> list[str]:
    """Say what a voice's edit changes, utterance by utterance; nothing of a voice without one."""
    without, spoken = (judgement.scores.get(kind) for kind in (UNEDITED, "synthetic"))
    if not without or not spoken:
        return []
    names = [name for name in JUDGED if _pooled(spoken)[name] is not None]
    differences = {name: paired_bootstrap({1: spoken}, {1: without}, name).interval for name in names}
    shown = [
        f"{find_metric(name).heading} {format_interval(name, interval, signed=True)}" for name, interval in differences.items()
    ]
    return [f"The edit, paired by sentence: {', '.join(shown)}.", ""]


def heard_dict(heard: Mapping[str, Utterances]) -> dict[str, Any]:
    """Return what :func:`card_table` shows of the sound as plain data: kinds of speech with pooled scores and intervals."""
    measured = {kind: own for kind, own in heard.items() if own}
    return {
        "scores": {kind: {name: pool(own.values())[name] for name in HEARD} for kind, own in measured.items()},
        "intervals": {kind: {name: asdict(score_interval(own, name)) for name in HEARD} for kind, own in measured.items()},
    }


def _any(judgement: Judgement, name: str) -> bool:
    return any(_pooled(own)[name] is not None for own in judgement.scores.values())


def _pooled(scores: Utterances) -> Scores:
    return pool(scores.values())


def _cell(scores: Utterances, name: str) -> str:
    if not scores or _pooled(scores)[name] is None:
        return ""
    interval = score_interval(scores, name)
    if interval.low is not None and not interval.low <= (interval.estimate or 0.0) <= (interval.high or 0.0):
        # A distance of mean spectra: redrawing few sentences adds noise, and noise only ever adds distance.
        return f"{interval.estimate:.{find_metric(name).decimals}f} {find_metric(name).unit}".strip()
    shown = format_interval(name, interval)
    return shown.removesuffix(find_metric(name).unit).strip() if find_metric(name).unit == "ratio" else shown
