"""Statistics of the recorded fixture, whose minutes, texts and pitch are known, made faulty on purpose."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command import tts
from speech import IDS, TEXTS, recording, write_corpus

from tts.dataset.corpus_stats import Spread, corpus_stats
from tts.dataset.prepared import Prepared
from tts.dataset.stats_page import stats_lines, stats_page


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus in which one text is read twice and one recording lies under two names."""
    folder = tmp_path_factory.mktemp("stats")
    corpus = write_corpus(folder / "corpus")
    first = IDS[0]
    with (corpus / "metadata.csv").open("a", encoding="utf-8") as stream:
        stream.write(f"again|{TEXTS[first]}\ncopy|{TEXTS[IDS[1]]}\n")
    soundfile.write(str(corpus / "wavs" / "again.wav"), 0.9 * recording(first), 16000, subtype="PCM_16")
    shutil.copyfile(corpus / "wavs" / f"{IDS[1]}.wav", corpus / "wavs" / "copy.wav")
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        "name: stats\ncorpus: {speaker: kathleen, licence: CC0-1.0}\nframes: {sample_rate: 16000}\n", encoding="utf-8"
    )
    tts("prepare", recipe, "--corpus-root", corpus, "--out", folder / "prepared")
    return folder / "prepared"


def test_what_is_counted_is_what_was_put_in(prepared: Path) -> None:
    stats = corpus_stats(Prepared(prepared), workers=0)
    (speaker,) = stats.speakers
    used = set(Prepared(prepared).facts.texts)
    assert sum(speaker.utterances.values()) == len(used)
    whole = sum(len(recording(key)) for key in IDS if key in used) / 16000 / 60
    assert 0.5 * whole < sum(speaker.minutes.values()) < 1.2 * whole, "speech without the silences at its ends"
    assert stats.rates == {16000: len(used)}
    assert speaker.f0 is not None and speaker.f0_semitones is not None
    assert 120 < speaker.f0.low < 160 < speaker.f0.high < 300 and 1.0 < speaker.f0_semitones < 6.0  # a woman reading
    assert speaker.level is not None
    levels = [20 * np.log10(np.sqrt(np.mean(recording(key) ** 2))) for key in IDS]
    assert min(levels) - 1.5 < speaker.level.median < max(levels) + 0.5
    assert ({IDS[0], "again"} <= used) == any({IDS[0], "again"} == {*group} for group in stats.same_texts)
    assert any({IDS[1], "copy"} == {*group} for group in stats.same_recordings)
    assert "ʒ" in stats.missing and stats.phones[0].training >= stats.phones[-1].training


def test_page_and_lines_name_it(prepared: Path) -> None:
    stats = corpus_stats(Prepared(prepared), workers=0)
    text = "\n".join(stats_lines(stats))
    assert "The same recording under several ids:" in text and "copy" in text
    assert "Phones of the language that occur nowhere:" in text
    page = stats_page(stats)
    assert (
        page.count("<svg") == 5 and "default-src 'none'" in html.unescape(page) and "http" not in page.replace("http-equiv", "")
    )
    assert all(f">{row.phone}</text>" in page for row in stats.phones)


def test_command(prepared: Path) -> None:
    printed = tts("stats", prepared, "--json")
    data = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    assert data["name"] == "stats" and data["speakers"][0]["f0"]["median"] > 100
    assert "values" not in data["speakers"][0]["f0"]
    assert (prepared / "stats.html").is_file()
    assert "is there already" in tts("stats", prepared, "--out", prepared / "stats.html", code=2)


def test_recordings_that_are_gone_are_named(prepared: Path, tmp_path: Path) -> None:
    place = Prepared(prepared).audio_path(IDS[2])
    moved = place.rename(tmp_path / "elsewhere.wav")
    try:
        stats = corpus_stats(Prepared(prepared), workers=0)
        assert stats.unread == (IDS[2],)
        assert "1 recordings are not there any more" in "\n".join(stats_lines(stats))
    finally:
        moved.rename(place)


def test_spread_of_known_numbers() -> None:
    spread = Spread.of(range(101))
    assert spread is not None
    assert (spread.low, spread.median, spread.high, spread.mean) == (5.0, 50.0, 95.0, 50.0)
    assert Spread.of([]) is None
