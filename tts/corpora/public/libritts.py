"""Audiobooks of LibriVox in English: LibriTTS, LibriTTS-R, Hi-Fi TTS; and VCTK, DailyTalk.

Sources: lhotse 1.33, recipes ``libritts``, ``hifitts``, ``vctk``, ``daily_talk`` (addresses, layouts, hours, speakers, terms);
torchaudio 2.11, ``datasets/libritts.py`` and ``datasets/vctk.py`` (sha256); Zen et al. 2019 (2456 speakers); openslr.org/60,
/109 and /141 (terms); sizes as the servers announced them in May 2026 (voxkitchen's recipes), VCTK's from several scripts that
check it; VCTK's address from the repository's own interface (its older one answers with a web page).
"""

from __future__ import annotations

from tts.corpora.public.entry import CC_BY, Archive, Licence, PublicCorpus

_LIBRITTS = {  # part: size, sha256
    "dev-clean": (1_291_469_655, "da0864e1bd26debed35da8a869dd5c04dfc27682921936de7cff9c8a254dbe1a"),
    "dev-other": (924_804_676, "d413eda26f3a152ac7c9cf3658ef85504dfb1b625296e5fa83727f5186cca79c"),
    "test-clean": (1_230_670_113, "234ea5b25859102a87024a4b9b86641f5b5aaaf1197335c95090cde04fe9a4f5"),
    "test-other": (964_502_297, "33a5342094f3bba7ccc2e0500b9e72d558f72eb99328ac8debe1d9080402f10d"),
    "train-clean-100": (7_723_686_890, "c5608bf1ef74bb621935382b8399c5cdd51cd3ee47cec51f00f885a64c6c7f6b"),
    "train-clean-360": (27_504_073_644, "ce7cff44dcac46009d18379f37ef36551123a1dc4e5c8e4eb73ae57260de4886"),
    "train-other-500": (44_565_031_479, "e35f7e34deeb2e2bdfe4403d88c8fdd5fbf64865cae41f027a185a6965f0a5df"),
}

_LIBRITTS_R = {
    "dev-clean": 1_357_352_348,
    "dev-other": 975_450_334,
    "test-clean": 1_294_768_623,
    "test-other": 1_011_954_678,
    "train-clean-100": 8_129_817_509,
    "train-clean-360": 28_953_983_271,
    "train-other-500": 46_843_185_428,
}

CORPORA = (
    PublicCorpus(
        name="libritts",
        title="LibriTTS",
        languages=("en",),
        speakers=2456,
        hours=585,
        rate=24_000,
        licence=CC_BY,
        citation="H. Zen et al., LibriTTS: A Corpus Derived from LibriSpeech for Text-to-Speech, Interspeech 2019",
        reference="Zen et al. 2019",
        home="https://www.openslr.org/60/",
        read_by="lhotse",
        format="libritts",
        archives=tuple(
            Archive(
                url=f"https://www.openslr.org/resources/60/{part}.tar.gz",
                size=size,
                sha256=sha256,
                part=part,
                language="en",
                strip="LibriTTS",
            )
            for part, (size, sha256) in _LIBRITTS.items()
        ),
        sources=("lhotse 1.33 recipes/libritts.py", "torchaudio 2.11 datasets/libritts.py", "openslr.org/60"),
    ),
    PublicCorpus(
        name="libritts_r",
        title="LibriTTS-R, LibriTTS restored by a network",
        languages=("en",),
        speakers=2456,
        hours=585,
        rate=24_000,
        licence=CC_BY,
        citation="Y. Koizumi et al., LibriTTS-R: A Restored Multi-Speaker Text-to-Speech Corpus, Interspeech 2023",
        reference="Koizumi et al. 2023",
        home="https://www.openslr.org/141/",
        read_by="lhotse",
        format="libritts",
        archives=tuple(
            Archive(
                url=f"https://www.openslr.org/resources/141/{part.replace('-', '_')}.tar.gz",
                size=size,
                part=part,
                language="en",
                strip="LibriTTS_R",
            )
            for part, size in _LIBRITTS_R.items()
        ),
        sources=("lhotse 1.33 recipes/libritts.py", "openslr.org/141"),
        notes=(
            "Its authors list recordings that the restoration spoilt: libritts_r_failed_speech_restoration_examples.tar.gz "
            "of the same page, unpacked into the corpus's folder, has them left out.",
        ),
    ),
    PublicCorpus(
        name="hifi_tts",
        title="Hi-Fi Multi-Speaker English TTS",
        languages=("en",),
        speakers=10,
        hours=291.6,
        rate=44_100,
        licence=CC_BY,
        citation="E. Bakhturina et al., Hi-Fi Multi-Speaker English TTS Dataset, Interspeech 2021",
        reference="Bakhturina et al. 2021",
        home="https://www.openslr.org/109/",
        read_by="lhotse",
        format="hifi-tts",
        archives=(
            Archive(
                url="https://www.openslr.org/resources/109/hi_fi_tts_v0.tar.gz",
                size=41_352_291_414,
                language="en",
                strip="hi_fi_tts_v0",
            ),
        ),
        sources=("lhotse 1.33 recipes/hifitts.py", "openslr.org/109"),
    ),
    PublicCorpus(
        name="vctk",
        title="CSTR VCTK 0.92",
        languages=("en",),
        speakers=110,
        hours=None,
        rate=48_000,
        licence=CC_BY,
        citation="J. Yamagishi, C. Veaux and K. MacDonald, CSTR VCTK Corpus 0.92, University of Edinburgh, 2019",
        reference="Yamagishi et al. 2019",
        home="https://datashare.ed.ac.uk/handle/10283/3443",
        read_by="own",
        format="vctk",
        archives=(
            Archive(
                url="https://datashare.ed.ac.uk/server/api/core/bitstreams/535f4286-e54c-4038-838c-a02285e32cb2/content",
                name="VCTK-Corpus-0.92.zip",
                mirrors=("https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",),
                size=11_747_302_977,
                sha256="f96258be9fdc2cbff6559541aae7ea4f59df3fcaf5cf963aae5ca647357e359c",
                language="en",
                strip="VCTK-Corpus-0.92",
            ),
        ),
        sources=("lhotse 1.33 recipes/vctk.py", "torchaudio 2.11 datasets/vctk.py"),
        notes=(
            "Each speaker reads about 400 sentences; p280 lacks the second microphone, p315 the texts, p362 some recordings.",
            "By hand from its home page: VCTK-Corpus-0.92.zip, or DS_10283_3443.zip, which holds it.",
        ),
    ),
    PublicCorpus(
        name="dailytalk",
        title="DailyTalk, 2541 dialogues",
        languages=("en",),
        speakers=None,
        hours=None,
        rate=None,
        licence=Licence(
            spdx="CC-BY-SA-4.0", commercial="unclear", why="its authors give it for academic use under CC BY-SA 4.0"
        ),
        citation="K. Lee, K. Park and D. Kim, DailyTalk: Spoken Dialogue Dataset for Conversational Text-to-Speech, 2022",
        reference="Lee et al. 2022",
        home="https://github.com/keonlee9420/DailyTalk",
        read_by="lhotse",
        format="dailytalk",
        archives=(Archive(url="", name="dailytalk.zip", language="en", strip="dailytalk"),),
        sources=("lhotse 1.33 recipes/daily_talk.py",),
        by_hand="it lies on Google Drive, which gives large files to browsers only (its README has the address)",
    ),
)
