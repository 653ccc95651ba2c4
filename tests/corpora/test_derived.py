"""Recordings made of parts of others, and cleaned ones: the samples, the names, what is made anew, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import IDS, RATE, recording

from tts.core.audio import read_part
from tts.core.errors import TtsError
from tts.core.loudness import block_powers, gated_loudness, loudness, true_peak
from tts.corpora.derived import DerivedRecording, derive_recordings, read_journal, remove_others
from tts.corpora.types import Utterance
from tts.recipe.cleaning import CleaningPart

OFF = CleaningPart()


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    return np.tile(recording(IDS[0]), 3)


def write(path: Path, samples: np.ndarray, subtype: str = "PCM_16") -> Path:
    soundfile.write(str(path), samples, RATE, subtype=subtype)
    return path


def parts(audio: Path, *spans: tuple[float, float | None], speaker: str = "a") -> list[Utterance]:
    return [Utterance(f"u{n}", "text", audio, speaker, "en-us", start=a, end=b) for n, (a, b) in enumerate(spans)]


def derive(
    utterances: list[Utterance], folder: Path, cleaning: CleaningPart = OFF, workers: int = 0
) -> dict[str, DerivedRecording]:
    made, problems = derive_recordings(utterances, cleaning, "only", folder, workers=workers)
    assert not problems
    return made


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "PCM_32"])
def test_parts_have_the_very_samples(signal: np.ndarray, tmp_path: Path, subtype: str) -> None:
    audio = write(tmp_path / "long.wav", signal, subtype)
    whole, _ = soundfile.read(str(audio), dtype="float64")
    made = derive(parts(audio, (0.0, 1.0), (1.0, 2.25), (2.5, None)), tmp_path / "out")
    for key, span in {"u0": (0, 16000), "u1": (16000, 36000), "u2": (40000, len(whole))}.items():
        path = tmp_path / "out" / made[key].name
        assert path.suffix == (".flac" if subtype in ("PCM_16", "PCM_24") else ".wav")
        samples, _ = soundfile.read(str(path), dtype="float64")
        np.testing.assert_array_equal(samples.astype(np.float32), whole[slice(*span)].astype(np.float32))
        assert made[key].size == path.stat().st_size


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_parts_of_compressed_recordings_are_those_of_the_whole(signal: np.ndarray, tmp_path: Path, suffix: str) -> None:
    audio = tmp_path / f"long{suffix}"
    soundfile.write(str(audio), signal, RATE)
    whole, _ = soundfile.read(str(audio), dtype="float64")
    part = read_part(audio, 2.0, 4.0)
    np.testing.assert_allclose(part.signal[:, 0], whole[32000:64000], atol=2e-4)


def test_nothing_is_made_twice_and_a_change_makes_anew(signal: np.ndarray, tmp_path: Path) -> None:
    audio, out = write(tmp_path / "long.wav", signal), tmp_path / "out"
    utterances = parts(audio, (0.0, 1.0), (1.0, 2.0))
    first = derive(utterances, out)
    times = {path: path.stat().st_mtime_ns for path in out.glob("*.flac")}
    assert derive(utterances, out) == first
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.flac")} == times
    cut = out / first["u0"].name
    cut.write_bytes(cut.read_bytes()[:100])  # cut short
    assert derive(utterances, out) == first and cut.stat().st_size == first["u0"].size
    filtered = derive(utterances, out, CleaningPart(high_pass_hz=60))
    assert {entry.name for entry in filtered.values()}.isdisjoint(entry.name for entry in first.values())
    write(audio, 0.5 * signal)
    assert derive(utterances, out)["u0"].name != first["u0"].name
    remove_others(out, list(first.values()))
    assert {path.name for path in out.glob("*.flac")} == {entry.name for entry in first.values()} == {*read_journal(out)}


def test_a_part_that_is_not_there_is_left_out(signal: np.ndarray, tmp_path: Path) -> None:
    audio = write(tmp_path / "long.wav", signal)
    seconds = len(signal) / RATE
    utterances = parts(audio, (0.0, seconds + 0.05), (1.0, seconds + 5.0), (seconds + 1.0, None), (2.0, 2.0))
    utterances += parts(tmp_path / "none.wav", (0.0, 1.0))
    made, problems = derive_recordings(utterances[:4], OFF, "only", tmp_path / "out", workers=0)
    assert [*made] == ["u0"] and {problem.id for problem in problems} == {"u1", "u2", "u3"}
    assert all("is not within the recording" in problem.message for problem in problems)
    _, problems = derive_recordings(utterances[4:], OFF, "only", tmp_path / "out", workers=0)
    assert "no such audio file" in problems[0].message


def test_whole_files_are_left_alone_unless_cleaned(signal: np.ndarray, tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", signal)
    utterances = parts(audio, (0.0, None))
    assert not derive(utterances, tmp_path / "out") and not (tmp_path / "out").exists()
    content = audio.read_bytes()
    made = derive(utterances, tmp_path / "out", CleaningPart(trim_ms=100))
    assert made["u0"].name.startswith("u0-") and audio.read_bytes() == content


@pytest.mark.parametrize("of", ["file", "speaker"])
def test_loudness_reaches_its_target(signal: np.ndarray, tmp_path: Path, of: str) -> None:
    quiet, loud = write(tmp_path / "quiet.wav", 0.2 * signal), write(tmp_path / "loud.wav", 0.6 * signal)
    utterances = [Utterance("q", "", quiet, "a", "en"), Utterance("l", "", loud, "a", "en")]
    settings = CleaningPart.model_validate({"loudness": of, "loudness_target": -30, "high_pass_hz": 50, "trim_ms": 150})
    made = derive(utterances, tmp_path / "out", settings)
    signals = {key: soundfile.read(str(tmp_path / "out" / entry.name))[0] for key, entry in made.items()}
    levels = {key: loudness(values, RATE) for key, values in signals.items()}
    if of == "file":
        assert levels == pytest.approx({"q": -30.0, "l": -30.0}, abs=0.05)
    else:
        assert levels["l"] - levels["q"] == pytest.approx(20.0 * np.log10(3.0), abs=0.05)  # as they differed
        together = np.concatenate([block_powers(values, RATE) for values in signals.values()])
        assert gated_loudness(together) == pytest.approx(-30.0, abs=0.05)
    again = derive(
        [Utterance(key, "", tmp_path / "out" / entry.name, "a", "en") for key, entry in made.items()],
        tmp_path / "again",
        settings.model_copy(update={"high_pass_hz": None}),
    )
    for key, entry in again.items():  # idempotent: nothing is left to do
        assert abs(entry.gain) < 0.06 and max(entry.cut) <= 0.0021, key


def test_no_gain_goes_past_the_peak_limit(signal: np.ndarray, tmp_path: Path) -> None:
    audio = write(tmp_path / "a.wav", 0.3 * signal)
    settings = CleaningPart(loudness="file", loudness_target=-10, peak_limit=-6)
    made = derive(parts(audio, (0.0, None)), tmp_path / "out", settings)
    samples, _ = soundfile.read(str(tmp_path / "out" / made["u0"].name))
    assert true_peak(samples) == pytest.approx(-6.0, abs=0.01)
    assert "LUFS" in made["u0"].describe()


def test_clipping_that_the_filter_hides_is_still_said(signal: np.ndarray, tmp_path: Path) -> None:
    loud = np.clip(20.0 * signal, -0.9, 0.9)
    audio = write(tmp_path / "a.wav", loud)
    for _ in range(2):  # also when it was made before
        made, problems = derive_recordings(
            parts(audio, (0.0, None)), CleaningPart(high_pass_hz=60), "only", tmp_path / "out", workers=0
        )
        assert not made and problems[0].reason_code == "clipped" and problems[0].severity == "left_out"


def test_reading_a_part_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(TtsError, match="no such audio file"):
        read_part(tmp_path / "none.wav", 0.0, 1.0)
    (tmp_path / "text.wav").write_text("no sound", encoding="utf-8")
    with pytest.raises(TtsError, match="not readable as audio"):
        read_part(tmp_path / "text.wav", 0.0, 1.0)
