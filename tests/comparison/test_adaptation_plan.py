"""What is asked of tts adapt twice, or for nothing, is refused before a voice is read."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from speech import FIXTURES, RECIPE

from tts.cli.adapt import named_voices
from tts.comparison.adaptation import adapt, check_methods
from tts.comparison.adaptation_plan import AdaptationPlan, check_plan
from tts.core.errors import UsageError
from tts.dataset.prepared import Prepared
from tts.generation.voice import load_voice
from tts.recipe import load_recipe

OLD = FIXTURES / "format-2"
WIDER = "systems.single.stages.0.trunk.layers=[20]"


@pytest.mark.parametrize(
    ("methods", "against", "voices", "said"),
    [
        (("scratch", "fine_tune", "fine_tune"), (), {}, "--methods: fine_tune is there twice"),
        (("scratch", "fine_tune"), ("scratch", "scratch"), {}, "--against: scratch is there twice"),
        (("fine_tune",), ("fine_tune",), {}, "--against: there is no other method"),
        (("scratch", "fine_tune"), (), {"other": OLD / "single"}, "--voices: no method begins from other"),
    ],
)
def test_a_plan_asks_for_nothing_twice_or_in_vain(
    methods: tuple[str, ...], against: tuple[str, ...], voices: dict[str, Path], said: str
) -> None:
    prepared, voice = Prepared(OLD / "prepared"), load_voice(OLD / "single", "cpu")
    right = {"voice": OLD / "single", "recipe": load_recipe(RECIPE), "system": "single", "utterances": (1,), "seeds": (1,)}
    check_plan(AdaptationPlan(**right, methods=("scratch", "fine_tune"), validation=1, against=("scratch",)), voice, prepared)
    with pytest.raises(UsageError, match=said):
        check_plan(AdaptationPlan(**right, methods=methods, validation=1, against=against, voices=voices), voice, prepared)


def test_judges_without_a_method_that_speaks_are_refused() -> None:
    prepared, voice = Prepared(OLD / "prepared"), load_voice(OLD / "single", "cpu")
    recipe = load_recipe(RECIPE)
    for methods, judged, refused in (
        (("statistics",), 2, True),
        (("statistics",), 0, False),
        (("statistics", "l2_sp"), 2, False),
    ):
        plan = AdaptationPlan(OLD / "single", recipe, "single", (1,), (1,), methods, 1, judged=judged)
        with pytest.raises(UsageError, match="--judges: statistics leaves no voice") if refused else nullcontext():
            check_plan(plan, voice, prepared)


@pytest.mark.parametrize(
    ("changes", "methods", "beside", "said"),
    [
        ([WIDER], ("scratch", "fine_tune"), False, "transfer: no hidden layer of fixture single fits this system"),
        ([], ("scratch", "shared"), True, "its speaker kathleen is in another of the corpora"),
        (["frames.mcep_order=13"], ("scratch",), False, "prepared with another frames part"),
    ],
)
def test_what_cannot_be_begun_is_refused_before_anything_is_written(
    tmp_path: Path, changes: list[str], methods: tuple[str, ...], beside: bool, said: str
) -> None:
    prepared = Prepared(OLD / "prepared")
    recipe = load_recipe(RECIPE, changes)
    plan = AdaptationPlan(OLD / "single", recipe, "single", (2,), (1,), methods, 1, beside=(prepared,) if beside else ())
    with pytest.raises(UsageError, match=said):
        adapt(plan, prepared, tmp_path / "out", device="cpu")
    assert not (tmp_path / "out").exists()


def test_methods_that_can_be_begun_are_let_through() -> None:
    methods = ("scratch", "statistics", "fine_tune", "freeze_trunk", "l2_sp", "features", "features@other", "fine_tune@other")
    plan = AdaptationPlan(OLD / "single", load_recipe(RECIPE), "single", (2,), (1,), methods, 1, {"other": OLD / "stacked"})
    check_methods(plan, Prepared(OLD / "prepared"))


def test_a_voice_has_a_name_of_its_own() -> None:
    with pytest.raises(UsageError, match="--voices: a is there twice"):
        named_voices(f"a={OLD / 'single'},a={OLD / 'stacked'}")
