"""A Merlin user's folder, laid out as egs/slt_arctic/s1 leaves it, and the configuration that goes with it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from command import tts
from speech import IDS, RATE, TEXTS, recording

from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.corpora.merlin import file_list, read_merlin_corpus
from tts.corpora.merlin_recipe import MerlinProject, import_merlin
from tts.corpora.types import CorpusSource
from tts.dataset.prepared import Prepared
from tts.recipe import load_recipe
from tts.recipe.merlin import read_duration_configuration, read_merlin_configuration

QUESTIONS = Path(__file__).parents[2] / "recipes" / "slt_merlin" / "questions-radio_dnn_416.hed"
SOURCE = CorpusSource(name="slt", speaker="slt", language="en-us", licence="free")

# As scripts/prepare_config_files.sh writes it from misc/recipes/acoustic_demo.conf, its comments and oddities of form kept.
ACOUSTIC = """[DEFAULT]

Merlin: {merlin}

TOPLEVEL: {top}

[Paths]

# where to place work files
work: %(TOPLEVEL)s/experiments/slt_arctic_demo/acoustic_model

# where to find the data
data: %(work)s/data

# list of file basenames, training and validation in a single list
file_id_list: %(data)s/file_id_list_demo.scp
test_id_list: None


in_mgc_dir: %(data)s/mgc
in_bap_dir: %(data)s/bap
in_lf0_dir: %(data)s/lf0

# where to save log
log_path: %(work)s/log
plot: %(work)s/plots
log_config_file: %(TOPLEVEL)s/conf/logging_config.conf
log_file: %(work)s/log/mylogfilename.log
sptk:  %(Merlin)s/tools/bin/SPTK-3.9
world: %(Merlin)s/tools/bin/WORLD

[Labels]

enforce_silence: False
silence_pattern: ['*-sil+*']
# options: state_align or phone_align
label_type: state_align
label_align: %(TOPLEVEL)s/experiments/slt_arctic_demo/acoustic_model/data/label_state_align
question_file_name: %(Merlin)s/misc/questions/questions-radio_dnn_416.hed

add_frame_features: True
subphone_feats: full

[Outputs]
# dX should be 3 times X
mgc: 60
dmgc: 180
bap: 1
dbap: 3
lf0: 1
dlf0: 3

[Waveform]
test_synth_dir: None
vocoder_type: WORLD
samplerate: 16000
framelength: 1024
fw_alpha: 0.58
minimum_phase_order: 511

[Architecture]
hidden_layer_size: [512, 512, 512, 512]
hidden_layer_type: ['TANH', 'TANH', 'TANH', 'TANH']
#if RNN or sequential training is used, please set sequential_training to True.
sequential_training : False
dropout_rate : 0.0

learning_rate    : 0.002
batch_size       : 256
output_activation: linear
warmup_epoch     : 10
warmup_momentum  : 0.3

training_epochs  : 25

[Streams]
output_features      : ['mgc', 'lf0', 'vuv', 'bap']
gen_wav_features     : ['mgc', 'lf0', 'bap']

[Data]
train_file_number: 12
valid_file_number: 2
test_file_number: 2
buffer_size: 200000

[Processes]
AcousticModel : True
NORMLAB  : True
CALMCD   : True
"""
DURATION = """[DEFAULT]
Merlin: {merlin}
TOPLEVEL: {top}
[Paths]
work: %(TOPLEVEL)s/experiments/slt_arctic_demo/duration_model
data: %(work)s/data
file_id_list: %(data)s/file_id_list_demo.scp
in_dur_dir: %(data)s/dur
[Labels]
silence_pattern: ['*-sil+*']
label_type: state_align
label_align: %(TOPLEVEL)s/experiments/slt_arctic_demo/duration_model/data/label_state_align
add_frame_features: False
subphone_feats: none
[Outputs]
dur: 5
[Architecture]
switch_to_keras: False
hidden_layer_size  : [256, 256]
hidden_layer_type  : ['RELU', 'RELU']
batch_size   : 64
optimizer : sgd
"""


def lay_out(folder: Path, data: bool = True) -> Path:
    """Write a checkout of Merlin after ``01_setup.sh slt_arctic_demo``, the fixture's speech for slt's; return the conf."""
    top, corpus = folder / "merlin" / "egs" / "slt_arctic" / "s1", folder / "cmu_us_slt_arctic"
    (top / "conf").mkdir(parents=True)
    (corpus / "wav").mkdir(parents=True)
    (corpus / "etc").mkdir()
    for key in IDS:
        soundfile.write(str(corpus / "wav" / f"{key}.wav"), recording(key), RATE, subtype="PCM_16")
    done = "".join(f'( {key} "{text}" )\n' for key, text in TEXTS.items())
    (corpus / "etc" / "txt.done.data").write_text(done, encoding="utf-8")
    questions = folder / "merlin" / "misc" / "questions"
    questions.mkdir(parents=True)
    shutil.copy(QUESTIONS, questions)
    place = top / "experiments" / "slt_arctic_demo" / "acoustic_model" / "data"
    place.mkdir(parents=True)
    (place / "file_id_list_demo.scp").write_text("".join(f"{key}\n" for key in IDS) + "\n", encoding="utf-8")
    if data:
        (place / "label_state_align").mkdir()
    values = {"merlin": folder / "merlin", "top": top}
    (top / "conf" / "duration_slt_arctic_demo.conf").write_text(DURATION.format(**values), encoding="utf-8")
    conf = top / "conf" / "acoustic_slt_arctic_demo.conf"
    conf.write_text(ACOUSTIC.format(**values), encoding="utf-8")
    return conf


def data_of(conf: Path) -> Path:
    return conf.parents[1] / "experiments" / "slt_arctic_demo" / "acoustic_model" / "data"


def test_the_configuration_of_slt_arctic(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    out = tmp_path / "voices" / "slt.yaml"
    said = tts(
        *("import", "merlin", conf, "--out", out, "--licence", "free", "--speaker", "slt"),
        *("--wav", tmp_path / "cmu_us_slt_arctic" / "wav", "--duration", conf.parent / "duration_slt_arctic_demo.conf"),
    )
    data = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert data["frames"] == {"sample_rate": 16000, "shift_ms": 5.0, "mcep_order": 59, "warping": 0.58}
    assert data["text"]["subphone"] == "full"
    assert (out.parent / data["text"]["questions"]).is_file()
    assert data["alignment"]["states"] == 5
    stage = data["systems"]["merlin"]["stages"][0]
    assert stage["trunk"] == {"layers": [512] * 4, "activation": "tanh"}
    assert stage["tasks"] == {"mcep": 1.0, "lf0": 0.01667, "vuv": 0.00556, "bap": 0.01667}
    assert data["duration"]["trunk"] == {"layers": [256, 256], "activation": "relu"}
    assert data["split"] == {
        "train": {"range": [IDS[0], IDS[11]]},
        "validation": {"range": [IDS[12], IDS[13]]},
        "test": {"range": [IDS[14], IDS[15]]},
    }
    recipe = load_recipe(out)
    assert recipe.frames.grid == FrameGrid(16000, 5.0, 0.58)
    assert recipe.generation.strength == 0.4
    for key, reason in (
        ("[Architecture] learning_rate: 0.002", "AdamW"),
        ("[Architecture] training_epochs: 25", "counted in steps"),
        ("[Labels] enforce_silence: False", "has no counterpart"),
        ("[Processes] normlab: True", "said by the verbs"),
        ("duration: [Architecture] optimizer: sgd", "AdamW"),
        (f"[Paths] in_mgc_dir: {data_of(conf) / 'mgc'}", "is not there: the recordings are analysed"),
    ):
        assert re.search(re.escape(key) + r"\n\s+.*" + reason, said), key
        assert key in out.read_text(encoding="utf-8")
    assert "sptk" not in said
    tts("import", "merlin", conf, "--out", out, "--licence", "x", "--speaker", "slt", "--wav", tmp_path, code=2)


@pytest.mark.slow
def test_the_folder_becomes_a_prepared_corpus(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    out, wav = tmp_path / "slt.yaml", tmp_path / "cmu_us_slt_arctic" / "wav"
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text(
        f"name: made\ncorpus: {{format: merlin, audio: {wav}, speaker: slt, licence: free}}\n"
        "split: {test: {count: 2}, validation: {count: 2}}\nframes: {sample_rate: 16000, warping: 0.58}\n"
        "alignment: {train_on: all}\ntasks: {}\nsystems: {s: {stages: [{tasks: {mcep: 1, lf0: 1, vuv: 1, bap: 1}}]}}\n",
        encoding="utf-8",
    )
    tts("prepare", fixture, "--corpus-root", data_of(conf), "--out", tmp_path / "made")
    tts("export", "merlin", tmp_path / "made", "--out", tmp_path / "merlin_data")
    for name in ("label_state_align", "mgc", "lf0", "bap"):
        shutil.copytree(tmp_path / "merlin_data" / name, data_of(conf) / name, dirs_exist_ok=True)
    tts("import", "merlin", conf, "--out", out, "--licence", "free", "--speaker", "slt", "--wav", wav)
    tts("prepare", out, "--out", tmp_path / "prepared")
    prepared, made = Prepared(tmp_path / "prepared"), Prepared(tmp_path / "made")
    assert prepared.packed("train").ids == IDS[:12]
    assert prepared.packed("train").vectors.shape[1] == 416
    ours = {k: v for split in ("train", "validation", "test") for k, v in durations(made, split).items()}
    for key, frames in durations(prepared, "test").items():
        np.testing.assert_array_equal(frames, ours[key])


def durations(prepared: Prepared, split: str) -> dict[str, np.ndarray]:
    packed = prepared.packed(split)
    return {key: packed.durations_of(number) for number, key in enumerate(packed.ids)}


def test_paths_of_another_machine_are_found_below_the_folder_that_is_named(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    text = conf.read_text(encoding="utf-8").replace(str(tmp_path), "/afs/inf.ed.ac.uk/group/cstr")
    conf.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"file_id_list is /afs.*name the data folder on this machine with --data"):
        import_merlin(MerlinProject(conf, "free", "slt", "slt"), tmp_path / "slt.yaml")
    said = tts(
        *("import", "merlin", conf, "--out", tmp_path / "slt.yaml", "--licence", "free", "--speaker", "slt"),
        *("--data", data_of(conf), "--wav", tmp_path / "cmu_us_slt_arctic" / "wav"),
    )
    assert "question_file_name" in said and "is not there: the product's own linguistic features are read" in said
    assert load_recipe(tmp_path / "slt.yaml").text.questions is None


def test_the_list_that_the_configuration_names_is_the_one_that_is_read(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    (data_of(conf) / "file_id_list_full.scp").write_text("".join(f"{key}\n" for key in reversed(IDS)), encoding="utf-8")
    out = tmp_path / "slt.yaml"
    tts(
        *("import", "merlin", conf, "--out", out, "--licence", "free", "--speaker", "slt"),
        *("--wav", tmp_path / "cmu_us_slt_arctic" / "wav"),
    )
    assert load_recipe(out).corpus.file == "file_id_list_demo.scp"
    assert file_list(data_of(conf), "file_id_list_demo.scp") == data_of(conf) / "file_id_list_demo.scp"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("vocoder_type: WORLD", "vocoder_type: STRAIGHT", "the vocoder is WORLD"),
        ("bap: 1\n", "bap: 25\n", "WORLD has 1 bands at 16000 Hz"),
        ("framelength: 1024", "framelength: 4096", "WORLD's FFT size at 16000 Hz is 1024"),
        ("fw_alpha: 0.58", "fw_alpha: Bark", "give frames.warping a number"),
        ("'TANH', 'TANH', 'TANH', 'TANH'", "'TANH', 'TANH', 'LSTM', 'LSTM'", "all layers are bidirectional LSTMs"),
        ("['*-sil+*']", "['*-#+*']", "neither learnt nor scored"),
        ("dmgc: 180", "dmgc: 60", "deltas and accelerations"),
        ("'bap']\ngen", "'bap', 'stepw']\ngen", "more are auxiliary tasks"),
        ("output_activation: linear", "output_activation: tanh", "outputs are linear"),
        ("[Streams]", "stream_weights : [1.0]\n[Streams]", "has no counterpart"),
    ],
)
def test_what_has_no_counterpart_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    conf = lay_out(tmp_path)
    text = conf.read_text(encoding="utf-8")
    assert old in text
    conf.write_text(text.replace(old, new), encoding="utf-8")
    assert expected in "\n".join(read_merlin_configuration(conf).left.values())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mgc: 60", "mgc: sixty", r"\[Outputs\] mgc is 'sixty', expected a whole number"),
        ("hidden_layer_size: [512,", "hidden_layer_size: [__import__('os').system('true'),", "expected a list"),
        ("hidden_layer_size: [512,", "hidden_layer_size: [", "lists of the same length"),
        ("subphone_feats: full", "subphone_feats: fullest", "there are full, coarse_coding"),
        ("train_file_number: 12", "", r"\[Data\] train_file_number is missing"),
        ("[Data]", "[Data", "not a configuration of Merlin"),
        ("%(TOPLEVEL)s/conf", "%(NOWHERE)s/conf", "not a configuration of Merlin"),
    ],
)
def test_values_that_cannot_be_are_named_and_never_executed(tmp_path: Path, old: str, new: str, expected: str) -> None:
    conf = lay_out(tmp_path)
    conf.write_text(conf.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(TtsError, match=expected):
        read_merlin_configuration(conf)


def test_one_kind_of_configuration_is_not_taken_for_the_other(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    with pytest.raises(UsageError, match="give the acoustic model's"):
        read_merlin_configuration(conf.parent / "duration_slt_arctic_demo.conf")
    with pytest.raises(UsageError, match="not the configuration of a duration model"):
        read_duration_configuration(conf)


def test_the_corpus_is_read_in_the_order_of_its_list(tmp_path: Path) -> None:
    conf = lay_out(tmp_path)
    root = data_of(conf)
    ids = [*reversed(IDS), IDS[0], "../outside", "missing_0001", "noisy"]
    (root / "file_id_list_demo.scp").write_text("".join(f"{key}\r\n" for key in ids), encoding="utf-8")
    wav = tmp_path / "cmu_us_slt_arctic" / "wav"
    shutil.copy(wav / f"{IDS[0]}.wav", wav / "noisy.wav")
    corpus, problems = read_merlin_corpus(root, CorpusSource(**{**vars(SOURCE), "audio": str(wav)}))
    assert [utterance.id for utterance in corpus] == list(reversed(IDS))
    assert {utterance.id: utterance.text for utterance in corpus} == TEXTS
    assert [(problem.id, problem.reason_code) for problem in problems] == [
        (IDS[0], "duplicate_id"),
        ("../outside", "unsafe_id"),
        ("missing_0001", "missing_audio"),
        ("noisy", "empty_text"),
    ]
    assert str(problems[0].place).endswith("file_id_list_demo.scp:17")


def test_a_folder_of_build_your_own_voice(tmp_path: Path) -> None:
    for name in ("wav", "txt"):
        (tmp_path / "database" / name).mkdir(parents=True)
    for key in IDS[:3]:
        soundfile.write(str(tmp_path / "database" / "wav" / f"{key}.wav"), recording(key), RATE)
        (tmp_path / "database" / "txt" / f"{key}.txt").write_text(f"{TEXTS[key]}\n", encoding="utf-8")
    corpus, problems = read_merlin_corpus(tmp_path / "database", SOURCE)
    assert [(utterance.id, utterance.text) for utterance in corpus] == [(key, TEXTS[key]) for key in sorted(IDS[:3])]
    assert not problems
    assert corpus.notes == ("no file_id_list.scp: all recordings, by name",)
    with pytest.raises(UsageError, match=r"no such folder of recordings"):
        read_merlin_corpus(tmp_path, SOURCE)


def test_several_lists_need_a_name(tmp_path: Path) -> None:
    for name in ("file_id_list_demo.scp", "file_id_list_mine.scp"):
        (tmp_path / name).write_text("a\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"name the one that is meant with corpus\.file"):
        file_list(tmp_path)
    (tmp_path / "file_id_list_full.scp").write_text("a\n", encoding="utf-8")
    assert file_list(tmp_path) == tmp_path / "file_id_list_full.scp"
