"""What recordings are like: level, silence, clipping, offset, hum, noise and how long the room sounds on.

All is measured on a sample spread evenly over the corpus, with a limit of time. Levels are in dB of full scale (an RMS of 1.0
is 0 dB). Hum and reverberation are estimates from the quiet parts and the ends of speech; where there is no quiet part, none.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.core.audio import audio_header, read_beginning
from tts.core.errors import TtsError
from tts.core.progress import Progress
from tts.corpora.checks import clipped_samples

SAMPLE = 60  # recordings
SECONDS_OF_WORK = 20.0
LONGEST_READ = 90.0  # seconds of one recording that are looked at
HOP = 0.01  # seconds
RANGE = 35.0  # dB below the loud parts that speech reaches down to
ABOVE_NOISE = 6.0  # dB
MAINS = (50, 60)  # Hz
HUM = 10.0  # dB of a mains line over what lies beside it, from which it is hum
HUM_IN = 0.7  # share of the recordings in which half as much is seen
SHORTEST_DECAY = 0.03  # seconds: three frames
LEAST_FALL = 15.0  # dB
_FLOOR = -120.0


@dataclass(frozen=True)
class RecordingMeasures:
    """One recording: levels in dB of full scale, times in seconds.

    ``decay`` is the time in which the level would fall by 60 dB as fast as it does after the last speech, None where it cannot
    be seen; ``quiet`` the mean power spectrum of the quiet parts in bins of 1 Hz up to 400 Hz, None where there are none.
    """

    seconds: float
    rate: int
    channels: int
    speech: float
    noise: float
    leading: float
    trailing: float
    clipped: int
    offset: float
    decay: float | None
    quiet: np.ndarray | None


@dataclass(frozen=True)
class Hum:
    """Mains hum: the frequency of the mains in Hz and how far its lines stand above what lies beside them, in dB."""

    frequency: int
    above: float


@dataclass(frozen=True)
class Survey:
    """A corpus's recordings.

    ``minutes`` of all recordings and ``rates`` (Hz) with their numbers come from the headers; the rest is measured on
    ``measured`` of them: medians of level, noise, silence at both ends, the number with clipping and with an offset,
    hum, and a guess at reverberation in seconds. ``unreadable`` are files that are no audio, with the reason.
    """

    recordings: int
    minutes: float
    longest: float
    rates: dict[int, int]
    channels: dict[int, int]
    measured: int
    speech: float
    noise: float
    level_spread: float
    leading: float
    trailing: float
    clipped: int
    offset: int
    hum: Hum | None
    quiet_seen: bool
    reverberation: float | None
    unreadable: tuple[str, ...]

    @property
    def rate(self) -> int:
        """The lowest rate in Hz that nearly all recordings reach."""
        total, below = sum(self.rates.values()), 0
        for rate in sorted(self.rates):
            below += self.rates[rate]
            if below > 0.02 * total:
                return rate
        return max(self.rates)


def survey(recordings: Sequence[Path], sample: int = SAMPLE, seconds: float = SECONDS_OF_WORK) -> Survey:
    """Look at recordings: the headers of all, the samples of at most ``sample`` of them for at most about ``seconds``.

    Raises :class:`TtsError` where none can be read.
    """
    rates: Counter[int] = Counter()
    channels: Counter[int] = Counter()
    total = longest = 0.0
    unreadable: list[str] = []
    readable: list[Path] = []
    for path in recordings:
        try:
            header = audio_header(path)
        except TtsError as error:
            unreadable.append(str(error))
            continue
        rates[header.rate] += 1
        channels[header.channels] += 1
        total += header.seconds
        longest = max(longest, header.seconds)
        readable.append(path)
    if not readable:
        raise TtsError(f"none of {len(recordings)} recordings can be read: {unreadable[0] if unreadable else 'there is none'}")
    measures = _measured(readable, sample, seconds)
    if not measures:
        raise TtsError(f"none of the {min(sample, len(readable))} recordings looked at holds sound; the first is {readable[0]}")
    return Survey(
        recordings=len(readable),
        minutes=total / 60.0,
        longest=longest,
        rates=dict(rates),
        channels=dict(channels),
        measured=len(measures),
        speech=float(np.median([m.speech for m in measures])),
        noise=float(np.median([m.noise for m in measures])),
        level_spread=float(np.std([m.speech for m in measures])),
        leading=float(np.median([m.leading for m in measures])),
        trailing=float(np.median([m.trailing for m in measures])),
        clipped=sum(m.clipped > 0 for m in measures),
        offset=sum(abs(m.offset) > 0.005 for m in measures),
        hum=_hum(measures),
        quiet_seen=any(m.quiet is not None for m in measures),
        reverberation=_reverberation(measures),
        unreadable=tuple(unreadable),
    )


def _measured(recordings: Sequence[Path], sample: int, seconds: float) -> list[RecordingMeasures]:
    """Measure some recordings, those far apart first, so that a cut-off sample is spread as well."""
    places = np.linspace(0, len(recordings) - 1, min(sample, len(recordings))).round().astype(int)
    order = sorted(range(len(places)), key=lambda n: int(f"{n:08b}"[::-1], 2))
    began = time.monotonic()
    measures: list[RecordingMeasures] = []
    with Progress("looking at recordings", len(order)) as progress:
        for n in order:
            if measures and time.monotonic() - began > seconds:
                break
            if (measure := measure_recording(recordings[places[n]])) is not None:
                measures.append(measure)
            progress.advance()
    return measures


def measure_recording(path: Path) -> RecordingMeasures | None:
    """Measure one recording, of which the first 90 s are looked at; None where it is silent, too short or cannot be read."""
    try:
        signal, rate = read_beginning(path, LONGEST_READ)
    except TtsError:
        return None
    mono = signal.mean(axis=1)
    hop = round(HOP * rate)
    frames = len(mono) // hop
    if frames < 10 or not np.isfinite(mono).all() or not np.abs(mono).max() > 0.0:
        return None
    centred = mono - np.median(mono)  # not the mean: silence put at the ends has no offset
    power = (centred[: frames * hop].reshape(frames, hop) ** 2).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3.0, "same")  # noise alone varies by 6 dB from one 10 ms to the next
    level = np.maximum(10.0 * np.log10(np.maximum(smooth, 1e-12)), _FLOOR)
    noise, loud = float(np.percentile(level, 5)), float(np.percentile(level, 95))
    active = level > max(loud - RANGE, noise + ABOVE_NOISE)
    runs = np.flatnonzero(np.convolve(active, np.ones(3), "valid") == 3)  # three frames in a row: not a click
    if len(runs) == 0:
        return None
    first, last = int(runs[0]), int(runs[-1]) + 2
    return RecordingMeasures(
        seconds=len(mono) / rate,
        rate=rate,
        channels=signal.shape[1],
        speech=10.0 * np.log10(power[active].mean()),
        noise=noise,
        leading=first * HOP,
        trailing=(frames - 1 - last) * HOP,
        clipped=clipped_samples(signal)[0],
        offset=float(mono.mean()),
        decay=_decay(level, loud, noise),
        quiet=_quiet_spectrum(centred, rate, ~active, hop),
    )


def _decay(level: np.ndarray, loud: float, noise: float) -> float | None:
    """Return the seconds in which the level after the last loud speech would fall by 60 dB, None where it cannot be told.

    A straight line is fitted from where the level has fallen by 5 dB until it comes near the noise; a fall of less than 15 dB
    tells nothing. Blind estimates of reverberation call this a free decay.
    """
    last = int(np.flatnonzero(level > loud - 12.0)[-1])
    after = level[last:]
    fallen = np.flatnonzero(after <= after[0] - 5.0)
    begin = int(fallen[0]) if len(fallen) else len(after)
    below = np.flatnonzero(after <= noise + ABOVE_NOISE)
    end = int(below[0]) if len(below) else len(after)
    if end - begin < round(SHORTEST_DECAY / HOP) or after[begin] - after[end - 1] < LEAST_FALL:
        return None
    slope = float(np.polyfit(np.arange(end - begin) * HOP, after[begin:end], 1)[0])
    return -60.0 / slope if slope < 0.0 else None


def _reverberation(measures: Sequence[RecordingMeasures]) -> float | None:
    """Guess the reverberation time: no decay can be faster than the room's, so the faster ones are the nearest to it."""
    decays = [m.decay for m in measures if m.decay is not None]
    return float(np.percentile(decays, 25)) if len(decays) >= 3 else None


def _quiet_spectrum(signal: np.ndarray, rate: int, quiet: np.ndarray, hop: int) -> np.ndarray | None:
    """Return the mean power spectrum of the quiet stretches of at least 0.2 s, in bins of 1 Hz up to 400 Hz (401,)."""
    length = round(0.2 * rate)
    window = np.hanning(length)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]])))
    spectra = []
    for begin, end in zip(edges[::2] * hop, edges[1::2] * hop, strict=True):
        for start in range(begin, end - length + 1, length // 2):
            spectra.append(np.abs(np.fft.rfft(window * signal[start : start + length], rate)[:401]) ** 2)
    return np.asarray(np.mean(spectra, axis=0)) if spectra else None


def _hum(measures: Sequence[RecordingMeasures]) -> Hum | None:
    """Return the mains hum of the quiet parts: lines at the mains' frequency and its next three multiples.

    A hum sounds on through all recordings; lines that stand out in some alone are voices, or what a lossy coder left.
    """
    spectra = [m.quiet for m in measures if m.quiet is not None and m.quiet.sum() > 0.0]
    if not spectra:
        return None
    power = np.exp(np.mean(np.log(np.maximum(spectra, 1e-20)), axis=0))  # geometric: one loud recording does not decide
    hums = [Hum(frequency, _stands_out(power, frequency)) for frequency in MAINS]
    best = max(hums, key=lambda hum: hum.above)
    seen_in = np.mean([_stands_out(np.maximum(spectrum, 1e-20), best.frequency) >= 0.5 * HUM for spectrum in spectra])
    return best if best.above >= HUM and seen_in >= HUM_IN else None


def _stands_out(power: np.ndarray, frequency: int) -> float:
    """Return how far lines at 1 to 4 times ``frequency`` Hz stand above their neighbours, in dB: the second highest of them.

    One line alone may be a fan or a voice; of a hum, two or more are seen.
    """
    above = []
    for line in range(frequency, 4 * frequency + 1, frequency):
        beside = np.concatenate([power[line - 24 : line - 13], power[line + 14 : line + 25]])
        above.append(10.0 * np.log10(power[line - 1 : line + 2].max() / np.median(beside)))
    return float(sorted(above)[-2])
