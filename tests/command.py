"""The command line run in the test's own process."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest import mock

from tts.cli.main import main


def tts(*arguments: object, code: int = 0) -> str:
    """Run the command in this process; check its exit code; return what it printed, errors last."""
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", ["tts", *map(str, arguments)]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            status: object = 0
        except SystemExit as stop:
            status = stop.code or 0
    assert status == code, out.getvalue() + err.getvalue()
    return out.getvalue() + err.getvalue()


def tts_json(*arguments: object) -> Any:
    """Run the command with ``--json`` and return what it printed to its output, which is JSON and nothing else."""
    return json.JSONDecoder().raw_decode(tts(*arguments, "--json"))[0]
