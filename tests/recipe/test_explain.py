"""Messages for wrong recipes: what may stand there, with an example; all at once; the nearest key."""

from pathlib import Path

import pytest
import yaml

from tts.core.errors import UsageError
from tts.recipe import load_recipe
from tts.recipe.document import FIRST
from tts.recipe.names import check_name
from tts.recipe.parts import RULES


def refused(tmp_path: Path, text: str, *changes: str) -> list[str]:
    path = tmp_path / "anna.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_recipe(path, list(changes))
    return str(caught.value).replace(f"{path}:", "").splitlines()


SPLIT = f"expected {RULES}"
STAGE = "systems: {a: {stages: [{%s}]}}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("split: {test: 12}", f"9: split.test: {SPLIT}, for example {{count: 20}}; got 12"),
        (
            STAGE % "sharing: softly",
            "9: systems.a.stages.0.sharing: expected one of hard, cross_stitch, sluice, mmoe, ple, adapters, go_mtl, "
            "or a mapping of kind and its options, for example hard; got 'softly'",
        ),
        (
            STAGE % "tasks: {mcep: heavy}",
            "tasks.mcep: expected a weight, or a mapping of weight, emphasis, private, depth, reads",
        ),
        (
            STAGE % "unrelated: main",
            "unrelated: expected a list of pairs of tasks, or a mapping of pairs, weight, form, for example",
        ),
        ("split: {train: auto}", "9: split.train: auto is for test and validation; expected rest"),
        ("split: {test: {count: 0}}", f"9: split.test: {SPLIT}, for example {{count: 20}}; got {{count: 0}}"),
        ("split: {test: {cuont: 5}}", f"9: split.test: {SPLIT}, for example {{count: 20}}; got {{cuont: 5}}"),
        (
            STAGE % "bottleneck: wide",
            "9: systems.a.stages.0.bottleneck: expected a whole number from 1 to 8,192 or keys with values: layer, "
            "for example 128; got 'wide'",
        ),
        (
            STAGE % "bottleneck: {layer: 0}",
            "9: systems.a.stages.0.bottleneck.layer: expected a whole number from 1 to 64, for example 3; got 0",
        ),
        (
            STAGE % "inputs: [linguistics]",
            "9: systems.a.stages.0.inputs.0: expected one of linguistic, bottleneck, bottlenecks or outputs; "
            "got 'linguistics'; did you mean linguistic?",
        ),
        (
            "training: {main_only_from: 3}",
            "9: training.main_only_from: unknown key, there are",
        ),
        ("training: {seed: -1}", "9: training.seed: expected a whole number from 0 to 2,147,483,647, for example 1; got -1"),
        ("training: {seed: 17592186044416}", "9: training.seed: expected a whole number from 0 to 2,147,483,647"),
        (
            "training: {steps: 1.5}",
            "9: training.steps: expected a whole number from 1 to 100,000,000, for example 5000; got 1.5",
        ),
        ("training: {weighting: {main_only_from: x}}", "9: training.weighting.main_only_from: expected a whole number from 0"),
        (
            "training: {fork_merge: {every: 10, branches: 3}}",
            "9: training.fork_merge.branches: expected one_each, all or a list, each a list, each text, "
            "for example one_each; got 3",
        ),
        (
            "analysis: {f0_range: [75]}",
            "9: analysis.f0_range: expected a list of 2: a number, a number, for example [75, 300]; got [75]",
        ),
        ("sample_rate: 16000", "9: sample_rate: unknown key here; did you mean frames.sample_rate?"),
        ("speaker: anna", "9: speaker: unknown key here; did you mean corpus.speaker?"),
        ("trainig: {}", "9: trainig: unknown key, did you mean training?"),
        ("generation: {post_filter: cepstrall}", "got 'cepstrall'; did you mean cepstral?"),
        ("systems: {'../x': {}}", "9: systems.../x: expected a name of letters, digits"),
        ("systems: {con: {}}", "this one is the name of a device on Windows; got 'con'"),
        (STAGE % "trunk: {layers: [9999999]}", "layers.0: expected a whole number from 1 to 8,192; got 9999999"),
        (STAGE % f"trunk: {{layers: [{', '.join(['8'] * 65)}]}}", "trunk.layers: expected at most 64 values; got 65"),
        (
            STAGE % "sharing: {kind: mmoe, experts: 1000}",
            "stages.0.sharing.experts: expected a whole number from 1 to 64, for example 4",
        ),
        (
            "comparison: {search: {single: {keys: {}, steps: 0}}}",
            "9: comparison.search.single.steps: expected a whole number from 1",
        ),
        ("duration: {training: {cross_fit: 2}}", "9: duration.training.cross_fit: the duration model is one network"),
    ],
)
def test_a_wrong_value_is_answered_by_what_may_stand_there(tmp_path: Path, line: str, said: str) -> None:
    lines = refused(tmp_path, FIRST + line + "\n")
    assert any(said in one for one in lines), lines


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = (
        FIRST.replace("22050", "8000").replace("  licence: CC0-1.0\n", "")
        + "split: {test: 12}\ntraining: {stepz: 3, batch: x}\n"
    )
    lines = refused(tmp_path, text)
    assert [line.split(": ")[:2] for line in lines] == [
        ["2", "corpus.licence"],
        ["8", "split.test"],
        ["7", "frames.sample_rate"],
        ["9", "training.batch"],
        ["9", "training.stepz"],
    ]


def test_all_that_is_wrong_between_keys_is_told_at_once(tmp_path: Path) -> None:
    text = (
        FIRST
        + """\
split: {limit: {ann: 3}}
tasks: {mel: {}}
duration: {tasks: {duration: 1, mell: 1}}
systems:
  a: {stages: [{tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1, mal: 1}}]}
  b: {speakers: code, stages: [{tasks: {mel: 1}}]}
comparison: {baseline: c, leave_one_out: d, search: {e: {keys: {training.average: [0, 0.9]}}}}
"""
    )
    assert refused(tmp_path, text) == [
        "9: split.limit: ann is not there; did you mean anna?",
        "14: systems.b.speakers: the corpus has one speaker; leave it out",
        "13: systems.a: stage 1 learns mal, which is not there; did you mean mel?",
        "14: systems.b: the last stage must learn mcep, lf0, vuv, bap, it is what speaks",
        "11: duration.tasks: mell is not there; did you mean mel?",
        "15: comparison.baseline: there is no system c; there are a, b",
        "15: comparison.search: there is no system e; there are a, b",
        "15: comparison.leave_one_out: there is no system d; there are a, b",
    ]


def test_no_more_is_told_than_can_be_read(tmp_path: Path) -> None:
    lines = refused(tmp_path, FIRST + "training: {" + ", ".join(f"x{n}: 1" for n in range(50)) + "}\n")
    assert len(lines) == 21
    assert lines[-1] == "and 30 more"


def test_problems_of_the_file_and_of_changes_are_told_apart(tmp_path: Path) -> None:
    lines = refused(tmp_path, FIRST + "trainig: {}\n", "training.seed=2", "training.batch=x", "split.test=3")
    assert [line.partition(": ")[0] for line in lines] == ["--set split.test=3", "--set training.batch=x", "9"]


def test_a_fault_between_keys_that_a_change_makes_is_the_changes(tmp_path: Path) -> None:
    change = "systems.stacked.stages.0.bottleneck=null"
    assert refused(tmp_path, FIRST, "training.seed=2", change, "training.batch=9") == [
        f"--set {change}: systems.stacked: stage 1 needs a bottleneck, stage 2 reads it"
    ]


@pytest.mark.parametrize("good", ["anna", "a", "A-1_b.c", "x" * 80, "con1", "lpt"])
def test_names_that_are_safe(good: str) -> None:
    assert check_name(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a..b",
        "-a",
        "a.",
        "con",
        "NUL",
        "com1",
        "aux.txt",
        "x" * 81,
        "a b",
        "é",
        "a\n",
        "a\0",
    ],
)
def test_names_that_are_not(bad: str) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        check_name(bad)


@pytest.mark.parametrize("place", ["name", "systems", "comparison.ensembles", "corpus.speakers", "tasks", "comparison.search"])
def test_no_name_of_a_recipe_leaves_its_folder(tmp_path: Path, place: str) -> None:
    data = yaml.safe_load(FIRST)
    evil = "../../escaped"
    if place == "name":
        data["name"] = evil
    elif place == "corpus.speakers":
        data["corpus"] |= {"speakers": [evil, "b"], "speaker": ""}
    elif place == "tasks":
        data["tasks"] = {evil: {}}
    elif place == "comparison.search":
        data["comparison"] = {"search": {"single": {"keys": {f"stages.0.{evil}": [0, 1]}}}}
    elif place == "systems":
        data["systems"] = {evil: {"stages": [{}]}}
    else:
        data["comparison"] = {"ensembles": {evil: {"system": "single"}}}
    lines = refused(tmp_path, yaml.safe_dump(data))
    assert (
        "expected a name of letters, digits, dots, hyphens and underscores" in lines[0] or "expected a key within" in lines[0]
    )
