"""The whole way on 23 seconds of speech: prepare, train, evaluate, speak; and what happens when it goes wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from command import tool, tts, tts_json
from speech import IDS, RATE, RECIPE, write_corpus

from tts.alignment.labels import read_labels
from tts.core.locks import held
from tts.dataset.prepared import Prepared
from tts.generation.voice import load_voice
from tts.recipe import load_recipe
from tts.training.trainer import Trainer

SMALL = [
    "systems.single.training={}",
    "training.steps=40",
    "training.validate_every=20",
    "duration.training.steps=40",
    "duration.training.validate_every=20",
]
SINGLE = ["RECIPE", "-s", "single", "--prepared", "PREPARED"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, its recipe, the prepared corpus and two voices."""
    folder = tmp_path_factory.mktemp("end-to-end")
    write_corpus(folder / "corpus")
    recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    recipe["split"] = {"test": {"count": 3}, "validation": {"count": 3}, "train": "rest"}
    for system in recipe["systems"].values():
        system["stages"][0]["tasks"]["mcep"] = {"weight": 1, "emphasis": 0.5}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    where = ("--corpus-root", folder / "corpus", "--out", folder / "prepared", "--workers", "2")
    tts("prepare", folder / "recipe.yaml", *where)
    for system in ("single", "stacked"):
        tts(*train(folder, system))
    return folder


def train(folder: Path, system: str, *more: object) -> list[object]:
    changes = [part for change in SMALL for part in ("--set", change)]
    target = folder / system
    return ["train", folder / "recipe.yaml", "-s", system, "--prepared", folder / "prepared", "--out", target, *changes, *more]


def test_prepared_arrays_agree_with_recordings_and_labels(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    for split in ("train", "validation", "test"):
        packed = prepared.packed(split)
        for number, key in enumerate(packed.ids):
            samples = soundfile.info(str(made / "corpus" / "wavs" / f"{key}.wav")).frames
            frames = prepared.grid.frames(samples)
            assert {len(values) for values in packed.utterance(number).values()} == {frames}
            assert packed.durations_of(number).sum() == frames
            labels = read_labels(made / "prepared" / "alignments" / f"{key}.lab", prepared.grid, frames, prepared.states)
            np.testing.assert_array_equal(labels.durations, packed.durations_of(number))
            assert labels.phones == prepared.sentences[key].phones
    assert "## Alignment" in (made / "prepared" / "report.md").read_text(encoding="utf-8")


def test_statistics_are_those_of_the_training_frames_that_count(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    packed = prepared.packed("train")
    counted = np.concatenate([packed.counted_frames(n) for n in range(len(packed.ids))])
    kept = np.asarray(packed.streams["mcep"])[counted].astype(np.float64)
    np.testing.assert_allclose(prepared.statistics["mcep"].mean, kept.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(prepared.statistics["mcep"].variance[: kept.shape[1]], kept.var(axis=0), rtol=1e-6)


@pytest.mark.slow
def test_preparing_again_changes_nothing(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (made / "prepared").glob("packed-*/*/*.npy")}
    tts("prepare", made / "recipe.yaml", "--corpus-root", made / "corpus", "--out", made / "prepared")
    assert before == {path: path.stat().st_mtime_ns for path in (made / "prepared").glob("packed-*/*/*.npy")}


def test_training_again_changes_nothing(made: Path) -> None:
    before = (made / "stacked" / "model.safetensors").read_bytes()
    tts(*train(made, "stacked"))
    assert (made / "stacked" / "model.safetensors").read_bytes() == before


def test_training_leaves_samples_logs_and_a_card(made: Path) -> None:
    training = made / "stacked" / "training"
    assert list((training / "samples" / "step-000040").glob("*.wav"))
    for network in ("duration", "stage1", "stage2"):  # a run each, so that one that continues voids no step of another
        assert len(list((training / "tensorboard" / network).glob("events*"))) == 1
    history = (training / "stage2" / "history.tsv").read_text(encoding="utf-8").splitlines()
    assert len(history) == 3
    assert "valid/mcd" in history[0]
    card = (made / "stacked" / "README.md").read_text(encoding="utf-8")
    assert 'license: "CC0-1.0"' in card
    assert "stage 2" in card


def test_a_voice_holds_nothing_of_the_auxiliary_tasks(made: Path) -> None:
    voice = load_voice(made / "stacked", "cpu")
    names = list(voice.stack.state_dict())
    assert not [name for name in names if "gammatone" in name or "phone_class" in name]
    assert not [name for name in names if name.startswith("stages.0.heads")]


@pytest.mark.slow
def test_scores_and_pictures(made: Path) -> None:
    arguments = ["evaluate", made / "single", "--prepared", made / "prepared", "--pictures"]
    assert "16000 Hz, 5 ms frames" in tts(*arguments, "1", "--workers", "2")
    result = tts_json(*arguments, "0")
    pooled = result["systems"]["fixture single"]["pooled"]
    assert 0.0 < pooled["mcd"] < 20.0
    assert pooled["utterances"] == 3
    assert pooled["duration_rmse"] > 0.0
    assert len(list((made / "single" / "evaluation").glob("*.png"))) == 3
    assert "## Scores" in (made / "single" / "README.md").read_text(encoding="utf-8")


def test_speaking_a_file(made: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one|The first line.\ntwo|And the second, with a pause.\n", encoding="utf-8")
    tts("speak", made / "stacked", text, "--out", tmp_path / "wavs", "--timings", "textgrid", "--workers", "0")
    for name in ("one", "two"):
        signal, rate = soundfile.read(str(tmp_path / "wavs" / f"{name}.wav"))
        assert rate == RATE
        assert len(signal) > 0.3 * rate
        assert (tmp_path / "wavs" / f"{name}.TextGrid").is_file()
    said = tts("speak", made / "stacked", text, "--out", tmp_path / "wavs", code=2)
    assert "--resume" in said
    tts("speak", made / "stacked", text, "--out", tmp_path / "wavs", "--resume", "--timings", "textgrid", "--workers", "0")


@pytest.mark.slow
def test_copy_synthesis_is_scored(made: Path, tmp_path: Path) -> None:
    printed = tts("copy", made / "prepared", "--out", tmp_path / "copies")
    assert "copy synthesis" in printed
    result = json.loads((tmp_path / "copies" / "scores.json").read_text(encoding="utf-8"))
    assert result["systems"]["copy synthesis"]["pooled"]["f0_rmse"] < 10.0
    assert len(list((tmp_path / "copies").glob("*.wav"))) == 3


@pytest.mark.slow
def test_a_cross_fitted_stack_that_was_interrupted_is_the_same_voice_and_speaks(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [
        "systems.stacked.training={cross_fit: 2}",
        "systems.stacked.stages.0.linguistic_context=1",
        "systems.stacked.stages.1.inputs=[linguistic, bottleneck, outputs]",
        "systems.stacked.stages.1.dilation=2",
    ]
    more = [part for change in changes for part in ("--set", change)]
    validate = Trainer._validate

    def stop(self: Trainer, *arguments: Any) -> dict[str, float]:
        if self.label == "stage1-fold2":
            raise KeyboardInterrupt
        return validate(self, *arguments)

    for name in ("whole", "parts"):
        command = [*train(made, "stacked"), *more]
        command[command.index("--out") + 1] = tmp_path / name
        if name == "parts":
            with monkeypatch.context() as patch:
                patch.setattr(Trainer, "_validate", stop)
                tts(*command, code=130)
            assert (tmp_path / "parts" / "training" / "stage1" / "fold-1" / "best.safetensors").is_file()
        tts(*command)
    assert (tmp_path / "whole" / "model.safetensors").read_bytes() == (tmp_path / "parts" / "model.safetensors").read_bytes()
    summaries = [
        json.loads((tmp_path / n / "training" / "summary.json").read_text(encoding="utf-8")) for n in ("whole", "parts")
    ]
    assert summaries[0]["stages"] == summaries[1]["stages"]
    first = summaries[0]["stages"][0]
    assert first["steps"] == 40 + 2 * 20
    assert [fold["utterances"] for fold in first["folds"]] == [5, 5]
    assert all(0.0 < fold["fit"] <= 1.0 for fold in first["folds"])
    voice = load_voice(tmp_path / "whole", "cpu")
    sentence = next(iter(Prepared(made / "prepared").sentences.values()))
    durations = voice.durations([sentence])[0].round().astype(int)
    (streams,) = voice.acoustics([sentence], [durations])
    assert {len(values) for values in streams.values()} == {durations.sum()}


def test_the_same_seed_gives_the_same_voice(made: Path, tmp_path: Path) -> None:
    tts(*train(made, "single", "--out", tmp_path / "again"))
    first, again = ((folder / "model.safetensors").read_bytes() for folder in (made / "single", tmp_path / "again"))
    assert first == again


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda voice: (voice / "model.safetensors").write_bytes(b"no"), "model.safetensors: damaged or changed"),
        (lambda voice: (voice / "model.safetensors").unlink(), "model.safetensors: this file of the voice is missing"),
        (lambda voice: (voice / "config.json").write_text("{"), "config.json: not valid JSON"),
        (lambda voice: (voice / "config.json").write_text("{}"), "not the configuration of a voice"),
        (lambda voice: (voice / "config.json").unlink(), "not a voice"),
        (lambda voice: shutil.rmtree(voice), "there is no such folder"),
    ],
)
def test_a_damaged_voice_gets_one_sentence(made: Path, tmp_path: Path, damage, said: str) -> None:
    voice = tmp_path / "voice"
    shutil.copytree(made / "single", voice, ignore=shutil.ignore_patterns("training"))
    damage(voice)
    code = 1 if "damaged" in said or "missing" in said or "JSON" in said else 2
    printed = tts("speak", voice, "--text", "Hello.", "--output", tmp_path / "x.wav", code=code)
    assert said in printed
    assert len(printed.strip().splitlines()) == 1
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.slow
def test_what_single_trainings_gave_is_kept(made: Path, tmp_path: Path) -> None:
    voices = made / "single", made / "stacked"
    tool("publish_tries", *voices, "--to", tmp_path / "tries.json")
    single, stacked = json.loads((tmp_path / "tries.json").read_text(encoding="utf-8"))
    summary = json.loads((made / "stacked" / "training" / "summary.json").read_text(encoding="utf-8"))
    assert (single["system"], stacked["system"], stacked["stages"]) == ("single", "stacked", summary["stages"])
    assert stacked["settings"]["stages"][0]["tasks"]["mcep"] == {"emphasis": 0.5}
    assert str(tmp_path.parent) not in json.dumps(stacked)
    assert "--out stacked" in stacked["command"]
    moved = tmp_path / "seed-1"
    shutil.copytree(made / "single", moved)
    run = json.loads((moved / "training" / "run.json").read_text(encoding="utf-8"))
    run["recipe"]["systems"]["single"]["transfer"] = {"init_from": "/home/jo smith/secret/voice"}
    (moved / "training" / "run.json").write_text(json.dumps(run), encoding="utf-8")
    tool("publish_tries", *voices, moved, "--to", tmp_path / "tries.json")
    third = json.loads((tmp_path / "tries.json").read_text(encoding="utf-8"))[2]
    assert (third["name"], third["settings"]["transfer"]) == (f"{tmp_path.name}/seed-1", {"init_from": "voice"})
    run["recipe"]["no such part"] = 1
    (moved / "training" / "run.json").write_text(json.dumps(run), encoding="utf-8")
    odd = tool("publish_tries", *voices, moved, "--to", tmp_path / "odd.json", code=1)
    assert "seed-1: its records are of another version" in odd
    none = tool("publish_tries", *voices, made, "--to", tmp_path / "none.json", code=2)
    assert "has no training/summary.json" in none
    assert not (tmp_path / "none.json").exists()


@pytest.mark.slow
def test_a_corpus_is_prepared_by_one_process_at_a_time(made: Path) -> None:
    pytest.importorskip("fcntl")
    command = ["prepare", made / "recipe.yaml", "--corpus-root", made / "corpus", "--out", made / "prepared"]
    with held(made / "prepared"):
        assert "prepared: another process is at work in it" in tts(*command, code=1)
    tts(*command)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["prepare", "nothing"], 2, "no recipe there"),
        (["prepare", "RECIPE", "--corpus-root", "nothing"], 2, "the one that holds metadata.csv is named by corpus.root"),
        (["prepare", "RECIPE", "--corpus-root", "CORPUS", "--set", "tasks.mel.bandz=3", "--out", "NEW"], 2, "no such option"),
        (
            ["prepare", "RECIPE", "--corpus-root", "CORPUS", "--set", "tasks.gamatone={}", "--out", "NEW"],
            2,
            "did you mean gammatone",
        ),
        (["prepare", "RECIPE", "--corpus-root", "CORPUS", "--out", "CORPUS"], 2, "was not made by tts prepare"),
        (["train", "RECIPE", "-s", "nothing", "--prepared", "PREPARED"], 2, "it has single, stacked"),
        (["train", "RECIPE", "-s", "single", "--prepared", "CORPUS"], 2, "not a prepared corpus"),
        (
            ["train", "RECIPE", "-s", "single", "--prepared", "PREPARED", "--out", "STACKED"],
            2,
            "of the system stacked, not of single",
        ),
        (
            ["train", *SINGLE, "--set", "systems.single.training={steps: 5}", "--set", "training.steps=9"],
            2,
            "training.steps: does nothing to single, which has its own; change systems.single.training instead",
        ),
        (
            ["train", *SINGLE, "--seed", "3", "--set", "training.seed=4"],
            2,
            "--seed 3: --set names another seed; give one of them",
        ),
        (["train", *SINGLE, "--out", "VOICE", "--set", "training.batch=77"], 2, "training.batch was 64 and is 77"),
        (
            ["train", "RECIPE", "-s", "single", "--prepared", "PREPARED", "--device", "cuda:99", "--out", "NEW"],
            1,
            "device cuda:99: there are ",
        ),
        (["train", *SINGLE, "--out", "NEW", "--set", "frames.sample_rate=48000"], 2, "prepared with another frames part"),
        (
            ["train", *SINGLE, "--out", "NEW", "--set", "tasks.mel={}", "--set", "systems.single.stages.0.tasks.mel=0.1"],
            2,
            "the task mel is not in it",
        ),
        (["train", *SINGLE, "--out", "RECIPE"], 2, "is a file; --out names a folder"),
        (["prepare", "RECIPE", "--corpus-root", "CORPUS", "--out", "RECIPE"], 2, "is a file; --out names a folder"),
        (["evaluate", "VOICE", "--prepared", "PREPARED", "--out", "RECIPE", "--pictures", "0"], 1, "recipe.yaml"),
        (["speak", "VOICE", "--text", "caf\udce9", "--out", "NEW"], 2, "not valid UTF-8"),
        (["evaluate", "VOICE", "--prepared", "PREPARED", "--split", "tset"], 2, "there are train, validation, test"),
        (["speak", "VOICE", "--text", "...", "--output", "WAV"], 1, "nothing could be spoken"),
    ],
)
def test_wrong_usage_gets_a_sentence(made: Path, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    places = {
        "RECIPE": made / "recipe.yaml",
        "CORPUS": made / "corpus",
        "PREPARED": made / "prepared",
        "VOICE": made / "single",
        "STACKED": made / "stacked",
        "NEW": tmp_path / "new",
        "WAV": tmp_path / "x.wav",
    }
    printed = tts(*(places.get(argument, argument) for argument in arguments), code=code)
    assert said in printed


def test_a_foreign_prepared_folder_gets_one_sentence(made: Path, tmp_path: Path) -> None:
    for content, said in (
        ("[]", "not the facts"),
        ('{"format": 2}', "damaged"),
        ('{"format": 1}', "this version reads 2 and 3"),
        ("{", "not valid JSON"),
    ):
        (tmp_path / "prepared.json").write_text(content, encoding="utf-8")
        assert said in tts("evaluate", made / "single", "--prepared", tmp_path, code=1)


@pytest.mark.slow
def test_broken_recordings_are_left_out_and_named(made: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    shutil.copytree(made / "corpus", corpus)
    wavs = [corpus / "wavs" / f"{key}.wav" for key in Prepared(made / "prepared").packed("train").ids[:5]]
    wavs[0].write_bytes(b"")
    wavs[1].write_bytes(b"RIFF and then nothing of use")
    wavs[2].unlink()
    rate = soundfile.info(str(wavs[3])).samplerate
    soundfile.write(str(wavs[3]), np.zeros(rate), rate)
    soundfile.write(str(wavs[4]), np.zeros((rate, 2)), rate)
    tts("prepare", made / "recipe.yaml", "--corpus-root", corpus, "--out", tmp_path / "prepared", "--set", "tasks={}", code=2)
    changes = ["--set", "systems.stacked.stages=[{trunk: {layers: [8]}, tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1}}]"]
    changes += ["--set", "alignment.train_on=all"]  # few are left to hear every phone from
    tts("prepare", made / "recipe.yaml", "--corpus-root", corpus, "--out", tmp_path / "prepared", "--set", "tasks={}", *changes)
    problems = json.loads((tmp_path / "prepared" / "problems.json").read_text(encoding="utf-8"))
    left_out = {problem["id"]: problem["reason_code"] for problem in problems if problem["severity"] == "left_out"}
    codes = ["empty_audio", "unreadable", "missing_audio", "silent", "channels"]
    assert [left_out[path.stem] for path in wavs] == codes
    splits = Prepared(tmp_path / "prepared").facts.splits
    assert sum(entry.utterances for entry in splits.values()) == len(IDS) - 5


def test_split_rules_are_checked_before_recordings_are_read(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "corpus", tmp_path / "corpus")
    for path in (tmp_path / "corpus" / "wavs").iterdir():
        path.write_bytes(b"not a recording")
    rule = "split.test={range: [none, nothing]}"
    arguments = ["prepare", made / "recipe.yaml", "--corpus-root", tmp_path / "corpus", "--out", tmp_path / "prepared"]
    assert "selects none of the 16 utterances" in tts(*arguments, "--set", rule, code=2)


@pytest.mark.slow
def test_a_changed_text_is_prepared_again(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "corpus", tmp_path / "corpus")
    shutil.copytree(made / "prepared", tmp_path / "prepared")
    before = Prepared(tmp_path / "prepared")
    metadata = tmp_path / "corpus" / "metadata.csv"
    lines = metadata.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines) if line.endswith("."))
    changed = lines[number].split("|")[0]
    lines[number] = lines[number].replace(".", "?")
    metadata.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tts("prepare", made / "recipe.yaml", "--corpus-root", tmp_path / "corpus", "--out", tmp_path / "prepared")
    after = Prepared(tmp_path / "prepared")
    assert after.fingerprint != before.fingerprint
    assert before.sentences[changed].kind == "statement"  # read only now, and still what it was opened with
    assert after.sentences[changed].kind == "question"


@pytest.mark.slow
def test_label_files_are_read_instead_of_aligning(made: Path, tmp_path: Path) -> None:
    change = f"alignment.labels={made / 'prepared' / 'alignments'}"
    tts("prepare", made / "recipe.yaml", "--corpus-root", made / "corpus", "--out", tmp_path / "prepared", "--set", change)
    ours, theirs = Prepared(made / "prepared"), Prepared(tmp_path / "prepared")
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(ours.packed(split).durations, theirs.packed(split).durations)
    assert not (tmp_path / "prepared" / "alignments" / "aligner.safetensors").exists()


def test_the_recipe_can_be_loaded_with_its_changes(made: Path) -> None:
    assert load_recipe(made / "recipe.yaml", SMALL).training.steps == 40
