"""The parts of a recipe about the recordings, their text and their analysis."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from tts.core.grid import MAX_RATE, MIN_RATE, FrameGrid
from tts.recipe.names import EngineName, Seed, SpeakerName

MOST_SPEAKERS = 10_000
MAIN_STREAMS = ("mcep", "lf0", "vuv", "bap")


class Part(BaseModel):
    """Base of every part of a recipe: frozen, and strict about keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def filled(text: str) -> dict[str, Any]:
    """Mark a key whose default follows from the rest of the recipe and the amount of speech (``tts.recipe.defaults``)."""
    return {"filled": text}


TextColumn = Literal["auto", "raw", "normalised"]
CorpusFormat = Literal[  # read by tts.corpora.layouts
    "ljspeech",
    "ljspeech-speakers",
    "table",
    "json-lines",
    "text-files",
    "kaldi",
    "lhotse",
    "festival",
    "merlin",
    "espeak-demo",
    "aishell3",
    "baker",
    "cmu-arctic",
    "cmu-indic",
    "common-voice",
    "css10",
    "dailytalk",
    "hifi-captain",
    "hifi-tts",
    "hui",
    "jsut",
    "jvs",
    "l2-arctic",
    "libritts",
    "m-ailabs",
    "mls",
    "openslr-crowdsourced",
    "rhasspy",
    "vctk",
]
Column = Literal["id", "audio", "text", "normalised", "speaker", "start", "end", "-"]


# Merlin's sets of numbers that say where a frame is within its phone (tts.dataset.subphone).
SubphoneKind = Literal[
    "full", "coarse_coding", "minimal_phoneme", "minimal_frame", "uniform_state", "state_only", "frame_only", "none"
]


class SpeakerPart(Part):
    """One of several speakers: where the recordings are, and what differs from the corpus's own keys."""

    folder: str | None = Field(
        None,
        description="This speaker's folder, within the corpus's root or absolute. Default: the speaker's name.",
        examples=["anna-2024"],
    )
    text_column: TextColumn | None = Field(
        None, description="As `corpus.text_column`, for this speaker alone. Default: the corpus's.", examples=["raw"]
    )
    exclude: str | None = Field(
        None, description="As `corpus.exclude`, for this speaker alone. Default: the corpus's.", examples=["_alt$"]
    )


def _by_name(value: Any) -> Any:
    """Return speakers as a mapping from their names, which may come as a list."""
    names = isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
    return {name: {} for name in value} if names else value


class SelectPart(Part):
    """What is used of a corpus that is larger than one needs.

    Utterances are drawn by the seed, on every machine the same ones, and in turn from every speaker, so that each has about as
    much; a smaller choice is part of a larger one. selection.json in the prepared folder says which they are.
    """

    speakers: Literal["all"] | Annotated[int, Field(ge=1, le=MOST_SPEAKERS)] | None = Field(
        None,
        description="In place of `corpus.speaker` and `corpus.speakers`, in formats of public corpora: `all`, or the first so "
        "many by name.",
        examples=[10],
    )
    hours: float | None = Field(
        None, gt=0.0, le=100_000.0, description="So much speech in all, as the files' headers say, or less.", examples=[5]
    )
    limit: int | None = Field(None, ge=1, le=100_000_000, description="So many utterances in all, or fewer.", examples=[2000])
    seed: Seed = Field(0, description="Seed of the choice.", examples=[1])


class CorpusPart(Part):
    """Which recordings, by whom, and what may be done with them."""

    format: CorpusFormat = Field(
        "ljspeech",
        description="`ljspeech`: metadata.csv with `id|text` or `id|text|normalised text` lines. `ljspeech-speakers`: the same "
        "with `id|speaker|text`. `table`: lines of fields between bars, tabs or commas, in any order of columns. `json-lines`: "
        "an object a line, as NeMo and Piper write them. `text-files`: a .txt or .lab file with the text of each recording. "
        "`kaldi`: wav.scp, text, utt2spk, segments. `lhotse`: its manifests. `festival`: txt.done.data. `merlin`: "
        "file_id_list.scp with wav/ID.wav and txt/ID.txt or txt.done.data. `espeak-demo`: made on the spot by espeak-ng. The "
        "others are public corpora as they are published (`tts corpora`).",
        examples=["ljspeech"],
    )
    root: str | None = Field(
        None,
        description="Folder with metadata.csv, relative to the recipe or absolute. `--corpus-root` and TTS_CORPUS_ROOT come "
        "first. Default: data/NAME in the current folder.",
        examples=["../recordings"],
    )
    audio: str | None = Field(
        None,
        description="Folder of the recordings, relative to the root or absolute. Default: wavs in the root where it exists, "
        "otherwise the root itself. Paths in lists are followed into these two folders only.",
        examples=["verified"],
    )
    file: str | None = Field(
        None,
        max_length=1000,
        description="File within the root that lists the utterances, in the formats table, json-lines, lhotse, festival and "
        "merlin. Default: the one with a usual name.",
        examples=["train.jsonl"],
    )
    columns: tuple[Column, ...] = Field(
        (),
        max_length=64,
        description="What the columns of the format table hold, in order; `-` is of no use. Default: as its first line says, "
        "otherwise as they look.",
        examples=[["id", "-", "text"]],
        json_schema_extra={"form": "a list of id, audio, text, normalised, speaker, start, end and -"},
    )
    part: str = Field(
        "",
        max_length=100,
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$",
        description="Part of a public corpus: a language (`german` of CSS10), a set (`train-clean-100` of LibriTTS), a "
        "microphone (`mic2` of VCTK). Default: all, or the only one that is there.",
        examples=["train-clean-100"],
    )
    speaker: str = Field("", max_length=200, description="Who speaks, where the corpus has one speaker.", examples=["anna"])
    speakers: Annotated[
        dict[SpeakerName, SpeakerPart],
        BeforeValidator(_by_name, json_schema_input_type=list[SpeakerName] | dict[SpeakerName, SpeakerPart]),
    ] = Field(
        {},
        max_length=MOST_SPEAKERS,
        description="In place of `speaker`: several, each in a folder of its own or told apart in one metadata.csv; a list of "
        "names, or a mapping from names to what differs.",
        examples=[["anna", "ben"]],
        json_schema_extra={"form": "a list of names, or a mapping of names, each to a mapping of folder, text_column, exclude"},
    )
    select: SelectPart = Field(SelectPart(), description="What is used of a large corpus. Default: all of it.")
    language: str = Field(
        "en-us", max_length=40, description="Language of the text, as the front end calls it.", examples=["de"]
    )
    licence: str = Field(
        min_length=1,
        max_length=1000,
        description="Licence of the recordings; the voice's card states it.",
        examples=["CC0-1.0"],
    )
    source: str = Field(
        "", max_length=1000, description="Where the recordings come from; the voice's card states it.", examples=["LibriVox"]
    )
    consent: str = Field(
        "",
        max_length=1000,
        description="That the speaker agrees to a voice being made, and to what; the voice's card states it.",
        examples=["Anna agreed in writing on 2024-05-01"],
    )
    text_column: TextColumn = Field(
        "auto",
        description="Text that is read where there are two: `raw` (of metadata.csv the second column) or `normalised` (the "
        "third); `auto` the normalised one where it is there and not empty.",
        examples=["raw"],
    )
    exclude: str | None = Field(
        None, description="Regular expression; ids in which it matches are skipped.", examples=["_alt$"]
    )
    channel: Literal["only", "left", "right", "mix"] = Field(
        "only",
        description="Channel of the recordings; `only` leaves out recordings that have more than one.",
        examples=["left"],
    )

    @model_validator(mode="after")
    def _one_or_several(self) -> CorpusPart:
        chosen = self.select.speakers
        if bool(self.speaker) == bool(self.speakers or chosen):
            raise ValueError(
                "name either one speaker (speaker: anna) or, under speakers, several (speakers: [anna, ben]); a public corpus "
                "may have a number, or all, under select.speakers"
            )
        if self.speakers and chosen not in (None, "all", len(self.speakers)):
            raise ValueError(
                f"select.speakers: is {chosen}, but {len(self.speakers)} are named under speakers; give one of them"
            )
        if self.format == "ljspeech-speakers" and not self.speakers:
            raise ValueError("speakers: the format ljspeech-speakers needs the names of those to use")
        if self.format == "ljspeech-speakers" and any(part.folder for part in self.speakers.values()):
            raise ValueError("speakers: the format ljspeech-speakers keeps all speakers in one folder; leave folder out")
        columns = {self.text_column, *(part.text_column for part in self.speakers.values())}
        if self.format == "ljspeech-speakers" and columns - {"auto", None}:
            raise ValueError("text_column: the format ljspeech-speakers has one text a line; leave it out")
        if self.columns and (self.format != "table" or not {"id", "audio"} & {*self.columns} or "text" not in self.columns):
            raise ValueError("columns: is for the format table, and names text and at least one of id and audio")
        if len({*self.columns} - {"-"}) < sum(column != "-" for column in self.columns):
            raise ValueError("columns: names a column twice; - is for those of no use")
        if self.file is not None and self.format not in ("table", "json-lines", "lhotse", "festival", "merlin"):
            raise ValueError("file: is for the formats table, json-lines, lhotse, festival and merlin")
        if self.format == "espeak-demo" and self.speakers:
            raise ValueError("speakers: the demo corpus has one; name it with speaker")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The speakers, in order; none while `select.speakers` is not settled (``tts.dataset.selecting``)."""
        return tuple(self.speakers) or ((self.speaker,) if self.speaker else ())

    @property
    def several(self) -> bool:
        """Whether there is more than one speaker; so it is taken to be before all of a corpus's speakers are known."""
        return len(self.speakers) > 1 if self.speakers else self.select.speakers not in (None, 1)


RULES = "rest, auto, {count: 20}, {range: [FIRST, LAST]}, {prefix: TEXT}, {ids: [ID, ...]}, {file: ids.txt} or a list of ids"


def check_rule(rule: Any) -> Any:
    """Return a split's rule in its usual form, a list of ids as ``{ids: [...]}``; raises :class:`ValueError` for any other.

    ``tts.corpora.splits`` explains the rules and applies them.
    """
    match rule:
        case "rest" | "auto":
            return rule
        case [*ids] if ids and all(isinstance(id, str | int) for id in ids):
            return {"ids": [str(id) for id in ids]}
        case {"ids": [*ids], **others} if not others and ids and all(isinstance(id, str | int) for id in ids):
            return rule
        case {"file": str(), **others} if not others:
            return rule
        case {"prefix": str(), **others} if not others:
            return rule
        case {"prefix": [*prefixes], **others} if not others and prefixes and all(isinstance(p, str) for p in prefixes):
            return rule
        case {"range": [first, last], **others} if not others and not isinstance(first, list) and not isinstance(last, list):
            return {"range": [str(first), str(last)]}
        case {"range": [[_, _], *_] as ranges, **others} if not others and all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in ranges
        ):
            return rule
        case {"count": int(count), **others} if not others and count > 0 and not isinstance(count, bool):
            return rule
    raise ValueError(f"expected {RULES}")


RULE_SCHEMA = {
    "anyOf": [
        {"enum": ["rest", "auto"]},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}},
        *(
            {"type": "object", "properties": {key: form}, "required": [key], "additionalProperties": False}
            for key, form in {
                "count": {"type": "integer", "minimum": 1},
                "range": {"type": "array", "minItems": 1},
                "prefix": {"type": ["string", "array"]},
                "ids": {"type": "array", "minItems": 1},
                "file": {"type": "string"},
            }.items()
        ),
    ]
}
Rule = Annotated[
    str | dict[str, Any], BeforeValidator(check_rule), WithJsonSchema(RULE_SCHEMA), Field(json_schema_extra={"form": RULES})
]


class SplitPart(Part):
    """Which utterances are test, validation and training data, chosen in this order.

    A rule is `rest` (what is left), `auto` (a number that follows from the corpus: a sixteenth of its sentences, at least
    10 where that is no more than an eighth, at most 66), `{count: N}` (as many at random), `{range: [FIRST, LAST]}` (the ids
    from first to last; also a list of ranges), `{prefix: TEXT}` (also a list), a list of ids, or `{file: PATH}` (one id
    a line).
    """

    test: Rule = Field("auto", description="Utterances for the final scores.", examples=[{"count": 20}])
    validation: Rule = Field("auto", description="Utterances that choose the weights that are kept.", examples=[{"count": 20}])
    train: Rule = Field("rest", description="Utterances to learn from.", examples=["rest"])
    seed: Seed = Field(0, description="Seed of the random choices.", examples=[1])
    limit: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="By speaker: so many training utterances are used, chosen by the seed.", examples=[{"anna": 100}]
    )

    @model_validator(mode="after")
    def _train_is_named(self) -> SplitPart:
        if self.train == "auto":
            raise ValueError("train: auto is for test and validation; expected rest, which is what they leave, or another rule")
        return self


class TextPart(Part):
    """The front end: from text to phones."""

    engine: EngineName = Field(
        "gruut",
        description="`gruut`; `espeak` (GPL, a hundred languages); `openjtalk` (Japanese); `letters`: every letter is a phone; "
        "`lexicon`: only the words of `text.lexicon`; `phones`: the texts are phones already.",
        examples=["espeak"],
    )
    lexicon: str | None = Field(
        None, description="File of pronunciations, one `word phones` a line, relative to the recipe.", examples=["lexicon.txt"]
    )
    source: Literal["text", "labels"] = Field(
        "text",
        description="Where the corpus's words, syllables and phones come from: `text`, read by the front end, or `labels`, the "
        "full-context labels of `alignment.labels`; then the front end reads only what the voice is to speak.",
        examples=["labels"],
    )
    questions: str | None = Field(
        None,
        description="HTS question file, relative to the recipe: a network reads its answers about full-context labels, and "
        "`subphone`, in place of the product's own features. All inputs are scaled to 0.01..0.99 by their range in training.",
        examples=["questions.hed"],
    )
    subphone: SubphoneKind | None = Field(
        None,
        description="With `questions`: Merlin's set of numbers that say where a frame is within its phone. Default: full.",
        examples=["coarse_coding"],
    )

    @model_validator(mode="after")
    def _subphone_needs_questions(self) -> TextPart:
        if self.subphone is not None and self.questions is None:
            raise ValueError("subphone: belongs to questions, and there is no question file; leave it out")
        return self


class FramesPart(Part):
    """The frames that everything is computed on; FFT size, warping and the number of aperiodicity bands follow."""

    sample_rate: int = Field(
        ge=MIN_RATE,
        le=MAX_RATE,
        description="Rate of the voice in Hz; recordings of higher rates are resampled, those of lower ones left out.",
        examples=[22050],
    )
    shift_ms: float = Field(5.0, ge=1.0, le=20.0, description="Milliseconds from frame to frame.", examples=[5])
    mcep_order: int = Field(59, ge=10, le=99, description="Order of the mel-cepstrum.", examples=[59])
    warping: float | None = Field(
        None,
        ge=0.0,
        lt=1.0,
        description="All-pass constant of the mel-cepstrum. Default: what comes nearest to the mel scale at the sample rate; "
        "scores in dB compare only at the same one.",
        examples=[0.58],
    )

    @property
    def grid(self) -> FrameGrid:
        """The grid these numbers describe."""
        return FrameGrid(self.sample_rate, self.shift_ms, self.warping)


class AlignmentPart(Part):
    """How the times of the phones are found."""

    states: int = Field(5, ge=1, le=9, description="States of a phone, each with a duration of its own.", examples=[5])
    train_on: Literal["train", "all"] = Field(
        "train",
        description="`train`: the aligner never sees validation and test recordings; `all` is for small corpora.",
        examples=["all"],
    )
    labels: str | None = Field(
        None,
        description="Folder of label files (.lab or .TextGrid) to read in place of aligning, relative to the recipe or to the "
        "corpus's root.",
        examples=["labels"],
    )
    phone_names: str = Field(
        "ipa",
        max_length=1000,
        description="How label files call phones: `ipa`, `arpabet` (the CMU dictionary's and Festival's names), or a file "
        "relative to the recipe with a line `name phone` for each.",
        examples=["arpabet"],
    )
    leave_out: bool = Field(
        False,
        description="Leave out the recordings whose times cannot be right: a fit more than 5 robust deviations below the "
        "usual one, or a phone of more than 0.6 s. The report lists them in any case.",
        examples=[True],
    )
    drop_worst: float = Field(
        0.0,
        ge=0.0,
        le=50.0,
        description="Leave out so many per cent of the recordings: those whose texts fit worst. The report lists them.",
        examples=[2],
    )

    @model_validator(mode="after")
    def _worst_is_known(self) -> AlignmentPart:
        if self.drop_worst and self.labels is not None:
            raise ValueError("drop_worst: label files do not tell how well texts fit; leave out drop_worst or labels")
        return self


class AnalysisPart(Part):
    """The analysis of F0."""

    f0_tracker: Literal["combined", "dio", "harvest"] = Field("combined", description="Tracker of F0.", examples=["harvest"])
    f0_range: tuple[float, float] | None = Field(
        None,
        description="[lowest, highest] F0 in Hz, within 50..800 and half an octave apart or more. Default: from a first pass.",
        examples=[[75, 300]],
    )

    features: str | None = Field(
        None,
        description="Folder with Merlin's features, relative to the recipe or to the corpus's root: mgc/ID.mgc, lf0/ID.lf0 "
        "and bap/ID.bap are read in place of analysing F0, spectrum and aperiodicity. Their order and warping must be those "
        "of `frames`.",
        examples=["acoustic_model/data"],
    )

    @model_validator(mode="after")
    def _range(self) -> AnalysisPart:
        if self.f0_range is not None and not 50.0 <= self.f0_range[0] < self.f0_range[1] / 1.41 <= 800.0 / 1.41:
            raise ValueError("f0_range: expected [low, high] within 50..800 Hz, half an octave apart or more")
        return self


class GenerationPart(Part):
    """Defaults of the voice when it speaks."""

    post_filter: Literal["none", "cepstral", "variance"] = Field(
        "variance",
        description="What sharpens the smoothed spectra: `cepstral`, `variance` (to the variance of the recordings) or `none`.",
        examples=["cepstral"],
    )
    strength: float = Field(1.0, ge=0.0, le=1.0, description="Strength of the post-filter; 0 is none.", examples=[0.8])
    f0_variance: float = Field(
        1.0,
        ge=0.0,
        le=1.5,
        description="How far log F0's variance in a sentence is restored: 0 is not at all, 1 to that of the recordings.",
        examples=[0.8],
    )
