"""Trainings that one process or several do, by name; as a program this is one of several processes, as torchrun starts them."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.core.ranks import current_ranks, joined
from tts.core.stream import Stream
from tts.core.tensors import save_tensors
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.network.joint import Joint
from tts.network.stack import Stack, Stage
from tts.recipe import StagePart, TrainingPart
from tts.training.criterion import Objective, TrainingData
from tts.training.trainer import Trainer
from tts.training.trajectory import Trajectories
from tts.training.weighting import METHODS

CPU = torch.device("cpu")
WIDTHS = {"mcep": 6, "formants": 2, "phone": 3}
STREAMS = (Stream("mcep", 2, dynamic=True), Stream("formants", 2, masked=True), Stream("phone", 1, "class", classes=3))


def make_table(utterances: int, seed: int) -> Table:
    """Random features of segments; a smooth target, one that half of the frames have, and a class; a tenth does not count."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(20, 40, utterances)
    segments = generator.random((utterances * 5, 3)).astype(np.float32)
    rows = np.concatenate([np.sort(generator.integers(0, 5, n)) + 5 * u for u, n in enumerate(lengths)])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    values = (segments @ np.array([[1.0, -2.0], [0.5, 1.0], [0.0, 3.0]]))[rows].astype(np.float32)
    valid = (generator.random((len(rows), 1)) < 0.5).astype(np.float32)
    own = {"mcep": values, "formants": np.concatenate([values, valid], axis=1)}
    targets = {"phone": Target(STREAMS[2], segments.argmax(axis=1)[:, None].astype(np.float32), by_segment=True)}
    for stream in STREAMS[:2]:
        total = StatisticsSum(2, dynamic=stream.dynamic)
        for a, b in itertools.pairwise(starts):
            total.add(own[stream.name][a:b, :2], np.ones(b - a, dtype=bool))
        targets[stream.name] = Target(stream, own[stream.name], total.result())
    return Table(starts, segments, rows, None, generator.random(len(rows)) < 0.9, targets, CPU)


def make_part(kind: str = "feedforward", dropout: float = 0.0, **more: Any) -> StagePart:
    """Return a stage of three tasks."""
    trunk = {"kind": kind, "layers": [16, 16], "dropout": dropout}
    tasks = {"mcep": {"weight": 1, "emphasis": 0.5}, "formants": 0.5, "phone": 0.2}
    return StagePart.model_validate({"trunk": trunk, "tasks": tasks} | more)


def make_trainer(name: str, folder: Path, steps: int = 12) -> Trainer:
    """Return the training of a name: a trunk, ``joint``, ``trajectory``, ``fork``, ``one``, ``unrelated``, or a weighting."""
    framewise = name not in ("lstm", "attention", "convolution", "trajectory", "one")
    more: dict[str, Any] = {"batch": 33 if framewise else 3}
    part = make_part(name if name in ("lstm", "attention", "convolution") else "feedforward", 0.2 if name == "dropout" else 0.0)
    objective, data = Objective(("mcep",)), TrainingData(make_table(20, 1), make_table(5, 2))
    if name == "unrelated":
        part = make_part(unrelated={"pairs": [["main", "formants"]], "form": "readout"})
    if name == "trajectory":
        streams = {"mcep": data.train.targets["mcep"]}
        objective = Objective(("mcep",), trajectories=Trajectories(streams, {"mcep": 0.5}, 0.7), baseline=True)
    if name == "one":  # utterance a batch: a process has nothing to do
        part, more["batch"], more["utterances"] = make_part("lstm"), 1, True
    if name == "fork":
        more["fork_merge"] = {"every": 3}
    if name in METHODS:
        more["weighting"] = {"method": name, "measure_every": 5}
    torch.manual_seed(0)
    model: Stage | Joint = Stage(3, part, WIDTHS)
    if name == "joint":
        model = Joint(Stack(3, (make_part(bottleneck=4), make_part(context=1)), WIDTHS, seed=1))
    settings = TrainingPart.model_validate(
        {"steps": steps, "learning_rate": 0.003, "validate_every": 6, "decay": "none", "warmup": 0, "average": 0.9}
        | {"precision": "float32"}
        | more
    )
    torch.manual_seed(settings.seed)
    return Trainer(model, data, settings, folder, label=name, objective=objective)


def train(names: Sequence[str], folder: Path) -> None:
    """Do trainings, ``NAME``, ``FOLDER/NAME`` or ``NAME@STEPS``, each in its folder; leave there what each process has then."""
    rank = current_ranks().rank
    for each in names:
        name, _, steps = each.partition("@")
        trainer = make_trainer(Path(name).name, folder / name, int(steps or 12))
        trainer.run()
        save_tensors(folder / f"{name}-{rank}.safetensors", trainer.learner.state(), {})


def start(names: Sequence[str], folder: Path, processes: int = 2) -> list[subprocess.Popen[bytes]]:
    """Start processes that share trainings."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, __file__, str(folder), *names]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes), "OMP_NUM_THREADS": "1"}
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
    return [subprocess.Popen(command, env={**os.environ, **where, **rank}, stderr=subprocess.PIPE) for rank in ranks]


def finish(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait for processes, which have to succeed."""
    try:
        errors = [process.communicate(timeout=600)[1].decode() for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert not any(process.returncode for process in processes), errors


def largest(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    """Return the largest difference of tensors by name, random states left out."""
    assert a.keys() == b.keys()
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a if not name.startswith("random"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with joined("cpu", print):
        train(sys.argv[2:], Path(sys.argv[1]))
