"""Copy synthesis of a prepared split: wavs, and scores of analysing them again, the ceiling of every voice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tts.analysis.extract import Features, Job, extract
from tts.analysis.world import AnalysisSettings, synthesise
from tts.audio import write_wav
from tts.card import environment
from tts.errors import TtsError, UsageError
from tts.evaluation.report import Settings, report_dict, score_table
from tts.evaluation.scores import pool, score_utterance
from tts.files import write_json, write_text
from tts.generation.vocode import limit
from tts.parallel import Failure
from tts.prepared import Prepared
from tts.progress import tracked
from tts.recipe import MAIN_STREAMS, Recipe

METRICS = ("mcd", "bap", "f0_rmse", "f0_correlation", "f0_gross", "vuv_error", "gv_mcep", "gv_lf0", "modulation")


def copy_split(prepared: Prepared, out: Path, *, split: str = "test", workers: int | None = None, command: str = "") -> str:
    """Write ``out/ID.wav`` for every utterance of a split, ``scores.json`` and ``scores.md``; return the table."""
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: is not empty; choose another --out")
    packed, recipe = prepared.packed(split), Recipe.model_validate(prepared.facts["recipe"])
    jobs = []
    settings = AnalysisSettings(recipe.frames.mcep_order, recipe.analysis.f0_tracker)
    for number, key in enumerate(tracked(packed.ids, "copying", len(packed.ids))):
        natural = packed.utterance(number)
        copy = limit(synthesise(**{name: natural[name].astype(float) for name in MAIN_STREAMS}, grid=prepared.grid))
        write_wav(out / f"{key}.wav", copy, prepared.grid.sample_rate)
        low, high = prepared.facts["f0_range"]
        jobs.append(Job(key, out / f"{key}.wav", prepared.grid, (low, high), settings))
    scores: dict[str, Any] = {}
    for number, (key, result) in enumerate(
        zip(packed.ids, extract(jobs, prepared.folder / "cache", workers=workers, label="analysing copies"), strict=True)
    ):
        if not isinstance(result, Failure):
            scores[key] = _score(prepared, packed.utterance(number), result, packed.counted_frames(number))
    if not scores:
        raise TtsError(f"{out}: no copy could be analysed again")
    where = Settings(prepared.grid.sample_rate, prepared.grid.shift_ms, recipe.frames.mcep_order, prepared.grid.alpha)
    table = score_table([("copy synthesis", pool(scores.values()))], where, metrics=METRICS, style="markdown")
    result_data = report_dict({"copy synthesis": scores}, where)
    write_json(out / "scores.json", {**result_data, "split": split, "command": command, "made_with": environment()})
    write_text(out / "scores.md", f"# Copy synthesis, {split}\n\n{table}\n")
    return table


def _score(prepared: Prepared, natural: dict[str, Any], features: Features, counted: Any) -> Any:
    """Score a copy analysed again; WORLD's synthesis may end a frame early, whose place is silence."""
    again = features.load()
    frames = min(len(natural["mcep"]), features.frames)
    a = {name: natural[name][:frames] for name in MAIN_STREAMS}
    b = {name: again[name][:frames] for name in MAIN_STREAMS}
    return score_utterance(a, b, counted[:frames], prepared.grid.shift)
