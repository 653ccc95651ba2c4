"""Start-up: what stands between a command and its first sound, against the interpreter's own start."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from bench_parts.frame import Row, Setup, commands_take_turns, peak_of, take_turns

HELLO = "Hello."
LONG = 60  # sentences of the long text


def measure(setup: Setup) -> list[Row]:
    """Return rows of processes from their start, and with --voice of a first sentence, cold and warm, and of a long text."""
    commands: dict[str, Sequence[str]] = {
        "python -c pass": [*setup.python, "-c", "pass"],
        "import numpy": [*setup.python, "-c", "import numpy"],
        "import tts": [*setup.python, "-c", "import tts"],
        "tts --help": [*setup.python, "-m", "tts", "--help"],
    }
    if not setup.quick:
        commands["import torch"] = [*setup.python, "-c", "import torch"]
    if setup.voice is not None:
        commands["cold tts speak, Hello."] = [
            *setup.python,
            *("-m", "tts", "speak", str(setup.voice), "--text", HELLO, "--output", "-"),
        ]
    times = commands_take_turns(commands, max(1, setup.rounds // 2))
    rows = [
        Row("cold", name, times[name], "process", times["python -c pass"], peak_of(commands[name]), "floor: python -c pass")
        for name in commands
    ]
    return rows if setup.voice is None else [*rows, *warm(setup)]


def warm(setup: Setup) -> list[Row]:
    """Return rows of a loaded voice: one short sentence, and the first audio of a text of many."""
    from tts.generation.requests import Request
    from tts.generation.speaking import load_speaker
    from tts.generation.synthesiser import SpokenSentence, Synthesiser

    assert setup.voice is not None
    voice = load_speaker(setup.voice, "cpu")
    many = 6 if setup.quick else LONG
    long = " ".join(text if text.rstrip().endswith((".", "?", "!")) else f"{text}." for text in setup.lines(many))
    with Synthesiser(voice) as synthesiser:

        def hello() -> None:
            list(synthesiser.speak([Request("hello", HELLO)]))

        def first() -> None:
            next(event for event in synthesiser.stream([Request("long", long)]) if isinstance(event, SpokenSentence))

        times: Mapping[str, float] = take_turns({"hello": hello, "first": first}, setup.rounds)
        start = time.process_time()
        list(synthesiser.stream([Request("long", long)]))
        whole = 1000.0 * (time.process_time() - start)
    return [
        Row("cold", "warm: Hello.", times["hello"], "text"),
        Row("cold", f"first audio of {many} sentences in one text", times["first"], "text", note=f"all of it: {whole:.0f} ms"),
    ]
