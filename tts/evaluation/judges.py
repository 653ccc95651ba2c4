"""Independent judges: what models trained on listeners' ratings say of a recording, without knowing the natural one.

* ``distillmos``: DistillMOS (Stahl and Gamper, "Distillation and pruning for scalable self-supervised representation-based
  speech quality assessment", ICASSP 2025), 1 to 5. Package ``distillmos`` (MIT), its weights inside.
* ``p808``: the P.808 head of DNSMOS (Reddy, Gopal and Cutler, "DNSMOS P.835", ICASSP 2022), 1 to 5. Package ``speechmos``
  (MIT), its weights inside. The other heads hardly move from one synthesiser to another, and are left out.

Both were trained on other degradations than those of parametric synthesis: an order that both of them and the ear share can be
trusted, a difference of one alone cannot. Optional: ``pip install 'stacked-tts[judges]'``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np

from tts.core.audio import read_audio
from tts.core.errors import TtsError, UsageError
from tts.core.files import file_digest, read_json, write_json
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.evaluation.recogniser import normalise, word_errors
from tts.evaluation.scores import Scores
from tts.evaluation.whisper import transcribe_words, whisper_model, whisper_version

JUDGE_RATE = 16_000
LEVEL = 0.05  # rms of full scale to which every recording is brought, so that no judge hears loudness for quality
CACHE = "judged.json"  # beside the wavs
INSTALL = "pip install 'stacked-tts[judges]'"


@dataclass(frozen=True)
class Judge:
    """A model that rates a recording: its metric's name, the package that brings it, and its function of mono samples."""

    name: str
    package: str
    rate: Callable[[np.ndarray], float]

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return util.find_spec(self.package) is not None

    @property
    def version(self) -> str:
        """What the ratings depend on beside the recording."""
        return f"{self.package} {metadata.version(self.package)}, rms {LEVEL:g}"


@lru_cache(maxsize=1)
def _distillmos() -> Any:
    from tts.analysis.torchaudio_compat import import_torchaudio

    import_torchaudio()  # which the package imports at its top
    import distillmos

    with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights are
        return distillmos.ConvTransformerSQAModel().eval()


def _rate_distillmos(samples: np.ndarray) -> float:
    import torch

    with torch.inference_mode():
        return float(_distillmos()(torch.from_numpy(samples)[None]))


@lru_cache(maxsize=1)
def _p808() -> Any:
    import onnxruntime
    import speechmos

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = Path(speechmos.__file__).parent / "dnsmos_models" / "model_v8.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _rate_p808(samples: np.ndarray) -> float:
    """Return the mean rating over windows of 9.01 s that begin a second apart, as the package does with all of its heads.

    What is shorter is repeated until it fills a window. The model reads 900 frames of 120 mel bands of the power spectrum, in
    dB below the loudest.
    """
    import librosa

    window, hop = int(9.01 * JUDGE_RATE), JUDGE_RATE
    while len(samples) < window:
        samples = np.append(samples, samples)
    ratings = []
    for number in range(int(len(samples) // hop - 9.01) + 1):
        part = samples[number * hop : number * hop + window]
        power = librosa.feature.melspectrogram(y=part[:-160], sr=JUDGE_RATE, n_fft=321, hop_length=160, n_mels=120)
        decibels = (librosa.power_to_db(power, ref=np.max) + 40.0) / 40.0
        ratings.append(float(_p808().run(None, {"input_1": decibels.T[None].astype(np.float32)})[0][0][0]))
    return float(np.mean(ratings))


_EVERY = (Judge("distillmos", "distillmos", _rate_distillmos), Judge("p808", "speechmos", _rate_p808))
JUDGES = {judge.name: judge for judge in _EVERY}


def require_judges(language: str) -> bool:
    """Raise :class:`UsageError` where a judge is not installed; return whether words are counted too, as in English alone."""
    missing = [judge.package for judge in JUDGES.values() if not judge.installed]
    if missing:
        raise UsageError(f"judges: {' and '.join(missing)} not installed; install with: {INSTALL}")
    english = language.lower().split("-")[0] == "en"
    if english:
        whisper_model()
    return english


@dataclass(frozen=True)
class Opinion:
    """What the judges say of one recording: their ratings by name, 1 (bad) to 5 (excellent), and the words they understood.

    ``transcript`` is None where none was asked for.
    """

    ratings: Mapping[str, float]
    transcript: str | None = None

    def scores(self, text: str = "") -> Scores:
        """Return the ratings, and with a ``transcript`` the errors against the words of ``text``, as scores of an utterance."""
        sums = {"judged": np.asarray(1.0), **{name: np.asarray(value) for name, value in self.ratings.items()}}
        if self.transcript is not None:
            errors, words = word_errors(normalise(text), normalise(self.transcript))
            sums |= {"wrong_words": np.asarray(float(errors)), "judged_words": np.asarray(float(words))}
        return Scores(sums)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"ratings": dict(self.ratings), "transcript": self.transcript}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Opinion:
        """Read what :meth:`to_dict` returned."""
        transcript = data["transcript"]
        return cls({name: float(data["ratings"][name]) for name in JUDGES}, None if transcript is None else str(transcript))


def judge(signal: np.ndarray, sample_rate: int, *, words: bool = False) -> Opinion:
    """Return what the judges say of mono samples; with ``words`` (English) also what Whisper understands.

    The signal is resampled to 16 kHz and brought to an rms of 0.05. Silence raises :class:`TtsError`: it has no quality.
    """
    samples = np.asarray(signal, np.float64)
    if sample_rate != JUDGE_RATE:
        import soxr

        samples = soxr.resample(samples, sample_rate, JUDGE_RATE)
    rms = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    if rms < 1e-6:
        raise TtsError("is silence, which no judge can rate")
    level = np.clip(samples * (LEVEL / rms), -1.0, 1.0).astype(np.float32)
    ratings = {name: round(judge.rate(level), 4) for name, judge in JUDGES.items()}
    return Opinion(ratings, transcribe_words(level, JUDGE_RATE) if words else None)


def judge_all(recordings: Sequence[Path], *, words: bool = False, workers: Place = None) -> list[Opinion | Failure]:
    """Return what the judges say of audio files, in the order given.

    What was judged before is read from ``judged.json`` beside the files, where it stands under the sha256 of their content;
    equal files are judged once. ``words`` as in :func:`judge`, ``workers`` as in :func:`tts.core.processes.parallel_map`.
    """
    versions = judge_versions(words)
    caches = {folder: _read_cache(folder / CACHE, versions) for folder in {path.parent for path in recordings}}
    digests = [file_digest(path) for path in recordings]
    answers: dict[str, Opinion | Failure] = {digest: opinion for own in caches.values() for digest, opinion in own.items()}
    new = {digest: path for digest, path in zip(digests, recordings, strict=True) if digest not in answers}
    jobs = [(path, words) for path in new.values()]
    for index, answer in parallel_map(_judge_file, jobs, workers=workers, label="judging"):
        answers[list(new)[index]] = answer
    for folder, own in caches.items():
        here = (digest for digest, path in zip(digests, recordings, strict=True) if path.parent == folder and digest not in own)
        added = {digest: opinion for digest in here if isinstance(opinion := answers[digest], Opinion)}
        if added:
            opinions = {digest: opinion.to_dict() for digest, opinion in {**own, **added}.items()}
            write_json(folder / CACHE, {"judges": versions, "opinions": opinions})
    return [answers[digest] for digest in digests]


def judge_versions(words: bool) -> dict[str, str]:
    """Return what opinions depend on beside the recording, by judge."""
    versions = {name: judge.version for name, judge in JUDGES.items()}
    return versions | ({"words": whisper_version()} if words else {})


def _judge_file(job: tuple[Path, bool]) -> Opinion:
    path, words = job
    try:
        return judge(*read_audio(path, channel="mix"), words=words)
    except TtsError as error:
        raise TtsError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def _read_cache(path: Path, versions: Mapping[str, str]) -> dict[str, Opinion]:
    """Return the opinions by digest; none of other versions, and none of a damaged file, which is written anew."""
    try:
        data = read_json(path)
        if data["judges"] != versions:
            return {}
        return {str(digest): Opinion.from_dict(row) for digest, row in data["opinions"].items()}
    except (TtsError, KeyError, TypeError, ValueError, AttributeError):
        return {}
