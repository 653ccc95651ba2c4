"""X-SAMPA, the phonetic alphabet in ASCII, as IPA.

Source: J. C. Wells, "Computer-coding the IPA: a proposed extension of SAMPA" (University College London, 1995).
"""

from __future__ import annotations

from typing import Final

from tts.core.errors import TtsError
from tts.text.normalisation.lists import table

_SYMBOLS: Final = table(r"""
    a a; b b; b_< ɓ; c c; d d; d` ɖ; d_< ɗ; e e; f f; g ɡ; g_< ɠ; h h; h\ ɦ; i i; j j; j\ ʝ; k k; l l; l` ɭ; l\ ɺ; m m; n n;
    n` ɳ; o o; p p; p\ ɸ; q q; r r; r` ɽ; r\ ɹ; r\` ɻ; s s; s` ʂ; s\ ɕ; t t; t` ʈ; u u; v v; v\ ʋ; P ʋ; w w; x x; x\ ɧ; y y;
    z z; z` ʐ; z\ ʑ; A ɑ; B β; B\ ʙ; C ç; D ð; E ɛ; F ɱ; G ɣ; G\ ɢ; G\_< ʛ; H ɥ; H\ ʜ; I ɪ; I\ ᵻ; J ɲ; J\ ɟ; J\_< ʄ; K ɬ;
    K\ ɮ; L ʎ; L\ ʟ; M ɯ; M\ ɰ; N ŋ; N\ ɴ; O ɔ; O\ ʘ; Q ɒ; R ʁ; R\ ʀ; S ʃ; T θ; U ʊ; U\ ᵿ; V ʌ; W ʍ; X χ; X\ ħ; Y ʏ; Z ʒ;
    " ˈ; % ˌ; : ː; :\ ˑ; @ ə; @\ ɘ; { æ; } ʉ; 1 ɨ; 2 ø; 3 ɜ; 3\ ɞ; 4 ɾ; 5 ɫ; 6 ɐ; 7 ɤ; 8 ɵ; 9 œ; & ɶ; ? ʔ; ?\ ʕ; <\ ʢ; >\ ʡ;
    @` ɚ; 3` ɝ; ~ ̃; _~ ̃; _h ʰ; _j ʲ; ' ʲ; _w ʷ; _G ˠ; _?\ ˤ; _0 ̥; _v ̬; _d ̪; _a ̺; _m ̻; _t ̤; _k ̰; = ̩; _= ̩; _^ ̯; _> ʼ; _x ̽;
    _" ̈; _+ ̟; _- ̠; _r ̝; _o ̞; _c ̜; _O ̹; _A ̘; _q ̙; _e ̴; _n ⁿ; _l ˡ; _} ̚; _X ̆
""")
_LONGEST: Final = max(map(len, _SYMBOLS))


def to_ipa(text: str) -> str:
    """Return X-SAMPA as IPA; syllable marks (``.``) and links (``-``, ``_``) are left out, an unknown sign raises TtsError."""
    said: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            said.append(" ")
        if text[at].isspace() or text[at] in ".-":
            at += 1
            continue
        symbol = next((text[at : at + size] for size in range(_LONGEST, 0, -1) if text[at : at + size] in _SYMBOLS), "")
        if not symbol and text[at] == "_":
            at += 1
            continue
        if not symbol:
            raise TtsError(f"{text[at]!r} at character {at + 1} of {text!r} is no sign of X-SAMPA")
        said.append(_SYMBOLS[symbol])
        at += len(symbol)
    return "".join(said)
