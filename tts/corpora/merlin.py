"""A corpus as Merlin's recipes lay it out: ``file_id_list.scp`` names the utterances in order, recordings lie in ``wav/``.

Texts are ``txt/ID.txt``, beside the list or beside the recordings' folder, or Festival's prompts there (``txt.done.data``,
also in ``etc/``). Source: ``egs/slt_arctic/s1`` (``file_id_list_full.scp`` in ``experiments/NAME/acoustic_model/data``, the
recordings of ``cmu_us_slt_arctic`` elsewhere) and ``egs/build_your_own_voice/s1`` (``database/{wav,txt}``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tts.core.errors import UsageError
from tts.core.names import name_fault
from tts.corpora.entries import Entry, check_root, collect
from tts.corpora.festival import find_prompts, read_prompts
from tts.corpora.lines import numbered_lines, one_line, read_text
from tts.corpora.problems import Problem
from tts.corpora.recordings import Recordings
from tts.corpora.types import Corpus, CorpusSource

AUDIO_FOLDERS: Final = ("wav", "wavs")
LISTS: Final = ("file_id_list.scp", "file_id_list_full.scp")  # the first that is there; else the only one
_MISSING: Final = ("missing_audio", "there is no recording of that name")
_MOST_TEXT: Final = 64 << 10  # bytes


def read_merlin_corpus(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    """Read the utterances that the list in ``root`` names, in its order; without a list, all recordings by name.

    Raises :class:`UsageError` for a missing folder, list or recordings, and as :func:`tts.corpora.entries.collect`.
    """
    check_root(root)
    recordings = _recordings(root, source.audio)
    path = file_list(root, source.file)
    ids = read_file_list(path) if path else list(enumerate(sorted(recordings.ids), 1))
    texts = _Texts(root, recordings.folder)
    entries = []
    for number, key in ids:
        audio = None if name_fault(key) else recordings.find(key)
        text, fault = texts.of(key) if audio is not None else ("", None if name_fault(key) else _MISSING)
        entries.append(Entry(id=key, text=text, audio=audio or key, place=f"{path or root}:{number}", fault=fault))
    note = f"utterances in the order of {path.name}" if path else "no file_id_list.scp: all recordings, by name"
    return collect(root, source, entries, [note])


def file_list(root: Path, file: str | None = None) -> Path | None:
    """Return the list of utterances: ``file`` within ``root``, or the usual one; None where there is none.

    A ``file`` that is not there, and several lists of which none has a usual name, raise :class:`UsageError`.
    """
    if file is not None:
        if not (root / file).is_file():
            raise UsageError(f"{root / file}: there is no such list (corpus.file)")
        return root / file
    there = sorted(root.glob("file_id_list*.scp"))
    for name in LISTS:
        if root / name in there:
            return root / name
    if len(there) > 1:
        raise UsageError(f"{root}: has {', '.join(path.name for path in there)}; name the one that is meant with corpus.file")
    return there[0] if there else None


def read_file_list(path: Path) -> list[tuple[int, str]]:
    """Return line numbers and ids of a list, empty lines left out."""
    return [(number, line.strip()) for number, line in numbered_lines(path) if line.strip()]


def _recordings(root: Path, audio: str | None) -> Recordings:
    folders = [root / audio] if audio is not None else [root / name for name in AUDIO_FOLDERS]
    for folder in folders:
        if folder.is_dir():
            return Recordings(folder)
    raise UsageError(f"{folders[0]}: there is no such folder of recordings; name it with corpus.audio")


class _Texts:
    """The texts of utterances, in files of their own or in one of Festival's."""

    def __init__(self, root: Path, audio: Path) -> None:
        places = list(dict.fromkeys((root, audio, audio.parent)))
        self.folders = [place / name for place in places for name in ("txt", "text")]
        prompts = next((path for place in places if (path := find_prompts(place))), None)
        self.prompts = {id: text for _, id, text, fault in read_prompts(prompts) if not fault} if prompts else {}

    def of(self, key: str) -> tuple[str, tuple[str, str] | None]:
        """Return an utterance's text, and reason code and message where there is none."""
        for folder in self.folders:
            path = folder / f"{key}.txt"
            if path.is_file() and path.stat().st_size > _MOST_TEXT:
                return "", ("long_text", f"{path} has more than {_MOST_TEXT} bytes: a chapter, not an utterance")
            if path.is_file():
                return one_line(read_text(path)), None
        if key in self.prompts:
            return self.prompts[key], None
        return "", ("empty_text", "has neither txt/ID.txt nor a line of txt.done.data")
