"""The paragraph that answers the question, and the tables, from results made by hand."""

import pytest

from tts.comparison.answer import answer, notes
from tts.comparison.results import Results
from tts.comparison.tables import tables

METRICS = [
    {"name": "mcd", "heading": "MCD", "unit": "dB", "decimals": 3, "better": "low"},
    {"name": "vuv_error", "heading": "V/UV", "unit": "%", "decimals": 2, "better": "low"},
]


def found(system, estimate, verdict, metric="mcd", **more):
    return {
        "system": system,
        "metric": metric,
        "estimate": estimate,
        "low": estimate - 0.01,
        "high": estimate + 0.01,
        "percent": 100 * estimate / 5.0,
        "probability_better": 0.9 if estimate < 0 else 0.1,
        "p_value": 0.001,
        "p_holm": 0.002,
        "wilcoxon": 0.003,
        "effect_size": -0.5,
        "same": False,
        "seeds": 5,
        "utterances": 66,
        "verdict": verdict,
        **more,
    }


def raw(differences, controls=(), systems=("single", "multi", "wide"), **more):
    roles = {"single": "baseline", "multi": "candidate", "long": "candidate", "wide": "control"}
    tasks = {"multi": {"mcep": {"weight": 1.0}, "mel": {"weight": 0.1}}}
    runs = [
        {
            "system": name,
            "seed": seed,
            "status": "finished",
            "message": None,
            "validation": {"mcd": 4.9, "vuv_error": None},
            "test": {"mcd": 5.0 + 0.1 * seed, "vuv_error": 4.0},
        }
        for name in systems
        for seed in (1, 2)
    ]
    return {
        "format": 1,
        "state": "complete",
        "recipe": "tiny",
        "description": "a corpus",
        "command": "tts compare tiny",
        "commit": None,
        "created": "2026-01-01",
        "made_with": {"version": "1", "torch": "2", "numpy": "2", "python": "3", "machine": "one"},
        "settings": {"description": "16000 Hz"},
        "splits": {split: {"utterances": 66, "seconds": 200.0} for split in ("validation", "test")},
        "primary": "mcd",
        "smallest_effect": 0.05,
        "baseline": "single",
        "metrics": METRICS,
        "systems": [
            {
                "name": name,
                "role": roles.get(name, "candidate"),
                "stages": [{"tasks": tasks.get(name, {"mcep": {"weight": 1.0}, "mel": {"weight": 0.0}})}],
                "members": 1,
                "of": None,
                "runs_charged": 2,
                "steps": 20,
                "seconds": 61.0,
                "parameters": {"trained": 1000, "speaking": 900},
            }
            for name in systems
        ],
        "runs": runs,
        "ranking": [{"system": n, "metric": "mcd", "estimate": 5.0, "low": 4.9, "high": 5.1, "seeds": 2} for n in systems],
        "differences": list(differences),
        "against_controls": list(controls),
        "leave_one_out": [],
        "references": {},
        "search": [],
        "examples": [],
        "notes": [],
        "answer": "",
        **more,
    }


def results(*arguments, **more):
    return Results.from_dict(raw(*arguments, **more))


def test_yes_needs_more_than_the_controls_gain():
    gained = [found("multi", -0.1, "better"), found("multi", -0.4, "worse", "vuv_error")]
    more = found("multi", -0.08, "better", control="wide")
    text = answer(results(gained, [more]))
    assert text.startswith("Yes, extra tasks helped on MCD")
    assert "multi is better than single (-0.100 dB, 95 % interval [-0.110, -0.090], 2.0 %, 5 seeds and 66 utterances)" in text
    assert "worse on V/UV" in text
    assert "multi is better than the control wide." in text
    text = answer(results(gained, [found("multi", -0.01, "no difference shown", control="wide")]))
    assert "not by more than a control" in text
    assert "The gain of multi is not shown to exceed that of wide (-0.010 dB)" in text
    text = answer(results(gained, [found("multi", 0.08, "worse", control="wide")]))
    assert "multi gains less than wide (+0.080 dB)." in text
    text = answer(results(gained, [found("multi", -0.02, "too small to matter", control="wide")]))
    assert "multi gains more than wide (-0.020 dB), but by too little to matter." in text


def test_a_gain_without_controls_explains_nothing():
    text = answer(results([found("multi", -0.1, "better")]))
    assert "no control shows why" in text
    assert "No control of multi was trained" in text


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("no difference shown", "No: the extra tasks are not shown to help on MCD"),
        ("worse", "No: the extra tasks are not shown to help on MCD"),
        ("too small to matter", "No: whatever the extra tasks change of MCD is smaller than 0.050 dB"),
    ],
)
def test_no_is_said_as_it_is(verdict, said):
    assert answer(results([found("multi", -0.02, verdict)])).startswith(said)


def test_an_interval_without_zero_that_shows_nothing_is_explained():
    text = answer(results([found("multi", -0.1, "no difference shown", p_holm=0.0612)]))
    assert "[-0.110, -0.090], but p 0.061 after Holm's correction, 2.0 %" in text
    assert "Holm" not in answer(results([found("multi", -0.005, "no difference shown", p_holm=0.4)]))


def test_systems_below_the_floor_are_named():
    made = raw([], references={"mean": {"mcd": 6.0}})
    for run in made["runs"]:
        run["test"] = {"mcd": 6.1 if run["system"] == "single" else 5.0}
    said = notes(Results.from_dict(made))
    assert "single: a higher MCD than the mean of each phone (6.000 dB), so trained too little to be compared." in said
    assert not any("mean of each phone" in line for line in notes(Results.from_dict({**made, "references": {}})))


def test_a_system_without_extra_tasks_says_nothing_about_them():
    text = answer(results([found("long", -0.1, "better")], systems=("single", "long")))
    assert text.startswith("No candidate's stages learn extra tasks")


def test_few_seeds_and_missing_runs_are_said():
    text = answer(results([found("multi", -0.1, "better", seeds=1)], state="partial"))
    assert "One seed tells nothing of another training: train more seeds of multi." in text
    assert "Runs are still missing" in text
    assert answer(results([], runs=[])).startswith("Nothing can be said yet")
    assert answer(results([])) == "Nothing can be said: no candidate and the baseline have MCD on the same seed."
    assert "are controls" in answer(results([], systems=("single", "wide")))


def test_what_went_wrong_is_in_the_notes():
    made = raw([], search=[{"system": "multi", "runs": 7, "edges": ["x = 1 is the largest value tried"]}])
    made["runs"][3] |= {"status": "diverged", "message": "training diverged at step 3"}
    said = "\n".join(notes(Results.from_dict(made)))
    assert "multi, seed 2: diverged: training diverged at step 3" in said
    assert "multi has no finished run of seed 2" in said
    assert answer(Results.from_dict(made)).startswith("Nothing can be said")
    made["differences"] = [found("multi", -0.1, "better", seeds=1)]
    assert "Some runs ended without a score and are not counted: multi (diverged in 1 of 2 runs)." in answer(
        Results.from_dict(made)
    )
    assert "multi was chosen from 7 runs on validation; it is charged 2 runs, single 2" in said
    assert "x = 1 is the largest value tried" in said


def test_tables_hold_all_of_it():
    search = {
        "system": "multi",
        "method": "grid",
        "seed": 1,
        "metric": "mcd",
        "runs": 2,
        "edges": [],
        "tried": [{"settings": {"a": 0}, "validation": 4.5}, {"settings": {"a": 1}, "validation": None}],
        "chosen": {"a": 0},
    }
    others = [found("multi", -0.5, "better") | {"metric": "vuv_error"}]
    made = results(
        [found("multi", -0.1, "better"), *others],
        [found("multi", -0.08, "better", control="wide")],
        leave_one_out=[found("multi", -0.03, "no difference shown", task="mel")],
        references={"copy": {"mcd": 3.5}, "mean": {"mcd": 7.0}, "takes": {"mcd": 5.7, "pairs": 9}, "natural_wer": 27.8},
        search=[search],
    )
    assert made.mean_scores("multi", "test") == pytest.approx({"mcd": 5.15, "vuv_error": 4.0})
    text = tables(made)
    for heading in ("Ranking", "Scores", "Differences to single", "Is it the tasks?", "What each task gives", "Budget"):
        assert f"## {heading}" in text
    for heading in ("Validation", "Search: multi", "For scale", "Notes"):
        assert f"## {heading}" in text
    assert "-0.100 [-0.110, -0.090]" in text
    assert "| multi  | **-0.50 [-0.51, -0.49] better** |" in text  # shown to differ: in the table of the other scores
    assert "4.5000 (chosen)" in text
    assert "diverged or failed" in text
    assert "9 pairs" in text
    assert "Commit unknown" in text


def test_the_answer_tells_of_the_best_and_counts_the_rest() -> None:
    names = [f"multi{number}" for number in range(6)]
    verdicts = ["better", "better", "no difference shown", "too small to matter", "worse", "worse"]
    ones = [found(name, -0.1 + 0.04 * n, verdict) for n, (name, verdict) in enumerate(zip(names, verdicts, strict=True))]
    text = answer(results(ones, systems=("single", *names)))
    assert all(f"{name} " in text for name in names[:3]) and not any(f"{name} " in text for name in names[3:])
    assert "Of 3 other candidates: 1 too small to matter, 2 worse" in text


def test_gradients_are_told_by_thirds_of_training():
    made = raw([])
    assert "Gradients" not in tables(Results.from_dict(made))
    for run in made["runs"][2:4]:  # both seeds of multi: cosines 0.1 to 0.6, and as much more with seed 2
        more = 0.2 * (run["seed"] - 1)
        steps = [{"step": 10.0 * n, "cosine/mel": 0.1 * n + more, "ratio/mel": 1.0, "weight/mel": 1.0} for n in range(1, 7)]
        run["diagnostics"] = {"stage1": steps, "stage2": []}
    text = tables(Results.from_dict(made))
    row = next(line for line in text.splitlines() if line.startswith("| multi") and "stage1" in line)
    assert [cell.strip() for cell in row.split("|")[1:-1]] == ["multi", "stage1", "mel", "0.25", "0.45", "0.65", *["1.00"] * 3]
    assert "stage2" not in text


def test_a_score_that_cannot_differ_decides_nothing_and_judges_are_quoted() -> None:
    alike = {"same": True, "low": 0.0, "high": 0.0, "percent": 0.0, "probability_better": 0.5, "p_holm": 1.0, "wilcoxon": 1.0}
    rows = [found(name, 0.0, "too small to matter", **alike) for name in ("multi", "long")]
    controls = [found("long", 0.0, "too small to matter", control="wide", **alike)]
    opinion = {"source": "long", "differences": {"distillmos": {"mean": -0.05, "low": -0.07, "high": -0.03}}}
    pair = {
        "system": "long",
        "against": "wide",
        "seeds": 5,
        "differences": {"p808": {"mean": 0.04, "low": -0.01, "high": 0.08}},
    }
    judges = {"utterances": 66, "speech": [opinion], "pairs": [pair]}
    said = results(rows, controls, systems=("single", "multi", "long", "wide"), judges=judges)
    text = answer(said)
    assert text.startswith("No answer on MCD, the score named before the run: it is the same with the extra tasks as without.")
    assert "long has the same MCD as single in every utterance (5 seeds and 66 utterances), so MCD does not see" in text
    assert (
        "Judges of the speech, long minus single: DistillMOS -0.05 [-0.07, -0.03]; long minus wide: P.808 +0.04 [-0.01, +0.08]."
        in text
    )
    assert "too little to matter" not in text and "No:" not in text
    lines = [line for line in tables(said).splitlines() if line.startswith(("| multi ", "| long minus wide "))]
    assert len([line for line in lines if "same in every utterance, no verdict" in line and "0.50" not in line]) == 2


def test_the_note_on_durations_tells_who_has_a_model_of_his_own() -> None:
    shared = found("multi", 0.0, "no difference shown", "duration_rmse", same=True)
    own = found("wide", 0.1, "worse", "duration_rmse")
    assert any(note.startswith("The duration model of a seed is the same for all systems") for note in notes(results([shared])))
    said = notes(results([shared, own]))
    assert any(note.startswith("wide: a duration model other than the baseline's") for note in said)
    assert not any("is the same for all systems" in note for note in said)
