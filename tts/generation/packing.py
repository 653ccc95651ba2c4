"""A voice for others: what speaking needs and nothing else, half as large, and known to say the same.

Weights become float16, which keeps ten bits of each; they are float32 again once loaded, so nothing is computed at less
precision. Statistics stay as they are. Whether it matters is measured on the voice itself before anything is written.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, make_folder, write_text
from tts.core.tensors import load_tensors, save_tensors
from tts.generation.card import packed_card
from tts.generation.config import CONFIG, STATISTICS, VoiceConfig, read_config, write_config
from tts.generation.durations import speech_frames, whole_durations
from tts.generation.places import card_without_places
from tts.generation.summary import SUMMARY, read_summary
from tts.generation.synthesiser import Synthesiser, SynthesisSettings
from tts.generation.vocode import spoken_trajectories
from tts.generation.voice import Voice, load_voice
from tts.generation.voice_model import HIDDEN
from tts.text.phones import PhoneInventory, is_nucleus
from tts.text.sentence import PAUSE, SILENCE, Sentence, Syllable, Word

CARD = "README.md"
WEIGHTS = ".safetensors"
MOST_DISTORTION = 0.01  # dB: seeds of one training differ by some five times that, and ears begin at a hundred times
MOST_CENTS = 2.0  # of F0, whose smallest step that is heard is some five cents
MOST_VOICING = 0.005  # of the frames
MOST_DURATIONS = 0.05  # of the states: durations halfway between two frames are rounded the other way
PROBES = 20  # sentences that both voices are compared on
Precision = Literal["float16", "float32"]


@dataclass(frozen=True)
class Packed:
    """What came of packing: bytes before and after, and how far the packed voice is from the one it was made of.

    ``distortion`` is the mel-cepstral distortion between both in dB over all frames of :func:`probe_sentences` as they are
    spoken, variation restored and edited; ``cents`` the root mean square difference of F0 over frames that both call voiced;
    ``voicing`` and ``durations`` the shares of frames and of states that differ.
    """

    folder: Path
    bytes_before: int
    bytes_after: int
    distortion: float
    cents: float
    voicing: float
    durations: float

    def difference(self) -> str:
        """Return by what the packed voice differs more than it may, of NaN too; nothing where it says the same."""
        bounds = (
            (self.distortion, MOST_DISTORTION, "{:.3f} dB, more than {:g} dB"),
            (self.cents, MOST_CENTS, "{:.2f} cents of F0, more than {:g}"),
            (100.0 * self.voicing, 100.0 * MOST_VOICING, "the voicing of {:.2f} % of the frames, more than {:g} %"),
            (100.0 * self.durations, 100.0 * MOST_DURATIONS, "{:.2f} % of the durations, more than {:g} %"),
        )
        return " and ".join(said.format(value, most) for value, most, said in bounds if not value <= most)

    def line(self) -> str:
        """Return what is said of it in a line."""
        return (
            f"{self.bytes_before / 1e6:.1f} MB became {self.bytes_after / 1e6:.1f} MB; difference on {PROBES} sentences of "
            f"drawn phones: {self.distortion:.4f} dB of mel-cepstral distortion, {self.cents:.2f} cents of F0, voicing of "
            f"{100.0 * self.voicing:.2f} % of the frames, {100.0 * self.durations:.2f} % of the durations (by a frame of "
            "rounding)"
        )


def pack_voice(source: Path, out: Path, *, precision: Precision = "float16") -> Packed:
    """Write the voice in ``source`` into the new folder ``out`` without its training, its weights as ``precision``.

    ``out`` appears whole or not at all. Raises :class:`UsageError` where it holds anything, :class:`TtsError` where a weight
    is beyond float16 or the packed voice would not say the same: within 0.01 dB, 2 cents of F0, voicing of 0.5 % of the frames
    and 5 % of the durations, all of them numbers.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: is there already, and nothing is written over; choose another --out")
    config = read_config(source)
    whole = load_voice(source.resolve(), "cpu")
    with _new_folder(out) as folder:
        _write_files(source, folder, config, precision)
        write_config(folder, config.model_copy(update={"files": {name: file_digest(folder / name) for name in config.files}}))
        packed = _compare(whole, load_voice(folder.resolve(), "cpu"), (_size(source, config), _size(folder, config)), out)
        difference = packed.difference()
        if difference:
            advice = "; pack it with --precision float32" if precision != "float32" else ""
            raise TtsError(f"{source}: as {precision} it would differ by {difference}{advice}")
        write_text(folder / CARD, _card(source, config, packed, precision))
    return packed


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder beside ``out`` that becomes it at the end; an error removes it."""
    make_folder(out.parent)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp makes private folders
        for path in folder.iterdir():
            path.chmod(0o644)
        if out.exists():
            out.rmdir()  # empty, as was seen to
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_files(source: Path, folder: Path, config: VoiceConfig, precision: Precision) -> None:
    for name in config.files:
        if name.endswith(WEIGHTS) and name != STATISTICS and precision == "float16":
            tensors, facts = load_tensors(source / name)
            save_tensors(folder / name, {key: _half(key, tensor, source / name) for key, tensor in tensors.items()}, facts)
        else:
            shutil.copyfile(source / name, folder / name)


def _half(name: str, tensor: torch.Tensor, path: Path) -> torch.Tensor:
    """Return floating-point weights as float16; whole numbers as they are."""
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    if torch.isfinite(tensor).all() and not torch.isfinite(half).all():
        raise TtsError(f"{path}: {name} has weights beyond float16; pack the voice with --precision float32")
    return half


def _size(folder: Path, config: VoiceConfig) -> int:
    return sum((folder / name).stat().st_size for name in (CONFIG, *config.files))


def _card(source: Path, config: VoiceConfig, packed: Packed, precision: Precision) -> str:
    """Return the card: made anew where the training is there, else as it is; in neither a place of this machine."""
    card = (source / CARD).read_text(encoding="utf-8") if (source / CARD).is_file() else ""
    if (source / "training" / SUMMARY).is_file():
        note = f"Packed for speaking, without its training, weights as {precision}: {packed.line()}"
        return packed_card(config, read_summary(source / "training"), card, note)
    return card_without_places(card)


def _compare(whole: Voice, packed: Voice, sizes: tuple[int, int], out: Path) -> Packed:
    """Return how far two voices are from each other, on the durations of the first."""
    whole.precision = packed.precision = "float32"
    sentences = probe_sentences(whole.inventory, whole.config.text.language)
    speakers = [number % len(whole.speakers) for number in range(len(sentences))]
    predicted = [voice.durations(sentences, speakers) for voice in (whole, packed)]
    durations, others = ([whole_durations(frames, 1.0) for frames in each] for each in predicted)
    squares, cents, flips = [], [], []
    for a, b in zip(*(_trajectories(voice, sentences, durations, speakers) for voice in (whole, packed)), strict=True):
        squares.append(np.sqrt(2.0 * ((a["mcep"][:, 1:] - b["mcep"][:, 1:]) ** 2).sum(axis=1)))
        voiced = [streams["vuv"][:, 0] >= 0.5 for streams in (a, b)]
        flips.append(voiced[0] != voiced[1])
        cents.append((1200.0 / np.log(2.0)) * (a["lf0"] - b["lf0"])[voiced[0] & voiced[1], 0])
    moved = np.concatenate([(a != b).ravel() for a, b in zip(durations, others, strict=True)])
    f0 = np.concatenate(cents)
    return Packed(
        folder=out,
        bytes_before=sizes[0],
        bytes_after=sizes[1],
        distortion=10.0 / float(np.log(10.0)) * float(np.concatenate(squares).mean()),
        cents=float(np.sqrt(np.mean(f0**2))) if len(f0) else 0.0,
        voicing=float(np.concatenate(flips).mean()),
        durations=float(moved.mean()),
    )


def _trajectories(
    voice: Voice, sentences: Sequence[Sentence], durations: Sequence[np.ndarray], speakers: Sequence[int]
) -> list[Mapping[str, np.ndarray]]:
    """Return what the voice's vocoder is given of every sentence: variation restored, edited where the voice edits."""
    answers = []
    with Synthesiser(voice, SynthesisSettings.of(voice.generation)) as synthesiser:
        editor, sound = synthesiser.editor, synthesiser.sound
        predicted = voice.acoustics(sentences, durations, speakers, hidden=editor is not None)
        for sentence, frames, streams, speaker in zip(sentences, durations, predicted, speakers, strict=True):
            hidden = streams.pop(HIDDEN, None)
            speech = speech_frames(sentence, frames)
            trajectories: Mapping[str, np.ndarray] = spoken_trajectories(sound, streams, speech)
            if editor is not None and hidden is not None:
                trajectories = editor.edited(trajectories, hidden, speech, voice.generation.edit_strength, speaker)
            answers.append(trajectories)
    return answers


def probe_sentences(inventory: PhoneInventory, language: str, count: int = PROBES) -> list[Sentence]:
    """Return sentences of phones drawn from an inventory, always the same: for any language, without a front end.

    Words have one to three syllables of a vowel between consonants, a sentence three to ten words, some of them before a pause.
    """
    draw = random.Random(0)
    phones = [symbol for symbol in inventory.symbols if symbol not in (SILENCE, PAUSE)]
    vowels = [symbol for symbol in phones if is_nucleus(symbol)] or phones
    consonants = [symbol for symbol in phones if not is_nucleus(symbol)] or phones

    def word() -> Word:
        shapes = [(draw.choice(consonants), draw.choice(vowels), draw.choice(consonants)) for _ in range(draw.randint(1, 3))]
        syllables = tuple(Syllable(shape[: draw.randint(2, 3)], int(n == 0)) for n, shape in enumerate(shapes))
        return Word("".join(p for syllable in syllables for p in syllable.phones), syllables, pause_after=draw.random() < 0.1)

    return [Sentence("", language, tuple(word() for _ in range(draw.randint(3, 10)))) for _ in range(count)]
