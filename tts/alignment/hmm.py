"""The aligner: models of phones trained from a flat start on the recordings that they then align.

Training starts from models that are all alike. Baum-Welch on likelihoods raised to a small power, growing from pass to pass
(deterministic annealing: Ueda and Nakano 1998), finds its way where an ordinary start is caught at once. Viterbi passes finish
it, first with monophones and pauses wherever they may be, then with the pauses found and phones in context. The soft passes
cost most and need little speech, so they see a seeded sample of a long corpus.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tts.alignment.jobs import Job, Jobs
from tts.alignment.models import ARRAYS, AlignerSettings, PhoneModels
from tts.alignment.passes import add_sums, best_paths, expected_sums, path_sums
from tts.alignment.types import Aligned, Alignment
from tts.core.errors import TtsError
from tts.core.files import replacing
from tts.core.lazy import LazySequence
from tts.core.processes import Failure
from tts.core.progress import Progress
from tts.text.sentence import PAUSE, Sentence

__all__ = ["Aligned", "Aligner", "AlignerSettings", "Alignment", "train_aligner"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Aligner:
    """Trained models, on the device where they work."""

    settings: AlignerSettings
    models: PhoneModels
    device: torch.device

    def align(
        self, features: Sequence[np.ndarray], sentences: Sequence[Sentence], *, progress: bool = True
    ) -> list[Aligned | Failure]:
        """Return what :meth:`answers` yields, in the order given."""
        answers: list[Aligned | Failure] = [Failure("not aligned")] * len(features)
        for number, answer in self.answers(features, sentences, progress=progress):
            answers[number] = answer
        return answers

    def answers(
        self, features: Sequence[np.ndarray], sentences: Sequence[Sentence], *, progress: bool = True
    ) -> Iterator[tuple[int, Aligned | Failure]]:
        """Yield the number of every utterance, in any order, and when its segments are spoken, or why it cannot be told.

        ``features`` are arrays (frames, dimension) as in training. Pauses between words go where silence of at least
        ``settings.shortest_pause`` frames was found, whatever ``sentences`` say; where a shorter one was found the utterance
        is aligned again without it. Every alignment sums to its number of frames. Features and sentences are asked for anew
        each time, so that both may be read from disk.
        """
        jobs = Jobs(features)
        for number, (values, sentence) in enumerate(zip(features, sentences, strict=True)):
            if fault := self._fault(values, sentence):
                yield number, Failure(fault)
            else:
                jobs.add(number, len(values), self.models.trellis(sentence, optional_pauses=True))
        with _progress("aligning", 2 * len(jobs), progress) as shown:
            spoken = Jobs(features)
            pauses = dict[int, tuple[int, ...]]()
            for job, after in self._pauses(jobs, sentences, shown):
                pauses[job.number] = after
                sentence = sentences[job.number].with_pauses(after)
                spoken.add(job.number, job.frames, self.models.trellis(sentence, optional_pauses=False))
            for job, path, total in self._paths(spoken):
                durations = np.bincount(path, minlength=job.trellis.places).reshape(-1, self.settings.states)
                sentence = sentences[job.number].with_pauses(pauses[job.number])
                match = self.models.match(job.features, job.trellis.units[path])
                yield job.number, Aligned(sentence, Alignment(sentence.phones, durations, total / len(path), match))
                shown.advance()

    def save(self, path: Path) -> None:
        """Write the settings and models as one safetensors file, atomically."""
        facts = {"keys": self.models.keys, "settings": asdict(self.settings)}
        with replacing(path) as temporary:
            arrays = {name: np.ascontiguousarray(getattr(self.models, name)) for name in ARRAYS}
            save_file(arrays, temporary, metadata={"aligner": json.dumps(facts)})

    @staticmethod
    def load(path: Path, device: str = "cpu") -> Aligner:
        """Read what :meth:`save` wrote; a missing, damaged or foreign file raises :class:`TtsError`."""
        try:
            with safe_open(str(path), framework="numpy") as stream:
                facts = json.loads((stream.metadata() or {})["aligner"])
                settings = AlignerSettings(**facts["settings"])
                keys = tuple(tuple(key) for key in facts["keys"])
                arrays = {name: stream.get_tensor(name) for name in ARRAYS}
        except FileNotFoundError:
            raise TtsError(f"{path}: this file is missing") from None
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise TtsError(f"{path}: not the models of an aligner ({error}); train it again") from None
        return Aligner(settings, PhoneModels(keys, settings.states, **arrays), torch.device(device))

    def _fault(self, values: np.ndarray, sentence: Sentence) -> str:
        """Return why an utterance cannot be aligned, or nothing."""
        unknown = self.models.unknown(sentence)
        if unknown:
            return (
                f"no recording that the aligner was trained on has {_listed(unknown)}; train it on more or change the lexicon"
            )
        return _fault(values, sentence, self.settings.states, self.models.means.shape[1])

    def _pauses(self, jobs: Jobs, sentences: Sequence[Sentence], shown: Progress) -> Iterator[tuple[Job, tuple[int, ...]]]:
        """Yield every job and the words that a pause follows on the best path through optional silences."""
        for job, path, _ in self._paths(jobs):
            sentence = sentences[job.number]
            every = sentence.with_pauses(range(len(sentence.words))).segments
            lasting = np.bincount(path, minlength=job.trellis.places).reshape(len(every), -1).sum(axis=1)
            found = zip(every, every[1:], lasting[1:], strict=False)
            least = self.settings.shortest_pause
            yield job, tuple(before.word for before, now, frames in found if now.phone == PAUSE and frames >= least)
            shown.advance()

    def _paths(self, jobs: Jobs) -> Iterator[tuple[Job, np.ndarray, float]]:
        """Yield the best path of every job and its log likelihood."""
        weights = self.models.weights(1.0)
        for job, (path, total) in best_paths(jobs, weights, self.settings.states + 1, self.device):
            yield job, path, total


def train_aligner(
    features: Sequence[np.ndarray],
    sentences: Sequence[Sentence],
    settings: AlignerSettings | None = None,
    device: str = "cpu",
    *,
    progress: bool = True,
) -> Aligner:
    """Train phone models on recordings and their sentences; no times are needed, none are used.

    ``features`` are float32 arrays (frames, dimension), of about unit variance (:func:`tts.analysis.mfcc.mfcc`); they and the
    sentences are asked for anew in every pass, so that both may be read from disk. The same input and settings give the same
    models. Utterances too short for their phones are left out and logged; when none is left a :class:`TtsError` says so.
    """
    settings = settings or AlignerSettings()
    if not features or len(features) != len(sentences):
        raise TtsError(f"the aligner got {len(features)} recordings and {len(sentences)} sentences; it needs as many, and some")
    able, first = _Able.of(features, sentences, settings.states)
    if not able.numbers:
        raise TtsError(f"none of {len(features)} utterances can be aligned; the first: {first}")
    if len(able.numbers) < len(features):
        log.warning("the aligner leaves out %d of %d utterances in training", len(features) - len(able.numbers), len(features))
    count = sum(able.frames)
    mean = sum(features[n].sum(axis=0, dtype=np.float64) for n in able.numbers) / count
    variance = sum(((features[n] - mean) ** 2).sum(axis=0) for n in able.numbers) / count
    models = PhoneModels.flat(able.phones, settings.states, mean, np.maximum(variance, 1e-6))
    aligner = Aligner(settings, models, torch.device(device))
    jobs = Jobs(features)
    for number, frames in zip(able.numbers, able.frames, strict=True):
        jobs.add(number, frames, models.trellis(sentences[number], optional_pauses=True))
    sample = jobs.sample(settings.soft_frames, settings.seed)
    powers = np.geomspace(settings.first_power, settings.last_power, settings.soft_passes)
    work = len(sample) * settings.soft_passes + len(jobs) * (settings.hard_passes + settings.context_passes + 1)
    with _progress("training the aligner", work, progress) as shown:
        for power in powers:
            aligner = replace(aligner, models=_soft_pass(aligner, sample, float(power), shown))
        for _ in range(settings.hard_passes):
            aligner = replace(aligner, models=_hard_pass(aligner, jobs, shown))
        pauses = {job.number: after for job, after in aligner._pauses(jobs, sentences, shown)}
        spoken = LazySequence(len(able.numbers), lambda n: sentences[able.numbers[n]].with_pauses(pauses[able.numbers[n]]))
        aligner = replace(aligner, models=aligner.models.in_context(spoken))
        jobs = Jobs(features)
        for number, frames, sentence in zip(able.numbers, able.frames, spoken, strict=True):
            jobs.add(number, frames, aligner.models.trellis(sentence, optional_pauses=False))
        for _ in range(settings.context_passes):
            aligner = replace(aligner, models=_hard_pass(aligner, jobs, shown))
    return aligner


@dataclass
class _Able:
    """The utterances that can be aligned: their numbers, their frames, and the phones in them."""

    numbers: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    phones: set[str] = field(default_factory=set)

    @staticmethod
    def of(features: Sequence[np.ndarray], sentences: Sequence[Sentence], states: int) -> tuple[_Able, str]:
        """Look at every utterance once; return also why the first that cannot be aligned cannot."""
        able, first = _Able(), ""
        width = features[0].shape[-1]
        for number, (values, sentence) in enumerate(zip(features, sentences, strict=True)):
            if fault := _fault(values, sentence, states, width):
                first = first or fault
                continue
            able.numbers.append(number)
            able.frames.append(len(values))
            able.phones.update(sentence.phones)
        return able, first


def _soft_pass(aligner: Aligner, jobs: Jobs, power: float, shown: Progress) -> PhoneModels:
    """Return the models re-estimated from the posteriors of all paths."""
    weights = aligner.models.weights(power)
    found = expected_sums(jobs, weights, aligner.settings.states + 1, aligner.device)
    return _estimated(aligner, found, shown, f"power {power:.2f}")


def _hard_pass(aligner: Aligner, jobs: Jobs, shown: Progress) -> PhoneModels:
    """Return the models re-estimated from the best paths."""
    found = path_sums(jobs, aligner.models.weights(1.0), aligner.settings.states + 1, aligner.device)
    return _estimated(aligner, found, shown, "best paths")


def _estimated(aligner: Aligner, found: Iterable[tuple[Job, np.ndarray]], shown: Progress, note: str) -> PhoneModels:
    sums = np.zeros((len(aligner.models.means), 2 * aligner.models.means.shape[1] + 1))
    for job, rows in found:
        add_sums(sums, job, rows)
        shown.advance(1, note)
    return aligner.models.estimated(sums, aligner.settings)


def _fault(values: np.ndarray, sentence: Sentence, states: int, width: int) -> str:
    """Return why an utterance cannot be aligned by any models, or nothing."""
    if values.ndim != 2 or values.shape[1] != width:
        return f"its features have shape {values.shape}, expected (frames, {width})"
    spoken = len(sentence.with_pauses(()).segments)
    if spoken == 2:
        return "its text has no words"
    if len(values) < spoken * states:
        return (
            f"the recording has {len(values)} frames, too few for {spoken} phones and silences of {states} states; "
            "is it cut short, or the text another's?"
        )
    if not np.isfinite(values).all():
        return "its features are not all finite numbers"
    return ""


class _Quiet(Progress):
    """Progress that nobody asked to see."""

    def _show(self) -> None:
        pass


def _progress(label: str, total: int, wanted: bool) -> Progress:
    return Progress(label, total) if wanted else _Quiet(label, total)


def _listed(phones: Sequence[str]) -> str:
    return ("the phone " if len(phones) == 1 else "the phones ") + ", ".join(phones)
