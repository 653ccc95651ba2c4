"""The command as typed, and the test that a comparison leaves."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from listening_sounds import write_recordings

from tts.cli.main import main
from tts.comparison.listening_test import chosen_systems, write_listening_test
from tts.comparison.results import Results
from tts.core.errors import TtsError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    write_recordings(tmp_path / "comparison" / "wavs", ["natural", "copy", "single", "stacked"], 3)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tts", "listen", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capfd.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return run


def test_make(run: Run) -> None:
    code, out, _ = run(
        "make",
        "comparison",
        "--out",
        "page.html",
        "--webmushra",
        "wm",
        "--systems",
        "natural,single,stacked",
        "--sentences",
        "2",
    )
    assert code == 0
    assert "trials: 2 mos, 2 ab, 2 mushra; level: -23.0 LUFS" in out
    assert "webMUSHRA: wm/configs/listening-test-" in out
    assert "(without ab)" in out
    assert "page: page.html (" in out
    assert run("make", "comparison", "--out", "page.html")[0] == 2
    code, out, _ = run("make", "a=comparison/wavs/single", "b=comparison/wavs/stacked", "--out", "two.html", "--fields", "none")
    assert (code, "trials: 3 mos, 3 ab; level" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["make", "comparison"], "say where the test goes"),
        (["make", "comparison", "--out", "x.html", "--systems", "one"], "--systems one: there are copy, natural"),
        (["make", "comparison", "--out", "x.html", "--kinds", "mos,abc"], "choose from mos, ab, mushra"),
        (["make", "comparison", "--out", "x.html", "--consent", "none.txt"], "--consent none.txt: not readable"),
        (["analyse", "none.csv"], "none.csv: there is no such file"),
    ],
)
def test_refused_in_one_line(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert code in (1, 2)
    assert (out, message in err, err.count("\n")) == ("", True, 1)
    assert not Path("x.html").exists()


def test_analyse(run: Run) -> None:
    rows = [f"t,u{i},s{j},{3 + (name == 'b') + (i + j) % 2},{name},1" for i in range(6) for j in range(3) for name in "ab"]
    Path("l.csv").write_text(
        "session_test_id,session_uuid,trial_id,stimuli_rating,stimuli,rating_time\n" + "\n".join(rows) + "\n"
    )
    code, out, _ = run("analyse", "l.csv", "--out", "results")
    assert code == 0
    assert "6 listeners, 3 sentences, 36 answers." in out
    assert "| b − a" in out
    result = json.loads(Path("results/listening.json").read_text())
    assert result["mos"]["differences"][0]["p_holm"] == pytest.approx(2 / 2**6)
    assert Path("results/listening.md").read_text().startswith("# Listening test t\n")
    assert Path("results/listening.svg").read_text().startswith("<svg")
    code, _, err = run("analyse", "l.csv", "--out", "results")
    assert (code, "is there already" in err) == (2, True)


RESULTS = Results.from_dict({
    "format": 1,
    "recipe": "demo",
    "baseline": "single",
    "systems": [
        {"name": "single", "role": "baseline"}, {"name": "noise", "role": "control"}, {"name": "stacked", "role": "candidate"},
        {"name": "gone", "role": "candidate"},
    ],
    "ranking": [{"system": "noise"}, {"system": "gone"}, {"system": "stacked"}, {"system": "single"}],
})  # fmt: skip


def test_a_comparison_gets_its_test(run: Run) -> None:
    folder = Path("comparison")
    for _ in range(2):  # again, over what is there
        assert write_listening_test(folder, RESULTS) == folder / "listening-test.html"
    assert list((folder / "listening-test" / "configs").glob("listening-test-demo-*.yaml"))
    assert chosen_systems(RESULTS, {"single": 1, "stacked": 1, "noise": 1}) == ["single", "stacked", "noise"]
    with pytest.raises(TtsError, match="needs the wavs of two systems, and there are those of single"):
        chosen_systems(RESULTS, {"single": 1})
