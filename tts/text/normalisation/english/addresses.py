"""Addresses on the net, files and paths, handles and hashtags."""

from __future__ import annotations

import re
from typing import Final

from tts.text.normalisation.english.numbers import cardinal, spelled
from tts.text.normalisation.lists import listed
from tts.text.tracked import sub

_SUFFIXES: Final = (
    r"com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|co|me|tv|uk|de|fr|nl|eu|us|ca|au|ch|at|be|es|it|ie|nz|in|jp|cn|"
    r"ru|br|se|no|"
    r"dk|fi|pl|ly|gl|gg|fm|cc|xyz|online|site|tech|blog|shop|scot|museum|example|test|local"
)
_FILES: Final = (
    r"txt|pdf|docx?|xlsx?|pptx?|csv|tsv|json|ya?ml|toml|xml|html?|css|jsx?|tsx?|py|rb|go|rs|cpp|hpp|java|sh|bat|exe|dll|"
    r"zip|gz|tar|"
    r"tgz|rar|7z|jpe?g|png|gif|svg|bmp|webp|mp3|mp4|wav|flac|ogg|avi|mov|mkv|md|rst|tex|log|ini|cfg|conf|sql|db|iso|apk|"
    r"epub|lab|h|c"
)
_URL: Final = re.compile(r"\b(https?|ftp|file|ssh|git)://([^\s<>\"“”]+)", re.I)
_MAIL: Final = re.compile(r"(?<![\w.+-])([\w.+-]++)@((?:[\w-]++\.)++[A-Za-z]{2,})\b")
_HOST: Final = re.compile(
    rf"(?<![\w@./-])((?:www\.)(?:[\w-]++\.)++[A-Za-z]{{2,}}|"
    rf"(?:[A-Za-z0-9-]++\.)++(?:{_SUFFIXES}))(:\d+)?(/[^\s<>\"“”]*)?(?![\w@-])"
)
_FILE: Final = re.compile(rf"(?<![\w@./-])((?:[\w-]+\.)+(?:{_FILES}))(?![\w@-]|\.\w)")
_PATH: Final = re.compile(
    r"(?<![\w.:/<~])(~|\.{1,2})?((?:/[\w.+-]*\w[\w.+-]*){2,}/?|(?<=~)/[\w.+-]+|(?<=\.)/[\w.+-]+|/(?:etc|usr|tmp|var|"
    r"home|bin|opt|dev)\b)(?![\w/])"
)
_WINDOWS: Final = re.compile(r"(?<!\w)([A-Za-z]):\\((?:[\w. -]+\\)*[\w.-]+)")
_HANDLE: Final = re.compile(r"(?<![\w@.])@([A-Za-z_]\w*)")
_HASHTAG: Final = re.compile(r"(?<![\w&#])#([A-Za-z]\w+)")
_SNAKE: Final = re.compile(r"(?<![\w])_*[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+_*(?![\w])")
_ENDING: Final = re.compile(r"[.,;:!?)\]'’]+$")
_SIGNS: Final = {
    ".": "dot", "/": "slash", ":": "colon", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals", "&": "and",
    "#": "hash",
    "%": "percent", "+": "plus", "~": "tilde", "@": "at", "\\": "backslash", "!": "exclamation mark", "*": "star", ",": "comma",
}  # fmt: skip
_SPELLED: Final = frozenset(listed("""
    uk us eu io ai tv usr ftp ssh http https www html htm php css js md py rb rs exe dll mp3 mp4 wav gz xml sql db api
    url id pdf doc ppt csv tsv jpg jpeg png gif svg bmp txt cfg ini rst sh de fr nl ca au ch at ie nz jp cn ru br se
    dk fi pl es xyz edu etc ui ip tcp udp dns vpn bbc cnn ibm nhs faq rss cdn aws npm cli gui pc cpp hpp jsx tsx rar
    iso apk mkv avi mov ogg
"""))  # fmt: skip
_WORDS: Final = {"etc": "etc", "bin": "bin", "gif": "gif", "jpeg": "jay peg", "jpg": "J P G", "png": "P N G", "wav": "wave",
    "txt": "text",
                 "doc": "doc", "docx": "doc X", "tmp": "temp", "var": "var", "lib": "lib", "src": "source", "dev": "dev",
                 "ini": "ini",
                 "cfg": "config", "iso": "I S O", "tar": "tar", "zip": "zip", "json": "jason", "yaml": "yammel",
                 "toml": "tom L",
                 "edu": "E D U", "mov": "mov", "flac": "flack", "README": "read me", "readme": "read me",
                 "md": "M D"}  # fmt: skip


def _piece(text: str) -> str:
    """Return one name of an address as words: spelled where it cannot be a word."""
    if text in _WORDS:
        return _WORDS[text]
    if text.isdigit():
        return cardinal(text) if len(text) < 4 and text[0] != "0" else spelled(text)
    lower = text.lower()
    if lower in _SPELLED or not re.search(r"[aeiouy]", lower) or (text.isupper() and len(text) <= 2):
        return " ".join("A·" if c in "aA" else c.upper() for c in text)
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)  # myFile2
    if len(parts) > 1:
        return " ".join(_piece(part) for part in parts)
    return lower if text.isupper() else text


def say(address: str, signs: bool = True) -> str:
    """Return an address as words, its signs named; dashes are said in addresses, but not between words of a path."""
    said = []
    for token in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z0-9]", address):
        if token in _SIGNS:
            said.append(_SIGNS[token] if signs or token in "./\\~" else "")
        elif token.isalnum():
            said += [_piece(part) for part in re.findall(r"[^\W\d_]+|\d+", token)]
        elif token.isalpha():
            said.append(token)
    return " ".join(" ".join(said).split())


def _url(match: re.Match[str]) -> str:
    rest = match[2]
    ending = _ENDING.search(rest)
    kept = rest[: ending.start()] if ending else rest
    scheme = " ".join(match[1].upper()) if match[1].lower() not in ("file", "git") else match[1]
    return f"{scheme} colon slash slash {say(kept.rstrip('/'))}" + (ending[0] if ending else "")


def _host(match: re.Match[str]) -> str:
    whole = match[0]
    ending = _ENDING.search(whole)
    kept = whole[: ending.start()] if ending else whole
    if not match[3] and not kept.startswith("www.") and not _plausible(kept):
        return whole
    return say(kept.rstrip("/")) + (ending[0] if ending else "")


def _plausible(host: str) -> bool:
    """Tell example.com from a full stop without a space after it: ``it.In``, ``done.It``."""
    last = host.rsplit(".", 1)[1]
    return last.islower() and not (
        last in ("in", "it", "at", "no", "be", "me", "us", "is", "so", "to") and host.count(".") == 1
    )


def expand_addresses(text: str) -> str:
    """Read addresses, files, handles and hashtags."""
    if re.search(r"[@/\\._#]", text) is None:
        return text
    text = sub(_URL, _url, text)
    text = sub(_MAIL, lambda m: say(m[0]), text)
    text = sub(_WINDOWS, lambda m: f"{m[1].upper()} colon backslash {say(m[2])}", text)
    text = sub(_HOST, _host, text)
    text = sub(_FILE, lambda m: say(m[0], signs=False) if re.search("[A-Za-z]", m[1]) else m[0], text)
    text = sub(_PATH, lambda m: say(m[0].rstrip("/")), text)
    text = sub(_HANDLE, lambda m: f"at {say(m[1], signs=False)}", text)
    text = sub(_HASHTAG, lambda m: f"hashtag {say(m[1], signs=False)}", text)
    return sub(_SNAKE, lambda m: say(m[0].strip("_"), signs=False), text)
