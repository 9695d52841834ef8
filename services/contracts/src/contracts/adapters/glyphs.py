"""Which characters the fonts of the documents can show, read from the fonts themselves.

PDF/A refuses a document with a character that no font shows, and without PDF/A it would vanish
from the page: such a character is spelled out instead.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
_UNSEEN = frozenset({"\n", "\u200c", "\u200d", *map(chr, range(0xFE00, 0xFE10))})
"""Line ends, joiners and variation selectors shape what stands beside them and need no glyph."""
_LATIN_1 = frozenset(range(0x20, 0x7F)) | frozenset(range(0xA1, 0x100)) - {0xAD}


def shown(value: Any, *, plain: bool = False) -> Any:
    """The same JSON value with every character spelled out that no font shows.

    ``plain`` spells out all but Latin-1: marks that no font shows upon their letter are left then.
    """
    if isinstance(value, str):
        return value if value.isascii() else "".join(_shown(each, plain) for each in value)
    if isinstance(value, list):
        return [shown(each, plain=plain) for each in value]
    if isinstance(value, dict):
        return {name: shown(each, plain=plain) for name, each in value.items()}
    return value


def _shown(character: str, plain: bool) -> str:
    if character.isascii():
        return character
    known = _LATIN_1 if plain else _in_fonts()
    if ord(character) in known or (not plain and character in _UNSEEN):
        return character
    return f"⟨U+{ord(character):04X}⟩"


@cache
def _in_fonts() -> frozenset[int]:
    found: set[int] = set()
    for path in sorted(FONTS.glob("*.ttf")):
        found.update(_characters(path.read_bytes()))
    return frozenset(found)


def _characters(font: bytes) -> Iterator[int]:
    """The characters in a font's table ``cmap``, in its two usual formats."""
    (tables,) = struct.unpack_from(">H", font, 4)
    for number in range(tables):
        tag, _, table, _ = struct.unpack_from(">4sLLL", font, 12 + 16 * number)
        if tag == b"cmap":
            (subtables,) = struct.unpack_from(">H", font, table + 2)
            for each in range(subtables):
                _, _, offset = struct.unpack_from(">HHL", font, table + 4 + 8 * each)
                yield from _in_subtable(font, table + offset)


def _in_subtable(font: bytes, at: int) -> Iterator[int]:
    (layout,) = struct.unpack_from(">H", font, at)
    if layout == 4:
        yield from _in_segments(font, at)
    elif layout == 12:
        (groups,) = struct.unpack_from(">L", font, at + 12)
        for first, last, glyph in struct.iter_unpack(">LLL", font[at + 16 : at + 16 + 12 * groups]):
            yield from range(first if glyph else first + 1, last + 1)


def _in_segments(font: bytes, at: int) -> Iterator[int]:
    (twice,) = struct.unpack_from(">H", font, at + 6)
    count = twice // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", font, at + 14 + 2 * (part > 0) + part * twice)
        for part in range(4)
    )
    for nth, (first, last) in enumerate(zip(starts, ends, strict=True)):
        place = at + 16 + 3 * twice + 2 * nth + offsets[nth]
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offsets[nth]:
                (glyph,) = struct.unpack_from(">H", font, place + 2 * (code - first))
                if not glyph:
                    continue
            if (glyph + deltas[nth]) & 0xFFFF:
                yield code
