"""Training: a step against the matrix products of its shapes, in each precision, and against a plain PyTorch loop."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from check_gpu import make_table
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench_parts.frame import Row, Setup, most_memory, take_turns
from tts.dataset.table import Table
from tts.network.stack import Stage
from tts.recipe import MAIN_STREAMS, StagePart, TrainingPart
from tts.training.criterion import Objective, TrainingData
from tts.training.learner import Learner
from tts.training.trainer import Trainer

CPU = torch.device("cpu")
WEIGHTS = {"mcep": {"weight": 1.0, "emphasis": 0.5}, "lf0": 1.0, "vuv": 1.0, "bap": 0.5}  # as recipes have them
STEPS = 4  # of every work in a round
VALIDATE_EVERY = 500


def measure(setup: Setup) -> list[Row]:
    """Return rows of steps for networks of 512 and 1024 units, of validation, and of growth."""
    data = tables(setup)
    if setup.quick:
        return [*steps(setup, data, (32, 32), 64), *growth(setup, data, (32, 32), 64)]
    rows = [row for width in (512, 1024) for row in steps(setup, data, (width,) * 6, 512)]
    return [*rows, *validation(setup, data, (512,) * 6, 512), *growth(setup, data, (512,) * 6, 512)]


def tables(setup: Setup) -> TrainingData:
    """Return the training and validation frames of the prepared corpus, or made-up ones."""
    if setup.prepared is None:
        many = 8 if setup.quick else 400
        return TrainingData(make_table(many, 1, CPU), make_table(max(2, many // 10), 2, CPU))
    from tts.dataset.prepared import Prepared

    prepared = Prepared(setup.prepared)
    train, valid = (prepared.frame_table(split, MAIN_STREAMS, CPU) for split in ("train", "validation"))
    return TrainingData(train, valid)


def settings(batch: int, precision: str, steps: int = 100_000) -> TrainingPart:
    """Return the settings of a training as recipes have them."""
    keys = {"steps": steps, "batch": batch, "average": 0.998, "weight_decay": 0.3, "precision": precision}
    return TrainingPart.model_validate({**keys, "validate_every": VALIDATE_EVERY, "learning_rate": 1e-3})


def make_stage(table: Table, layers: Sequence[int], dropout: float = 0.1) -> Stage:
    """Return a new network for the main streams of a table."""
    trunk = {"layers": list(layers), "dropout": dropout, "normalise": True, "residual": True}  # as recipes have them
    part = StagePart.model_validate({"trunk": trunk, "tasks": WEIGHTS})
    torch.manual_seed(0)
    widths = {name: target.stream.width for name, target in table.targets.items()}
    return Stage(table.input_width, part, widths)


def steps(setup: Setup, data: TrainingData, layers: tuple[int, ...], batch: int) -> list[Row]:
    """Return rows of one step in each precision, of the matrix products alone, and of a plain loop."""
    table = data.train
    widths = (table.input_width, *layers, sum(table.targets[name].stream.width for name in MAIN_STREAMS))
    works: dict[str, Callable[[], object]] = {}
    for precision, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        works[f"products {precision}"] = products(widths, batch, kind)
        learner = Learner(make_stage(table, layers), data, settings(batch, precision), Objective())
        works[f"step {precision}"] = learner.step
    works["plain loop"] = plain_loop(table, widths, batch)
    times = take_turns({name: repeated(work, STEPS) for name, work in works.items()}, setup.rounds)
    name = f"{len(layers)} x {layers[0]}, batch {batch}"
    floor = times["products float32"] / STEPS
    labels = {
        "products float32": "matrix products alone, float32",
        "products bfloat16": "matrix products alone, bfloat16",
        "step float32": "step, float32",
        "step bfloat16": "step, bfloat16",
        "plain loop": "plain PyTorch loop, DataLoader of frames",
    }
    return [
        Row("train", f"{name}: {label}", times[key] / STEPS, "step", floor, note="floor: products in float32")
        for key, label in labels.items()
    ]


def repeated(work: Callable[[], object], count: int) -> Callable[[], None]:
    """Return what does a work ``count`` times."""

    def several() -> None:
        for _ in range(count):
            work()

    return several


def products(widths: Sequence[int], batch: int, dtype: torch.dtype) -> Callable[[], None]:
    """Return the matrix products of a training step of a feed-forward network: forward, towards the input, of the weights.

    The first layer's input needs no gradient. Results go into memory that is there already.
    """
    torch.manual_seed(0)
    pairs = list(itertools.pairwise(widths))
    values = [torch.randn(batch, width, dtype=dtype) for width in widths]
    weights = [torch.randn(b, a, dtype=dtype) for a, b in pairs]
    results = [torch.empty_like(x) for x in values]
    gradients = [torch.empty_like(weight) for weight in weights]

    def step() -> None:
        for x, weight, result in zip(values, weights, results[1:], strict=False):
            torch.mm(x, weight.t(), out=result)
        for number in reversed(range(len(weights))):
            torch.mm(values[number + 1].t(), values[number], out=gradients[number])
            if number:
                torch.mm(values[number + 1], weights[number], out=results[number])

    return step


def plain_loop(table: Table, widths: Sequence[int], batch: int) -> Callable[[], None]:
    """Return a step as recipes for frame-level networks have it: frames written out, a DataLoader that shuffles them."""
    rows = torch.arange(min(table.rows, 40 * batch))
    gathered = table.gather(rows, MAIN_STREAMS)
    targets = torch.cat([gathered.targets[name] for name in MAIN_STREAMS], dim=-1)
    loader = DataLoader(TensorDataset(gathered.inputs, targets), batch_size=batch, shuffle=True, drop_last=len(rows) >= batch)

    def endless() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            yield from loader

    batches = endless()
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU(), nn.Dropout(0.1)]
    model = nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step() -> None:
        x, y = next(batches)
        loss = (model(x) - y).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


def validation(setup: Setup, data: TrainingData, layers: tuple[int, ...], batch: int) -> list[Row]:
    """Return what a validation costs, as a share of the steps between two of them."""
    learner = Learner(make_stage(data.train, layers), data, settings(batch, "auto"), Objective())

    def validate() -> None:
        with learner.validated_weights():
            learner.losses_on(data.valid)

    rounds = max(1, setup.rounds // 2)
    times = take_turns({"steps": repeated(learner.step, 10), "validation": validate}, rounds)
    between = times["steps"] / 10 * VALIDATE_EVERY
    share = f"{100 * times['validation'] / between:.1f} % of the {VALIDATE_EVERY} steps between two, losses alone"
    return [Row("train", "validation", times["validation"], "validation", note=f"{learner.precision}, {share}")]


def growth(setup: Setup, data: TrainingData, layers: tuple[int, ...], batch: int) -> list[Row]:
    """Return what a step costs, and the memory after, in runs of 10, 100 and 1,000 steps with their validations."""
    import time

    rows = []
    for count in (1, 10, 20) if setup.quick else (10, 100, 1000):
        plan = settings(batch, "auto", count).model_copy(update={"validate_every": max(1, count // 2)})
        torch.manual_seed(0)
        folder = Path(setup.work) / f"steps-{count}"
        trainer = Trainer(make_stage(data.train, layers), data, plan, folder, label=f"{count} steps")
        start = time.process_time()
        trainer.run()
        spent = 1000.0 * (time.process_time() - start)
        note = "with two validations and checkpoints"
        rows.append(Row("train", f"a run of {count} steps", spent / count, "step", memory=most_memory(), note=note))
    return rows
