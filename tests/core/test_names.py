"""Names that become file names."""

import pytest

from tts.core.names import MAX_NAME_BYTES, file_key, name_fault


@pytest.mark.parametrize("name", ["a", "arctic_a0001", "Grüße", "日本", "my file", "x.y-z", "#1", "é" * (MAX_NAME_BYTES // 2)])
def test_ordinary_names_are_safe(name: str) -> None:
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("..", "starts with a dot"),
        ("../evil", "has one of /"),
        ("a/b", "has one of /"),
        ("a\\b", "has one of /"),
        ("C:x", "has one of /"),
        (".hidden", "starts with a dot"),
        ("-rf", "starts with a dot or dash"),
        ("x.", "ends with a dot"),
        ("x ", "space at an end"),
        ("con", "device"),
        ("NUL.txt", "device"),
        ("lpt1", "device"),
        ("a\x1b[2Jb", "control character"),
        ("a\u202eb", "control character"),
        ("a\nb", "control character"),
        ("\ud800", "control character"),
        ("é" * 101, "longer than 200 bytes"),
    ],
)
def test_names_that_could_do_harm_are_refused(name: str, why: str) -> None:
    assert why in name_fault(name)


def test_names_that_are_one_file_somewhere_share_a_key() -> None:
    assert file_key("É_1") == file_key("e\u0301_1")
    assert file_key("Strasse") == file_key("STRASSE")
    assert file_key("a1") != file_key("a2")
