"""Questions at a terminal, one after the other, with a way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tts.cli.output import say
from tts.core.errors import TtsError

HELP = "(Enter takes what stands in brackets; b goes back, s skips, ? says this again, q ends without writing anything)"
Command = Literal["back", "skip", "quit", "help"]
_COMMANDS: dict[str, Command] = {
    **dict.fromkeys(("b", "back"), "back"),
    **dict.fromkeys(("s", "skip"), "skip"),
    **dict.fromkeys(("q", "quit", "exit"), "quit"),
    **dict.fromkeys(("?", "h", "help"), "help"),
}
Read = Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """What is asked, under which name; ``default`` is taken on Enter, and None means that there is none.

    ``check`` raises :class:`TtsError` for an answer that will not do. ``skipped`` is the answer of who skips, None where an
    answer is needed.
    """

    name: str
    text: str
    default: str | None = None
    skipped: str | None = None
    check: Callable[[str], None] = lambda _: None


def ask(questions: Sequence[Question], read: Read = input, earlier: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ask all questions and return the answers by name; raises :class:`TtsError` where the person ends it.

    ``earlier`` are answers that stand in brackets when the same questions are asked once more.
    """
    answers: dict[str, str] = dict(earlier or {})
    place = 0
    if questions:
        say(HELP)
    while place < len(questions):
        question = questions[place]
        default = answers.get(question.name, question.default)
        given = _read(read, f"{question.text}{f' [{default}]' if default else ''}: ")
        command = _COMMANDS.get(given.casefold())
        if command == "back":
            if place == 0:
                say("this is the first question")
            place = max(0, place - 1)
            continue
        if command == "skip" and question.skipped is not None:
            answer = question.skipped
        else:
            answer = "" if command == "skip" else given or default or ""
        if not answer and question.skipped is None:
            say("this one needs an answer")
            continue
        try:
            if answer != question.skipped:
                question.check(answer)
        except TtsError as error:
            say(str(error))
            continue
        answers[question.name] = answer
        place += 1
    return answers


def confirmed(text: str, read: Read = input) -> bool:
    """Ask whether something is to be done: True for yes or Enter, False for going back; ending it raises :class:`TtsError`."""
    while True:
        given = _read(
            read, f"{text} (Enter does it, b goes back to the questions, q ends without writing anything): "
        ).casefold()
        if given in ("", "y", "yes"):
            return True
        if _COMMANDS.get(given) == "back":
            return False
        if given in ("n", "no"):
            raise TtsError("ended; nothing was written")
        say("expected Enter, b or q")


def _read(read: Read, prompt: str) -> str:
    """Return what a person writes; who asks for help gets it, and who ends it raises :class:`TtsError`."""
    while True:
        try:
            given = read(prompt).strip()
        except EOFError:
            raise TtsError("the questions were not answered; nothing was written") from None
        command = _COMMANDS.get(given.casefold())
        if command == "quit":
            raise TtsError("ended; nothing was written")
        if command != "help":
            return given
        say(HELP)
