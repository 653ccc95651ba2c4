"""The search over settings: known optima on a scoring function put in place of training."""

import pytest

from tts.comparison.search import edges, runs_at_most, search, start_of, value_at, with_settings
from tts.core.errors import TtsError, UsageError
from tts.recipe import SystemPart, TrainingPart
from tts.recipe.comparison import SearchPart

A, B = "stages.0.tasks.mel.weight", "stages.0.tasks.lsf.weight"
START = {A: 0.2, B: 0.2}


def scored(function):
    """Return a scoring function of several points, and the list of points it was asked for."""
    asked = []

    def losses(points):
        asked.extend(points)
        return [function(point[A], point[B]) for point in points]

    return losses, asked


def bowl(a, b):
    return (a - 0.1) ** 2 + (b - 0.3) ** 2


def test_the_grid_finds_the_optimum():
    part = SearchPart(method="grid", keys={A: (0, 0.1, 0.2), B: (0, 0.1, 0.3)})
    losses, asked = scored(lambda a, b: (a * b - 0.03) ** 2 + 1e-5 * (a + b))  # no coordinate alone leads there
    found = search(part, START, losses)
    assert found.chosen == {A: 0.1, B: 0.3}
    assert len(found.tried) == len(asked) == runs_at_most(part, START) == 9


def test_coordinates_find_a_separable_optimum_in_fewer_runs():
    part = SearchPart(keys={A: (0, 0.1, 0.2), B: (0, 0.1, 0.3)})
    losses, asked = scored(bowl)
    found = search(part, START, losses)
    assert found.chosen == {A: 0.1, B: 0.3}
    assert len(asked) == len({str(point) for point in asked}) == len(found.tried) <= runs_at_most(part, START) == 6


def test_the_best_of_all_tried_is_chosen_the_start_included():
    """A loss in which the keys hang together: the best point is the recipe's own, between the values of the grids."""
    start = {A: 0.3, B: 0.3}
    part = SearchPart(keys={A: (0, 1.0), B: (0, 1.0)})
    losses, asked = scored(lambda a, b: (a - 0.3) ** 2 + (b - 0.3) ** 2)
    outcome = search(part, start, losses)
    assert start in asked
    assert outcome.chosen == start
    assert len(asked) == runs_at_most(part, start) == 5

    losses, _ = scored(lambda a, b: 0.0 if (a, b) == (0, 0.2) else 1.0 + abs(a - b))  # then every value of b is worse
    outcome = search(SearchPart(keys={A: (0, 0.1), B: (0.5, 0.7, 0)}), START, losses)
    assert outcome.chosen == {A: 0, B: 0.2}
    assert min(loss for _, loss in outcome.tried) == 0.0


def test_the_start_is_what_the_recipe_has() -> None:
    main = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
    system = SystemPart.model_validate({"stages": [{"trunk": {"layers": [8]}, "tasks": {**main, "mel": 0.0}}]})
    part = SearchPart(keys={A: (0, 0.2), "training.weight_decay": (0.0, 0.3), "training.batch": (64, 128)})
    settings = TrainingPart(weight_decay=0.3, batch=64)
    start = start_of(part, system, "s", settings)
    assert start == {A: 0, "training.weight_decay": 0.3, "training.batch": 64}
    assert isinstance(start[A], int)  # as the grid writes it, so that it is one point and not two


def test_useless_tasks_get_zero():
    part = SearchPart(keys={A: (0, 0.1), B: (0, 0.1)})
    found = search(part, START, scored(lambda a, b: a + b)[0])
    assert found.chosen == {A: 0, B: 0}
    assert edges(part, found.chosen) == []


def test_a_point_is_never_tried_twice():
    part = SearchPart(keys={A: (0, 0.2), B: (0, 0.2)})
    losses, asked = scored(bowl)
    search(part, START, losses)
    assert len(asked) == 3  # (0, .2), (.2, .2), and the best of them with b = 0


def test_runs_that_diverge_are_passed_over():
    part = SearchPart(method="grid", keys={A: (0, 0.1), B: (0, 0.1)})
    found = search(part, START, scored(lambda a, b: None if a else 1.0 - b)[0])
    assert found.chosen == {A: 0, B: 0.1}
    with pytest.raises(TtsError, match="every run diverged"):
        search(part, START, scored(lambda a, b: None)[0])


def test_the_edge_of_a_grid_is_said():
    part = SearchPart(
        keys={A: (0, 0.1, 0.2), "training.learning_rate": (0.001, 0.003), "stages.0.trunk.activation": ("relu", "tanh")}
    )
    chosen = {A: 0.2, "training.learning_rate": 0.001, "stages.0.trunk.activation": "relu"}
    assert edges(part, chosen) == [
        f"{A} = 0.2 is the largest value tried",
        "training.learning_rate = 0.001 is the smallest value tried",
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({A: (0.1, 0.2)}, "add 0"),
        ({A: (0,)}, "two different values"),
        ({A: (0, 0)}, "two different values"),
        ({"training.seed": (1, 2)}, "the same for all runs"),
        ({}, "at least 1"),
    ],
)
def test_a_wrong_grid_is_refused(keys, said):
    with pytest.raises(ValueError, match=said):
        SearchPart(keys=keys)


def test_main_tasks_need_no_zero():
    assert SearchPart(keys={"stages.0.tasks.lf0.weight": (0.1, 0.2)}).keys


def test_settings_are_put_into_a_system():
    main = {"mcep": 1, "lf0": 0.1, "vuv": 0.2, "bap": 0.05}
    system = SystemPart.model_validate({"stages": [{"trunk": {"layers": [8]}, "tasks": {**main, "mel": 0.2}}]})
    assert value_at(system, A, "s") == 0.2
    assert value_at(system, "training.weight_decay", "s") is None  # the recipe's
    changed = with_settings(system, {A: 0.0, "stages.0.trunk.layers.0": 16, "training.weight_decay": 0.1}, "s")
    assert changed.stages[0].tasks["mel"].weight == 0.0
    assert changed.stages[0].trunk.layers == (16,)
    assert changed.training == {"weight_decay": 0.1}
    assert with_settings(system, {"training.weight_decay": None}, "s") == system
    with pytest.raises(UsageError, match=r"comparison\.search\.s: stages\.0\.tasks\.mal\.weight: mal is not there"):
        value_at(system, "stages.0.tasks.mal.weight", "s")
    said = r"with stages\.0\.tasks\.mel\.weight = -1\.0, .*weight: expected a number of at least 0"
    with pytest.raises(UsageError, match=said):
        with_settings(system, {A: -1.0}, "s")
