"""The parts of a recipe about splits, text, frames, alignment, analysis and speaking."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tts.core.grid import MAX_RATE, MIN_RATE, FrameGrid
from tts.recipe.base import Part
from tts.recipe.names import DigitsName, EngineName, Seed, VocoderName

# Merlin's sets of numbers that say where a frame is within its phone (tts.dataset.subphone).
SubphoneKind = Literal[
    "full", "coarse_coding", "minimal_phoneme", "minimal_frame", "uniform_state", "state_only", "frame_only", "none"
]


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

    digits: DigitsName = Field(
        "auto",
        description="How whole numbers in figures are read: as their shape suggests; `single`: figure by figure, from three "
        "on; `whole`: as one number. A voice keeps it; a request may say otherwise.",
        examples=["single"],
    )
    prominence: bool = Field(
        False,
        description="English: networks read too how prominent each word is likely to be and how strong the boundary after it, "
        "as a model made of LibriTTS predicts them from the text, and which kind of question a sentence is.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _prominence_of_words(self) -> TextPart:
        for key, value in (
            ("questions", self.questions),
            ("engine", self.engine == "phones"),
            ("source", self.source == "labels"),
        ):
            if self.prominence and value:
                raise ValueError(
                    f"prominence: is predicted from the words of a text for the product's own features, so not with {key}: "
                    f"{getattr(self, key)}; leave one of them out"
                )
        return self

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
    phones: Literal["text", "labels"] = Field(
        "text",
        description="Whose phones count where label files have others than the front end: those of the `text` (the utterance "
        "is left out, with the reason) or those of the `labels`, word by word.",
        examples=["labels"],
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
        if self.phones == "labels" and self.labels is None:
            raise ValueError("phones: there are no label files to take them from; name their folder with labels")
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
    vocoder: VocoderName = Field(
        "source_filter",
        description="What makes sound of the trajectories: `source_filter`, or WORLD's own synthesis, eight times slower.",
        examples=["world"],
    )
    edit_strength: float = Field(
        1.0,
        ge=0.0,
        le=2.0,
        description="Factor on the edit of a voice that has one (`kind: edit` among its stages); 0 is variance scaling alone.",
        examples=[0.5],
    )
    speed: float = Field(
        1.0,
        ge=0.5,
        le=2.0,
        description="The voice's own speed: at 0.97 all that it predicts lasts 3 % longer. `--speed` is a factor on it.",
        examples=[0.97],
    )
