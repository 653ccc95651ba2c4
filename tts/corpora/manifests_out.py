"""Writing a corpus as other toolkits read it: lhotse's manifests, Kaldi's data directories.

Sources: lhotse 1.33, ``Recording`` and ``SupervisionSegment`` (``to_dict``), and the names of files that its recipes write;
kaldi-asr.org/doc/data_prep.html: ids begin with the speaker's name, files are sorted in the C locale, each text is one line.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Literal

from tts.core.audio import audio_header
from tts.core.errors import TtsError
from tts.core.files import fingerprint, replacing, write_text
from tts.core.progress import tracked
from tts.corpora.lines import one_line
from tts.corpora.types import Utterance

Paths = Literal["absolute", "relative", "copy"]
"""How recordings are named: by absolute paths, by paths from the folder that is written, or as copies within it."""
AUDIO = "audio"


def write_lhotse(out: Path, name: str, splits: Mapping[str, Sequence[Utterance]], paths: Paths = "absolute") -> list[Path]:
    """Write ``NAME_recordings_SPLIT.jsonl.gz`` and ``NAME_supervisions_SPLIT.jsonl.gz`` into ``out``; return the files.

    A recording that several utterances are parts of is one recording. Raises :class:`TtsError` for one that cannot be read.
    """
    written = []
    for split, utterances in splits.items():
        recordings: dict[Path, dict[str, object]] = {}
        supervisions = []
        for utterance in tracked(utterances, f"recordings of {split}", len(utterances)):
            if utterance.audio not in recordings:
                id = _recording_id(utterance, {str(line["id"]) for line in recordings.values()} if _is_part(utterance) else ())
                recordings[utterance.audio] = _recording(id, utterance, out, paths)
            supervisions.append(_supervision(utterance, recordings[utterance.audio]))
        for kind, lines in (("recordings", list(recordings.values())), ("supervisions", supervisions)):
            written.append(out / f"{name}_{kind}_{split}.jsonl.gz")
            _write_lines(written[-1], lines)
    return written


def _is_part(utterance: Utterance) -> bool:
    return utterance.start > 0.0 or utterance.end is not None


def _recording_id(utterance: Utterance, used: Collection[str] = ()) -> str:
    """Return the name of an utterance's recording: the utterance's own, or the file's where it is a part of it."""
    if not _is_part(utterance):
        return utterance.id
    stem = "_".join(utterance.audio.stem.split())
    names = (stem if number == 1 else f"{stem}_{number}" for number in count(1))
    return next(name for name in names if name not in used)


def _recording(id: str, utterance: Utterance, out: Path, paths: Paths) -> dict[str, object]:
    header = audio_header(utterance.audio)
    channels = list(range(header.channels))
    return {
        "id": id,
        "sources": [{"type": "file", "channels": channels, "source": _named(utterance, out, paths)}],
        "sampling_rate": header.rate,
        "num_samples": header.frames,
        "duration": header.frames / header.rate,
        "channel_ids": channels,
    }


def _supervision(utterance: Utterance, recording: Mapping[str, object]) -> dict[str, object]:
    seconds = float(str(recording["duration"]))
    return {
        "id": utterance.id,
        "recording_id": recording["id"],
        "start": utterance.start,
        "duration": (seconds if utterance.end is None else min(utterance.end, seconds)) - utterance.start,
        "channel": 0,
        "text": one_line(utterance.text),
        "language": utterance.language,
        "speaker": utterance.speaker,
    }


def _write_lines(path: Path, lines: Sequence[Mapping[str, object]]) -> None:
    with replacing(path) as temporary, gzip.GzipFile(temporary, "wb", mtime=0) as stream:  # the same bytes every time
        for line in lines:
            stream.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


def write_kaldi(out: Path, splits: Mapping[str, Sequence[Utterance]], paths: Paths = "absolute") -> list[Path]:
    """Write a data directory ``SPLIT`` into ``out`` for every split; return the directories.

    Ids are ``SPEAKER-ID`` with the speaker's name once. Raises :class:`TtsError` for two that would be the same.
    """
    for split, utterances in splits.items():
        files: dict[str, dict[str, str]] = defaultdict(dict)
        of_speaker: dict[str, list[str]] = defaultdict(list)
        names: dict[Path, str] = {}  # of recordings that several utterances are parts of
        for utterance in utterances:
            speaker = "_".join(utterance.speaker.split())
            id = f"{speaker}-{utterance.id.removeprefix(f'{speaker}_')}"
            if _is_part(utterance) and utterance.audio not in names:
                names[utterance.audio] = (
                    f"{speaker}-{_recording_id(utterance, {name.removeprefix(f'{speaker}-') for name in names.values()})}"
                )
            recording = names[utterance.audio] if _is_part(utterance) else id
            if id in files["text"]:
                raise TtsError(f"{out / split}: two utterances would be called {id}")
            files["text"][id] = one_line(utterance.text)
            files["utt2spk"][id] = speaker
            files["reco2dur"][recording] = f"{audio_header(utterance.audio).seconds:.6f}"
            files["wav.scp"][recording] = _named(utterance, out / split, paths, out)
            of_speaker[speaker].append(id)
            if _is_part(utterance):
                end = -1 if utterance.end is None else utterance.end
                files["segments"][id] = f"{recording} {utterance.start:.6f} {end:.6f}"
        if files["segments"]:  # then every utterance needs one
            for id in files["text"].keys() - files["segments"].keys():
                files["segments"][id] = f"{id} 0 -1"
        files["spk2utt"] = {speaker: " ".join(sorted(ids, key=str.encode)) for speaker, ids in of_speaker.items()}
        for name, values in files.items():
            lines = (f"{key} {values[key]}\n" for key in sorted(values, key=str.encode))
            if values:
                write_text(out / split / name, "".join(lines))
    return [out / split for split in splits]


def _copy_name(utterance: Utterance) -> str:
    """Return the name of a recording's copy: of parts the digest of the path, since two files may have one name."""
    if not _is_part(utterance):
        return utterance.id
    return f"{_recording_id(utterance)}-{fingerprint(str(utterance.audio.resolve()))[:8]}"


def _named(utterance: Utterance, folder: Path, paths: Paths, out: Path | None = None) -> str:
    """Return what a recording is called in the files of ``folder``; with ``copy`` it is copied into ``out``."""
    audio = utterance.audio.parent.resolve() / utterance.audio.name  # a link within the corpus is named, not its aim
    if paths == "copy":
        target = (out or folder) / AUDIO / f"{_copy_name(utterance)}{audio.suffix}"
        if not target.exists():
            with replacing(target) as temporary:
                shutil.copyfile(audio, temporary)
        audio = target.resolve()
    name = str(audio) if paths == "absolute" else Path(os.path.relpath(audio, folder.resolve())).as_posix()
    if "\n" in name or name.endswith("|"):
        raise TtsError(f"{utterance.audio}: a path that ends with | or has a line end cannot be named in manifests; rename it")
    return name
