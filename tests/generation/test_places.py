"""No path in a command that is published says where on a machine it is, wherever in a word it stands."""

import pytest

from tts.generation.places import card_without_places, without_places

SECRET = "anna"


@pytest.mark.parametrize(
    ("command", "public"),
    [
        (
            "tts train /home/anna/recipes/kathleen/recipe.yaml --out '/mnt/anna/my voices/k'",
            "tts train kathleen/recipe.yaml --out k",
        ),
        ("tts train /home/anna/recipe.yaml -o/srv/anna/k", "tts train recipe.yaml -ok"),
        (
            "tts train r.yaml --prepared=/srv/anna/p --set corpus.root=/srv/anna/c",
            "tts train r.yaml --prepared=p --set corpus.root=c",
        ),
        (
            "tts train r.yaml --set 'transfer={init_from: /srv/anna/v, freeze: [a]}'",
            "tts train r.yaml --set 'transfer={init_from: v, freeze: [a]}'",
        ),
        ("tts x --set 'a.b=[/srv/anna/x, \"/srv/anna/y z\"]'", "tts x --set 'a.b=[x, \"y z\"]'"),
        ("tts x ../../anna/p --out k/../../anna/p ~/anna/q ~anna/r", "tts x p --out p q r"),
        (r"tts x 'C:\Users\anna\r.yaml' --prepared=D:/anna/p '\\srv\anna\q'", "tts x r.yaml --prepared=p q"),
        ("tts x file:///home/anna/q", "tts x q"),
        ("tts speak --text 'look in /home/anna/q'", "tts speak --text 'look in q'"),
    ],
)
def test_of_a_place_the_name_is_left(command: str, public: str) -> None:
    assert without_places(command) == public and SECRET not in public


@pytest.mark.parametrize(
    "command",
    [
        "tts train recipes/anna/recipe.yaml -s single --prepared out/p --set training.steps=10",
        "tts fetch https://host/anna/b.zip --set 'weighting={kind: equal}'",
        "tts speak --text 'and/or... 3/4'",
        "an unfinished 'quote",
    ],
)
def test_what_names_no_place_stays_as_it_was_written(command: str) -> None:
    assert without_places(command) == command


def test_of_a_card_only_code_is_read() -> None:
    card = "a /b/c; see https://host/d\n* Made by: `tts x /srv/anna/k` in 2 s\n`tts speak FOLDER text.txt --out wavs`\n"
    assert card_without_places(card) == card.replace("/srv/anna/k", "k")
