"""Every corpus in the archives in which it is published, fetched from a server on this machine, is what its reader reads."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Site, file, loopback
from public_layouts import LAYOUTS, Made
from test_public_layouts import read, whole

from tts.corpora.public.catalogue import CATALOGUE
from tts.corpora.public.fetch import DOWNLOADS, fetch, plan

# By archive: which files of the layout are in it (those whose path begins so), and what their path begins with in it.
PUBLISHED: dict[str, dict[str, tuple[str, str]]] = {
    "aishell3": {"data_aishell3.tgz": ("", "")},
    "baker": {"BZNSYP.tar.bz2": ("", "BZNSYP/")},
    "cmu_arctic": {
        f"cmu_us_{name}_arctic.tar.bz2": (f"cmu_us_{name}_arctic/", f"cmu_us_{name}_arctic/") for name in ("bdl", "slt")
    },
    "cmu_indic": {f"cmu_indic_{name}.tar.bz2": (f"cmu_indic_{name}/", f"cmu_indic_{name}/") for name in ("hin_ab", "tel_ss")},
    "common_voice": {"cv-corpus-17.0-2024-03-15-de.tar.gz": ("de/", "cv-corpus-17.0-2024-03-15/de/")},
    "css10": {
        "german-single-speaker-speech-dataset.zip": ("german/", ""),
        "greek-single-speaker-speech-dataset.zip": ("greek/", ""),
    },
    "dailytalk": {"dailytalk.zip": ("", "dailytalk/")},
    "hifi_captain": {
        "hfc_ja-JP_F.zip": ("ja-JP/female/", "hi-fi-captain/ja-JP/female/"),
        "hfc_ja-JP_M.zip": ("ja-JP/male/", "hi-fi-captain/ja-JP/male/"),
    },
    "hifi_tts": {"hi_fi_tts_v0.tar.gz": ("", "hi_fi_tts_v0/")},
    "hui": {f"{name}_Clean.zip": (f"{name}/", f"{name}/") for name in ("Karlsson", "Hokuspokus")},
    "jsut": {"jsut_ver1.1.zip": ("", "jsut_ver1.1/"), "jsut-label-0.0.2.zip": ("jsut-label/", "jsut-label-0.0.2/")},
    "jvs": {"jvs_ver1.zip": ("", "jvs_ver1/")},
    "kerstin": {"dataset-voice-kerstin.zip": ("", "dataset-voice-kerstin-3a655707295512827271acac9ce881aaf0401429/")},
    "libritts": {"train-clean-100.tar.gz": ("", "LibriTTS/")},
    "libritts_r": {"train_clean_100.tar.gz": ("", "LibriTTS_R/")},
    "ljspeech": {"LJSpeech-1.1.tar.bz2": ("", "LJSpeech-1.1/")},
    "m_ailabs": {"de_DE.tgz": ("de_DE/", "de_DE/")},
    "mls": {"mls_german_opus.tar.gz": ("mls_german/", "mls_german_opus/")},
    "openslr_crowdsourced": {
        "es_ar_female.zip": ("es_ar_female/arf", "arf"),
        "es_ar_female_line_index.tsv": ("es_ar_female/es_ar_female_line_index.tsv", ""),
        "es_ar_male.zip": ("es_ar_male/arm", "arm"),
        "es_ar_male_line_index.tsv": ("es_ar_male/es_ar_male_line_index.tsv", ""),
        "jv_id_female.zip": ("jv_id_female/", "jv_id_female/"),
        "line_index_all.csv": ("line_index_all.csv", ""),
    },
    "thorsten": {"thorsten-de_v02.tgz": ("", "thorsten-de/")},
    "vctk": {"VCTK-Corpus-0.92.zip": ("", "")},
}
NESTED = {"l2_arctic"}  # archives within an archive: below


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with loopback() as site:
        yield site


def packed(name: str, members: dict[str, Path]) -> bytes:
    """Return an archive, of the kind that its name says, of files by their path in it; of other names the one file itself."""
    buffer = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(buffer, "w") as archive:
            for member, path in members.items():
                archive.write(path, member)
    elif name.endswith((".tgz", ".tar.gz", ".tar.bz2")):
        with tarfile.open(fileobj=buffer, mode="w:bz2" if name.endswith("bz2") else "w:gz") as archive:
            for member, path in members.items():
                archive.add(path, member)
    else:
        (path,) = members.values()
        buffer.write(path.read_bytes())
    return buffer.getvalue()


def members_of(root: Path, start: str, lead: str) -> dict[str, Path]:
    paths = {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {lead + name.removeprefix(start): path for name, path in paths.items() if name.startswith(start)}


def test_every_layout_is_published_somehow() -> None:
    assert {*PUBLISHED} | NESTED == {*LAYOUTS}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_fetched_is_read(name: str, tmp_path: Path, site: Site) -> None:
    corpus = CATALOGUE[name]
    if corpus.read_by == "lhotse":
        pytest.importorskip("lhotse")
    made, root = Made(tmp_path / "published" / name), tmp_path / name
    LAYOUTS[name](made)
    for archive, (start, lead) in PUBLISHED[name].items():
        data = packed(archive, members_of(made.root, start, lead))
        site.put(f"{name}/{archive}", file(data))
        if corpus.only_by_hand:
            (root / DOWNLOADS).mkdir(parents=True, exist_ok=True)
            (root / DOWNLOADS / archive).write_bytes(data)
    chosen = [archive for archive in corpus.archives if archive.name in PUBLISHED[name] or "*" in archive.name]
    small = [replace(archive, sha256=None, size=None) for archive in chosen]  # the real ones have other content
    fetch(plan(corpus, small, root), lambda _: None, mirror=site.url)
    utterances, _ = read(whole(name), root)
    got = {speaker: {u.id: u.text for u in own} for speaker, own in utterances.items()}
    expected = {speaker: {id: text for id, (text, _) in own.items()} for speaker, own in made.utterances.items()}
    assert got == expected
    assert all(u.audio.is_file() and u.audio.is_relative_to(root) for own in utterances.values() for u in own)


def test_l2_arctic_with_an_archive_a_speaker_in_its_archive(tmp_path: Path) -> None:
    pytest.importorskip("lhotse")
    made, root = Made(tmp_path / "published" / "l2_arctic"), tmp_path / "l2_arctic"
    LAYOUTS["l2_arctic"](made)
    (root / DOWNLOADS).mkdir(parents=True)
    with zipfile.ZipFile(root / DOWNLOADS / "l2arctic_release_v5.0.zip", "w") as outer:
        for folder in sorted(made.root.iterdir()):
            outer.writestr(f"{folder.name}.zip", packed("x.zip", members_of(made.root, f"{folder.name}/", f"{folder.name}/")))
        outer.writestr("README.md", "x")
    corpus = CATALOGUE["l2_arctic"]
    fetch(plan(corpus, corpus.archives, root), lambda _: None)
    utterances, _ = read(whole("l2_arctic"), root)
    got = {speaker: {u.id: u.text for u in own} for speaker, own in utterances.items()}
    assert got == {speaker: {id: text for id, (text, _) in own.items()} for speaker, own in made.utterances.items()}
