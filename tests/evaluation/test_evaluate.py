"""Scoring a voice: what it is scored on, which pictures are drawn, what a failing recogniser leaves."""

import json
import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

import tts.cli.evaluate
import tts.cli.main
import tts.dataset.prepared
import tts.evaluation.evaluate
import tts.evaluation.speech
import tts.generation.voice
import tts.generation.voices
from tts.core.errors import UsageError
from tts.core.grid import FrameGrid
from tts.core.processes import Failure
from tts.core.stream import Stream
from tts.evaluation.evaluate import (
    Evaluation,
    EvaluationOptions,
    check_match,
    evaluate_voice,
    generate_split,
    pictures_to_draw,
    score_settings,
)
from tts.evaluation.scores import Scores, pool
from tts.evaluation.speech import KINDS, choose_examples, recognise
from tts.generation.voices import NamedVoice

GRID = FrameGrid(22050)


def thing(**changes: object) -> SimpleNamespace:
    """What voices and prepared corpora have in common."""
    usual = {
        "grid": GRID,
        "states": 5,
        "streams": {"mcep": Stream("mcep", 60)},
        "config": SimpleNamespace(prepared="0123"),
        "basis": "0123",
        "folder": Path("prepared"),
    }
    return SimpleNamespace(**{**usual, **changes})


def test_a_voice_is_scored_on_its_own_preparation_or_warns(caplog: pytest.LogCaptureFixture) -> None:
    assert check_match(thing(), thing()) is True
    assert not caplog.records
    assert check_match(thing(), thing(basis="4567")) is False
    assert "not the preparation that the voice was trained on" in caplog.text


@pytest.mark.parametrize(
    "other",
    [
        {"grid": FrameGrid(16000)},
        {"grid": replace(GRID, shift_ms=10.0)},
        {"states": 1},
        {"streams": {"mcep": Stream("mcep", 25)}},
    ],
)
def test_a_corpus_prepared_unlike_the_voice_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="prepare the corpus alike"):
        check_match(thing(), thing(**other))


def test_settings_are_those_of_the_corpus() -> None:
    assert score_settings(thing()).line().startswith("22050 Hz, 5 ms frames, mel-cepstrum 1-59 at warping 0.45")


def test_pictures_without_matplotlib(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert pictures_to_draw(0) == 0
    assert not caplog.records
    assert pictures_to_draw(None) == 0
    assert "no pictures: pictures need matplotlib" in caplog.text
    with pytest.raises(UsageError, match="pictures need matplotlib"):
        pictures_to_draw(1)


def test_pictures_with_matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="needs the extra viz")
    assert [pictures_to_draw(wanted) for wanted in (None, 0, 5)] == [2, 0, 5]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let ``tts evaluate`` find a score without a voice; the order of its steps."""
    steps: list[str] = []
    monkeypatch.setattr(tts.generation.voice, "load_voice", lambda *_: steps.append("load") or thing(config=thing(recipe="r")))
    monkeypatch.setattr(tts.dataset.prepared, "Prepared", lambda folder: thing(folder=folder))
    monkeypatch.setattr(
        tts.evaluation.evaluate,
        "evaluate_voice",
        lambda *_, **__: steps.append("evaluate") or Evaluation({"mcd": 5}, "# r\n", Scores({}), [], {}),
    )
    monkeypatch.setattr(tts.evaluation.evaluate, "update_card", lambda *_: steps.append("card"))
    return steps


def run(*arguments: object) -> int:
    with mock.patch.object(sys, "argv", ["tts", *map(str, arguments)]):
        try:
            tts.cli.main.main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0


def test_scores_are_out_before_pictures_are_drawn(evaluated, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(tts.evaluation.evaluate, "pictures_to_draw", lambda wanted: 2)
    monkeypatch.setattr(tts.evaluation.evaluate, "draw", mock.Mock(side_effect=UsageError("the pencil is broken")))
    assert run("evaluate", tmp_path) == 2
    assert evaluated == ["load", "evaluate", "card"]
    said = capsys.readouterr()
    assert "# r" in said.out
    assert "the pencil is broken" in said.err


def test_scores_as_json_are_all_that_is_printed(evaluated, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(tts.evaluation.evaluate, "pictures_to_draw", lambda wanted: 0)
    assert run("evaluate", tmp_path, "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"mcd": 5}
    assert "wavs: " in said.err


def test_pictures_that_cannot_be_drawn_are_refused_at_the_start(evaluated, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    assert run("evaluate", tmp_path, "--pictures", "2") == 2
    assert evaluated == []
    assert "stacked-tts[viz]" in capsys.readouterr().err
    assert run("evaluate", tmp_path) == 0
    assert evaluated == ["load", "evaluate", "card"]


def test_results_of_a_packaged_voice_go_to_the_current_folder(evaluated, tmp_path, monkeypatch) -> None:
    written: list[Path] = []
    monkeypatch.setattr(
        tts.evaluation.evaluate,
        "evaluate_voice",
        lambda voice, prepared, folder, options, **_: written.append(folder) or Evaluation({}, "# r\n", Scores({}), [], {}),
    )
    packaged, own = (NamedVoice("anna", tmp_path / "site" / "anna", "a package", packaged) for packaged in (True, False))
    for named in (packaged, own):
        monkeypatch.setattr(tts.generation.voices, "find_voice", lambda name, named=named: named)
        assert run("evaluate", "anna", "--pictures", "0") == 0
    assert written == [Path("output") / "anna" / "evaluation", tmp_path / "site" / "anna" / "evaluation"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "voice"], "run the same command again to start over"),
        (["speak", "voice", "--text", "Hello.", "--out", "x"], "again with --resume"),
        (["copy", "prepared", "--out", "x"], "run the same command again to continue"),
    ],
)
def test_an_interruption_says_how_to_go_on(arguments: list[str], said: str, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "voice" / "training").mkdir(parents=True)  # which a name is not looked up for
    monkeypatch.chdir(tmp_path)
    interrupt = mock.Mock(side_effect=KeyboardInterrupt)
    monkeypatch.setattr(tts.generation.voice, "load_voice", interrupt)
    monkeypatch.setattr("tts.cli.speak_run.load_speaker", interrupt)  # whether or not it was imported before
    monkeypatch.setattr(tts.dataset.prepared, "Prepared", interrupt)
    assert run(*arguments) == 130
    assert said in capsys.readouterr().err


def test_what_the_recogniser_fails_on_is_left_out_of_every_kind(monkeypatch, caplog) -> None:
    answers = {"natural": [["one"], ["two"], []], "copy": [["one"], Failure("it died"), []], "synthetic": [["on"], ["two"], []]}
    monkeypatch.setattr(tts.evaluation.speech, "transcribe_all", lambda wavs, workers=None: answers[wavs[0].parent.name])
    texts = {"a": "one", "b": "two", "c": "..."}
    wavs = {kind: {key: Path(kind) / f"{key}.wav" for key in texts} for kind in answers}
    with caplog.at_level(logging.WARNING):
        errors = recognise(texts, wavs)
    heard, failed = errors.scores, errors.failed
    assert {kind: list(found) for kind, found in heard.items()} == {kind: ["a"] for kind in answers}
    assert [heard[kind]["a"]["wer"] for kind in answers] == [0.0, 0.0, 100.0]
    assert failed["b"] == "copy speech: it died"
    assert "has no words" in failed["c"]
    assert "2 of 3 utterances: c, b" in caplog.text


def test_a_recogniser_that_fails_on_everything_still_leaves_a_result(monkeypatch) -> None:
    monkeypatch.setattr(tts.evaluation.speech, "transcribe_all", lambda wavs, workers=None: [Failure("it died") for _ in wavs])
    errors = recognise({"a": "one"}, {kind: {"a": Path("a.wav")} for kind in KINDS})
    assert [pool(found.values())["wer"] for found in errors.scores.values()] == [None, None, None]
    assert "* a: natural speech: it died" in errors.lines()


def test_a_split_is_generated_as_it_is_asked_for(monkeypatch) -> None:
    """Nothing of the utterances behind is made or kept before they are asked for: a large split needs no more memory."""
    made: list[int] = []
    packed = SimpleNamespace(ids=tuple(f"u{n}" for n in range(100)), durations_of=lambda n: n, counted_frames=lambda n: None)
    prepared = SimpleNamespace(
        packed=lambda split: packed, speakers=["one"], speaker_of=lambda key: "one", sentences={key: key for key in packed.ids}
    )
    voice = SimpleNamespace(
        speakers=["one"],
        speaker_number=lambda who: 0,
        acoustics=lambda sentences, durations, who: made.extend(durations) or durations,
        durations=lambda sentences, who: sentences,
        variances={},
        streams={},
    )
    monkeypatch.setattr(tts.evaluation.evaluate, "generate", lambda *_: {})
    monkeypatch.setattr(tts.evaluation.evaluate, "_scored", lambda voice, packed, n, *_: Utterance(packed.ids[n]))
    items = generate_split(voice, prepared, "test")
    assert made == []
    assert [next(items).id for _ in range(3)] == ["u0", "u1", "u2"]
    assert made == list(range(tts.evaluation.evaluate.STEP))
    assert [item.id for item in items] == list(packed.ids[3:])


@dataclass(frozen=True)
class Utterance:
    id: str
    speaker: str = ""


def test_wavs_to_judge_by_are_spread_over_the_split(tmp_path: Path) -> None:
    fixture = Path(__file__).parent.parent / "fixtures" / "format-2"
    voice = tts.generation.voice.load_voice(fixture / "single", "cpu")
    prepared = tts.dataset.prepared.Prepared(fixture / "prepared")
    ids = prepared.packed("train").ids
    with mock.patch("tts.evaluation.evaluate.write_speech", return_value={}) as write:
        made = evaluate_voice(voice, prepared, tmp_path, EvaluationOptions("train", wavs=3), workers=0)
    shown = [item.id for item in made.shown]
    assert (shown[0], shown[-1], len(shown)) == (ids[0], ids[-1], 3)
    assert choose_examples([str(n) for n in range(10)], 4) == ["0", "3", "6", "9"]
    assert choose_examples(["a"], 4) == ["a"]
    assert write.call_args.args[3] == shown
