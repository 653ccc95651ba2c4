"""The defaults of a recipe that follow from the amount of speech: kathleen's settings, scaled by stated rules.

kathleen has 50 minutes of training speech, and its first 100 prompts (``hundred.yaml``) five; both were tuned on validation.
The rules pass through both: steps grow with the square root of the minutes, dropout falls with their logarithm, and everything
else is the same. How much speech there is is known after ``tts prepare``: until then a recipe is filled for 50 minutes, and
:meth:`tts.recipe.recipe.Recipe.for_speech` fills it again for the training split's real length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tts.recipe.base import MAIN_STREAMS
from tts.recipe.overrides import apply_changes, copy_data

NOMINAL_SECONDS = 3000.0
FEWEST_STEPS, MOST_STEPS = 200, 20_000
MAIN_TASKS: dict[str, Any] = {"mcep": {"weight": 1, "emphasis": 0.5}, "lf0": 0.02, "vuv": 0.02, "bap": 0.05}
FIRST_TASKS = {"gammatone": 0.2, "step": 0.2, "lsf": 0.1, "phone_class": 0.05}  # of the stack's first network
SECOND_TASKS = {"gammatone": 0.1, "step": 0.1}


@dataclass(frozen=True)
class Scaled:
    """Settings for an amount of training speech.

    ``steps`` are those of a stage, ``duration_steps`` those of the duration model; ``dropout`` is that of a network alone and
    ``stacked_dropout`` that of a stack's networks.
    """

    steps: int
    duration_steps: int
    dropout: float
    stacked_dropout: float


def scaled(seconds: float) -> Scaled:
    """Return the settings for so many seconds of training speech.

    * steps: ``5000 * sqrt(minutes / 50)`` to the nearest hundred, within 200..20,000; two fifths of that for durations;
    * dropout: 0.3 up to 5 minutes, 0.1 from 50 on (0.2 in a stack), in between by the logarithm, to the nearest 0.05.
    """
    minutes = max(seconds, 1.0) / 60.0
    steps = min(max(100 * round(50.0 * math.sqrt(minutes / 50.0)), FEWEST_STEPS), MOST_STEPS)
    share = min(max(math.log10(minutes / 5.0), 0.0), 1.0)
    return Scaled(steps, steps * 2 // 5, _to_twentieth(0.3 - 0.2 * share), _to_twentieth(0.3 - 0.1 * share))


def _to_twentieth(value: float) -> float:
    return round(round(value * 20.0) / 20.0, 2)


def average_for(steps: int) -> float:
    """Return the decay of the moving average that looks back over a hundredth of the steps, within 0..0.998."""
    return round(min(max(1.0 - 10.0 / steps, 0.0), 0.998), 4)


def default_training(steps: int) -> dict[str, Any]:
    """Return the training settings for so many steps that differ from those that are always the same."""
    return {
        "steps": steps,
        "batch": 512,
        "learning_rate": 0.003,
        "weight_decay": 0.3,
        "validate_every": max(steps // 10, min(steps, 50)),
        "average": average_for(steps),
    }


def _duration_training(steps: int) -> dict[str, Any]:
    return {
        **default_training(steps),
        "batch": 256,
        "learning_rate": 0.001,
        "weight_decay": 0.1,
        "average": min(average_for(steps), 0.99),
    }


def default_trunk(dropout: float) -> dict[str, Any]:
    """Return the trunk of a network."""
    return {"layers": [512] * 6, "normalise": True, "residual": True, "dropout": dropout}


def default_systems(sizes: Scaled) -> dict[str, Any]:
    """Return the systems of a recipe that names none: ``single`` and ``stacked``, without ``single``'s steps."""
    trunk = default_trunk(sizes.stacked_dropout)
    return {
        "single": {
            "description": "one network that learns the vocoder's parameters alone",
            "stages": [{"trunk": default_trunk(sizes.dropout), "tasks": dict(MAIN_TASKS)}],
        },
        "stacked": {
            "description": "two multi-task networks, the second reads the first one's bottleneck over 17 frames",
            "stages": [
                {"trunk": trunk, "bottleneck": 128, "tasks": {**MAIN_TASKS, **FIRST_TASKS}},
                {"trunk": dict(trunk), "context": 8, "tasks": {**MAIN_TASKS, **SECOND_TASKS}},
            ],
        },
    }


def complete(data: Mapping[str, Any], seconds: float, changes: Iterable[str] = ()) -> dict[str, Any]:
    """Return a recipe's data with ``changes`` (``key.sub=value``) applied and the keys that it leaves out filled.

    ``seconds`` is the amount of speech. Of ``training`` and the duration model's every key is filled on its own; systems,
    trunks and the tasks of a stage are filled as a whole. Nothing is filled into what is not of the right form, so that it
    is there to be complained about. Raises :class:`UsageError` for a change that cannot be applied.
    """
    sizes = scaled(seconds)
    filled: dict[str, Any] = {key: copy_data(value) for key, value in data.items() if value is not None}
    usual = "systems" not in filled
    if usual:
        filled["systems"] = default_systems(sizes)
    apply_changes(filled, changes)
    systems = filled["systems"] if isinstance(filled["systems"], dict) else {}
    for system in systems.values():
        _fill_stages(system, sizes)
    learnt = [task for system in systems.values() for task in _tasks_of(system) if task not in MAIN_STREAMS]
    if "tasks" not in filled or (usual and isinstance(filled["tasks"], dict)):
        filled["tasks"] = {**{name: {} for name in learnt}, **filled.get("tasks", {})}
    _fill_training(filled, sizes.steps, default_training)
    training = filled["training"]
    if usual and isinstance(training, dict) and isinstance(training["steps"], int) and isinstance(systems.get("single"), dict):
        # As many steps as the two networks of the stack have together.
        systems["single"].setdefault("training", {}).setdefault("steps", 2 * training["steps"])
    duration = filled.setdefault("duration", {})
    if isinstance(duration, dict):
        duration.setdefault("trunk", {"layers": [256, 256], "dropout": 0.3})
        known = isinstance(filled["tasks"], dict) and "phone_class" in filled["tasks"]
        duration.setdefault("tasks", {"duration": 1, **({"phone_class": 0.05} if known else {})})
        _fill_training(duration, sizes.duration_steps, _duration_training)
    return filled


def _fill_stages(system: Any, sizes: Scaled) -> None:
    stages = system.get("stages") if isinstance(system, dict) else None
    if not isinstance(stages, list):
        return
    networks = [stage for stage in stages if isinstance(stage, dict) and "kind" not in stage]
    for stage in networks:
        stage.setdefault("trunk", default_trunk(sizes.stacked_dropout if len(networks) > 1 else sizes.dropout))
        stage.setdefault("tasks", copy_data(MAIN_TASKS))


def _tasks_of(system: Any) -> list[str]:
    stages = system.get("stages") if isinstance(system, dict) else None
    tasks = [stage.get("tasks") for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
    return [name for part in tasks if isinstance(part, dict) for name in part]


def _fill_training(part: dict[str, Any], steps: int, settings: Callable[[int], dict[str, Any]]) -> None:
    """Fill the keys of ``part["training"]``; those that depend on the steps depend on the recipe's own where it has them."""
    own = part.setdefault("training", {})
    if isinstance(own, dict):
        given = own.get("steps")
        if isinstance(given, int) and given > 0:
            steps = given
        part["training"] = {**settings(steps), **own}
