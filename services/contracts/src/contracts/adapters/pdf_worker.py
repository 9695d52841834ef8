"""Reads requests from stdin and writes PDFs to stdout, until stdin ends.

A process apart from the service: typst keeps tens of megabytes once it has worked, and a template
that runs away is ended by the limits set here. Run as ``python -m contracts.adapters.pdf_worker``.
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


class Kind(IntEnum):
    """What a message is."""

    REQUEST = 0
    PDF = 1
    REFUSAL = 2


def main() -> None:
    """Typeset what stdin asks for; a template that does not compile is answered with its fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    import typst  # noqa: PLC0415  the limit holds for it from its first byte

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(HEAD.size):
        _, length = HEAD.unpack(head)
        _limit_time()
        kind, content = _typeset(typst, fonts, json.loads(requests.read(length)))
        answers.write(HEAD.pack(kind, len(content)) + content)
        answers.flush()


def _limit_time() -> None:
    """Count the seconds of this document only."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = int(spent.ru_utime + spent.ru_stime)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + MOST_CPU_S, most))


def _typeset(typst: Any, fonts: Any, request: dict[str, Any]) -> tuple[Kind, bytes]:
    compiler = typst.Compiler(request["source"].encode(), root=str(FONTS), font_paths=fonts)
    try:
        made = compiler.compile(
            format="pdf", timestamp=request["timestamp"], sys_inputs={"data": request["data"]}
        )
    except typst.TypstError as error:
        return Kind.REFUSAL, str(error).encode()[:1000]
    return Kind.PDF, made if isinstance(made, bytes) else b""


if __name__ == "__main__":
    main()
