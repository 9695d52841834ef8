"""The PDF of a contract: same template, same terms, same moment, same seal, same bytes."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime

from contracts.adapters.pdf_worker import HEAD, Kind
from contracts.domain.errors import TemplateRefused
from contracts.ports import TypesettingFailed

TIMEOUT_S = 20.0
IDLE_S = 5.0
MOST_DOCUMENTS = 100
# Typst fetches packages that a template names; it finds no way out of this process.
_ENVIRONMENT = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


class TypstWorker:
    """Makes PDFs with typst in a process of its own, one after the other.

    Starting that process costs several times what a document does, so it stays for the next one;
    it ends when nothing was asked for a while, and at once when anything went wrong with it.
    """

    def __init__(self, seal: str, timeout_s: float = TIMEOUT_S, idle_s: float = IDLE_S) -> None:
        """Seal with this key (PEM); ready at once, the process starts with the first document."""
        self._seal, self._timeout_s, self._idle_s = seal, timeout_s, idle_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._retirement: asyncio.TimerHandle | None = None
        self._made = 0

    @property
    def runs(self) -> bool:
        """Whether the process is there, for whoever asks next."""
        return self._process is not None and self._process.returncode is None

    async def typeset(self, source: str, data: str, at: datetime) -> bytes:
        """The sealed document of this template and data; the same input gives the same bytes."""
        return await self._made_of(source, data, at, self._seal)

    async def try_out(self, source: str, data: str, at: datetime) -> bytes:
        """The same without the seal, which no sample carries."""
        return await self._made_of(source, data, at, "")

    async def _made_of(self, source: str, data: str, at: datetime, seal: str) -> bytes:
        request = {"source": source, "data": data, "timestamp": int(at.timestamp()), "seal": seal}
        async with self._turn:
            kind, content = await self._ask(json.dumps(request).encode())
        if kind is Kind.REFUSAL:
            raise TemplateRefused(content.decode())
        if not content.startswith(b"%PDF-"):
            raise TypesettingFailed("the PDF worker made no PDF")
        return content

    async def close(self) -> None:
        """End the process, if there is one."""
        if self._retirement is not None:
            self._retirement.cancel()
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _ask(self, request: bytes) -> tuple[Kind, bytes]:
        answered = False
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._exchange(await self._ready(), request)
            answered = True
            return answer
        except TimeoutError:
            raise TypesettingFailed(
                f"the PDF worker took longer than {self._timeout_s:.0f} s"
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise TypesettingFailed(f"the PDF worker ended: {type(error).__name__}") from error
        finally:
            if answered and self._made < MOST_DOCUMENTS:
                loop = asyncio.get_running_loop()
                self._retirement = loop.call_later(self._idle_s, self._retire)
            else:
                await self.close()

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._retirement is not None:
            self._retirement.cancel()
        if self._process is None or self._process.returncode is not None:
            self._made = 0
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-m",
                "contracts.adapters.pdf_worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_ENVIRONMENT,
            )
        return self._process

    async def _exchange(
        self, process: asyncio.subprocess.Process, request: bytes
    ) -> tuple[Kind, bytes]:
        if process.stdin is None or process.stdout is None:
            raise TypesettingFailed("the PDF worker has no pipes")
        process.stdin.write(HEAD.pack(Kind.REQUEST, len(request)) + request)
        await process.stdin.drain()
        kind, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        content = await process.stdout.readexactly(length)
        self._made += 1
        return Kind(kind), content

    def _retire(self) -> None:
        """Close the process's input, so that it ends by itself."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
