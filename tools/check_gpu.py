"""Does this machine's GPU train as the CPU does, and how fast? One command, under five minutes on a GPU.

    python tools/check_gpu.py                      # the first CUDA device, or what --device names (cuda:1, mps, cpu)
    python tools/check_gpu.py --device cpu --short
    python tools/check_gpu.py --processes 2        # how many share a training [default: one a GPU, where there are several]

On made-up speech parameters it trains every kind of network for some steps on the CPU and on the device from the same weights
and batches, without dropout and in float32, and compares losses, weights and predictions; solves trajectories on both; trains a
stack of two stages, joins them, goes on by their trajectories, and interrupts and resumes a training, which has to come to
the same weights; trains several networks as one batched model, and one network in several processes (NCCL between GPUs, gloo
on the CPU), which have to come to what each comes to alone; then measures steps and frames a second at the size of a real
voice, and the peak of memory. The last line says whether all was within the stated tolerances; the exit code is 1 where it
was not.
"""

from __future__ import annotations

import argparse
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor

from tts.core.device import choose_device
from tts.core.errors import TtsError
from tts.core.ranks import joined
from tts.core.stream import Stream
from tts.core.tensors import load_tensors, save_tensors
from tts.dataset.statistics import StatisticsSum
from tts.dataset.table import Table, Target
from tts.network.joint import Joint
from tts.network.stack import Stack, Stage
from tts.network.trunks import padded_lstm
from tts.recipe import StagePart, TrainingPart
from tts.training.banded import Dissection, solve
from tts.training.callbacks import Callback
from tts.training.criterion import Model, Objective, TrainingData
from tts.training.learner import Learner
from tts.training.members import run_together
from tts.training.passes import compute_features, predict
from tts.training.trainer import Trainer
from tts.training.trajectory import Trajectories, trajectory

LOSS = 1e-3  # largest relative difference of losses after some steps: rounding grows with every step of Adam
OUTPUT = 5e-3  # largest difference of predictions, in standard deviations of the targets
SOLVE = 1e-9  # largest difference of trajectories solved in float64, in standard deviations
SHARED = 1e-3  # largest difference of losses, relative, between a training by itself and one that is shared or batched
MEMBERS = 8  # networks that are trained as one batched model
RESUME = 1e-5  # largest difference of weights between a whole training and a resumed one; 0 on the CPU

CPU = torch.device("cpu")
STREAMS = (
    Stream("mcep", 40, dynamic=True),
    Stream("lf0", 1, dynamic=True),
    Stream("vuv", 1, "binary"),
    Stream("bap", 3, dynamic=True),
    Stream("mel", 40),
    Stream("phone_class", 1, "class", classes=12),
)
WIDTHS = {stream.name: stream.width for stream in STREAMS}
MAIN = {"mcep": {"emphasis": 0.5}, "lf0": 1.0, "vuv": 1.0, "bap": 1.0}
FEATURES, POSITIONS = 280, 14


@dataclass
class Report:
    """What was checked, printed as it comes; ``failed`` are the checks beyond their tolerance."""

    failed: list[str] = field(default_factory=list)

    def check(self, what: str, difference: float, tolerance: float) -> None:
        """Print a difference and whether it is within its tolerance."""
        good = difference <= tolerance
        if not good:
            self.failed.append(what)
        self.tell(f"{what:48} {difference:9.2e}  of {tolerance:7.0e}  {'ok' if good else 'TOO LARGE'}")

    def tell(self, line: str) -> None:
        """Print a line."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def make_table(utterances: int, seed: int, device: torch.device, frames: tuple[int, int] = (150, 400)) -> Table:
    """Return made-up speech: targets are smooth functions of segments' features and frames' positions.

    Utterances have a number of ``frames`` from the first to below the second.
    """
    rules, generator = np.random.default_rng(0), np.random.default_rng(seed)
    lengths = generator.integers(*frames, utterances)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    segments = (generator.random((utterances * 20, FEATURES)) < 0.1).astype(np.float32)
    segment = np.concatenate([np.sort(generator.integers(0, 20, n)) + 20 * u for u, n in enumerate(lengths)])
    positions = generator.random((starts[-1], POSITIONS)).astype(np.float32)
    causes = np.tanh(segments[segment] @ rules.normal(size=(FEATURES, 30)) / 5.0 + positions[:, :1])
    targets = {}
    for stream in STREAMS:
        values = causes @ rules.normal(size=(30, max(stream.columns, stream.classes)))
        if stream.kind == "class":
            values = values.argmax(axis=1)[:, None]
        elif stream.kind == "binary":
            values = values > 0.0
        values = values.astype(np.float32)
        total = StatisticsSum(stream.columns, dynamic=stream.dynamic)
        for a, b in itertools.pairwise(starts):
            total.add(values[a:b], np.ones(b - a, dtype=bool))
        targets[stream.name] = Target(stream, values, total.result() if stream.kind == "continuous" else None)
    return Table(starts, segments, segment, positions, generator.random(starts[-1]) < 0.9, targets, device)


def make_part(kind: str = "feedforward", width: int = 64, *, dropout: float = 0.0, **more: object) -> StagePart:
    """Return a stage of the main tasks with two auxiliary ones."""
    trunk = {"kind": kind, "layers": [width, width], "dropout": dropout} | ({"heads": 2} if kind == "attention" else {})
    return StagePart.model_validate({"trunk": trunk, "tasks": {**MAIN, "mel": 0.3, "phone_class": 0.1}, **more})


def make_settings(steps: int, **more: object) -> TrainingPart:
    """Return plain settings in float32."""
    plain = {"steps": steps, "batch": 256, "learning_rate": 1e-3, "validate_every": max(1, steps // 2), "average": 0.9}
    return TrainingPart.model_validate(plain | {"precision": "float32", "warmup": 0} | more)


def make_stage(part: StagePart, device: torch.device, inputs: int = FEATURES + POSITIONS) -> Stage:
    """Return a stage whose weights do not depend on the device."""
    torch.manual_seed(1)
    return Stage(inputs, part, WIDTHS).to(device)


@dataclass(frozen=True)
class Size:
    """How much is done."""

    utterances: int
    steps: int
    width: int  # of the network that is timed
    timed: int  # steps that are timed
    frames: tuple[int, int]  # of an utterance: the fewest, and one more than the most

    def tables(self, device: torch.device) -> TrainingData:
        """Return made-up speech to train and to validate with."""
        return TrainingData(make_table(self.utterances, 1, device, self.frames), make_table(4, 2, device, self.frames))


SHORT, WHOLE = Size(12, 6, 64, 3, (20, 50)), Size(60, 30, 1024, 200, (150, 400))


def check_networks(report: Report, device: torch.device, size: Size) -> None:
    """Train networks from the same weights on the same batches, on the CPU and the device, and compare."""
    cases = {
        "feed-forward": make_part(),
        "convolution": make_part("convolution"),
        "LSTM": make_part("lstm"),
        "attention": make_part("attention"),
        "experts": make_part(sharing="mmoe"),
        "cross-stitch, bottleneck": make_part(sharing="cross_stitch", bottleneck=16),
    }
    weightings = {"feed-forward": "gradnorm", "experts": "upgrad"}
    for name, part in cases.items():
        losses, outputs = [], []
        for where in (CPU, device):
            utterances = part.trunk.kind != "feedforward"
            weighting = {"method": weightings.get(name, "sum")}
            settings = make_settings(size.steps, batch=6 if utterances else 256, weighting=weighting)
            data = size.tables(where)
            learner = Learner(make_stage(part, where), data, settings)
            for _ in range(size.steps):
                learner.step()
            learner.finite.require(name)
            learner.model.eval()
            losses.append(learner.losses_on(data.valid))
            outputs.append(predict(learner.model, data.valid, ["mcep"])["mcep"])
        worst = max(abs(losses[1][task] / losses[0][task] - 1.0) for task in losses[0])
        report.check(f"{name}: losses after {size.steps} steps", worst, LOSS)
        report.check(f"{name}: predictions", float((outputs[1] - outputs[0]).abs().max()), OUTPUT)


def check_solvers(report: Report, device: torch.device) -> None:
    """Compare what has a way of its own off the CPU: trajectories and their gradients, padded LSTMs."""
    generator = torch.Generator().manual_seed(0)
    mask = torch.arange(700) < torch.tensor([700, 1, 2, 333])[:, None]
    means = torch.randn(4, 700, 60, generator=generator, dtype=torch.float64)
    ratios = 1.0 + 9.0 * torch.rand(2, 20, generator=generator, dtype=torch.float64)
    results = []
    for where in (CPU, device):
        x = means.to(where, torch.float32 if where.type == "mps" else torch.float64).requires_grad_()
        made = trajectory(x, mask.to(where), ratios.to(where, x.dtype))
        made.square().sum().backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        results.append((made.detach().cpu().double(), x.grad.cpu().double()))
    tolerance = SOLVE if device.type != "mps" else 1e-4
    report.check("trajectories", _largest(results[0][0], results[1][0]), tolerance)
    report.check("their gradients", _largest(results[0][1], results[1][1]), tolerance)
    bands = torch.stack([torch.full((3, 500), value, dtype=torch.float64) for value in (1.0, -4.0, 7.0)])
    bands[0, :, :2] = bands[1, :, 0] = 0.0
    right = torch.randn(3, 500, generator=generator, dtype=torch.float64)
    where = CPU if device.type == "mps" else device
    dense = torch.diag_embed(bands[2]) + sum(_symmetric(bands[2 - n, :, n:], n) for n in (1, 2))
    solution = solve(right.to(where), Dissection(bands.to(where))).cpu()
    report.check("dissection against dense algebra", _largest(torch.linalg.solve(dense, right), solution), SOLVE)
    layer = torch.nn.LSTM(8, 6, batch_first=True, bidirectional=True)
    x, lengths = torch.randn(3, 50, 8, generator=generator), torch.tensor([50, 7, 1])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected = torch.nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=50)[0].detach()
    padded = padded_lstm(layer.to(device), x.to(device), lengths.to(device)).detach().cpu()
    report.check("LSTM over padded utterances", _largest(expected, padded), 1e-4)


def _symmetric(band: Tensor, offset: int) -> Tensor:
    upper = torch.diag_embed(band, offset=offset)
    return upper + upper.mT


def _largest(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


class _Interrupt(Callback):
    """Stops a training as a user would, at its last validation, before the checkpoint is written."""

    def __init__(self, step: int) -> None:
        self.step = step

    def scores(self, model: Model, step: int) -> dict[str, float]:
        del model
        if step == self.step:
            raise KeyboardInterrupt
        return {}


def check_training(report: Report, device: torch.device, size: Size, folder: Path) -> None:
    """Train a stack as a voice is trained, with a resumed training, bottlenecks, the joint and the trajectory phase."""
    data = size.tables(device)
    parts = (make_part(dropout=0.1, bottleneck=16), make_part(dropout=0.1, context=2))
    steps, ends = 2 * size.steps, []
    for name in ("whole", "resumed"):
        stage = make_stage(parts[0], device)
        torch.manual_seed(3)
        try:
            callbacks = [_Interrupt(steps)] if name == "resumed" else []
            Trainer(stage, data, make_settings(steps), folder / name, label=name, callbacks=callbacks).run()
        except KeyboardInterrupt:
            Trainer(stage, data, make_settings(steps), folder / name, label=name).run()
        ends.append({key: value.cpu() for key, value in stage.state_dict().items()})
    furthest = max(_largest(ends[0][key], ends[1][key]) for key in ends[0])
    report.check("a training that was interrupted and resumed", furthest, 0.0 if device.type == "cpu" else RESUME)

    torch.manual_seed(1)
    stack = Stack(FEATURES + POSITIONS, parts, WIDTHS, seed=1).to(device)
    stack.stages[0].load_state_dict(ends[0])
    first, second = stack.stages
    assert isinstance(first, Stage) and isinstance(second, Stage)
    hidden = [compute_features(first, table).bottleneck for table in (data.train, data.valid)]
    read = size.tables(device)
    for table, bottleneck in zip((read.train, read.valid), hidden, strict=True):
        table.read(parts[1], bottleneck)
    Trainer(second, read, make_settings(size.steps), folder / "second", label="second stage").run()
    joint = Joint(stack)
    Trainer(joint, data, make_settings(size.steps), folder / "joint", label="joint").run()
    streams = {name: data.train.targets[name] for name in ("mcep", "lf0", "bap")}
    objective = Objective(trajectories=Trajectories(streams, {"mcep": 0.5}, 0.7), baseline=True)
    settings = make_settings(size.steps, batch=6, learning_rate=1e-4)
    result = Trainer(joint, data, settings, folder / "trajectory", label="trajectory", objective=objective).run()
    before = result.history[0]["valid/main"]
    report.tell(f"stack: two stages, joined, {size.steps} steps on trajectories: loss {before:.4f} -> {result.loss:.4f}")
    report.check("trajectory phase: loss beyond that at its start", max(0.0, result.loss - before), 0.0)


def check_members(report: Report, device: torch.device, size: Size) -> None:
    """Train networks as one batched model, with dropout, against each by itself, and time both."""
    data = size.tables(device)

    def taught(seed: int) -> dict[str, float]:
        settings = make_settings(size.steps, seed=seed)
        learner = Learner(make_stage(make_part(dropout=0.1), device), data, settings)
        torch.manual_seed(seed)
        for _ in range(size.steps):
            learner.step()
        learner.finite.require("members")
        learner.model.eval()
        return learner.losses_on(data.valid)

    taught(0)  # what happens once, such as compiling
    start = time.perf_counter()
    alone = [taught(seed) for seed in range(MEMBERS)]
    middle = time.perf_counter()
    members = run_together([partial(taught, seed) for seed in range(MEMBERS)])
    seconds = middle - start, time.perf_counter() - middle
    for member in members:
        if member.error is not None:
            raise member.error
    together = [member.result or {} for member in members]
    worst = max(abs(b[task] / a[task] - 1.0) for a, b in zip(alone, together, strict=True) for task in a)
    report.check(f"{MEMBERS} networks as one batched model: losses", worst, SHARED)
    report.tell(f"{MEMBERS} networks one after the other {seconds[0]:.2f} s, as one model {seconds[1]:.2f} s")


def train_shared(wanted: str, size: Size, folder: Path) -> None:
    """Train a network with the other processes that share it, and leave its weights in ``folder``."""
    with joined(wanted, print) as ranks:
        device = choose_device(ranks.device or wanted)
        data = size.tables(device)
        trainer = Trainer(make_stage(make_part(), device), data, make_settings(size.steps), folder / "run", label="shared")
        result = trainer.run()
        if ranks.first:
            scores = {
                f"{n}/{key}": torch.tensor(value, dtype=torch.float64)
                for n, entry in enumerate(result.history)
                for key, value in entry.items()
                if key.startswith(("train/", "valid/"))
            }
            save_tensors(folder / "scores.safetensors", scores, {})


def check_processes(report: Report, device: torch.device, size: Size, count: int, folder: Path) -> None:
    """Train a network in several processes against one."""
    train_shared(str(device), size, folder / "alone")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    command = [sys.executable, __file__, "--join", str(folder / "shared"), *(["--short"] if size is SHORT else [])]
    command += ["--device", "cpu" if device.type == "cpu" else "auto"]
    where = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(count)}
    own = [{**where, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
    processes = [subprocess.Popen(command, env=environment) for environment in own]
    codes = [process.wait(timeout=600) for process in processes]
    if any(codes):
        raise TtsError("a training in several processes failed; see above")
    alone, shared = (load_tensors(folder / name / "scores.safetensors")[0] for name in ("alone", "shared"))
    worst = max(abs(float(shared[name] / alone[name]) - 1.0) for name in alone)
    report.check(f"{count} processes that share a training: losses", worst, SHARED)


def measure(report: Report, device: torch.device, size: Size) -> None:
    """Time steps of a network of the size of a real voice, in the precision it would have, and tell the peak of memory."""
    table = size.tables(device).train
    for kind, batch in (("feedforward", 2048), ("lstm", 16)):
        part = make_part(kind, size.width, dropout=0.1)
        settings = make_settings(size.timed + 3, batch=min(batch, table.rows), precision="auto")
        learner = Learner(make_stage(part, device), TrainingData(table, table), settings)
        for _ in range(3):
            learner.step()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        learner.finite.require(kind)  # waits for the device
        frames, start = 0, time.perf_counter()
        for _ in range(size.timed):
            current = learner.batches(learner.steps_done)
            frames += sum(current.lengths) if current.lengths else len(current.index)
            learner.step()
        learner.finite.require(kind)
        seconds = time.perf_counter() - start
        peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else psutil.Process().memory_info().rss
        network, memory = (
            f"{kind} {size.width}-{size.width}, {learner.precision}",
            "peak" if device.type == "cuda" else "process",
        )
        speed = f"{size.timed / seconds:.1f} steps/s, {frames / seconds:,.0f} frames/s"
        report.tell(f"{network}: {speed}, {memory} memory {peak / 2**20:,.0f} MiB")


def main() -> int:
    """Run all checks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda, cuda:N or mps")
    parser.add_argument("--short", action="store_true", help="a few steps of everything")
    parser.add_argument(
        "--processes", type=int, help="how many share a training; by default one a GPU, where there are several"
    )
    parser.add_argument("--join", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.join is not None:
        train_shared(arguments.device, SHORT if arguments.short else WHOLE, arguments.join)
        return 0
    report = Report()
    torch.backends.cudnn.allow_tf32 = False  # convolutions and LSTMs are compared in full float32
    try:
        device = choose_device(arguments.device)
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
        report.tell(f"torch {torch.__version__}, {name}")
        size, start = SHORT if arguments.short else WHOLE, time.perf_counter()
        check_solvers(report, device)
        check_networks(report, device, size)
        check_members(report, device, size)
        count = arguments.processes or (torch.cuda.device_count() if device.type == "cuda" else 1)
        with tempfile.TemporaryDirectory(prefix="check-gpu-") as folder:
            check_training(report, device, size, Path(folder))
            if count > 1:
                check_processes(report, device, size, count, Path(folder))
            else:
                report.tell("one process: that several share a training was not checked")
        measure(report, device, size)
    except TtsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    verdict = f"beyond tolerance: {', '.join(report.failed)}" if report.failed else "all within tolerance"
    report.tell(f"{verdict}; {time.perf_counter() - start:.0f} s")
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
