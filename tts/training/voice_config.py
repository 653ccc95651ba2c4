"""The configuration of a voice that is trained on a prepared corpus."""

from __future__ import annotations

from typing import Any

import tts
from tts.dataset.prepared import Prepared
from tts.dataset.speakers import DURATION_SPEAKERS
from tts.generation.config import CorpusConfig, FrontEndConfig, QuestionsConfig, SpeakersConfig, TransferConfig, VoiceConfig
from tts.recipe import StagePart
from tts.text.features import ContextFeatures
from tts.text.question_features import LinguisticFeatures, QuestionFeatures
from tts.training.records import RunRecord, acoustic_settings


def make_config(
    run: RunRecord, prepared: Prepared, stages: tuple[StagePart, ...], transfer: TransferConfig | None
) -> VoiceConfig:
    """Return the configuration of the voice that a run trains: of these stages, and begun from another voice or not."""
    recipe, system = run.recipe, run.recipe.system(run.system)
    return VoiceConfig(
        version=tts.__version__,
        recipe=recipe.name,
        system=run.system,
        grid=prepared.grid,
        states=prepared.states,
        text=FrontEndConfig.model_validate(prepared.facts.text.model_dump()),
        streams=tuple(prepared.streams.values()),
        stages=stages,
        edit=system.edit,
        duration=recipe.duration_of(system).stage,
        prosody=system.prosody,
        generation=recipe.generation,
        prepared=prepared.basis,
        precision=acoustic_settings(run).precision,
        speakers=_speakers(recipe.speakers_of(system), prepared),
        transfer=transfer,
        **_corpus_config(prepared),
    )


def _corpus_config(prepared: Prepared) -> dict[str, Any]:
    """Return the keys of :class:`VoiceConfig` that follow from the corpus alone."""
    facts = prepared.facts
    return {
        "inventory": prepared.inventory,
        "features": prepared.features.fingerprint,
        "prominence": prepared.features.prominence if isinstance(prepared.features, ContextFeatures) else False,
        "questions": _questions(prepared.features),
        "silence": facts.silence,
        "constant_features": facts.constant_features,
        "corpus": CorpusConfig.model_validate(facts.corpus.model_dump(exclude={"root"})),
    }


def _questions(features: LinguisticFeatures) -> QuestionsConfig | None:
    """Return the question file and its ranges, where the features are answers to one."""
    if not isinstance(features, QuestionFeatures):
        return None
    content = {key: value for key, value in features.to_dict().items() if key in QuestionsConfig.model_fields}
    return QuestionsConfig.model_validate(content)


def adapted_config(config: VoiceConfig, prepared: Prepared) -> VoiceConfig:
    """Return the configuration of a voice that speaks as the one speaker of another corpus."""
    return config.model_copy(update={**_corpus_config(prepared), "speakers": None})


def _speakers(use: str, prepared: Prepared) -> SpeakersConfig | None:
    """Return what a voice of several speakers knows of them."""
    if len(prepared.speakers) == 1:
        return None
    silences = tuple(speaker.silence for speaker in prepared.facts.speakers)
    inputs = {"use": use, "duration": DURATION_SPEAKERS}
    return SpeakersConfig.model_validate({**inputs, "names": prepared.speakers, "silences": silences})
