"""Text that people wrote, made harmless: it cannot format, ping, hide or overflow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"
_TOKEN = re.compile(r"<t:-?\d{1,13}(?::[tTdDfFR])?>|.", re.DOTALL)
_ALWAYS = frozenset("\\`*~|[<")
_AT_LINE_START = frozenset("#-+>=")
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_MARK = "[\u0300-\u036f\u0483-\u0489\u1dc0-\u1dff\u20d0-\u20ff]"
_MANY_MARKS = re.compile(f"({_MARK}{{3}}){_MARK}+")
_MANY_LINES = re.compile(r"\n{3,}")
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"


def visible(text: str) -> str:
    """The text without characters that hide, reorder or overlay others."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    shown = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _HIDDEN)
    return _MANY_LINES.sub("\n\n", _MANY_MARKS.sub(r"\1", shown)).strip()


def escaped(text: str, limit: int) -> str:
    """The text as Discord shows it literally, at most ``limit`` characters long.

    Timestamps (``<t:…:R>``) keep working; what is too long is cut between whole characters.
    """
    pieces = list(_pieces(visible(text)))
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    kept, room = [], limit - len(ELLIPSIS)
    for piece in pieces:
        if (room := room - len(piece)) < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + ELLIPSIS


def plain(text: str, limit: int) -> str:
    """The text for places that know no formatting: labels, choices, descriptions."""
    shown = visible(text).replace("\n", " ")
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + ELLIPSIS


def _pieces(text: str) -> Iterator[str]:
    line = ""
    for match in _TOKEN.finditer(text):
        found = match[0]
        yield found if len(found) > 1 else _escape(text, match.start(), line)
        line = "" if found == "\n" else line + found


def _escape(text: str, at: int, line: str) -> str:
    character = text[at]
    if character == "@" and _EVERYBODY.match(text, at):
        return character + _ZERO_WIDTH
    if character in _ALWAYS or (character == "_" and not _inside_word(text, at)):
        return "\\" + character
    begins = not line.strip()
    if character in _AT_LINE_START and begins:
        return "\\" + character
    if character in ".)" and line.strip().isdigit() and not text[at + 1 : at + 2].strip():
        return "\\" + character
    return character


def _inside_word(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return before.isalnum() and after.isalnum()
