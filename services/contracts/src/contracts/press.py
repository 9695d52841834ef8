"""Reads wishes from stdin and writes PDFs to stdout, until stdin ends.

A process apart from the service: typst keeps tens of megabytes once it has worked, and a template
that runs away is ended by the limits set here. Run as ``python -m contracts.press``.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
MOST_MEMORY = 2 * 1024**3
MOST_CPU_S = 10
HEAD = struct.Struct(">BI")
"""Before each message: what it is, and how many bytes follow."""


class Verdict(IntEnum):
    """What a message is."""

    WISH = 0
    MADE = 1
    REFUSED = 2


def main() -> None:
    """Typeset what stdin asks for; a template that does not compile is answered with its fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    import typst  # noqa: PLC0415  the limit holds for it from its first byte

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    wishes, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := wishes.read(HEAD.size):
        _, length = HEAD.unpack(head)
        _limit_time()
        verdict, made = _typeset(typst, fonts, json.loads(wishes.read(length)))
        answers.write(HEAD.pack(verdict, len(made)) + made)
        answers.flush()


def _limit_time() -> None:
    """Count the seconds of this document only."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = int(spent.ru_utime + spent.ru_stime)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + MOST_CPU_S, most))


def _typeset(typst: Any, fonts: Any, wish: dict[str, Any]) -> tuple[Verdict, bytes]:
    compiler = typst.Compiler(wish["source"].encode(), root=str(FONTS), font_paths=fonts)
    try:
        made = compiler.compile(
            format="pdf", timestamp=wish["timestamp"], sys_inputs={"data": wish["data"]}
        )
    except typst.TypstError as error:
        return Verdict.REFUSED, str(error).encode()[:1000]
    return Verdict.MADE, made if isinstance(made, bytes) else b""


if __name__ == "__main__":
    main()
