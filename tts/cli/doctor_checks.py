"""What ``tts doctor`` looks at: the machine, and the folder of a corpus, a preparation, a training or a voice."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tts.core.errors import TtsError
from tts.core.remote import Remote, is_address

if TYPE_CHECKING:
    from tts.recipe import Recipe

DISTRIBUTION = "stacked-tts"
LEAST_DISK, LEAST_MEMORY = 5e9, 2e9  # bytes: an hour of speech prepared with all tasks; a training beside the system
State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, what was seen, and the command that mends it where it is ``wrong``."""

    name: str
    state: State
    message: str
    mend: str = ""


def check_machine(folder: Path) -> Iterator[Check]:
    """Look at Python, packages, torch and its device, memory, the disk under ``folder``, and a sentence read and analysed."""
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    yield Check("Python", "wrong" if old else "ok", version, "install Python 3.11 or newer" if old else "")
    yield from _packages()
    for name, look in (("torch", _torch), ("torchaudio", _torchaudio), ("text", _text), ("analysis", _analysis)):
        yield _guarded(name, look)
    yield from _extras()
    yield from _room(folder)


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    """Return what ``look`` sees; whatever it raises is what is wrong."""
    try:
        return look()
    except TtsError as error:
        return Check(name, "wrong", str(error))
    except Exception as error:  # a broken installation breaks in every way
        return Check(name, "wrong", f"{type(error).__name__}: {error}", f"pip install --force-reinstall {name}")


def _requirements() -> dict[str, tuple[str, ...]]:
    """Return the names of the distributions that the package asks for, by extra; the default install under ``""``."""
    wanted: dict[str, list[str]] = {}
    for line in metadata.metadata(DISTRIBUTION).get_all("Requires-Dist") or []:
        name = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if name is not None and name[0] != DISTRIBUTION:
            wanted.setdefault(extra[1] if extra else "", []).append(name[0])
    return {extra: tuple(names) for extra, names in wanted.items()}


def _missing(names: tuple[str, ...]) -> list[str]:
    missing = []
    for name in names:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    return missing


def _packages() -> Iterator[Check]:
    try:
        names = _requirements().get("", ())
    except metadata.PackageNotFoundError:
        yield Check("packages", "note", f"{DISTRIBUTION} itself is not installed, so its requirements are not known")
        return
    missing = _missing(names)
    mend = f"pip install {' '.join(missing)}" if missing else ""
    yield Check(
        "packages", "wrong" if missing else "ok", f"missing: {', '.join(missing)}" if missing else f"{len(names)} there", mend
    )


def _extras() -> Iterator[Check]:
    """Name what is optional and not there; none of it is wrong."""
    try:
        extras = {name: names for name, names in _requirements().items() if name not in ("", "dev")}
    except metadata.PackageNotFoundError:
        return
    there = [name for name, names in extras.items() if not _missing(names)]
    absent = [name for name in extras if name not in there]
    if there:
        yield Check("extras", "ok", f"installed: {', '.join(there)}")
    if absent:
        yield Check("extras", "note", f"not installed: {', '.join(absent)}", f"pip install '{DISTRIBUTION}[{absent[0]}]'")


def _torch() -> Check:
    import torch

    from tts.core.device import available_memory, choose_device, multiplies_bfloat16
    from tts.core.memory import usable_cores

    device = choose_device("auto")
    free = available_memory(device) / 1e9
    precision = "float32, or bfloat16 where a training is faster in it" if multiplies_bfloat16(device) else "float32"
    words = f"{torch.__version__}; device {device}, {precision}, {free:.1f} GB free, {usable_cores()} cores"
    if torch.version.cuda and device.type == "cpu":
        return Check("torch", "note", f"{words}; a CUDA build, but no GPU answers", "nvidia-smi shows whether the driver does")
    return Check("torch", "ok", words)


def _torchaudio() -> Check:
    from tts.analysis.torchaudio_compat import import_torchaudio

    return Check("torchaudio", "ok", str(import_torchaudio().__version__))


def _text() -> Check:
    from tts.text.engine import make_engine

    sentence = make_engine("gruut", "en-us").sentence("Hello.")
    return Check("text", "ok", f'gruut reads "Hello." as {" ".join(sentence.phones)}')


def _analysis() -> Check:
    import numpy as np

    from tts.analysis.world import analyse
    from tts.core.grid import FrameGrid

    grid = FrameGrid(16_000)
    time = np.arange(8_000) / grid.sample_rate
    signal = sum(0.1 * np.sin(2.0 * np.pi * 120.0 * n * time) for n in range(1, 20))
    f0 = analyse(np.asarray(signal), grid, (70.0, 300.0)).f0
    median = float(np.median(f0[f0 > 0.0])) if (f0 > 0.0).any() else 0.0
    right = abs(median - 120.0) < 2.0
    return Check(
        "analysis",
        "ok" if right else "wrong",
        f"WORLD finds {median:.1f} Hz in a tone of 120 Hz",
        "" if right else "pip install --force-reinstall pyworld-prebuilt",
    )


def _room(folder: Path) -> Iterator[Check]:
    from tts.core.memory import available_bytes

    memory, disk = available_bytes(), shutil.disk_usage(folder).free
    state: State = "ok" if memory >= LEAST_MEMORY else "note"
    yield Check("memory", state, f"{memory / 1e9:.1f} GB free", "" if state == "ok" else "end other programs before training")
    state = "ok" if disk >= LEAST_DISK else "note"
    yield Check(
        "disk", state, f"{disk / 1e9:.1f} GB free under {folder}", "" if state == "ok" else "choose another folder by --out"
    )
    if not os.access(folder, os.W_OK):
        yield Check("folder", "wrong", f"{folder} may not be written", "work in another folder, or choose one by --out")


def check_folder(folder: Path) -> Iterator[Check]:
    """Look at a folder, a recipe's file or a voice's name for what it is: voice, training, preparation, recipe or corpus."""
    if (folder / "prepared.json").is_file():
        yield from _prepared(folder)
    elif (folder / "config.json").is_file():
        yield from _voice(folder)
    elif (folder / "training").is_dir():
        yield Check("voice", "wrong", f"{folder}: its training has not finished", "run the same tts train again: it goes on")
    elif folder.suffix in (".yaml", ".yml"):
        yield from _recipe(folder)
    elif folder.is_dir():
        yield _recordings(folder)
    elif named := _named(folder):
        yield from _voice(named)
    else:
        yield Check(
            "folder",
            "wrong",
            f"{folder}: there is nothing of that name",
            "tts doctor FOLDER names a folder, or a recipe's file",
        )


def _named(name: Path) -> Path | None:
    """Return the folder of the voice of that name, if there is one."""
    from tts.generation.voices import named_voices

    return next((voice.folder for voice in named_voices() if voice.name == name.as_posix()), None)


def _recordings(folder: Path) -> Check:
    """Look at a folder of recordings and texts as ``tts new`` does."""
    from tts.corpora.draft.recognise import recognise

    try:
        seen = recognise(folder).taken
    except TtsError as error:
        return Check("corpus", "wrong", str(error), "docs/corpora.md says in which layouts recordings and texts are read")
    state: State = "ok" if seen.with_recording == len(seen.entries) else "note" if seen.with_recording else "wrong"
    return Check("corpus", state, f"{seen.explained}: {seen.counted}", f"tts new {folder}")


def _prepared(folder: Path) -> Iterator[Check]:
    from tts.corpora.problems import left_out, read_problems
    from tts.dataset.prepared import SPLITS, Prepared
    from tts.dataset.report import PROBLEMS, REPORT

    again = "run the same tts prepare again"
    try:
        prepared = Prepared(folder)
        sizes = {split: len(prepared.packed(split).ids) for split in SPLITS}
    except TtsError as error:
        yield Check("prepared", "wrong", str(error), again)
        return
    counts = ", ".join(f"{split} {count}" for split, count in sizes.items())
    yield Check("prepared", "ok", f"{prepared.facts.corpus.name}: {counts} utterances, {len(prepared.streams)} streams")
    ids = [key for split in SPLITS for key in prepared.packed(split).ids if not is_address(prepared.facts.audio[key])]
    gone = [key for key in ids if not prepared.audio_path(key).is_file()]
    if gone:
        what = f"{len(gone)} recordings are not where they were: {prepared.audio_path(gone[0])}"
        yield Check("recordings", "note", what, "put them back to evaluate and compare; training and speaking do without")
    if (folder / PROBLEMS).is_file() and (lost := left_out(read_problems(folder / PROBLEMS))):
        state: State = "wrong" if len(lost) > sum(sizes.values()) else "note"
        yield Check("left out", state, f"{len(lost)} utterances were left out", f"see {folder / REPORT}")


def _voice(folder: Path) -> Iterator[Check]:
    from tts.generation.requests import Request
    from tts.generation.synthesiser import Synthesiser, SynthesisSettings
    from tts.generation.voice import load_voice

    try:
        voice = load_voice(folder, "cpu")
    except TtsError as error:
        yield Check("voice", "wrong", str(error), "copy the voice again, or run its tts train again")
        return
    yield Check("voice", "ok", f"{voice.label}, {voice.config.text.language}, licence {voice.config.corpus.licence}")
    try:
        with Synthesiser(voice, SynthesisSettings.of(voice.generation, workers=0)) as synthesiser:
            (spoken,) = synthesiser.speak([Request("doctor", "Hello.")])
    except TtsError as error:
        yield Check("speaking", "wrong", str(error), "tts languages shows what each engine needs")
        return
    yield Check("speaking", "ok", f"{len(spoken.signal) / voice.grid.sample_rate:.1f} s of speech")


def _beyond(root: Remote) -> Check:
    """Return whether a corpus in an object store can be seen; nothing is fetched."""
    try:
        files = root.listing()
    except TtsError as error:
        return Check("recordings", "wrong", str(error), "name the corpus with corpus.root, or with --corpus-root")
    size = sum(entry.size or 0 for entry in files.values())
    return Check("recordings", "ok", f"{root}: {len(files)} files, {size / 1e9:.2f} GB; tts prepare fetches them")


def _listed(recipe: Recipe, path: Path, root: Path) -> Check:
    """Read a recipe's corpus without opening its recordings."""
    from tts.corpora.problems import examples
    from tts.dataset.preparation import Preparation
    from tts.dataset.reading import list_corpus

    prepare = f"tts prepare {path}"
    if not root.is_dir():
        return Check("corpus", "wrong", f"{root}: there is no such folder", f"{prepare} --corpus-root FOLDER")
    run = Preparation(recipe, path.parent, Path(), None, "cpu")
    try:
        corpus = list_corpus(run, root)
    except TtsError as error:
        return Check("corpus", "wrong", str(error), f"{prepare} --corpus-root FOLDER, or tts new {root}")
    remarks = f"; {len(run.problems)} remarks, the first: {examples(run.problems, 2)}" if run.problems else ""
    return Check("corpus", "note" if run.problems else "ok", f"{root}: {len(corpus)} utterances are listed{remarks}", prepare)


def _recipe(path: Path) -> Iterator[Check]:
    from tts.recipe import corpus_root, load_recipe
    from tts.text.engine import make_engine

    try:
        recipe = load_recipe(path)
        root = corpus_root(recipe, path, None)
    except TtsError as error:
        yield Check("recipe", "wrong", str(error), "tts recipe docs explains every key")
        return
    yield Check("recipe", "ok", f"{recipe.name}: systems {', '.join(recipe.systems)}")
    yield _beyond(root) if isinstance(root, Remote) else _listed(recipe, path, root)
    try:
        make_engine(recipe.text.engine, recipe.corpus.language)
    except TtsError as error:
        yield Check("language", "wrong", str(error), "tts languages shows what each engine needs")
    else:
        yield Check("language", "ok", f"{recipe.corpus.language}, by {recipe.text.engine}")
