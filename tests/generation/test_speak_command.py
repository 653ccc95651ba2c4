"""The command as a user types it, with a fake voice: exit codes, streams, and what is refused."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import soundfile
from fake_voice import FakeVoice

import tts.cli.speak_run
from tts.cli.main import main
from tts.core.progress import set_quiet
from tts.recipe import GenerationPart

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``tts speak voice ...`` in a folder with a voice and return exit code, standard output and standard error."""
    voice = FakeVoice(frames_a_state=1.0)
    voice.generation = GenerationPart(post_filter="cepstral", strength=0.3, f0_variance=0.0, vocoder="world")  # type: ignore[attr-defined]
    monkeypatch.setattr(tts.cli.speak_run, "load_speaker", lambda path, device: voice)
    monkeypatch.chdir(tmp_path)
    Path("voice").mkdir()
    Path("voice/config.json").write_text("{}")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tts", "speak", "voice", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capfd.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return run


def test_a_text_file_into_a_folder(run: Run) -> None:
    Path("text.txt").write_text("a|One two.\nb|Three.\n")
    code, out, _ = run("text.txt", "--out", "wavs", "--timings", "json", "--speed", "1.5")
    assert code == 0
    assert out.startswith("spoke 2 of 2")
    assert sorted(path.name for path in Path("wavs").iterdir()) == ["a.json", "a.wav", "b.json", "b.wav", "manifest.jsonl"]
    assert '"strength": 0.3' in Path("wavs/manifest.jsonl").read_text()
    assert run("text.txt", "--out", "wavs")[0] == 2
    code, out, _ = run("text.txt", "--out", "wavs", "--timings", "json", "--speed", "1.5", "--resume")
    assert (code, "2 were done before" in out) == (0, True)


def test_one_file_says_on_standard_error_what_it_holds(run: Run) -> None:
    Path("text.txt").write_text("One two.\nBad ☠.\n")
    code, out, errors = run("text.txt", "--output", "a.wav")
    assert (code, out) == (1, "")
    assert errors.splitlines()[-1].startswith("spoke 1 of 2: ") and errors.endswith("1 failed: a.wav\n")
    assert f"{soundfile.info('a.wav').duration:.1f} s of speech" in errors
    assert "spoke" not in run("text.txt", "--output", "b.wav", "--quiet")[2]
    set_quiet(False)
    assert "spoke" not in run("text.txt", "--output", "-")[2]


@pytest.mark.parametrize("options", [["--out", "file/deep/down"], ["--output", "file/deep/down/x.wav"]])
def test_a_folder_that_cannot_be_made_is_named(run: Run, options: list[str]) -> None:
    Path("file").write_text("mine")
    code, _, errors = run("--text", "abc", *options)
    assert code == 1
    assert "file/deep/down: this folder cannot be made (Not a directory); name one in a place where you may write" in errors


def test_a_vocoder_is_chosen_and_stands_in_the_manifest(run: Run) -> None:
    for vocoder, options in (("world", []), ("source_filter", ["--vocoder", "source_filter"])):
        assert run("--text", "abc", "--out", vocoder, *options)[0] == 0
    worlds, ours = (soundfile.read(f"{vocoder}/text.wav")[0] for vocoder in ("world", "source_filter"))
    assert len(worlds) == len(ours)
    assert not (worlds == ours).all()
    assert "vocoder" not in Path("world/manifest.jsonl").read_text()  # as in manifests of version 0.1.0
    assert '"vocoder": "source_filter"' in Path("source_filter/manifest.jsonl").read_text()
    code, _, errors = run("--text", "abc", "--out", "world", "--vocoder", "source_filter", "--resume")
    assert code == 2
    assert "another settings" in errors


def test_a_failing_line_gives_exit_code_1_and_is_named(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    Path("text.txt").write_text("One.\nBad ☠.\nThree.\n")
    code, out, _ = run("text.txt", "--out", "wavs")
    assert code == 1
    assert "text.txt:2: text-00002: no pronunciation" in caplog.text
    assert "spoke 2 of 3" in out
    assert Path("wavs/text-00003.wav").exists()


def test_one_file_and_standard_output(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--text", "Hello.", "--output", "hello.wav")[0] == 0
    assert soundfile.info("hello.wav").samplerate == 16_000
    code, _, err = run("--text", "Hello.", "--output", "hello.wav")
    assert (code, "exists already" in err) == (2, True)
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream))
    assert run("--text", "Hello.", "--output", "-")[0] == 0
    assert stream.getvalue()[80:] == Path("hello.wav").read_bytes()[80:]  # the head of a pipe knows no length
    code, _, err = run("--text", "☠", "--output", "none.wav")
    assert (code, "nothing could be spoken" in err, Path("none.wav").exists()) == (1, True, False)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_the_suffix_says_the_format(run: Run, suffix: str) -> None:
    assert run("--text", "Hello there.", "--output", f"hello.{suffix}", "--rate", "24000")[0] == 0
    info = soundfile.info(f"hello.{suffix}")
    assert (info.format, info.samplerate) == (suffix.upper(), 24_000)
    Path("text.txt").write_text("a|One.\n")
    assert run("text.txt", "--out", "sounds", "--audio-format", suffix)[0] == 0
    assert soundfile.info(f"sounds/a.{suffix}").format == suffix.upper()


@pytest.mark.slow
def test_a_wrapped_book_is_read_in_paragraphs_and_says_so(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    Path("book.txt").write_text(ALICE)
    code, out, _ = run("book.txt", "--out", "wavs")
    assert code == 0
    assert out.startswith("spoke 2 of 2")
    assert "book.txt: its 9 lines look wrapped and are read as 2 paragraphs" in caplog.text
    assert run("book.txt", "--out", "lines", "--paragraphs", "lines")[1].startswith("spoke 9 of 9")


ALICE = """Alice was beginning to get very tired of sitting by her sister on the
bank, and of having nothing to do: once or twice she had peeped into the
book her sister was reading, but it had no pictures or conversations in
it, and what is the use of a book, thought Alice, without pictures or
conversations?

So she was considering in her own mind (as well as she could, for the
hot day made her feel very sleepy and stupid), whether the pleasure of
making a daisy chain would be worth the trouble of getting up and
picking the daisies.
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", "x"], "either --out FOLDER or --output FILE"),
        (["--text", "x", "--out", "a", "--output", "b.wav"], "either --out FOLDER or --output FILE"),
        (["--out", "a"], "say what to speak"),
        (["t.txt", "--text", "x", "--out", "a"], "say what to speak"),
        (["--text", "x", "--output", "b.wav", "--resume"], "go with --out FOLDER"),
        (["none.txt", "--out", "a"], "none.txt: cannot be read"),
        (["--text", "x", "--out", "a", "--speed", "9"], "speed 9 is outside 0.25..4"),
        (["--text", "x", "--out", "a", "--pitch", "99"], "pitch 99 is outside"),
        (["--text", "x", "--out", "a", "--strength", "3"], "strength 3 is outside 0..1"),
        (["--text", "x", "--out", "a", "--pauses", "0"], "pause scale 0 is outside"),
        (["--text", "x", "--out", "a", "--post-filter", "gan"], "'gan' is not one of"),
        (["--text", "x", "--out", "a", "--sped", "2"], "No such option"),
        (["--text", "x", "--output", "b.m4a"], "b.m4a: the name must end with one of .wav, .flac, .ogg, .mp3"),
        (["--text", "x", "--output", "b"], "b: the name must end with one of"),
        (["--text", "x", "--output", "b.mp3", "--audio-format", "ogg"], "b.mp3 says mp3 and --audio-format ogg"),
        (["--text", "x", "--out", "a", "--rate", "4000"], "rate 4000 is outside 8000..192000"),
        (["--text", "x", "--out", "a", "--audio-format", "mp3", "--rate", "20000"], "MP3 has no rate of 20000"),
        (["--text", "x", "--out", "a", "--audio-format", "aac"], "'aac' is not one of"),
        (["--text", "x", "--out", "a", "--paragraphs", "blank"], "--paragraphs is for text files"),
        (["--text", "x", "--out", "a", "--format", "jsonl"], "--format is for text files"),
        (["--text", "x", "--out", "a", "--post-filter", "none", "--strength", "0.7"], "--strength: there is no post-filter"),
        (["--text", "x", "--out", "a", "--lexicon", "none.txt"], "none.txt: there is no such lexicon"),
    ],
)
def test_wrong_usage_gives_exit_code_2(run: Run, arguments: list[str], message: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert not Path("a").exists()


def test_the_command_imports_nothing_heavy() -> None:
    code = "import sys, tts.cli.speak; print([m for m in ('numpy', 'torch', 'scipy', 'soundfile') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_lines_are_spoken_as_they_come(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound of a line is out before the next line is read."""
    heard: list[int] = []

    class Slow(io.RawIOBase):
        lines = iter([b"one.\n", b"\n", b"two.\n"])

        def readline(self, size: int | None = -1, /) -> bytes:
            heard.append(Path("live.pcm").stat().st_size if Path("live.pcm").exists() else 0)
            return next(self.lines, b"")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Slow()))
    with monkeypatch.context() as patched, Path("live.pcm").open("w", encoding="utf-8") as out:
        patched.setattr(sys, "stdout", out)
        code, _, _ = run("-", "--live", "--output", "-")
    assert code == 0
    assert heard[0] <= 44 < heard[1] == heard[2] < heard[3], "nothing, then the first line's sound, then the second's too"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text.txt", "--live", "--output", "-"], "--live speaks the lines of standard input: name - in place of"),
        (["-", "--live", "--out", "wavs"], "--live goes with --output"),
        (["-", "--live", "--output", "-", "--format", "jsonl"], "--format and --paragraphs can only be lines"),
    ],
)
def test_live_is_line_by_line(run: Run, arguments: list[str], message: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2 and message in err


def test_an_earlier_reading_is_told_once_a_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("text.txt").write_text("a|One two.\nb|Three.\n")
    assert "earlier reading" not in run("text.txt", "--out", "now")[2]
    monkeypatch.setattr(FakeVoice, "earlier_reading", property(lambda _: "made with an earlier reading", lambda *_: None))
    code, out, error = run("text.txt", "--out", "wavs")
    assert code == 0
    assert error.count("voice: made with an earlier reading; ") == 1
    assert "earlier" not in out
