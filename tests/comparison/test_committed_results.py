"""Results that are kept beside their recipes read and render as they did when they were published."""

import json
import re
from pathlib import Path

import pytest

from tts.comparison.adaptation_results import AdaptationResults, markdown
from tts.comparison.results import Results
from tts.comparison.tables import tables
from tts.comparison.worker import earlier_identity, job_identity
from tts.core.files import fingerprint
from tts.dataset.prepared import Prepared
from tts.recipe import Recipe

RECIPES = Path(__file__).parents[2] / "recipes"
VERSION_0_1_0 = Path(__file__).parents[1] / "fixtures" / "format-2"
NAMES = ("kathleen/comparison", "kathleen/hundred", "kathleen/prosody", "kathleen/edit", "nathalie/edit", "flemishguy/edit")
COMPARISONS = [RECIPES / f"{name.replace('/', '/results/')}.json" for name in NAMES]
NUMBER = re.compile(r"[-+]?\d+\.\d+")


def lines_of(text: str) -> list[str]:
    """The lines of Markdown without the section on gradients, which the short results don't hold."""
    return re.sub(r"\n## Gradients\n.*?(?=\n## )", "", text, flags=re.S).splitlines()


def unlike(a: str, b: str) -> bool:
    """Whether lines differ by more than a last digit: the tables were made before the results were cut to six digits."""
    if NUMBER.sub("#", a) != NUMBER.sub("#", b):
        return True
    pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=True)
    return any(abs(float(x) - float(y)) > 1.01 * 10.0 ** -len(x.partition(".")[2]) for x, y in pairs)


@pytest.mark.parametrize("path", COMPARISONS, ids=NAMES)
def test_a_kept_comparison_renders_as_published(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    rendered = lines_of(tables(Results.from_dict(data, path)))
    published = lines_of(path.with_suffix(".md").read_text(encoding="utf-8"))
    assert len(rendered) == len(published)
    assert [(a, b) for a, b in zip(rendered, published, strict=True) if unlike(a, b)] == []


@pytest.mark.parametrize("path", COMPARISONS, ids=NAMES)
def test_a_kept_comparison_loses_nothing_by_being_read_and_written(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))

    def lost(before: object, after: object, place: str = "") -> list[str]:
        if isinstance(before, dict) and isinstance(after, dict):
            gone = [f"{place}/{key}" for key in before if key not in after]
            return gone + [one for key in before if key in after for one in lost(before[key], after[key], f"{place}/{key}")]
        if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            return [one for n, (a, b) in enumerate(zip(before, after, strict=True)) for one in lost(a, b, f"{place}/{n}")]
        return [] if before == after else [f"{place}: {before} became {after}"]

    assert lost(data, json.loads(json.dumps(Results.from_dict(data).to_dict()))) == []


@pytest.mark.parametrize(
    "name",
    [
        "flemishguy/adaptation_curve",
        "flemishguy/adaptation_methods",
        *map("spoken_hour/{}".format, ("curve", "stack", "shared", "judged", "large")),
    ],
)
def test_a_kept_learning_curve_renders_as_published(name: str) -> None:
    recipe, _, file = name.partition("/")
    path = RECIPES / recipe / "results" / f"{file}.json"
    published = path.with_suffix(".md").read_text(encoding="utf-8").splitlines()
    rendered = markdown(AdaptationResults.model_validate(json.loads(path.read_text(encoding="utf-8")))).splitlines()
    assert len(rendered) == len(published)
    assert [(a, b) for a, b in zip(rendered, published, strict=True) if unlike(a, b)] == []


@pytest.mark.parametrize("system", ["single", "stacked"])
def test_runs_that_version_0_1_0_scored_are_recognised(system: str) -> None:
    """Its records hold a digest of the voice's identity and the members of an ensemble; a plain run has none."""
    run = json.loads((VERSION_0_1_0 / system / "training" / "run.json").read_text(encoding="utf-8"))
    recipe, prepared = Recipe.model_validate(run["recipe"]), Prepared(VERSION_0_1_0 / "prepared")
    assert earlier_identity(recipe, prepared, system) == fingerprint(run["identity"], ())
    assert job_identity(recipe, prepared, system) != earlier_identity(recipe, prepared, system)
