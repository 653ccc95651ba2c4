"""What the page says, read from its text; how it behaves in a browser is in test_report_page.py."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from synthetic_results import synthetic_results

from tts.comparison.report import write_report
from tts.comparison.report.charts import Scale
from tts.comparison.report.data import ReportData
from tts.comparison.report.examples import examples
from tts.comparison.report.media import encode_sound, png, spectrogram
from tts.comparison.report.style import looks
from tts.comparison.report.training import budget
from tts.comparison.results import Results, SystemInfo
from tts.core.errors import TtsError
from tts.core.html import Html, figure, span, tag

VOID = {"img", "input", "meta", "br", "col"}


class Page(HTMLParser):
    """The elements of a page with their attributes; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, text: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(text)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def read(results: dict[str, Any], folder: Path) -> Page:
    return Page(write_report(Results.from_dict(results), folder).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, Page]:
    folder = tmp_path_factory.mktemp("comparison")
    results = synthetic_results(folder)
    return results, folder, read(results, folder)


def test_answer_comes_first_and_everything_is_there(whole: tuple[dict[str, Any], Path, Page]) -> None:
    results, _, page = whole
    headings = [name for name, _ in page.elements if name in ("h1", "h2", "h3")]
    assert headings[0] == "h1" and headings.count("h1") == 1
    assert page.text.index(results["answer"]) < page.text.index("Ranking", page.text.index("Did it help?"))
    for text in (
        "−0.120",
        "[−0.135, −0.105]",
        "✓ chosen",
        "Copy synthesis",
        "at the edge of its grid",
        "0a1b2c3",
        "learning_rate",
    ):
        assert text in page.text, text


def test_ids_are_unique_and_contents_point_at_sections(whole: tuple[dict[str, Any], Path, Page]) -> None:
    _, _, page = whole
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [str(attributes["href"]) for name, attributes in page.elements if name == "a"]
    assert all(target.startswith("#") and target[1:] in ids for target in targets)


def test_pictures_and_charts_are_described_and_tables_have_captions(whole: tuple[dict[str, Any], Path, Page]) -> None:
    _, _, page = whole
    names = [name for name, _ in page.elements]
    assert names.count("table") == names.count("caption")
    assert all(attributes.get("alt") for name, attributes in page.elements if name == "img")
    drawings = [attributes for name, attributes in page.elements if name == "svg" and attributes.get("role")]
    assert drawings and all(attributes["aria-label"] for attributes in drawings)


def test_nothing_is_fetched_or_styled_outside_the_policy(whole: tuple[dict[str, Any], Path, Page]) -> None:
    _, _, page = whole
    sources = [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert sources and all(str(source).startswith("data:") for source in sources)
    assert not any("style" in attributes or any(key.startswith("on") for key in attributes) for _, attributes in page.elements)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'") and "unsafe" not in str(policy)


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x>&"
    results = synthetic_results(tmp_path, seeds=1, examples=1)
    for key in ("recipe", "description", "command", "answer", "commit", "created", "prepared"):
        results[key] = hostile
    results["notes"] = [hostile]
    results["examples"][0] |= {"text": hostile, "id": hostile}
    results["runs"][0] |= {"status": "failed", "message": hostile}
    for row in [*results["systems"], *results["runs"], *results["ranking"], *results["differences"]]:
        for key in ("name", "system"):
            if row.get(key) == "mtl_step":
                row[key] = hostile
    results["runs"][1]["utterances"] = {hostile: {"mcd": 5.0}}
    results["metrics"][0] = {**results["metrics"][0], "heading": hostile, "unit": hostile}
    page = read(results, tmp_path)
    assert sum(name == "script" for name, _ in page.elements) == 1
    assert not any(attributes.get("src") == "x" for _, attributes in page.elements)
    assert hostile in page.text


@pytest.mark.parametrize(
    "missing", ["examples", "search", "leave_one_out", "against_controls", "references", "notes", "metrics"]
)
def test_a_missing_part_is_left_out(tmp_path: Path, missing: str) -> None:
    results = synthetic_results(tmp_path, seeds=1, examples=0)
    results[missing] = None
    assert "Did it help?" in read(results, tmp_path).text


def test_partial_results_say_so(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path, seeds=2, examples=0)
    lost = {"status": "diverged", "message": "diverged at step 812", "test": None, "utterances": None, "curves": None}
    results["runs"][2] |= lost | {"diagnostics": None}
    results["differences"][0] |= {"estimate": None, "low": None, "high": None, "percent": float("nan"), "verdict": None}
    results["differences"][5] |= {"verdict": None}
    results["state"] = "partial"
    text = read(results, tmp_path).text
    for words in ("Not complete", "1 of 8 runs did not finish", "diverged at step 812", "not tested"):
        assert words in text


def test_no_run_yet(tmp_path: Path) -> None:
    results = synthetic_results(tmp_path, examples=0)
    for key in ("runs", "ranking", "differences", "against_controls", "leave_one_out", "search"):
        results[key] = []
    results["answer"] = None
    assert "There is no answer yet" in read(results, tmp_path).text


def test_another_format_is_refused() -> None:
    with pytest.raises(TtsError, match=r"format 2, expected 1; make it again"):
        Results.from_dict({"format": 2})


def test_examples_that_do_not_fit_are_named(tmp_path: Path) -> None:
    results = ReportData(Results.from_dict(synthetic_results(tmp_path, seeds=1, examples=2)))
    both = examples(results, tmp_path)
    assert both is not None and both.count("<article") == 2 and "left out" not in both
    one = examples(results, tmp_path, room=len(both) * 3 // 4)
    assert one is not None and one.count("<article") == 1 and "1 of 2 examples are left out" in one


def test_markup_escapes_all_but_markup() -> None:
    assert (
        tag("td", "<b>", Html("<i></i>"), None, title='"', hidden=True, id=None)
        == '<td title="&quot;" hidden>&lt;b&gt;<i></i></td>'
    )
    assert tag("line", x1=1.005, aria_label="a") == '<line x1="1" aria-label="a"></line>'


def test_figures() -> None:
    assert figure(-1234.5678, 2) == "−1,234.57" and figure(0.5, 1, signed=True) == "+0.5"
    assert figure(None, 2) == figure(float("nan"), 2) == figure("x", 2) == "–"
    assert span(-0.1, 0.2, 2, signed=True) == "[−0.10, +0.20]" and span(None, 1.0, 2) == "–"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (5.171, 5.346), (-0.1, 0.03), (0.0, 3000.0), (5.3, 5.3), (0.0, 0.0)])
def test_ticks_lie_on_the_axis_and_differ_in_print(low: float, high: float) -> None:
    scale = Scale.around([low, high, None, float("nan")])
    assert scale.low < low <= high < scale.high and 0.0 < scale.at(low) <= scale.at(high) < 1.0
    assert 3 <= len(scale.ticks) <= 8 and all(scale.low <= tick <= scale.high for tick in scale.ticks)
    labels = [scale.label(tick) for tick in scale.ticks]
    assert len(set(labels)) == len(labels)
    assert [float(label.replace("−", "-").replace(",", "")) for label in labels] == pytest.approx(scale.ticks)


def test_the_budget_counts_the_networks_of_stacks_and_ensembles() -> None:
    cost = {"stages": [{}, {}], "runs_charged": 3, "seconds": 42.0, "steps": 3000}
    systems = [{"name": "pair", "members": 1, **cost}, {"name": "mean", "members": 3, **cost}]
    words = "|".join(Page(str(budget(ReportData(Results.from_dict({"format": 1, "systems": systems}))))).words)
    assert re.search(r"pair\|[^a-z]*\|2\|0 of 0\|3\|3,000\|42 s", words), words
    assert re.search(r"mean\|[^a-z]*\|6\|0 of 0", words), words


def test_every_system_looks_its_own_way() -> None:
    systems = [{"name": "base", "role": "baseline"}, *({"name": f"s{n}", "role": "candidate"} for n in range(20))]
    systems += [{"name": f"c{n}", "role": "control"} for n in range(3)] + [{"name": "a", "role": "ablation"}]
    found = looks([SystemInfo(**system) for system in systems])
    assert len(set(found.values())) == len(systems)


def test_png_holds_the_picture() -> None:
    image = pytest.importorskip("PIL.Image")
    indices = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
    palette = np.array([[0, 0, 0], [255, 0, 0], [10, 20, 30]], np.uint8)
    seen = image.open(io.BytesIO(png(indices, palette)))
    assert seen.size == (4, 3)
    assert np.array_equal(np.asarray(seen.convert("RGB")), palette[indices])


def test_spectrogram_has_low_bands_below_and_loud_is_light() -> None:
    image = pytest.importorskip("PIL.Image")
    levels = np.full((10, 4), -90.0)
    levels[:, 0] = 0.0
    seen = np.asarray(image.open(io.BytesIO(spectrogram(levels))).convert("L"))
    assert seen.shape == (4, 10) and (seen[-1] > 220).all() and (seen[0] < 20).all()
    grey = np.asarray(image.open(io.BytesIO(spectrogram(np.linspace(-70.0, 0.0, 64)[:, None]))).convert("L")).astype(int)
    assert (np.diff(grey[0]) >= 0).all()  # readable without colour


def test_embedded_sound_is_the_sound(tmp_path: Path) -> None:
    rate, time = 24000, np.arange(24000) / 24000
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * np.hanning(24000)
    soundfile.write(tmp_path / "a.wav", sound, rate)
    data, kind = encode_sound(tmp_path / "a.wav")
    heard, heard_rate = soundfile.read(io.BytesIO(data))
    assert kind == "audio/mpeg" and heard_rate == rate and len(data) < 12_000
    assert np.argmax(np.abs(np.fft.rfft(heard))) / (len(heard) / rate) == pytest.approx(440, abs=1.5)
    soundfile.write(tmp_path / "odd.wav", sound, 23000)  # a rate that MP3 does not have
    data, kind = encode_sound(tmp_path / "odd.wav")
    assert kind == "audio/flac" and np.allclose(soundfile.read(io.BytesIO(data))[0], sound, atol=1e-4)


def test_embedded_data_decode(whole: tuple[dict[str, Any], Path, Page]) -> None:
    _, _, page = whole
    addresses = [str(attributes["src"]) for _, attributes in page.elements if "src" in attributes]
    starts = {"image/png": b"\x89PNG", "audio/mpeg": b""}
    for address in addresses:
        kind, data = re.fullmatch(r"data:([a-z]+/[a-z]+);base64,(.+)", address).groups()  # type: ignore[union-attr]
        assert base64.b64decode(data, validate=True).startswith(starts[kind])
