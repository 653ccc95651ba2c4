from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.core.audio import write_wav
from tts.core.audio_output import AudioEncoding, audio_file, audio_stream, write_audio
from tts.core.errors import UsageError

RATE = 24_000
TONE = (0.5 * np.sin(2 * np.pi * 440.0 * np.arange(RATE) / RATE)).astype(np.float32)


def frequency(signal: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    return float(spectrum.argmax()) * rate / len(signal)


def test_a_wav_written_in_pieces_is_what_libsndfile_writes_at_once(tmp_path: Path) -> None:
    signal = np.concatenate([TONE, [1.5, -1.5, 1.0, -1.0, 0.0]])
    with audio_file(tmp_path / "pieces.wav", RATE, AudioEncoding()) as output:
        for start in range(0, len(signal), 777):
            output.write(signal[start : start + 777])
    write_wav(tmp_path / "whole.wav", signal, RATE)
    pieces, whole = (soundfile.read(str(tmp_path / f"{name}.wav"), dtype="int16") for name in ("pieces", "whole"))
    np.testing.assert_array_equal(pieces[0], whole[0])
    assert pieces[1] == whole[1] == RATE
    with wave.open(str(tmp_path / "pieces.wav")) as plain:  # the strictest reader there is
        assert (plain.getnframes(), plain.getframerate(), plain.getsampwidth()) == (len(signal), RATE, 2)


@pytest.mark.parametrize(("limit", "form"), [(2 * RATE + 72, "WAV"), (2 * RATE + 71, "RF64")])
def test_a_wav_that_outgrows_its_head_becomes_rf64(tmp_path: Path, limit: int, form: str) -> None:
    path = tmp_path / "a.wav"
    with audio_file(path, RATE, AudioEncoding(), max_riff=limit) as output:
        output.write(TONE)
    info = soundfile.info(str(path))
    assert (info.format, info.frames, info.samplerate) == (form, RATE, RATE)
    np.testing.assert_allclose(soundfile.read(str(path))[0], TONE, atol=1e-4)
    assert path.stat().st_size == 2 * RATE + 80


def test_sizes_beyond_4_gib_are_written_as_such() -> None:
    from tts.core.audio_output import WavWriter

    writer = WavWriter(io.BytesIO(), RATE)
    head = writer._head(6 * 2**30)
    assert head[:4] == b"RF64"
    assert int.from_bytes(head[20:28], "little") == 6 * 2**30 + 72
    assert int.from_bytes(head[28:36], "little") == 6 * 2**30
    assert int.from_bytes(head[36:44], "little") == 3 * 2**30


@pytest.mark.parametrize("form", ["flac", "ogg", "mp3"])
def test_other_formats(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    with audio_file(path, RATE, AudioEncoding(form)) as output:  # type: ignore[arg-type]
        for _ in range(3):
            output.write(TONE)
    signal, rate = soundfile.read(str(path))
    assert rate == RATE
    assert abs(len(signal) - 3 * RATE) < 0.1 * RATE
    assert frequency(signal[RATE : 2 * RATE], rate) == pytest.approx(440.0, abs=1.0)
    assert soundfile.info(str(path)).format == form.upper()


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_another_rate_is_the_same_sound(tmp_path: Path, rate: int) -> None:
    write_audio(tmp_path / "whole.wav", TONE, RATE, AudioEncoding("wav", rate))
    with audio_file(tmp_path / "pieces.wav", RATE, AudioEncoding("wav", rate)) as output:
        for start in range(0, RATE, 1000):
            output.write(TONE[start : start + 1000])
    whole, made = soundfile.read(str(tmp_path / "whole.wav"))
    pieces, _ = soundfile.read(str(tmp_path / "pieces.wav"))
    assert made == rate
    assert abs(len(whole) - rate) <= 1
    np.testing.assert_allclose(pieces, whole, atol=2e-4)
    assert frequency(whole, rate) == pytest.approx(440.0, abs=1.0)
    assert np.abs(whole[rate // 4 : -rate // 4]).max() == pytest.approx(0.5, abs=0.01)


def test_a_pipe_gets_every_piece_at_once_and_a_head_of_unknown_length() -> None:
    pipe = io.BytesIO()
    pipe.seek = None  # type: ignore[method-assign, assignment]
    with audio_stream(pipe, RATE) as output:
        output.write(TONE[:1000])
        assert len(pipe.getvalue()) == 80 + 2000
        output.write(TONE[1000:])
    read, rate = soundfile.read(io.BytesIO(pipe.getvalue()))
    assert rate == RATE
    np.testing.assert_allclose(read, TONE, atol=1e-4)


def test_nothing_is_left_of_a_file_that_failed(tmp_path: Path) -> None:
    def fail() -> None:
        with audio_file(tmp_path / "a.wav", RATE, AudioEncoding()) as output:
            output.write(TONE)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert not list(tmp_path.iterdir())


def test_wrong_encodings_are_refused() -> None:
    with pytest.raises(UsageError, match=r"outside 8000\.\.192000"):
        AudioEncoding("wav", 4000)
    with pytest.raises(UsageError, match="'au' is unknown"):
        AudioEncoding("au")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="MP3 has no rate of 20000 Hz"):
        AudioEncoding("mp3").rate_of(20_000)
