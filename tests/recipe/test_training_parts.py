"""Ways of training a stack: what does not fit together is refused by key, and defaults leave no trace."""

from typing import Any

import pytest
from pydantic import ValidationError

from tts.recipe import DurationPart, TrainingPart


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"stacking": "greedy_then_joint"}, "joint_steps: greedy_then_joint needs it"),
        ({"stacking": "greedy_then_joint", "joint_steps": 0}, "greater than or equal to 1"),
        ({"stacking": "joint", "joint_steps": 5}, "joint_steps: is for greedy_then_joint, and stacking is joint"),
        ({"joint_learning_rate": 0.1}, "joint_learning_rate: is for greedy_then_joint, and stacking is greedy"),
        ({"stage_weights": [1, 1]}, "stage_weights: stages trained one after the other"),
        ({"stacking": "joint", "stage_weights": [1, 0]}, "the last stage is the one that speaks"),
        ({"stacking": "joint", "stage_weights": [-1, 1]}, "greater than or equal to 0"),
        ({"stacking": "joint", "cross_fit": 2}, "cross_fit: joint training has no bottlenecks from other networks"),
        ({"stacking": "together"}, "'greedy', 'joint' or 'greedy_then_joint'"),
        ({"trajectory": {"streams": ["mcep"]}}, "trajectory.steps\n  Field required"),
        ({"trajectory": {"steps": 5, "streams": []}}, "at least 1 item"),
        ({"trajectory": {"steps": 5, "streams": ["vuv"]}}, "'mcep', 'lf0' or 'bap'"),
        ({"trajectory": {"steps": 5, "streams": ["mcep", "mcep"]}}, "a stream is named twice"),
        ({"trajectory": {"steps": 5, "weight": 1.5}}, "less than or equal to 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        TrainingPart.model_validate(keys)
    assert said in str(error.value)


@pytest.mark.parametrize("keys", [{"stacking": "joint"}, {"trajectory": {"steps": 5}}])
def test_the_duration_model_has_neither_stages_nor_trajectories(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"training.{next(iter(keys))}: the duration model is one network"):
        DurationPart.model_validate({"trunk": {"layers": [8]}, "training": keys})


def test_defaults_leave_no_trace_in_a_voices_identity() -> None:
    assert TrainingPart.model_validate({"steps": 7}).model_dump(exclude_defaults=True) == {"steps": 7}
