"""One document, one process: reads a wish from stdin, writes a PDF to stdout, and is gone.

Typst keeps tens of megabytes once it has worked; here they go back when the document is done, and
a template that runs away is ended by its limits. Run as ``python -m contracts.press``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
MOST_MEMORY = 2 * 1024**3
MOST_CPU_S = 10


def main() -> None:
    """Typeset what stdin asks for; a refused template is told on stderr, with exit code 2."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    import typst  # noqa: PLC0415  the limits hold for it from its first byte

    wish = json.load(sys.stdin.buffer)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    compiler = typst.Compiler(wish["source"].encode(), root=str(FONTS), font_paths=fonts)
    try:
        made = compiler.compile(
            format="pdf", timestamp=wish["timestamp"], sys_inputs={"data": wish["data"]}
        )
    except typst.TypstError as error:
        sys.stderr.write(str(error)[:1000])
        raise SystemExit(2) from None
    if not isinstance(made, bytes):
        raise SystemExit("typst made no single file")
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
