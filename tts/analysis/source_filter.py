"""A source-filter vocoder for WORLD's parameters: a pulse train and noise through short-time minimum-phase filters.

What WORLD's synthesis makes (Morise, Yokomori and Ozawa 2016): voiced speech is a train of pulses of power 1 through the
minimum-phase filter of power ``P (1 - a^2)`` beside white noise of power 1 through that of ``P a^2``; unvoiced speech is noise
through that of ``P``; P is the power envelope of the mel-cepstrum, a the aperiodicity. What is done otherwise, for speed:

* A mel-cepstrum *is* a minimum-phase filter: its all-pass is stable and causal, so ``log H(w) = sum_m mc[m] exp(-j m w~)``,
  log magnitude and phase by one matrix product each. The filters of the aperiodicity are added in the same product.
* Every pulse has its own filter, interpolated to the pulse's time, and the phase ``-w t`` of its exact time t, in that product
  too: positions are not rounded to samples, and a pulse has no frequency above the half of the rate.
* Pulses and noise of a frame, and of as many neighbouring frames as a buffer has room for, are summed as spectra, so that a
  frame costs no more than one inverse FFT. The noise is drawn once and
  repeats after :data:`NOISE_FRAMES` frames; the same streams always make the same samples.
* DC is taken from a pulse with a smooth window, where WORLD subtracts a rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tts.analysis.mcep import synthesis_matrix, synthesis_phase
from tts.analysis.world import check_spoken
from tts.core.errors import TtsError
from tts.core.grid import FrameGrid

NOISE_FRAMES = 1024  # after which the noise begins anew: seconds, longer than anybody can hear that it does
NOISE_SEED = 20160701
NODES = 65  # frequencies at which the periodic share is computed; it has a kink every 3 kHz and no other detail
UNVOICED_BAP = -0.5  # dB on average: at and above it WORLD's decoder calls a frame unvoiced
LOWEST_SHARE = -7.0  # log amplitude of the periodic share at half the rate, where pulses between samples must have none
NOISE_PULSES = 500.0  # Hz: WORLD makes unvoiced noise in pieces of this rate, without the mean of each
ROOM = 0.025  # seconds at least that a buffer leaves for the response of its last pulse; what is longer wraps round
BLOCK = 128  # frames at a time: their spectra stay in a processor's cache


@dataclass(frozen=True)
class Filters:
    """The matrices of a grid that turn frames into log magnitudes and phases of filters, float32, read-only.

    ``pulse`` (2, order + NODES + 3, bins) is applied to mel-cepstrum, log of the periodic share at the nodes, 1, log amplitude
    and time in samples after the start of its buffer; ``noise`` (2, order + 1 + bands + 2, bins) to mel-cepstrum, band
    aperiodicities in dB, 1 for a voiced and 1 for an unvoiced frame. ``nodes`` (bands + 1, NODES) makes log aperiodicity at the
    nodes of bands and 1. A buffer of ``size`` samples is shared by ``group`` frames and begins ``lead`` samples before the
    centre of the first of them. ``source`` (2, NOISE_FRAMES, bins) is log magnitude and phase of the noise within a frame's
    window, wherever that lies in the buffer.
    """

    size: int
    lead: int
    group: int
    nodes: np.ndarray
    pulse: np.ndarray
    noise: np.ndarray
    source: np.ndarray


@lru_cache(maxsize=4)
def filters(grid: FrameGrid, order: int) -> Filters:
    """Return the matrices for mel-cepstra of ``order`` on ``grid``."""
    size, lead, group = _buffer(grid)
    bins = size // 2 + 1
    cepstral = np.stack([synthesis_matrix(size, grid.alpha, order) / 2.0, synthesis_phase(size, grid.alpha, order)])
    fine = _aperiodicity_rows(grid, np.linspace(0.0, grid.sample_rate / 2.0, bins))
    share = _interpolation(np.linspace(0.0, 1.0, NODES), np.linspace(0.0, 1.0, bins))
    omega = np.arange(bins) * (2.0 * np.pi / size)
    constant, amplitude, time = (
        _no_dc(size, (group + 1) * lead),
        np.stack([np.ones(bins), 0 * omega]),
        np.stack([0 * omega, -omega]),
    )
    pulse = np.concatenate([cepstral, minimum_phase(share), constant[:, None], amplitude[:, None], time[:, None]], axis=1)
    thin = np.log(np.sqrt(np.maximum(1.0 - np.sinc(omega * grid.sample_rate / (2.0 * np.pi * NOISE_PULSES)) ** 2, 1e-4)))
    noise = np.concatenate([cepstral, minimum_phase(np.concatenate([fine, thin[None]]))], axis=1)
    nodes = _aperiodicity_rows(grid, np.linspace(0.0, grid.sample_rate / 2.0, NODES))
    arrays = [np.ascontiguousarray(each, np.float32) for each in (nodes, pulse, noise, _noise(size, lead, group))]
    for each in arrays:
        each.setflags(write=False)
    return Filters(size, lead, group, *arrays)


def minimum_phase(log_magnitude: np.ndarray) -> np.ndarray:
    """Return log magnitude (..., bins) and the phase of its minimum-phase filter in radians, (2, ..., bins)."""
    bins = log_magnitude.shape[-1]
    cepstrum = np.fft.irfft(log_magnitude)
    cepstrum[..., 1 : bins - 1] *= 2.0
    cepstrum[..., bins:] = 0.0
    return np.stack([log_magnitude, np.fft.rfft(cepstrum).imag])


def synthesise(mcep: np.ndarray, lf0: np.ndarray, vuv: np.ndarray, bap: np.ndarray, grid: FrameGrid) -> np.ndarray:
    """Synthesise float32 samples (``grid.samples(frames)``,) from the four main streams, statics only; not clipped.

    The arguments, what they mean and what is refused are those of :func:`tts.analysis.world.synthesise`.
    """
    check_spoken(mcep, lf0, vuv, bap, grid)
    bank = filters(grid, mcep.shape[1] - 1)
    cepstra, coded = np.asarray(mcep, np.float32), np.clip(np.asarray(bap, np.float32), -60.0, 0.0)
    source = excitation(lf0, vuv, bap, grid)
    coded[~source.voiced] = -60.0  # whatever they say
    noise, pulses = _noise_rows(source, cepstra, coded), _pulse_rows(source, cepstra, _periodic_share(bank, coded))
    centres = grid.centres(len(mcep))
    signal = np.zeros(centres[-1] + bank.size, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(mcep), BLOCK):
            block = slice(start, min(start + BLOCK, len(mcep)))
            spectra = _noise_spectra(bank, noise[block], start)
            first, last = np.searchsorted(source.first, [block.start, block.stop])
            _add_pulses(bank, spectra, pulses[first:last], (source.first[first:last] - start) // bank.group)
            for buffer, begin in zip(np.fft.irfft(spectra, axis=1), centres[block][:: bank.group], strict=True):
                signal[begin : begin + bank.size] += buffer
    signal = signal[bank.lead : bank.lead + grid.samples(len(mcep))]
    if not np.isfinite(signal).all():
        raise TtsError("the mel-cepstrum is too large to be a spectrum; the values that made it are wrong")
    return signal


@dataclass(frozen=True)
class Excitation:
    """What is filtered: which frames are ``voiced`` (frames,) bool, and the pulses, each (pulses,).

    A pulse stands between frames ``first`` and ``second``, ``part`` (0..1) of the way; ``share_part`` is the same where both
    are voiced, and otherwise points at the one that is: an unvoiced frame has no aperiodicity to interpolate.
    ``log_amplitude`` makes a train of power 1, ``time`` counts samples from the start of the buffer that the first is in.
    """

    voiced: np.ndarray
    first: np.ndarray
    second: np.ndarray
    part: np.ndarray
    share_part: np.ndarray
    log_amplitude: np.ndarray
    time: np.ndarray


def excitation(lf0: np.ndarray, vuv: np.ndarray, bap: np.ndarray, grid: FrameGrid) -> Excitation:
    """Return voicing and pulses of the streams ``lf0``, ``vuv`` and ``bap``, (frames, dimension) each."""
    voiced = (np.asarray(vuv)[:, 0] >= 0.5) & (np.asarray(bap, np.float64).mean(axis=1) <= UNVOICED_BAP)
    time, f0 = pulse_times(np.asarray(lf0, np.float64)[:, 0], voiced, grid)
    where = time / (grid.shift * grid.sample_rate)
    first = np.minimum(where.astype(np.int64), len(voiced) - 1)
    second = np.minimum(first + 1, len(voiced) - 1)
    part = where - first
    _, lead, group = _buffer(grid)
    return Excitation(
        voiced,
        first,
        second,
        part.astype(np.float32),
        np.where(voiced[first] & voiced[second], part, ~voiced[first]).astype(np.float32),
        (0.5 * np.log(grid.sample_rate / f0)).astype(np.float32),
        (lead + time - grid.centres(len(voiced))[first // group * group]).astype(np.float32),
    )


def pulse_times(lf0: np.ndarray, voiced: np.ndarray, grid: FrameGrid) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of pulses in samples and F0 there in Hz, each float64 (pulses,).

    F0 runs linearly from frame to frame, and through unvoiced frames from the last voiced one to the next, so that a short gap
    does not shift the pulses after it. A pulse stands wherever the integral of F0 is a whole number and the nearest frame is
    ``voiced``.
    """
    known = np.flatnonzero(voiced)
    if len(known) == 0:
        return np.zeros(0), np.zeros(0)
    f0 = np.exp(np.interp(np.arange(len(lf0)), known, lf0[known]))
    shift = grid.shift
    cycles = np.concatenate([[0.0], np.cumsum(0.5 * shift * (f0[1:] + f0[:-1]))])
    count = np.arange(int(cycles[-1]) + 1)
    frame = np.clip(np.searchsorted(cycles, count, side="right") - 1, 0, max(0, len(f0) - 2))
    slope = f0[np.minimum(frame + 1, len(f0) - 1)] - f0[frame]
    rest = (count - cycles[frame]) / shift  # = f0 x + slope x^2 / 2, to be solved for x, the part of a frame
    part = 2.0 * rest / (f0[frame] + np.sqrt(np.maximum(f0[frame] ** 2 + 2.0 * slope * rest, 0.0)))
    part = np.clip(part, 0.0, 1.0)
    kept = voiced[np.minimum(frame + (part >= 0.5), len(f0) - 1)]
    return ((frame + part) * (shift * grid.sample_rate))[kept], (f0[frame] + part * slope)[kept]


def _buffer(grid: FrameGrid) -> tuple[int, int, int]:
    """Return the samples of a buffer, how many of them lie before the centre of its first frame, and how many frames share it.

    The noise of a frame reaches a shift either side of its centre, its pulses as far as the next; after the last frame's there
    is room for a response. A buffer is as long as WORLD's FFT, or, where frames are further apart, by as many eighths longer as
    one frame needs: sizes without prime factors above 13.
    """
    shift, room = round(grid.shift * grid.sample_rate), ROOM * grid.sample_rate
    eighth = grid.fft_size // 8
    size = max(grid.fft_size, math.ceil((2 * shift + room) / eighth) * eighth)
    return size, shift, next(count for count in (4, 2, 1) if size - (count + 1) * shift >= room)


def _aperiodicity_rows(grid: FrameGrid, frequency: np.ndarray) -> np.ndarray:
    """Return rows (bands + 1, frequencies) that make log aperiodicity of bands in dB and 1: WORLD's decoder.

    Linear in dB over frequency between -60 dB at 0, the bands at 3 kHz, 6 kHz and so on, and 0 dB at half the rate.
    """
    knots = np.append(np.arange(grid.bands + 1) * 3000.0, grid.sample_rate / 2.0)
    rows = _interpolation(knots, frequency) * (np.log(10.0) / 20.0)
    return np.concatenate([rows[1:-1], -60.0 * rows[:1]])


def _interpolation(knots: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the rows (knots, at) of linear interpolation."""
    return np.array([np.interp(at, knots, unit) for unit in np.eye(len(knots))])


def _periodic_share(bank: Filters, bap: np.ndarray) -> np.ndarray:
    """Return log sqrt(1 - a^2) at the nodes, float32 (frames, NODES)."""
    aperiodicity = np.exp(2.0 * (bap.astype(np.float32) @ bank.nodes[:-1] + bank.nodes[-1]))
    return np.asarray(0.5 * np.log(np.maximum(1.0 - aperiodicity, np.float32(np.exp(2.0 * LOWEST_SHARE)))))


def _no_dc(size: int, before: int) -> np.ndarray:
    """Return log magnitude and phase (2, bins) of what takes a response's sum away, spread over the rest of the buffer."""
    length = size - before
    window = np.zeros(size)
    window[:length] = np.hanning(length + 1)[:length]
    spectrum = 1.0 - np.fft.rfft(window / window.sum())
    return np.stack([np.log(np.maximum(np.abs(spectrum), 1e-4)), np.angle(spectrum)])


def _noise(size: int, lead: int, group: int) -> np.ndarray:
    """Return log magnitude and phase (2, NOISE_FRAMES, bins) of white noise of power 1 under the window of each frame."""
    samples = np.random.Generator(np.random.PCG64(NOISE_SEED)).standard_normal(NOISE_FRAMES * lead)
    pieces = np.append(samples, samples[:lead]).reshape(-1, lead)
    window = 0.5 - 0.5 * np.cos(np.arange(2 * lead) * (np.pi / lead))  # two of them half overlapping sum to 1
    frames = np.concatenate([pieces[:-1], pieces[1:]], axis=1) * window
    spectrum = np.fft.rfft(frames, size)
    late = np.outer(np.arange(NOISE_FRAMES) % group * lead, np.arange(size // 2 + 1) * (2.0 * np.pi / size))
    return np.stack([np.log(np.maximum(np.abs(spectrum), 1e-12)), np.angle(spectrum) - late])


def _noise_rows(source: Excitation, mcep: np.ndarray, bap: np.ndarray) -> np.ndarray:
    """Return what :attr:`Filters.noise` is applied to, float32 (frames, columns)."""
    voiced = source.voiced[:, None].astype(np.float32)
    return np.concatenate([mcep, voiced * bap, voiced, 1.0 - voiced], axis=1)


def _pulse_rows(source: Excitation, mcep: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return what :attr:`Filters.pulse` is applied to, float32 (pulses, columns)."""
    first, second, part, share_part = source.first, source.second, source.part[:, None], source.share_part[:, None]
    return np.concatenate(
        [
            mcep[first] + part * (mcep[second] - mcep[first]),
            share[first] + share_part * (share[second] - share[first]),
            np.stack([np.ones_like(source.time), source.log_amplitude, source.time], axis=1),
        ],
        axis=1,
    )


def _noise_spectra(bank: Filters, rows: np.ndarray, start: int) -> np.ndarray:
    """Return the spectra of filtered noise of frames from ``start`` on, those of a buffer summed, complex64 (buffers, bins)."""
    at = start % NOISE_FRAMES  # a multiple of BLOCK, as NOISE_FRAMES is
    log_magnitude, phase = (rows @ matrix for matrix in bank.noise)
    log_magnitude += bank.source[0, at : at + len(rows)]
    phase += bank.source[1, at : at + len(rows)]
    made = _polar(log_magnitude, phase)
    spectra = made[:: bank.group]
    for place in range(1, bank.group):
        others = made[place :: bank.group]
        spectra[: len(others)] += others
    return spectra


def _add_pulses(bank: Filters, spectra: np.ndarray, rows: np.ndarray, buffer: np.ndarray) -> None:
    """Add the filtered pulses (pulses, columns) to the spectra of the buffers that each belongs to."""
    for start in range(0, len(rows), BLOCK):
        made = _polar(*(rows[start : start + BLOCK] @ matrix for matrix in bank.pulse))
        for pulse, own in zip(made, buffer[start : start + BLOCK], strict=True):
            spectra[own] += pulse


def _polar(log_magnitude: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Return exp(log magnitude + j phase), complex64; overwrites both."""
    np.exp(log_magnitude, out=log_magnitude)
    made = np.empty(phase.shape, np.complex64)
    np.multiply(log_magnitude, np.cos(phase), out=made.real)
    np.multiply(log_magnitude, np.sin(phase, out=phase), out=made.imag)
    return made
