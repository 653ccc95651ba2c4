"""The core on plain arrays: known functions of the inputs are learnt, missing labels are nobody's, mistakes are named."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tts.core.errors import UsageError
from tts.multitask import Binary, Classes, Model, Regression, fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 6))
Y = 5.0 + 20.0 * X[:, :2] @ np.array([[1.0, 0.5], [-1.0, 2.0]])
SIGN = (X[:, 2] > 0.0).astype(float)
SIDE = np.array(["left", "middle", "right"], dtype=object)[np.digitize(X[:, 3], [-0.5, 0.5])]
TASKS = {"y": Regression(Y), "sign": Binary(SIGN), "side": Classes(SIDE)}
SMALL = {"shared": (24,), "steps": 120, "training": {"learning_rate": 0.02}}


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(X, TASKS, main="y", **SMALL)


def test_answers_have_the_shape_and_unit_of_the_labels(model: Model) -> None:
    answers = model.predict(X[:7])
    assert {name: values.shape for name, values in answers.items()} == {"y": (7, 2), "sign": (7,), "side": (7,)}
    assert set(answers["side"]) <= {"left", "middle", "right"}
    assert ((answers["sign"] >= 0) & (answers["sign"] <= 1)).all()
    shares = model.probabilities(X[:7], "side")
    np.testing.assert_allclose(sum(shares.values()), 1.0, rtol=1e-5)


def test_what_can_be_learnt_is_learnt(model: Model) -> None:
    scores = model.score(X, {"y": Y, "sign": SIGN, "side": SIDE})
    assert scores["y"] > 0.95
    assert scores["sign"] > 0.9
    assert scores["side"] > 0.8
    assert np.isclose(scores["y"], 1.0 - np.square(model.predict(X)["y"] - Y).sum() / np.square(Y - Y.mean(axis=0)).sum())
    assert min(model.history, key=lambda entry: entry["valid/y"])["step"] == model.step
    assert model.weights == {"y": 1.0, "sign": 1.0, "side": 1.0}
    assert {"cosine/sign", "ratio/side"} <= model.diagnostics[0].keys()


@pytest.mark.parametrize(("offset", "unit"), [(1.7e9, 1.0), (-3e6, 1e-3), (0.0, 1e-15), (0.0, 1e20)])
def test_the_unit_of_labels_and_inputs_does_not_matter(model: Model, offset: float, unit: float) -> None:
    """Seconds since 1970 and farads: float32 would hold none of them, or the floor of a deviation swallow them."""
    plain = fit(X, {"y": Regression(Y)}, **SMALL)
    moved = offset + unit * Y
    other = fit(offset + unit * X, {"y": Regression(moved)}, **SMALL)
    answers, expected = (other.predict(offset + unit * X)["y"] - offset) / unit, plain.predict(X)["y"]
    np.testing.assert_allclose(answers, expected, atol=0.02 * Y.std())
    assert other.score(offset + unit * X, {"y": moved})["y"] == pytest.approx(plain.score(X, {"y": Y})["y"], abs=0.01)


def test_labels_that_never_change_have_no_score() -> None:
    same = fit(X, {"y": Regression(np.full(240, 0.1))}, **SMALL)
    np.testing.assert_allclose(same.predict(X)["y"], 0.1, atol=0.2)  # normalised by 1
    assert np.isnan(same.score(X, {"y": np.full(240, 0.1)})["y"])


@pytest.mark.parametrize(
    "classes", [(1, "no"), ((1, 2), (3, 4)), ((1,), (2, 3)), (0, 1), ("a", "b"), (True, False), (0.5, 2.0)]
)
def test_classes_of_any_type_are_answered_as_they_were_given(classes: tuple) -> None:
    labels = np.empty(240, dtype=object)
    labels[:] = [classes[int(sign)] for sign in SIGN]
    found = fit(X, {"side": Classes(labels)}, **SMALL)
    answers = found.predict(X)["side"]
    assert set(answers.tolist()) == set(classes)
    assert found.score(X, {"side": labels})["side"] > 0.8
    assert answers.dtype == (object if isinstance(classes[0], tuple) or classes[1] == "no" else np.array(classes).dtype)


def test_rows_without_a_label_teach_nothing() -> None:
    half = np.arange(240) < 120
    wrong = {"y": np.where(half[:, None], Y, np.nan), "sign": np.where(half, SIGN, np.nan), "side": np.where(half, SIDE, None)}
    tasks = {"y": Regression(wrong["y"]), "sign": Binary(wrong["sign"]), "side": Classes(wrong["side"])}
    held = (X[:120], {name: values[:120] for name, values in wrong.items()})
    shifted = np.where(half[:, None], X, 7.0 * X[::-1])  # what lies in rows without labels must not matter
    options = {**SMALL, "steps": 10, "normalise": False, "validation": held, "training": {"batch": 240}}
    first, second = (fit(x, tasks, **options) for x in (X, shifted))
    for a, b in zip(first.stage.parameters(), second.stage.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    scores = first.score(X, {"sign": np.full(240, np.nan)})
    assert np.isnan(scores["sign"])


def test_networks_that_differ_in_tasks_start_alike_and_the_callers_random_numbers_are_left_alone() -> None:
    options = {**SMALL, "steps": 1, "training": {"learning_rate": 1e-12}}
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    alone, together = (fit(X, tasks, seed=3, **options) for tasks in ({"y": TASKS["y"]}, TASKS))
    assert torch.equal(torch.rand(1), expected)
    others = together.stage.state_dict()
    for name, value in alone.stage.state_dict().items():
        torch.testing.assert_close(value, others[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize("weighting", ["mgda", {"method": "gate", "stop": {"sign": 5}}])
def test_weightings_with_and_without_a_main_task(weighting: object) -> None:
    main = None if weighting == "mgda" else "y"
    found = fit(X, TASKS, main=main, weighting=weighting, **{**SMALL, "steps": 20})
    rows = {key for key in found.diagnostics[0] if key.startswith("weight/")}
    assert rows == ({f"weight/{name}" for name in TASKS} if main is None else {"weight/main", "weight/sign", "weight/side"})
    assert set(found.weights) == set(TASKS)


def test_a_task_of_weight_zero_is_not_weighed() -> None:
    found = fit(X, TASKS, main="y", weights={"sign": 0.0}, weighting="random", **{**SMALL, "steps": 20})
    assert {key for key in found.diagnostics[0] if key.startswith("weight/")} == {"weight/main", "weight/side"}
    assert found.weights["sign"] == 0.0


@pytest.mark.parametrize("sharing", ["cross_stitch", {"kind": "mmoe", "experts": 2}, "ple", "adapters", {"kind": "go_mtl"}])
def test_every_way_of_sharing(sharing: object) -> None:
    found = fit(X, TASKS, main="y", sharing=sharing, unrelated=[("y", "sign")], **{**SMALL, "steps": 3})
    assert found.predict(X[:2])["y"].shape == (2, 2)
    assert bool(found.grouping()) == (sharing == {"kind": "go_mtl"})


def test_an_interrupted_run_continues_in_its_folder(tmp_path: Path) -> None:
    first = fit(X, TASKS, main="y", folder=tmp_path, **{**SMALL, "steps": 20})
    before = (tmp_path / "last.safetensors").stat().st_mtime_ns
    again = fit(X, TASKS, main="y", folder=tmp_path, **{**SMALL, "steps": 20})
    assert (tmp_path / "last.safetensors").stat().st_mtime_ns == before
    np.testing.assert_array_equal(first.predict(X)["y"], again.predict(X)["y"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tasks": {}}, "no task to learn"),
        ({"tasks": {"lf0": Binary(SIGN)}}, "'lf0': cannot be a task's name"),
        ({"tasks": {"keys": Binary(SIGN)}}, "'keys': cannot be a task's name"),
        ({"tasks": {"a": Binary(SIGN + 1)}}, "a: is Binary but has values other than 0 and 1"),
        ({"tasks": {"a": Binary(SIGN[:9])}}, "a: has 9 labels for 240 rows"),
        ({"tasks": {"a": Classes(["one"] * 240)}}, "a: has 1 class"),
        ({"tasks": {"a": Regression(np.full(240, np.nan))}}, "a: no row to learn from has a label"),
        ({"tasks": {"a": Regression(np.full(240, np.inf))}}, "a: has infinite values"),
        ({"main": "z"}, "z: no such task; there are side, sign, y"),
        ({"weights": {"z": 1}}, "z: no such task"),
        ({"main": "y", "weights": {"y": 0}}, "y is what is to be learnt"),
        ({"sharing": "soft"}, "kind is soft, expected one of"),
        ({"weighting": "fair"}, "there is no 'fair'"),
        ({"training": {"stepz": 3}}, "stepz: "),
        ({"trunk": {"activation": "sine"}}, r"trunk\.activation: "),
        ({"validation": 0.0}, "leaves nothing to validate"),
        ({"validation": (X, {"y": Y})}, "validation: lacks labels of side"),
        (
            {
                "tasks": {"a": Regression(np.where(X[:, 0] > 0, X[:, 1], np.nan))},
                "validation": (X, {"a": np.full(240, np.nan)}),
            },
            "validation: no row has a label of a,",
        ),
        ({"trunk": {"kind": "lstm"}}, r"trunk\.kind: rows are samples without an order"),
        ({"training": {"utterances": True}}, r"training\.utterances: "),
        ({"training": {"cross_fit": 2}}, r"training\.cross_fit: "),
        ({"x": X[:, 0]}, r"expected an array of shape \(rows, features\)"),
        ({"x": np.where(X > 2, np.nan, X)}, "only labels may be missing"),
    ],
)
def test_mistakes_are_named(change: dict, said: str) -> None:
    arguments = {"x": X, "tasks": TASKS, **SMALL, "steps": 1, **change}
    with pytest.raises(UsageError, match=said):
        fit(arguments.pop("x"), arguments.pop("tasks"), **arguments)


def test_mistakes_of_use_are_named(model: Model) -> None:
    with pytest.raises(UsageError, match=r"expected an array of shape \(rows, 6\)"):
        model.predict(X[:, :3])
    with pytest.raises(UsageError, match="z: no such task"):
        model.score(X, {"z": SIGN})
    with pytest.raises(UsageError, match="'up' was not there in training"):
        model.score(X, {"side": np.array(["up"] * 240, dtype=object)})
    with pytest.raises(UsageError, match="y: has no classes"):
        model.probabilities(X, "y")
