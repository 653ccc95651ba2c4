"""How the losses of several tasks become one update of the layers that they share; see ``docs/weighting.md``."""

from tts.training.weighting.backward import after_step, backward, measure
from tts.training.weighting.base import Kind, Schedule, Tasks, Weighting
from tts.training.weighting.make import METHODS, make_weighting, options_of

__all__ = [
    "METHODS",
    "Kind",
    "Schedule",
    "Tasks",
    "Weighting",
    "after_step",
    "backward",
    "make_weighting",
    "measure",
    "options_of",
]
