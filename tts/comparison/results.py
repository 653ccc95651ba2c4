"""Everything a comparison gave, as ``results.json`` holds it: read here, written here, from here tables and report are made.

Whatever is missing or null in a file reads as empty, so that results of earlier versions and unfinished ones can be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tts.comparison.verdicts import Contrast, undertrained_systems
from tts.core.errors import TtsError, UsageError
from tts.core.files import read_json, write_json
from tts.core.provenance import Environment

FORMAT = 1
DIAGNOSTICS = ("wer",)  # scores that are told beside the others and decide nothing; why: docs/comparing.md
ScoreRow = dict[str, float | None]  # by the name of the metric; None where undefined


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_missing(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, Mapping) else data


class MetricInfo(_Part):
    """A score as tables show it; ``better`` is ``low``, ``high`` or ``one``."""

    name: str
    heading: str = ""
    unit: str = ""
    decimals: int = 3
    better: str = ""

    @property
    def title(self) -> str:
        """The heading with its unit."""
        heading = self.heading or self.name
        return f"{heading} ({self.unit})" if self.unit else heading


class Parameters(_Part):
    """Sizes: the weights that are trained, and those that are needed to speak."""

    trained: int | None = None
    speaking: int | None = None


class SystemInfo(_Part):
    """An arm of the comparison and what it cost: all runs trained for it, those of its search too."""

    name: str
    description: str = ""
    role: str = ""
    of: str | None = None
    task: str | None = None
    members: int = 1
    parameters: Parameters | None = None
    stages: tuple[dict[str, Any], ...] = ()  # as recipes write them
    training: dict[str, Any] = {}
    runs_charged: int = 0
    seconds: float = 0.0
    steps: int = 0

    def tasks(self) -> dict[str, float]:
        """Return the tasks of all stages, each with its largest weight."""
        weights: dict[str, float] = {}
        for stage in self.stages:
            for task, use in stage.get("tasks", {}).items():
                weight = float(use["weight"] if isinstance(use, Mapping) else use)
                weights[task] = max(weight, weights.get(task, 0.0))
        return weights


class RunInfo(_Part):
    """One seed of a system: what became of it, its scores, learning curves and gradient diagnostics by stage."""

    system: str
    seed: int
    status: str
    message: str | None = None
    seconds: float = 0.0
    steps: int = 0
    voice: str | None = None
    validation: ScoreRow = {}
    test: ScoreRow = {}
    utterances: dict[str, ScoreRow] = {}
    curves: dict[str, dict[str, list[float | None]]] = {}
    diagnostics: dict[str, list[dict[str, float | None]]] = {}

    @property
    def finished(self) -> bool:
        """Whether there are scores."""
        return self.status == "finished"

    def scores(self, split: Literal["validation", "test"]) -> ScoreRow:
        """Return the pooled scores of a split."""
        return self.test if split == "test" else self.validation


class RankingRow(_Part):
    """A system's score, averaged over its seeds, with its 95 % interval over seeds and utterances."""

    system: str
    metric: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0


class Trial(_Part):
    """A point that a search tried: its settings by key, and its score on validation (None: diverged or failed)."""

    settings: dict[str, Any]
    validation: float | None = None
    status: str | None = None


class SearchInfo(_Part):
    """What a search tried and chose. ``edges`` says where a chosen value is the end of its grid."""

    system: str = ""
    method: str = ""
    seed: int | None = None
    metric: str = ""
    tried: tuple[Trial, ...] = ()
    chosen: dict[str, Any] = {}
    runs: int = 0
    edges: tuple[str, ...] = ()


class Takes(BaseModel):
    """How far two natural takes of a prompt lie apart, time-warped: pooled scores over ``pairs``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    pairs: int = 0

    @property
    def scores(self) -> ScoreRow:
        """The scores by name."""
        return dict(self.model_extra or {})


class References(_Part):
    """What the scores are held against. ``mean`` is a predictor that answers every phone's training mean: the floor."""

    copies: ScoreRow | None = Field(None, alias="copy")
    mean: ScoreRow | None = None
    takes: Takes | None = None
    natural_wer: float | None = None

    @property
    def floor(self) -> float | None:
        """The MCD in dB that a trained network must be below."""
        return (self.mean or {}).get("mcd")


class JudgedScore(_Part):
    """A judge's mean score, or a difference of two, with its 95 % interval over utterances, and seeds where several spoke."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None


class JudgedSpeech(_Part):
    """What the judges say of one source of speech: a system's first ``seeds``, the recordings (natural) or their copies (copy).

    ``scores`` and ``differences`` (to the baseline) are by the name of the metric.
    """

    source: str
    seeds: int = 1
    scores: dict[str, JudgedScore] = {}
    differences: dict[str, JudgedScore] = {}


class JudgedPair(_Part):
    """How much more of each score the speech of ``system`` has than that of ``against``, of the ``seeds`` that both spoke."""

    system: str
    against: str
    seeds: int
    differences: dict[str, JudgedScore]


class Judges(_Part):
    """What independent judges say of the test utterances: by which versions of them, and which utterances they failed on.

    ``pairs`` are differences besides those to the baseline: every candidate minus each of its controls.
    """

    versions: dict[str, str] = {}
    utterances: int = 0
    failed: dict[str, str] = {}
    speech: tuple[JudgedSpeech, ...] = ()
    pairs: tuple[JudgedPair, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the scores."""
        return tuple(dict.fromkeys(name for row in self.speech for name in row.scores))

    @property
    def seeds(self) -> int:
        """Of how many seeds the speech is, at most."""
        return max((row.seeds for row in self.speech), default=1)


class Example(_Part):
    """A sentence to hear and see: wavs by source and the arrays drawn, relative to the comparison's folder."""

    id: str
    text: str = ""
    wavs: dict[str, str] = {}
    data: str | None = None


class SplitInfo(_Part):
    """The size of a split."""

    utterances: int | None = None
    seconds: float | None = None


class Settings(_Part):
    """What scores depend on, see :class:`tts.evaluation.tables.ScoreSettings`; ``description`` is all of it in a line."""

    model_config = ConfigDict(frozen=True, extra="allow")

    description: str = ""


class Results(_Part):
    """The contents of ``results.json``, as ``docs/comparing.md`` lists them."""

    format: int = FORMAT
    state: str = "complete"
    recipe: str = ""
    description: str = ""
    command: str = ""
    commit: str | None = None
    created: str = ""
    made_with: Environment = Environment()
    settings: Settings = Settings()
    splits: dict[str, SplitInfo] = {}
    prepared: str = ""
    primary: str = "mcd"
    smallest_effect: float | None = None
    baseline: str = ""
    seeds: tuple[int, ...] = ()
    metrics: tuple[MetricInfo, ...] = ()
    systems: tuple[SystemInfo, ...] = ()
    runs: tuple[RunInfo, ...] = ()
    ranking: tuple[RankingRow, ...] = ()
    differences: tuple[Contrast, ...] = ()
    against_controls: tuple[Contrast, ...] = ()
    leave_one_out: tuple[Contrast, ...] = ()
    references: References = References()
    judges: Judges | None = None
    search: tuple[SearchInfo, ...] = ()
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()
    answer: str = ""

    @field_validator("differences", "against_controls", "leave_one_out", mode="before")
    @classmethod
    def _undefined_is_left_out(cls, rows: Any) -> Any:
        """Leave out differences of scores that are undefined."""
        return [row for row in rows if not isinstance(row, Mapping) or row.get("estimate") is not None]

    @classmethod
    def from_dict(cls, data: Any, source: object = "results.json") -> Results:
        """Return what :meth:`to_dict` described; another format, or what is no results at all, raises :class:`TtsError`."""
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            version = data.get("format") if isinstance(data, Mapping) else None
            raise TtsError(f"{source} has format {version!r}, expected {FORMAT}; make it again with tts compare")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise TtsError(f"{source}: {place}: {first['msg']}; make it again with tts compare") from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-able data."""
        return self.model_dump(mode="json", by_alias=True)

    @cached_property
    def by_name(self) -> dict[str, SystemInfo]:
        """The systems by name."""
        return {system.name: system for system in self.systems}

    @property
    def scores(self) -> tuple[MetricInfo, ...]:
        """The scores that systems are compared on: all but the diagnostics."""
        return tuple(metric for metric in self.metrics if metric.name not in DIAGNOSTICS)

    def metric(self, name: str) -> MetricInfo:
        """Return a metric by name; of one that is not listed nothing but the name is known."""
        return next((metric for metric in self.metrics if metric.name == name), MetricInfo(name=name))

    @property
    def primary_metric(self) -> MetricInfo:
        """The score that decides."""
        return self.metric(self.primary)

    def runs_of(self, system: str, *, finished: bool = True) -> list[RunInfo]:
        """Return the runs of a system, by default those that finished."""
        return [run for run in self.runs if run.system == system and (run.finished or not finished)]

    def mean_scores(self, system: str, split: Literal["validation", "test"]) -> ScoreRow:
        """Return a system's scores on a split, averaged over the finished seeds that have them."""
        rows = [run.scores(split) for run in self.runs_of(system)]
        means: ScoreRow = {}
        for metric in self.metrics:
            values = [value for row in rows if (value := row.get(metric.name)) is not None]
            means[metric.name] = sum(values) / len(values) if values else None
        return means

    def undertrained(self) -> list[str]:
        """Return the systems that were trained too little to be compared: their mean MCD is above the floor."""
        mcd = {system.name: self.mean_scores(system.name, "test").get("mcd") for system in self.systems}
        return undertrained_systems(mcd, self.references.floor)

    def contrasts_to_baseline(self, metric: str) -> list[Contrast]:
        """Return the differences to the baseline on a score, in the order of the ranking."""
        place = {row.system: number for number, row in enumerate(self.ranking)}
        rows = [row for row in self.differences if row.metric == metric]
        return sorted(rows, key=lambda row: place.get(row.system, len(place)))


def read_results(folder: Path) -> Results:
    """Read ``folder/results.json``; raises :class:`UsageError` where there is none."""
    path = folder / "results.json"
    if not path.is_file():
        raise UsageError(f"{path}: not there; run tts compare first")
    return Results.from_dict(read_json(path), path)


def write_results(folder: Path, results: Results) -> None:
    """Write ``folder/results.json``."""
    write_json(folder / "results.json", results.to_dict())
