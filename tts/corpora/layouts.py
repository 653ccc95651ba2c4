"""The layouts in which corpora lie on disk: one reader each, found by the name that a recipe's ``corpus.format`` gives.

A new layout is a file with one reading function, a line here, and its name in :data:`tts.recipe.corpus.CorpusFormat`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tts.corpora.festival import read_festival
from tts.corpora.json_lines import scan_json_lines
from tts.corpora.kaldi import scan_kaldi
from tts.corpora.lhotse_manifests import scan_lhotse
from tts.corpora.ljspeech import read_ljspeech
from tts.corpora.merlin import read_merlin_corpus
from tts.corpora.problems import Problem
from tts.corpora.readers import books, common_voice, festvox, japanese, lhotse_recipes, mls, openslr, vctk
from tts.corpora.readers.rhasspy import read_rhasspy
from tts.corpora.scan import ScannedCorpus, Scanner
from tts.corpora.table import scan_table
from tts.corpora.text_files import read_text_files
from tts.corpora.types import Corpus, CorpusSource

Reader = Callable[[Path, CorpusSource], tuple[Corpus, list[Problem]]]


@dataclass(frozen=True)
class Layout:
    """A way in which a corpus lies on disk.

    ``read`` takes the corpus's folder and what is known of it, and returns the utterances of ``CorpusSource.speaker`` with
    what was left out or looks odd. Where the layout ``tells_speakers`` apart, several of them share the folder, unless the
    recipe gives one a folder; otherwise each has a folder of its own, and all that is read is the speaker's. Layouts whose
    files say who speaks have a ``scanner`` instead, which looks through the corpus once.
    """

    read: Reader | None = None
    tells_speakers: bool = False
    scanner: Scanner | None = None


def open_layout(format: str) -> Reader:
    """Return a reader of the layout ``format``, for one run: where the layout can be scanned, a :class:`ScannedCorpus`."""
    layout = LAYOUTS[format]
    if layout.scanner is not None:
        return ScannedCorpus(format, layout.scanner)
    assert layout.read is not None
    return layout.read


def _read_speaker_column(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    return read_ljspeech(root, replace(source, speaker_column=True))


def _read_hibari_demo(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    from tts.corpora.hibari_demo import make_hibari_corpus  # an optional extra, imported when asked for

    make_hibari_corpus(root)
    return read_ljspeech(root, source)


def _read_espeak_demo(root: Path, source: CorpusSource) -> tuple[Corpus, list[Problem]]:
    from tts.corpora.espeak_demo import make_demo_corpus

    make_demo_corpus(root)
    return read_ljspeech(root, source)


_PUBLIC: dict[str, Scanner] = {
    "cmu-arctic": festvox.scan_cmu_arctic,
    "cmu-indic": festvox.scan_cmu_indic,
    "vctk": vctk.scan_vctk,
    "common-voice": common_voice.scan_common_voice,
    "mls": mls.scan_mls,
    "m-ailabs": books.scan_m_ailabs,
    "hui": books.scan_hui,
    "css10": books.scan_css10,
    "openslr-crowdsourced": openslr.scan_openslr,
    "jsut": japanese.scan_jsut,
    "jvs": japanese.scan_jvs,
    "hifi-captain": japanese.scan_hifi_captain,
    **{name: lhotse_recipes.scanner(name) for name in lhotse_recipes.RECIPES},
}
LAYOUTS: dict[str, Layout] = {
    "merlin": Layout(read_merlin_corpus),
    "ljspeech": Layout(read_ljspeech),
    "ljspeech-speakers": Layout(_read_speaker_column, tells_speakers=True),
    "table": Layout(scanner=scan_table, tells_speakers=True),
    "json-lines": Layout(scanner=scan_json_lines, tells_speakers=True),
    "text-files": Layout(read_text_files, tells_speakers=True),
    "kaldi": Layout(scanner=scan_kaldi, tells_speakers=True),
    "lhotse": Layout(scanner=scan_lhotse, tells_speakers=True),
    "festival": Layout(read_festival),
    "rhasspy": Layout(read_rhasspy),
    "hibari-demo": Layout(_read_hibari_demo),
    "espeak-demo": Layout(_read_espeak_demo),
    **{name: Layout(scanner=scanner, tells_speakers=True) for name, scanner in _PUBLIC.items()},
}
