"""Documents in S3 under object lock: written once, kept for seven years, by nobody changed.

The requests are signed by botocore and sent by httpx: the full S3 client costs 60 MB of memory.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from contracts_schema.terms import sha256_hex

from contracts.ports import ArchiveDiffers, ArchiveUnavailable

TIMEOUT_S = 10.0
LARGEST = 16 * 1024 * 1024
_KEY = re.compile("<Key>([^<&]+)</Key>")
"""Keys are ours: none has a character that XML writes in another way."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the documents are, and the keys to it."""

    endpoint: str
    name: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"


class S3Archive:
    """The archive in an S3 bucket that was made with object lock."""

    def __init__(self, bucket: Bucket) -> None:
        """Keep documents in this bucket; nothing connects before the first use."""
        self.bucket = bucket
        credentials = Credentials(bucket.access_key, bucket.secret_key)
        self._signer = S3SigV4Auth(credentials, "s3", bucket.region)
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._locked = False

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def keep(self, key: str, content: bytes, media_type: str, until: datetime) -> None:
        """Have exactly this content under this key; repeating it changes nothing."""
        await self._require_lock()
        headers = {
            "If-None-Match": "*",
            "Content-Type": media_type,
            "Content-MD5": _base64(hashlib.md5(content, usedforsecurity=False).digest()),
            "x-amz-checksum-sha256": _base64(hashlib.sha256(content).digest()),
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        answer = await self._ask("PUT", f"/{key}", headers, content)
        if answer.status_code == 412:
            await self.read(key, sha256_hex(content))
        elif answer.is_error:
            raise ArchiveUnavailable(f"storing {key}: {_shown(answer)}")

    async def read(self, key: str, sha256: str) -> bytes:
        """The content under this key, which has this hash; raises ArchiveDiffers otherwise."""
        content = await self.content(key)
        if sha256_hex(content) != sha256:
            raise ArchiveDiffers(f"{key} in the archive is not what was stored")
        return content

    async def content(self, key: str) -> bytes:
        """Whatever is under this key; raises ArchiveDiffers where nothing is."""
        answer = await self._ask("GET", f"/{key}")
        if answer.status_code == 404:
            raise ArchiveDiffers(f"{key} is not in the archive")
        if answer.is_error:
            raise ArchiveUnavailable(f"reading {key}: {_shown(answer)}")
        return answer.content

    async def names(self, prefix: str, after: str = "") -> list[str]:
        """The keys that begin so and come after that one, in their order."""
        found: list[str] = []
        while True:
            asked = {
                "list-type": "2",
                "prefix": prefix,
                "start-after": found[-1] if found else after,
            }
            query = urlencode(
                {name: value for name, value in asked.items() if value}, quote_via=quote
            )
            answer = await self._ask("GET", f"?{query}")
            if answer.is_error:
                raise ArchiveUnavailable(f"listing {prefix}: {_shown(answer)}")
            found += _KEY.findall(answer.text)
            if "<IsTruncated>true</IsTruncated>" not in answer.text:
                return found

    async def _require_lock(self) -> None:
        if self._locked:
            return
        answer = await self._ask("GET", "?object-lock")
        if answer.is_error or "Enabled" not in answer.text:
            raise ArchiveUnavailable(
                f"bucket {self.bucket.name} has no object lock ({_shown(answer)}):"
                " make it anew with object lock, or name another in HOLDFAST_S3_BUCKET"
            )
        self._locked = True

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> httpx.Response:
        url = f"{self.bucket.endpoint.rstrip('/')}/{self.bucket.name}{path}"
        request = AWSRequest(method, url, headers=dict(headers or {}), data=content)
        self._signer.add_auth(request)
        signed = dict(request.headers.items())
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._answer(method, url, signed, content)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ArchiveUnavailable(f"{type(error).__name__}: {error}"[:300]) from error

    async def _answer(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> httpx.Response:
        async with self._http.stream(method, url, headers=headers, content=content) as answer:
            read, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > LARGEST:
                    raise ArchiveUnavailable(f"{method} answered with more than {LARGEST} bytes")
                read.append(part)
        return httpx.Response(answer.status_code, content=b"".join(read))


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _shown(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.text[:200]}"
