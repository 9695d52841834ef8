"""The PDF of a contract: same template, same terms, same moment, same bytes."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime

from contracts.domain.errors import TemplateRefused

TIMEOUT_S = 20.0
AT_ONCE = 2
_REFUSED = 2
# Typst fetches packages that a template names; it finds no way out of this process.
_ENVIRONMENT = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


class PressFailed(Exception):
    """The document was not made, for a reason that is not the template's; it is tried again."""


class Press:
    """Makes PDFs with typst, each in a process of its own, only a few at a time."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """Ready at once; a process is started per document, and ended when it takes too long."""
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(AT_ONCE)

    async def typeset(self, source: str, data: str, at: datetime) -> bytes:
        """The document of this template and data; the same input gives the same bytes."""
        wish = {"source": source, "data": data, "timestamp": int(at.timestamp())}
        async with self._places:
            code, made, complaint = await _run(json.dumps(wish).encode(), self._timeout_s)
        if code == _REFUSED:
            raise TemplateRefused(f"The template does not compile: {complaint}")
        if code or not made.startswith(b"%PDF-"):
            raise PressFailed(f"the press ended with {code}: {complaint}")
        return made


async def _run(wish: bytes, timeout_s: float) -> tuple[int, bytes, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "contracts.press",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(timeout_s):
            made, complaint = await process.communicate(wish)
    except TimeoutError:
        raise PressFailed(f"the press took longer than {timeout_s:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, made, complaint.decode(errors="replace")[-600:]
