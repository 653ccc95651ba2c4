"""An example of a user's own task, the whole way: prepared, learnt, looked at; and pictures of streams of every kind."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import yaml

pytest.importorskip("matplotlib", reason="pictures need the extra viz")

from command import tts
from matplotlib.figure import Figure
from speech import IDS, RECIPE, write_corpus

from tts.core.errors import UsageError
from tts.core.stream import Stream
from tts.dataset.inspect import Inspection, Span, Track, find_prepared, inspect_utterance, stream_table
from tts.dataset.picture import draw_inspection, spread
from tts.dataset.prepared import SPLITS, Prepared
from tts.tasks.own import ENVIRONMENT

ROOT = Path(__file__).parents[2]
TASKS = {"zero_crossings": {}, "position": {}, "f0_class": {}, "formants": {}, "articulation": {}}
SHORT = ["steps=4", "validate_every=2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a small corpus, a recipe with the example's task, and the prepared corpus."""
    folder = tmp_path_factory.mktemp("inspection")
    write_corpus(folder / "corpus", IDS[:12])
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    recipe.pop("comparison")
    recipe["split"] = {"test": {"count": 2}, "validation": {"count": 2}, "train": "rest"}
    recipe["tasks"] = TASKS
    stage = {"trunk": {"layers": [16]}, "tasks": {"mcep": 1, "lf0": 1, "vuv": 1, "bap": 1} | dict.fromkeys(TASKS, 0.1)}
    recipe["systems"] = {"own": {"stages": [stage]}}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    (folder / "tasks").mkdir()
    text = (ROOT / "docs" / "examples" / "zero_crossings.py").read_text(encoding="utf-8")
    (folder / "tasks" / "zero_crossings.py").write_text(text, encoding="utf-8")
    with mock.patch.dict("os.environ", {ENVIRONMENT: str(folder / "tasks")}):
        prepare(folder)
        yield folder


def prepare(folder: Path) -> Prepared:
    where = ["--corpus-root", folder / "corpus", "--out", folder / "prepared"]
    tts("prepare", folder / "recipe.yaml", *where)
    return Prepared(folder / "prepared")


@pytest.mark.slow
def test_streams_of_every_kind_have_their_values(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    packed = prepared.packed("train")
    values = packed.utterance(0)
    assert 0.0 < values["zero_crossings"].mean() < 11.0
    assert "zero_crossings" in prepared.statistics
    durations = packed.durations_of(0).sum(axis=1)
    np.testing.assert_allclose(values["position"][: durations[0], 0], (np.arange(durations[0]) + 0.5) / durations[0], rtol=1e-6)
    np.testing.assert_array_equal(values["f0_class"][:, 0] > 0, values["vuv"][:, 0] > 0.5)
    assert set(packed.streams) & set(TASKS) == {"zero_crossings", "position", "f0_class", "formants"}


@pytest.mark.slow
def test_a_network_learns_them(made: Path) -> None:
    changes = [part for key in SHORT for name in ("training", "duration.training") for part in ("--set", f"{name}.{key}")]
    tts("train", made / "recipe.yaml", "-s", "own", "--prepared", made / "prepared", "--out", made / "own", *changes)
    history = (made / "own" / "training" / "stage1" / "history.tsv").read_text(encoding="utf-8")
    assert all(f"valid/{name}" in history for name in TASKS)


@pytest.mark.slow
def test_an_edit_of_the_task_computes_it_again_and_nothing_else(made: Path) -> None:
    path = made / "tasks" / "zero_crossings.py"
    text, before = path.read_text(encoding="utf-8"), Prepared(made / "prepared")
    was = before.packed("test").utterance(0)["zero_crossings"].copy()
    path.write_text(text.replace("/ 1000.0", "/ 500.0"), encoding="utf-8")
    after = prepare(made)
    np.testing.assert_allclose(after.packed("test").utterance(0)["zero_crossings"], 2.0 * was, rtol=1e-6)
    identities = [prepared.facts.identities for prepared in (before, after)]
    assert {name for name in identities[0] if identities[0][name] != identities[1][name]} == {"zero_crossings"}
    path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_looking_at_an_utterance(made: Path) -> None:
    key = Prepared(made / "prepared").packed("test").ids[0]
    said = tts("inspect", key, "--prepared", made / "prepared")
    for name in ("mcep", "lf0", *TASKS):
        assert f"\n{name} " in said
    assert "1000 a second" in said
    assert "of 4 classes, most often" in said
    picture = made / "prepared" / "inspect" / f"{key}.png"
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert "is there already" in tts("inspect", key, "--prepared", made / "prepared", "--out", picture, code=2)


@pytest.mark.slow
def test_mistakes_are_named(made: Path, tmp_path: Path) -> None:
    key = Prepared(made / "prepared").packed("test").ids[0]
    assert f"did you mean {key}?" in tts("inspect", key[:-1] + "_", "--prepared", made / "prepared", code=2)
    there = sorted(id for split in SPLITS for id in Prepared(made / "prepared").packed(split).ids)
    said = tts("inspect", "x", "--prepared", made / "prepared", code=2)
    assert f"there are {len(there)}, {there[0]} to {there[-1]}" in said
    with pytest.raises(UsageError, match="there is none under"):
        find_prepared(tmp_path)
    inspection = inspect_utterance(Prepared(made / "prepared"), key)
    with pytest.raises(UsageError, match=r"as \.png"):
        draw_inspection(inspection, tmp_path / "x.pdf")


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([1.0, 5.0, 9.0], [1.0, 5.0, 9.0]),  # far enough apart
        ([1.0, 1.2], [0.6, 1.6]),  # the same way up and down
        ([1.0, 1.2, 1.1, 8.0], [0.1, 1.1, 2.1, 8.0]),  # in order even where tracks cross
    ],
)
def test_labels_are_kept_apart(places: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(spread(np.array(places), 1.0), expected)


def test_labels_stay_in_the_picture() -> None:
    np.testing.assert_allclose(spread(np.array([0.1, 0.2, 5.0]), 1.0, 0.5, 5.5), [0.5, 1.5, 5.0])
    np.testing.assert_allclose(spread(np.array([9.0]), 1.0, 0.5, 5.5), [5.5])
    assert spread(np.array([]), 1.0).shape == (0,)


def test_labels_of_close_tracks_do_not_overlap_as_drawn(tmp_path: Path) -> None:
    frames = 100

    def track(name: str, values: list[float], unit: str = "", labels: tuple[str, ...] = ()) -> Track:
        return Track(Stream(name, len(values)), np.tile(np.float32(values), (frames, 1)), unit, labels)

    tracks = (
        track("lf0", [5.0]),
        track("vuv", [1.0]),
        track("formants", [90.0, 110.0, 2500.0, 2510.0], "Hz", ("F1", "F2", "F3", "F4")),
        track("poles", [100.0, 2505.0], "Hz", ("P1", "P2")),  # a user's own, beside the others
    )
    noise = np.random.default_rng(0).standard_normal(8000)
    span = (Span("a", 0.0, 0.5),)
    inspection = Inspection("u", "test", "a", noise, 16000, 0.005, span, span, tracks, np.ones(frames, dtype=bool))
    drawn: list[Figure] = []
    with mock.patch.object(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure)):
        draw_inspection(inspection, tmp_path / "u.png")
    (axis,) = (a for a in drawn[0].axes if a.get_ylabel().startswith("spectrogram"))
    texts = sorted((text.get_window_extent() for text in axis.texts), key=lambda box: box.y0)
    assert len(texts) == 6
    assert all(below.y1 <= above.y0 for below, above in itertools.pairwise(texts))
    assert axis.get_window_extent().y0 <= texts[0].y0


def test_the_table_counts_the_frames_of_speech_that_have_a_value() -> None:
    masked = np.array([[9, 1], [1, 1], [3, 1], [7, 0]], dtype=np.float32)
    tracks = (
        Track(Stream("a", 1, masked=True), masked, "Hz"),
        Track(Stream("b", 1, "class", classes=3), np.array([[0], [2], [2], [1]], dtype=np.float32), labels=("x", "y", "z")),
        Track(Stream("c", 2, "binary"), np.array([[1, 0], [1, 0], [0, 0], [1, 0]], dtype=np.float32)),
        Track(Stream("d", 1, masked=True), np.zeros((4, 2), dtype=np.float32)),
    )
    counted = np.array([False, True, True, True])
    span = (Span("a", 0.0, 0.02),)
    lines = stream_table(Inspection("u", "test", "a", np.zeros(320), 16000, 0.005, span, span, tracks, counted)).splitlines()
    a, b, c, d = (line.split() for line in lines[-4:])
    assert a == ["a", "continuous", "1", "Hz", "2", "1", "33%"]
    assert b[3:] == ["2", "of", "3", "classes,", "most", "often", "z", "(67%)"]
    assert c[3:] == ["0.333", "0.236", *["1", "of", "2", "occur"]]
    assert d[3:] == ["100%", *["no", "frame", "has", "a", "value"]]
