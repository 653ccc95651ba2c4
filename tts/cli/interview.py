"""Questions at a terminal, one after the other, with a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tts.cli.output import say
from tts.core.errors import TtsError

HELP = "(Enter takes what stands in brackets, b goes back, s skips, q ends without writing anything)"


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


def ask(questions: Sequence[Question], read: Callable[[str], str] = input) -> dict[str, str]:
    """Ask all questions and return the answers by name; raises :class:`TtsError` where the person ends it."""
    answers: dict[str, str] = {}
    place = 0
    if questions:
        say(HELP)
    while place < len(questions):
        question = questions[place]
        default = answers.get(question.name, question.default)
        try:
            given = read(f"{question.text}{f' [{default}]' if default else ''}: ").strip()
        except EOFError:
            raise TtsError("the questions were not answered; nothing was written") from None
        if given == "q":
            raise TtsError("ended; nothing was written")
        if given == "b":
            place = max(0, place - 1)
            continue
        if given == "s":
            if question.skipped is None:
                say("this one needs an answer")
                continue
            answer = question.skipped
        else:
            answer = given or default or ""
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
