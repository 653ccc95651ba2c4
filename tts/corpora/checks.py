"""Looking at every recording once, before any long work: which can be used, and what is odd about the others."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tts.core.audio import Channel, audio_seconds, read_channels, to_mono
from tts.core.errors import TtsError
from tts.core.files import file_digest, read_json, write_json
from tts.core.grid import FrameGrid
from tts.core.place import Place
from tts.core.processes import Failure, parallel_map
from tts.corpora.cleaning import speech_bounds
from tts.corpora.problems import Problem, Severity, examples
from tts.corpora.types import Utterance

SHORTEST, LONG, LONGEST = 0.3, 20.0, 60.0  # seconds
SILENT_PEAK, SILENT_RMS, QUIET_RMS = 0.01, 0.0003, 0.003  # -40, -70 and -50 dB below full scale
FLAT_RUN = 5  # samples in a row at the peak; a speech waveform of 48 kHz stays there for three at most
FLAT_SHARE = 0.01  # share of such samples from which a recording is left out
PACE = (0.03, 0.25)  # seconds of speech a letter, outside which nobody reads: true ones here lie within 0.048 and 0.12
USUAL_PACE = 0.075  # the usual one of a script that spells sounds, by which those of other scripts are scaled
LETTERS_A_DIGIT = 5  # at most: "seven" and "twenty"
SLOWLY = 8  # letters more in which one may draw a word out: "oh" takes two seconds, if it must
EDGE_CHARACTERS = 4  # added to every text: what is before and after speech, which weighs most on short texts
ODD_SCORE = 5.0  # robust standard deviations of log seconds a character
LEAST_SPREAD = 0.1
FULL_SCALE = 1.05  # peaks above: a recording in floating point that other programs would clip; lossy formats overshoot by less
OFFSET, OFFSET_SHARE = 0.005, 0.1  # a constant part of the signal that is warned of: of full scale, and of the rms
ODD_LEVEL = 12.0  # dB from the usual level; a reader's own unevenness stays within 6
_ALPHABETS = {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "FULLWIDTH", "MODIFIER"}
CHECKS_VERSION = 3  # raise it when recordings are checked for something else


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What one recording is: length in seconds, rate in Hz, sha256 of the file in hexadecimal.

    ``speech`` is how long it lasts without the silence at its ends. ``peak``, ``rms`` and the mean ``offset`` are of full
    scale.
    """

    id: str
    seconds: float
    speech: float
    rate: int
    channels: int
    peak: float
    rms: float
    offset: float
    digest: str


@dataclass(frozen=True)
class _Item:
    id: str
    audio: Path
    sample_rate: int
    channel: Channel


@dataclass(frozen=True)
class _Finding:
    reason_code: str
    message: str
    severity: Severity = "left_out"


def check_audio(
    utterances: Sequence[Utterance],
    grid: FrameGrid,
    channel: Channel = "only",
    workers: Place = None,
    pace: tuple[float, float] = PACE,
) -> tuple[list[AudioFacts], list[Problem]]:
    """Decode every recording once; return facts on those that can be used and everything that was found.

    The facts stand in the order of ``utterances`` and exist for exactly those to be used; every other utterance has a problem
    of severity ``left_out``. ``grid`` gives the rate that recordings must reach, ``channel`` what is done with more than one
    channel. ``workers`` is that of :func:`tts.core.processes.parallel_map`, ``pace`` the seconds of speech a letter within
    which a recording can be of its text. Raises :class:`TtsError` where nothing is left.
    """
    items = [_Item(u.id, u.audio, grid.sample_rate, channel) for u in utterances]
    measured: dict[int, tuple[AudioFacts | None, list[_Finding]]] = {}
    for index, answer in parallel_map(_measure, items, workers=workers, label="checking recordings"):
        measured[index] = _unreadable(items[index], answer) if isinstance(answer, Failure) else answer

    sound = [(u, facts) for i, u in enumerate(utterances) if (facts := measured[i][0]) is not None]
    odd = _odd_lengths(sound, pace)
    uneven = _odd_levels([facts for _, facts in sound])
    kept: list[AudioFacts] = []
    problems: list[Problem] = []
    for index, utterance in enumerate(utterances):
        facts, findings = measured[index]
        findings = findings + odd.get(utterance.id, [])
        if not any(finding.reason_code == "quiet" for finding in findings):
            findings = findings + uneven.get(utterance.id, [])
        place = str(utterance.audio)
        problems += [Problem(utterance.id, f.reason_code, f.message, place, f.severity) for f in findings]
        if facts is not None and _harmless(findings):
            kept.append(facts)
    if not kept:
        raise TtsError(f"none of {len(utterances)} recordings can be used: {examples(problems)}")
    return kept, problems


def _harmless(findings: Sequence[_Finding]) -> bool:
    return all(finding.severity == "warning" for finding in findings)


def _unreadable(item: _Item, failure: Failure) -> tuple[None, list[_Finding]]:
    return None, [_Finding("unreadable", failure.message.removeprefix(f"{item.audio}: "))]


def _measure(item: _Item) -> tuple[AudioFacts | None, list[_Finding]]:
    """Return the facts on one recording, None where it cannot be used, and what is wrong with it."""
    if not item.audio.is_file():
        return None, [_Finding("missing_audio", "there is no such file")]
    if item.audio.stat().st_size == 0:
        return None, [_Finding("empty_audio", "the file has no content")]
    if (seconds := audio_seconds(item.audio)) > LONGEST:  # before decoding: it may be a whole book
        return None, [_Finding("too_long", f"lasts {seconds:.0f} s, the limit is {LONGEST:g} s; cut it into sentences")]
    if seconds == 0.0:
        return None, [_Finding("empty_audio", "the file has no samples")]
    signal, rate = read_channels(item.audio)
    channels = signal.shape[1]
    if channels > 1 and item.channel == "only":
        return None, [_Finding("channels", f"has {channels} channels; set channel to left, right or mix in the recipe")]
    mono = to_mono(item.audio, signal, item.channel)
    if not np.isfinite(mono).all():
        return None, [_Finding("not_finite", "contains samples that are not numbers (NaN or infinite)")]
    peak, rms = float(np.abs(mono).max()), float(np.sqrt(np.mean(mono**2)))
    offset, digest = float(mono.mean()), file_digest(item.audio)
    facts = AudioFacts(
        item.id, len(mono) / rate, _speech_seconds(mono - offset, rate), rate, channels, peak, rms, offset, digest
    )
    findings = _faults(facts, signal if item.channel == "mix" else mono[:, None], item.sample_rate)
    return facts if _harmless(findings) else None, findings


def _speech_seconds(signal: np.ndarray, rate: int) -> float:
    """Return how long speech lasts in a recording, from its beginning to its end; all of it where none stands out."""
    try:
        first, last = speech_bounds(signal, rate)
    except TtsError:
        return len(signal) / rate
    return (last - first) / rate


def _faults(facts: AudioFacts, signal: np.ndarray, sample_rate: int) -> list[_Finding]:
    """Return what is wrong with a readable recording; ``signal`` is (samples, channels used)."""
    findings: list[_Finding] = []
    if facts.rate < sample_rate:
        hint = "lower sample_rate in the recipe or leave it out"
        findings.append(_Finding("low_rate", f"recorded at {facts.rate} Hz, below the recipe's {sample_rate} Hz; {hint}"))
    if facts.seconds < SHORTEST:
        findings.append(_Finding("too_short", f"lasts {facts.seconds:.2f} s, at least {SHORTEST:g} s are needed"))
    elif facts.seconds > LONG:
        findings.append(_Finding("long", f"lasts {facts.seconds:.1f} s; sentences align and train better", "warning"))
    level = f"peak {_decibel(facts.peak)}, mean {_decibel(facts.rms)} of full scale"
    if facts.peak < SILENT_PEAK or facts.rms < SILENT_RMS:
        return [*findings, _Finding("silent", f"nothing is heard ({level})")]
    if facts.rms < QUIET_RMS:
        findings.append(_Finding("quiet", f"the level is very low ({level})", "warning"))
    if facts.peak > FULL_SCALE:
        message = f"its samples reach {facts.peak:.2f} times full scale; scale the recording down"
        findings.append(_Finding("above_full_scale", message, "warning"))
    if abs(facts.offset) > max(OFFSET, OFFSET_SHARE * facts.rms):
        message = f"the signal lies {facts.offset:+.3f} of full scale off zero; remove this constant part"
        findings.append(_Finding("offset", message, "warning"))
    if finding := clipping(*clipped_samples(signal), signal.size):
        findings.append(_Finding(*finding))
    return findings


def clipping(flat: int, longest: int, samples: int) -> tuple[str, str, Severity] | None:
    """Return reason, message and severity where ``flat`` of a recording's samples are clipped; None where none is."""
    if not flat:
        return None
    share = flat / samples
    message = f"clipped: {flat} samples ({share:.2%}) lie flat at the peak of their channel, {longest} of them in a row"
    return "clipped", message, "left_out" if share > FLAT_SHARE else "warning"


def clipped_samples(signal: np.ndarray) -> tuple[int, int]:
    """Return how many samples of ``signal`` (samples, channels) lie in flat tops, and the longest of these in samples.

    A flat top is a run of at least ``FLAT_RUN`` samples within half a 16-bit step of the channel's peak, on one side: so
    clipping is seen at full scale, and below it where the level was lowered afterwards.
    """
    count = longest = 0
    for channel in signal.T:
        peak = np.abs(channel).max()
        for side in (channel, -channel):
            at = np.concatenate([[False], side >= peak - 2.0**-16, [False]])
            edges = np.flatnonzero(at[1:] != at[:-1])
            runs = edges[1::2] - edges[::2]
            runs = runs[runs >= FLAT_RUN]
            count += int(runs.sum())
            longest = max(longest, int(runs.max(initial=0)))
    return count, longest


def _odd_lengths(pairs: Sequence[tuple[Utterance, AudioFacts]], bounds: tuple[float, float]) -> dict[str, list[_Finding]]:
    """Return what is odd about recordings that are much longer or shorter than their text, by id.

    Beyond ``bounds`` a recording is left out. They hold for scripts that spell sounds; for texts in others, whose signs are
    syllables or words, they are scaled by how far the corpus's usual pace lies above that of the first. Within them a
    recording is warned of by a score, a robust z of the logarithm: distance from the median over 1.4826 times the median
    absolute deviation.
    """
    if not pairs:
        return {}
    pace = np.array([facts.seconds / (_letters(u.text) + EDGE_CHARACTERS) for u, facts in pairs])
    median = float(np.median(pace))
    deviation = np.log(pace / median)
    scores = deviation / max(1.4826 * float(np.median(np.abs(deviation))), LEAST_SPREAD)
    findings: dict[str, list[_Finding]] = {}
    for (utterance, facts), seconds, score in zip(pairs, pace.tolist(), scores.tolist(), strict=True):
        scale = 1.0 if _spells_sounds(utterance.text) else max(1.0, median / USUAL_PACE)
        fastest, slowest = scale * bounds[0], scale * bounds[1]
        quick = facts.speech / max(1, _letters(utterance.text))
        slow = facts.speech / (_letters(utterance.text, LETTERS_A_DIGIT) + SLOWLY)
        if quick < fastest or slow > slowest:
            said = f"{quick if quick < fastest else slow:.3f} s of speech a letter"
            message = (
                f"{said}, which nobody reads ({fastest:.3g} to {slowest:.3g}, corpus.pace): the text is another recording's"
            )
            findings[utterance.id] = [_Finding("pace", message)]
        elif abs(score) > ODD_SCORE:
            message = f"{seconds:.3f} s a character where {median:.3f} is usual: text and recording may not belong together"
            findings[utterance.id] = [_Finding("pace", message, "warning")]
    return findings


def _letters(text: str, a_digit: int = 1) -> int:
    """Return how many letters a text has, a digit counting for ``a_digit``."""
    return sum(a_digit if c.isdigit() else c.isalpha() for c in text)


def _spells_sounds(text: str) -> bool:
    """Return whether most letters of a text are of alphabets, in which a letter is about a sound."""
    letters = [c for c in text if c.isalpha()]
    spelt = sum(unicodedata.name(c, "").split(" ", 1)[0] in _ALPHABETS for c in letters)
    return 2 * spelt >= len(letters)


def _odd_levels(facts: Sequence[AudioFacts]) -> dict[str, list[_Finding]]:
    """Return which recordings are much louder or softer than the usual one, by id; nothing where there are too few to tell."""
    if len(facts) < 5:
        return {}
    levels = np.array([20.0 * math.log10(max(fact.rms, 1e-9)) for fact in facts])
    findings = {}
    for fact, off in zip(facts, (levels - np.median(levels)).tolist(), strict=True):
        if abs(off) > ODD_LEVEL:
            message = f"is {abs(off):.0f} dB {'louder' if off > 0 else 'softer'} than is usual here; even the levels out"
            findings[fact.id] = [_Finding("level", message, "warning")]
    return findings


def same_recordings(utterances: Sequence[Utterance], facts: Mapping[str, AudioFacts]) -> list[Problem]:
    """Return a warning for every utterance whose recording, to the byte, is an earlier one's."""
    first: dict[str, Utterance] = {}
    problems = []
    for utterance in utterances:
        earlier = first.setdefault(facts[utterance.id].digest, utterance)
        if earlier is not utterance:
            text = "with the same text" if earlier.text == utterance.text else "with another text: one of the two is wrong"
            message = f"the recording is that of {earlier.id}, {text}"
            problems.append(Problem(utterance.id, "same_recording", message, str(utterance.audio), "warning"))
    return problems


def write_checks(path: Path, facts: Sequence[AudioFacts], problems: Sequence[Problem]) -> None:
    """Keep what :func:`check_audio` returned as JSON; :func:`read_checks` is the inverse."""
    write_json(path, {"facts": [asdict(fact) for fact in facts], "problems": [asdict(problem) for problem in problems]})


def read_checks(path: Path) -> tuple[list[AudioFacts], list[Problem]]:
    """Read what :func:`write_checks` wrote; a damaged file raises :class:`TtsError` naming it."""
    data = read_json(path)
    try:
        return [AudioFacts(**fact) for fact in data["facts"]], [Problem(**problem) for problem in data["problems"]]
    except (KeyError, TypeError) as error:
        raise TtsError(f"{path}: damaged ({error}); delete it and run the command again") from None


def _decibel(level: float) -> str:
    return f"{20.0 * math.log10(level):.0f} dB" if level > 0.0 else "-inf dB"


def seconds_summary(facts: Sequence[AudioFacts]) -> str:
    """Return one line on lengths and rates: count, hours, shortest, median and longest utterance by name, rates."""
    if not facts:
        return "no recordings"
    ordered = sorted(facts, key=lambda fact: (fact.seconds, fact.id))
    seconds = np.array([fact.seconds for fact in ordered])
    rates = ", ".join(str(rate) for rate in sorted({fact.rate for fact in facts}))
    return (
        f"{len(facts)} recordings, {seconds.sum() / 3600.0:.2f} h at {rates} Hz; "
        f"shortest {seconds[0]:.2f} s ({ordered[0].id}), median {np.median(seconds):.2f} s, "
        f"longest {seconds[-1]:.2f} s ({ordered[-1].id})"
    )
