"""A speaker with few utterances, alone and beside a speaker with many, in one network: test scores over seeds.

    python tools/compare_speakers.py recipes/dutch --few flemishguy --limit 20 --corpus-root data --out FOLDER --seeds 1 2 3

Both corpora are prepared with the same alignments, so that what differs is what the networks learnt. Finished parts are kept:
run it again to go on. Leaves ``results.json`` and prints a table of the few-utterance speaker's scores.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.files import read_json, write_json
from tts.dataset.prepare import prepare_corpus
from tts.dataset.prepared import Prepared
from tts.evaluation.evaluate import generate_split, score_settings
from tts.evaluation.scores import find_metric, pool
from tts.evaluation.tables import format_table
from tts.generation.voice import load_voice
from tts.recipe import Recipe, load_recipe
from tts.training.train import train_voice

METRICS = ("mcd", "f0_rmse", "f0_correlation", "vuv_error", "bap", "duration_rmse", "gv_mcep")


def main() -> None:
    """Prepare, train, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--few", required=True, help="the speaker who has few utterances")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--corpus-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--systems", nargs="+", default=["code", "heads"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--workers", type=int)
    parser.add_argument("--set", dest="changes", action="append", default=[])
    given = parser.parse_args()
    limit = [*given.changes, f"split.limit={{{given.few}: {given.limit}}}"]
    together = load_recipe(given.recipe, limit)
    for name in given.systems:
        if "seed" in together.system(name).training:
            parser.error(f"systems.{name}.training.seed: --seeds sets the seeds; take it out of the system")
    folder = given.recipe if given.recipe.is_dir() else given.recipe.parent
    both = prepare_corpus(together, folder, given.corpus_root, given.out / "together", workers=given.workers)
    alone = _alone(given.recipe, given.few, limit, given.out)
    own = prepare_corpus(alone, folder, given.corpus_root, given.out / "alone", workers=given.workers)
    results = _read(given.out / "results.json")
    for seed in given.seeds:
        arms = [("alone", alone, own, given.systems[0]), *((name, together, both, name) for name in given.systems)]
        for arm, recipe, prepared, system in arms:
            key = f"{arm}/{seed}"
            if key not in results:
                results[key] = _score(recipe, prepared, both, system, seed, given.few, given.out / f"{arm}-{seed}")
                write_json(given.out / "results.json", results)
                print(key, json.dumps({name: results[key]["scores"][name] for name in METRICS}), flush=True)
    print(_table(results, ["alone", *given.systems], given.seeds), f"\n\n{score_settings(both).line()}")


def _alone(recipe: Path, few: str, changes: list[str], out: Path) -> Recipe:
    """The recipe with one speaker left; the times of phones are taken from the preparation of all."""
    whole = load_recipe(recipe, changes)
    own = whole.corpus.speakers[few].model_dump(exclude_none=True)
    tasks = {name: options for name, options in whole.tasks.items() if name != "speaker"}
    data = whole.model_dump(mode="json", exclude_unset=True)
    data["corpus"]["speakers"] = {few: own}
    data["tasks"] = tasks
    data["alignment"] = {**data.get("alignment", {}), "labels": str((out / "together" / "alignments").resolve())}
    data["systems"] = {
        name: {key: value for key, value in system.items() if key != "speakers"}
        for name, system in data["systems"].items()
        if not any("speaker" in stage["tasks"] for stage in system["stages"])
    }
    return Recipe.model_validate(data)


def _score(
    recipe: Recipe, prepared: Prepared, scored: Prepared, system: str, seed: int, speaker: str, out: Path
) -> dict[str, Any]:
    started = time.process_time()
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": seed})})
    summary = train_voice(recipe, prepared, system, out)
    seconds = time.process_time() - started
    items = [item for item in generate_split(load_voice(out), scored, "test") if item.speaker == speaker]
    scores = pool(item.scores for item in items)
    by_utterance = {item.id: {name: item.scores[name] for name in METRICS} for item in items}
    facts = {"step": summary.stages[-1].step, "processor_seconds": round(seconds, 1)}
    return {**facts, "scores": {name: scores[name] for name in METRICS}, "utterances": by_utterance}


def _read(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.is_file() else {}


def _table(results: dict[str, Any], arms: list[str], seeds: list[int]) -> str:
    rows = []
    for arm in arms:
        cells = [arm]
        for name in METRICS:
            values = [results[f"{arm}/{seed}"]["scores"][name] for seed in seeds]
            decimals = find_metric(name).decimals
            cells.append(f"{np.mean(values):.{decimals}f} ({min(values):.{decimals}f} to {max(values):.{decimals}f})")
        rows.append(cells)
    heads = [f"{find_metric(n).heading}{f' ({find_metric(n).unit})' if find_metric(n).unit else ''}" for n in METRICS]
    return format_table(["", *heads], rows, "markdown")


if __name__ == "__main__":
    main()
