"""What the numbers say, in words: the paragraph that answers the question, and what a reader must know beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tts.comparison.results import JudgedScore, Judges, Results
from tts.comparison.tables import judged as judged_score
from tts.comparison.verdicts import Contrast, Verdict
from tts.evaluation.scores import find_metric
from tts.recipe import MAIN_STREAMS

MOST_SENTENCES = 3  # candidates described one by one, best first; a paragraph of twenty is not read
AGAINST_BASELINE: Mapping[Verdict | None, str] = {
    Verdict.BETTER: "is better than {}",
    Verdict.WORSE: "is worse than {}",
    Verdict.PERHAPS_BETTER: "is better than {}, perhaps by too little to matter",
    Verdict.PERHAPS_WORSE: "is worse than {}, perhaps by too little to matter",
    Verdict.TOO_SMALL: "differs from {} by too little to matter",
    Verdict.NOT_SHOWN: "is not shown to differ from {}",
    Verdict.ONE_SEED: "has one seed beside {}, so no verdict",
    Verdict.ONE_UTTERANCE: "is scored beside {} on one utterance, so no verdict",
    None: "is not judged against {}",
}


def answer(results: Results) -> str:
    """Return one paragraph: whether the extra tasks helped, by how much, and whether it is the tasks or the size."""
    primary = {contrast.system: contrast for contrast in results.contrasts_to_baseline(results.primary)}
    candidates = [name for name in primary if results.by_name[name].role == "candidate"]
    others = {system.role for system in results.systems if system.name != results.baseline}
    if others and "candidate" not in others:
        return "Nothing can be said of candidates: all systems beside the baseline are controls."
    if not candidates and any(run.system != results.baseline and run.finished for run in results.runs):
        heading = results.primary_metric.heading
        return _joined(f"Nothing can be said: no candidate and the baseline have {heading} on the same seed.", _lost(results))
    if not candidates:
        nothing = f"Nothing can be said yet: no system beside the baseline {results.baseline} has a finished run on its seeds."
        return _joined(nothing, _lost(results))
    untrained = [name for name in candidates if primary[name].verdict is Verdict.UNDERTRAINED]
    judged = [name for name in candidates if name not in untrained]
    described = judged[:MOST_SENTENCES]
    sentences = [_lead(results, judged, primary) if judged else "", _untrained(results, untrained)]
    sentences += [_of_one(results, primary[name]) for name in described]
    sentences += [_controls(results, name) for name in described if _is_better(primary[name])]
    sentences.append(_rest([primary[name].judgement for name in judged[MOST_SENTENCES:]]))
    few = [name for name in described if primary[name].seeds < 2]
    if few:
        sentences.append(f"One seed tells nothing of another training: train more seeds of {', '.join(few)}.")
    sentences.append(_lost(results))
    if results.state == "partial":
        sentences.append("Runs are still missing, so this may change.")
    return _joined(*sentences)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _is_better(contrast: Contrast) -> bool:
    return contrast.verdict is not None and contrast.verdict.is_better


def _untrained(results: Results, names: Sequence[str]) -> str:
    """Say of which candidates nothing can be said because they, or the baseline, were trained too little."""
    if not names:
        return ""
    floor = f"the mean of each phone has a lower MCD ({results.references.floor or 0.0:.3f} dB)"
    if results.baseline in results.undertrained():
        return f"Nothing can be compared: the baseline {results.baseline} was trained too little: {floor}. Train it longer."
    return f"Not compared, because trained too little: {', '.join(names)}; {floor}. Train longer."


def _lead(results: Results, candidates: Sequence[str], primary: Mapping[str, Contrast]) -> str:
    """Say yes or no for the systems that learn extra tasks."""
    tasks = [name for name in candidates if _extra_tasks(results, name)]
    heading = results.primary_metric.heading
    named = f"{heading}, the score named before the run"
    if not tasks:
        return f"No candidate's stages learn extra tasks; on {heading}, named before the run:"
    better = [name for name in tasks if _is_better(primary[name])]
    beyond = [name for name in better if _controls_beaten(results, name) is not False]
    tested = [name for name in beyond if _controls_beaten(results, name)]
    if tested:
        return f"Yes, extra tasks helped on {named}, by more than the controls did."
    if beyond:
        return f"A system with extra tasks is better on {named}; no control shows why."
    if better:
        return (
            f"A system with extra tasks is better on {named}, but not by more than a control, so the tasks are not shown to be "
            "the reason."
        )
    if all(primary[name].is_alike for name in tasks):
        return f"No answer on {named}: it is the same with the extra tasks as without."
    verdicts = {primary[name].verdict for name in tasks}
    if verdicts == {Verdict.ONE_UTTERANCE}:
        return f"One test utterance gives no answer on {named}."
    if all(primary[name].seeds < 2 for name in tasks):
        return f"One seed a system gives no answer on {named}."
    if verdicts == {Verdict.TOO_SMALL}:
        effect = _value(results, results.primary, results.smallest_effect or 0.0)
        return (
            f"No: whatever the extra tasks change of {heading} is smaller than {effect}, which was called too small to matter."
        )
    return f"No: the extra tasks are not shown to help on {named}."


def _of_one(results: Results, contrast: Contrast) -> str:
    """Say what became of one candidate: the primary score first, then the others on which a difference is shown."""
    over = f"{_count(contrast.seeds, 'seed')} and {_count(contrast.utterances, 'utterance')}"
    if contrast.is_alike:
        return _of_alike(results, contrast, over)
    low, high = (_value(results, contrast.metric, bound, signed=True) for bound in (contrast.low, contrast.high))
    size = f"{_value(results, contrast.metric, contrast.estimate, signed=True, unit=True)}, 95 % interval [{low}, {high}]"
    size += _denied(contrast)
    percent = f", {abs(contrast.percent):.1f} %" if contrast.percent is not None else ""
    others = [other for other in results.differences if other.system == contrast.system and other.metric != contrast.metric]
    parts = []
    for kind in (Verdict.BETTER, Verdict.WORSE):
        headings = [results.metric(other.metric).heading for other in others if other.verdict is kind]
        if headings:
            parts.append(f"{kind} on {', '.join(headings)}")
    extra = f"; it is {' and '.join(parts)}" if parts else ""
    verdict = AGAINST_BASELINE[contrast.verdict].format(results.baseline)
    return f"{contrast.system} {verdict} ({size}{percent}, {over}){extra}".rstrip(".") + "."


def _of_alike(results: Results, contrast: Contrast, over: str) -> str:
    """Say of a candidate whose primary score is the baseline's that it says nothing, and what judges say of the speech."""
    heading = results.metric(contrast.metric).heading
    said = (
        f"{contrast.system} has the same {heading} as {results.baseline} in every utterance ({over}), so {heading} does not "
        "see what they differ in and decides nothing."
    )
    judges = results.judges or Judges()
    rows = [(results.baseline, row.differences) for row in judges.speech if row.source == contrast.system]
    rows += [(pair.against, pair.differences) for pair in judges.pairs if pair.system == contrast.system]
    quoted = [f"{contrast.system} minus {other}: {listed}" for other, row in rows if (listed := _opinions(row))]
    return f"{said} Judges of the speech, {'; '.join(quoted)}." if quoted else said


def _opinions(differences: Mapping[str, JudgedScore]) -> str:
    metrics = [find_metric(name) for name in differences]
    scores = [(metric, judged_score(metric, differences[metric.name], "+")) for metric in metrics]
    return ", ".join(f"{metric.heading} {text} {metric.unit}".rstrip() for metric, text in scores if text)


def _rest(verdicts: Sequence[str]) -> str:
    """Count the verdicts on the candidates that are not described one by one; nothing where there are none."""
    if not verdicts:
        return ""
    counted = ", ".join(f"{verdicts.count(kind)} {kind or 'not judged'}" for kind in dict.fromkeys(verdicts))
    return f"Of {_count(len(verdicts), 'other candidate')}: {counted}; the tables have them all."


def _lost(results: Results) -> str:
    """Name the systems that lost runs: a system whose runs diverged is not one that did no harm."""
    ended: dict[str, list[str]] = {}
    for run in results.runs:
        ended.setdefault(run.system, []).append(run.status)
    lost = [
        f"{name} ({status} in {statuses.count(status)} of {_count(len(statuses), 'run')})"
        for name, statuses in ended.items()
        for status in ("diverged", "failed")
        if status in statuses
    ]
    return f"Some runs ended without a score and are not counted: {', '.join(lost)}." if lost else ""


def _controls(results: Results, name: str) -> str:
    """Say whether a candidate's gain is more than what the controls gain."""
    against = [contrast for contrast in results.against_controls if contrast.system == name]
    if not against:
        return f"No control of {name} was trained, so this does not tell whether {name} gains by its tasks or by its size."
    groups: dict[str, list[Contrast]] = {"beaten": [], "little": [], "perhaps": [], "less": [], "untrained": [], "equal": []}
    for contrast in against:
        groups[_group(contrast)].append(contrast)
    beaten, listed = groups["beaten"], {key: _listed(results, ones) for key, ones in groups.items()}
    names = ", ".join(str(contrast.control) for contrast in beaten)
    sentences = {
        "beaten": f"{name} is better than the control{'s' if len(beaten) > 1 else ''} {names}.",
        "little": f"{name} gains more than {listed['little']}, but by too little to matter.",
        "perhaps": f"{name} gains more than {listed['perhaps']}, perhaps by too little to matter.",
        "less": f"{name} gains less than {listed['less']}.",
        "untrained": f"Trained too little to be compared with {name}: {listed['untrained']}.",
        "equal": f"The gain of {name} is not shown to exceed that of {listed['equal']}, so it may come from what both have.",
    }
    return " ".join(sentence for key, sentence in sentences.items() if groups[key])


def _group(contrast: Contrast) -> str:
    """Return which sentence tells of a contrast with a control."""
    if contrast.verdict is Verdict.BETTER:
        return "beaten"
    if contrast.verdict is Verdict.PERHAPS_BETTER:
        return "perhaps"
    if contrast.verdict is Verdict.UNDERTRAINED:
        return "untrained"
    if contrast.verdict is not None and contrast.verdict.is_worse:
        return "less"
    if contrast.verdict is Verdict.TOO_SMALL and contrast.excludes_zero and (contrast.gain or 0.0) > 0.0:
        return "little"
    return "equal"


def _listed(results: Results, ones: Sequence[Contrast]) -> str:
    """Name controls, each with the difference to it."""
    return ", ".join(
        f"{contrast.control} ({_value(results, contrast.metric, contrast.estimate, signed=True, unit=True)}{_denied(contrast)})"
        for contrast in ones
    )


def _denied(contrast: Contrast) -> str:
    """Return the corrected p of a difference that is not shown though its interval leaves out zero: a reader would wonder."""
    if contrast.verdict is not Verdict.NOT_SHOWN or not contrast.excludes_zero or contrast.p_holm is None:
        return ""
    return f", but p {contrast.p_holm:.2g} after Holm's correction"


def _controls_beaten(results: Results, name: str) -> bool | None:
    """Return whether a candidate is better than all controls; None where there are none."""
    against = [contrast for contrast in results.against_controls if contrast.system == name]
    return all(_is_better(contrast) for contrast in against) if against else None


def _extra_tasks(results: Results, name: str) -> bool:
    return any(task not in MAIN_STREAMS and weight > 0.0 for task, weight in results.by_name[name].tasks().items())


def notes(results: Results) -> list[str]:
    """Return what a reader of the numbers must know: how they were made, and what went wrong or was unequal."""
    return [*_method_notes(results), *_training_notes(results), *_run_notes(results), *_cost_notes(results)]


def _method_notes(results: Results) -> list[str]:
    said = [
        "For a seed, all systems start their shared layers from the same weights and see the batches in the same order.",
        "Intervals are 95 %, of seeds and utterances together; differences are paired by both. p is corrected by "
        "Holm, the primary score of all systems in one family, their other scores in another; "
        '"better" and "worse" need an interval without zero and p below 0.05. One seed gets no verdict.',
        "Every choice was made on validation; the test set was scored once a run.",
        _duration_note(results),
    ]
    best_at_one = [metric.heading for metric in results.scores if metric.better == "one"]
    if best_at_one:
        said.append(
            f"{', '.join(best_at_one)}: best at 1, so its verdict and p are of the distances to 1 (of the logarithm), not of "
            "the difference."
        )
    return said


def _duration_note(results: Results) -> str:
    """Say whether systems share their duration model, as their scores show, and where its cost is not."""
    own = [
        contrast.system
        for contrast in results.contrasts_to_baseline("duration_rmse")
        if not contrast.same and results.by_name[contrast.system].members == 1
    ]
    if own:
        return (
            f"{', '.join(own)}: a duration model other than the baseline's, so duration scores differ; duration models are in "
            "no system's seconds and parameters, nor is validation in its seconds."
        )
    return (
        "The duration model of a seed is the same for all systems, so duration scores differ for ensembles alone; its training "
        "is in no system's seconds, nor is validation."
    )


def _training_notes(results: Results) -> list[str]:
    below, floor = results.undertrained(), results.references.floor
    if not below:
        return []
    why = f"a higher MCD than the mean of each phone ({floor:.3f} dB), so trained too little to be compared."
    return [f"{', '.join(below)}: {why}"]


def _run_notes(results: Results) -> list[str]:
    said = [f"{run.system}, seed {run.seed}: {run.status}: {run.message}" for run in results.runs if not run.finished]
    present = {system.name: {run.seed for run in results.runs_of(system.name)} for system in results.systems}
    for name, seeds in present.items():
        missing = sorted(present.get(results.baseline, set()) - seeds)
        if missing and seeds:
            said.append(
                f"{name} has no finished run of seed {', '.join(map(str, missing))}; it is compared on the seeds both have."
            )
        elif not seeds:
            said.append(f"{name} has no finished run.")
    return said


def _cost_notes(results: Results) -> list[str]:
    said = []
    charged = {system.name: system.runs_charged for system in results.systems if results.runs_of(system.name)}
    for searched in results.search:
        said.append(
            f"{searched.system} was chosen from {searched.runs} runs on validation; it is charged "
            f"{charged.get(searched.system, 0)} runs, {results.baseline} {charged.get(results.baseline, 0)}."
        )
        said += [f"{searched.system}: {edge}; a better one may lie beyond." for edge in searched.edges]
    for system in results.systems:
        if system.members > 1:
            said.append(
                f"{system.name} averages {system.members} networks of {system.of}: for seed s those of the seeds s, "
                "s + 100, ...; the first is the one that other systems are paired with by seed."
            )
    return said


def _value(results: Results, name: str, value: float, *, signed: bool = False, unit: bool = False) -> str:
    rule = results.metric(name)
    text = f"{value:{'+' if signed else ''}.{rule.decimals}f}"
    return f"{text} {rule.unit}".strip() if unit or not signed else text


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
