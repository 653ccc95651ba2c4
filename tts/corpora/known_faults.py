"""What is known to be wrong in public corpora, by list: such an utterance is left out with the reason, and the rest is used.

Sources, by format. jvs: the lists of github.com/Hiroshiba/jvs_hiho (``audio.bash``) and github.com/ta1fukawa/vc-alpha
(``dataset.md``), which agree; the recordings that bear another's number are given back theirs in
:mod:`tts.corpora.readers.japanese`.
libritts: LibriTTS-R's authors publish lists of recordings that the restoration spoilt
(``libritts_r_failed_speech_restoration_examples.tar.gz`` of openslr.org/141, with ``PART_bad_sample_list.txt`` of lines
``./PART/SPK/CHAPTER/UTT.wav``, as line/promptttspp and other public scripts read them); they are read where
they were unpacked. LibriTTS's one broken recording is left out by lhotse's own reader.
vctk: told by what is there, :mod:`tts.corpora.readers.vctk`. cmu-arctic, ljspeech and jsut: no list of recordings that are not
of their text has been published; ``tts prepare`` finds them by how badly they fit. jsut-label's texts, which say what was
uttered, are read by :mod:`tts.corpora.readers.japanese`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tts.corpora.entries import Entry
from tts.corpora.lines import read_text

_MISREAD = "its recording is listed as faulty: what is said is not the text"
_JVS_MISREAD = {
    "jvs009": "086 095",
    "jvs017": "082",
    "jvs018": "072",
    "jvs022": "047",
    "jvs024": "088",
    "jvs036": "057",
    "jvs038": "006 041",
    "jvs043": "085",
    "jvs047": "085",
    "jvs048": "043 076",
    "jvs051": "025",
    "jvs055": "056 076 099",
    "jvs059": "061 064 066 074",
    "jvs060": "082",
    "jvs074": "062",
    "jvs098": "060 099",
}
_JVS = {
    (speaker, f"VOICEACTRESS100_{number}"): ("known_fault", f"{_MISREAD} (jvs_hiho's list)")
    for speaker, numbers in _JVS_MISREAD.items()
    for number in numbers.split()
} | {
    ("jvs058", "VOICEACTRESS100_014"): ("known_fault", "its recording holds two sentences (jvs_hiho's list)"),
}

KNOWN_FAULTS: Mapping[str, Mapping[tuple[str, str], tuple[str, str]]] = {"jvs": _JVS}
"""By format: reason code and message by speaker and id."""


SPOILT = "libritts_r_failed_speech_restoration_examples"
_SPOILT_LISTS = "*_bad_sample_list.txt"
_MOST_BYTES = 16 << 20


def with_known_faults(format: str, entries: Iterable[Entry], root: Path) -> Iterator[Entry]:
    """Yield ``entries``, those that a list of the format names with the fault that it states.

    The list is the product's own, or one that its authors publish and that lies in ``root``.
    """
    faults = KNOWN_FAULTS.get(format, {}) if format != "libritts" else _spoilt(root)
    for entry in entries:
        fault = faults.get((entry.speaker, entry.id))
        yield replace(entry, fault=fault) if fault is not None and entry.fault is None else entry


def _spoilt(root: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the faults that LibriTTS-R's lists in ``root`` state."""
    faults = {}
    for path in sorted({*root.glob(_SPOILT_LISTS), *(root / SPOILT).glob(_SPOILT_LISTS)}):
        for line in read_text(path, _MOST_BYTES).split("\n"):
            parts = PurePosixPath(line.strip()).parts
            if len(parts) >= 3 and parts[-1].endswith(".wav"):
                reason = "known_fault", f"its restoration failed by the authors' list ({path.name})"
                faults[parts[-3], PurePosixPath(parts[-1]).stem] = reason
    return faults
