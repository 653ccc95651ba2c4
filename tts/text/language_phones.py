"""The phones that a language has, to say which of them a corpus lacks."""

from __future__ import annotations

from tts.text.phones import canonical


def language_phones(language: str, engine: str) -> frozenset[str]:
    """Return the phones of a language as the engine writes them; nothing where it has no list of them.

    gruut's list comes with it; those of espeak-ng, of letters and of a user's lexicon are not known.
    """
    if not engine.startswith("gruut"):
        return frozenset()
    from gruut_ipa import Phonemes  # type: ignore[attr-defined]

    try:
        return frozenset(canonical(phone.text) for phone in Phonemes.from_language(language))
    except (FileNotFoundError, ValueError, KeyError):
        return frozenset()
