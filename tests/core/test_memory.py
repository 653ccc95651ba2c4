"""What this process may use: of the machine, of its container, of its share."""

import os
from pathlib import Path

import pytest
import torch

from tts.core import device as device_module
from tts.core import memory
from tts.core.device import available_memory, choose_device, multiplies_bfloat16, speaking_precision
from tts.core.errors import TtsError, UsageError
from tts.core.memory import MemoryShare, available_bytes, set_share, share_of, usable_cores

GB = 1 << 30


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for the files of control groups; this process is in the group /a/b of every kind."""
    own = tmp_path / "own"
    own.write_text("4:memory:/a/b\n3:cpu,cpuacct:/a/b\n1:name=systemd:/\n0::/a/b\n")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(memory, "_OWN_GROUPS", own)
    return tmp_path / "groups"


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds a process as Linux does")
def test_cores_that_the_process_is_not_bound_to_do_not_count(group: Path) -> None:
    """A batch system hands out a few of many cores; os.cpu_count() tells of all."""
    allowed = os.sched_getaffinity(0)
    assert usable_cores() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        ("a/b", {"cpu__max": "200000 100000\n"}, 2),
        ("a/b", {"cpu__max": "50000 100000\n"}, 1),
        ("a/b", {"cpu__max": "250000 100000\n"}, 3),
        ("a/b", {"cpu__max": "max 100000\n"}, 64),
        ("a", {"cpu__max": "400000 100000\n"}, 4),  # of a group around this one
        ("", {"cpu__max": "300000 100000\n"}, 3),  # a container that sees its own group as the first
        ("cpu/a/b", {"cpu__cfs_quota_us": "150000", "cpu__cfs_period_us": "100000"}, 2),
        ("cpu", {"cpu__cfs_quota_us": "-1", "cpu__cfs_period_us": "100000"}, 64),
        ("a/b", {"cpu__max": "rubbish"}, 64),
    ],
)
def test_a_containers_quota_of_cores_counts(
    folder: str, files: dict[str, str], expected: int, group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(group / folder, **files)
    for name in ("sched_getaffinity", "process_cpu_count"):
        monkeypatch.setattr(os, name, {"sched_getaffinity": lambda _: range(64)}.get(name, lambda: 64), raising=False)
    assert usable_cores() == expected


@pytest.mark.parametrize(
    ("folder", "files", "expected"),
    [
        (
            "a/b",
            {"memory__max": str(8 * GB), "memory__current": str(5 * GB), "memory__stat": f"anon 1\ninactive_file {GB}\n"},
            4,
        ),
        ("a/b", {"memory__max": "max", "memory__current": str(5 * GB)}, 100),
        ("a", {"memory__max": str(6 * GB), "memory__current": str(5 * GB)}, 1),
        ("memory/a/b", {"memory__limit_in_bytes": str(8 * GB), "memory__usage_in_bytes": str(6 * GB)}, 2),
        ("memory", {"memory__limit_in_bytes": str((1 << 63) - 4096), "memory__usage_in_bytes": "1"}, 100),
        ("a/b", {"memory__max": str(GB), "memory__current": str(2 * GB)}, 0),
        ("x", {}, 100),
    ],
)
def test_memory_is_what_the_container_leaves(
    folder: str, files: dict[str, str], expected: int, group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(group / folder, **files)
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 100 * GB}))
    assert available_bytes() == expected * GB


def test_a_share_is_kept_to(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 100 * GB}))
    share = share_of(16, per_device=4)
    assert share == MemoryShare(100 * GB // 16, 0.25)
    try:
        set_share(share)
        assert available_bytes() == available_memory(torch.device("cpu")) == 100 * GB // 16
        assert share_of(2) == MemoryShare(100 * GB // 32, 1.0)  # a worker's own workers share its share
        monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": GB}))
        assert available_bytes() == GB  # others have taken more than was foreseen
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (70 * GB, 80 * GB))
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 5 * GB)
        assert available_memory(torch.device("cuda")) == 15 * GB
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * GB, 80 * GB))
        assert available_memory(torch.device("cuda")) == 3 * GB
    finally:
        set_share(None)


def test_the_memory_of_this_machine_is_plausible() -> None:
    assert 10_000_000 < available_bytes() < 1 << 50


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:1", "CUDA", "", "meta"])
def test_names_that_are_no_device(name: str) -> None:
    with pytest.raises(UsageError, match=rf"^device '{name}': there is no such device; use auto, cpu, cuda, cuda:N or mps"):
        choose_device(name)


def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    number = torch.cuda.device_count()
    with pytest.raises(TtsError, match=rf"^device cuda:99: there are {number} CUDA devices here; use cpu or another number"):
        choose_device("cuda:99")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(TtsError, match=r"^device mps: .* has no Apple GPU; use cpu"):
        choose_device("mps")


def test_devices_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("mps") == torch.device("mps")
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")  # Apple's GPU only by name
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")


def test_processors_speak_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    for device, trained, expected in (
        ("cpu", "bfloat16", "float32"),
        ("cpu", None, "float32"),
        ("mps", "bfloat16", "float32"),
        ("cuda", "float32", "float32"),
        ("cuda", "bfloat16", "bfloat16"),
        ("cuda", None, "bfloat16"),
    ):
        assert speaking_precision(trained, torch.device(device)) == expected
    assert not multiplies_bfloat16(torch.device("mps"))


def test_library_messages_know_no_options() -> None:
    assert "--" not in Path(device_module.__file__).read_text(encoding="utf-8")
