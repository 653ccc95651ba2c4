"""``tts corpora`` and ``tts fetch`` as typed."""

from __future__ import annotations

import io
import shlex
import sys
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from command import tts, tts_json
from loopback import Site, file, loopback

from tts.cli import corpora, fetch
from tts.corpora.public.catalogue import CATALOGUE
from tts.corpora.public.entry import PublicCorpus
from tts.corpora.public.fetch import choose
from tts.recipe import find_recipe, load_recipe


@pytest.fixture
def site() -> Iterator[Site]:
    with loopback() as site:
        yield site


@pytest.fixture
def kathleen(site: Site) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("dataset-voice-kathleen-master/metadata.csv", "a|b")
    site.put("m/kathleen/dataset-voice-kathleen.zip", file(buffer.getvalue()))
    return buffer.getvalue()


def test_the_table_has_every_corpus_and_says_what_is_not_known() -> None:
    lines = tts("corpora").splitlines()
    assert lines[0].split()[:4] == ["name", "language", "speakers", "hours"]
    assert {line.split()[0].rstrip("*") for line in lines[1 : 1 + len(CATALOGUE)]} == set(CATALOGUE)
    assert "not known" in lines[1] and "CC0-1.0" in "\n".join(lines)


def test_languages_choose() -> None:
    names = [record["name"] for record in tts_json("corpora", "--language", "German")]
    assert {"thorsten", "kerstin", "hui", "css10", "m_ailabs", "mls", "common_voice"} == set(names)
    assert "there are Basque" in tts("corpora", "--language", "Klingon", code=2)


def test_one_corpus_in_full_ends_with_the_next_two_commands() -> None:
    text = tts("corpora", "cmu-arctic")
    assert text.rstrip().endswith("tts fetch cmu_arctic --speaker slt\n  tts prepare cmu_arctic")
    assert "a voice used commercially  yes: free software" in text and "cmu_us_slt_arctic.tar.bz2 (slt, en)" in text
    record = tts_json("corpora", "vctk")
    assert record["speakers"] == 110 and record["hours"] is None and record["archives"][0]["sha256"].startswith("f96258be")
    assert "form to be filled in" in tts("corpora", "l2_arctic")
    assert "did you mean vctk" in tts("corpora", "vctkk", code=2)
    assert "leave it out beside a name" in tts("corpora", "vctk", "--language", "en", code=2)


def test_a_corpus_is_fetched(tmp_path: Path, site: Site, kathleen: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTS_MIRROR", f"{site.url}/m")
    text = tts("fetch", "kathleen")
    assert "may a voice made of it be used commercially: yes" in text and "licence: CC0-1.0" in text and " free" in text
    assert "next: tts prepare kathleen\n" in text and "is recorded in" in text
    assert (tmp_path / "data/kathleen/metadata.csv").is_file()
    again = tts("fetch", "kathleen", "--root", "data/kathleen")
    assert "nothing to fetch, 1 archive there already" in again and "--corpus-root data/kathleen" in again
    assert "kathleen: 1 archive to fetch (1 of unknown size)" in text
    assert len(site.asked) == 1


def test_terms_that_want_consent_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert "then agree to them with --yes" in tts("fetch", "l2_arctic", code=2)
    assert "with a browser and put it into data/l2_arctic/downloads" in tts("fetch", "l2_arctic", "--yes", code=1)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert "nothing was fetched" in tts("fetch", "l2_arctic", code=1)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "with a browser" in tts("fetch", "l2_arctic", code=1)


def test_wrong_names_are_refused_before_anything_is_asked(site: Site) -> None:
    assert "It has aew, ahw" in tts("fetch", "cmu_arctic", "--speaker", "nobody", code=2)
    assert "CORPUS/ARCHIVE below it" in tts("fetch", "kathleen", "--mirror", "mirror", code=2)
    assert not site.asked


@pytest.mark.parametrize("corpus", CATALOGUE.values(), ids=CATALOGUE)
def test_the_next_command_is_one_that_the_recipe_understands(corpus: PublicCorpus) -> None:
    """Whatever part is fetched: what is printed names a part that there is, in a form that the recipe accepts."""
    for part in corpus.part_names or ("",):
        archives = [archive for archive in corpus.archives if archive.part == part]
        command = shlex.split(fetch.prepare_command(corpus, archives))
        changes = [value for option, value in pairwise(command) if option == "--set"]
        settings = load_recipe(find_recipe(command[2]), changes).corpus
        parts = {archive.recipe_part for archive in archives} - {""}
        assert not settings.part or not parts or settings.part in parts
        if changes and archives[0].language:
            assert settings.language.partition("-")[0] == archives[0].language


def test_next_commands_as_they_look() -> None:
    def command(name: str, part: str) -> str:
        corpus = CATALOGUE[name]
        return fetch.prepare_command(corpus, [archive for archive in corpus.archives if archive.part == part])

    assert command("css10", "german") == "tts prepare css10"
    dutch = "--set corpus.part=dutch --set corpus.speaker=css10_dutch --set corpus.language=nl"
    assert command("css10", "dutch") == f"tts prepare css10 {dutch}"
    assert command("openslr_crowdsourced", "es_cl_male") == "tts prepare openslr_crowdsourced --set corpus.part=es_cl"
    assert command("libritts", "dev-clean") == "tts prepare libritts --set corpus.part=dev-clean"
    assert command("jsut", "labels") == "tts prepare jsut"

    def of_speakers(*speakers: str) -> str:
        return fetch.prepare_command(CATALOGUE["hifi_captain"], choose(CATALOGUE["hifi_captain"], speakers))

    assert of_speakers() == "tts prepare hifi_captain"
    assert of_speakers("ja-JP-male") == of_speakers("ja-JP-male", "en-US-female") == "tts prepare hifi_captain --speaker male"
    english = "tts prepare hifi_captain --set corpus.part=en-US"
    assert of_speakers("en-US-female").startswith(english) and of_speakers("en-US-female").endswith(" --speaker female")
    assert tts("corpora", "mls").rstrip().endswith("tts fetch mls --part german\n  tts prepare mls")


@pytest.mark.parametrize(
    ("size", "text"), [(None, "not known"), (0, "0.1 MB"), (2_748_572_632, "2.7 GB"), (5_400_000, "5.4 MB")]
)
def test_sizes_are_said_as_people_say_them(size: int | None, text: str) -> None:
    assert corpora.size_text(size) == text
    assert fetch.fetch_corpus.__doc__
