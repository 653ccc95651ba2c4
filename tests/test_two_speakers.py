"""Two speakers from recordings to speech: one prepared corpus, one network, either of them speaks."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from command import tts, tts_json
from speech import IDS, write_corpus

from tts.core.errors import UsageError
from tts.dataset.other_prominence import reading_prominence
from tts.dataset.prepared import Prepared
from tts.generation.config import read_config
from tts.generation.plain_voice import load_plain
from tts.generation.voice import Voice, load_voice
from tts.recipe import load_recipe
from tts.recipe.transfer import TransferPart
from tts.training.train import make_duration, make_stack
from tts.training.transfer import open_source, start_from
from tts.training.voice_config import adapted_config

pytestmark = pytest.mark.slow

SPEAKERS = ("low", "high")  # a voice made of the recordings, and the recordings
COUNT, LIMIT = 12, 4
TRAINING = {"steps": 30, "batch": 64, "validate_every": 15}
MAIN = {"mcep": 1, "lf0": 0.1, "vuv": 0.1, "bap": 0.05}
RECIPE = {
    "name": "two",
    "corpus": {"speakers": {name: {} for name in SPEAKERS}, "licence": "CC0-1.0"},
    "split": {"test": {"count": 2}, "validation": {"count": 2}, "limit": {"high": LIMIT}},
    "frames": {"sample_rate": 16000, "mcep_order": 24},
    "alignment": {"states": 3, "train_on": "all"},  # so that no phone of a test sentence is unheard
    "tasks": {"speaker": {}, "phone_class": {}, "phone_f0": {}, "phone_energy": {}, "phone_prosody": {}},
    "text": {"prominence": True},
    "training": TRAINING,
    "duration": {
        "trunk": {"layers": [16]},
        "training": TRAINING,
        "tasks": {"duration": 1, "speaker": 0.1, "phone_f0": 0.5, "phone_energy": 0.2},
    },
    "systems": {
        "code": {
            "speakers": "code",
            "prominence": "shuffled",
            "stages": [
                {"trunk": {"layers": [32]}, "bottleneck": 8, "tasks": MAIN | {"speaker": 0.1}},
                {"trunk": {"layers": [32]}, "context": 1, "tasks": MAIN},
            ],
        },
        "heads": {
            "speakers": "heads",
            "prosody": ["phone_f0", "phone_energy"],
            "duration": {"tasks": {"duration": 1, "phone_f0": 0.5, "phone_energy": 0.2, "phone_prosody": 0.2}},
            "stages": [{"trunk": {"layers": [32]}, "tasks": MAIN}],
        },
    },
    "samples": ["A sample."],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the speakers' recordings, a recipe, the prepared corpus and two voices."""
    folder = tmp_path_factory.mktemp("two")
    for name in SPEAKERS:
        write_corpus(folder / "corpus" / name, IDS[:COUNT], low=name == "low")
    write(folder, RECIPE)
    tts("prepare", folder / "recipe.yaml", "--corpus-root", folder / "corpus", "--out", folder / "prepared", "--workers", "0")
    for system in ("code", "heads"):
        tts("train", folder / "recipe.yaml", "-s", system, "--prepared", folder / "prepared", "--out", folder / system)
    return folder


def write(folder: Path, recipe: dict) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def test_a_sentence_is_in_one_split_and_the_limit_is_kept(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    assert prepared.speakers == ("low", "high")
    ids = {split: prepared.packed(split).ids for split in ("train", "validation", "test")}
    sentences = {split: {key.partition("_")[2] for key in keys} for split, keys in ids.items()}
    assert not sentences["train"] & (sentences["test"] | sentences["validation"])
    assert not sentences["test"] & sentences["validation"]
    assert [sum(key.startswith("high_") for key in keys) for keys in ids.values()] == [LIMIT, 2, 2]
    assert [sum(key.startswith("low_") for key in keys) for keys in ids.values()] == [COUNT - 4, 2, 2]
    assert all(prepared.speaker_of(key) == key.partition("_")[0] for keys in ids.values() for key in keys)


def test_every_speaker_has_their_own_f0_range_silence_and_means(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    ranges = [prepared.f0_range(name) for name in prepared.speakers]
    assert ranges[0] != ranges[1]
    assert np.shape([speaker.silence for speaker in prepared.facts.speakers]) == (2, 2, 3)
    packed = prepared.packed("train")
    for number, name in enumerate(prepared.speakers):
        chosen = [n for n, key in enumerate(packed.ids) if prepared.speaker_of(key) == name]
        lf0 = [packed.utterance(n)["lf0"][packed.counted_frames(n)] for n in chosen]
        np.testing.assert_allclose(prepared.statistics["lf0"].mean_of(number), np.concatenate(lf0).mean(axis=0), rtol=1e-5)
    report = (made / "prepared" / "report.md").read_text(encoding="utf-8")
    assert f"| high | {LIMIT} | 2 | 2 |" in report
    assert "F0 of high is searched" in report


def test_tables_tell_the_network_who_speaks(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    for table in (
        prepared.frame_table("test", ["mcep", "speaker"], torch.device("cpu"), codes=True),
        prepared.segment_table("test", ["duration", "speaker"], torch.device("cpu"), codes=True),
    ):
        index = torch.arange(table.rows)
        codes, labels = table.inputs(index)[:, -2:], table.target("speaker", index)
        torch.testing.assert_close(codes.argmax(dim=1).float(), labels[:, 0])
        assert set(labels[:, 0].tolist()) == {0.0, 1.0}
    assert prepared.facts.shown["speaker"].labels == ("low", "high")


@pytest.mark.parametrize("system", ["code", "heads"])
def test_the_chosen_speaker_is_heard(made: Path, system: str) -> None:
    voice = load_voice(made / system, "cpu")
    assert voice.speakers == ("low", "high")
    sentence = voice.engine.sentence("The chosen speaker is heard.")
    durations = [np.full((len(sentence.segments), 3), 4)] * 2
    said = voice.acoustics([sentence] * 2, durations, [0, 1])
    alone = voice.acoustics([sentence], durations[:1], [1])[0]
    np.testing.assert_allclose(said[1]["mcep"], alone["mcep"], atol=1e-4)
    assert not np.allclose(said[0]["mcep"], said[1]["mcep"], atol=0.01)
    assert said[1]["lf0"][:, 0].mean() > said[0]["lf0"][:, 0].mean()
    np.testing.assert_allclose(voice.acoustics([sentence], durations[:1])[0]["mcep"], said[0]["mcep"], atol=1e-4)
    frames = voice.durations([sentence] * 2, [0, 1])
    silences = [speaker.silence for speaker in Prepared(made / "prepared").facts.speakers]
    for one, silence in zip(frames, silences, strict=True):
        np.testing.assert_allclose(one[[0, -1]], silence)


def test_durations_have_output_layers_of_each_speakers_own(made: Path) -> None:
    voice = load_voice(made / "code", "cpu")  # whatever the acoustic model is told
    sentence = voice.engine.sentence("Each speaker has a pace.")
    before = voice.durations([sentence] * 2, [0, 1])
    weight = voice.duration.get_parameter("heads.duration.output.weight")
    assert weight.shape[0] == 2 * voice.states
    with torch.no_grad():
        weight[voice.states :] += 1.0  # the second speaker's
    after = voice.durations([sentence] * 2, [0, 1])
    np.testing.assert_array_equal(after[0], before[0])
    assert np.abs(after[1] - before[1])[1:-1].max() > 0.1


@pytest.mark.parametrize("name", ["low", "high"])
def test_a_voice_begun_from_one_of_them_says_what_that_one_says(made: Path, name: str) -> None:
    alone = {key: value for key, value in RECIPE.items() if key != "systems"}
    alone |= {"name": name, "corpus": {"speaker": name, "licence": "CC0-1.0"}, "tasks": {"phone_class": {}}}
    alone |= {"split": {"test": {"count": 2}, "validation": {"count": 2}}}
    alone["duration"] = {**RECIPE["duration"], "tasks": {"duration": 1}}
    alone["systems"] = {"heads": {"stages": RECIPE["systems"]["heads"]["stages"]}}
    (made / name).mkdir()
    path = write(made / name, alone)
    tts("prepare", path, "--corpus-root", made / "corpus" / name, "--out", made / name / "prepared", "--workers", "0")
    prepared, recipe, old = Prepared(made / name / "prepared"), load_recipe(path), load_voice(made / "heads", "cpu")
    source = open_source(TransferPart(init_from=str(made / "heads"), speaker=name), prepared)
    assert source is not None
    stack, duration = (
        make_stack(prepared, recipe.system("heads").stages, seed=5),
        make_duration(recipe.duration, prepared, seed=5),
    )
    begun = start_from(source, stack, duration, prepared)
    assert not [t.name for t in begun.tensors if t.how == "new" and t.name.startswith(("duration.", "stages."))]
    config = adapted_config(old.config, prepared)
    new = Voice(config, stack, duration, prepared.statistics, torch.device("cpu"))
    old.precision = new.precision = "float32"
    packed = prepared.packed("train")
    sentences = [prepared.sentences[key] for key in packed.ids]
    known = [s for s in sentences if {*s.phones} <= {*old.inventory.symbols}]
    assert len(known) > 2
    number = [old.speakers.index(name)] * len(known)
    for a, b in zip(old.durations(known, number), new.durations(known), strict=True):
        np.testing.assert_allclose(b[1:-1], a[1:-1], rtol=1e-3)


def test_a_speaker_is_named_or_numbered(made: Path) -> None:
    voice = load_voice(made / "code", "cpu")
    assert [voice.speaker_number(name) for name in ("", "low", "high", "0", "1")] == [0, 0, 1, 0, 1]
    for unknown in ("2", "-1", "eve"):
        with pytest.raises(UsageError, match=r"no speaker .* it has, by number and name: 0 low, 1 high"):
            voice.speaker_number(unknown)


def test_lines_choose_their_speaker(made: Path, tmp_path: Path) -> None:
    lines = [("a", ""), ("b", "|low"), ("c", "|high"), ("d", "|1")]
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{key}{who}|Good morning.\n" for key, who in lines), encoding="utf-8")
    tts("speak", made / "code", text, "--out", tmp_path / "wavs", "--workers", "0")
    first, low, high, again = (soundfile.read(str(tmp_path / "wavs" / f"{key}.wav"))[0] for key, _ in lines)
    np.testing.assert_array_equal(first, low)
    np.testing.assert_array_equal(high, again)
    assert len(low) != len(high) or not np.allclose(low, high)
    tts("speak", made / "code", text, "--out", tmp_path / "high", "--speaker", "high", "--workers", "0")
    np.testing.assert_array_equal(soundfile.read(str(tmp_path / "high" / "a.wav"))[0], high)
    np.testing.assert_array_equal(soundfile.read(str(tmp_path / "high" / "b.wav"))[0], low)
    said = tts("speak", made / "code", "--text", "x", "--speaker", "eve", "--output", tmp_path / "x.wav", code=2)
    assert "0 low, 1 high" in said
    text.write_text("a|low|Fine.\nb|eve|Not.\n", encoding="utf-8")
    assert "text.txt:2: the voice has no speaker 'eve'" in tts("speak", made / "code", text, "--out", tmp_path / "y", code=2)


def test_scores_by_speaker_and_samples_of_each(made: Path) -> None:
    arguments = ["evaluate", made / "code", "--prepared", made / "prepared", "--pictures", "0"]
    printed = tts(*arguments)
    for row in ("| low ", "| high ", "| two code "):
        assert row in printed
    result = tts_json(*arguments)
    assert list(result["speakers"]) == ["low", "high"]
    assert result["speakers"]["high"]["utterances"] == 2
    assert result["systems"]["two code"]["pooled"]["utterances"] == 4
    samples = made / "code" / "training" / "samples" / "step-000030"
    assert sorted(path.name for path in samples.iterdir()) == ["1-high.wav", "1-low.wav"]


def test_the_way_of_telling_speakers_apart_is_part_of_what_a_voice_is(made: Path, tmp_path: Path) -> None:
    recipe = copy.deepcopy(RECIPE)
    recipe["systems"]["heads"]["speakers"] = "code_and_heads"
    path = write(tmp_path, recipe)
    assert "other settings (systems.heads.speakers was heads and is code_and_heads)" in tts(
        "train", path, "-s", "heads", "--prepared", made / "prepared", "--out", made / "heads", code=2
    )


def test_a_speaker_whose_folder_is_missing_is_named(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    said = tts("prepare", made / "recipe.yaml", "--corpus-root", tmp_path, "--out", out, code=2)
    assert "no such folder of the speaker low" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("corpus.speaker=low", "name either one speaker (speaker: anna) or, under speakers, several"),
        ("corpus.speakers={}", "name either one speaker (speaker: anna) or, under speakers, several"),
        ("corpus.speakers={a/b: {}}", "corpus.speakers.a/b: expected a name of letters"),
        ("split.limit={hihg: 3}", "did you mean high"),
        ("split.limit={high: 0}", "split.limit.high: expected a whole number of at least 1; got 0"),
        ("corpus.format=espeak-demo", "the demo corpus has one"),
        ("corpus={speaker: low, licence: x}", "split.limit"),
        ("systems.heads.speakers=own", "expected one of code, heads, code_and_heads or none, for example code; got 'own'"),
    ],
)
def test_a_recipe_of_several_speakers_says_what_is_wrong(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        load_recipe(write(tmp_path, RECIPE), [change])


def test_a_recipe_of_one_speaker_refuses_what_is_for_several(tmp_path: Path) -> None:
    one = ["corpus.speakers={}", "corpus.speaker=low", "split.limit={}", "systems.code.speakers=null"]
    for more, said in (
        (["systems.heads.speakers=null"], "nothing to tell apart"),
        ([], r"systems\.heads\.speakers: the corpus has one speaker"),
    ):
        with pytest.raises(UsageError, match=said):
            load_recipe(write(tmp_path, RECIPE), [*one, *more])


def test_what_is_measured_of_phones_is_read_in_training_as_measured(made: Path) -> None:
    """Normalised a speaker, 0 in the silence at the ends, at the end of every segment's features."""
    prepared = Prepared(made / "prepared")
    names = ("phone_f0", "phone_energy")
    packed = prepared.packed("train")
    columns = prepared.prosody_columns(packed, names)
    assert columns.shape == (len(packed.durations), 3) and not columns[packed.silent].any()
    speakers = np.repeat(prepared.speaker_numbers(packed.ids), np.diff(packed.segment_starts))
    spoken = ~packed.silent
    for number in range(len(SPEAKERS)):
        np.testing.assert_allclose(columns[spoken & (speakers == number)].mean(axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose((columns[spoken] ** 2).mean(axis=0), 1.0, atol=0.1)

    plain = prepared.frame_table("train", ["lf0"], torch.device("cpu"))
    table = prepared.frame_table("train", ["lf0", "phone_f0"], torch.device("cpu"), prosody=names)
    assert table.input_width == plain.input_width + 3
    rows = torch.arange(0, table.rows, 7)
    given = table.inputs(rows)[:, prepared.features.dimension : prepared.features.dimension + 3]
    assert table.segment_of_row is not None
    np.testing.assert_array_equal(given.numpy(), columns[table.segment_of_row[rows.numpy()]])
    # As a task of the frames it is the same number, normalised alike.
    counted = spoken[table.segment_of_row[rows.numpy()]]
    np.testing.assert_allclose(table.target("phone_f0", rows).numpy()[counted], given[:, :2].numpy()[counted], atol=1e-4)


def test_a_voice_reads_the_prosody_that_its_duration_model_predicts(made: Path) -> None:
    voice = load_voice(made / "heads", "cpu")
    assert voice.config.prosody == ("phone_f0", "phone_energy") and voice.config.prominence is True
    plain = load_voice(made / "code", "cpu")
    assert plain.config.prosody == () and plain.config.prominence == "shuffled" and "phone_f0" not in plain.duration.heads
    sentence = voice.engine.answer("She had your dark suit.").sentence
    durations = [np.full((len(sentence.segments), 3), 2)]
    before = voice.acoustics([sentence], durations, [1])[0]["lf0"]
    predicted = np.ones((len(sentence.segments), 3), np.float32)
    read = voice.acoustic_input(voice.known([sentence])[0], durations[0], predicted).vectors[:, -3:]
    assert not read[[0, -1]].any() and (read[1:-1] == 1.0).all()
    with torch.no_grad():
        for head in (voice.duration.heads[name] for name in voice.config.prosody):
            head.output.bias += 3.0
    after = voice.acoustics([sentence], durations, [1])[0]["lf0"]
    assert np.abs(after - before).max() > 1e-4
    plainly = load_plain(made / "heads", read_config(made / "heads"))  # the same by numpy
    np.testing.assert_allclose(plainly.acoustics([sentence], durations, [1])[0]["lf0"], before, atol=1e-4)


def test_takes_of_a_trained_voice_vary_and_come_again(made: Path) -> None:
    """Its duration model said a distribution, of which what goes together was measured; the other voice's did not."""
    out = made / "takes"
    for name, more in (("mean", ()), ("a", ("--temperature", "1")), ("b", ("--temperature", "1", "--seed", "2"))):
        tts("speak", made / "heads", "--text", "She had your dark suit.", "--out", out / name, "--workers", "0", *more)
    signals = [soundfile.read(out / name / "text.wav")[0] for name in ("mean", "a", "b")]
    assert len({len(signal) for signal in signals}) > 1
    (out / "a" / "text.wav").rename(out / "kept.wav")
    again = ("speak", made / "heads", "--text", "She had your dark suit.", "--out", out / "a", "--workers", "0", "--resume")
    tts(*again, "--temperature", "1")
    assert (out / "a" / "text.wav").read_bytes() == (out / "kept.wav").read_bytes()
    variation = load_voice(made / "heads", "cpu").variation
    assert variation is not None and np.isfinite(variation.covariance).all() and min(np.diag(variation.covariance)) > 0.0
    assert load_voice(made / "code", "cpu").variation is None
    cards = [(made / name / "README.md").read_text(encoding="utf-8") for name in ("heads", "code")]
    assert ["Takes may vary" in card for card in cards] == [True, False]
    said = tts("speak", made / "code", "--text", "No.", "--out", out / "none", "--temperature", "1", code=2)
    assert "knows no distribution" in said


def test_a_corpus_is_read_with_the_prominence_that_a_system_wants(made: Path) -> None:
    prepared = Prepared(made / "prepared")
    assert reading_prominence(prepared, None) is prepared and reading_prominence(prepared, True) is prepared
    plain, shuffled = reading_prominence(prepared, False), reading_prominence(prepared, "shuffled")
    whole, less, other = (each.packed("train").vectors for each in (prepared, plain, shuffled))
    names = prepared.features.names
    words = [n for n, name in enumerate(names) if name.endswith((":prominence", ":boundary"))]
    forms = [n for n, name in enumerate(names) if name in ("sentence:yes_no", "sentence:question_word")]
    rest = np.setdiff1d(np.arange(len(names)), [*words, *forms])
    np.testing.assert_array_equal(less, whole[:, rest])
    np.testing.assert_array_equal(np.delete(other, words, axis=1), np.delete(whole, words, axis=1))
    assert (other[:, words] != whole[:, words]).any() and len(plain.features.names) == len(rest)
    assert plain.identity(["lf0"]) == prepared.identity(["lf0"])  # what a system reads is part of its own identity
    assert all(name < len(rest) for name in plain.facts.constant_features)
    assert read_config(made / "code").features == shuffled.features.fingerprint
