"""The recorded sentences laid out on disk in every layout that the product reads, each written as its own tools write it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import soundfile


@dataclass(frozen=True)
class Source:
    """Recordings by id with their texts, by one speaker."""

    audio: Mapping[str, Path]
    texts: Mapping[str, str]
    speaker: str = "anna"


def place(source: Source, folder: Path) -> dict[str, str]:
    """Link the recordings into ``folder`` (copy them where links are refused); return their names there by id."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for key, path in source.audio.items():
        names[key] = f"{key}{path.suffix}"
        try:
            (folder / names[key]).symlink_to(path.resolve())
        except OSError:
            shutil.copyfile(path, folder / names[key])
    return names


def write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def ljspeech(source: Source, root: Path) -> None:
    place(source, root / "wavs")
    write_lines(root / "metadata.csv", [f"{key}|{text}" for key, text in source.texts.items()])


def bars_with_speaker(source: Source, root: Path) -> None:
    names = place(source, root / "wavs")
    lines = [f"wavs/{names[key]}|{source.speaker}|{text}" for key, text in source.texts.items()]
    write_lines(root / "train.txt", lines)


def tabs_with_header(source: Source, root: Path) -> None:
    names = place(source, root / "clips")
    rows = [f"{key}\t{source.speaker}\tx\tclips/{names[key]}\t{text}" for key, text in source.texts.items()]
    write_lines(root / "recordings.tsv", ["id\tspeaker\tremarks\tpath\tsentence", *rows])


def spreadsheet(source: Source, root: Path) -> None:
    """As a German spreadsheet saves it: a mark at the beginning, semicolons, Windows line ends."""
    names = place(source, root / "audio")
    lines = ["File;Text", *(f'{names[key]};"{text}"' for key, text in source.texts.items())]
    (root / "list.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("utf-8-sig"))


def nemo(source: Source, root: Path) -> None:
    names = place(source, root / "audio")
    lines = []
    for key, text in source.texts.items():
        seconds = soundfile.info(str(source.audio[key])).duration
        line = {"audio_filepath": f"audio/{names[key]}", "duration": seconds, "offset": 0, "text": text, "speaker": 0}
        lines.append(json.dumps(line, ensure_ascii=False))
    write_lines(root / "train_manifest.json", lines)


def piper_dataset(source: Source, root: Path) -> None:
    names = place(source, root / "wav")
    lines = [
        json.dumps(
            {"text": text, "audio_path": str(root.absolute() / "wav" / names[key]), "speaker": None, "phoneme_ids": [1, 2]}
        )
        for key, text in source.texts.items()
    ]
    write_lines(root / "dataset.jsonl", lines)


def text_beside(source: Source, root: Path) -> None:
    place(source, root)
    for key, text in source.texts.items():
        (root / f"{key}.txt").write_text(f"{text}\n", encoding="utf-8")


def text_tree(source: Source, root: Path) -> None:
    """VCTK's older form: the texts of a speaker in ``txt/SPEAKER``, the recordings in ``wav48/SPEAKER``."""
    place(source, root / "wav48" / source.speaker)
    for key, text in source.texts.items():
        write_lines(root / "txt" / source.speaker / f"{key}.txt", [text])


def aligner_corpus(source: Source, root: Path) -> None:
    """The Montreal Forced Aligner's: a folder a speaker, ``.lab`` beside each recording."""
    place(source, root / source.speaker)
    for key, text in source.texts.items():
        write_lines(root / source.speaker / f"{key}.lab", [text])


def kaldi(source: Source, root: Path) -> None:
    """Sorted by id, which begins with the speaker's name; absolute paths, as Kaldi's own scripts write them."""
    names = place(source, root / "wav")
    ids = sorted(source.texts)
    write_lines(root / "wav.scp", [f"{source.speaker}-{key} {root.absolute() / 'wav' / names[key]}" for key in ids])
    write_lines(root / "text", [f"{source.speaker}-{key} {source.texts[key]}" for key in ids])
    write_lines(root / "utt2spk", [f"{source.speaker}-{key} {source.speaker}" for key in ids])
    write_lines(root / "spk2utt", [" ".join([source.speaker, *(f"{source.speaker}-{key}" for key in ids)])])


def lhotse(source: Source, root: Path) -> None:
    """Written by lhotse itself."""
    from lhotse import Recording, RecordingSet, SupervisionSegment, SupervisionSet

    names = place(source, root / "audio")
    recordings = [Recording.from_file(root.absolute() / "audio" / names[key], recording_id=key) for key in source.texts]
    supervisions = [
        SupervisionSegment(r.id, r.id, 0.0, r.duration, text=source.texts[r.id], speaker=source.speaker, language="English")
        for r in recordings
    ]
    (root / "manifests").mkdir()
    RecordingSet.from_recordings(recordings).to_file(root / "manifests" / "mine_recordings_all.jsonl.gz")
    SupervisionSet.from_segments(supervisions).to_file(root / "manifests" / "mine_supervisions_all.jsonl.gz")


def lhotse_cuts(source: Source, root: Path) -> None:
    from lhotse import CutSet, load_manifest

    lhotse(source, root)
    pair = [root / "manifests" / f"mine_{kind}_all.jsonl.gz" for kind in ("recordings", "supervisions")]
    recordings, supervisions = (load_manifest(path) for path in pair)
    CutSet.from_manifests(recordings=recordings, supervisions=supervisions).to_file(root / "cuts.jsonl.gz")
    for path in pair:
        path.unlink()


def festival(source: Source, root: Path) -> None:
    place(source, root / "wav")
    escaped = {key: text.replace("\\", "\\\\").replace('"', '\\"') for key, text in source.texts.items()}
    write_lines(root / "etc" / "txt.done.data", [f'( {key} "{text}" )' for key, text in escaped.items()])


@dataclass(frozen=True)
class Written:
    """A layout: who writes it, and the format that reads it."""

    write: Callable[[Source, Path], None]
    format: str


WRITTEN = {
    "ljspeech": Written(ljspeech, "ljspeech"),
    "bars with speakers": Written(bars_with_speaker, "table"),
    "tabs with header": Written(tabs_with_header, "table"),
    "spreadsheet": Written(spreadsheet, "table"),
    "NeMo": Written(nemo, "json-lines"),
    "Piper's dataset": Written(piper_dataset, "json-lines"),
    "text beside": Written(text_beside, "text-files"),
    "trees of speakers": Written(text_tree, "text-files"),
    "aligner's corpus": Written(aligner_corpus, "text-files"),
    "Kaldi": Written(kaldi, "kaldi"),
    "lhotse": Written(lhotse, "lhotse"),
    "lhotse's cuts": Written(lhotse_cuts, "lhotse"),
    "Festival": Written(festival, "festival"),
}


def read_gzip(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()
