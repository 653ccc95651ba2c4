"""The catalogue: every public corpus that the product knows, by name."""

from __future__ import annotations

import difflib

from tts.core.errors import UsageError
from tts.corpora.public import chinese, cmu, japanese, libritts, ljspeech, multilingual, openslr
from tts.corpora.public.entry import PublicCorpus

_MODULES = (cmu, ljspeech, libritts, chinese, japanese, multilingual, openslr)
CATALOGUE: dict[str, PublicCorpus] = {entry.name: entry for module in _MODULES for entry in module.CORPORA}


def public_corpus(name: str) -> PublicCorpus:
    """Return the corpus called ``name`` (capitals, dashes and underscores do not count); raises :class:`UsageError`."""
    plain = {entry.casefold().replace("_", "").replace("-", ""): entry for entry in CATALOGUE}
    asked = name.casefold().replace("_", "").replace("-", "").replace(" ", "")
    if asked in plain:
        return CATALOGUE[plain[asked]]
    near = difflib.get_close_matches(asked, plain, 3, 0.6)
    advice = f"did you mean {' or '.join(plain[key] for key in near)}?" if near else "`tts corpora` lists those that are known"
    raise UsageError(f"{name}: no public corpus of this name is known; {advice}")
