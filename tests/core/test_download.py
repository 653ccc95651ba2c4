"""Downloads from a server on this machine that cuts, refuses, lies, leads astray and changes its mind."""

from __future__ import annotations

import email.utils
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from loopback import Site, file, loopback, page, partial, status

from tts.core import download as module
from tts.core.download import Patience, download
from tts.core.errors import Damaged, Missing, NotWritten, TtsError
from tts.core.files import RESERVE

DATA = bytes(range(256)) * 4000  # 1 MB
OTHER = DATA[::-1]
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with loopback() as site:
        yield site


@pytest.fixture
def site(server: Site) -> Site:
    server.pages.clear()
    server.asked.clear()
    return server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def patience(waits: list[float]) -> Patience:
    return Patience(tries=3, sleep=waits.append, timeout=5)


def only(folder: Path, *names: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_a_file_arrives_with_its_checksum_and_nothing_else(tmp_path: Path, site: Site) -> None:
    result = download(site.put("a.tgz", file(DATA)), tmp_path / "deeper" / "a.tgz", sha256=SHA.upper())
    assert (result.size, result.sha256) == (len(DATA), SHA)
    assert (tmp_path / "deeper/a.tgz").read_bytes() == DATA
    only(tmp_path / "deeper", "a.tgz")
    assert site.asked[0][1]["accept-encoding"] == "identity"


def test_a_cut_connection_is_resumed_where_it_ended(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, cut=300_000), file(DATA, cut=200_000), file(DATA))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert site.ranges() == ["", "bytes=300000-", "bytes=500000-"]
    assert all(headers["if-range"] for _, headers in site.asked[1:])


def test_a_later_call_goes_on_after_a_failure(tmp_path: Path, site: Site, patience: Patience, waits: list[float]) -> None:
    url = site.put("a.tgz", file(DATA, cut=300_000), status(503))
    with pytest.raises(
        TtsError, match=r"busy or failing \(503\), 3 times in a row; 0\.3 MB have arrived; run the same command"
    ):
        download(url, tmp_path / "a.tgz", patience=patience)
    only(tmp_path, "a.tgz.part", "a.tgz.part.json")
    assert waits == [1.0, 2.0]  # the failure that brought something is the first of a row
    site.put("a.tgz", file(DATA))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert site.ranges()[-1] == "bytes=300000-"
    only(tmp_path, "a.tgz")


def test_an_interruption_keeps_what_came(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = site.put("a.tgz", file(DATA))
    original = module.Progress.advance

    def interrupt(*arguments: Any) -> None:
        original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Progress, "advance", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(url, tmp_path / "a.tgz")
    size = (tmp_path / "a.tgz.part").stat().st_size
    assert 0 < size < len(DATA)
    monkeypatch.undo()
    assert download(url, tmp_path / "a.tgz").sha256 == SHA
    assert site.ranges() == ["", f"bytes={size}-"]


def test_another_version_on_the_server_starts_over(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, cut=300_000), file(OTHER))
    download(url, tmp_path / "a.tgz", patience=patience)
    assert (tmp_path / "a.tgz").read_bytes() == OTHER


def test_a_server_without_ranges_starts_over(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, cut=300_000, ranges=False), file(DATA, ranges=False))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA


def test_a_server_that_ignores_if_range_is_found_out_by_its_etag(tmp_path: Path, site: Site, patience: Patience) -> None:
    total = len(DATA)
    wrong = partial(OTHER[300_000:], f"bytes 300000-{total - 1}/{total}", ETag='"other"')
    url = site.put("a.tgz", file(DATA, cut=300_000), wrong, file(OTHER))
    download(url, tmp_path / "a.tgz", patience=patience)
    assert (tmp_path / "a.tgz").read_bytes() == OTHER


def test_a_rest_that_names_no_version_is_not_joined_without_a_checksum(tmp_path: Path, site: Site, patience: Patience) -> None:
    """A server that honours Range, ignores If-Range and says nothing; the content has changed at the same length."""
    total, day = len(DATA), "Mon, 01 Jan 2024 00:00:00 GMT"
    rest = partial(OTHER[300_000:], f"bytes 300000-{total - 1}/{total}")
    for etag, modified in (('"1"', ""), ("", day)):
        url = site.put("a.tgz", file(DATA, etag=etag, modified=modified, cut=300_000), rest, file(OTHER))
        download(url, tmp_path / "a.tgz", patience=patience)
        assert (tmp_path / "a.tgz").read_bytes() == OTHER
        assert site.ranges()[-3:] == ["", "bytes=300000-", ""]
    honest = partial(DATA[300_000:], f"bytes 300000-{total - 1}/{total}")
    url = site.put("b.tgz", file(DATA, cut=300_000), honest)
    assert download(url, tmp_path / "b.tgz", sha256=SHA, patience=patience).sha256 == SHA  # the checksum tells


def test_another_range_than_the_one_asked_for_is_not_appended(tmp_path: Path, site: Site, patience: Patience) -> None:
    total = len(DATA)
    url = site.put("a.tgz", file(DATA, etag='"1"', cut=300_000), partial(DATA[5:], f"bytes 5-{total - 1}/{total}"), file(DATA))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA


def test_without_etag_and_date_a_rest_is_not_trusted(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, etag="", cut=300_000), file(DATA, etag=""))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert site.ranges() == ["", ""]


def test_with_a_checksum_it_is_and_starts_over_where_it_does_not_fit(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(OTHER, etag="", cut=300_000), file(DATA, etag=""))
    assert download(url, tmp_path / "a.tgz", sha256=SHA, patience=replace(patience, tries=5)).sha256 == SHA
    assert site.ranges() == ["", "bytes=300000-", ""]


def test_a_weak_etag_gives_way_to_the_date(tmp_path: Path, site: Site, patience: Patience) -> None:
    day = "Mon, 01 Jan 2024 00:00:00 GMT"
    url = site.put("a.tgz", file(DATA, etag='W/"1"', modified=day, cut=300_000), file(DATA, etag='W/"1"', modified=day))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert site.asked[1][1]["if-range"] == day


def test_a_wrong_checksum_leaves_nothing(tmp_path: Path, site: Site) -> None:
    url = site.put("a.tgz", file(OTHER))
    with pytest.raises(Damaged, match=f"not {SHA} as expected"):
        download(url, tmp_path / "a.tgz", sha256=SHA)
    only(tmp_path)


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_what_is_not_given_is_said_at_once(
    tmp_path: Path, site: Site, waits: list[float], patience: Patience, code: int
) -> None:
    url = site.put("a.tgz", status(code))
    with pytest.raises(Missing, match=url):
        download(url, tmp_path / "a.tgz", patience=patience)
    assert len(site.asked) == 1 and not waits
    only(tmp_path)


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_gets_the_time_it_asks_for(
    tmp_path: Path, site: Site, waits: list[float], patience: Patience, code: int
) -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    url = site.put("a.tgz", status(code, Retry_After="7"), status(code, Retry_After=date), file(DATA))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert waits[0] == 7.0 and 25 < waits[1] <= 30


@pytest.mark.parametrize("value", ["soon", "\u00b2", "-5", "1e3", "9" * 40, ""])
def test_an_odd_time_to_wait_is_none(tmp_path: Path, site: Site, waits: list[float], patience: Patience, value: str) -> None:
    url = site.put("a.tgz", status(503, Retry_After=value), file(DATA))
    assert download(url, tmp_path / "a.tgz", patience=patience).sha256 == SHA
    assert waits == [1.0]


@pytest.mark.parametrize("facts", ["{rubbish", "[]", '{"etag": 1}', '{"etag": "", "modified": "", "total": "many"}'])
def test_broken_facts_of_a_part_start_over(tmp_path: Path, site: Site, facts: str) -> None:
    (tmp_path / "a.tgz.part").write_bytes(b"begun")
    (tmp_path / "a.tgz.part.json").write_text(facts)
    assert download(site.put("a.tgz", file(DATA)), tmp_path / "a.tgz").sha256 == SHA
    only(tmp_path, "a.tgz")


def test_a_server_that_asks_for_an_hour_is_left_for_later(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", status(429, Retry_After="3600"))
    with pytest.raises(TtsError, match="asks to wait for 3600 seconds; run the same command again then"):
        download(url, tmp_path / "a.tgz", patience=patience)
    assert len(site.asked) == 1


def test_redirects_are_followed_and_bounded(tmp_path: Path, site: Site, patience: Patience) -> None:
    site.put("c.tgz", file(DATA))
    site.put("b.tgz", status(307, Location=f"{site.url}/c.tgz"))
    result = download(site.put("a.tgz", status(302, Location="/b.tgz")), tmp_path / "a.tgz")
    assert result.sha256 == SHA and result.url.endswith("c.tgz")
    site.put("loop.tgz", status(302, Location="/loop.tgz"))
    with pytest.raises(TtsError, match="more than 8 times"):
        download(f"{site.url}/loop.tgz", tmp_path / "loop.tgz", patience=patience)
    site.put("file.tgz", status(302, Location="file:///etc/passwd"))
    with pytest.raises(TtsError, match="neither http nor https"):
        download(f"{site.url}/file.tgz", tmp_path / "file.tgz", patience=patience)
    only(tmp_path, "a.tgz")


def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = requests.Response()
    answer.status_code, answer.headers["Location"] = 302, "http://example.org/a.tgz"
    answer.raw = open(os.devnull, "rb")  # noqa: SIM115, PTH123 - closed with the answer
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: answer)
    with pytest.raises(TtsError, match=r"from https to unprotected http://example\.org"):
        download("https://example.org/a.tgz", tmp_path / "a.tgz")


def test_a_length_that_is_too_long_is_a_cut_connection(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, claim=50))
    with pytest.raises(TtsError, match=r"3 times in a row; 1\.0 MB have arrived"):
        download(url, tmp_path / "a.tgz", patience=patience)
    assert not (tmp_path / "a.tgz").exists()


def test_a_length_that_is_too_short_is_seen_by_the_checksum(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, claim=-50))
    with pytest.raises(Damaged, match="sha256"):
        download(url, tmp_path / "a.tgz", sha256=SHA, patience=patience)
    only(tmp_path)


def test_a_body_without_length_arrives(tmp_path: Path, site: Site) -> None:
    assert download(site.put("a.tgz", page(DATA, Connection="close")), tmp_path / "a.tgz").sha256 == SHA


def test_chunks_that_break_off_are_a_cut_connection(tmp_path: Path, site: Site, patience: Patience) -> None:
    broken = page(b"1000\r\n" + DATA[:100], Transfer_Encoding="chunked")
    with pytest.raises(TtsError, match="connection broke"):
        download(site.put("a.tgz", broken), tmp_path / "a.tgz", patience=patience)


def test_an_archive_called_encoded_stays_as_it_is(tmp_path: Path, site: Site) -> None:
    """Some servers say Content-Encoding: gzip of a .tar.gz, whose bytes must not be unpacked."""
    url = site.put("a.tgz", page(DATA, Content_Length=str(len(DATA)), Content_Encoding="gzip"))
    assert download(url, tmp_path / "a.tgz").sha256 == SHA


def test_a_web_page_is_no_archive(tmp_path: Path, site: Site) -> None:
    url = site.put("a.tgz", page(b"<html>", Content_Type="text/html; charset=utf-8", Content_Length="6"))
    with pytest.raises(Missing, match="a web page in place of the file"):
        download(url, tmp_path / "a.tgz")
    only(tmp_path)


def test_what_does_not_fit_is_refused_before_it_comes(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = module.shutil.disk_usage(tmp_path)._replace(free=RESERVE + 1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(NotWritten, match=r"0\.00 GB are to come, and 0\.20 GB are free"):
        download(site.put("a.tgz", file(DATA)), tmp_path / "a.tgz")
    assert not (tmp_path / "a.tgz").exists()


def test_a_whole_part_is_only_moved(tmp_path: Path, site: Site, patience: Patience) -> None:
    url = site.put("a.tgz", file(DATA, cut=300_000), status(503))
    with pytest.raises(TtsError):
        download(url, tmp_path / "a.tgz", patience=patience)
    (tmp_path / "a.tgz.part").write_bytes(DATA)
    site.asked.clear()
    assert download(url, tmp_path / "a.tgz").sha256 == SHA
    assert not site.asked


def test_a_part_without_its_facts_is_fetched_anew(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a.tgz.part").write_bytes(b"of unknown origin")
    assert download(site.put("a.tgz", file(DATA)), tmp_path / "a.tgz").sha256 == SHA


def test_no_server_at_all(tmp_path: Path, patience: Patience, waits: list[float]) -> None:
    with pytest.raises(TtsError, match="cannot be reached"):
        download("http://127.0.0.1:9/a.tgz", tmp_path / "a.tgz", patience=patience)
    assert waits == [1.0, 2.0]
    for odd in ("ftp://example.org/a", "/etc/passwd", "http://", "http://[1/a"):
        with pytest.raises(TtsError):
            download(odd, tmp_path / "a.tgz", patience=patience)


def test_proxy_variables_are_honoured(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("http://corpora.example/a.tgz", file(DATA))
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert download("http://corpora.example/a.tgz", tmp_path / "a.tgz").sha256 == SHA


def test_a_silent_server_is_given_up(tmp_path: Path, site: Site, patience: Patience) -> None:
    release = threading.Event()
    url = site.put("a.tgz", lambda handler: release.wait(5) and None)
    with pytest.raises(TtsError, match="cannot be reached"):
        download(url, tmp_path / "a.tgz", patience=replace(patience, timeout=0.2, tries=1))
    release.set()
