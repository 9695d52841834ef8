"""Uploaded files: kept in memory, served under an address as Discord's CDN does."""

import re

from aiohttp import web

from sandbox.discord.entities import Attachment, Channel
from sandbox.discord.errors import ApiError, Form, Json
from sandbox.discord.rest import File
from sandbox.discord.state import World

FIELD = re.compile(r"files\[(\d+)\]|file(\d*)")
LIMIT_BYTES = 10 * 1024 * 1024
MOST_FILES = 10


def store(world: World, channel: Channel, files: list[File], body: Json) -> list[Attachment]:
    """Keep the uploaded files, described by the body's `attachments`."""
    if len(files) > MOST_FILES:
        form = Form()
        form.refuse("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        form.raise_if_refused()
    if sum(len(file.data) for file in files) > LIMIT_BYTES:
        raise ApiError(413, 40005, "Request entity too large")
    described = body.get("attachments") or []
    return [_keep(world, channel, file, _description(file, described)) for file in files]


def _description(file: File, described: list[Json]) -> str | None:
    found = FIELD.fullmatch(file.field)
    number = (found.group(1) or found.group(2) or "0") if found else "0"
    for entry in described:
        if str(entry.get("id")) == number:
            return entry.get("description")
    return None


def _keep(world: World, channel: Channel, file: File, description: str | None) -> Attachment:
    new_id = world.ids.next()
    path = f"/discord/attachments/{channel.id}/{new_id}/{file.filename}"
    kind = file.content_type
    kept = Attachment(new_id, file.filename, kind, file.data, path, description)
    world.attachments[new_id] = kept
    return kept


def kept_on_edit(old: list[Attachment], body: Json) -> list[Attachment]:
    """The attachments an edit leaves on the message."""
    if "attachments" not in body:
        return old
    wanted = {str(entry.get("id")) for entry in body["attachments"] or []}
    return [attachment for attachment in old if attachment.id in wanted]


def routes(world: World) -> list[web.RouteDef]:
    """The address under which files are read."""

    async def download(request: web.Request) -> web.Response:
        found = world.attachments.get(request.match_info["attachment_id"])
        if found is None or found.filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.data, headers={"Content-Type": found.content_type})

    path = "/discord/attachments/{channel_id}/{attachment_id}/{filename}"
    return [web.get(path, download)]
