"""Finding task families by name: those of this package, and a user's own (:mod:`tts.tasks.own`)."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

from tts.core.errors import UsageError
from tts.tasks.base import Family, Options, built_in_names
from tts.tasks.own import load_own, own_tasks


def family_names() -> list[str]:
    """Return the names of all task families, the user's own included."""
    return sorted({*built_in_names(), *own_tasks()})


def get_family(name: str) -> Family:
    """Return a family by name; an unknown one raises :class:`UsageError` listing those there are."""
    if name in built_in_names():
        family: Family = importlib.import_module(f"tts.tasks.{name}").FAMILY
        return family
    if name in own_tasks():
        return load_own(name)[0]
    names = family_names()
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}; TTS_TASKS names the folders of your own"
    raise UsageError(f"tasks.{name}: no such task family; {hint}")


def source_of(name: str) -> str:
    """Return what identifies the source of a user's own family, so that an edit is noticed; empty for those of this package."""
    return "" if name in built_in_names() else load_own(name)[1]


def resolve_options(name: str, given: Mapping[str, object]) -> Options:
    """Return a family's options with the given ones on top; an unknown option raises :class:`UsageError`."""
    family = get_family(name)
    for key in given:
        if key not in family.options:
            known = ", ".join(family.options) or "none"
            raise UsageError(f"tasks.{name}.{key}: no such option; its options are: {known}")
    return {**family.options, **given}
