"""Words that carry grammar rather than content and are seldom accented: a short closed list per language."""

from __future__ import annotations

from typing import Final

from tts.text.spoken_forms import primary

_ENGLISH = """
    a an the this that these those some any no every each of to in on at by for from with into upon over under about after
    before between through against during without as than and or but nor so if when while because though although until
    unless whether i me my mine you your yours he him his she her hers it its we us our ours they them their theirs who whom
    whose which what myself himself herself itself themselves there be am is are was were been being have has had having do
    does did will would shall should can could may might must not i'm i'll i've i'd you're he's she's it's we're they're
    don't didn't doesn't isn't wasn't couldn't wouldn't can't won't
"""
_DUTCH = """
    de het een dit dat deze die geen van naar in op aan bij voor uit met over onder door na tot tegen tussen zonder als dan
    en of maar want dus om te er wie wat welke ik me mij mijn je jij jou jouw u uw hij hem zijn zij ze haar wij we ons onze
    jullie hun hen zich ben bent is was waren geweest heb hebt heeft had hadden doe doet deed zal zult zullen zou zouden kan
    kunnen kon mag mogen moet moeten wil willen word wordt worden werd niet 't 'n z'n m'n zo'n
"""
_WORDS: Final = {"en": frozenset(_ENGLISH.split()), "nl": frozenset(_DUTCH.split())}


def is_function_word(text: str, language: str) -> bool:
    """Whether ``text`` is on the list of its language; False for every word of a language without one."""
    return text.lower() in _WORDS.get(primary(language), frozenset())
