"""How version 0.1.0 identified a voice, so that what it trained and scored is recognised.

Its ``run.json`` and the records of its comparisons hold a digest of the settings that differed from its defaults. Those
are written down here as they were: they are not to follow the recipe's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tts.core.files import fingerprint
from tts.dataset.prepared import Prepared
from tts.dataset.speakers import DURATION_SPEAKERS
from tts.recipe import Recipe, StagePart, TrainingPart
from tts.training.identity import data_identity, source_files

_REQUIRED = object()
_UNCHANGED: dict[str, Any] = {}  # of a part within a part: all of it at its defaults
# By part of a recipe: its keys, and their defaults in version 0.1.0.
DEFAULTS: dict[str, dict[str, Any]] = {
    "StagePart": {
        "trunk": _REQUIRED,
        "bottleneck": None,
        "inputs": None,
        "context": 0,
        "linguistic_context": 0,
        "dilation": 1,
        "tasks": _REQUIRED,
        "sharing": ("HardSharingPart", _UNCHANGED),
        "unrelated": None,
    },
    "TrunkPart": {
        "kind": "feedforward",
        "layers": _REQUIRED,
        "activation": "relu",
        "dropout": 0.0,
        "normalise": False,
        "residual": False,
        "kernel": 5,
        "heads": 4,
    },
    "TrunkLayer": {"layer": _REQUIRED},
    "TaskUse": {"weight": 1.0, "emphasis": 0.0, "private": [], "depth": None, "reads": None},
    "HardSharingPart": {"kind": "hard"},
    "CrossStitchPart": {"kind": "cross_stitch", "keep": 0.9, "speed": 10.0},
    "SluicePart": {"kind": "sluice", "subspaces": 2, "keep": 0.9, "speed": 10.0, "mixture": False, "orthogonality": 0.0},
    "MmoePart": {"kind": "mmoe", "experts": 4, "gate_dropout": 0.0},
    "PlePart": {"kind": "ple", "shared": 1, "own": 1, "gate_dropout": 0.0},
    "AdaptersPart": {"kind": "adapters", "rank": 16},
    "GoMtlPart": {"kind": "go_mtl", "basis": 2, "sparsity": 0.3, "shrink": 0.05},
    "UnrelatedPart": {"pairs": _REQUIRED, "weight": 0.1, "form": "readout"},
    "TrainingPart": {
        "steps": 5000,
        "batch": 256,
        "utterances": False,
        "learning_rate": 3e-3,
        "warmup": 100,
        "decay": "linear",
        "weight_decay": 0.0,
        "clip": 1.0,
        "average": 0.0,
        "input_dropout": 0.0,
        "weighting": ("WeightingPart", _UNCHANGED),
        "fork_merge": None,
        "validate_every": 500,
        "stacking": "greedy",
        "stage_weights": [],
        "joint_steps": None,
        "joint_learning_rate": None,
        "trajectory": None,
        "cross_fit": 0,
        "patience": 0,
        "precision": "auto",
        "seed": 1,
    },
    "WeightingPart": {"method": "sum", "options": {}, "start": {}, "stop": {}, "main_only_from": None, "measure_every": 0},
    "ForkMergePart": {"every": _REQUIRED, "branches": "one_each", "grid": [0.25, 0.5, 0.75, 1.0]},
    "TrajectoryPart": {"steps": _REQUIRED, "streams": ["mcep"], "weight": 1.0, "batch": 8, "learning_rate": None},
    "DurationPart": {"trunk": _REQUIRED, "tasks": {"duration": {}}, "training": _REQUIRED},
    "GenerationPart": {"post_filter": "cepstral", "strength": 0.4},
    "TransferPart": {
        "init_from": None,
        "features_from": None,
        "speaker": "",
        "layer": "bottleneck",
        "freeze": [],
        "layer_decay": 1.0,
        "l2_sp": 0.0,
        "outputs": "physical",
        "duration": True,
    },
}


def legacy_identity(recipe: Recipe, prepared: Prepared, system_name: str) -> str:
    """Return the digest that version 0.1.0 gave the voice of a recipe's system on a prepared corpus."""
    system = recipe.system(system_name)
    settings = recipe.training_of(system)
    transfer = system.transfer
    source = None
    if transfer is not None:
        own = {key: value for key, value in changed(transfer).items() if key not in ("init_from", "features_from")}
        source = {"transfer": fingerprint("init" if transfer.init_from else "features", own, source_files(transfer))}
    return fingerprint(
        data_identity(recipe, prepared, system_name),
        [changed(stage) for stage in system.networks],
        changed(settings),
        changed(recipe.duration),
        changed(recipe.generation),
        *([recipe.speakers_of(system), DURATION_SPEAKERS] if len(prepared.speakers) > 1 else []),
        *(["no row of weight 0"] if _weighs_nothing(system.networks, settings) else []),
        *([source] if source is not None else []),
    )


def changed(part: BaseModel) -> dict[str, Any]:
    """Return what of a part of a recipe differs from the defaults of version 0.1.0, as plain data.

    A key that was added since counts where it is not at its default.
    """
    known = DEFAULTS[type(part).__name__]
    different = {}
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if key not in known:
            if value != field.get_default(call_default_factory=True):
                different[key] = _plain(value)
            continue
        default, plain = known[key], _plain(value)
        same = (type(value).__name__, plain) == default if isinstance(default, tuple) else plain == default
        if not same:
            different[key] = plain
    return different


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return changed(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _weighs_nothing(stages: tuple[StagePart, ...], settings: TrainingPart) -> bool:
    """Return whether a task of weight 0 met a weighting that shared something out to it before version 0.1.0."""
    weighed = settings.fork_merge is not None or settings.weighting.method != "sum"
    return weighed and any(use.weight == 0.0 for stage in stages for use in stage.tasks.values())
