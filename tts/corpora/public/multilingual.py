"""Corpora of many languages: CSS10, M-AILABS, Multilingual LibriSpeech, Common Voice; and HUI, in German.

Sources: CSS10's README (readers, running times, Kaggle pages); M-AILABS's own text at github.com/imdatceleste/m-ailabs-dataset
(hours, sizes, addresses, 16 kHz, terms); openslr.org/94 (MLS: addresses, sizes, terms) and lhotse 1.33, recipe ``mls``
(16 kHz); lhotse 1.33, recipe ``commonvoice`` (layout); HUI: arXiv:2106.06309 (speakers, hours, 44.1 kHz, terms), NeMo
scripts/dataset_processing/tts/hui_acg and ESPnet egs2/hui_acg (addresses, layout).
"""

from __future__ import annotations

from tts.corpora.public.entry import CC0, CC_BY, PUBLIC_DOMAIN, Archive, Licence, PublicCorpus

_CSS10 = {
    "german": "de",
    "greek": "el",
    "spanish": "es",
    "finnish": "fi",
    "french": "fr",
    "hungarian": "hu",
    "japanese": "ja",
    "dutch": "nl",
    "russian": "ru",
    "chinese": "zh",
}

_M_AILABS = {  # part: language, GiB to download
    "de_DE": ("de", 20),
    "en_UK": ("en", 3.5),
    "en_US": ("en", 7.5),
    "es_ES": ("es", 8.3),
    "it_IT": ("it", 9.5),
    "uk_UK": ("uk", 6.7),
    "ru_RU": ("ru", 3.6),
    "fr_FR": ("fr", 15),
    "pl_PL": ("pl", 4.2),
}

_MLS = {  # part: language, GB of the Opus archive
    "english": ("en", 651),
    "german": ("de", 29),
    "dutch": ("nl", 23),
    "french": ("fr", 16),
    "spanish": ("es", 14),
    "italian": ("it", 3.8),
    "portuguese": ("pt", 2.5),
    "polish": ("pl", 1.6),
}

_HUI = "https://opendata.iisys.de/opendata/Datasets/HUI-Audio-Corpus-German/dataset_clean"
_HUI_OLD = "https://opendata.iisys.de/systemintegration/Datasets/HUI-Audio-Corpus-German/dataset_clean"

CORPORA = (
    PublicCorpus(
        name="css10",
        title="CSS10, single speakers in ten languages",
        languages=tuple(_CSS10.values()),
        speakers=10,
        hours=141.2,
        rate=22_050,
        licence=PUBLIC_DOMAIN,
        citation="K. Park and T. Mulc, CSS10: Single Speaker Speech Datasets for 10 Languages, Interspeech 2019",
        reference="Park and Mulc 2019",
        home="https://github.com/Kyubyong/css10",
        read_by="own",
        format="css10",
        archives=tuple(
            Archive(
                url="", name=f"{part}-single-speaker-speech-dataset.zip", part=part, language=language, folder=part, strip=part
            )
            for part, language in _CSS10.items()
        ),
        sources=("github.com/Kyubyong/css10 README.md",),
        by_hand="Kaggle wants a login: download https://www.kaggle.com/datasets/bryanpark/LANGUAGE-single-speaker-speech-dataset",
        notes=(
            "German 16:43 h, Greek 4:08, Spanish 23:50, Finnish 10:32, French 19:09, Hungarian 10:00, Japanese 14:56, "
            "Dutch 14:07, Russian 21:22, Chinese 6:27.",
        ),
    ),
    PublicCorpus(
        name="m_ailabs",
        title="M-AILABS Speech Dataset",
        languages=("de", "en", "es", "it", "uk", "ru", "fr", "pl"),
        speakers=None,
        hours=999.5,
        rate=16_000,
        licence=Licence(
            spdx="LicenseRef-M-AILABS",
            commercial="yes",
            why="any use with its notice; the Ukrainian recordings were given for machine learning only",
            url="https://github.com/imdatceleste/m-ailabs-dataset",
        ),
        citation="I. Solak, The M-AILABS Speech Dataset, 2019",
        reference="Solak 2019",
        home="https://github.com/imdatceleste/m-ailabs-dataset",
        read_by="own",
        format="m-ailabs",
        archives=tuple(
            Archive(
                url=f"https://data.solak.de/data/Training/stt_tts/{part}.tgz",
                size=int(size * 2**30),
                part=part,
                language=language,
                mirrors=(f"https://www.caito.de/data/Training/stt_tts/{part}.tgz",),
            )
            for part, (language, size) in _M_AILABS.items()
        ),
        sources=("github.com/imdatceleste/m-ailabs-dataset README.md",),
        notes=(
            "de_DE 237:22 h, en_UK 45:34, en_US 102:07, es_ES 108:34, it_IT 127:40, uk_UK 87:08, ru_RU 46:47, fr_FR 190:30, "
            "pl_PL 53:50; half a second of silence before and after each clip.",
        ),
    ),
    PublicCorpus(
        name="mls",
        title="Multilingual LibriSpeech",
        languages=tuple(language for language, _ in _MLS.values()),
        speakers=None,
        hours=None,
        rate=16_000,
        licence=CC_BY,
        citation="V. Pratap et al., MLS: A Large-Scale Multilingual Dataset for Speech Research, Interspeech 2020",
        reference="Pratap et al. 2020",
        home="https://www.openslr.org/94/",
        read_by="own",
        format="mls",
        archives=tuple(
            Archive(
                url=f"https://dl.fbaipublicfiles.com/mls/mls_{part}_opus.tar.gz",
                size=int(size * 1_000_000_000),
                part=part,
                recipe_part=f"mls_{part}",
                language=language,
            )
            for part, (language, size) in _MLS.items()
        ),
        sources=("openslr.org/94", "lhotse 1.33 recipes/mls.py"),
        notes=("Made for speech recognition: texts without capitals and punctuation. Opus; about 32,000 hours of English.",),
    ),
    PublicCorpus(
        name="common_voice",
        title="Mozilla Common Voice",
        languages=(
            "en",
            "de",
            "fr",
            "es",
            "it",
            "nl",
            "pt",
            "pl",
            "ru",
            "uk",
            "cs",
            "ca",
            "eu",
            "fa",
            "tr",
            "zh",
            "cy",
            "eo",
            "rw",
        ),
        speakers=None,
        hours=None,
        rate=None,
        licence=Licence(
            spdx="CC0-1.0",
            commercial="yes",
            why="one agrees not to find out who the speakers are",
            consent=True,
            url="https://commonvoice.mozilla.org/terms",
        ),
        citation="R. Ardila et al., Common Voice: A Massively-Multilingual Speech Corpus, LREC 2020",
        reference="Ardila et al. 2020",
        home="https://commonvoice.mozilla.org/datasets",
        read_by="own",
        format="common-voice",
        archives=(Archive(url="", name="cv-corpus-*.tar.gz", strip="cv-corpus-*"),),
        sources=("lhotse 1.33 recipes/commonvoice.py", "commonvoice.mozilla.org"),
        by_hand="its page gives the address after an agreement; take the languages that you need, one archive each",
        notes=(
            "Hundreds of languages, of which some are listed; thousands of speakers with a few sentences each: look for one "
            "with many. Numbers of speakers and hours differ from release to release.",
        ),
    ),
    PublicCorpus(
        name="hui",
        title="HUI-Audio-Corpus-German, clean",
        languages=("de",),
        speakers=None,
        hours=None,
        rate=44_100,
        licence=CC0,
        citation="P. Puchtler et al., HUI-Audio-Corpus-German: A high quality TTS dataset, arXiv:2106.06309, 2021",
        reference="Puchtler et al. 2021",
        home="https://opendata.iisys.de/dataset/hui-audio-corpus-german/",
        read_by="own",
        format="hui",
        archives=tuple(
            Archive(
                url=f"{_HUI}/{speaker}_Clean.zip", speaker=speaker, language="de", mirrors=(f"{_HUI_OLD}/{speaker}_Clean.zip",)
            )
            for speaker in ("Bernd_Ungerer", "Eva_K", "Friedrich", "Hokuspokus", "Karlsson", "others")
        ),
        sources=("arXiv:2106.06309", "NeMo scripts/dataset_processing/tts/hui_acg", "ESPnet egs2/hui_acg"),
        notes=("LibriVox readers. The full set has 326 hours of 122 speakers; this is the clean part of it.",),
    ),
)
