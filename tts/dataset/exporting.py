"""A prepared corpus as others read it: full-context labels, and the folder that Merlin trains on.

Merlin's folder has the layout of its ``egs/slt_arctic``: ``file_id_list.scp`` in the order train, validation, test;
``label_state_align/ID.lab`` and ``label_phone_align/ID.lab``; ``mgc/ID.mgc``, ``lf0/ID.lf0`` and ``bap/ID.bap``.
"""

from __future__ import annotations

from pathlib import Path

from tts.alignment.labelled import format_full_context
from tts.alignment.types import Alignment
from tts.analysis.merlin import write_merlin
from tts.analysis.world import Parameters
from tts.core.files import write_text
from tts.core.folders import require_own_folder
from tts.core.progress import Progress
from tts.dataset.prepared import SPLITS, Prepared
from tts.text.full_context import EndSilence

FILE_LIST = "file_id_list.scp"
MERLIN_HOLDS = (FILE_LIST, "label_state_align", "label_phone_align", "mgc", "lf0", "bap")


def export_labels(prepared: Prepared, out: Path, *, states: bool = True, end_silence: EndSilence = "sil") -> int:
    """Write a full-context label file ``ID.lab`` with times for every utterance into ``out``; return how many.

    A folder that holds anything but label files raises :class:`UsageError`, and so does a language that labels cannot have.
    """
    splits = {split: prepared.packed(split) for split in SPLITS}
    ids = [key for packed in splits.values() for key in packed.ids]
    require_own_folder(out, "tts export labels", may_hold=[f"{key}.lab" for key in ids])
    with Progress("labels", len(ids)) as progress:
        for packed in splits.values():
            for number, key in enumerate(packed.ids):
                sentence = prepared.sentences[key]
                alignment = Alignment(sentence.phones, packed.durations_of(number))
                text = format_full_context(sentence, alignment, prepared.grid, states=states, end_silence=end_silence)
                write_text(out / f"{key}.lab", text)
                progress.advance()
    return len(ids)


def export_merlin(prepared: Prepared, out: Path) -> dict[str, int]:
    """Write the folder that Merlin trains on; return how many utterances each split has.

    A folder that holds anything else raises :class:`UsageError`.
    """
    require_own_folder(out, "tts export merlin", may_hold=MERLIN_HOLDS)
    counts: dict[str, int] = {}
    ids: list[str] = []
    for name, states in (("label_state_align", True), ("label_phone_align", False)):
        export_labels(prepared, out / name, states=states)
    for split in SPLITS:
        packed = prepared.packed(split)
        with Progress(f"features of {split}", len(packed.ids)) as progress:
            for number, key in enumerate(packed.ids):
                streams = packed.utterance(number)
                write_merlin(out, key, Parameters(streams["mcep"], streams["lf0"], streams["vuv"], streams["bap"]))
                progress.advance()
        counts[split] = len(packed.ids)
        ids += packed.ids
    write_text(out / FILE_LIST, "".join(f"{key}\n" for key in ids))
    return counts
