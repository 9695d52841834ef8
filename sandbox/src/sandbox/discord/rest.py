"""The REST API's edge: routes, tokens, rate limits, bodies and error answers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from sandbox.discord.entities import User
from sandbox.discord.errors import ApiError, Json, not_found, unauthorized
from sandbox.discord.rate_limits import DEFAULT, Limit, RateLimits, retry_after
from sandbox.discord.stats import Stats

PREFIXES = ("/discord/api/v10", "/discord/api")
INVALID = (401, 403, 429)
NO_CONTENT = 204


class Token(StrEnum):
    """Whose token a route asks for."""

    BOT = "bot"
    USER = "user"
    EITHER = "either"
    IN_PATH = "in path"


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file of a multipart body."""

    field: str
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood: path parts, body, files and the person whose token it bears."""

    request: web.Request
    body: Json | list[Json]
    files: list[File] = field(default_factory=list)
    person: User | None = None
    scopes: frozenset[str] = frozenset()

    def part(self, name: str) -> str:
        """A part of the path, decoded, so that `%40original` reads `@original`."""
        return unquote(self.request.match_info[name])

    @property
    def form(self) -> Json:
        """The body, which must be a JSON object."""
        if isinstance(self.body, dict):
            return self.body
        raise ApiError(400, 50035, "Invalid Form Body")

    @property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return dict(self.request.query)


Reply = tuple[int, object]
Endpoint = Callable[[Call], Awaitable[Reply]]
Bearer = Callable[[str], tuple[User, frozenset[str]] | None]


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path of the API."""

    method: str
    path: str
    endpoint: Endpoint
    limit: Limit = DEFAULT
    token: Token = Token.BOT

    @property
    def name(self) -> str:
        """The route as the books name it."""
        return f"{self.method} {self.path}"


class Edge:
    """Turns routes into handlers that answer exactly as Discord's edge does."""

    def __init__(self, bot_token: str, limits: RateLimits, stats: Stats, bearer: Bearer) -> None:
        self._bot_token = bot_token
        self._limits = limits
        self._stats = stats
        self._bearer = bearer

    def route_defs(self, routes: list[Route]) -> list[web.RouteDef]:
        """All routes under both spellings of the API's root, and a 404 for all others."""
        defs = [
            web.route(route.method, prefix + route.path, self._handler(route))
            for prefix in PREFIXES
            for route in routes
        ]
        return [*defs, web.route("*", "/discord/api/{rest:.*}", self._unknown)]

    def error_response(self, status: int) -> web.Response:
        """An ordered failure in Discord's words."""
        if status == 429:
            return self._limited(1.0, is_global=False, headers={"Via": "1.1 google"})
        if status == 401:
            return self._refuse(unauthorized())
        return self._refuse(ApiError(status, 0, f"{status}: Ordered Failure"))

    async def _unknown(self, request: web.Request) -> web.Response:
        self._stats.count("unknown route", 404, counts_as_invalid=False)
        return self._refuse(not_found())

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if self._stats.banned():
                return web.Response(status=429, text="<html>error code: 1015</html>")
            response = await self._answer(route, request)
            invalid = response.status in INVALID
            self._stats.count(route.name, response.status, counts_as_invalid=invalid)
            return response

        return handle

    async def _answer(self, route: Route, request: web.Request) -> web.Response:
        exempt = route.token is Token.IN_PATH
        verdict = self._limits.pass_through(route.limit, _major(request), exempt=exempt)
        if verdict.wait_s:
            return self._limited(verdict.wait_s, verdict.is_global, verdict.headers)
        try:
            person, scopes = self._authorize(route.token, request)
            body, files = await _read(request)
            status, reply = await route.endpoint(Call(request, body, files, person, scopes))
        except ApiError as error:
            return self._refuse(error, verdict.headers)
        if status == NO_CONTENT:
            return web.Response(status=status, headers=verdict.headers)
        return _json(reply, status, verdict.headers)

    def _authorize(self, token: Token, request: web.Request) -> tuple[User | None, frozenset[str]]:
        if token is Token.IN_PATH:
            return None, frozenset()
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bot" and token in (Token.BOT, Token.EITHER) and secret == self._bot_token:
            return None, frozenset()
        if kind == "Bearer" and token in (Token.USER, Token.EITHER):
            found = self._bearer(secret)
            if found is not None:
                return found
        raise unauthorized()

    def _limited(self, wait_s: float, is_global: bool, headers: dict[str, str]) -> web.Response:
        self._stats.limited += 1
        self._stats.limited_globally += is_global
        body = {
            "message": "You are being rate limited.",
            "retry_after": retry_after(wait_s),
            "global": is_global,
            "code": 0,
        }
        return _json(body, 429, headers)

    @staticmethod
    def _refuse(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
        return _json(error.body(), error.status, headers or {})


def _json(body: object, status: int, headers: dict[str, str]) -> web.Response:
    # discord.py parses a body only if the type is exactly this, without a charset.
    answer = web.Response(status=status, body=json.dumps(body).encode(), headers=headers)
    answer.headers["Content-Type"] = "application/json"
    return answer


def _major(request: web.Request) -> str:
    parts = request.match_info
    if "token" in parts:
        return parts["token"]
    return parts.get("channel_id") or parts.get("guild_id") or ""


async def _read(request: web.Request) -> tuple[Json | list[Json], list[File]]:
    if request.content_type.startswith("multipart/"):
        return await _read_parts(request)
    text = await request.text()
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post()), []
    return _parse(text) if text else {}, []


def _parse(text: str) -> Json | list[Json]:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from error
    if not isinstance(body, dict | list):
        raise ApiError(400, 50035, "Invalid Form Body")
    return body


async def _read_parts(request: web.Request) -> tuple[Json | list[Json], list[File]]:
    body: Json | list[Json] = {}
    files: list[File] = []
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = _parse(data.decode())
        elif part.filename is not None:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(File(part.name or "", part.filename, kind, data))
    return body, files
