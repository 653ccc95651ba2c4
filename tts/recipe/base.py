"""What every part of a recipe is made of."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

MAIN_STREAMS = ("mcep", "lf0", "vuv", "bap")


class Part(BaseModel):
    """Base of every part of a recipe: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def filled(text: str) -> dict[str, Any]:
    """Mark a key whose default follows from the rest of the recipe and the amount of speech (``tts.recipe.defaults``)."""
    return {"filled": text}
