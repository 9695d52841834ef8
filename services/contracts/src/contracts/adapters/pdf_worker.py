"""Reads requests from stdin and writes PDFs to stdout, until stdin ends.

A process apart from the service: typst and pyHanko keep tens of megabytes once they have worked,
and a template that runs away is ended by the limits set here. Documents are PDF/A-2b and, where the
request brings the seal's key, sealed. Run as ``python -m contracts.adapters.pdf_worker``.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from contracts.adapters.glyphs import FONTS, shown

STANDARD = "a-2b"
MOST_MEMORY = 2 * 1024**3
MOST_CPU_S = 10
HEAD = struct.Struct(">BI")
"""Before each message: what it is, and how many bytes follow."""


class Kind(IntEnum):
    """What a message is."""

    REQUEST = 0
    PDF = 1
    REFUSAL = 2


class Press:
    """Makes documents with typst and the fonts that lie beside this file."""

    def __init__(self, typst: Any) -> None:
        """Read the fonts once for all documents."""
        self._typst = typst
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
        )

    def make(self, request: dict[str, Any]) -> tuple[Kind, bytes]:
        """The document that is asked for, or why the template makes none."""
        try:
            made = self._typeset(request, plain=False)
        except self._typst.TypstError as fault:
            # Whatever a party typed, the contract is made: at worst with more of it spelled out.
            try:
                made = self._typeset(request, plain=True)
            except self._typst.TypstError:
                return Kind.REFUSAL, str(fault).encode()[:1000]
        if request["seal"]:
            from contracts.adapters.seal import seal  # noqa: PLC0415  it takes half a second

            made = seal(made, request["seal"], datetime.fromtimestamp(request["timestamp"], UTC))
        return Kind.PDF, made

    def _typeset(self, request: dict[str, Any], *, plain: bool) -> bytes:
        source = request["source"].encode()
        compiler = self._typst.Compiler(source, root=str(FONTS), font_paths=self._fonts)
        data = json.dumps(shown(json.loads(request["data"]), plain=plain), ensure_ascii=False)
        made = compiler.compile(
            format="pdf",
            timestamp=request["timestamp"],
            sys_inputs={"data": data},
            pdf_standards=STANDARD,
        )
        return made if isinstance(made, bytes) else b""


def main() -> None:
    """Typeset what stdin asks for; a template that does not compile is answered with its fault."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    import typst  # noqa: PLC0415  the limit holds for it from its first byte

    press = Press(typst)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(HEAD.size):
        _, length = HEAD.unpack(head)
        _limit_time()
        kind, content = press.make(json.loads(requests.read(length)))
        answers.write(HEAD.pack(kind, len(content)) + content)
        answers.flush()


def _limit_time() -> None:
    """Count the seconds of this document only."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = int(spent.ru_utime + spent.ru_stime)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + MOST_CPU_S, most))


if __name__ == "__main__":
    main()
