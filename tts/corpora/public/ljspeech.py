"""LJSpeech, and corpora of one reader each in its layout: Thorsten, and Rhasspy's CC0 voices.

Sources: lhotse 1.33, recipe ``ljspeech``, and torchaudio 2.11, ``datasets/ljspeech.py`` (address, sha256, hours, terms); the
dataset's own README (13,100 clips, 23:55 h, 22.05 kHz). Thorsten: OpenSLR 95 (address, terms, 22.05 kHz); Coqui TTS's and
NeMo's download scripts; size as the server announced it in May 2026 (voxkitchen's recipe). Rhasspy: the README.md of each
repository (terms, rate) and its tree at the commit named below; kathleen's rate and hours as measured on its recordings.
"""

from __future__ import annotations

from tts.corpora.public.entry import CC0, PUBLIC_DOMAIN, Archive, PublicCorpus

_LJSPEECH = PublicCorpus(
    name="ljspeech",
    title="The LJ Speech Dataset",
    languages=("en",),
    speakers=1,
    hours=23.9,
    rate=22_050,
    licence=PUBLIC_DOMAIN,
    citation="K. Ito and L. Johnson, The LJ Speech Dataset, 2017, https://keithito.com/LJ-Speech-Dataset/",
    reference="Ito and Johnson 2017",
    home="https://keithito.com/LJ-Speech-Dataset/",
    read_by="own",
    format="ljspeech",
    archives=(
        Archive(
            url="https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
            size=2_748_572_632,
            sha256="be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
            language="en",
            strip="LJSpeech-1.1",
        ),
    ),
    sources=("lhotse 1.33 recipes/ljspeech.py", "torchaudio 2.11 datasets/ljspeech.py", "the dataset's README"),
)

_THORSTEN = PublicCorpus(
    name="thorsten",
    title="Thorsten-Voice, neutral, 2021.02",
    languages=("de",),
    speakers=1,
    hours=23,
    rate=22_050,
    licence=CC0,
    citation="T. Müller and D. Kreutz, Thorsten-Voice Dataset 2021.02, Zenodo, 2021, doi:10.5281/zenodo.5525342",
    reference="Müller and Kreutz 2021",
    home="https://www.thorsten-voice.de/",
    read_by="own",
    format="ljspeech",
    archives=(
        Archive(
            url="https://www.openslr.org/resources/95/thorsten-de_v02.tgz",
            size=3_002_716_611,
            language="de",
            strip="thorsten-de*",
            mirrors=("https://openslr.trmal.net/resources/95/thorsten-de_v02.tgz",),
        ),
    ),
    sources=("openslr.org/95", "Coqui TTS utils/downloaders.py", "NeMo scripts/dataset_processing/tts/openslr_95"),
)


def _rhasspy(name: str, commit: str, language: str, rate: int, hours: float | None, note: str) -> PublicCorpus:
    """Return the entry of one of Rhasspy's voices, as it is in its repository at a commit ("" for the newest)."""
    repository = f"https://github.com/rhasspy/dataset-voice-{name}"
    return PublicCorpus(
        name=name,
        title=f"Rhasspy's voice dataset {name}",
        languages=(language,),
        speakers=1,
        hours=hours,
        rate=rate,
        licence=CC0,
        citation=f"Rhasspy, dataset-voice-{name}, {repository}",
        reference="Rhasspy 2020",
        home=repository,
        read_by="own",
        format="rhasspy",
        archives=(
            Archive(
                url=f"{repository}/archive/{commit or 'refs/heads/master'}.zip",
                name=f"dataset-voice-{name}.zip",
                language=language,
                strip=f"dataset-voice-{name}-*",
            ),
        ),
        sources=(f"github.com/rhasspy/dataset-voice-{name}, README.md and tree",),
        notes=(note,),
    )


CORPORA = (
    _LJSPEECH,
    _THORSTEN,
    _rhasspy(
        "kathleen", "", "en", 48_000, 0.96, "American woman, the 1132 prompts of CMU ARCTIC, some read more than once; stereo."
    ),
    _rhasspy(
        "kerstin",
        "3a655707295512827271acac9ce881aaf0401429",
        "de",
        48_000,
        None,
        "German woman, 1374 prompts; trimmed FLAC in verified/, the original WebM in audio/.",
    ),
    _rhasspy(
        "nathalie",
        "3effe6077fcd7aea81090225713175328e137860",
        "nl",
        48_000,
        None,
        "Woman, Dutch of Flanders, 1131 prompts; trimmed FLAC in verified/, the original WebM in audio/.",
    ),
    _rhasspy(
        "flemishguy",
        "12d990c1a5ab413c3b424261a9847c3410cf2586",
        "nl",
        24_000,
        None,
        "Man, Dutch of Flanders, 1139 prompts, the same ones as nathalie's; file names end with the time of recording.",
    ),
)
