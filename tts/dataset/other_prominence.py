"""A prepared corpus whose words have other prominence among their features: none, what is predicted, or a control of it.

So that systems of one recipe can differ in it, and a comparison can tell what prominence adds from what its controls add.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tts.core.errors import UsageError
from tts.dataset.describe import constant_features
from tts.dataset.prepared import Packed, Prepared
from tts.recipe.names import ProminenceUse
from tts.text.features import ContextFeatures


class OtherProminence(Prepared):
    """A prepared corpus of which only the vectors differ: made anew from its sentences, with prominence as ``use`` says.

    Its identities are those of the whole corpus: what a system reads is part of the system's own identity.
    """

    def __init__(self, whole: Prepared, use: ProminenceUse) -> None:
        if not isinstance(whole.features, ContextFeatures):
            raise UsageError(f"{whole.folder}: was prepared with a question file, whose answers have no prominence")
        self.whole, self._features = whole, ContextFeatures(whole.inventory, use)
        self._vectors: dict[str, np.ndarray] = {}
        constant = constant_features([self._vectors_of("train", whole.packed("train"))])
        facts = whole.facts.model_copy(update={"features": self._features, "constant_features": constant})
        super().__init__(whole.folder, facts)

    def packed(self, split: str) -> Packed:
        """Return one split's arrays, the vectors in memory."""
        packed = self.whole.packed(split)
        return replace(packed, vectors=self._vectors_of(split, packed))

    def _vectors_of(self, split: str, packed: Packed) -> np.ndarray:
        if split not in self._vectors:
            unknown = [key for key in packed.ids if key not in self.whole.sentences]
            if unknown:
                raise UsageError(
                    f"{self.whole.folder}: the sentence of {unknown[0]} is not known, so neither is its prominence"
                )
            made = [self._features.vectors(self.whole.sentences[key]) for key in packed.ids]
            vectors = np.concatenate(made).astype(packed.vectors.dtype)
            if len(vectors) != len(packed.vectors):
                raise UsageError(f"{self.whole.folder}: its sentences have other phones than its arrays; run tts prepare again")
            self._vectors[split] = vectors
        return self._vectors[split]


def reading_prominence(prepared: Prepared, use: ProminenceUse | None) -> Prepared:
    """Return a prepared corpus with prominence as a system wants it; the corpus itself where that is as it was prepared."""
    features = prepared.features
    if use is None or (isinstance(features, ContextFeatures) and features.prominence == use):
        return prepared
    return OtherProminence(prepared, use)
