"""Fetching a corpus from a server on this machine: chosen, checked, unpacked where its recipe looks, completed later."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Site, file, loopback, page, status

from tts.core.download import Patience
from tts.core.errors import Damaged, FolderBusy, Missing, NotWritten, TtsError, UsageError
from tts.core.locks import held
from tts.corpora.public import fetch as module
from tts.corpora.public.catalogue import CATALOGUE
from tts.corpora.public.entry import Archive, PublicCorpus
from tts.corpora.public.fetch import DOWNLOADS, address, choose, default_root, fetch, plan

WAV = bytes(range(256)) * 400
PATIENCE = Patience(tries=2, sleep=lambda _: None, timeout=5)


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with loopback() as site:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    server.pages.clear()
    server.asked.clear()
    return server


def tar(names: dict[str, bytes], mode: str = "w:bz2") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zipped(names: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


LJSPEECH = tar({"LJSpeech-1.1/metadata.csv": b"LJ001-0001|a|a\n", "LJSpeech-1.1/wavs/LJ001-0001.wav": WAV})
ARCTIC = {
    speaker: tar({f"cmu_us_{speaker}_arctic/wav/arctic_a0001.wav": WAV, f"cmu_us_{speaker}_arctic/etc/txt.done.data": b"( a )"})
    for speaker in ("bdl", "slt")
}


def entry(name: str, *archives: Archive, **changes: object) -> PublicCorpus:
    return replace(CATALOGUE[name], archives=archives, **changes)  # type: ignore[arg-type]


def run(
    corpus: PublicCorpus, root: Path, speakers: tuple[str, ...] = (), parts: tuple[str, ...] = (), **more: object
) -> list[str]:
    said: list[str] = []
    settings = {"patience": PATIENCE, **more}
    fetch(plan(corpus, choose(corpus, speakers, parts), root), said.append, **settings)  # type: ignore[arg-type]
    return said


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_corpus_lies_where_its_recipe_looks(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    corpus = entry(
        "ljspeech", Archive(url=site.put("LJSpeech-1.1.tar.bz2", file(LJSPEECH)), sha256=sha(LJSPEECH), strip="LJSpeech-1.1")
    )
    said = run(corpus, default_root(corpus))
    assert below(tmp_path / "data/ljspeech") == {"metadata.csv", "wavs/LJ001-0001.wav", "downloads/LJSpeech-1.1.tar.bz2.json"}
    assert any("sha256 as published" in line for line in said)


def test_what_is_complete_is_not_fetched_again(tmp_path: Path, site: Site) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))
    run(corpus, tmp_path)
    site.asked.clear()
    assert not plan(corpus, corpus.archives, tmp_path).rest
    (tmp_path / "metadata.csv").unlink()  # whoever removes it wants it anew
    run(corpus, tmp_path)
    assert len(site.asked) == 1 and (tmp_path / "metadata.csv").is_file()


def test_one_speaker_of_several(tmp_path: Path, site: Site) -> None:
    corpus = entry(
        "cmu_arctic",
        *(Archive(url=site.put(f"{name}.tar.bz2", file(data)), speaker=name) for name, data in ARCTIC.items()),
    )
    run(corpus, tmp_path, ("slt",))
    assert {name.split("/")[0] for name in below(tmp_path)} == {"cmu_us_slt_arctic", DOWNLOADS}
    run(corpus, tmp_path)
    assert (tmp_path / "cmu_us_bdl_arctic/wav/arctic_a0001.wav").is_file()
    assert [path for path, _ in site.asked] == ["slt.tar.bz2", "bdl.tar.bz2"]


def test_choices_are_checked() -> None:
    arctic, libritts, openslr = CATALOGUE["cmu_arctic"], CATALOGUE["libritts"], CATALOGUE["openslr_crowdsourced"]
    with pytest.raises(UsageError, match="no such speaker; did you mean slt"):
        choose(arctic, ("stl",))
    with pytest.raises(UsageError, match=r"no archives by speaker; .*tts prepare libritts --speaker"):
        choose(libritts, ("19",))
    assert [archive.part for archive in choose(libritts, parts=("dev-clean", "test-clean"))] == ["dev-clean", "test-clean"]
    names = [archive.name for archive in choose(openslr, parts=("welsh_english_male",))]
    assert names == ["welsh_english_male.zip", "line_index_all.csv"]
    assert [archive.name for archive in choose(openslr, parts=("es_ar_male",))] == [
        "es_ar_male.zip",
        "es_ar_male_line_index.tsv",
    ]
    assert {archive.part for archive in choose(openslr, parts=("es_ar",))} == {"es_ar_female", "es_ar_male"}
    assert [archive.part for archive in choose(CATALOGUE["m_ailabs"], parts=("German",))] == ["de_DE"]
    assert [archive.part for archive in choose(CATALOGUE["css10"], parts=("nl",))] == ["dutch"]
    with pytest.raises(UsageError, match="no such part; did you mean dev-clean"):
        choose(libritts, parts=("dev_clean",))
    assert choose(openslr) == openslr.archives


def test_a_checksum_is_recorded_said_and_checked_from_then_on(tmp_path: Path, site: Site) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))
    said = run(corpus, tmp_path)
    note = tmp_path / DOWNLOADS / "a.tar.bz2.sha256"
    assert note.read_text() == f"{sha(LJSPEECH)}  a.tar.bz2\n"
    assert any(f"its sha256 {sha(LJSPEECH)} is recorded in {note}" in line for line in said)
    assert any("plain http, and no checksum of it is published" in line for line in said)
    (tmp_path / "metadata.csv").unlink()
    other = tar({"LJSpeech-1.1/metadata.csv": b"changed"})
    site.put("a.tar.bz2", file(other))
    with pytest.raises(Damaged, match=f"not {sha(LJSPEECH)} as expected"):
        run(corpus, tmp_path)
    assert not (tmp_path / DOWNLOADS / "a.tar.bz2").exists() and not (tmp_path / "metadata.csv").exists()


def test_a_record_that_is_none_is_said(tmp_path: Path, site: Site) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH))))
    (tmp_path / DOWNLOADS).mkdir(parents=True)
    (tmp_path / DOWNLOADS / "a.tar.bz2.sha256").write_text("rubbish")
    with pytest.raises(Damaged, match="expected a sha256 of 64 hexadecimal digits"):
        run(corpus, tmp_path)


@pytest.mark.parametrize("code", [403, 404])
def test_what_cannot_be_fetched_says_where_to_put_it_by_hand(tmp_path: Path, site: Site, code: int) -> None:
    url = site.put("a.tar.bz2", status(code))
    corpus = entry("ljspeech", Archive(url=url, strip="LJSpeech-1.1"))
    with pytest.raises(Missing) as error:
        run(corpus, tmp_path)
    assert url in str(error.value) and f"put it into {tmp_path / DOWNLOADS}" in str(error.value)
    assert not below(tmp_path)
    (tmp_path / DOWNLOADS / "a.tar.bz2").write_bytes(LJSPEECH)  # as the sentence says
    site.asked.clear()
    run(corpus, tmp_path)
    assert (tmp_path / "metadata.csv").is_file() and not site.asked
    assert (tmp_path / DOWNLOADS / "a.tar.bz2").is_file(), "what a user put there is his"


def test_a_corpus_behind_a_login_is_unpacked_from_what_the_user_fetched(tmp_path: Path) -> None:
    corpus = CATALOGUE["l2_arctic"]
    with pytest.raises(Missing, match=r"form to be filled in.*l2arctic_release_v\*\.zip with a browser and put it into"):
        run(corpus, tmp_path)
    (tmp_path / DOWNLOADS).mkdir(exist_ok=True)
    (tmp_path / DOWNLOADS / "l2arctic_release_v5.0.zip").write_bytes(
        zipped({"ABA/wav/arctic_a0001.wav": WAV, "ABA/transcript/a.txt": b"x"})
    )
    run(corpus, tmp_path)
    assert (tmp_path / "ABA/wav/arctic_a0001.wav").is_file()
    assert not plan(corpus, corpus.archives, tmp_path).rest


def test_archives_within_an_archive_become_folders(tmp_path: Path) -> None:
    """L2-ARCTIC has a zip a speaker in its zip."""
    inner = {f"l2/{name}.zip": zipped({f"{name}/wav/a.wav": WAV}) for name in ("ABA", "SKA")}
    (tmp_path / DOWNLOADS).mkdir()
    (tmp_path / DOWNLOADS / "l2arctic_release_v5.0.zip").write_bytes(zipped({"l2/README": b"x", **inner}))
    corpus = CATALOGUE["l2_arctic"]
    run(replace(corpus, archives=(replace(corpus.archives[0], strip="l2"),)), tmp_path)
    assert {name for name in below(tmp_path) if not name.startswith(DOWNLOADS)} == {"README", "ABA/wav/a.wav", "SKA/wav/a.wav"}
    assert json.loads((tmp_path / DOWNLOADS / "l2arctic_release_v5.0.zip.json").read_text())["files"] == 3


def test_a_hostile_archive_within_an_archive_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / DOWNLOADS).mkdir()
    (tmp_path / DOWNLOADS / "l2arctic_release_v5.0.zip").write_bytes(zipped({"ABA.zip": zipped({"../../evil": b"x"})}))
    with pytest.raises(Damaged, match="parent folder"):
        run(CATALOGUE["l2_arctic"], tmp_path)
    assert {name for name in below(tmp_path) if "l2arctic_release" not in name} == set()


def test_every_release_that_lies_there_is_unpacked(tmp_path: Path) -> None:
    """Common Voice has an archive a language, whose names differ from release to release."""
    corpus, downloads = CATALOGUE["common_voice"], tmp_path / DOWNLOADS
    downloads.mkdir()
    for language in ("de", "nl"):
        data = tar({f"cv-corpus-17.0-2024-03-15/{language}/validated.tsv": language.encode()}, "w:gz")
        (downloads / f"cv-corpus-17.0-2024-03-15-{language}.tar.gz").write_bytes(data)
        run(corpus, tmp_path)
        assert (tmp_path / language / "validated.tsv").read_text() == language
    (downloads / "cv-corpus-17.0-2024-03-15-de.tar.gz").unlink()
    assert not plan(corpus, corpus.archives, tmp_path).rest


def test_another_address_is_tried(tmp_path: Path, site: Site) -> None:
    archive = Archive(
        url=site.put("old/a.tar.bz2", page(b"<html>", Content_Type="text/html", Content_Length="6")),
        mirrors=(site.put("busy/a.tar.bz2", status(503)), site.put("new/a.tar.bz2", file(LJSPEECH))),
        strip="LJSpeech-1.1",
    )
    said = run(entry("ljspeech", archive), tmp_path)
    assert (tmp_path / "metadata.csv").is_file()
    assert sum("trying the next address" in line for line in said) == 2


def test_a_mirror_takes_the_place_of_the_host(tmp_path: Path, site: Site) -> None:
    corpus = CATALOGUE["kathleen"]
    site.put("mirror/kathleen/dataset-voice-kathleen.zip", file(zipped({"dataset-voice-kathleen-master/metadata.csv": b"a|b"})))
    run(corpus, tmp_path, mirror=f"{site.url}/mirror/")
    assert (tmp_path / "metadata.csv").read_bytes() == b"a|b"
    with pytest.raises(UsageError, match="CORPUS/ARCHIVE below it"):
        address(corpus, corpus.archives[0], "/srv/mirror")


def test_a_cut_download_goes_on_in_the_next_call(tmp_path: Path, site: Site) -> None:
    url = site.put("a.tar.bz2", file(LJSPEECH, cut=300), status(503))
    corpus = entry("ljspeech", Archive(url=url, strip="LJSpeech-1.1"))
    with pytest.raises(TtsError, match="run the same command again"):
        run(corpus, tmp_path)
    assert below(tmp_path) == {"downloads/a.tar.bz2.part", "downloads/a.tar.bz2.part.json"}
    site.put("a.tar.bz2", file(LJSPEECH))
    run(corpus, tmp_path)
    assert site.ranges()[-1] == "bytes=300-" and (tmp_path / "metadata.csv").is_file()


def test_an_archive_that_is_hostile_or_cut_off_leaves_nothing_and_is_fetched_anew(tmp_path: Path, site: Site) -> None:
    bad = {"hostile": tar({"../evil": b"x"}), "cut": LJSPEECH[:-20], "html": b"<html>please log in</html>"}
    for data in bad.values():
        corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(data)), strip="LJSpeech-1.1"))
        with pytest.raises(Damaged):
            run(corpus, tmp_path / "root")
        assert not below(tmp_path / "root") and not (tmp_path / "evil").exists()
    site.put("a.tar.bz2", file(LJSPEECH))
    run(corpus, tmp_path / "root")
    assert (tmp_path / "root/metadata.csv").is_file()


def test_a_killed_unpacking_is_done_anew(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))

    def killed(*_: object, **__: object) -> None:
        (tmp_path / ".unpacking-0123456789ab").mkdir()
        (tmp_path / ".unpacking-0123456789ab/half.wav").write_bytes(b"x")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "unpack", killed)
    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path)
    monkeypatch.undo()
    assert plan(corpus, corpus.archives, tmp_path).rest
    site.asked.clear()
    run(corpus, tmp_path)
    assert not site.asked, "the archive was complete"
    assert below(tmp_path) == {
        "metadata.csv",
        "wavs/LJ001-0001.wav",
        "downloads/a.tar.bz2.sha256",
        "downloads/a.tar.bz2.json",
    }


@pytest.mark.parametrize("recorded", [True, False])
def test_an_interrupted_download_that_is_damaged_is_fetched_anew(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    """It lies there whole, as a file put there by hand does, which would stay and fail for ever."""
    cut = LJSPEECH[:-20]
    sha256 = None if recorded else sha(cut)
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(cut)), strip="LJSpeech-1.1", sha256=sha256))
    with monkeypatch.context() as patch:
        patch.setattr(module, "unpack", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(corpus, tmp_path)
    with pytest.raises(Damaged, match="fetch it again"):
        run(corpus, tmp_path)
    assert not below(tmp_path) - {f"{DOWNLOADS}/a.tar.bz2.sha256"}
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))
    run(corpus, tmp_path)
    assert (tmp_path / "metadata.csv").is_file()


def test_what_a_user_puts_in_the_place_of_a_download_is_his(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH[:-20])), strip="LJSpeech-1.1"))
    with monkeypatch.context() as patch:
        patch.setattr(module, "unpack", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(corpus, tmp_path)
    archive = tmp_path / DOWNLOADS / "a.tar.bz2"
    archive.with_name("a.tar.bz2.sha256").unlink()
    archive.write_bytes(LJSPEECH[:-30])
    with pytest.raises(Damaged, match="put there by hand and stays"):
        run(corpus, tmp_path)
    archive.with_name("a.tar.bz2.sha256").unlink()
    archive.write_bytes(LJSPEECH)
    run(corpus, tmp_path)
    assert archive.is_file() and (tmp_path / "metadata.csv").is_file()
    assert not archive.with_name("a.tar.bz2.fetched").exists()


def test_what_does_not_fit_is_refused_before_anything_is_asked(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = module.shutil.disk_usage(tmp_path)._replace(free=10_000_000_000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), size=5_000_000_000))
    with pytest.raises(NotWritten, match=r"about 12\.2 GB while it is unpacked, and 10\.0 GB are free; .*--root"):
        run(corpus, tmp_path / "root")
    assert not site.asked and not (tmp_path / "root").exists()


def test_two_at_once_do_not_mix(tmp_path: Path, site: Site) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))
    failures: list[Exception] = []

    def other() -> None:
        try:
            run(corpus, tmp_path)
        except FolderBusy as error:
            failures.append(error)

    with held(tmp_path):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(failures) == 1 and not site.asked


def test_the_mark_says_what_was_unpacked(tmp_path: Path, site: Site) -> None:
    corpus = entry("ljspeech", Archive(url=site.put("a.tar.bz2", file(LJSPEECH)), strip="LJSpeech-1.1"))
    run(corpus, tmp_path, keep=True)
    mark = json.loads((tmp_path / DOWNLOADS / "a.tar.bz2.json").read_text())
    assert mark == {"archive": "a.tar.bz2", "bytes": len(WAV) + 15, "files": 2, "folder": "", "top": ["metadata.csv", "wavs"]}
    assert (tmp_path / DOWNLOADS / "a.tar.bz2").is_file()
    (tmp_path / DOWNLOADS / "a.tar.bz2.json").write_text("{rubbish")
    assert plan(corpus, corpus.archives, tmp_path).rest, "a broken mark is no mark"
