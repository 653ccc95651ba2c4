"""What was seen in a folder, as lines for a person."""

from __future__ import annotations

from tts.core.grid import MIN_RATE
from tts.core.progress import clock
from tts.corpora.draft.recognise import Layouts, Recognised
from tts.corpora.draft.survey import Survey

ROWS = 3
_LONGEST = 20.0  # seconds


def layout_lines(layouts: Layouts) -> list[str]:
    """Return what the folder was taken for and why, what else it may be, and three rows of it."""
    seen = layouts.taken
    lines = [f"{seen.root}: {seen.explained}", f"  {seen.counted}"]
    if seen.speakers:
        lines.append(f"  speakers named: {_few(seen.speakers)}")
    others = layouts.fitting[1:4]
    lines += [f"  also fits: {other.explained} ({other.counted}): {_choice(other, layouts)}" for other in others]
    lines += [f"  the first is taken: {layouts.why}"] if others else []
    lines += [f"  recordings in: {(seen.root / layouts.audio).resolve()}"] if layouts.audio is not None else []
    pairs = [(e, audio) for e, audio in zip(seen.entries, seen.audio_of, strict=True) if audio is not None and not e.fault]
    for entry, audio in pairs[:: max(1, len(pairs) // ROWS)][:ROWS]:
        part = "" if entry.end is None else f", {entry.start:.2f} to {entry.end:.2f} s"
        lines.append(f"  {audio.relative_to(seen.root) if audio.is_relative_to(seen.root) else audio}{part}: {entry.text}")
    return lines


def _choice(other: Recognised, layouts: Layouts) -> str:
    """Return the option that takes another layout that fits."""
    same = [seen for seen in layouts.fitting if seen.format == other.format]
    return f"--format {other.format}" if len(same) == 1 or other.file is None else f"--file {other.file}"


def survey_lines(survey: Survey) -> list[str]:
    """Return what the recordings are like."""
    rates = ", ".join(f"{rate} Hz" + (f" ({n})" if len(survey.rates) > 1 else "") for rate, n in sorted(survey.rates.items()))
    channels = " and ".join(map(str, sorted(survey.channels)))
    hum = survey.hum
    hum_words = f"of {hum.frequency} Hz mains, {hum.above:.0f} dB above what lies beside it" if hum else "none"
    room = survey.reverberation
    of = f"{survey.measured} of {survey.recordings} recordings looked at"
    lines = [
        f"  length         {clock(60 * survey.minutes)} in {survey.recordings} recordings, the longest {survey.longest:.1f} s",
        f"  rate           {rates}; {channels} channel{'s' if channels != '1' else ''}",
        f"  level          {survey.speech:.1f} dB of full scale in speech, {survey.level_spread:.1f} dB up or down ({of})",
        f"  noise          {survey.noise:.1f} dB, {survey.speech - survey.noise:.0f} dB below speech",
        f"  silence        {survey.leading:.2f} s before speech, {survey.trailing:.2f} s after it",
        f"  clipping       {f'in {survey.clipped} of {survey.measured}' if survey.clipped else 'none'}",
        f"  offset         {f'in {survey.offset} of {survey.measured}' if survey.offset else 'none'}",
        f"  hum            {hum_words if hum or survey.quiet_seen else 'not to be told: there are no quiet parts'}",
        f"  reverberation  {f'about {room:.1f} s' if room else 'not to be told'} (a guess from how speech dies away)",
    ]
    lines += [f"  unreadable     {path}" for path in survey.unreadable[:3]]
    return lines + [f"  note: {note}" for note in notes(survey)]


def notes(survey: Survey) -> list[str]:
    """Return what a person must know before a voice is made of such recordings."""
    sentences = []
    if survey.rate < MIN_RATE:
        sentences.append(f"a rate of {survey.rate} Hz is too low: recordings below {MIN_RATE} Hz are left out")
    elif low := sum(count for rate, count in survey.rates.items() if rate < survey.rate):
        sentences.append(f"{low} recordings have a lower rate than the rest and will be left out")
    if survey.longest > _LONGEST:
        sentences.append(f"the longest recording lasts {survey.longest:.0f} s; tts segment cuts it into sentences")
    if max(survey.channels) > 1:
        sentences.append("of recordings with two channels the left one is used; corpus.channel in the recipe changes that")
    if survey.speech - survey.noise < 25.0:
        sentences.append("the noise is loud beside speech, and the voice will have it")
    return sentences


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
