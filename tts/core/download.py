"""Fetching one file over the network: resumed, bounded in patience, redirects and size, checked, then moved into place."""

from __future__ import annotations

import email.utils
import logging
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tts import __version__
from tts.core.errors import Damaged, Missing, NotWritten, TtsError
from tts.core.files import CHUNK, RESERVE, file_digest, make_folder, not_written, read_json, write_json
from tts.core.progress import Progress

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

REDIRECTS = (301, 302, 303, 307, 308)
GONE = {401: "wants a login", 403: "refuses it (403)", 404: "has it no longer (404)", 410: "has it no longer (410)"}
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Patience:
    """How long a download goes on against failures.

    It is given up after ``tries`` failures without getting further in between, waiting ``first_wait`` seconds after the first
    and twice as long after each. A server that names a time to wait (Retry-After) is given it, up to ``longest_wait`` seconds;
    where it asks for more the download ends, to be continued later. ``timeout`` is for connecting and between two pieces of
    data, in seconds, ``redirects`` how often an address may lead on to another.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 120.0
    timeout: float = 60.0
    redirects: int = 8
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Downloaded:
    """A file that arrived whole: where it lies, its bytes, its sha256, and the address that it finally came from."""

    path: Path
    size: int
    sha256: str
    url: str


class _TryAgain(Exception):
    """A failure that may pass; ``wait`` is what the server asks for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class _Part:
    """What has arrived of a file (``NAME.part``), and of which version of it (``NAME.part.json``)."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self.facts = target.with_name(target.name + ".part.json")
        self.etag = self.modified = ""
        self.total: int | None = None
        self.joined = False  # of more than one answer
        if self.path.is_file() and self.facts.is_file():
            try:
                saved = read_json(self.facts)
                self.etag, self.modified = str(saved["etag"]), str(saved["modified"])
                self.total = None if saved["total"] is None else int(saved["total"])
            except (TtsError, KeyError, TypeError, ValueError):
                self.restart()
        else:
            self.restart()

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str:
        """What names its version to the server: a strong ETag, else the time of its last change, else nothing."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def restart(self) -> None:
        """Forget all that has arrived."""
        self.path.unlink(missing_ok=True)
        self.facts.unlink(missing_ok=True)
        self.etag = self.modified = ""
        self.total = None
        self.joined = False

    def begin(self, response: requests.Response, total: int | None) -> None:
        """Note which version of the file now arrives from its beginning."""
        self.restart()
        self.etag, self.modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        self.total = total
        self.path.touch()
        write_json(self.facts, {"etag": self.etag, "modified": self.modified, "total": total})

    def same(self, response: requests.Response, pinned: bool) -> bool:
        """Return whether a server that sends the rest sends that of the same version.

        A server that does not say (some ignore If-Range) is believed only where a checksum (``pinned``) will tell.
        """
        etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        if self.etag and etag:
            return etag == self.etag
        return modified == self.modified if modified else pinned


def download(
    url: str, target: Path, *, sha256: str | None = None, label: str = "", patience: Patience | None = None
) -> Downloaded:
    """Fetch ``url`` to ``target``, going on where an earlier call stopped; proxies are taken from the usual variables.

    What arrives lies in ``target``.part until it is complete and, where ``sha256`` (hexadecimal) is given, right. An
    interruption of any kind keeps it for the next call, which asks the server for the rest of the same version; a server
    that has another version, or cannot send a rest, starts over, as does one that sends a rest without saying of which version
    where no ``sha256`` would tell.

    Raises :class:`Missing` where the server has no such file or does not give it to everybody, :class:`Damaged` where the
    content is not the expected one (then nothing is kept), :class:`NotWritten` where it does not fit on the disk, and
    :class:`TtsError` for a server that cannot be reached, redirects without end or from https to http, or asks to wait longer
    than ``patience`` allows.
    """
    requests = _requests()
    patience = patience or Patience()
    make_folder(target.parent)
    part = _Part(target)
    with requests.Session() as session:
        session.headers.update({"User-Agent": f"stacked-tts/{__version__}", "Accept-Encoding": "identity"})
        came_from = _persist(session, url, part, sha256, label or target.name, patience)
        digest = file_digest(part.path)
        if sha256 and digest != sha256.lower() and part.joined:
            log.warning("%s: what was resumed does not fit together; it is fetched anew", target.name)
            part.restart()
            came_from = _persist(session, url, part, sha256, label or target.name, patience)
            digest = file_digest(part.path)
    if sha256 and digest != sha256.lower():
        part.restart()
        raise Damaged(
            f"{url}: its sha256 is {digest}, not {sha256} as expected; another file lies there, or somebody changed it"
        )
    size = part.size
    part.path.replace(target)
    part.facts.unlink(missing_ok=True)
    return Downloaded(target, size, digest, came_from)


def _requests() -> Any:
    try:
        import requests
    except ImportError:
        raise TtsError("downloads need the package requests: pip install 'stacked-tts[corpora]'") from None
    return requests


def _persist(session: requests.Session, url: str, part: _Part, sha256: str | None, label: str, patience: Patience) -> str:
    """Try until the part is whole; return the address that it came from."""
    failures = 0
    most = part.size  # a server that makes us start over and over gets nowhere, and is given up
    while True:
        try:
            return _try(session, url, part, sha256 is not None, label, patience)
        except _TryAgain as failure:
            failures = 1 if part.size > most else failures + 1
            most = max(most, part.size)
            if failures >= patience.tries:
                raise TtsError(
                    f"{url}: {failure}, {failures} times in a row; {part.size / 1e6:.1f} MB have arrived; run the same command "
                    f"again later to continue, or use another --mirror"
                ) from None
            wait = patience.first_wait * 2 ** (failures - 1) if failure.wait is None else failure.wait
            if wait > patience.longest_wait and failure.wait is not None:
                raise TtsError(
                    f"{url}: the server asks to wait for {wait:.0f} seconds; run the same command again then to continue"
                ) from None
            log.info("%s: %s; trying again in %.0f seconds", url, failure, wait)
            patience.sleep(min(wait, patience.longest_wait))


def _try(session: requests.Session, url: str, part: _Part, pinned: bool, label: str, patience: Patience) -> str:
    """Ask once for what is missing, and write it to the part as it comes."""
    if part.size and part.size == part.total:  # interrupted between the last byte and the move
        return url
    headers = {}
    # Without a version to name, a rest may be that of another file; then only a checksum could tell.
    if part.size and (part.validator or pinned):
        headers["Range"] = f"bytes={part.size}-"
        if part.validator:
            headers["If-Range"] = part.validator
    elif part.size:
        part.restart()
    response, address = _follow(session, url, headers, patience)
    with response:
        if response.status_code == 416 and headers:
            if part.total is not None and part.size == part.total:
                return address
            part.restart()
            raise _TryAgain("the server has less of it than has arrived", 0.0)
        total = _announced(response, address, part, pinned)
        if response.status_code == 200:
            part.begin(response, total)
        else:
            part.joined = True
        _check_room(part, total)
        _receive(response, part, total, label)
    return address


def _follow(session: requests.Session, url: str, headers: dict[str, str], patience: Patience) -> tuple[requests.Response, str]:
    """Return the answer at the end of all redirects, and its address; raises :class:`_TryAgain` where it cannot be had now."""
    import requests

    address = url
    for _ in range(patience.redirects + 1):
        if _scheme(address) not in ("http", "https"):
            leads = f"leads to {address}, which" if address != url else "cannot be fetched: its address"
            raise TtsError(f"{url}: {leads} is neither http nor https")
        try:
            response = session.get(address, headers=headers, stream=True, allow_redirects=False, timeout=patience.timeout)
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidProxyURL,
            requests.exceptions.MissingSchema,
        ) as error:
            raise TtsError(f"{url}: is no address that can be fetched ({error})") from None
        except requests.exceptions.SSLError as error:
            raise TtsError(f"{url}: the certificate of the server is not accepted ({error})") from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise _TryAgain(f"the server cannot be reached ({_reason(error)})") from None
        if response.status_code not in REDIRECTS:
            return response, address
        response.close()
        try:
            place = urljoin(address, response.headers.get("Location", ""))
        except ValueError:
            raise TtsError(f"{url}: leads to {response.headers.get('Location', '')!r}, which is no address") from None
        if _scheme(address) == "https" and _scheme(place) == "http":
            raise TtsError(f"{url}: leads from https to unprotected {place}; refused")
        address = place
    raise TtsError(f"{url}: leads from one address to the next more than {patience.redirects} times, last to {address}")


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def _announced(response: requests.Response, address: str, part: _Part, pinned: bool) -> int | None:
    """Return the size that the whole file is said to have; raises what is wrong with the answer."""
    status = response.status_code
    if status in GONE:
        raise Missing(f"{address}: the server {GONE[status]}")
    if status in TEMPORARY:
        raise _TryAgain(f"the server is busy or failing ({status})", _retry_after(response.headers.get("Retry-After", "")))
    if status not in (200, 206):
        raise TtsError(f"{address}: the server answers {status} {response.reason or ''}".rstrip())
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Missing(f"{address}: the server answers with a web page in place of the file")
    if status == 200:
        return _count(response.headers.get("Content-Length", ""))
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    start, total = rest.partition("-")[0], rest.rpartition("/")[2]
    whole = _count(total)
    changed = not part.same(response, pinned) or (whole is not None and part.total is not None and whole != part.total)
    if unit != "bytes" or start != str(part.size) or changed:
        part.restart()
        raise _TryAgain("the file has changed on the server, or another part of it came", 0.0)
    return whole if whole is not None else part.total


def _count(value: str) -> int | None:
    """Return a number in a header; None where it is none."""
    return int(value) if re.fullmatch(r"\s*[0-9]{1,18}\s*", value) else None


def _retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number or a date."""
    if (seconds := _count(value)) is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _check_room(part: _Part, total: int | None) -> None:
    free = shutil.disk_usage(part.path.parent).free
    if total is not None and total - part.size > free - RESERVE:
        raise NotWritten(
            f"{part.path.parent}: {(total - part.size) / 1e9:.2f} GB are to come, and {free / 1e9:.2f} GB are free on its disk"
        )


def _receive(response: requests.Response, part: _Part, total: int | None, label: str) -> None:
    """Append the body to the part; raises :class:`_TryAgain` where it ends before the size that was announced."""
    import urllib3

    unchecked = 0
    with (
        part.path.open("ab") as stream,
        Progress(label, (total or 0) // 1_000_000, done=part.size // 1_000_000, unit="MB") as shown,
    ):
        while True:
            try:
                data = response.raw.read(CHUNK, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise _TryAgain(f"the connection broke ({_reason(error)})") from None
            if not data:
                break
            try:
                stream.write(data)
            except OSError as error:
                raise not_written(part.path, error) from None
            shown.advance(stream.tell() // 1_000_000 - shown.done)
            unchecked += len(data)
            if unchecked > RESERVE // 4:
                unchecked = 0
                _check_room(part, part.size)
    if total is not None and part.size < total:
        raise _TryAgain(f"the server sent {part.size} bytes of {total} and ended")
    if total is not None and part.size > total:
        part.restart()
        raise _TryAgain(f"the server sent more than the {total} bytes that it announced")


def _reason(error: Exception) -> str:
    """Return the innermost reason of a chain of errors, which says most."""
    inner = error
    while (further := inner.__cause__ or inner.__context__) is not None and isinstance(further, Exception):
        inner = further
    return str(inner) or type(inner).__name__
