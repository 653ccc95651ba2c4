"""Object stores on this machine: an S3 that moto serves, and stores in memory that break as networks do."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tts.core.remote import Remote


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve an S3 with the bucket ``bucket`` meanwhile, which s3:// addresses then mean; yield its address."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server_module = pytest.importorskip("moto.server", reason="moto is not installed")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    type(system).clear_instance_cache()
    try:
        system.mkdir("bucket")
        yield f"http://{host}:{port}"
    finally:
        type(system).clear_instance_cache()
        server.stop()


class Breaking(MemoryFileSystem):
    """A store in memory, ``breaking://``, whose next ``faults`` calls of each kind raise an error half-way."""

    protocol = "breaking"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    faults: ClassVar[dict[str, list[Exception]]] = {}
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("breaking:")))

    def put_file(self, lpath: str, rpath: str, *arguments: Any, **named: Any) -> None:
        if self.faults.get("put"):
            data = Path(lpath).read_bytes()
            self.pipe_file(rpath, data[: len(data) // 2])
            raise self.faults["put"].pop(0)
        super().put_file(lpath, rpath, *arguments, **named)

    def get_file(self, rpath: str, lpath: str, *arguments: Any, **named: Any) -> None:
        if self.faults.get("get"):
            Path(lpath).write_bytes(self.cat_file(rpath)[:3])
            raise self.faults["get"].pop(0)
        super().get_file(rpath, lpath, *arguments, **named)

    def info(self, path: str, **named: Any) -> Any:
        if self.faults.get("info"):
            raise self.faults["info"].pop(0)
        return super().info(path, **named)

    def find(self, path: str, *arguments: Any, **named: Any) -> Any:
        if self.faults.get("list"):
            raise self.faults["list"].pop(0)
        return super().find(path, *arguments, **named)


@contextmanager
def breaking_store(**faults: list[Exception]) -> Iterator[Remote]:
    """Yield ``breaking://folder``, empty; ``put``, ``get``, ``info`` and ``list`` are what its next calls raise."""
    fsspec.register_implementation("breaking", Breaking, clobber=True)
    Breaking.store.clear()
    Breaking.pseudo_dirs[:] = [""]
    Breaking.faults = faults
    try:
        yield Remote("breaking://folder")
    finally:
        Breaking.store.clear()
        Breaking.faults = {}


def stored(folder: str) -> dict[str, bytes]:
    """Return all files below an address, hidden ones too, by name."""
    system, path = fsspec.core.url_to_fs(folder)
    system.invalidate_cache()
    return {name.removeprefix(f"{path}/"): system.cat_file(name) for name in system.find(path)}


def fill(folder: str, files: dict[str, bytes]) -> None:
    """Put files below an address."""
    system, path = fsspec.core.url_to_fs(folder)
    for name, data in files.items():
        system.pipe_file(f"{path}/{name}", data)
