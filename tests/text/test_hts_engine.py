"""Labels of ours are spoken by ``hts_engine`` with Debian's voice: the sound is the proof of their form."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tts.text.engine import make_engine
from tts.text.full_context import full_context_labels

VOICE = Path("/usr/share/festival/voices/us/cmu_us_slt_arctic_hts/hts/cmu_us_slt_arctic_hts.htsvoice")
pytestmark = pytest.mark.skipif(
    shutil.which("hts_engine") is None or not VOICE.is_file(), reason="needs Debian's htsengine and festvox-us-slt-hts"
)
TEXTS = (
    "h ə l ˈoʊ | w ˈɜː l d .",
    "ð ə | b ˈɜː t͡ʃ | k ə n ˈuː , s l ˈɪ d .",
    "ɪ z | ɪ t | ɹ ˈeɪ n ɪ ŋ ?",
    "ɛ k s l ə m ˈeɪ ʃ ə n !",
)


@pytest.mark.parametrize("text", TEXTS)
def test_labels_are_spoken(text: str, tmp_path: Path) -> None:
    sentence = make_engine("phones", "en-us").sentence(text)
    labels = full_context_labels(sentence, end_silence="pau")
    (tmp_path / "a.lab").write_text("\n".join(labels) + "\n", encoding="utf-8")
    command = ["hts_engine", "-m", str(VOICE), "-ow", "a.wav", "-od", "durations", "a.lab"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr.strip()
    samples, rate = soundfile.read(str(tmp_path / "a.wav"))
    lines = (tmp_path / "durations").read_text(encoding="utf-8").splitlines()
    assert [line.split()[-1] for line in lines] == labels  # with their times now
    spoken = [int(line.split()[1]) - int(line.split()[0]) for line in lines]
    assert sum(spoken) / 1e7 == pytest.approx(len(samples) / rate, abs=0.006)
    phones = np.array(spoken) / 1e7
    inner = [n for n, phone in enumerate(sentence.phones) if phone not in ("sil", "pau")]
    assert 0.03 < np.median(phones[inner]) < 0.2  # seconds: speech, not a stumble
    start = int(rate * phones[0])
    voiced = samples[start : int(rate * (phones[:-1].sum()))]
    assert np.sqrt((voiced**2).mean()) > 5 * np.sqrt((samples[: start // 2] ** 2).mean())
