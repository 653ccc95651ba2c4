"""What label files call phones: IPA, ARPAbet, or names that a table of the user's says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tts.core.errors import TtsError, UsageError
from tts.text.arpabet import to_ipa
from tts.text.phones import canonical

IPA, ARPABET = "ipa", "arpabet"
MOST_NAMES: Final = 5_000


@dataclass(frozen=True)
class PhoneNames:
    """The names of a phone set. ``table`` is the user's, from ``source``; without one ``source`` is ``ipa`` or ``arpabet``."""

    source: str = IPA
    table: Mapping[str, str] | None = None

    def ipa(self, name: str) -> tuple[str, int | None]:
        """Return the phone that a name stands for, and its stress (0, 1, 2) where the name says it.

        A name that is not in the set raises :class:`TtsError`.
        """
        if self.table is not None:
            if name not in self.table:
                raise TtsError(f"the phone {name[:20]!r} is not in {self.source}; add a line 'name phone' for it")
            return self.table[name], None
        return to_ipa(name) if self.source == ARPABET else (canonical(name), None)


def read_phone_names(source: str, folder: Path) -> PhoneNames:
    """Return the phone set ``source``: ``ipa``, ``arpabet``, or a file, relative to ``folder``, of lines ``name phone``.

    A broken line raises :class:`TtsError` naming it, a missing file :class:`UsageError`. ``#`` alone begins a comment.
    """
    if source in (IPA, ARPABET):
        return PhoneNames(source)
    path = folder / source
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such table of phone names (there are also ipa and arpabet)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not readable as UTF-8 text ({error})") from None
    table: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or (fields[0].startswith("#") and len(fields) != 2):
            continue
        if len(fields) != 2:
            raise TtsError(f"{path}:{number}: expected a name and its phone in IPA, found {line.strip()[:60]!r}")
        if fields[0] in table:
            raise TtsError(f"{path}:{number}: {fields[0]!r} has a line already")
        try:
            table[fields[0]] = canonical(fields[1])
        except TtsError as error:
            raise TtsError(f"{path}:{number}: {error}") from None
    if not 1 <= len(table) <= MOST_NAMES:
        raise TtsError(f"{path}: holds {len(table)} names of phones, expected 1 to {MOST_NAMES}")
    return PhoneNames(str(path), table)
