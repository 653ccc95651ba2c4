"""What was skipped and why is told at the end; ``--strict-skips`` fails the run where the reason is not a known one."""

from __future__ import annotations

import re

import pytest

MAY_SKIP = {  # pattern in the reason: (pattern in the file's name, what the product loses by it)
    r"espeak": (r"espeak", "espeak-ng is GPL-3.0: an extra that no pipeline needs"),
    r"Chromium|selenium": ("", "pages are looked at in a browser where there is one"),
    r"CUDA|GPU|\bmps\b": ("", "needs the device"),
    r"htsengine": ("", "programs of the system that speak our labels, beside the fields' comparison with Festival's"),
    r"TTS_CORPORA": ("", "needs a real corpus"),
    r"parselmouth": ("", "praat-parselmouth is GPL-3.0: a reference in benchmarks"),
    r"TorchJD": ("", "a reference, not installed by default: its extra is weighting"),
    r"distributed is not installed": ("cluster", "dask.distributed: an extra, cluster"),
    r"gruut_lang_\w+|pyopenjtalk|anyascii": ("", "a language that is not English"),
    r"/proc|fcntl": ("", "another operating system"),
    r"s3fs|moto|aiohttp": ("", "packages of the user's choice that open object stores, and the one that plays such a store"),
    r"random order": ("", "the case depends on an order that this method draws"),
}
NO_REASON = "NOT A REASON TO SKIP"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--strict-skips``."""
    parser.addoption("--strict-skips", action="store_true", help="fail where a test is skipped for a reason not in MAY_SKIP")


def skipped_tests(reporter: pytest.TerminalReporter) -> dict[tuple[str, str], int]:
    """Return how many tests, or modules, were skipped by ``(reason, file)``."""
    told: dict[tuple[str, str], int] = {}
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        key = reason.removeprefix("Skipped: "), report.nodeid.partition("::")[0]
        told[key] = told.get(key, 0) + 1
    return told


def excuse(reason: str, file: str) -> str:
    """Return why a test of this file may be skipped for this reason, or :data:`NO_REASON`."""
    known = (why for pattern, (files, why) in MAY_SKIP.items() if re.search(pattern, reason) and re.search(files, file))
    return next(known, NO_REASON)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped; mark what should not have been."""
    told = skipped_tests(terminalreporter)
    if not told:
        return
    terminalreporter.section(f"{sum(told.values())} SKIPPED", yellow=True, bold=True)
    for (reason, file), count in sorted(told.items()):
        why = excuse(reason, file)
        terminalreporter.write_line(f"{file} ({count}): {reason} [{why}]", red=why == NO_REASON, yellow=why != NO_REASON)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under ``--strict-skips``, fail where a test was skipped for no known reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not session.config.getoption("--strict-skips"):
        return
    if any(excuse(*key) == NO_REASON for key in skipped_tests(reporter)):
        session.exitstatus = max(int(session.exitstatus), int(pytest.ExitCode.TESTS_FAILED))
