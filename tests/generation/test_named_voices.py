"""Voices by name: what a path is never taken for, in which order names are looked up, packages that are found and not run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from command import tts, tts_json

from tts.core.errors import UsageError
from tts.generation.voice import load_voice
from tts.generation.voices import GROUP, find_voice, named_voices, own_voices

VOICE = Path(__file__).parents[1] / "fixtures" / "format-2" / "single"


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No voices but those that a test puts somewhere; the current folder is empty."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    monkeypatch.delenv("TTS_VOICES", raising=False)
    monkeypatch.setattr("tts.generation.voices.shipped_folder", lambda name: tmp_path / "package" / name)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def put(folder: Path) -> Path:
    """Copy a voice to a folder, without its training."""
    return Path(shutil.copytree(VOICE, folder, ignore=shutil.ignore_patterns("training")))


def install(site: Path, value: str, name: str) -> None:
    """Lay an installed distribution with an entry point into a folder of packages."""
    info = site / "made_up_voice-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up-voice\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n", encoding="utf-8")


def own_folder() -> Path:
    folder = own_voices()
    assert folder is not None
    return folder


def names() -> list[tuple[str, bool]]:
    return [(voice.name, voice.packaged) for voice in named_voices()]


def test_names_are_looked_up_in_this_order(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = put(Path("output/anna/single"))
    assert find_voice("anna/single").folder == trained.relative_to(Path())
    packaged = put(empty_home / "package" / "voices" / "anna")
    assert find_voice("anna").folder == packaged
    assert find_voice("anna").packaged
    own = put(own_folder() / "anna")
    assert (find_voice("anna").folder, find_voice("anna").packaged) == (own, False)
    named = put(empty_home / "mine" / "anna")
    monkeypatch.setenv("TTS_VOICES", str(empty_home / "mine"))
    assert find_voice("anna").folder == named
    put(Path("anna"))
    assert find_voice("anna").folder == find_voice(Path("anna")).folder == Path("anna")
    assert names() == [("anna", False), ("anna", False), ("anna", True), ("anna/single", False)]


def test_a_folder_that_is_no_voice_does_not_hide_one(empty_home: Path) -> None:
    Path("anna").mkdir()
    assert find_voice("anna").folder == Path("anna")  # which says of itself that it is none
    with pytest.raises(UsageError, match="not a voice"):
        load_voice("anna")
    own = put(own_folder() / "anna")
    assert find_voice("anna").folder == own
    assert load_voice("anna", "cpu").label == "fixture single"
    Path("anna/training").mkdir()
    with pytest.raises(UsageError, match="has not finished"):
        load_voice("anna")


def test_an_unknown_name_is_told_with_those_there_are(empty_home: Path) -> None:
    put(own_folder() / "anna")
    for missing in ("bert", "output/kathleen/single"):
        with pytest.raises(UsageError, match=rf"{missing}: there is no such folder and no voice of that name; .*: anna$"):
            find_voice(missing)


def test_folders_without_a_voice_and_hidden_ones_have_no_name(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(own_folder() / ".anna.part")
    (own_folder() / "notes").mkdir()
    put(Path("output/.hidden/single"))
    assert names() == []
    put(own_folder() / "anna")
    monkeypatch.setenv("TTS_VOICES", str(empty_home / "nowhere"))
    assert names() == [("anna", False)]
    assert "nowhere is not a folder" in caplog.text


@pytest.mark.parametrize("value", ["made_up_voice", "made_up.voices.anna"])
def test_a_voice_of_another_package_is_found_and_nothing_of_it_run(
    empty_home: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = empty_home / "site"
    package = site.joinpath(*value.split("."))
    put(package)
    for folder in (package, *package.parents):
        if folder == site:
            break
        (folder / "__init__.py").write_text("raise AssertionError('was run')\n", encoding="utf-8")
    install(site, value, "anna")
    monkeypatch.syspath_prepend(str(site))
    (voice,) = named_voices()
    assert (voice.name, voice.folder, voice.origin, voice.packaged) == ("anna", package, "made-up-voice 1.2", True)
    assert not {name for name in sys.modules if name.startswith("made_up")}


@pytest.mark.parametrize("value", ["not_installed", "json", "os.path", "json.nothing"])
def test_an_entry_point_without_a_voice_is_passed_over(empty_home: Path, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(empty_home / "site", value, "anna")
    monkeypatch.syspath_prepend(str(empty_home / "site"))
    assert names() == []


def test_the_verb_lists_voices_and_shows_a_card(empty_home: Path) -> None:
    assert "no voice has a name" in tts("voices")
    put(own_folder() / "anna")
    put(empty_home / "package" / "voices" / "anna")
    shown = tts("voices").splitlines()
    assert shown[0].split() == ["name", "language", "speakers", "Hz", "MB", "licence", "from"]
    assert shown[1].split()[:6] == ["anna", "en-us", "kathleen", "16000", "0.1", "CC0-1.0"]
    assert "hidden" in shown[2]
    first, second = tts_json("voices")
    assert (first["from"], second["from"]) == (str(own_voices()), "stacked-tts")
    card = tts("voices", "anna")
    assert card.startswith("# fixture, system single")
    assert "Recordings: 12 utterances" in card


def test_a_voice_that_cannot_be_read_does_not_keep_the_others_from_the_list(empty_home: Path) -> None:
    put(own_folder() / "anna")
    (put(own_folder() / "bert") / "config.json").write_text("{", encoding="utf-8")
    done = tts("voices", code=1)
    assert "\nanna " in done
    assert "bert" in done.splitlines()[-1]
    assert "config.json" in done.splitlines()[-1]


@pytest.mark.slow
def test_a_voice_is_spoken_with_by_name_and_a_packaged_one_is_not_said_to_be_older(empty_home: Path) -> None:
    put(own_folder() / "anna")
    put(empty_home / "package" / "voices" / "bert")
    assert "earlier reading" in tts("speak", "anna", "--text", "Hello.", "--output", "anna.wav")
    assert "earlier reading" not in tts("speak", "bert", "--text", "Hello.", "--output", "bert.wav")
    assert Path("anna.wav").read_bytes() == Path("bert.wav").read_bytes()


def test_a_user_without_a_home_folder_has_the_other_voices(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(Path, "home", no_home)
    assert own_voices() is None
    assert "no voice has a name" in tts("voices")
    packaged = put(empty_home / "package" / "voices" / "anna")
    assert find_voice("anna").folder == packaged
