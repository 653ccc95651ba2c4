"""What the documentation shows: blocks of Python, YAML and shell in README.md, docs/ and the recipes' pages."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "recipes").glob("*/README.md")),
    ROOT / "voices" / "README.md",
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|\n\n)((?: {4}.*\n+)+)")
INLINE = re.compile(r"`(tts [a-z][^`]*)`")


@dataclass(frozen=True)
class Block:
    """Code as a page shows it; ``line`` is where it starts."""

    page: Path
    line: int
    language: str  # "" for a block that is only indented
    text: str

    @property
    def name(self) -> str:
        """Page and line, as tests are named."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])
    plain = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    for match in INDENTED.finditer(plain):
        yield Block(page, plain.count("\n", 0, match.start(1)) + 1, "", textwrap.dedent(match[1]))


def all_blocks(*languages: str) -> list[Block]:
    """Return the blocks of all pages in one of these languages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def command_lines(page: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and text of every ``tts`` command that a page shows, in blocks and within sentences."""
    for block in blocks(page):
        if block.language in ("", "sh", "bash", "console"):
            joined = block.text.replace("\\\n", " ")  # a command over several lines
            for line in joined.splitlines():
                for part in line.split(" | "):
                    if match := re.match(r"(?:\$ )?(?:\.venv/bin/)?(tts [a-z].*)", part.strip()):
                        yield block.line, match[1]
    text = page.read_text(encoding="utf-8")
    for match in INLINE.finditer(FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match[1].split())
