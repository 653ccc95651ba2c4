"""No verb takes the address of an object store for a path of this machine."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from command import tts

from tts.cli.main import app
from tts.core.errors import UsageError


def path_options() -> Iterator[tuple[Any, str]]:
    """Yield every option of every verb that is a path, or several."""
    for part in (app, *(group.typer_instance for group in app.registered_groups)):
        assert part is not None
        for command in part.registered_commands:
            verb = inspect.unwrap(command.callback)  # type: ignore[arg-type]
            for name, kind in get_type_hints(verb).items():
                if "Path" in str(kind):
                    yield command.callback, name


OPTIONS = list(path_options())


@pytest.mark.parametrize(("verb", "name"), OPTIONS, ids=[f"{verb.__name__} {name}" for verb, name in OPTIONS])
def test_an_address_is_refused_before_anything_is_made(
    verb: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in (Path("s3://bucket/x"), [Path("gs://bucket/x")]):
        with pytest.raises(UsageError, match=r"tts [a-z ]+ works in folders of this machine here and takes no address"):
            verb(quiet=False, verbose=False, **{name: value})
    assert not list(tmp_path.iterdir())


def test_there_are_such_options() -> None:
    assert len(OPTIONS) > 30


def test_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no path by type is no folder either: recipes, sources of listening tests, voices."""
    monkeypatch.chdir(tmp_path)
    assert "s3://b/out: tts train works in folders" in tts(
        "train", "kathleen", "--system", "single", "--out", "s3://b/out", code=2
    )
    assert "s3://b/out: tts export labels works" in tts("export", "labels", "prepared", "--out", "s3://b/out", code=2)
    assert "s3://b/r.yaml: no recipe there" in tts("train", "s3://b/r.yaml", "--system", "single", code=2)
    assert "s3://b/voice: tts listen make works" in tts("listen", "make", "s3://b/voice", "--out", "page.html", code=2)
    assert "no package here knows the protocol zzz://" in tts("evaluate", "zzz://b/voice", code=2)
    assert "no package here knows the protocol zzz://" in tts(
        "speak", "kathleen", "--text", "Hi.", "--out", "zzz://b/w", code=2
    )
    assert not list(tmp_path.iterdir())
