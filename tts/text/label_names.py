"""What full-context labels call the phones of the sentences that they came with, so that others can be written like them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from tts.text.sentence import Sentence

CENTRE: Final = re.compile(r"-(.+?)\+")  # of LL^L-C+R=RR


def centre_of(context: str) -> str:
    """Return the name of a label's own phone; the whole label where it has no context."""
    match = CENTRE.search(context)
    return match[1] if match else context


def names_in(sentences: Iterable[Sentence]) -> dict[str, str]:
    """Return the usual name of every phone and silence of sentences with given contexts; nothing where none has any."""
    counts: dict[str, Counter[str]] = {}
    for sentence in sentences:
        for phone, context in zip(sentence.phones, sentence.contexts, strict=False):
            counts.setdefault(phone, Counter())[centre_of(context)] += 1
    return {phone: names.most_common(1)[0][0] for phone, names in sorted(counts.items())}
