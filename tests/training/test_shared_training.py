"""Two processes that share a training against one that does it alone: the same weights, losses and files."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from shared_training import finish, largest, make_table, make_trainer, start, train

import tts.core.ranks
from tts.core.errors import ProcessLost, UsageError
from tts.core.ranks import ALONE, current_ranks, joined, own_device
from tts.core.tensors import load_tensors
from tts.network.joint import Joint
from tts.training.batches import Batches, Crops
from tts.training.checkpoint import read_history
from tts.training.weighting import METHODS

CASES = ("feedforward", "lstm", "attention", "convolution", "joint", "trajectory", "fork", "one", "unrelated")
WEIGHTINGS = tuple(name for name in METHODS if name not in ("torchjd", "sum"))
RESUMED = ("half/feedforward@6", "half/dropout@6", "half/dropout", "dropout", "begun/feedforward")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes have done every training, some in halves, and one that another process began."""
    folder = tmp_path_factory.mktemp("pair")
    train(["begun/feedforward@6"], folder)
    finish(start([*CASES, *WEIGHTINGS, *RESUMED], folder))
    return folder


def state(folder: Path, name: str, rank: int = 0) -> dict[str, torch.Tensor]:
    return load_tensors(folder / f"{name}-{rank}.safetensors")[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CASES, *WEIGHTINGS])
def test_two_processes_learn_what_one_does(pair: Path, tmp_path: Path, name: str) -> None:
    train([name], tmp_path)
    assert largest(state(tmp_path, name), state(pair, name)) < 2e-5
    assert largest(state(pair, name, 0), state(pair, name, 1)) == 0.0
    (whole, measured), (shared, by_both) = (read_history(folder / name / "last.safetensors") for folder in (tmp_path, pair))
    for ours, theirs in zip([*whole, *measured], [*shared, *by_both], strict=True):
        expected = {key: value for key, value in ours.items() if not key.startswith("speed/")}
        assert {key: theirs[key] for key in expected} == pytest.approx(expected, rel=1e-3, abs=1e-4)
    files = {path.name for path in (tmp_path / name).iterdir()}
    assert {path.name for path in (pair / name).iterdir()} == files


@pytest.mark.slow
def test_one_process_goes_on_from_what_two_began_and_two_from_one(pair: Path, tmp_path: Path) -> None:
    train(["feedforward"], tmp_path)
    assert largest(state(tmp_path, "feedforward"), state(pair / "begun", "feedforward")) < 2e-5
    train(["feedforward"], pair / "half")
    assert largest(state(tmp_path, "feedforward"), state(pair / "half", "feedforward")) < 2e-5


@pytest.mark.slow
def test_two_processes_go_on_to_the_bit_with_dropout(pair: Path) -> None:
    for rank in (0, 1):
        assert largest(state(pair, "dropout", rank), state(pair / "half", "dropout", rank)) == 0.0
    assert not torch.equal(state(pair, "dropout", 0)["random.cpu"], state(pair, "dropout", 1)["random.cpu"])


@pytest.mark.parametrize("processes", [2, 3, 5])
@pytest.mark.parametrize("kind", ["rows", "utterances", "pieces"])
def test_shares_are_the_batch(kind: str, processes: int) -> None:
    table = make_table(20, 1)

    def batches(share: tuple[int, int] = (0, 1)) -> Batches | Crops:
        if kind == "pieces":
            return Crops(table, 64, length=16, around=2, seed=3, share=share)
        return Batches(table, 32 if kind == "rows" else 4, utterances=kind == "utterances", seed=3, share=share)

    for step in (0, 7):
        whole = batches()(step)
        parts = [batches((rank, processes))(step) for rank in range(processes)]
        learnt = torch.cat([part.index[part.learnt] for part in parts])
        assert sorted(learnt.tolist()) == sorted(whole.index[whole.learnt].tolist())
        for part in parts:
            assert part.wanted is None or torch.equal(part.wanted, part.learnt.flatten().nonzero()[:, 0])


def test_a_process_alone_is_asked_for_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined("auto", print) as ranks:
        assert ranks is ALONE is current_ranks()
    assert isinstance(make_trainer("joint", tmp_path).model, Joint)


def test_processes_that_do_not_come_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts.core.ranks, "JOINING", timedelta(seconds=1))
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}.items():
        monkeypatch.setenv(name, value)
    with (
        pytest.raises(ProcessLost, match=r"the 2 processes of this training did not meet at 127\.0\.0\.1:9"),
        joined("cpu", print),
    ):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"WORLD_SIZE": "abc"},
        {"WORLD_SIZE": "-2"},
        {"RANK": "2"},
        {"RANK": "-1"},
        {"RANK": "one"},
        {"LOCAL_RANK": "x"},
        {"LOCAL_RANK": "2"},
        {"MASTER_PORT": "port"},
        {"MASTER_PORT": "70000"},
    ],
)
def test_variables_that_are_no_numbers_or_out_of_range_are_named(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    monkeypatch.setattr(tts.core.ranks, "JOINING", timedelta(seconds=1))
    right = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9"}
    for name, value in (right | wrong).items():
        monkeypatch.setenv(name, value)
    (name, value), *_ = wrong.items()
    with pytest.raises(UsageError, match=f"^{name}={value}: expected a whole number"), joined("cpu", print):
        pass


def test_a_process_takes_the_gpu_of_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_device("cpu", 3) == "cpu"
    with pytest.raises(UsageError, match="--device cuda:1"):
        own_device("cuda:1", 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert own_device("auto", 1) == "cuda:1"
    with pytest.raises(UsageError, match="there are 2; torchrun --nproc-per-node 2"):
        own_device("auto", 2)


@pytest.mark.slow
def test_a_process_whose_partner_dies_says_so_and_ends(tmp_path: Path) -> None:
    first, second = start(["feedforward@1000000"], tmp_path)
    deadline = 300
    while not (tmp_path / "feedforward" / "last.safetensors").exists() and deadline:
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(timeout=1)
        deadline -= 1
    second.kill()
    second.communicate()
    error = first.communicate(timeout=120)[1].decode()
    assert first.returncode == 1
    assert "one of the 2 processes of this training has ended" in error.splitlines()[-1]
