"""Reads at the owners, on behalf of the person in front of the screen."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from chassis.http.callers import SECRET_HEADER
from contracts_schema import refusals
from contracts_schema.message import DiscordActor

TIMEOUT = aiohttp.ClientTimeout(sock_connect=3.0, sock_read=3.0)
NOT_REGISTERED = "not_registered"
_RENEW_BEFORE_S = 30.0
_MOST_TOKENS = 5_000
_MOST_ADDRESS = 2000

Json = dict[str, Any]


class OwnerAway(Exception):
    """The service that would answer cannot be reached, or cannot answer now."""


class OwnerRefused(Exception):
    """The owner refused, and says why and what to do."""

    def __init__(self, status: int, code: str, detail: str, next_action: str = "") -> None:
        """Keep the problem's parts."""
        super().__init__(detail)
        self.status, self.code = status, code
        self.detail, self.next_action = detail, next_action


@dataclass(frozen=True, slots=True)
class Access:
    """A person's short-lived access, as identity gave it."""

    token: str
    user_id: str
    until: float


@dataclass(frozen=True, slots=True)
class Document:
    """A file that an owner keeps: its bytes, or the address it is fetched from."""

    content: bytes = b""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What an owner answered."""

    status: int
    content: bytes
    location: str

    @property
    def is_success(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300


class Owners:
    """The services that own what people read; each is asked as the reader, with their rights."""

    def __init__(self, urls: Mapping[str, str], service_secret: str) -> None:
        """Reach the owners under these addresses; the secret is for identity alone."""
        self._urls, self._secret = urls, service_secret
        self._access: dict[str, Access] = {}
        self._http: aiohttp.ClientSession

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Ask only while this is open; the connections are closed in the end."""
        cookies = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=cookies) as self._http:
            yield

    async def access(self, reader: DiscordActor) -> Access:
        """The person's access; raises OwnerRefused for who has not joined."""
        discord_user_id = reader.discord_user_id
        known = self._access.get(discord_user_id)
        if known is not None and known.until > time.monotonic():
            return known
        response = await self._send(
            "POST",
            "identity",
            "/internal/token-exchange",
            headers={SECRET_HEADER: self._secret},
            json={"discord_user_id": discord_user_id},
        )
        if response.status == 404:
            said = refusals.words(f"common.{NOT_REGISTERED}", reader.locale)
            raise OwnerRefused(404, NOT_REGISTERED, said.detail, said.next_action)
        body = _body(response)
        token, lives_s = str(body["access_token"]), float(body["expires_in"])
        until = time.monotonic() + lives_s - _RENEW_BEFORE_S
        if len(self._access) >= _MOST_TOKENS:
            self._access.clear()
        self._access[discord_user_id] = access = Access(token, _subject(token), until)
        return access

    async def get(
        self, service: str, path: str, reader: DiscordActor, params: Mapping[str, str] | None = None
    ) -> Any:
        """What the owner answers to this person."""
        headers = await self._headers(reader)
        return _body(await self._send("GET", service, path, headers=headers, params=params))

    async def public(self, service: str, path: str) -> Any:
        """What the owner answers to anybody."""
        return _body(await self._send("GET", service, path))

    async def post(self, service: str, path: str, reader: DiscordActor, key: str) -> Any:
        """What the owner answers to this person; the same key asks for the same thing."""
        headers = await self._headers(reader) | {"Idempotency-Key": key}
        return _body(await self._send("POST", service, path, headers=headers, json={}))

    async def address(self, service: str, path: str, reader: DiscordActor, key: str) -> str:
        """A secret page that is this person's alone: its address, fresh from the owner."""
        body = await self.post(service, path, reader, key)
        url = str(body.get("url", "")) if isinstance(body, dict) else ""
        if not url.startswith(("https://", "http://")) or len(url) > _MOST_ADDRESS:
            raise OwnerAway(f"{service} gave no usable address")
        return url

    async def document(self, service: str, path: str, reader: DiscordActor) -> Document:
        """A file this person may read."""
        response = await self._send("GET", service, path, headers=await self._headers(reader))
        if 300 <= response.status < 400:
            return Document(url=response.location)
        if not response.is_success:
            _body(response)
        return Document(content=response.content)

    async def _headers(self, reader: DiscordActor) -> dict[str, str]:
        token = (await self.access(reader)).token
        return {"Authorization": f"Bearer {token}", "Accept-Language": reader.locale}

    async def _send(self, method: str, service: str, path: str, **parts: Any) -> Response:
        url = self._urls[service] + path
        try:
            async with self._http.request(method, url, allow_redirects=False, **parts) as answered:
                location = answered.headers.get("Location", "")
                response = Response(answered.status, await answered.read(), location)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise OwnerAway(f"{service}: {type(error).__name__}") from error
        if response.status >= 500 or response.status == 429:
            raise OwnerAway(f"{service} answers {response.status}")
        return response


def _body(response: Response) -> Any:
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if response.is_success and body is not None:
        return body
    problem = body if isinstance(body, dict) else {}
    raise OwnerRefused(
        response.status,
        str(problem.get("code") or "refused"),
        str(problem.get("detail") or problem.get("title") or ""),
        str(problem.get("next_action") or ""),
    )


def _subject(token: str) -> str:
    """Whom the token is for; it came from identity itself, so only its reader needs to check it."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])
