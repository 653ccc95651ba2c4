"""Reading the text files of a corpus, which may have been written anywhere: by size, encoding and line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from tts.core.errors import Missing, TtsError

MOST_BYTES = 512 << 20  # of a list of utterances, and of what a compressed one holds: some millions of lines
MOST_LINE = 1 << 20  # of one line: a chapter of a book has half of it


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    r"""Return a file's text with ``\n`` line ends.

    It is UTF-8, or the UTF-16 that some editors write with a mark at its beginning. Raises :class:`Missing`, and
    :class:`TtsError` naming the line for another encoding, for a file of more than ``most`` bytes and one that cannot be read.
    """
    try:
        if (size := path.stat().st_size) > most:
            raise TtsError(f"{path}: has {size / 1e6:.1f} MB, at most {most / 1e6:.1f} are read; it is no list of utterances")
        data = path.read_bytes()
    except FileNotFoundError:
        raise Missing(f"{path}: there is no such file") from None
    except OSError as error:
        raise TtsError(f"{path}: cannot be read ({error.strerror})") from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise TtsError(f"{path}:{number}: not UTF-8; convert the file, for example with iconv -t utf-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return a file's lines that are not empty, with their numbers from 1; errors as in :func:`read_text`."""
    # Not splitlines(): it also breaks at form feeds and Unicode separators, which may stand inside a text.
    return [(number, line) for number, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]


def stream_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 file, plain or ``.gz``, that are not empty, with their numbers, holding one at a time.

    Raises :class:`TtsError` for a line of more than 1 MiB, for more than 512 MiB in all (a small compressed file may hold
    any number), for what is not UTF-8 and for a file that is damaged, cut off or cannot be read; :class:`Missing`.
    """
    total = 0
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            while line := stream.readline(MOST_LINE + 1):
                number += 1
                total += len(line)
                if len(line) > MOST_LINE:
                    raise TtsError(f"{path}:{number}: is longer than {MOST_LINE >> 20} MiB, which no utterance is")
                if total > MOST_BYTES:
                    raise TtsError(f"{path}: holds more than {MOST_BYTES >> 20} MiB; a list of utterances is smaller")
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError:
        raise TtsError(f"{path}:{number}: not UTF-8; convert the file, for example with iconv -t utf-8") from None
    except FileNotFoundError:
        raise Missing(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise TtsError(f"{path}: cannot be read after line {number} ({error})") from None


def one_line(text: str) -> str:
    """Return a text with every run of spaces and line ends as one space, and none at its ends."""
    return " ".join(text.split())
