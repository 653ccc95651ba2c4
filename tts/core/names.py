"""The one rule for names that become file names: ids of utterances and requests, speakers, streams, systems.

Names come from files of other people, so a name is refused that could leave its folder, hide, be a device on Windows, or
not be written on some file system.
"""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_BYTES = 200  # leaves room for a suffix and a temporary name in the 255 that file systems allow

_UNSAFE = re.compile(r'[/\\:*?"<>|]')  # separators, and what some file systems do not take
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode categories: control, format, half surrogate pairs, separators


def name_fault(name: str) -> str:
    """Say why ``name`` cannot be the name of a file in a folder ("has one of ...", to follow the name); "" if it can."""
    if not name:
        return "is empty"
    if any(unicodedata.category(character) in _INVISIBLE for character in name):
        return "has a control character"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    if _UNSAFE.search(name):
        return r'has one of / \ : * ? " < > |'
    if name[0] in ".-" or name != name.strip() or name.endswith("."):
        return "starts with a dot or dash, ends with a dot, or has a space at an end"
    if _DEVICE.fullmatch(name):
        return "is the name of a device on Windows"
    return ""


def file_key(name: str) -> str:
    """Return what two names share that are one file on some file system: Unicode form and capitals do not count."""
    return unicodedata.normalize("NFC", name).casefold()
