"""ARPAbet: the names of phones in the CMU dictionary, Festival's ``radio`` set, HTS labels and MFA's English models.

Names are those of the CMU dictionary (39 phones, vowels with a digit for stress, ``AH0`` being the schwa) and what Festival
(``radio_phones.scm``) and TIMIT add: ``ax`` ``axr`` ``ix`` ``ux`` ``dx`` ``nx`` ``q`` ``el`` ``em`` ``en`` ``eng`` ``hv``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tts.core.errors import TtsError
from tts.text.phones import attributes, canonical
from tts.text.sentence import PAUSE, SILENCE

_TABLE: Final = """
    aa ɑ  ae æ  ah ʌ  ao ɔ  aw aʊ  ax ə  axr ɚ  ay aɪ  b b  ch t͡ʃ  d d  dh ð  dx ɾ  eh ɛ  el l̩  em m̩  en n̩  eng ŋ̩  er ɚ  ey eɪ
    f f  g ɡ  hh h  hv ɦ  ih ɪ  ix ɨ  iy i  jh d͡ʒ  k k  l l  m m  n n  ng ŋ  nx ɾ̃  ow oʊ  oy ɔɪ  p p  q ʔ  r ɹ  s s  sh ʃ  t t
    th θ  uh ʊ  uw u  ux ʉ  v v  w w  y j  z z  zh ʒ
"""
ARPABET: Final[dict[str, str]] = {
    name: canonical(phone) for name, phone in zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True)
}
"""IPA by name, in small letters."""

_TRAINED: Final = "aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh"
RADIO: Final = tuple(_TRAINED.split())
"""The names that American voices of Festival and HTS are trained with: the CMU dictionary's and the schwa."""

_SYMBOL: Final = re.compile(r"([A-Za-z]{1,3})([012])?")
_LONG: Final = str.maketrans("", "", "ːˑ")


def to_ipa(name: str) -> tuple[str, int | None]:
    """Return the phone that a name stands for, and its stress (0 none, 1 primary, 2 secondary) where it has a digit.

    ``AH0`` is the schwa, ``er`` with any digit ``ɚ``. A name of no phone raises :class:`TtsError`; so does that of a silence,
    which is no phone of a word.
    """
    match = _SYMBOL.fullmatch(name.strip())
    base = match[1].lower() if match else ""
    if match is None or base not in ARPABET:
        raise TtsError(f"{name[:20]!r} is no ARPAbet name of a phone; there are {' '.join(ARPABET)}")
    digit = None if match[2] is None else int(match[2])
    return (ARPABET["ax"] if base == "ah" and digit == 0 else ARPABET[base]), digit


_OTHERS: Final = "ɝ er ɜ er ɐ ax ᵻ ih ɒ aa a ae o ow e ey r r ɫ l ɾ t"  # of other dialects and engines
_NAMES: Final = {ARPABET[name]: name for name in RADIO} | dict(zip(_OTHERS.split()[::2], _OTHERS.split()[1::2], strict=True))


@lru_cache(maxsize=4096)
def from_ipa(phone: str) -> str:
    """Return the name in :data:`RADIO` of a phone: its own, or that of the phone there that shares most attributes with it.

    ``sil`` and ``pau`` stay as they are. Length and stress are no part of a name.
    """
    if phone in (SILENCE, PAUSE):
        return phone
    plain = canonical(canonical(phone).translate(_LONG))
    if plain in _NAMES:
        return _NAMES[plain]
    wanted = attributes(plain)
    return _NAMES[min(_NAMES, key=lambda known: (len(attributes(known) ^ wanted), known))]
