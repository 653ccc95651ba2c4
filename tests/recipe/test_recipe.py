"""Recipes: what is wrong is said with file and key, what is right survives."""

import re
from pathlib import Path

import pytest
import yaml

from tts.core.errors import UsageError
from tts.recipe import find_recipe, load_recipe
from tts.recipe.changes import check_changes

TRAINING = {"steps": 10}
MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
GOOD = {
    "name": "tiny",
    "corpus": {"speaker": "a", "licence": "CC0-1.0"},
    "split": {"test": {"count": 1}, "validation": {"count": 1}},
    "frames": {"sample_rate": 16000},
    "tasks": {"mel": {}},
    "training": TRAINING,
    "duration": {"trunk": {"layers": [8]}, "training": dict(TRAINING)},
    "systems": {"single": {"stages": [{"trunk": {"layers": [8]}, "tasks": MAIN}]}},
}


def changed(path: str, value: object) -> dict:
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    *parents, last = path.split(".")
    place = data
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def line_of(path: Path, word: str) -> int:
    return next(number for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if word in line)


def write(folder: Path, data: object) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("training.stepz", 5, r"training\.stepz: unknown key, .*did you mean steps"),
        ("comparison", ["single"], "comparison: expected keys with values: primary, .*; got \\[single\\]$"),
        (
            "comparison",
            {"seeds": "1,2"},
            r"comparison\.seeds: expected a list that is not empty, each .*, for example \[1, 2, 3\]; got '1,2'$",
        ),
        ("comparison", {"seeds": []}, r"comparison\.seeds: expected a list that is not empty, .*; got \[\]$"),
        (
            "corpus.licence",
            None,
            r"corpus\.licence: this key is required: expected text that is not empty, for example CC0-1\.0$",
        ),
        ("corpus.licence", "", r"corpus\.licence: expected text that is not empty, for example CC0-1\.0; got ''$"),
        ("training.learning_rate", float("inf"), r"training\.learning_rate: .*finite"),
        ("training.steps", 0, r"training\.steps: expected a whole number from 1 to 100,000,000, for example 5000; got 0$"),
        (
            "training.steps",
            "many",
            r"training\.steps: expected a whole number from 1 to 100,000,000, for example 5000; got 'many'$",
        ),
        ("text", {"prominence": True, "engine": "phones"}, r"text\.prominence: .*not with engine: phones; leave one"),
        ("text", {"prominence": True, "questions": "a.hed"}, r"text\.prominence: .*not with questions: a\.hed"),
        ("tasks.mell", {}, None),
        ("systems.single.stages.0.tasks", {**MAIN, "mal": 1}, r"learns mal, which is not there; did you mean mel"),
        ("systems.single.stages.0.tasks", {"mcep": 1}, r"last stage must learn lf0, vuv, bap"),
        ("systems.single.stages.0.tasks", {**MAIN, "mcep": 0}, r"last stage must learn mcep"),
        (
            "systems.single.stages.0.tasks",
            {**MAIN, "mel": -1},
            r"tasks\.mel\.weight: expected a number of at least 0, for example 0\.2; got -1$",
        ),
        (
            "systems.single.stages.0.trunk",
            {"kind": "lstm", "layers": [8], "normalise": True},
            r"normalise: a trunk of kind lstm",
        ),
        ("systems.single.stages.0.context", 2, r"stage 1 has no stage before it"),
        ("systems.single.stages.0.tasks", {**MAIN, "vuv": {"emphasis": 1}}, r"vuv has one dimension"),
        ("duration.tasks", {"phone_class": 1}, r"duration must be among them"),
        ("duration.tasks", {"duration": {"depth": 9}}, r"depth"),
        ("duration.tasks", {"duration": 1, "melt": 1}, r"duration\.tasks: melt .*did you mean mel"),
        ("frames.sample_rate", 8000, r"frames\.sample_rate: expected a whole number from 16,000 to 48,000, .*; got 8000$"),
        ("analysis", {"f0_tracker": "nope"}, r"analysis\.f0_tracker"),
        ("analysis", {"f0_range": [300, 200]}, r"f0_range: expected \[low, high\]"),
        (
            "systems.single.stages.0.trunk.kind",
            "transformer",
            r"trunk\.kind: expected one of feedforward, convolution, lstm or attention, .*; got 'transformer'$",
        ),
        ("systems.single.stages.0.trunk", {"kind": "convolution", "layers": [8], "kernel": 4}, r"kernel: must be odd"),
        (
            "systems.single.training",
            {"learning_rates": 1},
            r"systems\.single\.training\.learning_rates: unknown key, .*did you mean learning_rate",
        ),
        (
            "systems.single.training",
            {"weighting": {"methd": "gate"}},
            r"systems\.single\.training\.weighting\.methd: unknown key, .*did you mean method",
        ),
        ("systems.single.stages", [GOOD["systems"]["single"]["stages"][0]] * 2, r"stage 1 needs a bottleneck"),
        ("name", "../x", r"name: expected a name of letters, .*, for example anna; got '\.\./x'$"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, key: str, value: object, said: str | None) -> None:
    path = write(tmp_path, changed(key, value))
    if said is None:  # families are checked when they are computed
        load_recipe(path)
        return
    with pytest.raises(UsageError, match=said) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


def test_changes_from_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    recipe = load_recipe(path, ["training.steps=7", "systems.single.stages.0.trunk.layers=[4, 4]", "tasks.mel.bands=20"])
    assert recipe.training.steps == 7
    assert recipe.systems["single"].stages[0].trunk.layers == (4, 4)
    assert recipe.tasks["mel"] == {"bands": 20}
    with pytest.raises(UsageError, match="expected key"):
        load_recipe(path, ["training.steps"])
    with pytest.raises(UsageError, match="not a group of keys"):
        load_recipe(path, ["name.x.y=1"])


def test_a_fault_of_a_change_is_not_the_files(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    good, bad, also = "training.seed=2", "training.stepz=5", "training.batch=none"
    for changes, named in (([good, bad], bad), ([bad, good], bad), ([bad, also], also), ([also, good, bad], also)):
        with pytest.raises(UsageError) as caught:
            load_recipe(path, changes)
        assert str(caught.value).startswith(f"--set {named}: {named.partition('=')[0]}: ")
    for changes in ([], [good]):
        with pytest.raises(UsageError) as caught:
            load_recipe(write(tmp_path, changed("training.stepz", 5)), changes)
        assert str(caught.value).startswith(f"{path}:{line_of(path, 'stepz')}: training.stepz: unknown key")
    two = changed("training.stepz", 5)
    two["training"]["batch"] = "none"
    with pytest.raises(UsageError) as caught:  # the change mends one of the file's faults and is not to blame for the other
        load_recipe(write(tmp_path, two), ["training.batch=64"])
    assert str(caught.value).startswith(f"{path}:{line_of(path, 'stepz')}: ")
    write(tmp_path, GOOD)
    assert load_recipe(path, [bad, "training={steps: 5}"]).training.steps == 5  # what a later change takes back does no harm


def test_a_change_behind_an_alias_changes_one_place(tmp_path: Path) -> None:
    data = yaml.safe_load(yaml.safe_dump(GOOD))
    data["systems"]["other"] = data["systems"]["single"]  # written as an anchor and an alias
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.dump(data), encoding="utf-8")
    assert "*id" in path.read_text(encoding="utf-8")
    recipe = load_recipe(path, ["systems.other.stages.0.trunk.dropout=0.5"])
    assert recipe.systems["other"].stages[0].trunk.dropout == 0.5
    assert recipe.systems["single"].stages[0].trunk.dropout == 0.0


def test_a_system_may_change_the_training(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, changed("systems.single.training", {"steps": 3})))
    assert recipe.training_of(recipe.system("single")).steps == 3
    with pytest.raises(UsageError, match="no system 'double'; it has single"):
        recipe.system("double")


def test_a_system_changes_of_the_weighting_what_it_says(tmp_path: Path) -> None:
    whole = {"method": "cagrad", "options": {"radius": 0.3}, "measure_every": 50, "main_only_from": 0.9}
    changes = [f"training.weighting={whole}", "systems.single.training={weighting: {measure_every: 10}}"]
    recipe = load_recipe(write(tmp_path, GOOD), changes)
    found = recipe.training_of(recipe.system("single")).weighting
    assert (found.method, found.options, found.measure_every, found.main_only_from) == ("cagrad", {"radius": 0.3}, 10, 0.9)
    recipe = load_recipe(write(tmp_path, GOOD), [changes[0], "systems.single.training={weighting: {method: gate}}"])
    found = recipe.training_of(recipe.system("single")).weighting
    assert (found.method, found.options, found.measure_every) == ("gate", {}, 50)


@pytest.mark.parametrize(
    ("own", "change", "hidden"),
    [
        ("{steps: 3}", "training.steps=9", "training.steps: does nothing to single, which has its own"),
        ("{steps: 3}", "training={steps: 9}", "training.steps"),
        ("{steps: 9}", "training.steps=9", ""),  # which is what it says itself
        ("{steps: 3}", "training.batch=9", ""),
        ("{seed: 3}", "training.seed=5", "training.seed"),
        ("{trajectory: {steps: 2}}", "training.trajectory={steps: 2, batch: 4}", "training.trajectory.batch"),
        ("{trajectory: null}", "training.trajectory={steps: 3}", "training.trajectory.steps"),
        ("{weighting: {measure_every: 10}}", "training.weighting={method: gate, main_only_from: 0.9}", ""),
        ("{weighting: {method: gate}}", "training.weighting.options={clip: true}", "training.weighting.options.clip"),
        ("{weighting: {method: gate}}", "training.weighting.measure_every=7", ""),
        ("{weighting: {start: {mel: 1}}}", "training.weighting.start={mel: 2}", "training.weighting.start.mel"),
    ],
)
def test_a_change_that_a_system_hides_is_refused(tmp_path: Path, own: str, change: str, hidden: str) -> None:
    data = changed("systems.single.stages.0.tasks.mel", 0.1)
    given = [f"systems.single.training={own}", change]
    recipe = load_recipe(write(tmp_path, data), given)
    if hidden:
        with pytest.raises(UsageError, match=re.escape(hidden)):
            check_changes(recipe, given, ["single"])
    else:
        assert check_changes(recipe, given, ["single"]) == []


def test_prominence_is_known_of_english_words(tmp_path: Path) -> None:
    data = {**GOOD, "text": {"prominence": True}}
    assert load_recipe(write(tmp_path, data)).text.prominence
    data["corpus"] = {**GOOD["corpus"], "language": "nl"}
    with pytest.raises(UsageError, match=r"text\.prominence: is known of English words, and the corpus's language is nl"):
        load_recipe(write(tmp_path, data))
    data |= {"text": {}, "tasks": {**GOOD["tasks"], "prominence": {}}}
    with pytest.raises(UsageError, match=r"tasks\.prominence: is known of English words, and the corpus's language is nl"):
        load_recipe(write(tmp_path, data))


def test_prosody_is_what_the_duration_model_learns(tmp_path: Path) -> None:
    data = changed("systems.single.prosody", ["phone_f0"])
    with pytest.raises(UsageError, match=r"systems\.single\.prosody: phone_f0 .*learns it by duration\.tasks"):
        load_recipe(write(tmp_path, data))
    data["tasks"] = {"mel": {}, "phone_f0": {}}
    data["duration"]["tasks"] = {"duration": 1, "phone_f0": 0.5}
    assert load_recipe(write(tmp_path, data)).system("single").prosody == ("phone_f0",)
    data["systems"]["single"]["prosody"] *= 2
    with pytest.raises(UsageError, match="names a task twice"):
        load_recipe(write(tmp_path, data))


def test_a_system_may_have_a_duration_model_of_its_own(tmp_path: Path) -> None:
    data = changed("systems.single.duration", {"tasks": {"duration": 1, "phone_f0": 0.5}, "training": {"steps": 7}})
    data["tasks"] = {"mel": {}, "phone_f0": {}}
    data["systems"]["single"]["prosody"] = ["phone_f0"]
    data["systems"]["other"] = {"stages": data["systems"]["single"]["stages"]}
    recipe = load_recipe(write(tmp_path, data))
    assert recipe.duration_of(recipe.system("other")) == recipe.duration
    own, whole = recipe.duration_of(recipe.system("single")), recipe.duration
    assert set(own.tasks) == {"duration", "phone_f0"} and own.trunk == whole.trunk
    assert own.training == whole.training.model_copy(update={"steps": 7})
    for keys, match in (
        ({"tasks": {"duration": 1, "phone_g0": 1}}, r"systems\.single\.duration\.tasks: phone_g0"),
        ({"tasks": {"phone_f0": 1}}, r"systems\.single\.duration: tasks: duration must be among them"),
        ({"training": {"seed": 3}}, r"systems\.single\.duration: training\.seed: the duration model has the seed"),
        ({"trunc": {}}, r"systems\.single\.duration\.trunc: Extra inputs"),
    ):
        data["systems"]["single"]["duration"] = {"tasks": {"duration": 1, "phone_f0": 1}, **keys}
        with pytest.raises(UsageError, match=match):
            load_recipe(write(tmp_path, data))


def test_a_system_may_read_prominence_of_its_own(tmp_path: Path) -> None:
    data = changed("systems.single.prominence", "shuffled")
    assert load_recipe(write(tmp_path, data)).system("single").prominence == "shuffled"
    for key, value, match in (
        ("corpus", {**GOOD["corpus"], "language": "nl"}, r"systems\.single\.prominence: is known of English words"),
        ("text", {"engine": "phones"}, r"systems\.single\.prominence: .*not with text\.engine: phones"),
        ("systems", {"single": {**data["systems"]["single"], "prominence": "sung"}}, "prominence"),
    ):
        with pytest.raises(UsageError, match=match):
            load_recipe(write(tmp_path, {**data, key: value}))


def test_a_change_that_reaches_one_of_two_systems_is_made_and_said(tmp_path: Path) -> None:
    """``--set training.steps=100`` of a comparison in which one system has its own steps."""
    data = changed("systems.multi", {"stages": [{"trunk": {"layers": [8]}, "tasks": MAIN}], "training": {"steps": 3}})
    given = ["training.steps=9", "training.batch=32"]
    recipe = load_recipe(write(tmp_path, data), given)
    said = check_changes(recipe, given, ["single", "multi"])
    assert said == ["training.steps: changes single, not multi, which has its own"]
    with pytest.raises(UsageError, match=r"does nothing to multi, which has its own; change systems\.multi\.training"):
        check_changes(recipe, given, ["multi"])
    assert check_changes(recipe, given, ["single"]) == []


def test_a_change_of_the_seed_where_others_set_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"training\.seed: does nothing here; the seeds are those"):
        check_changes(load_recipe(write(tmp_path, GOOD)), ["training.seed=3"], ["single"], seeds="those of --seeds")


def test_times_of_the_recipe_are_for_systems_that_learn_the_task(tmp_path: Path) -> None:
    data = changed("systems.multi", {"stages": [{"trunk": {"layers": [8]}, "tasks": {**MAIN, "mel": 0.1}}]})
    given = ["training.weighting={start: {mel: 2}}"]
    recipe = load_recipe(write(tmp_path, data), given)
    assert recipe.training_of(recipe.system("single")).weighting.start == {}
    assert recipe.training_of(recipe.system("multi")).weighting.start == {"mel": 2}
    check_changes(recipe, given, ["single", "multi"])
    with pytest.raises(UsageError, match=r"no system learns mel, which is not there"):
        load_recipe(write(tmp_path, GOOD), given)
    with pytest.raises(UsageError, match="mel starts at step 5 and stops at 5, so it is never learnt"):
        load_recipe(write(tmp_path, data), ["training.weighting={start: {mel: 5}, stop: {mel: 5}}"])
    with pytest.raises(UsageError, match=r"weighting\.start\.mel: expected a whole number from 0 .*; got -5"):
        load_recipe(write(tmp_path, data), ["training.weighting={start: {mel: -5}}"])


def test_the_duration_model_has_no_seed_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"training\.seed: the duration model has the seed of the system"):
        load_recipe(write(tmp_path, GOOD), ["duration.training.seed=4"])


def test_tags_that_make_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(f"name: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not valid YAML"):
        load_recipe(path)
    assert not (tmp_path / "made").exists()


def test_no_recipe_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe there"):
        find_recipe(str(tmp_path / "nothing"))


@pytest.mark.parametrize("name", sorted(path.parent.name for path in Path("recipes").glob("*/recipe.yaml")))
def test_the_recipes_that_ship_are_valid(name: str) -> None:
    assert load_recipe(Path("recipes") / name).name == name
