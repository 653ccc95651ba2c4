"""A real Chromium for tests of pages, and what it saw: ``browser`` is skipped where none is installed.

On Debian: ``apt-get install chromium chromium-driver``. Another one is named by CHROMIUM and CHROMEDRIVER.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --mute-audio --window-size=1200,900"
)


def _found(variable: str, *names: str) -> str | None:
    return next((path for name in (os.environ.get(variable), *names) if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder where ``browser`` saves what a page lets its reader download."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[Any]:
    """A headless Chromium, one for all tests, driven by selenium; open a page with :func:`open_page`."""
    program = _found("CHROMIUM", "chromium", "chromium-browser", "google-chrome")
    driver = _found("CHROMEDRIVER", "chromedriver")
    if program is None or driver is None:
        pytest.skip("no Chromium with its driver here; on Debian: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path_factory.mktemp("downloads"))})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    yield running
    running.quit()


def open_page(
    browser: Any, page: Path, *, dark: bool = False, scripts: bool = True, size: tuple[int, int] = (1200, 900)
) -> None:
    """Open a file as a reader does, from disk, with fresh logs; ``dark`` and ``scripts`` are the reader's settings."""
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    browser.set_window_size(*size)
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(page.resolve().as_uri())


def complaints(browser: Any) -> list[str]:
    """What the page wrote to the console since it was opened or since the last call: errors, warnings, policy violations."""
    return [f"{entry['level']}: {entry['message']}" for entry in browser.get_log("browser")]


def requests(browser: Any) -> list[str]:
    """Addresses asked for since the page was opened or since the last call; data addresses are inside the page and left out."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in asked if not url.startswith(("data:", "blob:"))]
