"""The recipe that a folder and a few answers give: short, with comments that say where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tts.core.grid import MAX_RATE, MIN_RATE
from tts.corpora.draft.recognise import Recognised, near_path
from tts.corpora.draft.survey import Survey

_FEWER = {44_100: 22_050, 48_000: 24_000, 32_000: 24_000}  # rates of voices that sound nearly as well and take half the time
_LONG_SILENCE = 0.35  # seconds at an end, from which trimming is suggested
_UNEVEN = 3.0  # dB from recording to recording


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a folder cannot tell: asked, or given by options. ``speakers`` are one name or several."""

    name: str
    speakers: tuple[str, ...]
    language: str
    licence: str
    consent: str
    rate: int
    engine: str = "gruut"
    lexicon: str | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A recipe to be written to ``path``; with ``clean`` the suggested cleaning is set, otherwise it is a comment."""

    path: Path
    recognised: Recognised
    survey: Survey
    answers: Answers
    audio: str | None = None
    clean: bool = False
    remarks: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """Return the YAML."""
        seen, answers = self.recognised, self.answers
        corpus: dict[str, object] = {}
        if seen.format != "ljspeech":
            corpus["format"] = seen.format
        corpus["root"] = near_path(seen.root, self.path.parent)
        optional = {"file": seen.file, "columns": list(seen.columns), "audio": self.audio}
        corpus |= {key: value for key, value in optional.items() if value}
        corpus |= {"speaker": answers.speakers[0]} if len(answers.speakers) == 1 else {"speakers": list(answers.speakers)}
        corpus |= {"language": answers.language, "licence": answers.licence}
        corpus |= {key: value for key, value in {"consent": answers.consent, "source": answers.source}.items() if value}
        if max(self.survey.channels, default=1) > 1:
            corpus["channel"] = "left"
        lines = [
            f"# Drafted by tts new: {_amount(seen)}, {_minutes(seen, self.survey):.1f} minutes.",
            *self._remarks(),
        ]
        lines += [f"name: {_scalar(answers.name)}", "corpus:", *(f"  {key}: {_scalar(value)}" for key, value in corpus.items())]
        if answers.engine != "gruut":
            lines += ["text:", f"  engine: {answers.engine}"]
            lines += [f"  lexicon: {_scalar(near_path(Path(answers.lexicon), self.path.parent))}"] if answers.lexicon else []
        lines += ["frames:", f"  sample_rate: {answers.rate}"]
        mark = "" if self.clean else "# "
        suggested = suggested_cleaning(self.survey)
        lines += [f"{mark}cleaning:{'' if self.clean else ' # suggested: take these marks away to have it done'}"] * bool(
            suggested
        )
        lines += [f"{mark}  {key}: {value} # {why}" for key, (value, why) in suggested.items()]
        return "\n".join(lines) + "\n"

    def _remarks(self) -> list[str]:
        return [f"# {' '.join(remark.split())}" for remark in self.remarks]


def suggested_cleaning(survey: Survey) -> dict[str, tuple[object, str]]:
    """Return keys of a recipe's ``cleaning`` that the recordings ask for, with their values and why."""
    suggested: dict[str, tuple[object, str]] = {}
    hum = survey.hum
    if hum is not None:
        suggested["high_pass_hz"] = (60, f"hum of {hum.frequency} Hz mains, {hum.above:.0f} dB above what lies beside it")
    elif survey.offset:
        suggested["high_pass_hz"] = (40, f"{survey.offset} of {survey.measured} recordings lie off zero")
    if max(survey.leading, survey.trailing) > _LONG_SILENCE:
        suggested["trim_ms"] = (200, f"{survey.leading:.2f} s of silence before speech, {survey.trailing:.2f} s after it")
    if survey.level_spread > _UNEVEN:
        suggested["loudness"] = ("file", f"levels differ by {survey.level_spread:.1f} dB from one recording to the next")
    return suggested


def usual_rate(survey: Survey) -> int:
    """Return the rate in Hz for a voice of these recordings, within what recipes allow."""
    rate = survey.rate
    return min(max(_FEWER.get(rate, rate if rate <= MAX_RATE else 24_000), MIN_RATE), MAX_RATE)


def usual_name(folder: Path) -> str:
    """Return a recipe's name from the folder's, of letters, digits, dots, hyphens and underscores; or ``voice``."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", folder.resolve().name).strip("._-")
    return re.sub(r"\.\.+", ".", plain)[:60].strip("._-") or "voice"


def _amount(seen: Recognised) -> str:
    """Return how many utterances there are, and in how many recordings where these are fewer."""
    recordings = len(seen.recordings)
    parts = f" in {recordings} recordings" if recordings != seen.with_recording else ""
    return f"{seen.with_recording} {'utterances' if parts else 'recordings'}{parts}"


def _minutes(seen: Recognised, survey: Survey) -> float:
    """Return the minutes of the utterances: those of the recordings, but where all are parts of which the times are known."""
    used = [e for e, audio in zip(seen.entries, seen.audio_of, strict=True) if audio is not None and not e.fault]
    spans = [entry.end - entry.start for entry in used if entry.end is not None]
    return sum(spans) / 60.0 if spans and len(spans) == len(used) else survey.minutes


def _scalar(value: object) -> str:
    """Return a value as YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6).removesuffix("...\n").strip()
