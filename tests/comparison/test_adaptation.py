"""From one trained voice to another speaker, a recorded one and a lower one made of it: exact starts, frozen parts, curves."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from command import tts
from speech import IDS, write_corpus

from tts.comparison import adaptation, judging
from tts.comparison.adaptation_judging import judge_voices
from tts.comparison.adaptation_plan import Point
from tts.comparison.adaptation_results import AdaptationResults, markdown
from tts.comparison.results import Judges
from tts.core.errors import UsageError
from tts.core.locks import held
from tts.core.tensors import load_tensors
from tts.dataset.beside import Beside
from tts.dataset.prepared import Prepared
from tts.dataset.statistics import StatisticsSum
from tts.dataset.subset import Subset, nested
from tts.evaluation import judges
from tts.evaluation.judges import Opinion
from tts.generation.config import read_config, write_config
from tts.generation.network_input import padded_batches
from tts.generation.voice import Voice, load_voice
from tts.recipe import load_recipe
from tts.recipe.transfer import TransferPart
from tts.training.train import make_duration, make_stack
from tts.training.transfer import open_source, start_from
from tts.training.voice_config import adapted_config

pytestmark = pytest.mark.slow

MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.1, "bap": 0.05}
TRAINING = {"steps": 30, "batch": 64, "validate_every": 10, "average": 0.9, "precision": "float32"}
# name: licence, left out. Without the sentence on a boy the target has a phone less.
SPEAKERS = {"base": ("CC-BY-4.0", None), "target": ("CC0-1.0", "_b0500$")}


def recipe_of(name: str) -> dict:
    stage = {"trunk": {"layers": [24, 24]}, "tasks": MAIN}
    first = {"trunk": {"layers": [24, 24]}, "bottleneck": 6, "tasks": MAIN | {"phone_class": 0.1}}
    return {
        "name": name,
        "corpus": {"speaker": name, "licence": SPEAKERS[name][0], "exclude": SPEAKERS[name][1]},
        "split": {"test": {"count": 2}, "validation": {"count": 2}},
        "frames": {"sample_rate": 16000, "mcep_order": 24},
        "alignment": {"states": 3, "train_on": "all"},
        "tasks": {"phone_class": {}},
        "training": TRAINING,
        "duration": {"trunk": {"layers": [12]}, "training": TRAINING, "tasks": {"duration": 1}},
        "systems": {"single": {"stages": [stage]}, "stacked": {"stages": [first, {**stage, "context": 1}]}},
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both corpora prepared and two voices of the base speaker."""
    folder = tmp_path_factory.mktemp("transfer")
    for name in SPEAKERS:
        write_corpus(folder / "corpus" / name, IDS, low=name == "base")
        (folder / name).mkdir()
        (folder / name / "recipe.yaml").write_text(yaml.safe_dump(recipe_of(name)), encoding="utf-8")
        places = ["--corpus-root", folder / "corpus" / name, "--out", folder / name / "prepared"]
        tts("prepare", folder / name / "recipe.yaml", *places, "--workers", "0")
    for system in ("single", "stacked"):
        train(folder, "base", system)
    return folder


def train(folder: Path, name: str, system: str, out: str = "", *changes: str, code: int = 0) -> str:
    places = ["--prepared", folder / name / "prepared", "--out", folder / name / (out or system)]
    more = [part for change in changes for part in ("--set", change)]
    return tts("train", folder / name / "recipe.yaml", "-s", system, *places, *more, code=code)


def transfer(folder: Path, system: str, **settings: object) -> str:
    settings = {key: str(folder / "base" / str(value)) if key.endswith("_from") else value for key, value in settings.items()}
    return f"systems.{system}.transfer={json.dumps(settings)}"


@pytest.mark.parametrize("system", ["single", "stacked"])
def test_a_new_voice_starts_as_the_old_one(made: Path, system: str) -> None:
    """Other phones, other statistics: the same physical values and durations, from the first step."""
    old, prepared = load_voice(made / "base" / system, "cpu"), Prepared(made / "target" / "prepared")
    assert prepared.inventory != old.inventory
    recipe = load_recipe(made / "target" / "recipe.yaml")
    source = open_source(TransferPart(init_from=str(made / "base" / system)), prepared)
    assert source is not None
    stack = make_stack(prepared, recipe.system(system).stages, seed=5)
    duration = make_duration(recipe.duration, prepared, seed=5)
    begun = start_from(source, stack, duration, prepared)
    config = adapted_config(old.config, prepared).model_copy(update={"silence": old.config.silence})
    new = Voice(config, stack, duration, prepared.statistics, torch.device("cpu"))
    old.precision = new.precision = "float32"
    packed = prepared.packed("train")
    known = [n for n, key in enumerate(packed.ids) if {*prepared.sentences[key].phones} <= {*old.inventory.symbols}]
    sentences = [prepared.sentences[packed.ids[n]] for n in known]
    durations = [packed.durations_of(n) for n in known]
    assert len(sentences) > 2
    for theirs, ours in zip(old.acoustics(sentences, durations), new.acoustics(sentences, durations), strict=True):
        for name, values in theirs.items():
            scale = np.abs(values).max(axis=0)
            np.testing.assert_allclose(ours[name] / scale, values / scale, atol=1e-4)
    for a, b in zip(old.durations(sentences), new.durations(sentences), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4)
    assert begun.facts().inputs["left out"]
    speaking = {t.name for t in begun.tensors if t.how == "new"} & stack.speaking().keys()
    assert not speaking


def test_a_trained_voice_names_its_base_and_both_licences(made: Path) -> None:
    train(made, "target", "single", "tuned", transfer(made, "single", init_from="single", layer_decay=0.5, l2_sp=1.0))
    card = (made / "target" / "tuned" / "README.md").read_text(encoding="utf-8")
    assert 'license: "CC0-1.0 AND CC-BY-4.0"' in card
    assert 'base_model: "base single"' in card
    assert "This voice was initialised from base single (speaker base, corpus base, licence CC-BY-4.0" in card
    report = (made / "target" / "tuned" / "training" / "transfer.md").read_text(encoding="utf-8")
    assert "| stages.0.trunk.layers.0.weight | by name |" in report
    assert "Inputs left out: LL:is_" in report
    config = json.loads((made / "target" / "tuned" / "config.json").read_text(encoding="utf-8"))
    assert config["transfer"]["settings"] == {"layer_decay": 0.5, "l2_sp": 1.0}
    shutil.move(made / "target" / "tuned", made / "base" / "tuned")
    train(made, "target", "single", "again", transfer(made, "single", init_from="tuned"))
    again = (made / "target" / "again" / "README.md").read_text(encoding="utf-8")
    assert "That one was initialised from base single" in again
    assert "Frozen" not in again


def test_a_start_that_says_something_else_is_named(made: Path) -> None:
    """Matrices of go_mtl are combined for every group: what is held in the voice's inputs has no bias to go into."""
    basis = ("systems.single.stages.0.sharing={kind: go_mtl, basis: 3}", "training.steps=10")
    train(made, "base", "single", "basis", *basis)
    train(made, "target", "single", "from_basis", *basis, transfer(made, "single", init_from="basis"))
    report = (made / "target" / "from_basis" / "training" / "transfer.md").read_text(encoding="utf-8")
    assert "go_mtl has no bias" in report


def test_frozen_layers_of_a_voice_are_bit_for_bit_those_of_the_start(made: Path) -> None:
    freeze = transfer(made, "single", init_from="single", freeze=["trunk", "duration"])
    train(made, "target", "single", "frozen", freeze)
    card = (made / "target" / "frozen" / "README.md").read_text(encoding="utf-8")
    assert "* Frozen as they were loaded: trunk, duration\n" in card
    prepared = Prepared(made / "target" / "prepared")
    source = open_source(TransferPart(init_from=str(made / "base" / "single")), prepared)
    assert source is not None
    recipe = load_recipe(made / "target" / "recipe.yaml")
    stack = make_stack(prepared, recipe.system("single").stages, seed=1)
    duration = make_duration(recipe.duration, prepared, seed=1)
    start_from(source, stack, duration, prepared)
    summary = json.loads((made / "target" / "frozen" / "training" / "summary.json").read_text(encoding="utf-8"))
    heads = sum(tensor.numel() for name, tensor in stack.state_dict().items() if ".heads." in name)
    assert summary["parameters"]["trained"] == heads < summary["parameters"]["speaking"]
    kept, _ = load_tensors(made / "target" / "frozen" / "model.safetensors")
    for name, tensor in kept.items():
        assert torch.equal(tensor, stack.state_dict()[name]) == (".trunk." in name), name
    kept, _ = load_tensors(made / "target" / "frozen" / "duration.safetensors")
    assert all(torch.equal(tensor, duration.state_dict()[name]) for name, tensor in kept.items())


def test_a_frozen_first_network_is_not_trained(made: Path) -> None:
    train(made, "target", "stacked", "upper", transfer(made, "stacked", init_from="stacked", freeze=["stages.0"]))
    assert not (made / "target" / "upper" / "training" / "stage1").exists()
    assert (made / "target" / "upper" / "training" / "stage2").is_dir()
    joint = 'systems.stacked.training={"stacking": "joint"}'
    tuned = transfer(made, "stacked", init_from="stacked", freeze=["stages.0"], layer_decay=0.5, l2_sp=1.0)
    train(made, "target", "stacked", "joint", tuned, joint)
    first, second = (load_tensors(made / "target" / name / "model.safetensors")[0] for name in ("upper", "joint"))
    same = {name: torch.equal(tensor, second[name]) for name, tensor in first.items()}
    assert all(same[name] == name.startswith("stages.0.") for name in same)


@pytest.mark.parametrize(("base", "layer"), [("stacked", "bottleneck"), ("single", 1)])
def test_a_frozen_trunk_as_feature_extractor(made: Path, base: str, layer: str | int) -> None:
    out = f"features-{base}"
    context = "systems.single.stages.0.context=1"
    train(made, "target", "single", out, transfer(made, "single", features_from=base, layer=layer), context)
    old, new = load_voice(made / "base" / base, "cpu"), load_voice(made / "target" / out, "cpu")
    assert len(new.stack.stages) == 2
    sentence = next(
        s for s in Prepared(made / "target" / "prepared").sentences.values() if {*s.phones} <= {*old.inventory.symbols}
    )
    durations = np.full((len(sentence.segments), 3), 2)
    given = ([voice.acoustic_input(sentence, durations, np.zeros((len(durations), 0)))] for voice in (old, new))
    inputs = (next(padded_batches(one, torch.device("cpu")))[1] for one in given)
    with torch.no_grad():
        if layer == "bottleneck":
            theirs, ours = (v.stack.stages[0](x).bottleneck for v, x in zip((old, new), inputs, strict=True))
        else:
            x, y = inputs
            theirs, ours = old.stack.stages[0].trunk.hidden(x)[0], new.stack.stages[0](y).bottleneck
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    card = (made / "target" / out / "README.md").read_text(encoding="utf-8")
    assert f"This voice reads features of the frozen first network of base {base} (speaker base, corpus base" in card
    assert "loaded as it is" in card
    tts("speak", made / "target" / out, "--text", "A sentence.", "--output", made / f"{out}.wav")


@pytest.mark.parametrize(
    ("settings", "more", "said"),
    [
        ({"init_from": "nothing"}, (), "there is no such folder"),
        ({"init_from": "single", "features_from": "single"}, (), "give either init_from or features_from"),
        ({"init_from": "single", "layer": 2}, (), "layer: belongs to features_from"),
        ({"features_from": "single", "freeze": ["trunk"]}, (), "freeze: belongs to init_from"),
        ({"features_from": "single"}, (), "base single has no bottleneck; name one of its hidden layers, 1 to 2"),
        ({"features_from": "single", "layer": 7}, (), "7 is not there; base single has 2 hidden layers"),
        ({"init_from": "single"}, ("systems.single.stages.0.trunk.layers=[8]",), "no hidden layer of base single fits"),
        ({"init_from": "single", "freeze": ["trunck"]}, (), "trunck is not there"),
        ({"init_from": "single", "freeze": ["stages.0"]}, (), "nothing would be left to train"),
        ({"init_from": "single", "speaker": "who"}, (), "the voice has no speaker 'who'"),
        ({"init_from": "single", "l2_sp": -1}, (), "l2_sp: expected a number of at least 0, for example 0.01; got -1"),
    ],
)
def test_what_cannot_be_transferred_gets_a_sentence(made: Path, settings: dict, more: tuple, said: str) -> None:
    printed = train(made, "target", "single", "new", transfer(made, "single", **settings), *more, code=2)
    assert said in printed
    assert len(printed.strip().splitlines()) == 1
    assert not (made / "target" / "new" / "config.json").exists()


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"sample_rate": 22050}, "a sample rate of 22050 Hz, the corpus in"),
        ({"shift_ms": 4.0}, "a frame shift of 4 ms"),
    ],
)
def test_another_way_of_measuring_is_refused(made: Path, tmp_path: Path, grid: dict, said: str) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(made / "base" / "single", voice, ignore=shutil.ignore_patterns("training"))
    config = json.loads((voice / "config.json").read_text(encoding="utf-8"))
    config["grid"] |= grid
    (voice / "config.json").write_text(json.dumps(config), encoding="utf-8")
    change = f"systems.single.transfer.init_from={voice}"
    assert said in train(made, "target", "single", "other", change, code=2)


def test_a_subset_has_statistics_of_its_own(made: Path) -> None:
    whole = Prepared(made / "target" / "prepared")
    ids = nested(whole.packed("train").ids, 1)[:3]
    some = Subset(whole, {"train": ids})
    packed = whole.packed("train")
    total = StatisticsSum(25, dynamic=True)
    for number, key in enumerate(packed.ids):
        if key in ids:
            total.add(packed.utterance(number)["mcep"], packed.counted_frames(number))
    np.testing.assert_allclose(some.statistics["mcep"].variance, total.result().variance)
    assert some.facts.corpus.utterances == 3
    assert some.identity([]) != whole.identity([])
    assert set(nested(packed.ids, 1)[:2]) < set(ids)
    assert nested(packed.ids, 2) != nested(packed.ids, 1)
    everything = Subset(whole, {"train": packed.ids})
    for name, one in whole.statistics.items():
        np.testing.assert_allclose(everything.statistics[name].variance, one.variance)
    np.testing.assert_allclose(everything.facts.silence, whole.facts.silence)
    assert everything.facts.constant_features == whole.facts.constant_features


def test_the_learning_curve_and_its_resumption(made: Path, tmp_path: Path) -> None:
    arguments = ["adapt", made / "base" / "single", made / "target" / "recipe.yaml", "--out", tmp_path / "curve"]
    arguments += ["--prepared", made / "target" / "prepared", "--validation", "1", "--seeds", "1,2"]
    methods = ["--methods", "scratch,statistics,fine_tune"]
    tts(*arguments, "-n", "2", *methods)
    scores = (tmp_path / "curve" / "scores").rglob("*.json")
    before = {path: path.stat().st_mtime_ns for path in scores if path.name != "precision.json"}
    assert len(before) == 3 * 2 + 1
    printed = tts(*arguments, "-n", "2,4", *methods)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    results = json.loads((tmp_path / "curve" / "results.json").read_text(encoding="utf-8"))
    assert [row["utterances"] for row in results["curves"]["fine_tune"]] == [2, 4]
    assert [row["utterances"] for row in results["against_scratch"]["fine_tune"]] == [2, 4]  # of training, not of the test
    assert "MCD minus that from scratch" in printed
    assert "1 validation utterances to know when to stop" in printed
    assert "Mean over 2 seeds" in printed
    one = AdaptationResults.model_validate({**results, "seeds": [1]})
    assert "One seed, with 95 % intervals over the" in markdown(one)
    subsets = [
        json.loads(p.read_text())["ids"] for p in sorted((tmp_path / "curve" / "scores" / "scratch").glob("*seed1.json"))
    ]
    assert {*subsets[0]} < {*subsets[1]}
    assert load_voice(tmp_path / "curve" / "voices" / "fine_tune" / "n0004-seed2", "cpu").config.corpus.utterances == 4
    assert (tmp_path / "curve" / "curve.png").is_file()
    elsewhere = [tmp_path / "curve" / "voices" if a == tmp_path / "curve" else a for a in arguments]
    assert "was not made by tts adapt (it holds " in tts(*elsewhere, "-n", "2", *methods, code=2)
    with held(tmp_path / "curve"):
        assert "curve: another process is at work in it" in tts(*arguments, "-n", "2", *methods, code=1)
    said = tts(*arguments, "-n", "2", *methods, "--set", "training.steps=20", code=2)
    assert "other settings or data" in said
    assert "has 11 utterances, not 50" in tts(*arguments, "-n", "50", code=2)
    assert "expected numbers by commas" in tts(*arguments, "-n", "2", "--seeds", "two", code=2)
    assert "seeds 1, 1: expected different numbers" in tts(*arguments, "-n", "2", "--seeds", "1,1", code=2)
    assert "there is no magic" in tts(*arguments, "--methods", "magic", "-n", "2", code=2)


def test_speakers_beside_the_target_make_one_corpus(made: Path) -> None:
    """Of two preparations with other phones: each speaker's numbers are their own, and the text is asked alike."""
    target, other = Prepared(made / "target" / "prepared"), Prepared(made / "base" / "prepared")
    some = Subset(target, {"train": nested(target.packed("train").ids, 1)[:3]})
    both = Beside(some, [other])
    assert both.speakers == ("target", "base")
    assert len(both.inventory) == len({*target.inventory.symbols, *other.inventory.symbols})
    packed, mine, theirs = both.packed("train"), some.packed("train"), other.packed("train")
    assert packed.ids == (*mine.ids, *(f"base_{key}" for key in theirs.ids))
    assert both.packed("test").ids == target.packed("test").ids
    np.testing.assert_array_equal(packed.utterance(1)["mcep"], mine.utterance(1)["mcep"])
    np.testing.assert_array_equal(packed.utterance(4)["mcep"], theirs.utterance(1)["mcep"])
    np.testing.assert_array_equal(packed.durations_of(4), theirs.durations_of(1))
    means = both.statistics["mcep"].speaker_means
    assert means is not None
    for mean, corpus in zip(means, (some, other), strict=True):
        np.testing.assert_allclose(mean, corpus.statistics["mcep"].mean, rtol=1e-9)
    column = [name for name in both.features.names if name in other.features.names]
    ours, others = (
        np.stack([v[:, f.names.index(c)] for c in column], axis=1)
        for v, f in ((packed.vectors[packed.segment_starts[3] :], both.features), (theirs.vectors, other.features))
    )
    np.testing.assert_array_equal(ours, others)
    assert "phone_class" not in both.streams  # a class of other phones is another class
    assert both.identity([]) != Beside(some, [other], balanced=False).identity([])
    drawn = both.frame_table("train", ["mcep"], torch.device("cpu"), codes=True)
    shares = np.bincount(np.repeat(drawn.speakers, np.diff(drawn.starts))[drawn.counted_rows.numpy()])
    assert 0.7 < shares[0] / shares[1] < 1.5
    with pytest.raises(UsageError, match="its speaker base is in another"):
        Beside(other, [other])


def test_methods_begin_from_other_voices_and_beside_other_speakers(made: Path, tmp_path: Path) -> None:
    arguments = ["adapt", made / "base" / "single", made / "target" / "recipe.yaml", "--out", tmp_path / "curve"]
    arguments += ["--prepared", made / "target" / "prepared", "--validation", "1", "--seeds", "1,2", "-n", "2"]
    arguments += ["--set", "duration.tasks={duration: 1}", "--voices", f"again={made / 'base' / 'stacked'}"]
    methods = ["--methods", "scratch,features,features@again,shared,fine_tune@again", "--against", "scratch,features"]
    printed = tts(*arguments, *methods, "--beside", made / "base" / "prepared", "--shared-steps", "48")
    assert "MCD minus that of features (dB)" in printed
    voices = tmp_path / "curve" / "voices"
    shared = load_voice(voices / "shared" / "n0002-seed1", "cpu")
    assert shared.speakers == ("target", "base")
    assert json.loads((voices / "shared" / "n0002-seed1" / "training" / "summary.json").read_text())["stages"][0]["steps"] <= 48
    reads = [load_voice(voices / name / "n0002-seed1", "cpu").stack for name in ("features", "features@again")]
    assert [len(stack.stages) for stack in reads] == [2, 2]
    assert [stack.parts[1].context for stack in reads] == [8, 8]
    results = json.loads((tmp_path / "curve" / "results.json").read_text(encoding="utf-8"))
    pairs = {(one["system"], one["against"]) for one in results["contrasts"]["2"]}
    methods = ("features", "features@again", "shared", "fine_tune@again", "scratch")
    assert pairs == {(a, b) for a in methods for b in ("scratch", "features") if a != b}
    read = AdaptationResults.model_validate(results)
    tuned = load_voice(voices / "fine_tune@again" / "n0002-seed1", "cpu").config
    assert [part.bottleneck for part in tuned.stages] == [6, None], "networks like those of the voice that is begun from"
    curve, base = ({p.utterances: p.mcd.estimate for p in read.curves[name]}[2] for name in ("shared", "scratch"))
    one = next(c for c in read.contrasts[2] if (c.system, c.against) == ("shared", "scratch"))
    assert one.estimate == pytest.approx(curve - base)
    tts("speak", voices / "shared" / "n0002-seed1", "--text", "A sentence.", "--output", tmp_path / "a.wav")
    for wrong, said in (
        (["--methods", "shared"], "--methods shared and --beside"),
        (["--methods", "shared@again"], "there is no shared@again"),
        (["--methods", "fine_tune@nobody"], "there is no fine_tune@nobody"),
        (["--methods", "scratch", "--against", "features"], "--against: features is none of --methods"),
        (["--methods", "scratch", "--shared-steps", "5"], "--shared-steps: is for --methods shared"),
        (["--methods", "scratch", "--judged-seeds", "all"], "--judged-seeds: is for --judges N"),
        (["--methods", "scratch", "--voices", "again"], "expected NAME=VOICE"),
        (["--methods", "scratch"], "--voices: no method begins from again"),
    ):
        assert said in tts(*arguments, *wrong, code=2)


@pytest.fixture
def judges_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges who rate by the peak and hear no words."""

    def rated(samples: np.ndarray, rate: int, *, words: bool) -> Opinion:
        return Opinion({"distillmos": 1.0 + float(np.abs(samples).max()), "p808": 3.0}, None)

    monkeypatch.setattr(judges, "judge", rated)
    monkeypatch.setattr(judges, "judge_versions", lambda words: {})
    monkeypatch.setattr(judging, "judge_versions", judges.judge_versions)
    monkeypatch.setattr(judging, "require_judges", lambda language: False)
    monkeypatch.setattr(adaptation, "require_judges", lambda language: False)


@pytest.mark.usefixtures("judges_by_level")
def test_adapted_voices_are_judged_beside_the_recordings(made: Path, tmp_path: Path) -> None:
    folders = {"fine_tune": made / "base" / "single", "features": made / "base" / "stacked"}
    voices = [(Point(method, 4, seed), folder) for method, folder in folders.items() for seed in (1, 2)]
    prepared = Prepared(made / "target" / "prepared")

    def judged() -> dict[int, Judges]:
        return judge_voices(prepared, voices, ["fine_tune"], 2, tmp_path / "judged", device="cpu", workers=0)

    said = judged()[4]
    assert said.utterances == 2
    assert [row.source for row in said.speech] == ["natural", "copy", "fine_tune", "features"]
    assert said.speech[-1].differences["p808"].mean == 0.0
    wavs = {path: path.stat().st_mtime_ns for path in (tmp_path / "judged" / "n0004" / "wavs").rglob("*.wav")}
    assert len(wavs) == (2 + 2 * 2) * 2
    assert [row.seeds for row in said.speech] == [1, 1, 2, 2], "every seed's voice is judged"
    judged()
    assert all(path.stat().st_mtime_ns == time for path, time in wavs.items())
    made_anew = tmp_path / "made-anew"
    shutil.copytree(made / "base" / "stacked", made_anew, ignore=shutil.ignore_patterns("training"))
    config = read_config(made_anew)
    write_config(made_anew, config.model_copy(update={"generation": config.generation.model_copy(update={"speed": 0.5})}))
    voices[-1] = (voices[-1][0], made_anew)
    rates = {row.source: row.scores["distillmos"] for row in said.speech}
    again = judged()[4]
    changed = {path for path, time in wavs.items() if path.stat().st_mtime_ns != time}
    assert changed == {path for path in wavs if path.parts[-3:-1] == ("features", "seed-2")}, "of the new voice alone"
    assert {row.source for row in again.speech if row.scores["distillmos"] != rates[row.source]} == {"features"}
    new = {path: path.stat().st_mtime_ns for path in wavs}
    judged()
    assert all(path.stat().st_mtime_ns == time for path, time in new.items())


@pytest.mark.usefixtures("judges_by_level")
def test_every_seeds_voice_is_judged_and_compared_with_each_of_several_methods(made: Path, tmp_path: Path) -> None:
    """Seeds as asked for now, whatever has spoken already; no difference twice; what does not speak is left out."""
    arguments = ["adapt", made / "base" / "single", made / "target" / "recipe.yaml", "--out", tmp_path / "curve", "-n", "2"]
    arguments += ["--prepared", made / "target" / "prepared", "--validation", "1", "--seeds", "1,2", "--judges", "2"]
    arguments += ["--methods", "scratch,statistics,fine_tune,l2_sp", "--against", "statistics,scratch,fine_tune"]

    def judged(seeds: str) -> Judges:
        printed = tts(*arguments, "--judged-seeds", seeds)
        results = AdaptationResults.model_validate(json.loads((tmp_path / "curve" / "results.json").read_text("utf-8")))
        assert "| l2_sp minus fine_tune |" in printed and "scratch minus" not in printed
        said = results.judges[2]
        rows = {row.source: row for row in said.speech}
        assert {*rows} == {"natural", "copy", "scratch", "fine_tune", "l2_sp"}
        assert {name for name, row in rows.items() if row.differences} == {"fine_tune", "l2_sp"}, "to scratch, which speaks"
        assert [(pair.system, pair.against) for pair in said.pairs] == [("l2_sp", "fine_tune")]
        means = [rows[name].scores["distillmos"].mean for name in ("l2_sp", "fine_tune")]
        assert said.pairs[0].differences["distillmos"].mean == pytest.approx(means[0] - means[1])
        assert {rows[name].seeds for name in ("scratch", "fine_tune", "l2_sp")} == {said.seeds} == {said.pairs[0].seeds}
        return said

    first = judged("first")
    assert first.seeds == 1
    assert judged("all").seeds == 2
    assert judged("first") == first


def test_the_plan_of_a_comparison_counts_a_stack_on_a_borrowed_network(made: Path, tmp_path: Path) -> None:
    change = transfer(made, "single", features_from="stacked").replace("systems.single", "systems.features")
    stage = {"trunk": {"layers": [8]}, "tasks": MAIN, "context": 2, "inputs": ["linguistic", "bottleneck"]}
    settings = {"stages": [stage], "transfer": json.loads(change.partition("=")[2])}
    given = ["--systems", "single,features", "--prepared", made / "target" / "prepared", "--out", tmp_path / "c", "--plan"]
    changes = ["--set", f"systems.features={json.dumps(settings)}", "--set", "comparison.baseline=single"]
    assert "features" in tts("compare", made / "target" / "recipe.yaml", *given, *changes)
