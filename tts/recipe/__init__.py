"""Recipes: one YAML file says what is read, how it is analysed, which networks are trained. Unknown keys are errors.

A recipe names things that exist (tasks, trunks, trackers); it never names Python objects and never evaluates anything.
"""

from tts.recipe.load import corpus_root, find_recipe, load_recipe
from tts.recipe.network import StagePart, TaskUse, TrunkLayer, TrunkPart, bottleneck_read
from tts.recipe.parts import (
    MAIN_STREAMS,
    AlignmentPart,
    AnalysisPart,
    CorpusPart,
    FramesPart,
    GenerationPart,
    Part,
    SplitPart,
    TextPart,
)
from tts.recipe.recipe import Recipe, SystemPart
from tts.recipe.training import DurationPart, ForkMergePart, TrainingPart, TrajectoryPart, WeightingPart

__all__ = [
    "MAIN_STREAMS",
    "AlignmentPart",
    "AnalysisPart",
    "CorpusPart",
    "DurationPart",
    "ForkMergePart",
    "FramesPart",
    "GenerationPart",
    "Part",
    "Recipe",
    "SplitPart",
    "StagePart",
    "SystemPart",
    "TaskUse",
    "TextPart",
    "TrainingPart",
    "TrajectoryPart",
    "TrunkLayer",
    "TrunkPart",
    "WeightingPart",
    "bottleneck_read",
    "corpus_root",
    "find_recipe",
    "load_recipe",
]
