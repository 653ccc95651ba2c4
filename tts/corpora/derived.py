"""Recordings made of recordings: the part that is an utterance's own, cleaned as a recipe asks, in a file of its own.

The originals are only read. A file is named by its utterance and by all that shapes it (the original's content, from where to
where, the settings), so nothing is made twice and a changed setting makes it anew; ``recordings.jsonl`` says of each what was
done. Nothing is lost: samples of up to 24 bits are kept as FLAC of 24 bits, all others, and what would not fit below full
scale, as WAV of 32-bit floating point.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
from pydantic import BaseModel, ConfigDict, ValidationError

from tts.core.audio import Channel, read_part, to_mono
from tts.core.errors import TtsError
from tts.core.files import file_digest, fingerprint, make_folder, replacing, write_text
from tts.core.loudness import block_powers, gated_loudness, loudness, true_peak
from tts.core.names import name_fault
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.corpora.checks import LONGEST, clipped_samples, clipping
from tts.corpora.cleaning import high_pass, trim
from tts.corpora.problems import Problem, left_out
from tts.corpora.types import Utterance
from tts.recipe.cleaning import CleaningPart

JOURNAL = "recordings.jsonl"
VERSION = 1  # raise it when the same settings give other samples
_CHUNK = 50  # utterances of one recording that a worker does in a row
OVERSHOOT = 0.1  # seconds by which a part may end after its recording: times are rounded


class DerivedRecording(BaseModel):
    """One file made of a part of ``source``: from ``start`` to ``end`` seconds, without what was cut off its ends.

    ``cut`` are the seconds cut off the part's beginning and end, ``high_pass_hz`` the filter's cut-off, ``gain`` in dB,
    ``loudness`` in LUFS before the gain (None: not measured). ``flat`` are the samples in flat tops, the longest of these and
    all samples, where the filter hides them. ``size`` is the file's, in bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    id: str
    source: str
    start: float
    end: float
    cut: tuple[float, float] = (0.0, 0.0)
    high_pass_hz: float | None = None
    gain: float = 0.0
    loudness: float | None = None
    flat: tuple[int, int, int] | None = None
    size: int

    def describe(self) -> str:
        """Say in one line what was done."""
        parts = [f"{self.start:.3f} to {self.end:.3f} s of {self.source}"]
        if any(self.cut):
            parts.append(f"{self.cut[0]:.3f} and {self.cut[1]:.3f} s of silence cut off its ends")
        if self.high_pass_hz is not None:
            parts.append(f"high-pass at {self.high_pass_hz:g} Hz")
        if self.loudness is not None:
            parts.append(f"{self.gain:+.1f} dB, from {self.loudness:.1f} to {self.loudness + self.gain:.1f} LUFS")
        return "; ".join(parts)


@dataclass(frozen=True)
class _Job:
    utterances: tuple[Utterance, ...]
    cleaning: CleaningPart
    channel: Channel
    gain: float | None  # dB; None: each recording's own


@dataclass(frozen=True)
class _Cleaned:
    signal: np.ndarray
    rate: int
    span: tuple[float, float]  # of the part, in seconds of the original
    cut: tuple[float, float]
    flat: tuple[int, int, int] | None
    exact: bool  # whether 24 bits hold the original's samples


Outcome = DerivedRecording | Failure | None


def is_needed(utterances: Sequence[Utterance], cleaning: CleaningPart) -> bool:
    """Return whether any utterance needs a recording made for it."""
    return cleaning.changes_anything or any(map(is_part, utterances))


def derive_recordings(
    utterances: Sequence[Utterance],
    cleaning: CleaningPart,
    channel: Channel,
    folder: Path,
    *,
    workers: Place = None,
) -> tuple[dict[str, DerivedRecording], list[Problem]]:
    """Make the recordings that are not in ``folder`` yet; return those of all utterances by id, and what was wrong.

    An utterance that has a problem of severity ``left_out`` has no recording. One without recording and problem is a whole
    file that nothing can be made of (missing, empty, too long, of several channels): the check of the recordings says so.
    Utterances that are whole files, where nothing is to be cleaned, have neither.
    """
    wanted = [u for u in utterances if is_needed([u], cleaning)]
    speakers = list(dict.fromkeys(u.speaker for u in wanted))
    made = read_journal(folder)
    recordings: dict[str, DerivedRecording] = {}
    problems: list[Problem] = []
    for speaker in speakers:
        own = [u for u in wanted if u.speaker == speaker]
        gain = _common_gain(own, cleaning, channel, workers) if cleaning.loudness == "speaker" else None
        jobs = [_Job(chunk, cleaning, channel, gain) for chunk in _chunks(own)]
        work = partial(_derive, folder=folder, made=made)
        for index, answer in parallel_map(work, jobs, workers=workers, label="writing recordings"):
            chunk = jobs[index].utterances
            outcomes: list[Outcome] = [answer] * len(chunk) if isinstance(answer, Failure) else answer
            for utterance, result in zip(chunk, outcomes, strict=True):
                problems += _problems(utterance, result)
                if isinstance(result, DerivedRecording) and not left_out(_problems(utterance, result)):
                    recordings[utterance.id] = result
            _append(folder, [result for result in outcomes if isinstance(result, DerivedRecording)], made)
    order = {utterance.id: number for number, utterance in enumerate(utterances)}
    return recordings, sorted(problems, key=lambda problem: order[problem.id])


def _problems(utterance: Utterance, result: Outcome) -> list[Problem]:
    """Return what is wrong with what became of an utterance."""
    if isinstance(result, Failure):
        return [Problem(utterance.id, "recording", result.message, place_of(utterance))]
    finding = clipping(*result.flat) if result is not None and result.flat is not None else None
    return [Problem(utterance.id, *finding[:2], place_of(utterance), finding[2])] if finding else []


def is_part(utterance: Utterance) -> bool:
    """Return whether an utterance is a part of its recording."""
    return utterance.start > 0.0 or utterance.end is not None


def place_of(utterance: Utterance) -> str:
    """Return where an utterance's recording is, with the time where it is a part of one."""
    return f"{utterance.audio} at {utterance.start:.2f} s" if is_part(utterance) else str(utterance.audio)


def read_journal(folder: Path) -> dict[str, DerivedRecording]:
    """Read by file name what is known of the recordings in ``folder``; a line cut short is passed over."""
    path = folder / JOURNAL
    known: dict[str, DerivedRecording] = {}
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else []
    for line in lines:
        try:
            entry = DerivedRecording.model_validate(json.loads(line))
        except (ValueError, ValidationError):
            continue
        if not name_fault(entry.name):
            known[entry.name] = entry
    return known


def remove_others(folder: Path, recordings: Sequence[DerivedRecording]) -> None:
    """Remove from ``folder`` all recordings but these; its journal tells of no others afterwards."""
    if not folder.is_dir():
        return
    wanted = {entry.name for entry in recordings}
    for path in folder.iterdir():
        if path.suffix in (".flac", ".wav") and path.name not in wanted:
            path.unlink(missing_ok=True)
    write_text(folder / JOURNAL, "".join(_line(entry) for entry in recordings))


def _chunks(utterances: Sequence[Utterance]) -> list[tuple[Utterance, ...]]:
    """Return utterances in groups that lie in one recording, in order of time, at most ``_CHUNK`` each."""
    ordered = sorted(utterances, key=lambda u: (str(u.audio), u.start))
    chunks = []
    for _, group in groupby(ordered, key=lambda u: u.audio):
        items = tuple(group)
        chunks += [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
    return chunks


def _line(entry: DerivedRecording) -> str:
    return json.dumps(entry.model_dump(mode="json"), ensure_ascii=False) + "\n"


def _append(folder: Path, entries: Sequence[DerivedRecording], made: dict[str, DerivedRecording]) -> None:
    """Note new recordings at the end of the journal, beginning anew after a line that was cut short."""
    fresh = [entry for entry in entries if made.get(entry.name) != entry]
    if not fresh:
        return
    make_folder(folder)
    with (folder / JOURNAL).open("ab+") as stream:
        end = stream.tell()
        stream.seek(max(end - 1, 0))
        start = "\n" if end and stream.read(1) != b"\n" else ""
        stream.write((start + "".join(map(_line, fresh))).encode())


def _derive(job: _Job, folder: Path, made: dict[str, DerivedRecording]) -> list[Outcome]:
    """Make the recordings of one job, or find them; a worker does this."""
    outcomes: list[Outcome] = []
    digest = ""
    for utterance in job.utterances:
        try:
            if not _is_usable(utterance, job.channel):
                outcomes.append(None)
                continue
            if not utterance.audio.is_file():
                raise TtsError("there is no such audio file")
            digest = digest or file_digest(utterance.audio)
            settings = job.cleaning.model_dump(mode="json")
            key = fingerprint(VERSION, digest, utterance.start, utterance.end, settings, job.channel, job.gain)
            outcomes.append(_one(utterance, job, folder, f"{utterance.id}-{key}", made))
        except TtsError as error:
            outcomes.append(Failure(str(error).removeprefix(f"{utterance.audio}: ")))
    return outcomes


def _is_usable(utterance: Utterance, channel: Channel) -> bool:
    """Return whether something can be made of a whole file; a part is always tried."""
    if is_part(utterance):
        return True
    path = utterance.audio
    try:
        info = soundfile.info(str(path)) if path.is_file() and path.stat().st_size else None
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        return False
    return info is not None and 0.0 < info.duration <= LONGEST and (info.channels == 1 or channel != "only")


def _one(utterance: Utterance, job: _Job, folder: Path, stem: str, made: dict[str, DerivedRecording]) -> DerivedRecording:
    """Make one recording, or return what is known of it where it is there, whole."""
    for suffix in (".flac", ".wav"):
        entry = made.get(f"{stem}{suffix}")
        path = folder / f"{stem}{suffix}"
        if entry is not None and path.is_file() and path.stat().st_size == entry.size:
            return entry
    part = _cleaned(utterance, job.cleaning, job.channel)
    signal, level, gain = part.signal, None, 0.0
    if job.cleaning.loudness != "off":
        level = loudness(signal, part.rate)
        if not np.isfinite(level):
            raise TtsError("nothing is heard in it, so it has no loudness")
        gain = job.cleaning.loudness_target - level if job.gain is None else job.gain
        gain = round(min(gain, job.cleaning.peak_limit - true_peak(signal)), 3)
        signal = signal * 10.0 ** (gain / 20.0)
    path = write_exact(folder / stem, signal, part.rate, part.exact)
    return DerivedRecording(
        name=path.name,
        id=utterance.id,
        source=str(utterance.audio),
        start=round(part.span[0], 6),
        end=round(part.span[1], 6),
        cut=(round(part.cut[0], 6), round(part.cut[1], 6)),
        high_pass_hz=job.cleaning.high_pass_hz,
        gain=gain,
        loudness=None if level is None else round(level, 2),
        flat=part.flat,
        size=path.stat().st_size,
    )


def _cleaned(utterance: Utterance, cleaning: CleaningPart, channel: Channel) -> _Cleaned:
    """Read an utterance's part of its recording and clean it, up to its loudness."""
    part = read_part(utterance.audio, utterance.start, utterance.end, overshoot=OVERSHOOT)
    signal = to_mono(utterance.audio, part.signal, channel)
    if not np.isfinite(signal).all():
        raise TtsError("contains samples that are not numbers (NaN or infinite)")
    rate, flat = part.rate, None
    if cleaning.high_pass_hz is not None:
        flat = (
            *clipped_samples(part.signal if channel == "mix" else signal[:, None]),
            signal.size,
        )  # no tops are flat afterwards
        signal = high_pass(signal, rate, cleaning.high_pass_hz)
    first, last = (0, len(signal)) if cleaning.trim_ms is None else trim(signal, rate, cleaning.trim_ms / 1000.0)
    span = (part.start / rate, (part.start + len(signal)) / rate)
    cut = (first / rate, (len(signal) - last) / rate)
    return _Cleaned(signal[first:last], rate, span, cut, flat, part.exact)


def _common_gain(utterances: Sequence[Utterance], cleaning: CleaningPart, channel: Channel, workers: Place) -> float | None:
    """Return the gain in dB that brings a speaker's recordings together to the target; 0 where nothing is heard in them.

    It is smaller where the true peak of one of them would pass the limit. What cannot be read is passed over here.
    """
    work = partial(_measured, cleaning=cleaning, channel=channel)
    powers: list[np.ndarray] = []
    peak = -np.inf
    jobs = [u for u in utterances if _is_usable(u, channel)]
    for _, answer in sorted(parallel_map(work, jobs, workers=workers, label="measuring loudness"), key=lambda item: item[0]):
        if not isinstance(answer, Failure):
            powers.append(answer[0])
            peak = max(peak, answer[1])
    level = gated_loudness(np.concatenate(powers)) if powers else -np.inf
    return round(min(cleaning.loudness_target - level, cleaning.peak_limit - peak), 3) if np.isfinite(level) else 0.0


def _measured(utterance: Utterance, cleaning: CleaningPart, channel: Channel) -> tuple[np.ndarray, float]:
    part = _cleaned(utterance, cleaning, channel)
    return block_powers(part.signal, part.rate), true_peak(part.signal)


def write_exact(stem: Path, signal: np.ndarray, rate: int, exact: bool) -> Path:
    """Write mono samples so that nothing is lost and return where: 24-bit FLAC where they fit, else 32-bit float WAV."""
    if exact and signal.min() >= -1.0 and signal.max() <= 1.0 - 2.0**-23:
        path = stem.with_name(f"{stem.name}.flac")
        with replacing(path) as temporary:  # integers, since libsndfile scales floating point by 2^23 - 1
            samples = np.rint(signal * 2.0**23).astype(np.int32) << 8
            soundfile.write(str(temporary), samples, rate, subtype="PCM_24", format="FLAC")
        return path
    path = stem.with_name(f"{stem.name}.wav")
    with replacing(path) as temporary:
        soundfile.write(str(temporary), signal, rate, subtype="FLOAT", format="WAV")
    return path
