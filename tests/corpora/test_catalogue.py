"""The catalogue of public corpora: complete, consistent, and what lhotse knows of the same corpora."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tts.core.archive_members import member_fault
from tts.core.errors import UsageError
from tts.corpora.public.catalogue import CATALOGUE, public_corpus
from tts.corpora.public.entry import Archive, PublicCorpus
from tts.corpora.public.languages import NAMES, language_name, language_tag

ISSUE = """
    cmu_arctic ljspeech libritts libritts_r vctk hifi_tts l2_arctic cmu_indic aishell3 baker dailytalk common_voice mls
    kathleen kerstin nathalie flemishguy jsut jvs css10 m_ailabs thorsten hui openslr_crowdsourced hifi_captain
"""


def test_every_corpus_that_is_promised_is_there() -> None:
    assert sorted(CATALOGUE) == sorted(ISSUE.split())


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_is_complete(name: str) -> None:
    corpus = CATALOGUE[name]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name) and corpus.recipe == name
    assert corpus.citation and corpus.reference and corpus.sources and corpus.archives and corpus.title
    assert corpus.licence.commercial == "yes" or corpus.licence.why
    assert set(corpus.languages) <= set(NAMES)
    assert {archive.language for archive in corpus.archives} - {""} <= set(corpus.languages)
    assert urlsplit(corpus.home).scheme in ("http", "https")
    names = Counter(archive.name for archive in corpus.archives)
    assert set(names.values()) == {1}, "archives of one name would overwrite each other"
    if corpus.only_by_hand:
        assert corpus.by_hand


ARCHIVES = [archive for corpus in CATALOGUE.values() for archive in corpus.archives]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name)
def test_an_archive_is_safe_to_fetch(archive: Archive) -> None:
    for url in (archive.url, *archive.mirrors):
        if url:
            assert urlsplit(url).scheme == "https" or archive.sha256 or urlsplit(url).hostname in HTTP_ONLY
    assert archive.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
    assert archive.size is None or archive.size > 1_000_000
    assert not archive.folder or not member_fault(archive.folder)


HTTP_ONLY = ("festvox.org", "ss-takashi.sakura.ne.jp")  # hosts that are named with http everywhere


def test_what_is_not_known_of_a_size_is_not_summed() -> None:
    known, unknown = Archive(url="https://a/x.zip", size=5), Archive(url="https://a/y.zip")
    ljspeech = CATALOGUE["ljspeech"]
    fields = {name: getattr(ljspeech, name) for name in ljspeech.__dataclass_fields__}
    assert PublicCorpus(**{**fields, "archives": (known, known)}).size == 10
    assert PublicCorpus(**{**fields, "archives": (known, unknown)}).size is None


@pytest.mark.parametrize("text", ["CMU-Arctic", "cmuarctic", "CMU ARCTIC", "cmu_arctic"])
def test_names_are_found_however_written(text: str) -> None:
    assert public_corpus(text).name == "cmu_arctic"


def test_an_unknown_name_is_refused_with_those_near_it() -> None:
    with pytest.raises(UsageError, match="did you mean ljspeech"):
        public_corpus("ljspech")
    with pytest.raises(UsageError, match="tts corpora"):
        public_corpus("zzz")


def test_languages_by_name_and_tag() -> None:
    texts = ("German", "de", "de_DE", "mandarin", "en-us", "xx")
    assert [language_tag(text) for text in texts] == ["de", "de", "de", "zh", "en", "xx"]
    assert language_name("cy") == "Welsh" and language_name("xx") == "xx"


def folder_of(package: str) -> Path:
    """Return where a package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        pytest.skip(f"{package} is not installed")
    return Path(spec.origin).parent


def test_addresses_and_speakers_are_those_of_lhotse() -> None:
    """Independent truth: the recipes of lhotse, read as text, since importing them takes seconds."""
    recipes = folder_of("lhotse") / "recipes"

    def text(name: str) -> str:
        return (recipes / f"{name}.py").read_text(encoding="utf-8")

    arctic = text("cmu_arctic")
    base = re.search(r'BASE_URL = "(.*?)"', arctic)
    speakers = re.findall(r'^    "(\w{3})",$', arctic, re.MULTILINE)
    assert base and len(speakers) == 18
    assert [archive.url for archive in CATALOGUE["cmu_arctic"].archives] == [
        f"{base[1]}cmu_us_{speaker}_arctic.tar.bz2" for speaker in speakers
    ]
    indic = text("cmu_indic")
    assert sorted(CATALOGUE["cmu_indic"].speaker_names) == sorted(re.findall(r'^    "(\w{3}_\w+)",$', indic, re.MULTILINE))
    parts = re.findall(r'^    "((?:dev|test|train)-[\w-]+)",$', text("libritts"), re.MULTILINE)
    assert set(CATALOGUE["libritts"].part_names) == set(CATALOGUE["libritts_r"].part_names) == set(parts)
    assert CATALOGUE["baker"].archives[0].url.replace("BZNSYP.tar", "{dataset_name}.tar") in text("baker_zh")
    for name, recipe in (("aishell3", "aishell3"), ("hifi_tts", "hifitts")):
        archive = CATALOGUE[name].archives[0]
        assert f'"{archive.name}"' in text(recipe) and f"/{urlsplit(archive.url).path.split('/')[2]}" in text(recipe)


def test_checksums_are_those_of_torchaudio() -> None:
    folder = folder_of("torchaudio") / "datasets"
    if not folder.is_dir():
        pytest.skip("this torchaudio has no data sets")
    modules = ("cmuarctic", "libritts", "ljspeech", "vctk")
    published = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in modules)
    pinned = [archive for archive in ARCHIVES if archive.sha256]
    assert len(pinned) == 18 + 7 + 1 + 1
    for archive in pinned:
        assert archive.sha256 in published
        if "ljspeech" not in archive.name.lower():
            assert re.search(rf'/{re.escape(archive.name)}": "{archive.sha256}"', published)
