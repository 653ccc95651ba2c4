from __future__ import annotations

import logging
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loopback import file, loopback
from object_store import breaking_store, fill, s3_server, stored

from tts.cli.options import command_line
from tts.core import remote
from tts.core.errors import Missing, NotWritten, TtsError, UsageError
from tts.core.remote import Remote, is_address, place_of, refuse_address, without_credentials


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PATIENCE", (0.0, 0.0))


def test_what_is_an_address() -> None:
    assert [is_address(text) for text in ("s3://b/x", "gs://b", "C:/x", "c://x", "a/b", "x:y", "-", "a://b")] == [
        *(True, True, False, False, False, False, False, False)
    ]
    assert place_of("a/b") == Path("a/b")
    address = Remote("s3://bucket/voices/anna.v2/")
    assert (address.name, address.stem, address.suffix, address.protocol) == ("anna.v2", "anna", ".v2", "s3")
    assert str(address.child("a/b.wav")) == "s3://bucket/voices/anna.v2/a/b.wav"
    assert Remote("https://host/two%20words.txt?Signature=x").stem == "two words"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/a.txt?X-Amz-Signature=abc&sig=d", "https://host/a.txt"),
        ("--corpus-root=sftp://anna:pass@host/x", "--corpus-root=sftp://host/x"),
        ("see 'https://h/x?token=1', then s3://b/y", "see 'https://h/x', then s3://b/y"),
        ("is this a question? yes", "is this a question? yes"),
        ("sftp://anna@host/x", "sftp://anna@host/x"),
        ("s3://KEY:SE/CR@ET@bucket/x", "s3://bucket/x"),  # secret keys of AWS have slashes
        ("s3://KEY:12345/CRET@bucket/x", "s3://bucket/x"),
        ("s3://KEY:SE?CRET@bucket/x", "s3://bucket/x"),
        ("--voices a=s3://K:S/T@b/x,b=https://TOKEN@h/y,c=d@e", "--voices a=s3://b/x,b=https://h/y,c=d@e"),
        ("https://TOKEN@host:80/x", "https://host:80/x"),
        ("gs://TOKEN@bucket", "gs://bucket"),
        ("sftp://anna:pa/ss@host:22/x", "sftp://host:22/x"),
        ("sftp://anna@host:22/a@b", "sftp://anna@host:22/a@b"),
        ("https://host:8080/@anna/x", "https://host:8080/@anna/x"),
        ("http://[::1]:8080/a@b", "http://[::1]:8080/a@b"),
        ("abfs://container@account.dfs.core.windows.net/x", "abfs://container@account.dfs.core.windows.net/x"),
        ("hf://datasets/anna/x@main/a.wav", "hf://datasets/anna/x@main/a.wav"),
        ("s3://b/a@b.wav, mail anna@host", "s3://b/a@b.wav, mail anna@host"),
        ("https://h/x?id=a@b:c@d and more", "https://h/x and more"),
    ],
)
def test_what_is_secret_is_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize(
    "secret", ["s3://KEY:SECRET@", "s3://KEY:SEC/RET@", "s3://KEY:12/SECRET@", "s3://SECRET@", "s3://K:SEC x://RET@"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^s3://bucket/x: has a password in it or a token") as caught:
        Remote(f"{secret}bucket/x")
    assert not any(part in str(caught.value) for part in ("KEY", "SEC", "RET"))
    if " " not in secret:
        monkeypatch.setattr(sys, "argv", ["tts", "speak", "--voice", f"{secret}bucket/x", f"--out={secret}b"])
        assert command_line() == "tts speak --voice s3://bucket/x --out=s3://b"


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/a@b.wav", "sftp://anna@host:22/a@b", "abfs://c@account.dfs.core.windows.net/x", "https://host:80/@a/x"],
)
def test_an_at_sign_is_not_always_a_secrets(address: str) -> None:
    assert str(Remote(address).child("c@d.wav")).startswith(f"{address}/c")


@pytest.mark.parametrize("text", ["s3://b/x", "s3:/b/x", "gs:", "https://host/x"])
def test_an_address_is_no_folder(text: str) -> None:
    with pytest.raises(UsageError, match=r"tts train works in folders of this machine here and takes no address"):
        refuse_address(Path(text), "tts train")


def test_paths_stay_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd:").mkdir()
    for text in ("a/s3:/b", "C:/x", "odd:/x", "/s3:/x", "-", "x:y"):
        refuse_address(Path(text), "tts train")
    with pytest.raises(UsageError, match="by its path alone: /home/x"):
        refuse_address(Path("file:///home/x"), "tts train")


def test_missing_packages_and_unknown_protocols_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("s3fs", "gcsfs"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        UsageError, match="gs://b/x: gs:// needs a package that is not installed; install it with: pip install gcsfs"
    ):
        Remote("gs://b/x").exists()
    with pytest.raises(UsageError, match=r"no package here knows the protocol zzz://; the usual are s3 \(pip install s3fs\)"):
        Remote("zzz://b/x").exists()
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match=r"pip install 'stacked-tts\[remote\]'"):
        Remote("s3://b/x").exists()


def test_names_of_a_listing_are_checked(caplog: pytest.LogCaptureFixture) -> None:
    with breaking_store() as store:
        fill(
            str(store),
            {"a.wav": b"1", "sub/b.wav": b"22", ".hidden": b"", "bad:name.wav": b"", "sub/..": b"", "a\x01.wav": b""},
        )
        with caplog.at_level(logging.WARNING):
            listing = store.listing()
        assert {name: entry.size for name, entry in listing.items()} == {"a.wav": 1, "sub/b.wav": 2}
        assert caplog.text.count("so it is left out") == 3
        assert ".hidden" in store.listing(hidden=True)
        with pytest.raises(Missing, match="breaking://folder/none: there is no folder with anything in it"):
            store.child("none").listing()


def test_patterns() -> None:
    with breaking_store() as store:
        fill(str(store), {"b.txt": b"b", "a.txt": b"a", "c.md": b"", "sub/d.txt": b""})
        assert [file.name for file in store.child("*.txt").matches()] == ["a.txt", "b.txt"]
        assert [str(file) for file in store.child("c.md").matches()] == ["breaking://folder/c.md"]
        with pytest.raises(Missing, match="no file of such a name"):
            store.child("*.xml").matches()


def test_a_connection_that_drops_in_writing_leaves_nothing(tmp_path: Path) -> None:
    """The store writes half an object and breaks, for longer than is tried; then what was there is there, whole."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"new" * 1000)
    with breaking_store(put=[ConnectionResetError("reset by peer")] * 3) as store:
        fill(str(store), {"a.wav": b"old"})
        with pytest.raises(NotWritten, match=r"breaking://folder/a.wav: could not be written \(reset by peer\)"):
            store.child("a.wav").put(path)
        assert stored(str(store)) == {"a.wav": b"old"}
        store.child("a.wav").put(path)
        assert stored(str(store)) == {"a.wav": b"new" * 1000}


def test_a_connection_that_drops_once_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"content")
    with breaking_store(put=[ConnectionResetError("x")], get=[OSError("y")]) as store:
        store.child("a").put(path)
        assert store.child("a").fetch(tmp_path / "b", 7) == 7
        assert (tmp_path / "b").read_bytes() == b"content"
        with pytest.raises(TtsError, match="7 bytes came of 8"):
            store.child("a").fetch(tmp_path / "b", 8)


def test_what_is_not_permitted_is_not_tried_again() -> None:
    with breaking_store(list=[PermissionError("Access Denied")] * 2) as store:
        with pytest.raises(TtsError, match=r"the store does not permit it \(Access Denied\); credentials are looked for"):
            store.listing()
        assert len(type(store._opened[0]).faults["list"]) == 1


def test_a_store_that_cannot_be_reached_is_not_empty() -> None:
    with breaking_store(info=[ConnectionResetError("reset")] * 6) as store:
        fill(str(store), {"a": b"1"})
        for question in (store.child("a").exists, store.child("a").is_file):
            with pytest.raises(TtsError, match=r"could not be read \(reset\)"):
                question()
        assert store.child("a").is_file() and store.exists() and not store.is_file() and not store.child("b").exists()


def test_http_is_read_by_size_and_never_written(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    with loopback() as site:
        address = site.put("texts/a%20b.txt", file(b"Hello.\n"))
        text = Remote(f"{address}?sig=secret")
        site.put("texts/a%20b.txt?sig=secret", file(b"Hello.\n"))
        assert (text.read_bytes(), text.stem) == (b"Hello.\n", "a b")
        with pytest.raises(Missing, match=r"none.txt: there is nothing") as caught:
            Remote(f"{site.url}/none.txt?sig=secret").read_bytes()
        assert "secret" not in str(caught.value)
        with pytest.raises(TtsError, match=r"cannot be written|could not be written"):
            Remote(address).put(Path(__file__))


def test_files_of_a_web_server_have_their_own_names(tmp_path: Path) -> None:
    """Python's own server quotes names in its listings; each file comes under its name, and never another's content."""
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    names = {"a#1.wav", "c%41.wav", "cA.wav", "d e.wav", "f%2541.wav", "f%41.wav", "g@h.wav", "é+&;.wav", "sub #/i%20j.wav"}
    (tmp_path / "site" / "sub #").mkdir(parents=True)
    for name in names:
        (tmp_path / "site" / name).write_bytes(f"of {name}".encode())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        folder = Remote(f"http://127.0.0.1:{server.server_address[1]}")
        assert set(folder.listing()) == names
        for name in names:
            file = folder.child(name)
            folder.child(name).fetch(tmp_path / "copy")
            content = (tmp_path / "site" / name).read_bytes()
            assert (tmp_path / "copy").read_bytes() == file.read_bytes() == content, name
            assert (file.name, file.info().size, file.exists()) == (Path(name).name, len(content), True)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same against moto's S3: listing, patterns, whole objects, absent buckets, keys that are refused."""
    with s3_server(monkeypatch):
        path = tmp_path / "a.wav"
        path.write_bytes(b"sound")
        folder = Remote("s3://bucket/corpus")
        folder.child("wavs/a.wav").put(path)
        folder.child("b.txt").put(path)
        assert {name: entry.size for name, entry in folder.listing().items()} == {"b.txt": 5, "wavs/a.wav": 5}
        before = folder.listing()["b.txt"].version
        path.write_bytes(b"other")
        folder.child("b.txt").put(path)
        assert folder.listing()["b.txt"].version != before
        assert [str(match) for match in folder.child("*.txt").matches()] == ["s3://bucket/corpus/b.txt"]
        assert folder.child("b.txt").read_bytes() == b"other"
        folder.child("b.txt").rename("c.txt")
        assert sorted(folder.listing()) == ["c.txt", "wavs/a.wav"]
        assert folder.child("c.txt").is_file() and not folder.child("b.txt").exists()
        with pytest.raises(Missing, match=r"s3://bucket/none.txt: there is nothing"):
            Remote("s3://bucket/none.txt").read_bytes()
        with pytest.raises(NotWritten, match=r"s3://absent/a.wav: the store has no such bucket or folder"):
            Remote("s3://absent/a.wav").put(path)
