"""The command line run in the test's own process."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from unittest import mock

from tts.cli.main import main

TOOLS = Path(__file__).parents[1] / "tools"


def tts(*arguments: object, code: int = 0) -> str:
    """Run the command in this process; check its exit code; return what it printed, errors last."""
    return _run(main, "tts", *arguments, code=code)


def tool(name: str, *arguments: object, code: int = 0) -> str:
    """Run a program of the folder ``tools`` in this process, as :func:`tts` does the command."""
    spec = spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return _run(module.main, name, *arguments, code=code)


def _run(program: Callable[[], int | None], name: str, *arguments: object, code: int) -> str:
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", [name, *map(str, arguments)]), redirect_stdout(out), redirect_stderr(err):
        try:
            status: object = program() or 0
        except SystemExit as stop:
            status = stop.code or 0
    assert status == code, out.getvalue() + err.getvalue()
    return out.getvalue() + err.getvalue()


def tts_json(*arguments: object) -> Any:
    """Run the command with ``--json`` and return what it printed to its output, which is JSON and nothing else."""
    return json.JSONDecoder().raw_decode(tts(*arguments, "--json"))[0]
