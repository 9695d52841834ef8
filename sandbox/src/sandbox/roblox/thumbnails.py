"""thumbnails.roblox.com: addresses of pictures, and the pictures, drawn from the id."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Container
from typing import Any

from aiohttp import web

from sandbox.roblox.replies import ID, Outage, answering, data, ids_asked
from sandbox.roblox.world import World

MOST_PICTURES = 100
SIDE = 16


def picture(number: int) -> bytes:
    """A PNG of one colour; the same number always gives the same bytes."""
    colour = struct.pack(">I", zlib.crc32(str(number).encode()))[:3]
    rows = (b"\0" + colour * SIDE) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


class Thumbnails:
    """Game icons and avatar headshots of everyone who exists."""

    def __init__(self, world: World, outage: Outage, base_url: str) -> None:
        self._world = world
        self._outage = outage
        self._base_url = base_url

    def routes(self) -> list[web.RouteDef]:
        """The routes of the host `thumbnails` and of the picture store `rbxcdn`."""
        host = "/roblox/thumbnails/v1"
        return [
            self._get("thumbnails", host + "/games/icons", self.icons),
            self._get("thumbnails", host + "/users/avatar-headshot", self.headshots),
            self._get("rbxcdn", f"/roblox/rbxcdn/{{kind}}/{ID}.png", self.image),
        ]

    def _get(self, host: str, path: str, handler: Any) -> web.RouteDef:
        return web.get(path, answering(self._outage, host, handler))

    def icons(self, request: web.Request) -> web.Response:
        """The icons of the universes asked for; unknown ones are left out."""
        asked = ids_asked(request, "universeIds", MOST_PICTURES)
        return self._pictures("GameIcon", asked, self._world.games)

    def headshots(self, request: web.Request) -> web.Response:
        """The headshots of the users asked for; unknown ones are left out."""
        asked = ids_asked(request, "userIds", MOST_PICTURES)
        return self._pictures("AvatarHeadshot", asked, self._world.users)

    def image(self, request: web.Request) -> web.Response:
        """The picture itself."""
        body = picture(int(request.match_info["id"]))
        return web.Response(body=body, content_type="image/png")

    def url(self, kind: str, number: int) -> str:
        """Where the picture of this kind and number is served."""
        return f"{self._base_url}/roblox/rbxcdn/{kind}/{number}.png"

    def _pictures(self, kind: str, asked: list[int], known: Container[int]) -> web.Response:
        return data(
            {
                "targetId": number,
                "state": "Completed",
                "imageUrl": self.url(kind, number),
                "version": "TN3",
            }
            for number in dict.fromkeys(asked)
            if number in known
        )
