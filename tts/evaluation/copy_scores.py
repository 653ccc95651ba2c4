"""Copy synthesis of a prepared split: wavs, and scores of analysing them again, the ceiling of every voice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tts.analysis.extract import AnalysisJob, Features, extract
from tts.analysis.world import AnalysisSettings
from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json, write_text
from tts.core.folders import require_own_folder
from tts.core.place import Place
from tts.core.processes import Failure
from tts.core.provenance import environment
from tts.dataset.prepared import Packed, Prepared
from tts.evaluation.copy_synthesis import write_copies
from tts.evaluation.evaluate import score_settings
from tts.evaluation.scores import METRICS as ALL_METRICS
from tts.evaluation.scores import Scores, pool, score_utterance
from tts.evaluation.tables import report_dict, score_table
from tts.recipe import MAIN_STREAMS
from tts.recipe.names import VocoderName

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error", "gv_mcep", "gv_lf0", "modulation")

MARK: Final = "copies.json"


@dataclass(frozen=True)
class CopyScores:
    """The pooled scores of copies, by metric, and what ``scores.md`` says."""

    pooled: dict[str, float | None]
    text: str


def copy_split(
    prepared: Prepared,
    out: Path,
    *,
    split: str = "test",
    vocoder: VocoderName = "world",
    workers: Place = None,
    command: str = "",
) -> CopyScores:
    """Write ``out/ID.wav`` for every utterance of a split, ``scores.json`` and ``scores.md``.

    Copies that an interrupted run left are kept. An utterance that fails is left out and named.
    """
    packed = prepared.packed(split)
    _claim(out, prepared, split, vocoder)
    missing = [number for number, key in enumerate(packed.ids) if not (out / f"{key}.wav").is_file()]
    copies = write_copies(packed, missing, prepared.grid, out, vocoder=vocoder, workers=workers)
    failed = {packed.ids[n]: copy.message for n, copy in zip(missing, copies, strict=True) if isinstance(copy, Failure)}
    scores = _scores_of(prepared, packed, out, failed, workers)
    if not scores:
        raise TtsError(f"{out}: no utterance could be copied and analysed again; the first: {next(iter(failed.values()))}")

    where, pooled = score_settings(prepared), pool(scores.values())
    table = score_table([("copy synthesis", pooled)], where, metrics=METRICS, style="markdown")
    left_out = ["Left out:", "", *(f"* {key}: {why}" for key, why in failed.items()), ""] if failed else []
    by = "" if vocoder == "world" else f" by {vocoder}"
    text = "\n".join([f"# Copy synthesis{by}, {split}", "", table, "", *left_out])
    facts = {"split": split, "vocoder": vocoder, "prepared": prepared.fingerprint, "failed": failed, "command": command}
    write_json(
        out / "scores.json", {**report_dict({"copy synthesis": scores}, where), **facts, "made_with": environment().to_dict()}
    )
    write_text(out / "scores.md", text)
    return CopyScores({name: pooled[name] for name in ALL_METRICS}, text)


def _scores_of(prepared: Prepared, packed: Packed, out: Path, failed: dict[str, str], workers: Place) -> dict[str, Scores]:
    """Return the scores of the copies in ``out`` by id, analysed again; add to ``failed`` what cannot be."""
    recipe = prepared.recipe
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)
    made = [number for number, key in enumerate(packed.ids) if key not in failed]
    jobs = [
        AnalysisJob(key, out / f"{key}.wav", prepared.grid, prepared.f0_range(prepared.speaker_of(key)), settings)
        for key in (packed.ids[number] for number in made)
    ]
    scores: dict[str, Scores] = {}
    again = extract(jobs, prepared.folder / "cache", workers=workers, label="analysing copies")
    for number, result in zip(made, again, strict=True):
        if isinstance(result, Failure):
            failed[packed.ids[number]] = result.message
        else:
            natural, counted = packed.utterance(number), packed.counted_frames(number)
            scores[packed.ids[number]] = _score(natural, result, counted, prepared.grid.shift)
    return scores


def _claim(out: Path, prepared: Prepared, split: str, vocoder: VocoderName) -> None:
    """Mark ``out`` as the folder of these copies, or check that it already is."""
    mark, content = out / MARK, {"prepared": prepared.basis, "split": split}
    if vocoder != "world":  # which folders of version 0.1.0 do not say
        content["vocoder"] = vocoder
    require_own_folder(out, "tts resynthesise", mark=mark)
    if mark.is_file() and read_json(mark) != content:
        raise UsageError(f"{out}: holds the copies of another split or preparation or by another vocoder; choose another --out")
    write_json(mark, content)


def _score(natural: dict[str, np.ndarray], features: Features, counted: np.ndarray, shift: float) -> Scores:
    """Score a copy analysed again; WORLD's synthesis may end a frame early, whose place is silence."""
    again = features.load()
    frames = min(len(natural["mcep"]), features.frames)
    a = {name: natural[name][:frames] for name in MAIN_STREAMS}
    b = {name: again[name][:frames] for name in MAIN_STREAMS}
    return score_utterance(a, b, counted[:frames], shift)
