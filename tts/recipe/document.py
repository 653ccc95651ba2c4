"""``docs/recipe.md``, made from the models: every key with what may stand there, its default, its meaning and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tts.recipe.defaults import average_for, scaled
from tts.recipe.describe import allowed, example, field_slot, in_yaml, models_in
from tts.recipe.network import TaskUse, TrunkPart
from tts.recipe.recipe import Recipe
from tts.recipe.training import TrainingPart

FIRST = """\
name: anna
corpus:
  root: ../recordings
  speaker: anna
  language: de
  licence: CC0-1.0
frames:
  sample_rate: 22050
"""
HEAD = f"""\
# The recipe

One YAML file decides what a voice becomes. These eight lines are enough for a single-task voice (`--system single`) and a
stacked multi-task one (`--system stacked`); `../recordings` holds `metadata.csv` with `id|text` lines, and the recordings
beside it or in `wavs/`:

```yaml
{FIRST}```

    tts prepare anna.yaml            # check, analyse, align
    tts train anna.yaml --system stacked
    tts recipe show anna.yaml        # all keys with their values
    tts recipe schema                # a JSON schema, for editors that check YAML as it is written

`tts recipe show` prints a recipe with every default. `--set training.steps=2000` changes a key for one command. All
that is wrong with a file is reported at once, with the line, what may stand there and an example.

This page is made by `tts recipe docs` from the models in `tts/recipe/`.
"""
RULES = """\
## Defaults by the amount of speech

The defaults are the settings of [kathleen](../recipes/kathleen/README.md), which were tuned on validation with 50 and with 5
minutes of speech. With *m* minutes of training speech (those that `tts prepare` counted; 50 before it ran), keys that a recipe
leaves out are:

* steps of a stage: 5000 · √(*m* / 50), to the nearest hundred, from 200 to 20,000; `single` has twice as many, as many as the
  two networks of `stacked` together; the duration model two fifths;
* dropout: 0.3 up to 5 minutes, from 50 on 0.1 in one network and 0.2 in a stack, in between by the logarithm of *m*;
* `average` 1 - 10 / steps, at most 0.998; `validate_every` a tenth of the steps; `batch` 512, `learning_rate` 0.003,
  `weight_decay` 0.3, six layers of 512 and a bottleneck of 128, whatever *m* is.

`training.steps` that the recipe gives count as they are, and the others follow. A `trunk` or the `tasks` of a stage that the
recipe gives are filled with nothing; of `training` and `duration` every key is filled on its own. What was used is in the
voice's `training/run.json`. More than an hour of speech was not tried.

"""
Section = tuple[str, type[BaseModel], list[str]]  # title, model, notes
SAME_KEYS: dict[type[BaseModel], str] = {
    TrainingPart: "`duration.training` and, of a system, `systems.NAME.training` have the same keys.",
    TrunkPart: "The trunk of a stage, `systems.NAME.stages.N.trunk`, has the same keys.",
    TaskUse: "The tasks of a stage, `systems.NAME.stages.N.tasks.NAME`, have the same keys.",
}
MINUTES = (0.4, 5, 20, 50, 60, 300)


def recipe_page() -> str:
    """Return the page about all keys as Markdown."""
    parts = [HEAD, RULES + "\n".join(_table_of_rules()) + "\n"]
    for title, model, note in _sections():
        parts.append("\n".join([f"## {title}", "", *_prose(model), *note, *_table(model)]) + "\n")
    return "\n".join(parts)


def _table_of_rules() -> Iterator[str]:
    sizes = [scaled(60.0 * minutes) for minutes in MINUTES]
    names = ["25 s", "5 min", "20 min", "50 min", "1 h", "5 h"]
    yield f"| training speech | {' | '.join(names)} |"
    yield f"| --- |{' ---: |' * len(names)}"
    rows: list[tuple[str, list[Any]]] = [
        ("`training.steps`", [f"{size.steps:,}" for size in sizes]),
        ("steps of `single`", [f"{2 * size.steps:,}" for size in sizes]),
        ("`training.average`", [average_for(size.steps) for size in sizes]),
        ("dropout of `single`", [size.dropout for size in sizes]),
        ("dropout of `stacked`", [size.stacked_dropout for size in sizes]),
        ("`duration.training.steps`", [f"{size.duration_steps:,}" for size in sizes]),
    ]
    for name, values in rows:
        yield f"| {name} | {' | '.join(str(value) for value in values)} |"


def _sections() -> Iterator[Section]:
    """Yield title, model and notes of every section: the recipe, then its parts in order, each with its own parts."""
    yield "Keys of the recipe", Recipe, []
    yield from _within("", Recipe, set())


def _within(prefix: str, model: type[BaseModel], done: set[type[BaseModel]]) -> Iterator[Section]:
    for name, info in model.model_fields.items():
        title = f"{prefix}{name}{_below(info)}"
        for part in _models(info):
            if part in done:
                continue
            done.add(part)
            kind = part.model_fields.get("kind")
            own = f"{title}, kind: {kind.default}" if kind is not None and len(list(_models(info))) > 1 else title
            note = [SAME_KEYS[part], ""] if part in SAME_KEYS else []
            if set(part.model_fields) != {"kind"}:
                yield f"`{own}`", part, note
            yield from _within(f"{title}.", part, done)


def _models(info: FieldInfo) -> Iterator[type[BaseModel]]:
    yield from models_in(field_slot(info))


def _below(info: FieldInfo) -> str:
    """Return what stands for the names or numbers between a key and its part."""
    origins = {get_origin(member.type) for member in field_slot(info).members}
    return ".NAME" if dict in origins else ".N" if tuple in origins else ""


def _prose(model: type[BaseModel]) -> list[str]:
    text = re.sub(r":[a-z]+:`~?([^`]*)`", r"`\1`", (model.__doc__ or "").replace("``", "`"))
    lines = [line.strip() for line in text.strip().splitlines()]
    return [*lines, ""]


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | what may stand there | default | meaning | example |"
    yield "| --- | --- | --- | --- | --- |"
    for name, info in model.model_fields.items():
        slot = field_slot(info)
        if len(slot.choices) == 1 and name == "kind":
            continue  # it is in the title
        form = allowed(slot, "keys of its own (below)")
        sample = f"`{example(slot)}`" if slot.examples else ""
        cells = [f"`{name}`", form, _default(info), info.description or "", sample]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _default(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    if isinstance(extra, dict) and "filled" in extra:
        return str(extra["filled"])
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value in ("", (), {}):
        return "see the meaning" if "Default: " in (info.description or "") else "none"
    if isinstance(value, BaseModel):
        return "its defaults" if not value.model_dump(exclude_defaults=True) else f"`{in_yaml(value)}`"
    return f"`{in_yaml(value)}`"
