"""Weightings by name, their options checked."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from tts.core.errors import UsageError
from tts.training.weighting import auxiliary, balancing, scalar, torchjd
from tts.training.weighting.base import Kind, Schedule, Tasks, Weighting

METHODS: dict[str, type[Weighting]] = {
    method.name: method
    for method in (
        scalar.Fixed,
        scalar.Uncertainty,
        scalar.DynamicAverage,
        scalar.GeometricMean,
        scalar.Random,
        scalar.Famo,
        balancing.GradNorm,
        auxiliary.GradientGate,
        auxiliary.Projection,
        auxiliary.OlAux,
        auxiliary.Bloop,
        auxiliary.MetaBalance,
        balancing.PcGrad,
        balancing.UpGrad,
        balancing.DualProjection,
        balancing.Mgda,
        balancing.CaGrad,
        balancing.ImtlG,
        balancing.AlignedMtl,
        balancing.FairGrad,
        balancing.ConFig,
        torchjd.TorchJd,
    )
}


def make_weighting(
    name: str,
    options: Mapping[str, Any],
    tasks: Sequence[str],
    main: Sequence[str],
    base: Mapping[str, float],
    *,
    kinds: Mapping[str, Kind] | None = None,
    schedule: Schedule | None = None,
) -> Weighting:
    """Return the weighting called ``name`` for ``tasks``, of which ``main`` count as one and ``base`` weights come first.

    ``kinds`` are the tasks' kinds of stream (continuous where not given). An unknown name or option, or a value out of
    range, raises :class:`UsageError`.
    """
    if name not in METHODS:
        raise UsageError(f"weighting: there is no {name!r}; {_suggest(name, list(METHODS))}")
    known = options_of(name)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UsageError(f"weighting {name}: unknown option {unknown[0]!r}; {_suggest(unknown[0], list(known))}")
    hints = get_type_hints(METHODS[name].__init__, include_extras=True)
    fields: dict[str, Any] = {option: (hints[option], default) for option, default in known.items()}
    model: type[BaseModel] = create_model("Options", __config__=ConfigDict(strict=True), **fields)
    try:
        checked = model.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"weighting {name}: {first['loc'][0]} is {first['input']!r}; {first['msg'].lower()}") from None
    given = Tasks(tuple(tasks), tuple(main), dict(base), dict(kinds or {}), schedule or Schedule())
    return METHODS[name](given, **checked.model_dump())


def options_of(name: str) -> dict[str, Any]:
    """Return the options of a method with their defaults."""
    parameters = inspect.signature(METHODS[name]).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"there are {', '.join(known)}" if known else "it has none"
