"""Shared test set-up: one thread, so that tests beside each other do not spin, and results do not depend on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_fixture import browser, downloads  # noqa: F401 - fixtures for all tests
from hypothesis import settings
from skips import pytest_addoption, pytest_sessionfinish, pytest_terminal_summary  # noqa: F401 - hooks

settings.register_profile("stacked-tts", deadline=None)  # machines that are busy are no fault
settings.load_profile("stacked-tts")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "0")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Share the whole suite among the cores; a file or folder that is named starts sooner in one process (``-n 0``)."""
    return 0 if config.args_source is pytest.Config.ArgsSource.ARGS else min(usable_cores(), 8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that hold slow tests first: none of them is begun when the other cores have nothing left to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def usable_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.fixture(scope="session", autouse=True)
def _no_workers_unasked() -> Iterator[None]:
    """What is not told how many worker processes to start works in the test's own: the tests themselves fill the cores.

    Processes of a command's own have the usual default; what workers do is tested where a test asks for some.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts.core.processes.usable_cores", lambda: 0)
        yield


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder holding real corpora, named by TTS_CORPORA; tests that need it are skipped without."""
    folder = os.environ.get("TTS_CORPORA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set TTS_CORPORA to a folder holding kathleen/, nathalie/ and flemishguy/ to run this test")
    return Path(folder)
