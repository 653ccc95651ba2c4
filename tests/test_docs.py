"""What README.md and docs/ show works: commands have these verbs and options, YAML is a recipe's, Python runs as a script."""

import copy
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer
import yaml
from documents import FENCE, PAGES, ROOT, Block, all_blocks, blocks, command_lines
from speech import FIXTURES, RECIPE

from tts.cli.main import app
from tts.core.errors import UsageError
from tts.recipe import load_recipe
from tts.recipe.load import find_recipe
from tts.tasks.own import ENVIRONMENT

COMMANDS = [(f"{page.relative_to(ROOT)}:{line}", text) for page in PAGES for line, text in command_lines(page)]
PYTHON = [block for block in all_blocks("python") if block.page.name != "beyond_speech.md"]  # that page: test_beyond_speech

ANSWERS = """session_test_id,session_uuid,trial_id,choice_reference,choice_non_reference,choice_answer,choice_time
t,u1,utt1,single,stacked,stacked,900
t,u2,utt1,single,stacked,undecided,900
"""


def parsed(text: str) -> tuple[str, dict[str, Any]]:
    """Return verb and options of a command line; an unknown one, or too many arguments, raise click's or Typer's error."""
    words = shlex.split(text.replace("[", "").replace("]", ""), comments=True)[1:]
    words = [word for word in words if word not in ("...", "…")]
    command, name, options = typer.main.get_command(app), "tts", {}
    context = command.make_context(name, [], resilient_parsing=True)
    while hasattr(command, "commands") and words:
        name, words = words[0], words[1:]
        assert name in command.commands, f"there is no verb {name}"
        command = command.commands[name]
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
    context.resilient_parsing = False  # which would pass over an option that is not there
    options, left, _ = command.make_parser(context).parse_args(words)
    assert not left, f"these arguments are too many: {left}"
    return name, {key: value for key, value in options.items() if isinstance(value, str | list)}  # others were not given


@pytest.mark.parametrize(("place", "text"), COMMANDS, ids=[place for place, _ in COMMANDS])
def test_commands_have_these_verbs_and_options(place: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(ENVIRONMENT, str(ROOT / "docs" / "examples"))
    _, options = parsed(text)
    changes, recipe = options.get("changes") or options.get("set") or [], options.get("recipe")
    changes = [change for change in changes if not re.search(r"=[A-Z]+$", change)]  # a placeholder's value is any
    if recipe is None or recipe.upper() == recipe or (Path(recipe).suffix and not recipe.startswith("recipes/")):
        return  # no recipe, a placeholder, or the reader's own file
    system = options.get("system")
    loaded = load_recipe(recipe, changes)
    assert system is None or system in loaded.systems, f"{recipe} has no system {system}"


def test_the_check_of_commands_sees_what_is_wrong() -> None:
    for text, said in (
        ("tts sing", "no verb sing"),
        ("tts speak VOICE --loud", "--loud"),
        ("tts listen sing", "no verb sing"),
        ("tts evaluate VOICE ANOTHER", "too many"),
    ):
        with pytest.raises(Exception, match=said):
            parsed(text)
    assert len(COMMANDS) > 50


def test_recipes_that_pages_name_are_there() -> None:
    for page in PAGES:
        for name in re.findall(r"recipes/\w+(?:/\w+\.yaml)?(?![\w/])", page.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{page}: {name}"
    assert find_recipe("kathleen").is_file()


def whole(fragment: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe that holds ``fragment``: the fixtures' one, of whose parts those that the fragment has are replaced."""
    base = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    if "stages" in fragment:
        fragment = {"systems": {"shown": fragment}}
    if "corpus" in fragment and "speakers" in fragment["corpus"]:
        base["corpus"] = {}
    recipe = copy.deepcopy(base)
    for key, value in fragment.items():
        if key == "systems" and isinstance(value, dict):
            recipe["systems"] = {**base["systems"], **value}
        else:
            recipe[key] = {**base[key], **value} if isinstance(base.get(key), dict) and isinstance(value, dict) else value
    for system in recipe["systems"].values():
        if system.get("stages", "...") == "...":
            system["stages"] = base["systems"]["single"]["stages"]
    names = re.findall(r"\b(gammatone|mel|phone_class|formants|lsf|step|articulation)\b", yaml.safe_dump(recipe))
    recipe["tasks"] = {name: {} for name in names} | recipe["tasks"]
    comparison = recipe.get("comparison", {})
    searched = [key for keys in comparison.get("search", {}).values() for key in keys["keys"]]
    named = [*comparison.get("systems", []), *comparison.get("controls", [])]
    for name in {*named, "stacked"} if searched else named:
        recipe["systems"].setdefault(name, base["systems"]["stacked"])
    return recipe


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=lambda block: block.name)
def test_yaml_is_what_a_recipe_may_hold(block: Block, tmp_path: Path) -> None:
    """A whole recipe as it stands; a part of one within a small recipe."""
    data = yaml.safe_load(block.text)
    recipe = data if {"name", "corpus"} <= data.keys() else whole(data)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    load_recipe(tmp_path / "recipe.yaml")


def test_the_check_of_yaml_sees_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(whole({"training": {"stepps": 3}})), encoding="utf-8")
    with pytest.raises(UsageError, match="stepps"):
        load_recipe(tmp_path / "recipe.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_python_runs_as_a_script(block: Block, tmp_path: Path) -> None:
    """Blocks of a page are one script each, run where a trained voice and recordings lie as the pages say."""
    for system in ("single", "stacked"):
        shutil.copytree(FIXTURES / "format-2" / system, tmp_path / "output" / "kathleen" / system)
    for name in ("a.wav", "b.wav"):
        soundfile.write(str(tmp_path / name), np.random.default_rng(len(name)).normal(size=16000) / 10.0, 16000)
    (tmp_path / "paired_comparison.csv").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "script.py").write_text(block.text, encoding="utf-8")
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=script_environment())
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr


def script_environment() -> dict[str, str]:
    """Return an environment in which scripts find this checkout, whatever of it is installed."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'docs' / 'examples'}"}


def test_the_task_in_the_page_is_the_one_in_the_examples() -> None:
    (shown,) = (block.text for block in blocks(ROOT / "docs" / "tasks.md") if block.language == "python")
    assert shown == (ROOT / "docs" / "examples" / "zero_crossings.py").read_text(encoding="utf-8")


def test_no_block_is_left_out() -> None:
    """Every fenced block says what it is; what is only indented is commands, a drawing or a formula, never Python."""
    for block in all_blocks(""):
        first = block.text.lstrip().partition("\n")[0]
        assert not re.match(r"(from \w|import \w|def |\w+ = )", first), f"{block.name}: mark it as ```python"
    for page in PAGES:
        for block in blocks(page):
            assert block.language in ("", "python", "yaml", "sh", "json", "text"), block.name


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them: lower case, hyphens for spaces, no punctuation."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading.lower())).replace(" ", "-") for heading in headings}


def test_links_to_headings_lead_to_one() -> None:
    broken = []
    for page in PAGES:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for file, anchor in re.findall(r"\]\(([^()#\s:]*)#([^()\s]+)\)", text):
            target = (page.parent / file).resolve() if file else page
            if target.suffix == ".md" and (not target.is_file() or anchor not in anchors(target)):
                broken.append(f"{page.name}: {file}#{anchor}")
    assert broken == []
