"""What may be a name in a recipe, and the bounds that several parts share.

Names of recipes, systems, ensembles and speakers become folders and begin file names; so a recipe from a stranger can only
name what is a plain file name on every system.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tts.core.names import name_fault

EngineName = Literal["gruut", "cmudict", "espeak", "openjtalk", "letters", "lexicon", "phones"]
"""What turns text into phones (``tts.text.engine``)."""

DigitsName = Literal["auto", "single", "whole"]
"""How whole numbers in figures are read (``tts.text.digits``)."""

VocoderName = Literal["world", "source_filter"]
"""What makes sound of trajectories (``tts.analysis.vocoders``)."""

ProminenceUse = bool | Literal["word", "shuffled"]
"""Whether networks read predicted prominence, or a control of it (``tts.text.english.prominence.word_prosody``)."""

LONGEST_NAME = 80
_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def check_name(name: str) -> str:
    """Return ``name`` if it is safe as a file name everywhere; raises :class:`ValueError` saying what is wrong otherwise."""
    if not re.fullmatch(_PATTERN, name):
        raise ValueError("expected a name of letters, digits, dots, hyphens and underscores that begins with a letter or digit")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"expected a name of at most {LONGEST_NAME} characters")
    if ".." in name:
        raise ValueError("expected a name without two dots in a row")
    if fault := name_fault(name):
        raise ValueError(f"expected a name that can be that of a folder on every system; this one {fault}")
    return name


FORM = "a name of letters, digits, dots, hyphens and underscores"
Name = Annotated[
    str,
    AfterValidator(check_name),
    Field(json_schema_extra={"form": FORM, "pattern": f"^{_PATTERN}$", "maxLength": LONGEST_NAME}),
]
SpeakerName = Annotated[Name, Field(max_length=50)]  # begins the file names of that speaker's utterances

# Sizes that no sane recipe reaches, so that one from a stranger cannot ask for all memory.
MOST_STEPS = 100_000_000
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]
MOST_SEED = 2**31 - 1
Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]
Width = Annotated[int, Field(ge=1, le=8192)]  # units of a layer
MOST_LAYERS = 64
