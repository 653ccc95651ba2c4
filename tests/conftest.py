"""Shared test set-up: one thread, so that tests beside each other do not spin, and results do not depend on the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browser_fixture import browser, downloads  # noqa: F401 - fixtures for all tests
from skips import pytest_addoption, pytest_sessionfinish, pytest_terminal_summary  # noqa: F401 - hooks

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GOMP_SPINCOUNT", "0")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder holding real corpora, named by TTS_CORPORA; tests that need it are skipped without."""
    folder = os.environ.get("TTS_CORPORA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set TTS_CORPORA to a folder holding kathleen/, nathalie/ and flemishguy/ to run this test")
    return Path(folder)
