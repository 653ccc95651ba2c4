"""A web server on this machine that answers as servers out there do: well, badly, and maliciously."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """What the server has: answers by path, one a request and the last again and again; ``asked`` is what was asked for."""

    url: str = ""
    pages: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, *answers: Answer) -> str:
        """Serve ``answers`` at ``path``; return its address."""
        self.pages[path] = list(answers)
        return f"{self.url}/{path}"

    def ranges(self) -> list[str]:
        """The ranges that were asked for, "" for the whole."""
        return [headers.get("range", "") for _, headers in self.asked]


@contextmanager
def loopback() -> Iterator[Site]:
    """Serve a :class:`Site` on a free port of this machine meanwhile."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            site.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
            answers = site.pages.get(path, [status(404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            self.close_connection = True
            answer(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def head(handler: BaseHTTPRequestHandler, code: int, headers: Mapping[str, str]) -> None:
    handler.send_response(code)
    for name, value in {"Connection": "close", **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()


def file(
    data: bytes, *, etag: str | None = None, modified: str = "", ranges: bool = True, cut: int | None = None, claim: int = 0
) -> Answer:
    """Serve a file, with ranges of it; ``cut`` ends the connection after so many bytes, ``claim`` is added to its length."""
    mark = f'"{hashlib.md5(data).hexdigest()}"' if etag is None else etag

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        headers |= {"ETag": mark} if mark else {}
        headers |= {"Last-Modified": modified} if modified else {}
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        start = int(wanted[1]) if wanted and ranges and condition in (None, mark, modified) else 0
        if start >= len(data) and start:
            head(handler, 416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data) + claim}"
        headers["Content-Length"] = str(len(data) - start + claim)
        head(handler, 206 if start else 200, headers)
        handler.wfile.write(data[start:] if cut is None else data[start : start + cut])

    return answer


def status(code: int, **headers: str) -> Answer:
    """Answer with a status alone; ``Retry_After="1"`` is the header Retry-After."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, code, {"Content-Length": "0", **{name.replace("_", "-"): value for name, value in headers.items()}})

    return answer


def page(data: bytes, **headers: str) -> Answer:
    """Answer 200 with ``data`` under headers of one's own, Content-Length among them or not."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, {name.replace("_", "-"): value for name, value in headers.items()})
        handler.wfile.write(data)

    return answer


def partial(data: bytes, content_range: str, **headers: str) -> Answer:
    """Answer 206 with whatever is said to be the range."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        head(handler, 206, {"Content-Range": content_range, "Content-Length": str(len(data)), **own})
        handler.wfile.write(data)

    return answer
