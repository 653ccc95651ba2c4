"""A voice: everything needed to speak, in one folder that loads anywhere the package is installed.

    config.json               frame grid, front end, phone inventory, network, generation defaults, where it came from
    model.safetensors         the acoustic stack, without auxiliary heads
    duration.safetensors      the duration model
    statistics.safetensors    statistics of the training frames
    lexicon.txt               the user's lexicon, where there is one
    README.md                 the card: corpus, licence, scores, command

``training/`` beside them holds checkpoints and logs; a voice speaks without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

import tts
from tts.core.device import choose_device, choose_precision
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, read_json, write_json, write_text
from tts.core.grid import FrameGrid
from tts.core.stream import Stream
from tts.core.tensors import load_tensors, load_weights, save_tensors
from tts.dataset.constant import hold_constant
from tts.dataset.positions import frame_positions, position_width
from tts.dataset.prepared import DURATION
from tts.dataset.speakers import SpeakerInput, duration_speakers, speaker_codes, speaker_input
from tts.dataset.statistics import StreamStatistics, load_statistics, save_statistics
from tts.network.stack import Stack, Stage, speaking_parts
from tts.recipe import MAIN_STREAMS, GenerationPart, StagePart
from tts.text.engine import Engine, make_engine
from tts.text.features import ContextFeatures
from tts.text.lexicon import read_lexicon
from tts.text.phones import PhoneInventory
from tts.text.sentence import Sentence

log = logging.getLogger(__name__)

FORMAT = 1
_PADDED_FRAMES = 32_768  # frames a network call handles at once, padding included


class Voice:
    """A stack and a duration model with what they need to speak. See :func:`load_voice`."""

    def __init__(
        self,
        config: Mapping[str, Any],
        stack: Stack,
        duration: Stage,
        statistics: Mapping[str, StreamStatistics],
        device: torch.device,
    ) -> None:
        self.config = dict(config)
        self.stack, self.duration, self.statistics, self.device = stack.to(device), duration.to(device), statistics, device
        self.grid = FrameGrid(**config["grid"])
        self.inventory = PhoneInventory.from_dict(config["inventory"])
        self.features = ContextFeatures.from_dict(config["features"])
        self.streams = {entry["name"]: Stream(**entry) for entry in config["streams"]}
        self.states = int(config["states"])
        self.generation = GenerationPart.model_validate(config["generation"])
        self.precision = choose_precision("auto", device)
        self.lexicon: dict[str, tuple[str, ...]] | None = None
        several = config.get("speakers", {})
        self.speakers: tuple[str, ...] = tuple(several.get("names", ())) or (str(config["corpus"]["speaker"]),)
        self._silences = np.array(several.get("silences") or [config["silence"]], dtype=np.float64)  # (speakers, 2, states)

    @cached_property
    def engine(self) -> Engine:
        """The front end that the voice was trained with; a different version of it is logged as a warning."""
        text = self.config["text"]
        engine = make_engine(text["engine"], text["language"], self.lexicon)
        if engine.identity() != text["identity"]:
            log.warning("the voice was trained with the front end %s, here is %s", text["identity"], engine.identity())
        return engine

    @property
    def variances(self) -> dict[str, np.ndarray]:
        """Training variances of statics, deltas and accelerations, (3 * dimension,) a dynamic stream."""
        return {name: self.statistics[name].deviation ** 2 for name, stream in self.streams.items() if stream.dynamic}

    @property
    def global_variance(self) -> dict[str, np.ndarray]:
        """Natural variance within an utterance, (dimension,) a dynamic stream."""
        return {name: self.statistics[name].global_variance for name, stream in self.streams.items() if stream.dynamic}

    def speaker_number(self, speaker: str) -> int:
        """Return the number, from 0, of a speaker given by name or number; the first for an empty name.

        An unknown one raises :class:`UsageError` listing those there are.
        """
        if not speaker:
            return 0
        if speaker in self.speakers:
            return self.speakers.index(speaker)
        if speaker.isdecimal() and int(speaker) < len(self.speakers):
            return int(speaker)
        known = ", ".join(f"{number} {name}" for number, name in enumerate(self.speakers))
        raise UsageError(f"the voice has no speaker {speaker!r}; it has, by number and name: {known}")

    def known(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Replace phones that the recordings did not have by the nearest they had; what was replaced is logged."""
        answers = []
        for sentence in sentences:
            adapted, changes = self.inventory.adapt(sentence)
            if changes:
                log.info("phones the voice has not heard: %s", ", ".join(f"{a} spoken as {b}" for a, b in changes.items()))
            answers.append(adapted)
        return answers

    @torch.no_grad()
    def durations(self, sentences: Sequence[Sentence], speakers: Sequence[int] | None = None) -> list[np.ndarray]:
        """Predict frames per state, float64 (segments, states) a sentence; the speaker's usual silence at the ends.

        ``speakers`` are the speakers' numbers, a sentence each; by default the first speaks all.
        """
        self.duration.eval()
        statistics = self.statistics[DURATION]
        who = [0] * len(sentences) if speakers is None else speakers
        inputs = [
            torch.from_numpy(_coded(self._vectors(sentence), speaker, self.duration.speakers))
            for sentence, speaker in zip(self.known(sentences), who, strict=True)
        ]
        found: list[np.ndarray] = [np.zeros((0, 0))] * len(inputs)
        for group, x, mask in self._padded(inputs):
            heads = self.duration(x, mask).heads[DURATION].float().cpu().numpy()
            for place, n in enumerate(group):
                frames = heads[place, : len(inputs[n])] * statistics.deviation + statistics.mean_of(who[n])
                found[n] = np.maximum(frames, 1.0).astype(np.float64)
                found[n][0], found[n][-1] = self._silences[who[n]]
        return found

    @torch.no_grad()
    def acoustics(
        self, sentences: Sequence[Sentence], durations: Sequence[np.ndarray], speakers: Sequence[int] | None = None
    ) -> list[dict[str, np.ndarray]]:
        """Predict every main stream for integer ``durations``: a dictionary a sentence.

        Dynamic streams are the means of statics, deltas and accelerations in natural units, (frames, 3 * dimension);
        ``vuv`` is the probability of voicing, (frames, 1). ``speakers`` as in :meth:`durations`.
        """
        self.stack.eval()
        who = [0] * len(sentences) if speakers is None else speakers
        inputs = [
            self._inputs(sentence, frames, speaker)
            for sentence, frames, speaker in zip(self.known(sentences), durations, who, strict=True)
        ]
        found: list[dict[str, np.ndarray]] = [{}] * len(inputs)
        widest = max(2 * part.linguistic_context + 1 for part in self.stack.parts)
        for group, x, mask in self._padded(inputs, widest):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
                heads = self.stack(x, mask)[-1].heads
            for place, n in enumerate(group):
                found[n] = {
                    name: self.denormalise(name, heads[name][place, : len(inputs[n])].float().cpu(), who[n])
                    for name in MAIN_STREAMS
                }
        return found

    def _padded(self, inputs: Sequence[Tensor], window: int = 1) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Yield groups of inputs (length, width) by number, with their padded batch and its mask on the device.

        Groups are smaller where the network stacks a ``window`` of input frames.
        """
        for group in _groups([len(x) for x in inputs], _PADDED_FRAMES // window):
            lengths = torch.tensor([len(inputs[n]) for n in group])
            x = torch.nn.utils.rnn.pad_sequence([inputs[n] for n in group], batch_first=True).to(self.device)
            yield group, x, (torch.arange(x.shape[1]) < lengths[:, None]).to(self.device)

    def denormalise(self, name: str, output: Tensor, speaker: int = 0) -> np.ndarray:
        """Turn a head's output (frames, width) into natural units, float64, or into the probability of a binary stream."""
        return denormalise(self.streams[name], self.statistics.get(name), output, speaker)

    def _vectors(self, sentence: Sentence) -> np.ndarray:
        """Return the features of every segment, those that never changed in training held at that value."""
        return hold_constant(self.features.vectors(sentence), self.config["constant_features"])

    def _inputs(self, sentence: Sentence, durations: np.ndarray, speaker: int) -> Tensor:
        vectors = np.repeat(self._vectors(sentence), durations.sum(axis=1), axis=0)
        rows = np.concatenate([vectors, frame_positions(durations)], axis=1)
        return torch.from_numpy(_coded(rows, speaker, self.stack.speakers))


def _coded(rows: np.ndarray, speaker: int, told: SpeakerInput | None) -> np.ndarray:
    """Append the speaker's code to every row, where a network is told who speaks."""
    if told is None:
        return rows
    return np.concatenate([rows, speaker_codes([speaker] * len(rows), told.count)], axis=1)


def denormalise(stream: Stream, statistics: StreamStatistics | None, output: Tensor, speaker: int = 0) -> np.ndarray:
    """Undo the normalisation of training targets of a speaker, by number; see :meth:`Voice.denormalise`."""
    if stream.kind == "binary":
        return torch.sigmoid(output).double().numpy()
    assert statistics is not None
    values: np.ndarray = output.double().numpy() * statistics.deviation
    values[:, : stream.dimension] += statistics.mean_of(speaker)
    return values


def _groups(lengths: Sequence[int], frames: int) -> list[list[int]]:
    """Group indices by like length, so that little is padding and no group of several is longer than ``frames``."""
    groups: list[list[int]] = []
    for n in sorted(range(len(lengths)), key=lambda n: lengths[n]):
        if groups and lengths[n] * (len(groups[-1]) + 1) <= frames:
            groups[-1].append(n)
        else:
            groups.append([n])
    return groups


def stack_widths(streams: Mapping[str, Stream]) -> dict[str, int]:
    """Return the head width of every stream."""
    return {name: stream.width for name, stream in streams.items()}


def save_voice(folder: Path, voice: Voice, card: str, lexicon: Path | None = None) -> None:
    """Write a voice; ``config.json``, which makes the folder a voice, comes last."""
    save_tensors(folder / "model.safetensors", voice.stack.speaking(), {})
    save_tensors(folder / "duration.safetensors", voice.duration.speaking((DURATION,)), {})
    wanted = (*MAIN_STREAMS, DURATION)
    save_statistics(folder / "statistics.safetensors", {n: s for n, s in voice.statistics.items() if n in wanted})
    files = ["model.safetensors", "duration.safetensors", "statistics.safetensors"]
    if lexicon is not None:
        write_text(folder / "lexicon.txt", lexicon.read_text(encoding="utf-8"))
        files.append("lexicon.txt")
    write_text(folder / "README.md", card)
    digests = {name: file_digest(folder / name) for name in files}
    write_json(folder / "config.json", {**voice.config, "files": digests})


def load_voice(path: Path | str, device: str = "auto") -> Voice:
    """Load a voice folder. A missing, damaged or foreign one raises one clear :class:`UsageError` or :class:`TtsError`."""
    folder = Path(path)
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; a voice is a folder made by tts train")
    if not (folder / "config.json").is_file():
        unfinished = (
            "its training has not finished; run the same tts train again"
            if (folder / "training").is_dir()
            else "no config.json"
        )
        raise UsageError(f"{folder}: not a voice ({unfinished})")
    config = read_json(folder / "config.json")
    if not isinstance(config, dict) or config.get("kind") != "stacked-tts voice":
        raise UsageError(f"{folder / 'config.json'}: not the configuration of a voice made by tts train")
    if config.get("format") != FORMAT:
        raise TtsError(f"{folder}: a voice of format {config.get('format')}, this version reads {FORMAT}; update the package")
    for name, digest in config.get("files", {}).items():
        if Path(name).name != name or not (folder / name).is_file():
            raise TtsError(f"{folder / name}: this file of the voice is missing; copy the whole folder")
        if file_digest(folder / name) != digest:
            raise TtsError(f"{folder / name}: damaged or changed since the voice was made; copy it again")
    try:
        streams = {entry["name"]: Stream(**entry) for entry in config["streams"]}
        features = ContextFeatures.from_dict(config["features"])
        parts = tuple(StagePart.model_validate(part) for part in config["stages"])
        duration_part = StagePart.model_validate(config["duration"])
        states = int(config["states"])
        several = config.get("speakers", {"use": "none", "names": []})
        speakers = speaker_input(several["use"], len(several["names"]))
        linguistic = features.dimension + position_width(states)
        stack = Stack(linguistic, speaking_parts(parts), stack_widths(streams), speakers=speakers)
        told = duration_speakers(len(several["names"]), several.get("duration", "code"))
        width = features.dimension + (told.count if told else 0)
        duration = Stage(width, duration_part, {DURATION: states}, speaks=(DURATION,), speakers=told)
        load_weights(stack, load_tensors(folder / "model.safetensors")[0], folder / "model.safetensors")
        load_weights(duration, load_tensors(folder / "duration.safetensors")[0], folder / "duration.safetensors")
        statistics = load_statistics(folder / "statistics.safetensors")
        voice = Voice(config, stack, duration, statistics, choose_device(device))
        if (folder / "lexicon.txt").is_file():
            voice.lexicon = read_lexicon(folder / "lexicon.txt")
        return voice
    except ValidationError as error:
        made = f"made by version {config.get('version')}, this is {tts.__version__}"
        raise TtsError(f"{folder / 'config.json'}: {made}, which reads it otherwise ({error.errors()[0]['msg']})") from None
    except (KeyError, TypeError, ValueError) as error:
        raise TtsError(f"{folder / 'config.json'}: damaged ({type(error).__name__}: {error}); copy the voice again") from None
