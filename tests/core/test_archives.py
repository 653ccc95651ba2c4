"""Archives of other people: honest ones arrive whole, hostile and broken ones leave nothing behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tts.core import archive_members, archives, files
from tts.core.archive_members import Limits, member_fault
from tts.core.archives import unpack
from tts.core.errors import Damaged, NotWritten, UsageError

WAV = bytes(range(256)) * 40


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            info.size = info.size or len(data)
            tar.addfile(info, io.BytesIO(data) if data else None)
    return path


def files_of(path: Path, names: dict[str, bytes], mode: str = "w:gz") -> Path:
    return tar_of(path, *((member(name), data) for name, data in names.items()), mode=mode)


def zip_of(path: Path, names: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as packed:
        for name, data in names.items():
            packed.writestr(zipfile.ZipInfo(name) if name.endswith("/") else name, data)
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


CORPUS = {"LJ/metadata.csv": b"a|b\n", "LJ/wavs/LJ001-0001.wav": WAV, "LJ/wavs/empty.wav": b""}
FORMS = {"c.tar": "w:", "c.tar.gz": "w:gz", "c.tgz": "w:gz", "c.tar.bz2": "w:bz2", "c.tar.xz": "w:xz"}


@pytest.mark.parametrize("name", FORMS)
def test_tars_of_every_compression_arrive(tmp_path: Path, name: str) -> None:
    result = unpack(files_of(tmp_path / name, CORPUS, FORMS[name]), tmp_path / "out")
    assert content(tmp_path / "out") == CORPUS
    assert (result.files, result.size, result.top) == (3, sum(map(len, CORPUS.values())), ("LJ",))


def test_zips_arrive_and_a_leading_folder_is_stripped(tmp_path: Path) -> None:
    packed = zip_of(tmp_path / "c.zip", {"LJ/": b"", **CORPUS})
    assert unpack(packed, tmp_path / "out", strip="LJ").top == ("metadata.csv", "wavs")
    assert content(tmp_path / "out") == {name[3:]: data for name, data in CORPUS.items()}


def test_a_folder_that_is_not_the_only_one_is_not_stripped(tmp_path: Path) -> None:
    packed = zip_of(tmp_path / "c.zip", {**CORPUS, "README": b"x"})
    assert unpack(packed, tmp_path / "out", strip="LJ").top == ("LJ", "README")


def test_members_with_a_dot_in_front_pass(tmp_path: Path) -> None:
    """The most usual form of tars, which lhotse refuses."""
    packed = tar_of(tmp_path / "c.tgz", (member("./", tarfile.DIRTYPE), b""), (member("./a/b.wav"), WAV), (member("./x"), b"y"))
    unpack(packed, tmp_path / "out")
    assert content(tmp_path / "out") == {"a/b.wav": WAV, "x": b"y"}


def test_other_files_are_copied(tmp_path: Path) -> None:
    (tmp_path / "line_index.tsv").write_text("a\tb\n")
    unpack(tmp_path / "line_index.tsv", tmp_path / "out")
    assert content(tmp_path / "out") == {"line_index.tsv": b"a\tb\n"}


def test_sizes_at_every_boundary_of_tar_and_gzip_arrive(tmp_path: Path) -> None:
    """Going back by a byte between members must not start the decompression over, nor lose that byte."""
    names = {
        f"{size}.bin": os.urandom(size) for size in (1, 511, 512, 513, 8191, 8192, 8193, 16384, 65536, 1 << 18, (1 << 18) + 512)
    }
    for name in ("c.tar", "c.tar.gz", "c.tar.bz2", "c.tar.xz"):
        unpack(files_of(tmp_path / name, names, FORMS[name]), tmp_path / f"out-{name}")
        assert content(tmp_path / f"out-{name}") == dict(sorted(names.items()))


def test_decompression_never_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = files_of(tmp_path / "c.tar.gz", {f"{number}.bin": os.urandom(8192) for number in range(50)})
    monkeypatch.setattr(gzip.GzipFile, "seek", lambda *_: pytest.fail("seeks"))
    assert unpack(packed, tmp_path / "out").files == 50


def test_resource_forks_of_macos_are_left_out(tmp_path: Path) -> None:
    names = {"a.wav": WAV, "__MACOSX/._a.wav": b"x", "._a.wav": b"x", ".DS_Store": b"x", "d/.DS_Store": b"x", ".hidden": b"y"}
    unpack(zip_of(tmp_path / "c.zip", names), tmp_path / "out")
    assert content(tmp_path / "out") == {"a.wav": WAV, ".hidden": b"y"}


def test_links_within_the_folder_arrive(tmp_path: Path) -> None:
    links = (
        (member("a/real.wav"), WAV),
        (member("a/soft.wav", tarfile.SYMTYPE, "real.wav"), b""),
        (member("b/up.wav", tarfile.SYMTYPE, "../a/real.wav"), b""),
        (member("hard.wav", tarfile.LNKTYPE, "a/real.wav"), b""),
    )
    unpack(tar_of(tmp_path / "c.tar", *links, mode="w:"), tmp_path / "out")
    assert set(content(tmp_path / "out").values()) == {WAV}
    assert (tmp_path / "out/b/up.wav").is_symlink() and not (tmp_path / "out/hard.wav").is_symlink()


def bomb(path: Path) -> Path:
    return files_of(path, {"zeros": bytes(3_000_000)})


def claimed(path: Path) -> Path:
    """A header that claims 8 TB, with nothing behind it."""
    path.write_bytes(gzip.compress(member("big", size=8 << 40).tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    return path


def long_description(path: Path) -> Path:
    """A pax header of a gigabyte of zeros, which tarfile reads at once."""
    with gzip.open(path, "wb") as stream:
        stream.write(member("x", tarfile.XHDTYPE, size=1 << 30).tobuf())
        for _ in range(20):
            stream.write(bytes(1 << 20))
    return path


def negative(path: Path) -> Path:
    """A size below zero, in base 256 as GNU tar writes large numbers; the checksum is right."""
    header = bytearray(member("neg").tobuf())
    header[124:136] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(bytes(header) + bytes(1024))
    return path


def deep_links(path: Path) -> Path:
    """A chain that a check of names alone lets through: s/d is the folder itself, so s/d/.. is its parent."""
    steps = [
        (member("s/d", tarfile.SYMTYPE, "../"), b""),
        (member("e", tarfile.SYMTYPE, "s/d/.."), b""),
        (member("e/evil"), b"x"),
    ]
    return tar_of(path, *steps)


def twice(path: Path) -> Path:
    return tar_of(path, (member("a"), b"1"), (member("a"), b"2"))


def zip_link(to: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        with zipfile.ZipFile(path, "w") as packed:
            info = zipfile.ZipInfo("link")
            info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            packed.writestr(info, to)
        return path

    return make


def zip_device(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        info = zipfile.ZipInfo("pipe")
        info.create_system, info.external_attr = 3, (stat.S_IFIFO | 0o600) << 16
        packed.writestr(info, "")
    return path


def zip_twice(path: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a", "1")
        packed.writestr("a", "2")
    return path


def zip_lying(path: Path) -> Path:
    """The directory at the end says 10 bytes, the member has 100,000."""
    zip_of(path, {"a": bytes(100_000)})
    data = path.read_bytes()
    place = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: place + 24] + struct.pack("<I", 10) + data[place + 28 :])
    return path


def encrypted(path: Path) -> Path:
    data = bytearray(zip_of(path, {"a": b"1"}).read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    return path


def made(*members: tuple[tarfile.TarInfo, bytes]) -> Callable[[Path], Path]:
    return lambda path: tar_of(path, *members)


def zipped(name: str) -> Callable[[Path], Path]:
    return lambda path: zip_of(path, {name: b"evil"})


HOSTILE: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "parent": ("e.tgz", made((member("../evil"), b"x")), "parent folder"),
    "parent within": ("e.tgz", made((member("a/../../evil"), b"x")), "parent folder"),
    "absolute": ("e.tgz", made((member("/tmp/evil"), b"x")), "absolute"),
    "drive": ("e.tgz", made((member("C:evil"), b"x")), "absolute"),
    "backslashes": ("e.tgz", made((member("..\\evil"), b"x")), "hidden stream"),
    "stream": ("e.tgz", made((member("a.wav:evil"), b"x")), "hidden stream"),
    "device name": ("e.tgz", made((member("d/NUL.txt"), b"x")), "on Windows"),
    "dot at the end": ("e.tgz", made((member("a./b"), b"x")), "on Windows"),
    "control": ("e.tgz", made((member("a\x1b[2Jb"), b"x")), "control character"),
    "deep": ("e.tgz", made((member("d/" * 40 + "x"), b"x")), "too deep"),
    "link out": ("e.tgz", made((member("l", tarfile.SYMTYPE, "../.."), b"")), "unsafe|out of the folder"),
    "absolute link": ("e.tgz", made((member("l", tarfile.SYMTYPE, "/etc"), b"")), "unsafe|out of the folder"),
    "hard link out": ("e.tgz", made((member("l", tarfile.LNKTYPE, "../secret"), b"")), "unsafe|out of the folder"),
    "hard link to nothing": ("e.tgz", made((member("l", tarfile.LNKTYPE, "a"), b"")), "no file before it"),
    "through a link": ("e.tgz", made((member("l", tarfile.SYMTYPE, "d"), b""), (member("l/x"), b"x")), "behind a link"),
    "chain of links": ("e.tgz", deep_links, "unsafe|out of the folder"),
    "device": ("e.tgz", made((member("dev", tarfile.CHRTYPE), b"")), "device"),
    "pipe": ("e.tgz", made((member("dev", tarfile.FIFOTYPE), b"")), "pipe"),
    "twice": ("e.tgz", twice, "twice"),
    "file as folder": ("e.tgz", made((member("a"), b"x"), (member("a/b"), b"x")), "folder that is a file"),
    "folder as file": ("e.tgz", made((member("a/b"), b"x"), (member("a"), b"x")), "twice"),
    "bomb": ("e.tgz", bomb, "times its size"),
    "claim": ("e.tgz", claimed, "times its size"),
    "description": ("e.tgz", long_description, "claims 1073741824 bytes"),
    "negative": ("e.tar", negative, "refused|damaged"),
    "many": ("e.tgz", lambda path: files_of(path, {str(number): b"" for number in range(60)}), "more than 50 members"),
    "zip parent": ("e.zip", zipped("../evil"), "parent folder"),
    "zip absolute": ("e.zip", zipped("/evil"), "absolute"),
    "zip link": ("e.zip", zip_link("../../etc"), "out of the folder"),
    "zip absolute link": ("e.zip", zip_link("/etc"), "out of the folder"),
    "zip device": ("e.zip", zip_device, "pipe"),
    "zip twice": ("e.zip", zip_twice, "twice"),
    "zip bomb": ("e.zip", lambda path: zip_of(path, {"zeros": bytes(3_000_000)}), "times its size"),
    "zip that lies": ("e.zip", zip_lying, "damaged|longer or shorter"),
    "zip encrypted": ("e.zip", encrypted, "encrypted"),
    "no archive": ("e.tgz", lambda path: path.write_bytes(b"<html>login</html>") and path, "<html>login"),
    "empty": ("e.zip", lambda path: path.write_bytes(b"") + 1 and path, "no archive"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_leave_nothing_behind(tmp_path: Path, case: str) -> None:
    name, make, words = HOSTILE[case]
    packed = make(tmp_path / name)
    out = tmp_path / "deeper" / "out"
    with pytest.raises(Damaged, match=words) as error:
        unpack(packed, out, limits=Limits(members=50, floor=1_000_000, ratio=20))
    assert str(packed) in str(error.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(["deeper", "out", name])


@pytest.mark.parametrize("name", [*FORMS, "c.zip"])
def test_archives_cut_off_anywhere_leave_nothing_behind(tmp_path: Path, name: str) -> None:
    names = {f"{number}.wav": os.urandom(3000) for number in range(6)}
    whole = (zip_of(tmp_path / name, names) if name == "c.zip" else files_of(tmp_path / name, names, FORMS[name])).read_bytes()
    last = len(whole) - (10240 if name == "c.tar" else 0)
    for length in sorted({*range(1, last, max(1, last // 37)), 512, 3584, last - 1, last - 9}):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(Damaged):
            unpack(tmp_path / name, tmp_path / "out")
        assert not list((tmp_path / "out").iterdir()), length


@pytest.mark.parametrize(
    ("name", "pack"), [("c.tar.gz", gzip.compress), ("c.tar.bz2", bz2.compress), ("c.tar.xz", lzma.compress)]
)
def test_a_damaged_description_in_the_middle_is_seen(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    """tarfile itself takes it for the end, and drops what follows without a word."""
    plain = bytearray(files_of(tmp_path / "c.tar", {"a": bytes(600), "b": bytes(600), "c": b"x"}, "w:").read_bytes())
    plain[512 + 1024 + 3] ^= 0xFF  # within the second header, whose checksum is wrong now
    (tmp_path / name).write_bytes(pack(bytes(plain)))
    with pytest.raises(Damaged, match="damaged"):
        unpack(tmp_path / name, tmp_path / "out")


def test_a_leading_folder_is_not_stripped_from_under_a_link(tmp_path: Path) -> None:
    packed = tar_of(tmp_path / "c.tgz", (member("c/l", tarfile.SYMTYPE, "../outside"), b""))
    with pytest.raises(Damaged, match="out of the folder"):
        unpack(packed, tmp_path / "out", strip="c")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("to", ["../jsut-lab-0.1.1/p", "../../x/jsut-lab-0.1.1/p", "./p"])
def test_a_link_stays_within_what_is_left_when_a_leading_folder_is_stripped(tmp_path: Path, to: str) -> None:
    steps = "x/jsut-lab-0.1.1" if "x" in to else "jsut-lab-0.1.1"
    packed = tar_of(tmp_path / "c.tgz", (member(f"{steps}/p"), b"in"), (member(f"{steps}/d", tarfile.SYMTYPE, to), b""))
    out = tmp_path / "jsut" / "jsut-lab"
    unpack(packed, out, strip=steps.split("/")[0].replace("0.1.1", "*"))
    (link,) = (path for path in out.rglob("d"))
    assert link.readlink() == Path("p") and link.read_bytes() == b"in"


def test_archives_within_an_archive_share_what_it_may_hold(tmp_path: Path) -> None:
    """A zip of zips is no way around the limits: neither of size nor of members."""
    inner = zip_of(tmp_path / "inner.zip", {"zeros": bytes(400_000)}).read_bytes()
    many = zip_of(tmp_path / "many.zip", {str(number): b"" for number in range(30)}).read_bytes()
    for data, fault in ((inner, "times its size"), (many, "more than 50 members")):
        packed = zip_of(tmp_path / "c.zip", {f"{number}.zip": data for number in range(3)})
        with pytest.raises(Damaged, match=fault) as error:
            unpack(packed, tmp_path / "out", nested=True, limits=Limits(members=50, floor=1_000_000, ratio=20))
        assert str(packed) in str(error.value) and not list((tmp_path / "out").iterdir())
    zip_of(tmp_path / "c.zip", {f"{number}.zip": inner for number in range(2)})
    assert unpack(tmp_path / "c.zip", tmp_path / "out", nested=True, limits=Limits(floor=1_000_000, ratio=20)).files == 2


def test_parts_come_together_and_the_same_file_is_no_conflict(tmp_path: Path) -> None:
    """LibriTTS's archives each bring the speakers' list."""
    unpack(files_of(tmp_path / "dev.tgz", {"L/speakers.tsv": b"s", "L/dev/1.wav": WAV}), tmp_path / "out", strip="L")
    unpack(files_of(tmp_path / "test.tgz", {"L/speakers.tsv": b"s", "L/test/2.wav": WAV}), tmp_path / "out", strip="L")
    assert content(tmp_path / "out") == {"speakers.tsv": b"s", "dev/1.wav": WAV, "test/2.wav": WAV}


def test_what_another_wrote_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out/wavs").mkdir(parents=True)
    (tmp_path / "out/wavs/a.wav").write_bytes(b"mine")
    packed = files_of(tmp_path / "c.tgz", {"metadata.csv": b"x", "wavs/a.wav": b"theirs", "wavs/b.wav": b"b"})
    with pytest.raises(UsageError, match=r"wavs/a\.wav: exists and is not what c\.tgz holds"):
        unpack(packed, tmp_path / "out")
    assert content(tmp_path / "out") == {"wavs/a.wav": b"mine"}


def test_what_a_killed_unpacking_left_is_removed_and_completed(tmp_path: Path) -> None:
    packed = files_of(tmp_path / "c.tgz", {"metadata.csv": b"x", "wavs/a.wav": b"a", "wavs/b.wav": b"b"})
    left = tmp_path / "out" / ".unpacking-0123456789ab"
    (left / "wavs").mkdir(parents=True)
    (left / "wavs/a.wav").write_bytes(b"")
    (tmp_path / "out/wavs").mkdir()
    (tmp_path / "out/wavs/b.wav").write_bytes(b"b")  # moved already when it was killed
    unpack(packed, tmp_path / "out")
    assert content(tmp_path / "out") == {"metadata.csv": b"x", "wavs/a.wav": b"a", "wavs/b.wav": b"b"}


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = files_of(tmp_path / "c.tgz", CORPUS)
    usage = archive_members.shutil.disk_usage(tmp_path)._replace(free=files.RESERVE + 2)
    monkeypatch.setattr(archive_members.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NotWritten, match=r"0\.20 GB free"):
        unpack(packed, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = files_of(tmp_path / "c.tgz", CORPUS)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archives.tarfile, "data_filter", interrupt)
    with pytest.raises(KeyboardInterrupt):
        unpack(packed, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    "name", ["a/b.wav", "./a", ".hidden/x", "-dash", "Kapitel 1/Über.wav", "日本.wav", "a/", "p225_001_mic1.flac"]
)
def test_usual_names_pass(name: str) -> None:
    assert not member_fault(name)
