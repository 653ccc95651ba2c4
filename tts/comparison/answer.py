"""What the numbers say, in words: the paragraph that answers the question, and what a reader must know beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tts.comparison.verdicts import gain

Results = Mapping[str, Any]
TOLD = 3  # candidates told of one by one, best first; a paragraph of twenty is not read


def answer(results: Results) -> str:
    """Return one paragraph: whether the extra tasks helped, by how much, and whether it is the tasks or the size."""
    ranked = [row["system"] for row in results["ranking"]]
    systems = {system["name"]: system for system in results["systems"]}
    primary = {one["system"]: one for one in results["differences"] if one["metric"] == results["primary"]}
    candidates = [name for name in ranked if name in primary and systems[name]["role"] == "candidate"]
    others = {system["role"] for name, system in systems.items() if name != results["baseline"]}
    if others and "candidate" not in others:
        return "Nothing can be said of candidates: all systems beside the baseline are controls."
    if not candidates and any(run["system"] != results["baseline"] and run["status"] == "finished" for run in results["runs"]):
        heading = _metric(results, results["primary"])["heading"]
        return _joined(f"Nothing can be said: no candidate and the baseline have {heading} on the same seed.", _lost(results))
    if not candidates:
        nothing = (
            f"Nothing can be said yet: no system beside the baseline {results['baseline']} has a finished run on its seeds."
        )
        return _joined(nothing, _lost(results))
    told = candidates[:TOLD]
    sentences = [_lead(results, candidates, primary), *(_of_one(results, name, primary[name]) for name in told)]
    sentences += [_controls(results, name) for name in told if primary[name]["verdict"].startswith("better")]
    sentences.append(_rest([primary[name]["verdict"] for name in candidates[TOLD:]]))
    few = [name for name in told if primary[name]["seeds"] < 2]
    if few:
        sentences.append(f"One seed tells nothing of another training: train more seeds of {', '.join(few)}.")
    sentences.append(_lost(results))
    if results["state"] == "partial":
        sentences.append("Runs are still missing, so this may change.")
    return _joined(*sentences)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _lead(results: Results, candidates: Sequence[str], primary: Mapping[str, Any]) -> str:
    """Say yes or no for the systems that learn extra tasks."""
    tasks = [name for name in candidates if _extra_tasks(results, name)]
    heading = _metric(results, results["primary"])["heading"]
    if not tasks:
        return f"No candidate learns extra tasks; on {heading}, named before the run:"
    better = [name for name in tasks if primary[name]["verdict"].startswith("better")]
    beyond = [name for name in better if _controls_beaten(results, name) is not False]
    tested = [name for name in beyond if _controls_beaten(results, name)]
    if tested:
        return f"Yes, extra tasks helped on {heading}, the score named before the run, by more than the controls did."
    if beyond:
        return f"A system with extra tasks is better on {heading}, the score named before the run; no control shows why."
    if better:
        return (
            f"A system with extra tasks is better on {heading}, the score named before the run, but not by more than a "
            "control, so the tasks are not shown to be the reason."
        )
    if all(primary[name]["seeds"] < 2 for name in tasks):
        return f"One seed a system gives no answer on {heading}, the score named before the run."
    if all(primary[name]["verdict"] == "too small to matter" for name in tasks):
        effect = _value(results, results["primary"], results["smallest_effect"])
        return (
            f"No: whatever the extra tasks change of {heading} is smaller than {effect}, which was called too small to matter."
        )
    return f"No: the extra tasks are not shown to help on {heading}, the score named before the run."


def _of_one(results: Results, name: str, one: Mapping[str, Any]) -> str:
    """Say what became of one candidate: the primary score first, then the others on which a difference is shown."""
    baseline = results["baseline"]
    low, high = (_value(results, one["metric"], one[key], signed=True) for key in ("low", "high"))
    size = f"{_value(results, one['metric'], one['estimate'], signed=True, unit=True)}, 95 % interval [{low}, {high}]"
    size += _denied(one)
    percent = f", {abs(one['percent']):.1f} %" if one["percent"] is not None else ""
    over = f"{_count(one['seeds'], 'seed')} and {_count(one['utterances'], 'utterance')}"
    said = {
        "better": f"is better than {baseline}",
        "worse": f"is worse than {baseline}",
        "better, perhaps too little to matter": f"is better than {baseline}, perhaps by too little to matter",
        "worse, perhaps too little to matter": f"is worse than {baseline}, perhaps by too little to matter",
        "one seed, no verdict": f"has one seed beside {baseline}, so no verdict",
        "no difference shown": f"is not shown to differ from {baseline}",
        "too small to matter": f"differs from {baseline} by too little to matter",
    }[one["verdict"]]
    others = [other for other in results["differences"] if other["system"] == name and other["metric"] != one["metric"]]
    parts = []
    for word in ("better", "worse"):
        found = [_metric(results, other["metric"])["heading"] for other in others if other["verdict"] == word]
        if found:
            parts.append(f"{word} on {', '.join(found)}")
    extra = f"; it is {' and '.join(parts)}" if parts else ""
    return f"{name} {said} ({size}{percent}, {over}){extra}".rstrip(".") + "."


def _rest(verdicts: Sequence[str]) -> str:
    """Count the verdicts on the candidates that are not told of one by one; nothing where there are none."""
    if not verdicts:
        return ""
    kinds = {kind: verdicts.count(kind) for kind in dict.fromkeys(verdicts)}
    counted = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    return f"Of {_count(len(verdicts), 'other candidate')}: {counted}; the tables have them all."


def _lost(results: Results) -> str:
    """Name the systems that lost runs: a system whose runs diverged is not one that did no harm."""
    ended: dict[str, list[str]] = {}
    for run in results["runs"]:
        ended.setdefault(run["system"], []).append(run["status"])
    said = [
        f"{name} ({status} in {statuses.count(status)} of {_count(len(statuses), 'run')})"
        for name, statuses in ended.items()
        for status in ("diverged", "failed")
        if status in statuses
    ]
    return f"Some runs ended without a score and are not counted: {', '.join(said)}." if said else ""


def _controls(results: Results, name: str) -> str:
    """Say whether a candidate's gain is more than what the controls gain."""
    against = [one for one in results["against_controls"] if one["system"] == name]
    if not against:
        return f"No control of {name} was trained, so this does not tell whether {name} gains by its tasks or by its size."
    beaten = [one["control"] for one in against if one["verdict"] == "better"]
    sentences = []
    if beaten:
        sentences.append(f"{name} is better than the control{'s' if len(beaten) > 1 else ''} {', '.join(beaten)}.")
    little = [
        one for one in against if one["verdict"] == "too small to matter" and gain(one) > 0 and one["low"] * one["high"] > 0
    ]
    if little:
        sentences.append(f"{name} gains more than {_listed(results, little)}, but by too little to matter.")
    perhaps = [one for one in against if one["verdict"].startswith("better,")]
    if perhaps:
        sentences.append(f"{name} gains more than {_listed(results, perhaps)}, perhaps by too little to matter.")
    less = [one for one in against if one["verdict"].startswith("worse")]
    if less:
        sentences.append(f"{name} gains less than {_listed(results, less)}.")
    equal = [one for one in against if one["verdict"] != "better" and one not in little + less + perhaps]
    if equal:
        sentences.append(
            f"The gain of {name} is not shown to exceed that of {_listed(results, equal)}, so it may come from what both have."
        )
    return " ".join(sentences)


def _listed(results: Results, ones: Sequence[Mapping[str, Any]]) -> str:
    """Name controls, each with the difference to it."""
    return ", ".join(
        f"{one['control']} ({_value(results, one['metric'], one['estimate'], signed=True, unit=True)}{_denied(one)})"
        for one in ones
    )


def _denied(one: Mapping[str, Any]) -> str:
    """Return the corrected p of a difference that is not shown though its interval leaves out zero: a reader would wonder."""
    if one["verdict"] != "no difference shown" or one["low"] * one["high"] <= 0 or one["p_holm"] is None:
        return ""
    return f", but p {one['p_holm']:.2g} after Holm's correction"


def _controls_beaten(results: Results, name: str) -> bool | None:
    """Return whether a candidate is better than all controls; None where there are none."""
    against = [one for one in results["against_controls"] if one["system"] == name]
    return all(one["verdict"].startswith("better") for one in against) if against else None


def _extra_tasks(results: Results, name: str) -> bool:
    from tts.recipe import MAIN_STREAMS

    stages = next(system["stages"] for system in results["systems"] if system["name"] == name)
    return any(task not in MAIN_STREAMS and use["weight"] > 0.0 for stage in stages for task, use in stage["tasks"].items())


def notes(results: Results) -> list[str]:
    """Return what a reader of the numbers must know: how they were made, and what went wrong or was unequal."""
    said = [
        "For a seed, all systems start their shared layers from the same weights and see the batches in the same order.",
        "Intervals are 95 %, of seeds and utterances together; differences are paired by both. p is corrected by "
        "Holm, the primary score of all systems in one family, their other scores in another; "
        '"better" and "worse" need an interval without zero and p below 0.05. One seed gets no verdict.',
        "Every choice was made on validation; the test set was scored once a run.",
        "The duration model of a seed is the same for all systems, so duration scores differ for ensembles alone; its training "
        "is in no system's seconds, nor is validation.",
    ]
    floor = (results["references"].get("mean") or {}).get("mcd")
    reached = {row["system"]: row["estimate"] for row in results["ranking"] if row["metric"] == "mcd"}
    below = [name for name, score in reached.items() if floor is not None and score is not None and score > floor]
    if below:
        said.append(
            f"{', '.join(below)}: a higher MCD than the mean of each phone ({floor:.3f} dB), "
            "so trained too little to be compared."
        )
    for run in results["runs"]:
        if run["status"] != "finished":
            said.append(f"{run['system']}, seed {run['seed']}: {run['status']}: {run['message']}")
    present: dict[str, set[int]] = {name: set() for name in (system["name"] for system in results["systems"])}
    for run in results["runs"]:
        if run["status"] == "finished":
            present[run["system"]].add(run["seed"])
    for name, seeds in present.items():
        missing = sorted(present[results["baseline"]] - seeds)
        if missing and seeds:
            said.append(
                f"{name} has no finished run of seed {', '.join(map(str, missing))}; it is compared on the seeds both have."
            )
        elif not seeds:
            said.append(f"{name} has no finished run.")
    charged = {system["name"]: system["runs_charged"] for system in results["systems"] if present[system["name"]]}
    for one in results["search"]:
        base = charged.get(results["baseline"], 0)
        said.append(
            f"{one['system']} was chosen from {one['runs']} runs on validation; it is charged {charged.get(one['system'], 0)} "
            f"runs, {results['baseline']} {base}."
        )
        said += [f"{one['system']}: {edge}; a better one may lie beyond." for edge in one["edges"]]
    for system in results["systems"]:
        if system["members"] > 1:
            said.append(
                f"{system['name']} averages {system['members']} networks of {system['of']}: for seed s those of the seeds s, "
                "s + 100, ...; the first is the one that other systems are paired with by seed."
            )
    return said


def _metric(results: Results, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(metric for metric in results["metrics"] if metric["name"] == name)
    return found


def _value(results: Results, name: str, value: float, *, signed: bool = False, unit: bool = False) -> str:
    rule = _metric(results, name)
    text = f"{value:{'+' if signed else ''}.{rule['decimals']}f}"
    return f"{text} {rule['unit']}".strip() if unit or not signed else text


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
