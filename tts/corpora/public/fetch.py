"""Fetching a public corpus: what of it, whether it fits, each archive downloaded, checked, unpacked, and marked as complete.

In the corpus's folder, ``downloads`` holds the archives that were put there by hand, those that are kept or not yet complete,
their checksums (``NAME.sha256``, as ``sha256sum`` writes them), a note of each that was downloaded and is not yet unpacked
(``NAME.fetched``, likewise) and a mark for each that is unpacked (``NAME.json``).
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote, urlsplit

from tts.core.archive_members import Limits
from tts.core.archives import remove_left_over, unpack
from tts.core.download import Patience, download
from tts.core.errors import Damaged, Missing, NotWritten, TtsError, UsageError
from tts.core.files import RESERVE, file_digest, read_json, write_json, write_text
from tts.core.locks import held
from tts.corpora.public.entry import Archive, PublicCorpus
from tts.corpora.public.languages import language_tag

DOWNLOADS = "downloads"
UNPACKED = 1.45  # bytes that a byte of an archive takes unpacked: LJSpeech 1.40, M-AILABS 1.35, JVS 1.44, Opus and FLAC 1.0
_CHECKSUM = re.compile(r"([0-9a-fA-F]{64})(?:\s.*)?")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class FetchPlan:
    """What is to be fetched of a corpus into ``root``: ``rest`` of ``archives``, the others being there already.

    ``size`` is in bytes, of those of the rest whose size is known, ``unknown`` the number of the others; ``free`` in bytes.
    ``found`` are archives of the rest that lie in the downloads folder, put there by hand or kept.
    """

    corpus: PublicCorpus
    root: Path
    archives: tuple[Archive, ...]
    rest: tuple[Archive, ...]
    found: dict[str, Path]
    size: int
    unknown: int
    free: int

    @property
    def needed(self) -> int:
        """Bytes that the disk must have: the largest archive beside all that is unpacked."""
        unpacked = sum(self._size(archive) for archive in self.rest) * UNPACKED
        largest = max((self._size(archive) for archive in self.rest if archive.name not in self.found), default=0)
        return int(unpacked + largest)

    def _size(self, archive: Archive) -> int:
        return self.found[archive.name].stat().st_size if archive.name in self.found else archive.size or 0


def default_root(corpus: PublicCorpus) -> Path:
    """Return the folder in which the corpus's recipe looks for it: ``data/RECIPE`` in the current folder."""
    return Path("data") / corpus.recipe


def choose(corpus: PublicCorpus, speakers: Sequence[str] = (), parts: Sequence[str] = ()) -> tuple[Archive, ...]:
    """Return the archives of these speakers and parts, and those that go with them; all where none is named.

    A part may also be named by its beginning (``es_ar`` for ``es_ar_female`` and ``es_ar_male``) or by its language. Raises
    :class:`UsageError` for a name that the corpus does not have, or where it comes in one piece.
    """
    for what, asked, known in (("speaker", speakers, corpus.speaker_names), ("part", parts, corpus.part_names)):
        if asked and not known:
            raise UsageError(
                f"--{what}: {corpus.name} has no archives by {what}; fetch it without, and choose when you prepare it: "
                f"tts prepare {corpus.recipe} --speaker NAME"
            )
        for name in asked:
            if not any(_names(name, archive, what) for archive in corpus.archives):
                near = difflib.get_close_matches(name, known, 1)
                advice = f"did you mean {near[0]}? " if near else ""
                raise UsageError(f"--{what} {name}: {corpus.name} has no such {what}; {advice}It has {', '.join(known)}")
    chosen = [
        archive
        for archive in corpus.archives
        if (not speakers or any(_names(name, archive, "speaker") for name in speakers))
        and (not parts or any(_names(name, archive, "part") for name in parts))
    ]
    return tuple(
        archive
        for archive in corpus.archives
        if archive in chosen or (archive.goes_with and any(fnmatchcase(other.part, archive.goes_with) for other in chosen))
    )


def _names(text: str, archive: Archive, what: str) -> bool:
    """Return whether ``text`` names the speaker or part that an archive holds."""
    if what == "speaker":
        return text == archive.speaker
    language = language_tag(text) if text.isalpha() else ""
    return bool(archive.part) and (text == archive.part or archive.part.startswith(f"{text}_") or language == archive.language)


def plan(corpus: PublicCorpus, archives: Sequence[Archive], root: Path) -> FetchPlan:
    """Return what is left to fetch, and how much of the disk it takes."""
    downloads = root / DOWNLOADS
    archives = [each for archive in archives for each in _releases(downloads, archive)]
    rest = tuple(archive for archive in archives if not _complete(root, archive))
    found = {archive.name: path for archive in rest if (path := _by_hand(downloads, archive)) is not None}
    sizes = [archive.size for archive in rest if archive.name not in found]
    place = next(path for path in (root, *root.absolute().parents) if path.is_dir())
    return FetchPlan(
        corpus=corpus,
        root=root,
        archives=tuple(archives),
        rest=rest,
        found=found,
        size=sum(size for size in sizes if size is not None),
        unknown=sizes.count(None),
        free=shutil.disk_usage(place).free,
    )


def require_room(plan: FetchPlan) -> None:
    """Raise :class:`NotWritten` where what the plan fetches does not fit on the disk, as far as sizes are known."""
    if plan.needed > plan.free - RESERVE:
        raise NotWritten(
            f"{plan.root}: {plan.corpus.name} takes about {plan.needed / 1e9:.1f} GB while it is unpacked, and "
            f"{plan.free / 1e9:.1f} GB are free; choose another disk with --root, or a part with --speaker or --part"
        )


def fetch(
    plan: FetchPlan,
    tell: Tell,
    *,
    mirror: str = "",
    keep: bool = False,
    patience: Patience | None = None,
    limits: Limits | None = None,
) -> None:
    """Fetch and unpack what a plan says, one archive after the other; what is complete is not fetched again.

    ``mirror`` is an address under which ``CORPUS/ARCHIVE`` lies, used in place of the corpus's own host. Archives are removed
    once they are unpacked, also those that an interrupted call downloaded, unless ``keep`` is set or they were put there by
    hand. ``tell`` is given, line by line, what
    happens. Raises what :func:`tts.core.download.download` and :func:`tts.core.archives.unpack` raise, :class:`Missing` with
    the way to do it by hand where a file cannot be fetched, and :class:`FolderBusy` where another process works in the root.
    """
    require_room(plan)
    with held(plan.root):
        remove_left_over(plan.root)
        for number, archive in enumerate(plan.rest, 1):
            if _complete(plan.root, archive):  # by another process since the plan was made
                continue
            count = f"{number}/{len(plan.rest)} " if len(plan.rest) > 1 else ""
            path = _by_hand(plan.root / DOWNLOADS, archive)
            if path is None:
                path = plan.root / DOWNLOADS / archive.name
                digest = _download(plan, archive, mirror, tell, patience)
                write_text(_fetched(path), f"{digest}  {path.name}\n")
            else:
                digest = file_digest(path)
            mine = digest == _noted(_fetched(path))  # not where the user has put another in its place
            _check(path, archive, digest, tell)
            tell(f"{count}unpacking {path.name}")
            _unpack(plan.root, path, archive, limits, mine=mine)
            if mine and not keep:
                path.unlink(missing_ok=True)
            _fetched(path).unlink(missing_ok=True)  # what is kept from now on is the user's


def address(corpus: PublicCorpus, archive: Archive, mirror: str) -> str:
    """Return where an archive is fetched from; raises :class:`UsageError` for a mirror that is no web address."""
    if not mirror:
        return archive.url
    if urlsplit(mirror).scheme not in ("http", "https") or not urlsplit(mirror).netloc:
        raise UsageError(f"--mirror {mirror}: expected an address such as https://host/corpora, with CORPUS/ARCHIVE below it")
    return f"{mirror.rstrip('/')}/{quote(corpus.name)}/{quote(archive.name)}"


def _download(plan: FetchPlan, archive: Archive, mirror: str, tell: Tell, patience: Patience | None) -> str:
    """Fetch an archive from its address or the next one that has it; return its sha256."""
    target = plan.root / DOWNLOADS / archive.name
    by_hand = (
        f"fetch {archive.name} with a browser and put it into {target.parent}, then run the same command again "
        f"(home page: {plan.corpus.home})"
    )
    if archive.by_hand and not mirror:
        raise Missing(f"{plan.corpus.name}: {plan.corpus.by_hand or 'cannot be fetched by a command'}; {by_hand}")
    first = address(plan.corpus, archive, mirror)
    addresses = (first,) if mirror else (first, *archive.mirrors)
    for number, url in enumerate(addresses, 1):
        tell(f"fetching {url}")
        try:
            expected = archive.sha256 or _recorded(target)
            result = download(url, target, sha256=expected, label=archive.name, patience=patience)
        except (Missing, NotWritten) as error:
            if isinstance(error, NotWritten) or number == len(addresses):
                advice = "" if isinstance(error, NotWritten) else f"; {by_hand}"
                raise type(error)(f"{error}{advice}") from None
            tell(f"{error}; trying the next address")
        except TtsError as error:
            if number == len(addresses) or isinstance(error, Damaged):
                raise
            tell(f"{error}; trying the next address")
        else:
            if urlsplit(result.url).scheme == "http" and not archive.sha256:
                tell(
                    f"{archive.name} came over plain http, and no checksum of it is published: check that it is what you expect"
                )
            return result.sha256
    raise AssertionError("an archive has an address")


def _check(path: Path, archive: Archive, digest: str, tell: Tell) -> None:
    """Compare an archive with its published checksum, or with the one recorded at first use, which this writes."""
    if archive.sha256:
        if digest != archive.sha256:
            raise Damaged(f"{path}: its sha256 is {digest}, not {archive.sha256} as published; remove it to fetch it anew")
        tell(f"{path.name}: sha256 as published")
        return
    recorded = _recorded(path)
    note = path.with_name(f"{path.name}.sha256")
    if recorded is None:
        write_text(note, f"{digest}  {path.name}\n")
        tell(
            f"{path.name}: no checksum is published; its sha256 {digest} is recorded in {note} and will be checked from now on"
        )
    elif digest != recorded:
        raise Damaged(
            f"{path}: its sha256 is {digest}, not {recorded} as recorded in {note}; remove that file to accept the new one"
        )
    else:
        tell(f"{path.name}: sha256 as recorded at first use")


def _recorded(path: Path) -> str | None:
    """Return the sha256 that was recorded beside an archive; raises :class:`Damaged` for a record that is none."""
    return _noted(path.with_name(f"{path.name}.sha256"))


def _fetched(path: Path) -> Path:
    """Return where it is noted that an archive was downloaded, and is no file that somebody put there."""
    return path.with_name(f"{path.name}.fetched")


def _noted(note: Path) -> str | None:
    if not note.is_file():
        return None
    match = _CHECKSUM.match(note.read_text(encoding="utf-8", errors="replace").strip())
    if match is None:
        raise Damaged(f"{note}: expected a sha256 of 64 hexadecimal digits; remove the file to record it anew")
    return match[1].lower()


def _unpack(root: Path, path: Path, archive: Archive, limits: Limits | None, *, mine: bool) -> None:
    folder = root / archive.folder
    try:
        result = unpack(path, folder, strip=archive.strip, nested=archive.nested, limits=limits)
    except Damaged as error:
        if not mine:
            raise Damaged(f"{error}; it was put there by hand and stays: replace it, or remove it to have it fetched") from None
        # Else the next call would find it complete and fail for ever.
        path.unlink(missing_ok=True)
        _fetched(path).unlink(missing_ok=True)
        if not archive.sha256:
            path.with_name(f"{path.name}.sha256").unlink(missing_ok=True)
        raise
    mark = {
        "archive": path.name,
        "files": result.files,
        "bytes": result.size,
        "top": list(result.top),
        "folder": archive.folder,
    }
    write_json(_mark(root, archive), mark)


def _mark(root: Path, archive: Archive) -> Path:
    return root / DOWNLOADS / f"{archive.name.replace('*', '_')}.json"


def _releases(downloads: Path, archive: Archive) -> list[Archive]:
    """Return an archive, or of one whose name has a ``*`` those that lie in the downloads folder or were unpacked from it."""
    if "*" not in archive.name:
        return [archive]
    names = {path.name for path in downloads.glob(archive.name) if path.is_file()}
    names |= {path.name.removesuffix(".json") for path in downloads.glob(f"{archive.name}.json")}
    return [replace(archive, name=name) for name in sorted(names)] or [archive]


def _complete(root: Path, archive: Archive) -> bool:
    """Return whether an archive was unpacked, and all that lay at its top is still there."""
    mark = _mark(root, archive)
    if not mark.is_file():
        return False
    try:
        saved = read_json(mark)
        top = [str(name) for name in saved["top"]]
    except (TtsError, KeyError, TypeError):
        return False
    return bool(top) and all((root / archive.folder / name).exists() for name in top)


def _by_hand(downloads: Path, archive: Archive) -> Path | None:
    """Return the archive where it lies in the downloads folder."""
    path = downloads / archive.name
    return path if path.is_file() else None
