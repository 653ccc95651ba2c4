"""Tables and machine-readable reports."""

import json
import re

import numpy as np
import pytest

from tts.core.errors import UsageError
from tts.evaluation.metrics import duration_sums
from tts.evaluation.scores import Scores, pool
from tts.evaluation.statistics import ConfidenceInterval, score_interval
from tts.evaluation.tables import ScoreSettings, format_interval, format_table, report_dict, score_table, worst_utterances

SETTINGS = ScoreSettings(24000, 5.0, 59, 0.466)


def scored(mcd, frames=100):
    sums = {"mcd": mcd * frames, "bap": 0.5 * frames, "frames": float(frames), "voicing_errors": 7.0}
    return Scores({name: np.asarray(value) for name, value in sums.items()})


def test_the_table_shows_what_there_is_with_its_settings():
    text = score_table([("single task", scored(5.33333)), ("stacked | all", scored(5.0))], SETTINGS)
    lines = text.splitlines()
    assert re.split(r"\s{2,}", lines[0].strip()) == ["MCD (dB)", "BAP (dB)", "V/UV (%)"]
    assert re.split(r"\s{2,}", lines[1]) == ["single task", "5.333", "0.500", "7.00"]
    assert lines[-1] == (
        "24000 Hz, 5 ms frames, mel-cepstrum 1-59 at warping 0.466, silence removed, natural durations, no post-filter; "
        "1 utterance, 100 frames"
    )


def test_markdown_cells_line_up_and_bars_are_escaped():
    text = score_table([("a | b", scored(5.0))], SETTINGS, metrics=["mcd", "wer"], style="markdown")
    table = text.split("\n\n")[0].splitlines()
    assert len({len(line) for line in table}) == 1
    assert table[0].count("|") == 4
    assert re.fullmatch(r"\| -+ \| -+: \| -+: \|", table[1])
    assert table[2] == "| a \\| b |    5.000 |       - |"


def test_settings_say_what_was_done():
    line = ScoreSettings(16000, 2.5, 24, 0.41, "kept", "predicted", "cepstral").line()
    assert line.startswith("16000 Hz, 2.5 ms frames, mel-cepstrum 1-24 at warping 0.41, ")
    assert line.endswith(", silence kept, predicted durations, cepstral post-filter")


def test_worst_utterances_by_the_metrics_own_direction():
    scores = {"a": scored(5.0), "b": scored(7.0), "c": scored(6.0), "none": scored(9.0, frames=0)}
    assert worst_utterances(scores, "mcd", 2) == [("b", 7.0), ("c", 6.0)]
    ramp, noise = np.arange(1.0, 9.0)[:, None], np.array([1, 3, 2, 4, 8, 6, 7, 5.0])[:, None]
    pairs = {"good": Scores(duration_sums(ramp, ramp)), "bad": Scores(duration_sums(ramp, noise))}
    assert worst_utterances(pairs, "duration_correlation", 1)[0][0] == "bad"


def test_the_report_is_json_with_every_utterance():
    systems = {"single": {"u1": scored(5.0), "u2": scored(6.0)}, "stack": {"u1": scored(4.0), "u2": scored(5.0)}}
    report = json.loads(json.dumps(report_dict(systems, SETTINGS), allow_nan=False))
    assert report["systems"]["single"]["pooled"]["mcd"] == pytest.approx(5.5)
    assert report["systems"]["single"]["pooled"]["f0_rmse"] is None
    assert report["systems"]["stack"]["utterances"]["u2"]["mcd"] == 5.0
    interval = report["systems"]["single"]["intervals"]["mcd"]
    assert interval["low"] <= 5.5 <= interval["high"]
    assert report["settings"]["alpha"] == 0.466 and report["units"]["mcd"] == "dB"


def test_intervals_in_words():
    assert format_interval("mcd", ConfidenceInterval(5.2841, 5.24, 5.3294)) == "5.284 [5.240, 5.329] dB"
    assert format_interval("mcd", ConfidenceInterval(-0.049, -0.059, -0.039), signed=True) == "-0.049 [-0.059, -0.039] dB"
    assert format_interval("f0_correlation", ConfidenceInterval(0.1, 0.05, 0.2), signed=True) == "+0.100 [+0.050, +0.200]"
    assert format_interval("mcd", score_interval({"u": scored(1.0, frames=0)}, "mcd")) == "-"


def test_a_style_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="table style 'html'"):
        format_table(["a"], [["b"]], "html")


def test_counts_of_rows_that_differ_are_both_shown():
    rows = [("one", scored(5.0)), ("two", pool([scored(5.0), scored(6.0)]))]
    assert score_table(rows, SETTINGS).endswith("1 utterance, 100 frames / 2 utterances, 200 frames")
