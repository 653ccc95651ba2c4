"""The CMU dictionary as it ships with the product: English words and their pronunciations in ARPAbet."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from tts.text.arpabet import to_ipa


@lru_cache(maxsize=1)
def entries() -> dict[str, str]:
    """Return the first pronunciation of every word (in small letters): ARPAbet names with digits, joined by spaces."""
    text = gzip.decompress((files("tts.text.english") / "cmudict.gz").read_bytes()).decode()
    return dict(line.split("\t") for line in text.split("\n"))


def to_marked_ipa(names: Iterable[str]) -> tuple[str, ...]:
    """Return ARPAbet names with digits as IPA with ``ˈ`` or ``ˌ`` in front of stressed vowels."""
    return tuple(_marked(name) for name in names)


@lru_cache(maxsize=256)
def _marked(name: str) -> str:
    phone, stress = to_ipa(name)
    return ("", "ˈ", "ˌ")[stress or 0] + phone
