"""What is known to be wrong in public corpora, by list: such an utterance is left out with the reason, and the rest is used.

Sources, by format. jvs: the lists of github.com/Hiroshiba/jvs_hiho (``audio.bash``) and github.com/ta1fukawa/vc-alpha
(``dataset.md``), which agree; the recordings that bear another's number are given back theirs in
:mod:`tts.corpora.readers.japanese`.
VCTK's are told by what is there: :mod:`tts.corpora.readers.vctk`.
LibriTTS's one broken recording is left out by lhotse's own reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tts.corpora.entries import Entry

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


def with_known_faults(format: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield ``entries``, those that the list of the format names with the fault that it states."""
    faults = KNOWN_FAULTS.get(format, {})
    for entry in entries:
        fault = faults.get((entry.speaker, entry.id))
        yield replace(entry, fault=fault) if fault is not None and entry.fault is None else entry
