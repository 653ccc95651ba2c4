"""The core on plain arrays: known functions of the inputs are learnt, missing labels are nobody's, mistakes are named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import UsageError
from tts.multitask import Binary, Classes, MultiTask, Network, Regression, Training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 6))
Y = 5.0 + 20.0 * X[:, :2] @ np.array([[1.0, 0.5], [-1.0, 2.0]])
SIGN = (X[:, 2] > 0.0).astype(float)
SIDE = np.array(["left", "middle", "right"], dtype=object)[np.digitize(X[:, 3], [-0.5, 0.5])]
TASKS = {"y": Regression(), "sign": Binary(), "side": Classes()}
LABELS = {"y": Y, "sign": SIGN, "side": SIDE}
SMALL = Network(hidden=(24,))
SHORT = Training(steps=120, settings={"learning_rate": 0.02})


def make(tasks: object = TASKS, network: dict | None = None, training: dict | None = None, **more: object) -> MultiTask:
    return MultiTask(tasks, network=replace(SMALL, **(network or {})), training=replace(SHORT, **(training or {})), **more)


@pytest.fixture(scope="module")
def model() -> MultiTask:
    return make(main="y").fit(X, LABELS)


def test_answers_have_the_shape_and_unit_of_the_labels(model: MultiTask) -> None:
    answers = model.predict(X[:7])
    assert {name: values.shape for name, values in answers.items()} == {"y": (7, 2), "sign": (7,), "side": (7,)}
    assert set(answers["side"]) <= {"left", "middle", "right"}
    assert ((answers["sign"] >= 0) & (answers["sign"] <= 1)).all()
    shares = model.probabilities(X[:7], "side")
    np.testing.assert_allclose(sum(shares.values()), 1.0, rtol=1e-5)


def test_what_can_be_learnt_is_learnt(model: MultiTask) -> None:
    scores = model.scores(X, LABELS)
    assert scores["y"] > 0.95
    assert scores["sign"] > 0.9
    assert scores["side"] > 0.8
    assert np.isclose(scores["y"], 1.0 - np.square(model.predict(X)["y"] - Y).sum() / np.square(Y - Y.mean(axis=0)).sum())
    assert min(model.history_, key=lambda entry: entry["valid/y"])["step"] == model.step_
    assert model.weights_ == {"y": 1.0, "sign": 1.0, "side": 1.0}
    assert {"cosine/sign", "ratio/side"} <= model.diagnostics_[0].keys()


@pytest.mark.slow
@pytest.mark.parametrize(("offset", "unit"), [(1.7e9, 1.0), (-3e6, 1e-3), (0.0, 1e-15), (0.0, 1e20)])
def test_the_unit_of_labels_and_inputs_does_not_matter(model: MultiTask, offset: float, unit: float) -> None:
    """Seconds since 1970 and farads: float32 would hold none of them, or the floor of a deviation swallow them."""
    plain = make({"y": Regression()}).fit(X, {"y": Y})
    moved = offset + unit * Y
    other = make({"y": Regression()}).fit(offset + unit * X, {"y": moved})
    answers, expected = (other.predict(offset + unit * X)["y"] - offset) / unit, plain.predict(X)["y"]
    np.testing.assert_allclose(answers, expected, atol=0.02 * Y.std())
    assert other.score(offset + unit * X, {"y": moved}) == pytest.approx(plain.score(X, {"y": Y}), abs=0.01)


def test_labels_that_never_change_have_no_score() -> None:
    same = make({"y": Regression()}).fit(X, {"y": np.full(240, 0.1)})
    np.testing.assert_allclose(same.predict(X)["y"], 0.1, atol=0.2)  # normalised by 1
    assert np.isnan(same.score(X, {"y": np.full(240, 0.1)}))


@pytest.mark.slow
@pytest.mark.parametrize(
    "classes", [(1, "no"), ((1, 2), (3, 4)), ((1,), (2, 3)), (0, 1), ("a", "b"), (True, False), (0.5, 2.0)]
)
def test_classes_of_any_type_are_answered_as_they_were_given(classes: tuple) -> None:
    labels = np.empty(240, dtype=object)
    labels[:] = [classes[int(sign)] for sign in SIGN]
    found = make({"side": Classes()}).fit(X, {"side": labels})
    answers = found.predict(X)["side"]
    assert set(answers.tolist()) == set(classes)
    assert found.score(X, {"side": labels}) > 0.8
    assert answers.dtype == (object if isinstance(classes[0], tuple) or classes[1] == "no" else np.array(classes).dtype)


def test_rows_without_a_label_teach_nothing() -> None:
    half = np.arange(240) < 120
    wrong = {"y": np.where(half[:, None], Y, np.nan), "sign": np.where(half, SIGN, np.nan), "side": np.where(half, SIDE, None)}
    held = (X[:120], {name: values[:120] for name, values in wrong.items()})
    shifted = np.where(half[:, None], X, 7.0 * X[::-1])  # what lies in rows without labels must not matter
    options = {"steps": 10, "normalise": False, "settings": {"batch": 240}}
    first, second = (make(training=options).fit(x, wrong, validation=held) for x in (X, shifted))
    for a, b in zip(first.stage_.parameters(), second.stage_.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert np.isnan(first.scores(X, {"sign": np.full(240, np.nan)})["sign"])


def test_networks_that_differ_in_tasks_start_alike_and_the_callers_random_numbers_are_left_alone() -> None:
    options = {"steps": 1, "settings": {"learning_rate": 1e-12}}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    alone, together = (
        make({name: TASKS[name] for name in names}, training=options, seed=3).fit(X, {n: LABELS[n] for n in names})
        for names in (("y",), TASKS)
    )
    assert torch.equal(torch.rand(1), expected)
    others = together.stage_.state_dict()
    for name, value in alone.stage_.state_dict().items():
        torch.testing.assert_close(value, others[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize("weighting", ["mgda", {"method": "gate", "stop": {"sign": 5}}])
def test_weightings_with_and_without_a_main_task(weighting: object) -> None:
    main = None if weighting == "mgda" else "y"
    found = make(main=main, training={"weighting": weighting, "steps": 20}).fit(X, LABELS)
    rows = {key for key in found.diagnostics_[0] if key.startswith("weight/")}
    assert rows == ({f"weight/{name}" for name in TASKS} if main is None else {"weight/main", "weight/sign", "weight/side"})
    assert set(found.weights_) == set(TASKS)


def test_a_task_of_weight_zero_is_not_weighed() -> None:
    tasks = TASKS | {"sign": Binary(weight=0.0)}
    found = make(tasks, main="y", training={"weighting": "random", "steps": 20}).fit(X, LABELS)
    assert {key for key in found.diagnostics_[0] if key.startswith("weight/")} == {"weight/main", "weight/side"}
    assert found.weights_["sign"] == 0.0


@pytest.mark.parametrize("sharing", ["cross_stitch", {"kind": "mmoe", "experts": 2}, "ple", "adapters", {"kind": "go_mtl"}])
def test_every_way_of_sharing(sharing: object) -> None:
    network = {"sharing": sharing, "unrelated": [("y", "sign")]}
    found = make(main="y", network=network, training={"steps": 3}).fit(X, LABELS)
    assert found.predict(X[:2])["y"].shape == (2, 2)
    assert bool(found.grouping()) == (sharing == {"kind": "go_mtl"})


def test_an_interrupted_run_continues_in_its_folder(tmp_path: Path) -> None:
    first = make(main="y", folder=tmp_path, training={"steps": 20}).fit(X, LABELS)
    before = (tmp_path / "last.safetensors").stat().st_mtime_ns
    again = make(main="y", folder=tmp_path, training={"steps": 20}).fit(X, LABELS)
    assert (tmp_path / "last.safetensors").stat().st_mtime_ns == before
    np.testing.assert_array_equal(first.predict(X)["y"], again.predict(X)["y"])


@pytest.mark.parametrize(
    ("labels", "kind", "message"),
    [
        ({}, None, "no task to learn"),
        ({"lf0": SIGN}, Binary(), "'lf0': cannot be a task's name"),
        ({"keys": SIGN}, Binary(), "'keys': cannot be a task's name"),
        ({"a": SIGN + 1}, Binary(), "a: is Binary but has values other than 0 and 1"),
        ({"a": SIGN[:9]}, Binary(), "a: has 9 labels for 240 rows"),
        ({"a": ["one"] * 240}, Classes(), "a: has 1 class"),
        ({"a": np.full(240, np.nan)}, Regression(), "a: no row to learn from has a label"),
        ({"a": np.full(240, np.inf)}, Regression(), "a: has infinite values"),
    ],
)
def test_labels_that_do_not_fit_are_named(labels: dict, kind: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(dict.fromkeys(labels, kind), training={"steps": 1}).fit(X, labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"main": "z"}, "z: no such task; there are side, sign, y"),
        ({"tasks": TASKS | {"z": Binary()}}, "labels: are of side, sign, y; the tasks are side, sign, y, z"),
        ({"main": "y", "tasks": TASKS | {"y": Regression(weight=0)}}, "y is what is to be learnt"),
        ({"network": {"sharing": "soft"}}, "sharing: expected one of hard, cross_stitch, "),
        ({"training": {"weighting": "fair"}}, "there is no 'fair'"),
        ({"training": {"settings": {"stepz": 3}}}, "stepz: "),
        ({"network": {"trunk": {"activation": "sine"}}}, r"trunk\.activation: "),
        ({"training": {"validation": 0.0}}, "leaves nothing to validate"),
        ({"network": {"trunk": {"kind": "lstm"}}}, r"trunk\.kind: rows are samples without an order"),
        ({"training": {"settings": {"utterances": True}}}, r"training\.utterances: "),
        ({"training": {"settings": {"cross_fit": 2}}}, r"training\.cross_fit: "),
    ],
)
def test_settings_that_do_not_fit_are_named(change: dict, message: str) -> None:
    training = {"steps": 1} | change.pop("training", {})
    with pytest.raises(UsageError, match=message):
        make(training=training, **change).fit(X, LABELS)


def test_inputs_and_validation_that_do_not_fit_are_named() -> None:
    with pytest.raises(UsageError, match=r"expected an array of shape \(rows, features\)"):
        make().fit(X[:, 0], LABELS)
    with pytest.raises(UsageError, match="only labels may be missing"):
        make().fit(np.where(X > 2, np.nan, X), LABELS)
    with pytest.raises(UsageError, match="validation: lacks labels of side"):
        make().fit(X, LABELS, validation=(X, {"y": Y}))
    partial = {"a": np.where(X[:, 0] > 0, X[:, 1], np.nan)}
    with pytest.raises(UsageError, match="validation: no row has a label of a,"):
        make({"a": Regression()}).fit(X, partial, validation=(X, {"a": np.full(240, np.nan)}))
    with pytest.raises(UsageError, match="expected a mapping by task"):
        make().fit(X, Y)
    with pytest.raises(UsageError, match="not fitted yet"):
        make().predict(X)


def test_mistakes_of_use_are_named(model: MultiTask) -> None:
    with pytest.raises(UsageError, match=r"expected an array of shape \(rows, 6\)"):
        model.predict(X[:, :3])
    with pytest.raises(UsageError, match="z: no such task"):
        model.scores(X, {"z": SIGN})
    with pytest.raises(UsageError, match="'up' was not there in training"):
        model.scores(X, {"side": np.array(["up"] * 240, dtype=object)})
    with pytest.raises(UsageError, match="y: has no classes"):
        model.probabilities(X, "y")


def test_the_mean_of_a_partial_task_is_over_the_rows_that_have_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels lie in one of several blocks of validation rows: blocks count by their labels, not by their rows."""
    monkeypatch.setattr("tts.multitask.BLOCK", 50)
    y = np.where(np.arange(240) < 3, Y[:, 0], np.nan)  # three rows of the first block
    found = make({"y": Regression(), "sign": Binary()}, main="y", training={"steps": 6}).fit(
        X, {"y": Y[:, 0] + np.where(np.arange(240) == 9, np.nan, 0.0), "sign": SIGN}, validation=(X, {"y": y, "sign": SIGN})
    )
    last = found.history_[found.step_ // 1 - 1]
    error = (found.predict(X)["y"][:3] - y[:3]) / found._codings["y"].scale
    assert last["valid/y"] == pytest.approx(np.square(error).mean(), rel=1e-4)


def test_tasks_are_inferred_from_the_labels() -> None:
    found = MultiTask(network=SMALL, training=replace(SHORT, steps=10)).fit(X, {"y": Y, "sign": SIGN > 0, "side": SIDE})
    explicit = make(training={"steps": 10}).fit(X, LABELS)
    for name, values in explicit.predict(X).items():
        np.testing.assert_array_equal(found.predict(X)[name], values)


def test_what_was_given_is_answered_by_name_and_can_be_changed() -> None:
    model = make(main="y", seed=4)
    parameters = model.get_params(deep=False)
    assert list(parameters) == ["tasks", "main", "network", "training", "seed", "device", "folder"]
    assert all(parameters[name] is getattr(model, name) for name in parameters)
    assert model.get_params()["training__steps"] == 120 and model.get_params()["network__hidden"] == (24,)
    assert model.set_params(training__steps=7, training=Training(steps=3, validation=0.5), network__hidden=(9,)) is model
    assert (model.training.steps, model.training.validation, model.network.hidden) == (7, 0.5, (9,))
    assert model.network.sharing == "hard"
    with pytest.raises(UsageError, match="has no setting 'depth'"):
        model.set_params(depth=3)


@pytest.mark.slow
def test_scikit_learn_clones_it_validates_it_and_searches_over_it() -> None:
    base = pytest.importorskip("sklearn.base")
    selection = pytest.importorskip("sklearn.model_selection")
    model = make({"y": Regression(), "sign": Binary()}, main="y", training={"steps": 60}).fit(X, {"y": Y, "sign": SIGN})
    copy = base.clone(model)
    assert copy is not model and not hasattr(copy, "stage_")
    assert copy.get_params() == model.get_params()
    labels = np.empty(240, dtype=[("y", float, 2), ("sign", float)])  # rows of it can be chosen, as scikit-learn does
    labels["y"], labels["sign"] = Y, SIGN
    np.testing.assert_array_equal(copy.fit(X, labels).predict(X)["y"], model.predict(X)["y"])
    scores = selection.cross_val_score(copy, X, labels, cv=3)
    assert scores.shape == (3,) and (scores > 0.4).all()
    grid = selection.GridSearchCV(copy, {"training__steps": [60, 1]}, cv=2).fit(X, labels)
    assert grid.best_params_ == {"training__steps": 60}
    assert grid.best_estimator_.predict(X[:2])["y"].shape == (2, 2)


def test_the_score_is_the_mean_over_the_main_tasks(model: MultiTask) -> None:
    scores = model.scores(X, LABELS)
    assert model.score(X, LABELS) == scores["y"]
    assert model.score(X, {"sign": SIGN}) == scores["sign"]  # no label of a main task
