"""Knowledge transfer: a new network starts from a finished voice, or reads the frozen first network of one.

Tensors are loaded by name and shape. Columns that read linguistic features are matched by the features' names, for another
language or another set of phones has other columns; those of new features start at zero, as if the voice did not have
them. With ``outputs: physical`` the new voice's outputs are at first those of the old one; see :mod:`tts.training.remap`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from tts.core.errors import TtsError, UsageError
from tts.core.stream import Stream
from tts.dataset.positions import position_names
from tts.dataset.prepared import DURATION, Prepared
from tts.generation.config import MODEL, TransferConfig
from tts.generation.voice import Voice, load_voice
from tts.network.head import Head
from tts.network.stack import Stack, Stage
from tts.recipe import MAIN_STREAMS, StagePart, SystemPart, TrunkLayer
from tts.recipe.transfer import TransferPart
from tts.text.features import NEIGHBOURS, ContextFeatures
from tts.text.phones import attributes
from tts.text.question_features import LinguisticFeatures, QuestionFeatures
from tts.training.parameter_groups import Tuning, freeze
from tts.training.remap import RemappedTensor, load_remapped, re_express

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A voice to start from, and how."""

    part: TransferPart
    voice: Voice
    speaker: int  # its number in the voice

    @property
    def label(self) -> str:
        """The voice's name for people."""
        return self.voice.label


@dataclass(frozen=True)
class TransferStart:
    """What a network started from, and what became of every tensor and input; see :func:`start_from`."""

    source: Source
    tuning: Tuning
    tensors: tuple[RemappedTensor, ...]
    inputs: Mapping[str, Sequence[str]]
    differences: tuple[str, ...]

    def facts(self) -> TransferConfig:
        """Return what a voice keeps of it in its configuration, its source's own sources included."""
        config, part = self.source.voice.config, self.source.part
        return TransferConfig(
            origin=self.source.label,
            how="init_from" if part.init_from else "features_from",
            speaker=self.source.voice.speakers[self.source.speaker],
            corpus=config.corpus.name,
            licence=config.corpus.licence,
            model=config.files[MODEL][:16],
            settings=part.model_dump(mode="json", exclude_defaults=True, exclude={"init_from", "features_from"}),
            frozen=part.freeze,
            tensors={how: sum(t.how == how for t in self.tensors) for how in ("copied", "by name", "new", "left out")},
            inputs={how: tuple(names) for how, names in self.inputs.items()},
            differences=self.differences,
            base=config.transfer,
        )

    def report(self) -> str:
        """Return what was loaded, new and left out as Markdown."""
        lines = [f"# Begun from {self.source.label}", "", "| tensor | | |", "| --- | --- | --- |"]
        lines += [f"| {t.name} | {t.how} | {t.note} |" for t in self.tensors]
        for what, names in self.inputs.items():
            lines += ["", f"Inputs {what}: {', '.join(names) or 'none'}."]
        lines += ["", *(f"* {difference}" for difference in self.differences)]
        return "\n".join(lines).rstrip() + "\n"


def open_source(part: TransferPart | None, prepared: Prepared) -> Source | None:
    """Load the voice that a system starts from, and check that it fits the corpus; None without a transfer.

    Raises :class:`UsageError` for a folder that is no voice, another sample rate, frame shift, warping, mel-cepstral order or
    number of states, an unknown speaker, and a corpus of several speakers.
    """
    if part is None:
        return None
    voice = load_voice(part.source, "cpu")
    check_transfer(voice, prepared, part.source)
    if len(prepared.speakers) > 1:
        raise UsageError(f"transfer: {prepared.folder} has {len(prepared.speakers)} speakers; a transfer is for one")
    return Source(part, voice, voice.speaker_number(part.speaker))


def check_transfer(voice: Voice, prepared: Prepared, name: str | Path) -> None:
    """Raise :class:`UsageError` unless a voice and a corpus measure speech alike."""
    pairs = [
        ("sample rate", *(f"{thing.grid.sample_rate} Hz" for thing in (voice, prepared))),
        ("frame shift", *(f"{thing.grid.shift_ms:g} ms" for thing in (voice, prepared))),
        ("frequency warping", *(f"{thing.grid.alpha:g}" for thing in (voice, prepared))),
        ("mel-cepstral order", *(f"{thing.streams['mcep'].dimension - 1}" for thing in (voice, prepared))),
        ("number of states a phone", *(f"{thing.states}" for thing in (voice, prepared))),
    ]
    for what, theirs, ours in pairs:
        if theirs != ours:
            raise UsageError(
                f"{name}: the voice has a {what} of {theirs}, the corpus in {prepared.folder} of {ours}; a transfer needs the "
                "same: prepare the corpus like the voice's, or train a source from recordings like these"
            )


def all_stages(system: SystemPart, source: Source | None) -> tuple[StagePart, ...]:
    """Return the stages of a system, after the one it reads features from, where it does."""
    if source is None or source.part.features_from is None:
        return system.networks
    part, layer = source.voice.stack.parts[0], source.part.layer
    if part.sharing.kind != "hard":
        raise UsageError(f"transfer.features_from: {source.label} shares by {part.sharing.kind}; only a plain trunk is read")
    if layer == "bottleneck" and part.bottleneck is None:
        raise UsageError(
            f"transfer.layer: {source.label} has no bottleneck; name one of its hidden layers, 1 to {len(part.trunk.layers)}"
        )
    if isinstance(layer, int) and layer > len(part.trunk.layers):
        raise UsageError(f"transfer.layer: {layer} is not there; {source.label} has {len(part.trunk.layers)} hidden layers")
    narrow = part.bottleneck if layer == "bottleneck" else TrunkLayer(layer=layer)
    layers = part.trunk.layers[:layer] if isinstance(layer, int) else part.trunk.layers
    trunk = part.trunk.model_copy(update={"layers": layers})
    first = StagePart(
        trunk=trunk, bottleneck=narrow, linguistic_context=part.linguistic_context, dilation=part.dilation, tasks={}
    )
    return (first, *system.networks)


def start_from(
    source: Source,
    stack: Stack,
    duration: Stage,
    prepared: Prepared,
    prosody: Sequence[str] = (),
    *,
    edits: bool = False,
) -> TransferStart:
    """Load what fits of a voice into a new stack and duration model, in place; freeze what is to stay.

    ``prosody`` are the tasks of the duration model that the stack reads.

    Raises :class:`UsageError` where nothing of the voice's hidden layers fits, and as
    :func:`tts.training.parameter_groups.freeze` does, which is told whether the system ``edits`` what the stack makes.
    """
    voice, part = source.voice, source.part
    transfer = _Transfer(source, prepared, stack, duration, prosody)
    tensors = transfer.load_stages()
    if not any(tensor.loaded and ".trunk." in tensor.name for tensor in tensors):
        layers = " x ".join(map(str, voice.stack.parts[0].trunk.layers))
        raise UsageError(
            f"transfer: no hidden layer of {source.label} fits this system; its first trunk is "
            f"{voice.stack.parts[0].trunk.kind} {layers}: give the system the same"
        )
    if part.init_from and part.duration:
        tensors += transfer.load_duration()
    parameters = dict(stack.named_parameters()) | {f"duration.{name}": p for name, p in duration.named_parameters()}
    loaded = {t.name: parameters[t.name].detach().clone() for t in tensors if t.loaded and t.name in parameters}
    if part.features_from:
        stack.stages[0].requires_grad_(False)
    freeze(stack, duration, part.freeze, loaded, edits=edits)
    tuning = Tuning(part.layer_decay, part.l2_sp, loaded if part.init_from else {})
    start = TransferStart(source, tuning, tuple(tensors), transfer.inputs(), tuple(transfer.differences()))
    speaking = {*stack.speaking(), *(f"duration.{name}" for name in duration.state_dict())}
    new = [t.name for t in tensors if t.how == "new" and t.name in speaking]
    if new:
        log.warning("%d tensors have no like in %s and start afresh: %s", len(new), source.label, ", ".join(new[:5]))
    for difference in start.differences:
        log.warning("%s", difference)
    return start


@dataclass(frozen=True)
class _Transfer:
    """A voice and the new networks that are to start from it."""

    source: Source
    prepared: Prepared
    stack: Stack
    duration: Stage
    prosody: Sequence[str]

    @property
    def pairs(self) -> list[tuple[int, Stage, Stage]]:
        """The stages that have one to start from: their number from 0, the voice's, and the new one."""
        old, new = self.source.voice.stack.stages, self.stack.stages
        count = 1 if self.source.part.features_from else min(len(new), len(old))
        pairs = []
        for number in range(count):
            theirs, ours = old[number], new[number]
            assert isinstance(theirs, Stage) and isinstance(ours, Stage)
            pairs.append((number, theirs, ours))
        return pairs

    @cached_property
    def affine(self) -> dict[str, tuple[float, float]]:
        """How the voice's inputs follow from those here."""
        return _affine(self.source, self.prepared)

    @cached_property
    def sums(self) -> dict[str, list[str]]:
        """Inputs here whose sum is one of the voice's."""
        return _sums(self.source.voice.features, self.prepared.features)

    def load_stages(self) -> list[RemappedTensor]:
        """Load what fits into the stages; return what became of every tensor."""
        voice, prepared = self.source.voice, self.prepared
        read = _prosody_names(voice.config.prosody, voice.streams), _prosody_names(self.prosody, prepared.streams)
        theirs, ours = (
            _Inputs(_linguistic(of.features, of.states, names), stack.parts, stack, of.speakers)
            for of, stack, names in ((voice, voice.stack, read[0]), (prepared, self.stack, read[1]))
        )
        tensors: list[RemappedTensor] = []
        for number, old, stage in self.pairs:
            tensors += self._load(f"stages.{number}.", old, stage, theirs.of(number), ours.of(number))
        rest = len(self.pairs)
        if self.source.part.init_from:
            tensors += [RemappedTensor(name, "new") for name in _names_from(self.stack, rest)]
            tensors += [RemappedTensor(name, "left out") for name in _names_from(voice.stack, rest)]
        return tensors

    def load_duration(self) -> list[RemappedTensor]:
        """Load what fits into the duration model; return what became of every tensor."""
        voice = self.source.voice
        codes = [f"speaker:{name}" for name in voice.speakers] if voice.duration.speakers else []
        names = [*voice.features.names, *codes]
        return self._load("duration.", voice.duration, self.duration, names, list(self.prepared.features.names))

    def _load(self, prefix: str, old: Stage, new: Stage, theirs: Sequence[str], ours: Sequence[str]) -> list[RemappedTensor]:
        given = _only_speaker(old, self.source.speaker)
        tensors = load_remapped(new, given, theirs, ours, self.affine, self.sums)
        _keep_physical_outputs(new, tensors, self.source, self.prepared)
        return [replace(tensor, name=prefix + tensor.name) for tensor in tensors]

    def inputs(self) -> dict[str, list[str]]:
        """Return the names of inputs that are new, that are left out, and that never changed in the voice's training."""
        voice, here = self.source.voice, tuple(self.prepared.features.names)
        return {
            "new": [name for name in here if name not in voice.features.names],
            "left out": [name for name in voice.features.names if name not in here],
            "held in the voice's training": [voice.features.names[column] for column in voice.config.constant_features],
        }

    def differences(self) -> list[str]:
        """Name what makes the same tensors compute something else here."""
        differences = []
        for number, old, stage in self.pairs:
            differences += _differences(f"stages.{number}.", old.part, stage.part)
            if self.affine and stage.part.sharing.kind == "go_mtl":
                differences.append(
                    f"stages.{number}.sharing: go_mtl has no bias a matrix, so inputs that never changed in the voice's "
                    "training or are scaled otherwise here are not put into it: its outputs are not those of the voice"
                )
        if self.source.part.init_from and self.source.part.duration:
            differences += _differences("duration.", self.source.voice.duration.part, self.duration.part)
        return differences


def _names_from(stack: Stack, number: int) -> list[str]:
    """Return the names of a stack's tensors from one stage on, counted from 0."""
    stages = list(enumerate(stack.stages))[number:]
    return [f"stages.{n}.{name}" for n, stage in stages for name in stage.state_dict()]


def _keep_physical_outputs(stage: Stage, tensors: Iterable[RemappedTensor], source: Source, prepared: Prepared) -> None:
    """Re-express the heads that were loaded, where physical values are to stay."""
    if source.part.outputs == "normalised":
        return
    loaded = {tensor.name for tensor in tensors if tensor.loaded}
    for name, head in stage.heads.items():
        theirs = source.voice.statistics.get(name)
        assert isinstance(head, Head)
        if theirs is not None and f"heads.{name}.output.weight" in loaded and (name == DURATION or name in MAIN_STREAMS):
            re_express(head, theirs, prepared.statistics[name], source.speaker)


def _only_speaker(stage: Stage, speaker: int) -> dict[str, Tensor]:
    """Return a stage's tensors, of output layers that every speaker has of their own only the speaker's."""
    tensors = dict(stage.state_dict())
    for name, tensor in tensors.items():
        part, *rest = name.split(".")
        if part == "heads" and stage.owned(rest[0]) and stage.speakers and rest[1] == "output":
            tensors[name] = tensor.view(stage.speakers.count, -1, *tensor.shape[1:])[speaker]
    return tensors


def _affine(source: Source, prepared: Prepared) -> dict[str, tuple[float, float]]:
    """Return how the voice's inputs follow from those here: held ones, the speaker's code, outputs of an earlier stage."""
    voice = source.voice
    names = voice.features.names
    follows = _rescaled(voice.features, prepared.features, prepared.states)
    follows |= {names[column]: (0.0, value) for column, value in voice.config.constant_features.items()}
    for number, name in enumerate(voice.speakers):
        follows[f"speaker:{name}"] = (0.0, float(number == source.speaker))
    for task in MAIN_STREAMS:
        if source.part.outputs == "physical" and task in voice.statistics and voice.streams[task].kind == "continuous":
            theirs, ours = voice.statistics[task], prepared.statistics[task]
            move = np.zeros_like(theirs.deviation)
            move[: len(ours.mean)] = ours.mean - theirs.mean_of(source.speaker)
            pairs = zip(ours.deviation / theirs.deviation, move / theirs.deviation, strict=True)
            follows |= {f"{task}:{unit}": (float(s), float(o)) for unit, (s, o) in enumerate(pairs)}
    return follows


def _linguistic(features: LinguisticFeatures, states: int, prosody: Sequence[str]) -> list[str]:
    """Return the names of a row of the linguistic input, ``prosody`` being those of what is read of the duration model."""
    return [*features.names, *prosody, *position_names(states, features.subphone)]


def _prosody_names(tasks: Sequence[str], streams: Mapping[str, Stream]) -> list[str]:
    return [f"prosody:{task}:{unit}" for task in tasks for unit in range(streams[task].width)]


def _rescaled(theirs: LinguisticFeatures, ours: LinguisticFeatures, states: int) -> dict[str, tuple[float, float]]:
    """Return how answers to questions scaled there follow from the same questions' answers scaled here."""
    if not (isinstance(theirs, QuestionFeatures) and isinstance(ours, QuestionFeatures)):
        return {}
    follows: dict[str, tuple[float, float]] = {}
    if theirs.names == ours.names:
        follows |= zip(theirs.names, theirs.range.from_scaled(ours.range), strict=True)
    if theirs.subphone.kind == ours.subphone.kind:
        pairs = theirs.subphone.range.from_scaled(ours.subphone.range)
        follows |= zip(position_names(states, ours.subphone), pairs, strict=True)
    return follows


def _sums(theirs: LinguisticFeatures, ours: LinguisticFeatures) -> dict[str, list[str]]:
    """Return, by attribute that is asked there and not here, the phones here that have it: its input is the sum of theirs."""
    if not (isinstance(theirs, ContextFeatures) and isinstance(ours, ContextFeatures)):
        return {}
    return {
        f"{who}:{name}": [f"{who}:is_{phone}" for phone in ours.inventory.symbols if name in attributes(phone)]
        for who in NEIGHBOURS
        for name in theirs.asked
        if name not in ours.asked
    }


@dataclass(frozen=True)
class _Inputs:
    """Names the inputs of a stack's stages, in order."""

    linguistic: Sequence[str]
    parts: Sequence[StagePart]
    stack: Stack
    speakers: Sequence[str]

    def of(self, number: int) -> list[str]:
        """Names of what the trunk of stage ``number`` reads; ``NAME@3`` is the same input three frames later."""
        part, stage = self.parts[number], self.stack.stages[number]
        assert isinstance(stage, Stage)
        sources = part.sources(first=number == 0)
        names: list[str] = []
        if "linguistic" in sources:
            names += _window(self.linguistic, part.linguistic_context, part.dilation)
        features: list[str] = []
        for earlier, other in enumerate(self.parts[:number]):
            last = earlier == number - 1
            if "bottlenecks" in sources or (last and "bottleneck" in sources):
                width = other.trunk.layers[other.bottleneck.layer - 1] if isinstance(other.bottleneck, TrunkLayer) else None
                features += [f"stage{earlier}:{unit}" for unit in range(width or int(str(other.bottleneck or 0)))]
        if "outputs" in sources:
            features += [f"{task}:{unit}" for task in self.parts[number - 1].main for unit in range(stage.widths[task])]
        names += _window(features, part.context, part.dilation)
        speakers = stage.speakers
        if speakers is not None and speakers.code:
            names += [f"speaker:{name}" for name in self.speakers]
        if len(names) != (stage.inputs if speakers is None else speakers.width(stage.inputs)):
            raise TtsError(f"transfer: stage {number + 1} reads {stage.inputs} inputs, of which {len(names)} have names")
        return names


def _window(names: Sequence[str], context: int, dilation: int) -> list[str]:
    offsets = [dilation * place for place in range(-context, context + 1)]
    return [f"{name}@{offset}" if offset else name for offset in offsets for name in names]


def _differences(prefix: str, theirs: StagePart, ours: StagePart) -> list[str]:
    """Name what makes tensors of the same shapes compute something else."""
    differences = []
    for key in ("activation", "normalise", "residual", "heads"):
        a, b = getattr(theirs.trunk, key), getattr(ours.trunk, key)
        if a != b:
            differences.append(f"{prefix}trunk.{key} is {a} in the voice and {b} here: the same weights compute something else")
    return differences
