"""The PDF of a contract: same template, same terms, same moment, same bytes."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime

from contracts.domain.errors import TemplateRefused
from contracts.press import HEAD, Verdict

TIMEOUT_S = 20.0
IDLE_S = 5.0
MOST_DOCUMENTS = 100
# Typst fetches packages that a template names; it finds no way out of this process.
_ENVIRONMENT = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


class PressFailed(Exception):
    """The document was not made, for a reason that is not the template's; it is tried again."""


class Press:
    """Makes PDFs with typst in a process of its own, one after the other.

    Starting that process costs several times what a document does, so it stays for the next one;
    it ends when nothing was wished for a while, and at once when anything went wrong with it.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S, idle_s: float = IDLE_S) -> None:
        """Ready at once; the process starts with the first document."""
        self._timeout_s, self._idle_s = timeout_s, idle_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._made = 0

    @property
    def runs(self) -> bool:
        """Whether the process is there, for whoever asks next."""
        return self._process is not None and self._process.returncode is None

    async def typeset(self, source: str, data: str, at: datetime) -> bytes:
        """The document of this template and data; the same input gives the same bytes."""
        wish = {"source": source, "data": data, "timestamp": int(at.timestamp())}
        async with self._turn:
            verdict, made = await self._ask(json.dumps(wish).encode())
        if verdict is Verdict.REFUSED:
            raise TemplateRefused(f"The template does not compile: {made.decode()}")
        if not made.startswith(b"%PDF-"):
            raise PressFailed("the press made no PDF")
        return made

    async def close(self) -> None:
        """Have no process left."""
        if self._rest is not None:
            self._rest.cancel()
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _ask(self, wish: bytes) -> tuple[Verdict, bytes]:
        answered = False
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._exchange(await self._ready(), wish)
            answered = True
            return answer
        except TimeoutError:
            raise PressFailed(f"the press took longer than {self._timeout_s:.0f} s") from None
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise PressFailed(f"the press ended: {type(error).__name__}") from error
        finally:
            if answered and self._made < MOST_DOCUMENTS:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._idle_s, self._retire)
            else:
                await self.close()

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._rest is not None:
            self._rest.cancel()
        if self._process is None or self._process.returncode is not None:
            self._made = 0
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-m",
                "contracts.press",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_ENVIRONMENT,
            )
        return self._process

    async def _exchange(
        self, process: asyncio.subprocess.Process, wish: bytes
    ) -> tuple[Verdict, bytes]:
        if process.stdin is None or process.stdout is None:
            raise PressFailed("the press has no pipes")
        process.stdin.write(HEAD.pack(Verdict.WISH, len(wish)) + wish)
        await process.stdin.drain()
        verdict, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        made = await process.stdout.readexactly(length)
        self._made += 1
        return Verdict(verdict), made

    def _retire(self) -> None:
        """Let the process end by itself: its input is over."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
