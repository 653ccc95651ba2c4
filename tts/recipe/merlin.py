"""A configuration of Merlin translated into a recipe as far as it goes, with all that it does not go for named.

Keys and defaults are those of Merlin's ``src/configuration/configuration.py``; values are read, never executed.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from tts.core.errors import TtsError, UsageError
from tts.core.grid import FrameGrid
from tts.recipe.parts import SubphoneKind

_HIDDEN: Final = {"TANH": "tanh", "RELU": "relu"}
_RECURRENT: Final = ("LSTM", "BLSTM", "SLSTM", "GRU", "SGRU", "BSLSTM", "RNN", "LSTM_NFG", "LSTM_NOG", "LSTM_NIG", "LSTM_NPH")
_RUN: Final = {"paths": ("work", "data", "plot", "log_path", "log_config_file", "log_file", "sptk", "straight", "world")}
_RUN_REASON: Final = "where Merlin keeps its tools, logs and results"


@dataclass(frozen=True)
class MerlinData:
    """Where a configuration's data lie: the list of utterances, labels, questions, and the folder with mgc, lf0 and bap."""

    file_list: Path
    labels: Path
    questions: Path
    features: Path | None


@dataclass
class Translation:
    """A recipe as plain data, without name, corpus and split, and by Merlin's key what was not translated and why."""

    recipe: dict[str, Any]
    data: MerlinData
    counts: tuple[int, int, int]  # utterances of train, validation and test
    left: dict[str, str] = field(default_factory=dict)


def read_merlin_configuration(path: Path, data: Path | None = None) -> Translation:
    """Translate the configuration of an acoustic model in ``path``.

    ``data`` stands for its data folder where that is not on this machine. Raises :class:`UsageError` for a missing file and
    for a duration model's configuration, :class:`TtsError` naming section and key for values that cannot be.
    """
    reader = _Reader(path, _parsed(path))
    if not reader.has("Outputs", "mgc") and reader.has("Outputs", "dur"):
        raise UsageError(
            f"{path}: the configuration of a duration model; give the acoustic model's, and this one as --duration"
        )
    grid, frames = _frames(reader)
    text, alignment = _labels(reader)
    found = _data(reader, data)
    recipe: dict[str, Any] = {"text": text, "frames": frames, "alignment": alignment}
    recipe["training"], stage = _network(reader)
    stage["tasks"] = _tasks(frames["mcep_order"] + 1, grid.bands)
    recipe["systems"] = {"merlin": {"description": "one network, as Merlin's configuration has it", "stages": [stage]}}
    recipe["generation"] = _generation(reader)
    counts = tuple(reader.whole("Data", f"{name}_file_number") for name in ("train", "valid", "test"))
    reader.name_the_rest()
    return Translation(recipe, found, (counts[0], counts[1], counts[2]), reader.left)


def read_duration_configuration(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a recipe's ``duration`` part from a duration model's configuration, and what was not translated."""
    reader = _Reader(path, _parsed(path))
    if not reader.has("Outputs", "dur"):
        raise UsageError(f"{path}: not the configuration of a duration model (Outputs: dur)")
    training, stage = _network(reader)
    for section, key in (("Outputs", "dur"), ("Labels", "subphone_feats"), ("Labels", "add_frame_features")):
        reader.use(section, key)
    for section in ("Paths", "Labels", "Data", "Waveform"):  # what both configurations say, the acoustic model's counts
        reader.use_all(section)
    reader.name_the_rest()
    left = {f"duration: {key}": reason for key, reason in reader.left.items()}
    return {"trunk": stage["trunk"], "tasks": {"duration": 1}, "training": training}, left


@dataclass
class _Reader:
    """A parsed configuration; what was read is remembered, so that all else can be named."""

    path: Path
    values: Mapping[str, Mapping[str, str]]
    left: dict[str, str] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    def has(self, section: str, key: str) -> bool:
        return key.lower() in self.values.get(section, {})

    def use(self, section: str, key: str, default: str | None = None) -> str:
        """Return a value as text; :class:`TtsError` where there is neither it nor a default."""
        self.used.add((section, key.lower()))
        value = self.values.get(section, {}).get(key.lower(), default)
        if value is None:
            raise TtsError(f"{self.path}: [{section}] {key} is missing")
        return value

    def use_all(self, section: str) -> None:
        self.used |= {(section, key) for key in self.values.get(section, {})}

    def whole(self, section: str, key: str, default: str | None = None) -> int:
        text = self.use(section, key, default)
        if not re.fullmatch(r"\d{1,9}", text):
            raise TtsError(f"{self.path}: [{section}] {key} is {text[:40]!r}, expected a whole number")
        return int(text)

    def number(self, section: str, key: str, default: str | None = None) -> float:
        text = self.use(section, key, default)
        try:
            return float(text)
        except ValueError:
            raise TtsError(f"{self.path}: [{section}] {key} is {text[:40]!r}, expected a number") from None

    def true(self, section: str, key: str, default: str) -> bool:
        return self.use(section, key, default).strip().lower() in ("true", "1", "yes")

    def listed(self, section: str, key: str, default: str) -> list[Any]:
        """Return a list written as in Python."""
        text = self.use(section, key, default)
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = None
        if not isinstance(value, list):
            raise TtsError(f"{self.path}: [{section}] {key} is {text[:40]!r}, expected a list")
        return value

    def leave(self, section: str, key: str, reason: str) -> None:
        """Note that a key was not translated."""
        self.left[f"[{section}] {key}: {self.use(section, key, '')[:60]}"] = reason

    def name_the_rest(self) -> None:
        """Note every key that nothing has read."""
        for section, keys in self.values.items():
            for key in keys:
                if (section, key) in self.used or key in _RUN.get(section.lower(), ()):
                    continue
                reason = "which steps are run is said by the verbs" if section == "Processes" else "has no counterpart"
                self.left[f"[{section}] {key}: {keys[key][:60]}"] = reason


def _parsed(path: Path) -> dict[str, dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such configuration") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable as UTF-8 text ({error})") from None
    parser = configparser.ConfigParser(strict=False, inline_comment_prefixes=(";",))
    try:
        parser.read_string(text, str(path))
        defaults = {*parser.defaults()}
        return {name: {k: v for k, v in parser.items(name) if k not in defaults} for name in parser.sections()}
    except configparser.Error as error:
        raise TtsError(f"{path}: not a configuration of Merlin ({' '.join(str(error).split())[:200]})") from None


def _frames(reader: _Reader) -> tuple[FrameGrid, dict[str, Any]]:
    """Return the frame grid and the recipe's part on it; what the grid has otherwise than the configuration is noted."""
    rate, order = reader.whole("Waveform", "samplerate", "48000"), reader.whole("Outputs", "mgc", "60") - 1
    shift = reader.number("Waveform", "frameshift", "5")
    alpha = reader.use("Waveform", "fw_alpha", "0.77")
    warping = float(alpha) if re.fullmatch(r"0?\.\d+", alpha) else None
    if warping is None:
        reader.leave(
            "Waveform", "fw_alpha", "the product's own warping for the sample rate is taken; give frames.warping a number"
        )
    grid = FrameGrid(rate, shift, warping)
    if reader.use("Waveform", "vocoder_type", "STRAIGHT").upper() != "WORLD":
        reader.leave("Waveform", "vocoder_type", "the vocoder is WORLD; recordings are analysed anew")
    if reader.whole("Waveform", "framelength", str(grid.fft_size)) != grid.fft_size:
        reader.leave("Waveform", "framelength", f"WORLD's FFT size at {rate} Hz is {grid.fft_size}")
    if reader.whole("Outputs", "bap", "25") != grid.bands:
        reader.leave("Outputs", "bap", f"WORLD has {grid.bands} bands at {rate} Hz")
    for name, static in (("dmgc", order + 1), ("dlf0", 1), ("dbap", reader.whole("Outputs", "bap", "25"))):
        if reader.whole("Outputs", name, str(3 * static)) != 3 * static:
            reader.leave("Outputs", name, "every stream but vuv is learnt with deltas and accelerations")
    reader.use("Outputs", "lf0", "1")
    features = reader.listed("Streams", "output_features", "['mgc', 'lf0', 'vuv', 'bap']")
    if set(features) != {"mgc", "lf0", "vuv", "bap"}:
        reader.leave(
            "Streams", "output_features", "a voice learns mcep, lf0, vuv and bap; more are auxiliary tasks (docs/tasks.md)"
        )
    reader.use("Streams", "gen_wav_features", "")
    reader.use("Waveform", "minimum_phase_order", "")
    part: dict[str, Any] = {"sample_rate": rate, "shift_ms": shift, "mcep_order": order}
    return grid, {**part, "warping": warping} if warping is not None else part


def _labels(reader: _Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    kind = reader.use("Labels", "label_type", "state_align")
    subphone = reader.use("Labels", "subphone_feats", "full")
    if not reader.true("Labels", "add_frame_features", "True"):
        subphone = "none"
    if subphone not in get_args(SubphoneKind):
        raise TtsError(
            f"{reader.path}: [Labels] subphone_feats is {subphone[:40]!r}; there are {', '.join(get_args(SubphoneKind))}"
        )
    if kind not in ("state_align", "phone_align"):
        raise TtsError(f"{reader.path}: [Labels] label_type is {kind[:40]!r}, expected state_align or phone_align")
    if reader.use("Labels", "label_style", "HTS") != "HTS":
        raise UsageError(f"{reader.path}: [Labels] label_style: only HTS labels can be read")
    patterns = reader.listed("Labels", "silence_pattern", "['*-#+*']")
    if patterns != ["*-sil+*"]:
        reader.leave("Labels", "silence_pattern", "what is neither learnt nor scored is the silence before and after speech")
    text = {"source": "labels", "subphone": subphone}
    return text, {"states": 5 if kind == "state_align" else 1, "phone_names": "arpabet"}


def _data(reader: _Reader, data: Path | None) -> MerlinData:
    """Return where the data are: as the configuration says, or, below ``data``, by the names that it gives them."""

    def place(section: str, key: str, default: str) -> Path:
        path = Path(reader.use(section, key, default))
        return path if data is None else data / path.name

    kind = reader.use("Labels", "label_type", "state_align")
    mgc, lf0, bap = (place("Paths", f"in_{name}_dir", f"data/{name}") for name in ("mgc", "lf0", "bap"))
    together = mgc.parent == lf0.parent == bap.parent and [p.name for p in (mgc, lf0, bap)] == ["mgc", "lf0", "bap"]
    if not together:
        reader.leave("Paths", "in_mgc_dir", "mgc, lf0 and bap must lie in folders of these names in one folder; analysed anew")
    return MerlinData(
        place("Paths", "file_id_list", "data/file_id_list.scp"),
        place("Labels", "label_align", f"data/label_{kind}"),
        place("Labels", "question_file_name", "data/questions.hed"),
        mgc.parent if together else None,
    )


def _network(reader: _Reader) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the training settings and the network's trunk."""
    sizes = reader.listed("Architecture", "hidden_layer_size", "[1024, 1024, 1024, 1024, 1024, 1024]")
    kinds = [str(kind).upper() for kind in reader.listed("Architecture", "hidden_layer_type", str(["TANH"] * len(sizes)))]
    if not sizes or not all(isinstance(size, int) and size > 0 for size in sizes) or len(kinds) != len(sizes):
        raise TtsError(
            f"{reader.path}: [Architecture] hidden_layer_size and hidden_layer_type must be lists of the same length"
        )
    trunk: dict[str, Any] = {"layers": sizes}
    if set(kinds) <= {*_HIDDEN} and len(set(kinds)) == 1:
        trunk["activation"] = _HIDDEN[kinds[0]]
    else:
        recurrent = any(kind in _RECURRENT for kind in kinds)
        trunk["kind" if recurrent else "activation"] = "lstm" if recurrent else "tanh"
        same = set(kinds) == {"BLSTM"}
        if not same:
            reason = "all layers are bidirectional LSTMs" if recurrent else "all layers have the activation tanh"
            reader.leave("Architecture", "hidden_layer_type", f"{reason}; a trunk has layers of one kind")
    if dropout := reader.number("Architecture", "dropout_rate", "0.0"):
        trunk["dropout"] = dropout
    training: dict[str, Any] = {"batch": reader.whole("Architecture", "batch_size", "16")}
    training |= {"weight_decay": 0, "average": 0}
    if reader.true("Architecture", "sequential_training", "False") and "kind" not in trunk:
        training["utterances"] = True
    if reader.use("Architecture", "output_activation", "linear") != "linear":
        reader.leave("Architecture", "output_activation", "outputs are linear")
    rate = "the optimiser is AdamW at the product's own rate, warm-up and decay, not stochastic gradient descent"
    for key in ("learning_rate", "optimizer", "lr_decay", "warmup_epoch", "warmup_momentum", "momentum", "l2_regularization"):
        if reader.has("Architecture", key):
            reader.leave("Architecture", key, rate)
    if reader.has("Architecture", "training_epochs"):
        reader.leave("Architecture", "training_epochs", "training is counted in steps: an epoch is frames / batch of them")
    if reader.has("Data", "buffer_size"):
        reader.leave("Data", "buffer_size", "frames are shuffled over the whole corpus")
    return training, {"trunk": trunk}


def _tasks(cepstra: int, bands: int) -> dict[str, float]:
    """Return the weights with which every output weighs the same, as in Merlin: a stream weighs as many as it has outputs."""
    widths = {"mcep": 3 * cepstra, "lf0": 3, "vuv": 1, "bap": 3 * bands}
    return {name: round(width / widths["mcep"], 5) for name, width in widths.items()}


def _generation(reader: _Reader) -> dict[str, Any]:
    if reader.true("Waveform", "apply_GV", "False"):
        reader.leave("Waveform", "apply_GV", "generation.post_filter: variance is what comes nearest")
    if not reader.true("Waveform", "do_post_filtering", "True"):
        reader.use("Waveform", "postfilter_coef", "1.4")
        return {"post_filter": "none"}
    strength = reader.number("Waveform", "postfilter_coef", "1.4") - 1.0
    if not 0.0 <= strength <= 1.0:
        raise TtsError(f"{reader.path}: [Waveform] postfilter_coef is {strength + 1.0:g}, expected 1..2")
    return {"post_filter": "cepstral", "strength": round(strength, 6)}
