"""The aligner: models of phones trained from a flat start on the recordings that they then align.

Training starts from models that are all alike. Baum-Welch on likelihoods raised to a small power, growing from pass to pass
(deterministic annealing: Ueda and Nakano 1998), finds its way where an ordinary start is caught at once. Viterbi passes finish
it, first with monophones and pauses wherever they may be, then with the pauses found and phones in context. The soft passes
cost most and need little speech, so they see a seeded sample of a long corpus.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tts.alignment.models import ARRAYS, AlignerSettings, PhoneModels
from tts.alignment.trellis import Batch, Trellis, forward_backward, viterbi
from tts.alignment.types import Aligned, Alignment
from tts.core.errors import TtsError
from tts.core.files import replacing
from tts.core.processes import Failure
from tts.core.progress import Progress
from tts.text.sentence import PAUSE, Sentence

__all__ = ["Aligned", "Aligner", "AlignerSettings", "Alignment", "train_aligner"]

log = logging.getLogger(__name__)

_CELLS = 3_000_000  # frames x utterances x places of a batch: 12 MB a tensor


@dataclass(frozen=True)
class _Chunk:
    """One utterance to pass over: its place in the caller's list, how long it is, and its trellis.

    The features are read from ``source`` each time they are wanted: a long corpus need not lie in memory.
    """

    number: int
    source: Sequence[np.ndarray]
    frames: int
    trellis: Trellis

    @property
    def features(self) -> np.ndarray:
        """Float32 (frames, dimension)."""
        return self.source[self.number]


@dataclass(frozen=True)
class Aligner:
    """Trained models, on the device where they work."""

    settings: AlignerSettings
    models: PhoneModels
    device: torch.device

    def align(
        self, features: Sequence[np.ndarray], sentences: Sequence[Sentence], *, progress: bool = True
    ) -> list[Aligned | Failure]:
        """Return when every segment is spoken, or why it cannot be told, in the order given.

        ``features`` are arrays (frames, dimension) as in training. Pauses between words go where silence of at least
        ``settings.shortest_pause`` frames was found, whatever ``sentences`` say; where a shorter one was found the utterance
        is aligned again without it. Every alignment sums to its number of frames.
        """
        answers: list[Aligned | Failure] = []
        lengths = []
        for values, sentence in zip(features, sentences, strict=True):
            answers.append(Failure(self._fault(values, sentence)))
            lengths.append(len(values))
        able = [number for number, answer in enumerate(answers) if isinstance(answer, Failure) and not answer.message]
        with _progress("aligning", 2 * len(able), progress) as shown:
            jobs = [_Chunk(n, features, lengths[n], self.models.trellis(sentences[n], optional_pauses=True)) for n in able]
            spoken = self._spoken(jobs, sentences, shown)
            jobs = [_Chunk(n, features, lengths[n], self.models.trellis(spoken[n], optional_pauses=False)) for n in able]
            for job, path, total in self._paths(jobs):
                durations = np.bincount(path, minlength=job.trellis.places).reshape(-1, self.settings.states)
                sentence = spoken[job.number]
                match = self.models.match(job.features, job.trellis.units[path])
                answers[job.number] = Aligned(sentence, Alignment(sentence.phones, durations, total / len(path), match))
                shown.advance()
        return answers

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

    def _spoken(self, jobs: Sequence[_Chunk], sentences: Sequence[Sentence], shown: Progress) -> dict[int, Sentence]:
        """Return the jobs' sentences with the pauses that the best paths through optional silences found."""
        spoken = {}
        for job, path, _ in self._paths(jobs):
            sentence = sentences[job.number]
            every = sentence.with_pauses(range(len(sentence.words))).segments
            lasting = np.bincount(path, minlength=job.trellis.places).reshape(len(every), -1).sum(axis=1)
            found = zip(every, every[1:], lasting[1:], strict=False)
            least = self.settings.shortest_pause
            spoken[job.number] = sentence.with_pauses(
                before.word for before, now, frames in found if now.phone == PAUSE and frames >= least
            )
            shown.advance()
        return spoken

    def _paths(self, jobs: Sequence[_Chunk]) -> Iterator[tuple[_Chunk, np.ndarray, float]]:
        """Yield the best path of every job and its log likelihood."""
        weights = self.models.weights(1.0).to(self.device)
        for group in _groups(jobs):
            batch, values = _padded(group, self.settings.states, len(weights) - 1, self.device, mirrored=False)
            paths, totals = viterbi(_scores(values, weights, batch), batch)
            yield from zip(group, paths, totals.tolist(), strict=True)


def train_aligner(
    features: Sequence[np.ndarray],
    sentences: Sequence[Sentence],
    settings: AlignerSettings | None = None,
    device: str = "cpu",
    *,
    progress: bool = True,
) -> Aligner:
    """Train phone models on recordings and their sentences; no times are needed, none are used.

    ``features`` are float32 arrays (frames, dimension), of about unit variance (:func:`tts.analysis.mfcc.mfcc`); they are
    asked for anew in every pass, so that they may be read from disk. The same input and settings give the same models.
    Utterances too short for their phones are left out and logged; when none is left a :class:`TtsError` says so.
    """
    settings = settings or AlignerSettings()
    if not features or len(features) != len(sentences):
        raise TtsError(f"the aligner got {len(features)} recordings and {len(sentences)} sentences; it needs as many, and some")
    width = features[0].shape[-1]
    faults, lengths = [], []
    for x, sentence in zip(features, sentences, strict=True):
        faults.append(_fault(x, sentence, settings.states, width))
        lengths.append(len(x))
    able = [number for number, fault in enumerate(faults) if not fault]
    if not able:
        raise TtsError(f"none of {len(features)} utterances can be aligned; the first: {faults[0]}")
    if len(able) < len(features):
        log.warning("the aligner leaves out %d of %d utterances in training", len(features) - len(able), len(features))
    count = sum(lengths[n] for n in able)
    mean = sum(features[n].sum(axis=0, dtype=np.float64) for n in able) / count
    variance = sum(((features[n] - mean) ** 2).sum(axis=0) for n in able) / count
    phones = {phone for n in able for phone in sentences[n].phones}
    models = PhoneModels.flat(phones, settings.states, mean, np.maximum(variance, 1e-6))
    aligner = Aligner(settings, models, torch.device(device))
    jobs = [_Chunk(n, features, lengths[n], models.trellis(sentences[n], optional_pauses=True)) for n in able]
    sample = _sample(jobs, settings)
    powers = np.geomspace(settings.first_power, settings.last_power, settings.soft_passes)
    work = len(sample) * settings.soft_passes + len(jobs) * (settings.hard_passes + settings.context_passes + 1)
    with _progress("training the aligner", work, progress) as shown:
        for power in powers:
            aligner = replace(aligner, models=_soft_pass(aligner, sample, float(power), shown))
        for _ in range(settings.hard_passes):
            aligner = replace(aligner, models=_hard_pass(aligner, jobs, shown))
        spoken = aligner._spoken(jobs, sentences, shown)
        aligner = replace(aligner, models=aligner.models.in_context(spoken.values()))
        jobs = [_Chunk(n, features, lengths[n], aligner.models.trellis(spoken[n], optional_pauses=False)) for n in able]
        for _ in range(settings.context_passes):
            aligner = replace(aligner, models=_hard_pass(aligner, jobs, shown))
    return aligner


def _soft_pass(aligner: Aligner, jobs: Sequence[_Chunk], power: float, shown: Progress) -> PhoneModels:
    """Return the models re-estimated from the posteriors of all paths."""
    weights = aligner.models.weights(power).to(aligner.device)
    sums = torch.zeros(weights.shape, dtype=torch.float64)
    for group in _groups(jobs):
        batch, values = _padded(group, aligner.settings.states, len(weights) - 1, aligner.device, mirrored=True)
        posteriors, _ = forward_backward(_scores(values, weights, batch), batch)
        place_sums = torch.bmm(posteriors.permute(1, 2, 0), values[: len(group)])
        units = batch.units[: len(group)].flatten().cpu()
        sums.index_add_(0, units, place_sums.flatten(0, 1).double().cpu())  # on the CPU, where the order of adding is fixed
        shown.advance(len(group), f"power {power:.2f}")
    return aligner.models.estimated(sums[:-1].numpy(), aligner.settings)


def _hard_pass(aligner: Aligner, jobs: Sequence[_Chunk], shown: Progress) -> PhoneModels:
    """Return the models re-estimated from the best paths."""
    models = aligner.models
    sums = np.zeros((len(models.means), 2 * models.means.shape[1] + 1))
    for job, path, _ in aligner._paths(jobs):
        places, starts = np.unique(path, return_index=True)
        values = job.features.astype(np.float64)
        counts = np.diff(np.append(starts, len(path)))
        blocks = [np.add.reduceat(values, starts), np.add.reduceat(values**2, starts), counts[:, None]]
        np.add.at(sums, job.trellis.units[places], np.concatenate(blocks, axis=1))
        shown.advance(1, "best paths")
    return models.estimated(sums, aligner.settings)


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


def _sample(jobs: Sequence[_Chunk], settings: AlignerSettings) -> list[_Chunk]:
    """Return the jobs that the soft passes see: seeded, of at least ``soft_frames`` frames where there are as many."""
    order = np.random.default_rng(settings.seed).permutation(len(jobs))
    before = np.cumsum([0, *(jobs[n].frames for n in order)])[:-1]
    return [jobs[n] for n in sorted(order[before < settings.soft_frames])]


def _groups(jobs: Sequence[_Chunk]) -> Iterator[list[_Chunk]]:
    """Yield jobs of like length together, in batches of at most about ``_CELLS`` cells."""
    group: list[_Chunk] = []
    width = 0
    for job in sorted(jobs, key=lambda job: job.frames):
        width = max(width, job.trellis.places)
        if group and (len(group) + 1) * width * job.frames > _CELLS:
            yield group
            group, width = [], job.trellis.places
        group.append(job)
    if group:
        yield group


def _padded(
    group: Sequence[_Chunk], states: int, void: int, device: torch.device, *, mirrored: bool
) -> tuple[Batch, torch.Tensor]:
    """Return the trellises of a group and its frames as ``[x, x^2, 1]``, (n, frames, 2 * dimension + 1), 0 in the padding.

    With ``mirrored`` the group is followed by itself read backwards.
    """
    stride = states + 1
    trellises = [job.trellis for job in group]
    frames = [torch.from_numpy(np.ascontiguousarray(job.features, dtype=np.float32)) for job in group]
    if mirrored:
        trellises += [trellis.mirrored(stride) for trellis in trellises]
        frames += [values.flip(0) for values in frames]
    rows = [torch.cat([x, x * x, torch.ones(len(x), 1)], dim=1) for x in frames]
    values = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    return Batch.of(trellises, [len(x) for x in frames], stride, void, device), values


def _scores(values: torch.Tensor, weights: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the log likelihood of every frame in every place, (frames, n, places)."""
    return torch.bmm(values, weights[batch.units].transpose(1, 2)).transpose(0, 1).contiguous()


class _Quiet(Progress):
    """Progress that nobody asked to see."""

    def _show(self) -> None:
        pass


def _progress(label: str, total: int, wanted: bool) -> Progress:
    return Progress(label, total) if wanted else _Quiet(label, total)


def _listed(phones: Sequence[str]) -> str:
    return ("the phone " if len(phones) == 1 else "the phones ") + ", ".join(phones)
