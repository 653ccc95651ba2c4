"""The recipe: YAML in, one checked object out.

A file and changes in, a :class:`~tts.recipe.recipe.Recipe` out; ``corpora`` reads it next.
"""

from tts.recipe.base import MAIN_STREAMS, Part
from tts.recipe.corpus import CorpusPart
from tts.recipe.edit import EditPart
from tts.recipe.load import corpus_root, find_recipe, load_recipe
from tts.recipe.network import StagePart, TaskUse, TrunkLayer, TrunkPart, bottleneck_read
from tts.recipe.parts import AlignmentPart, AnalysisPart, FramesPart, GenerationPart, SplitPart, SubphoneKind, TextPart
from tts.recipe.recipe import Recipe, SystemPart
from tts.recipe.training import DurationPart, ForkMergePart, TrainingPart, TrajectoryPart, WeightingPart

__all__ = [
    "MAIN_STREAMS",
    "AlignmentPart",
    "AnalysisPart",
    "CorpusPart",
    "DurationPart",
    "EditPart",
    "ForkMergePart",
    "FramesPart",
    "GenerationPart",
    "Part",
    "Recipe",
    "SplitPart",
    "StagePart",
    "SubphoneKind",
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
