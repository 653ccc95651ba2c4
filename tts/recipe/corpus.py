"""The part of a recipe about the recordings: where they lie, who speaks, what of them is used."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from tts.recipe.base import Part
from tts.recipe.names import Seed, SpeakerName

MOST_SPEAKERS = 10_000

Seconds = Annotated[float, Field(ge=0.0, le=100.0)]
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
    "hibari-demo",
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
        "file_id_list.scp with wav/ID.wav and txt/ID.txt or txt.done.data. `hibari-demo` and `espeak-demo`: made on the spot "
        "by hibari-tts, by espeak-ng. The others are public corpora as they are published (`tts corpora`).",
        examples=["ljspeech"],
    )
    root: str | None = Field(
        None,
        description="Folder with metadata.csv, relative to the recipe or absolute, or its address in an object store "
        "(s3://...). `--corpus-root` and TTS_CORPUS_ROOT come first. Default: data/NAME in the current folder.",
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
    pace: tuple[Seconds, Seconds] = Field(
        (0.03, 0.25),
        description="Fewest and most seconds of speech a letter, silence at the ends apart, with which a recording can be of "
        "its text; others are left out. Scripts whose signs are syllables or words get more, as the corpus's usual pace says.",
        examples=[[0.03, 0.4]],
        json_schema_extra={"form": "two numbers of seconds, the smaller first"},
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
        if self.format in ("hibari-demo", "espeak-demo") and self.speakers:
            raise ValueError("speakers: the demo corpus has one; name it with speaker")
        return self

    @model_validator(mode="after")
    def _pace_in_order(self) -> CorpusPart:
        if self.pace[0] >= self.pace[1]:
            raise ValueError("pace: expected two numbers, the smaller first")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The speakers, in order; none while `select.speakers` is not settled (``tts.dataset.selecting``)."""
        return tuple(self.speakers) or ((self.speaker,) if self.speaker else ())

    @property
    def several(self) -> bool:
        """Whether there is more than one speaker; so it is taken to be before all of a corpus's speakers are known."""
        return len(self.speakers) > 1 if self.speakers else self.select.speakers not in (None, 1)
