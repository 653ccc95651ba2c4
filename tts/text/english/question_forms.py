"""Which English sentences ask, and how: by the order of their words, whatever sign ends them.

Questions to be answered by yes or no begin with an auxiliary before its subject, those with a question word with that word and
then, mostly, an auxiliary. Readers raise their voice at the end of the first kind and seldom at that of the second, which a
question mark does not tell apart; and some corpora, CMU ARCTIC's prompts among them, end their questions in full stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

QuestionForm = Literal["", "yes_no", "question_word"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_OPENINGS: Final = _words("and but well oh then or now please")
_BE: Final = _words("am is are was were isn't aren't wasn't weren't")
_DO: Final = _words("does did doesn't didn't")
_MODAL: Final = _words("will would shall should can could might must won't wouldn't shan't shouldn't can't couldn't mustn't")
# These may begin an order, a wish or a condition too ("Do the work", "May he rest", "Had it struck"): a pronoun must follow.
_DOUBTFUL: Final = _words("do don't have haven't has hasn't")
_AUXILIARIES: Final = _BE | _DO | _MODAL | _DOUBTFUL | _words("had hadn't may")
_PRONOUNS: Final = _words(
    "i you he she it we they there this that these those anyone anybody someone somebody everyone everybody nobody no-one "
    "anything something everything nothing"
)
_DETERMINERS: Final = _words("the a an my your his her its our their any some all each every no another")
_QUESTION_WORDS: Final = _words("who what when where why how which whose whom what's who's where's when's how's")
_CONTRACTED: Final = frozenset(word for word in _QUESTION_WORDS if "'" in word)


def question_form(words: Sequence[str], *, marked: bool) -> QuestionForm:
    """Return which kind of question a sentence is, empty for none; ``marked`` says whether a question mark ends it.

    ``words`` are written as in the text, since a capital tells a name, which may be a subject.
    """
    lower = [word.lower().replace("’", "'") for word in words]
    first = next((place for place, word in enumerate(lower) if word not in _OPENINGS), len(lower))
    rest = lower[first:]
    if not rest:
        return "yes_no" if marked else ""
    if rest[0] in _QUESTION_WORDS or (len(rest) > 1 and marked and rest[1] in _QUESTION_WORDS):
        return "question_word" if marked or _asks(rest, words[first:]) else ""
    if marked:
        return "yes_no"
    return "yes_no" if _inverted(rest, words[first:], 0) else ""


def _inverted(lower: Sequence[str], words: Sequence[str], place: int) -> bool:
    """Whether an auxiliary at a place stands before its subject, in a sentence without a question mark."""
    if place + 1 >= len(lower):
        return False
    subject = lower[place + 1]
    if lower[place] in _DOUBTFUL:
        return subject in _PRONOUNS
    return lower[place] in _BE | _DO | _MODAL and (subject in _PRONOUNS | _DETERMINERS or words[place + 1][:1].isupper())


def _asks(lower: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a sentence that begins with a question word but has no question mark asks: "What did he", "How old are you"."""
    if lower[0] in _CONTRACTED:
        return True
    if len(lower) > 1 and lower[0] in ("what", "why", "how") and lower[1] in ("if", "not", "about"):
        return True
    if len(lower) > 1 and lower[1] in _AUXILIARIES and lower[0] != "what":
        return lower[0] == "who" or _inverted(lower, words, 1)
    places = (1,) if lower[0] not in ("how", "which", "what") else (1, 2, 3)
    return any(
        _inverted(lower, words, place) and not set(lower[1:place]) & (_PRONOUNS | _DETERMINERS)
        for place in places
        if place < len(lower)
    )
