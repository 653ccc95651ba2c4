"""Recipes as YAML: from strangers, with their lines, and without YAML's surprises."""

import time
from pathlib import Path

import pytest
import yaml

from tts.core.errors import UsageError
from tts.recipe.yaml_file import parse_yaml


def test_aliases_and_merge_keys_are_what_pyyaml_makes_of_them() -> None:
    text = """
a: &a {x: 1, y: [1, 2]}
b: &b {y: 3, z: {q: 1}}
c: {<<: *a, w: 1, y: 2}
d: {<<: [*a, *b], v: 1}
e: {v: 1, <<: *b}
f: *a
"""
    data = parse_yaml(text, "x").data
    assert data == yaml.safe_load(text)
    assert [[*part] for part in data.values()] == [[*part] for part in yaml.safe_load(text).values()]
    assert data["f"] is not data["a"]


@pytest.mark.parametrize("name", ["kathleen/recipe", "kathleen/comparison", "kathleen/hundred", "dutch/recipe", "demo/recipe"])
def test_our_recipes_are_what_pyyaml_makes_of_them(name: str) -> None:
    text = Path(f"recipes/{name}.yaml").read_text(encoding="utf-8")
    assert parse_yaml(text, name).data == yaml.safe_load(text)


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 10)]
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"^bomb\.yaml:\d+: has more than 100,000 values, those of its aliases counted"):
        parse_yaml("\n".join(lines), "bomb.yaml")
    assert time.monotonic() - started < 5.0


def test_a_bomb_of_merge_keys_is_refused() -> None:
    lines = ["a0: &a0 {k0: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(UsageError, match="has more than 100,000 values"):
        parse_yaml("\n".join(lines), "bomb.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [*a]", "x:1: values are nested more than 40 deep, perhaps an alias that holds itself"),
        ("a: &a {<<: *a}", "nested more than 40 deep"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than 40 deep"),
        ("a: " + "[" * 100_000, "x: not valid YAML"),
        ("a: 1\nb: [1\n", "x:3: not valid YAML"),
        ("a: 1\nb: 2\na: 3", "x:3: the key a is there twice, first in line 1"),
        ("a: !!python/object/apply:os.mkdir [made]", "not valid YAML"),
        ("a: !!set {b}", "!!set is not allowed here"),
        ("a: *b", "x:1: not valid YAML"),
        ("{[1]: 2}", "x:1: not valid YAML: a key must be one word"),
        ("a: 1\n<<: 3", "<< merges mappings"),
        ("a: \x07", "not valid YAML"),
        ("a" * 2_000_001, "this is not a recipe"),
        ("a: 1\nb: " + "9" * 5000, "x:2: '999999999999999999999999999999...' cannot be read as int"),
        ("a: !!int abc", "x:1: 'abc' cannot be read as int; put text in quotes"),
        ("a: !!float x", "x:1: 'x' cannot be read as float"),
        ("!!int x: 1", "x:1: 'x' cannot be read as int"),
    ],
)
def test_what_is_not_a_recipes_yaml_gets_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_yaml(text, "x")
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_yamls_surprises_stay_text() -> None:
    text = "{language: no, on: yes, id: 0010, at: 1:30, day: 2024-01-02, rate: 1e-3, big: 2E+6, n: 10, x: 1.5, t: true, o: 010}"
    assert parse_yaml(text, "x").data == {
        "language": "no",
        "on": "yes",
        "id": "0010",
        "at": "1:30",
        "day": "2024-01-02",
        "rate": 0.001,
        "big": 2e6,
        "n": 10,
        "x": 1.5,
        "t": True,
        "o": "010",
    }
    assert parse_yaml("'1e-3'", "x").data == "1e-3"
    assert parse_yaml("", "x").data is None


def test_every_key_has_its_line() -> None:
    text = "a: &a\n  x: 1\n  y:\n    - 1\n    - q: 2\nb:\n  <<: *a\n  x: 3\nc:\n  z:\n    - 7\n"
    found = parse_yaml(text, "x")
    lines = {
        (): 1,
        ("a",): 1,
        ("a", "y", 0): 4,
        ("a", "y", 1, "q"): 5,
        ("b",): 6,
        ("b", "x"): 8,
        ("b", "y", 0): 4,
        ("c", "z", 0): 11,
    }
    assert {place: found.lines[place] for place in lines} == lines
    assert found.line(("b", "x", "nothing", 3)) == 8
    assert found.line(("nothing",)) == 1
