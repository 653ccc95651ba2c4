"""What a text file holds beside its text: tags, entities and marks of HTML and Markdown. None of them is read aloud."""

from __future__ import annotations

import html
import re
from typing import Final

from tts.text.tracked import sub

_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_COMMENT: Final = re.compile(r"<!--[^>]{0,2000}?-->")
_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|blockquote|body|br|button|center|cite|code|dd|del|dfn|div|dl|dt|em|figcaption|figure|font|"
    r"footer|form|h[1-6]|head|"
    r"header|hr|html|i|img|input|ins|kbd|label|li|link|main|mark|meta|nav|ol|option|p|pre|q|s|samp|script|section|"
    r"select|small|span|"
    r"strike|strong|style|sub|sup|table|tbody|td|th|thead|time|title|tr|tt|u|ul|var|video|audio|speak|voice|prosody|emphasis)"
    # attributes and nothing else: "if a <b and c> d" is arithmetic
    r"(?:\s+(?:[\w:@.-]{1,60}\s?=\s?(?:\"[^\"]{0,500}\"|'[^']{0,500}'|[^\s\"'<>=]{1,200})|async|checked|controls|defer|disabled|hidden|loop|"
    r"multiple|muted|open|readonly|required|selected)){0,30}\s?/?>",
    re.IGNORECASE,
)
_ATTRIBUTE: Final = r"\s+[\w:@.-]{1,60}\s?=\s?(?:\"[^\"]{0,500}\"|'[^']{0,500}')"
# Tags of other languages than HTML: closing ones, empty ones, and those with attributes; what is left is a placeholder's name.
_OTHER_TAG: Final = re.compile(
    rf"</[A-Za-z][\w:.-]{{0,40}}\s?>|<[A-Za-z][\w:.-]{{0,40}}(?:(?:{_ATTRIBUTE}){{0,30}}\s?/|(?:{_ATTRIBUTE}){{1,30}}\s?)>"
)
_PLACEHOLDER: Final = re.compile(r"<([A-Za-z][\w-]{1,40}(?: [a-z][\w-]{1,40}){0,4})>")
_PAUSING: Final = re.compile(r"<(?:br|/?p|/?div|/?li|/?h[1-6]|/?tr|hr)\b", re.IGNORECASE)
_LINK: Final = re.compile(r"!?\[([^\[\]]{1,300})\]\((?:[^()\s]|\([^()\s]*\)){1,500}(?:\s\"[^\"]{0,200}\")?\)")
_HEADING: Final = re.compile(r"^\s*(?:#{1,6}\s+|(?:>\s?)+(?=\w)|[-*+•]\s+(?=\D))+")
_HEADING_END: Final = re.compile(r"(?<=\S)\s+#{1,6}\s*$")
_RULE: Final = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*$")
_STRONG: Final = re.compile(r"(\*\*|__|~~|`{1,3})(?=\S)([^*_~`]{1,500})(?<=\S)\1(?!\w)")
_TABLE: Final = re.compile(r"\s*\|\s*")


def strip_markup(text: str) -> str:
    """Return a text without tags, entities and Markdown; where a tag begins a new line, or a cell, there is a comma."""
    if "&" in text:
        text = sub(_ENTITY, lambda match: _entity(match[0]), text)
    if "<" in text:
        text = sub(_COMMENT, " ", text)
        text = sub(_TAG, lambda match: " , " if _PAUSING.match(match[0]) else _glue(match), text)
        closed = {match[0][2:-1].strip() for match in _OTHER_TAG.finditer(text) if match[0][1] == "/"}
        text = sub(_OTHER_TAG, _glue, text)
        text = sub(_PLACEHOLDER, lambda match: _glue(match) if match[1] in closed else f" {match[1]} ", text)
    if "](" in text:
        text = sub(_LINK, lambda match: match[1], text)
    text = sub(_RULE, "", text)
    if _HEADING.match(text):
        text = sub(_HEADING_END, "", sub(_HEADING, "", text))
    return sub(_STRONG, lambda match: match[2], text) if re.search(r"[*_~`]{1,2}\S", text) else text


def tags_in(text: str) -> list[str]:
    """Return the tags and comments that :func:`strip_markup` takes out of a text, each kind once."""
    if "<" not in text:
        return []
    closed = {match[0][2:-1].strip() for match in _OTHER_TAG.finditer(text) if match[0][1] == "/"}
    opened = [match for match in _PLACEHOLDER.finditer(text) if match[1] in closed]
    matches = [*_COMMENT.finditer(text), *_TAG.finditer(text), *_OTHER_TAG.finditer(text), *opened]
    return list(dict.fromkeys(match[0] for match in sorted(matches, key=lambda match: match.start())))


def _entity(entity: str) -> str:
    character = html.unescape(entity)
    return " " if character == "\u00a0" else character


def _glue(match: re.Match[str]) -> str:
    """Nothing between the letters of a word that a tag divides, H<sub>2</sub>O, a space elsewhere."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    return "" if (before.isalnum() and after.isalnum()) or not before or not after else "" if before in "(<>" else " "
