"""The plan: which arms there are, what they are made of, and what may not change once it has begun."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tts.comparison import compare
from tts.comparison.plan import Arm, auxiliary_tasks, make_plan, member_seeds, recipe_for, without
from tts.comparison.settled import settle_plan
from tts.core.errors import UsageError
from tts.recipe import Recipe
from tts.recipe.changes import changed_keys

MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
TRUNK = {"layers": [8]}
PREPARED = SimpleNamespace(basis="basis")
LEARNING = {"keys": {"training.learning_rate": [0.1, 0.2]}}


def recipe(comparison=None, **systems):
    single = {"stages": [{"trunk": TRUNK, "tasks": MAIN}]}
    stacked = {
        "stages": [
            {"trunk": TRUNK, "bottleneck": 4, "tasks": {**MAIN, "mel": 0.1, "lsf": 0.2}},
            {"trunk": TRUNK, "tasks": {**MAIN, "mel": 0.1}},
        ],
        "training": {"steps": 5, "weighting": {"start": {"lsf": 3}}},
    }
    return Recipe.model_validate(
        {
            "name": "tiny",
            "corpus": {"speaker": "a", "licence": "CC0-1.0"},
            "split": {"test": {"count": 1}, "validation": {"count": 1}},
            "frames": {"sample_rate": 16000},
            "tasks": {"mel": {}, "lsf": {}},
            "training": {"steps": 10},
            "duration": {"trunk": TRUNK, "training": {"steps": 10}},
            "systems": {"stacked": stacked, "wide": single, "single": single, **systems},
            "comparison": comparison or {},
        }
    )


def test_a_plan_with_an_edit_is_read_as_it_was_written():
    edits = {"scaled": {"kind": "edit", "control": "overscaled", "factor": 1.0}, "edited": {"kind": "edit"}}
    plan = make_plan(recipe(**{name: {"stages": [{"trunk": TRUNK, "tasks": MAIN}, edit]} for name, edit in edits.items()}))
    assert {*edits} < {arm.name for arm in plan.arms}
    for arm in plan.arms:
        assert Arm.from_dict(json.loads(json.dumps(arm.to_dict()))) == arm


def test_a_recipe_without_a_comparison_has_one():
    plan = make_plan(recipe())
    assert [(arm.name, arm.role) for arm in plan.arms] == [
        ("single", "baseline"),
        ("stacked", "candidate"),
        ("wide", "candidate"),
    ]
    assert (plan.primary, plan.smallest_effect, plan.seeds) == ("mcd", 0.05, (1, 2, 3, 4, 5))


def test_controls_ensembles_and_ablations_are_arms():
    part = {"controls": ["wide"], "ensembles": {"three": {"system": "single"}}, "leave_one_out": "stacked", "seeds": [1, 2]}
    plan = make_plan(recipe(part))
    roles = {arm.name: arm.role for arm in plan.arms}
    assert roles == {
        "single": "baseline",
        "stacked": "candidate",
        "wide": "control",
        "three": "control",
        "stacked-without-mel": "ablation",
        "stacked-without-lsf": "ablation",
    }
    narrow = make_plan(recipe(part), systems=["three"], seeds=[7])
    assert [arm.name for arm in narrow.arms] == ["single", "three"]
    assert narrow.seeds == (7,)
    assert all(Arm.from_dict(arm.to_dict()) == arm for arm in plan.arms)


def test_a_control_may_be_one_for_some_candidates():
    plain = {"stages": [{"trunk": TRUNK, "tasks": MAIN}]}
    plan = make_plan(recipe({"controls": {"wide": "all", "deep": ["stacked"]}}, deep=plain))
    assert [(arm.name, arm.controls) for arm in plan.arms if arm.role == "control"] == [("wide", ()), ("deep", ("stacked",))]
    assert all(Arm.from_dict(arm.to_dict()) == arm for arm in plan.arms)
    assert plan.controlled(["single", "stacked", "wide", "deep"]) == [("stacked", "wide"), ("stacked", "deep")]
    assert plan.controlled(["single", "wide", "deep"]) == []
    plan = make_plan(recipe({"controls": {"wide": "all", "deep": ["stacked"]}}, deep=plain, other=plain))
    assert plan.controlled([arm.name for arm in plan.arms]) == [("stacked", "wide"), ("stacked", "deep"), ("other", "wide")]
    older = plan.arm("wide").to_dict()
    del older["controls"]
    assert Arm.from_dict(older) == plan.arm("wide")


def test_an_ensemble_may_be_a_control_for_some_candidates():
    part = {"controls": {"wide": "all", "two": "stacked"}, "ensembles": {"two": {"system": "single", "members": 2}}}
    plan = make_plan(recipe(part, other={"stages": [{"trunk": TRUNK, "tasks": MAIN}]}))
    every = [arm.name for arm in plan.arms]
    assert plan.controlled(every) == [("stacked", "wide"), ("stacked", "two"), ("other", "wide")]


def test_an_ablation_learns_everything_but_the_task():
    system = recipe().systems["stacked"]
    assert auxiliary_tasks(system) == ["mel", "lsf"]
    less = without(system, "lsf", "stacked")
    assert [list(stage.tasks) for stage in less.stages] == [[*MAIN, "mel"], [*MAIN, "mel"]]
    assert less.training == {"steps": 5, "weighting": {"start": {}}}
    assert less.stages[1] == system.stages[1]


def test_members_of_an_ensemble_share_no_seed_with_another_run():
    assert member_seeds(3, 3) == [3, 103, 203]
    part = {"ensembles": {"three": {"system": "single"}}}
    with pytest.raises(UsageError, match="100 apart"):
        make_plan(recipe(part), seeds=[1, 101])


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"baseline": "sinle"}, r"comparison\.baseline: there is no system sinle"),
        ({"controls": ["single"]}, "is the baseline"),
        ({"controls": {"wide": "wide"}}, "wide is no candidate"),
        ({"controls": {"wide": ["single"]}}, "single is no candidate"),
        ({"controls": {"wide": []}}, "wide: name the candidates"),
        ({"controls": "wide"}, "expected a list of systems"),
        ({"controls": [["wide"]]}, "expected a list of systems"),
        ({"controls": {"wide": "stakced"}}, "no system stakced"),
        ({"systems": ["single"], "controls": {"wide": "stacked"}}, "wide: stacked is not compared"),
        ({"ensembles": {"wide": {"system": "single"}}}, "that no system has"),
        ({"ensembles": {"x": {"system": "y"}}}, r"comparison\.ensembles: there is no system y"),
        ({"primary": "vuv_error"}, "name the smallest difference of vuv_error"),
        ({"seeds": [1, 1]}, "different numbers"),
        ({"seeds": []}, "at least 1"),
        ({"leave_one_out": "wide"}, r"comparison\.leave_one_out: wide learns no auxiliary task"),
        ({"leave_one_out": "stacked", "systems": ["wide"]}, r"comparison\.leave_one_out: stacked is not compared"),
        ({"search": {"stacked": LEARNING}, "systems": ["wide"]}, r"comparison\.search: stacked is not compared"),
    ],
)
def test_a_wrong_comparison_is_refused_with_the_recipe(part, said):
    with pytest.raises(ValueError, match=said):
        recipe(part)


def test_wrong_requests_are_refused():
    with pytest.raises(UsageError, match="no system 'x'; it has stacked, wide, single"):
        make_plan(recipe(), systems=["x"])
    with pytest.raises(UsageError, match=r"comparison\.primary: there is no metric 'mdc'"):
        make_plan(recipe({"primary": "mdc", "smallest_effect": 1.0}))
    own = {"stages": [{"trunk": TRUNK, "tasks": MAIN}], "training": {"seed": 4}}
    with pytest.raises(UsageError, match=r"systems\.own\.training\.seed"):
        make_plan(recipe(own=own))


def test_systems_and_seeds_may_be_added_but_the_score_may_not_change(tmp_path):
    first = settle_plan(tmp_path, make_plan(recipe(), systems=["wide"], seeds=[1]), PREPARED, ())
    assert [arm.name for arm in first.arms] == ["single", "wide"]
    later = settle_plan(tmp_path, make_plan(recipe(), systems=["stacked"], seeds=[3]), PREPARED, {"single", "wide"})
    assert [arm.name for arm in later.arms] == ["single", "stacked", "wide"]  # what was tried stays in the table
    assert later.seeds == (1, 3)
    other = recipe({"primary": "bap", "smallest_effect": 0.01})
    with pytest.raises(UsageError, match="primary was mcd when this comparison began and is now bap"):
        settle_plan(tmp_path, make_plan(other), PREPARED, {"single"})
    with pytest.raises(UsageError, match=r"smallest_effect was 0\.05"):
        settle_plan(tmp_path, make_plan(recipe({"smallest_effect": 0.5})), PREPARED, {"single"})
    settle_plan(tmp_path, make_plan(other), PREPARED, ())  # nothing was scored, nothing was seen


def test_a_changed_setting_is_named():
    before = recipe()
    run = {"recipe": before.model_dump(mode="json"), "system": "stacked"}
    assert changed_keys(run, before, "stacked") == []
    system = before.systems["stacked"]
    wider = system.model_copy(update={"training": {"steps": 6}, "stages": (system.stages[1], system.stages[1])})
    said = changed_keys(run, recipe_for(before, "stacked", wider, 2), "stacked")
    assert "training.steps was 5 and is 6" in said
    assert "training.seed was 1 and is 2" in said
    lsf = next(text for text in said if ".tasks.lsf was" in text)
    assert lsf.startswith("systems.stacked.stages.0.tasks.lsf was {'weight': ")
    assert lsf.endswith("... and is absent")
    assert "systems.stacked.stages.0.bottleneck was 4 and is absent" in said
    then = {"recipe": before.model_dump(mode="json"), "system": "single"}
    then["recipe"]["systems"]["single"]["stages"][0]["trunk"]["layers"] = [8, 8]
    assert changed_keys(then, before, "single") == ["systems.single.stages.0.trunk.layers was [8, 8] and is [8]"]
    then["recipe"]["systems"]["single"]["stages"] *= 2
    assert changed_keys(then, before, "single") == ["systems.single.stages were 2 and are 1"]
    then = {"recipe": before.model_dump(mode="json"), "system": "single"}
    then["recipe"]["training"]["weighting"]["options"] = {"radius": 0.3}
    assert changed_keys(then, before, "single") == ["training.weighting.options.radius was 0.3 and is absent"]
    assert changed_keys({"recipe": {"systems": {}}, "system": "single"}, before, "single") == []  # of an earlier version


def test_what_cannot_be_searched_or_scored_is_refused_before_training():
    for key in ("stages.0.tasks.mel", "stages.0", "stages", "training"):
        with pytest.raises(ValueError, match="name one setting"):
            recipe({"search": {"stacked": {"keys": {key: [{"weight": 0.1}, {"weight": 0.3}]}}}})
    typo = "systems.stacked.training.weightdecay: unknown key, did you mean weight_decay"
    for key, said in (("stages.0.tasks.mel.wieght", "wieght is not there"), ("training.weightdecay", typo)):
        with pytest.raises(UsageError, match=said):
            make_plan(recipe({"search": {"stacked": {"keys": {key: [0, 0.1]}}}}))
    mel = "stages.0.tasks.mel.weight"
    with pytest.raises(UsageError, match=f"with {mel} = -1, systems.stacked.{mel}: expected a number of at least 0"):
        make_plan(recipe({"search": {"stacked": {"keys": {mel: [0, -1]}}}}))
    with pytest.raises(UsageError, match=r"wer is a diagnostic and decides nothing"):
        make_plan(recipe({"primary": "wer", "smallest_effect": 1, "wer": True}))
    with pytest.raises(UsageError, match="distillmos is a judge's and decides nothing"):
        make_plan(recipe({"primary": "distillmos", "smallest_effect": 0.05, "judges": True}))
    for seeds in ([1, 1], [-1], [2**31]):
        with pytest.raises(UsageError, match="different numbers from 0 to 2,147,483,647"):
            make_plan(recipe(), seeds=seeds)


def test_a_role_is_fixed_once_scored(tmp_path):
    settle_plan(tmp_path, make_plan(recipe({"controls": ["wide"]})), PREPARED, set())
    settle_plan(tmp_path, make_plan(recipe()), PREPARED, {"stacked"})  # nothing of wide has been seen
    settle_plan(tmp_path, make_plan(recipe({"controls": ["wide"]})), PREPARED, {"stacked"})
    one = recipe({"controls": {"wide": "stacked"}})
    settle_plan(tmp_path, make_plan(one), PREPARED, {"stacked"})
    with pytest.raises(UsageError, match="wide was a control for stacked when it was scored and is now one for all"):
        settle_plan(tmp_path, make_plan(recipe({"controls": ["wide"]})), PREPARED, {"stacked", "wide"})
    settle_plan(tmp_path, make_plan(one), PREPARED, {"stacked", "wide"})
    with pytest.raises(UsageError, match="wide was a control when it was scored and is now a candidate"):
        settle_plan(tmp_path, make_plan(recipe()), PREPARED, {"stacked", "wide"})


def test_the_precision_of_the_first_command_stays(tmp_path):
    """A comparison that goes on on another machine does not mix numbers of two precisions."""
    first = settle_plan(tmp_path, replace(make_plan(recipe(), seeds=[1]), precision="bfloat16"), PREPARED, ())
    later = settle_plan(tmp_path, replace(make_plan(recipe(), seeds=[2]), precision="float32"), PREPARED, {"single"})
    assert (first.precision, later.precision) == ("bfloat16", "bfloat16")


def test_the_precision_is_measured_once(tmp_path, monkeypatch):
    """On the first system that has networks, by the first command; a later one takes the first one's word."""
    asked = []
    monkeypatch.setattr(compare, "fastest_precision", lambda recipe, prepared, name, device: asked.append(name) or "bfloat16")
    plan = make_plan(recipe(), seeds=[1])
    chosen = compare.plan_precision(plan, PREPARED, tmp_path, "cpu")
    settle_plan(tmp_path, replace(plan, precision=chosen), PREPARED, ())
    assert compare.plan_precision(plan, PREPARED, tmp_path, "cpu") == chosen == "bfloat16"
    assert asked == ["single"]


def test_a_plan_of_a_later_version_is_refused(tmp_path):
    for text in ("[]", '{"format": 9}', '{"format": 1}'):
        (tmp_path / "plan.json").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="not the plan of a comparison that this version reads"):
            settle_plan(tmp_path, make_plan(recipe()), PREPARED, ())
