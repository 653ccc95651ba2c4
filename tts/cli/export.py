"""``tts export``: a prepared corpus as HTS, Merlin, lhotse and Kaldi read it; a voice as others need it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.options import VoiceName
from tts.cli.output import say
from tts.core.errors import UsageError
from tts.core.folders import require_own_folder

if TYPE_CHECKING:
    from tts.corpora.types import Utterance
    from tts.dataset.prepared import Prepared


class EndSilences(StrEnum):
    """What the silence before and after speech is called."""

    sil = "sil"
    pau = "pau"


PreparedFolder = Annotated[Path, typer.Argument(help="A prepared corpus, such as output/RECIPE/prepared.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="A new folder for the files.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(
        name="export", no_args_is_help=True, help="A prepared corpus as other toolkits read it, a voice as others need it."
    )
    group.command("labels")(labels)
    group.command("text")(text)
    group.command("merlin")(merlin)
    group.command("parameters")(parameters)
    group.command("lhotse")(lhotse)
    group.command("kaldi")(kaldi)
    group.command("voice")(voice)
    app.add_typer(group)


def labels(
    prepared: PreparedFolder,
    out: Out,
    phones: Annotated[bool, typer.Option("--phones", help="A line a phone, not a state.")] = False,
    silence: Annotated[
        EndSilences, typer.Option("--silence", help="Name of the silence at the ends: sil (Merlin), pau (Festival's voices).")
    ] = EndSilences.sil,
) -> None:
    """Write full-context labels with times, a file ID.lab an utterance."""
    from tts.dataset.exporting import export_labels
    from tts.dataset.prepared import Prepared

    count = export_labels(Prepared(prepared), out, states=not phones, end_silence="pau" if silence == "pau" else "sil")
    say(f"{count} label files: {out}")


def text(
    file: Annotated[Path, typer.Argument(help="A text file, read as tts speak reads it.")],
    out: Out,
    language: Annotated[str, typer.Option("--language", help="Of the texts.")] = "en-us",
    engine: Annotated[str, typer.Option("--engine", help="Front end (tts languages).")] = "gruut",
    silence: Annotated[
        EndSilences, typer.Option("--silence", help="Name of the silence at the ends: pau (Festival's voices), sil (Merlin).")
    ] = EndSilences.pau,
) -> None:
    """Write full-context labels of texts, a line a phone without times, as hts_engine reads them: a file ID.lab a text."""
    from tts.generation.text_files import read_requests
    from tts.generation.text_labels import write_text_labels
    from tts.text.engine import make_engine

    front_end = make_engine(engine, language)
    count = write_text_labels(read_requests([file]), out, front_end, "pau" if silence == "pau" else "sil")
    say(f"{count} label files: {out}")


def merlin(prepared: PreparedFolder, out: Out) -> None:
    """Write what Merlin trains on: labels by state and phone, .mgc, .lf0 and .bap, file_id_list.scp."""
    from tts.dataset.exporting import FILE_LIST, export_merlin
    from tts.dataset.prepared import Prepared

    corpus = Prepared(prepared)
    counts = export_merlin(corpus, out)
    say(f"{sum(counts.values())} utterances, in {FILE_LIST} {', '.join(f'{n} {split}' for split, n in counts.items())}")
    say(
        f"in Merlin's configuration: mgc {corpus.streams['mcep'].dimension}, bap {corpus.grid.bands}, "
        f"samplerate {corpus.grid.sample_rate}, fw_alpha {corpus.grid.alpha:g}, framelength {corpus.grid.fft_size}"
    )


def parameters(
    name: VoiceName,
    files: Annotated[list[Path], typer.Argument(help="Text or label files, read as tts speak reads them.", metavar="FILE...")],
    out: Out,
) -> None:
    """Write what a voice gives its vocoder, as Merlin's files: mgc/ID.mgc, lf0/ID.lf0 and bap/ID.bap for every text."""
    from tts.generation.speaking import load_speaker
    from tts.generation.spoken_parameters import write_parameters
    from tts.generation.synthesiser import Synthesiser, SynthesisSettings
    from tts.generation.text_files import read_requests

    requests = read_requests(files)
    speaker = load_speaker(name)
    with Synthesiser(speaker, SynthesisSettings.of(speaker.generation)) as synthesiser:
        write_parameters(synthesiser, requests, out)
    grid = speaker.grid
    say(f"{len(requests)} texts: {out}")
    say(
        f"float32, mgc of {speaker.streams['mcep'].dimension}, bap of {grid.bands} a frame of {grid.shift_ms:g} ms at "
        f"{grid.sample_rate} Hz; frequency warping {grid.alpha:g}, FFT of {grid.fft_size}; lf0 is -1e10 where unvoiced"
    )


class PathsAs(StrEnum):
    """How recordings are named in manifests."""

    absolute = "absolute"
    relative = "relative"
    copy = "copy"


AsPaths = Annotated[
    PathsAs,
    typer.Option("--paths", help="Recordings by absolute paths, by paths relative to the files, or as copies beside them."),
]


def lhotse(prepared: PreparedFolder, out: Out, paths: AsPaths = PathsAs.absolute) -> None:
    """Write lhotse's manifests of recordings and supervisions, a pair a split."""
    from tts.corpora.manifests_out import write_lhotse
    from tts.dataset.prepared import Prepared

    corpus = Prepared(prepared)
    _require_empty(out)
    files = write_lhotse(out, corpus.facts.corpus.name, _splits(corpus), paths.value)
    say("\n".join(map(str, files)))


def kaldi(prepared: PreparedFolder, out: Out, paths: AsPaths = PathsAs.absolute) -> None:
    """Write Kaldi data directories (wav.scp, text, utt2spk, spk2utt), one a split."""
    from tts.corpora.manifests_out import write_kaldi
    from tts.dataset.prepared import Prepared

    corpus = Prepared(prepared)
    _require_empty(out)
    say("\n".join(map(str, write_kaldi(out, _splits(corpus), paths.value))))


class Weights(StrEnum):
    """How the weights of a voice are stored."""

    float16 = "float16"
    float32 = "float32"


def voice(
    name: VoiceName,
    out: Annotated[
        str,
        typer.Option("--out", "-o", metavar="FOLDER", help="A new folder, or its address; its name can be the voice's."),
    ],
    precision: Annotated[
        Weights, typer.Option("--precision", help="Of the weights; speech is computed in float32 all the same.")
    ] = Weights.float16,
) -> None:
    """Write what a voice needs to speak, without its training, and check that it says the same."""
    from tts.core.deposit import folder_made_here
    from tts.core.remote import place_of
    from tts.generation.packing import pack_voice
    from tts.generation.voices import CONFIG, find_voice

    place = place_of(out)
    with folder_made_here(place, last=CONFIG) as folder:
        packed = pack_voice(find_voice(name).folder, folder, precision=precision.value)
    say(f"{place}: {packed.line()}")


def _splits(corpus: Prepared) -> dict[str, list[Utterance]]:
    """Return the utterances of a prepared corpus by split, each with the recording that was analysed."""
    from tts.corpora.types import Utterance

    facts = corpus.facts
    splits: dict[str, list[Utterance]] = {}
    for split in facts.splits:
        splits[split] = [
            Utterance(key, corpus.text_of(key), corpus.audio_path(key), corpus.speaker_of(key), facts.text.language)
            for key in corpus.packed(split).ids
        ]
    return splits


def _require_empty(out: Path) -> None:
    """Raise :class:`UsageError` where the folder holds anything: an export writes over nothing, its own neither."""
    if out.is_dir() and (inside := sorted(path.name for path in out.iterdir() if not path.name.startswith("."))):
        raise UsageError(f"{out}: is there already (it holds {inside[0]}), nothing is written over; choose another --out")
    require_own_folder(out, "tts export")
