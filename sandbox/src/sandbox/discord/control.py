"""The control routes: a test or the demo moves people, looks through their eyes, plays faults."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import takewhile

from aiohttp import web

from sandbox.discord import render
from sandbox.discord.entities import Interaction, Message, Progress
from sandbox.discord.errors import Json
from sandbox.discord.founding import Founding
from sandbox.discord.gateway import Gateway
from sandbox.discord.interactions import ACKNOWLEDGE_WITHIN_S, Interactions
from sandbox.discord.messages import Messages
from sandbox.discord.people import People
from sandbox.discord.refusals import Refused
from sandbox.discord.state import World
from sandbox.discord.stats import Stats

ROOT = "/control/discord"
MOST_WAIT_S = 60.0
DEFAULT_WAIT_S = 10.0
ORDER = (Progress.PENDING, Progress.ACKNOWLEDGED, Progress.ANSWERED)
ACTIONS = ("reconnect", "drop", "close", "invalidate", "invalidate_resumable", "refuse", "accept")
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of the stand-in that control reaches into."""

    world: World
    people: People
    founding: Founding
    interactions: Interactions
    messages: Messages
    gateway: Gateway
    stats: Stats


class Control:
    """Everything a driver can ask for under /control/discord."""

    def __init__(self, stage: Stage) -> None:
        self._world = stage.world
        self._people = stage.people
        self._founding = stage.founding
        self._interactions = stage.interactions
        self._messages = stage.messages
        self._gateway = stage.gateway
        self._stats = stage.stats

    def route_defs(self) -> list[web.RouteDef]:
        """All control routes."""
        post, get, delete = web.post, web.get, web.delete
        founding, people = self._founding, self._people
        return [
            post(f"{ROOT}/users", _made(founding.add_user)),
            post(f"{ROOT}/users/{{user}}/dms", _guarded(self._set_dms)),
            get(f"{ROOT}/users/{{user}}", _guarded(self._show_user)),
            post(f"{ROOT}/guilds", _made(founding.add_guild)),
            get(f"{ROOT}/guilds/{{guild}}", _guarded(self._show_guild)),
            delete(f"{ROOT}/guilds/{{guild}}/bot", _guarded(self._remove_bot)),
            post(f"{ROOT}/channels", _made(founding.add_channel)),
            delete(f"{ROOT}/channels/{{channel}}", _guarded(self._remove_channel)),
            post(f"{ROOT}/members", _made(founding.add_member)),
            delete(f"{ROOT}/members/{{guild}}/{{user}}", _guarded(self._remove_member)),
            post(f"{ROOT}/commands", _made(lambda b: self._started(people.command(b)))),
            get(f"{ROOT}/commands", _guarded(self._commands)),
            post(f"{ROOT}/autocomplete", _guarded(self._autocomplete)),
            post(f"{ROOT}/press", _made(self._press)),
            post(f"{ROOT}/submit", _made(lambda b: self._started(people.submit(b)))),
            post(f"{ROOT}/messages", _made(lambda b: self._view(people.write(b)))),
            post(f"{ROOT}/reactions", _made(lambda b: self._view(people.react(b)))),
            post(f"{ROOT}/leave", _guarded(self._leave)),
            delete(f"{ROOT}/messages/{{message}}", _guarded(self._delete_message)),
            get(f"{ROOT}/interactions/{{interaction}}", _guarded(self._interaction)),
            post(f"{ROOT}/interactions/{{interaction}}/redeliver", _guarded(self._redeliver)),
            get(f"{ROOT}/inbox", _guarded(self._inbox)),
            post(f"{ROOT}/gateway", _guarded(self._play)),
            get(f"{ROOT}/stats", _guarded(self._report)),
        ]

    def _view(self, message: Message) -> Json:
        return render.view(self._world, message)

    @staticmethod
    def _started(interaction: Interaction) -> Json:
        return {"interaction_id": interaction.id, "delivered": interaction.receivers > 0}

    def _press(self, body: Json) -> Json:
        pressed = self._people.press(body)
        return {"url": pressed} if isinstance(pressed, str) else self._started(pressed)

    async def _set_dms(self, request: web.Request) -> Json:
        return self._founding.set_dms(request.match_info["user"], await _body(request))

    async def _show_user(self, request: web.Request) -> Json:
        return self._founding.show_user(self._people.person(request.match_info["user"]))

    async def _show_guild(self, request: web.Request) -> Json:
        return self._founding.show_guild(self._people.guild(request.match_info["guild"]))

    async def _remove_bot(self, request: web.Request) -> None:
        self._founding.remove_bot(request.match_info["guild"])

    async def _remove_channel(self, request: web.Request) -> None:
        self._founding.remove_channel(request.match_info["channel"])

    async def _remove_member(self, request: web.Request) -> None:
        self._founding.remove_member(request.match_info["guild"], request.match_info["user"])

    async def _leave(self, request: web.Request) -> None:
        self._people.leave_thread(await _body(request))

    async def _delete_message(self, request: web.Request) -> None:
        """Without `user` as Discord's moderators do; with it as that person may."""
        message_id, user = request.match_info["message"], request.query.get("user")
        if user is not None:
            self._people.delete({"user": user, "message_id": message_id})
        elif (message := self._world.messages.get(message_id)) is not None:
            self._messages.delete(message)
        else:
            raise Refused(404, f"no message {message_id!r}")

    async def _commands(self, request: web.Request) -> Json:
        """The synced tree, global and per guild."""
        scopes = self._world.commands.items()
        return {scope or "global": list(known.values()) for scope, known in scopes}

    async def _autocomplete(self, request: web.Request) -> Json:
        interaction = self._people.autocomplete(await _body(request))
        choices = await self._world.changes.wait(lambda: interaction.choices, ACKNOWLEDGE_WITHIN_S)
        return {**self._started(interaction), "choices": choices}

    def _known(self, request: web.Request) -> Interaction:
        interaction = self._world.interactions.get(request.match_info["interaction"])
        if interaction is None:
            raise Refused(404, f"no interaction {request.match_info['interaction']!r}")
        return interaction

    async def _interaction(self, request: web.Request) -> Json:
        """The interaction's state; with `wait`, once it got so far, failed, or time is over."""
        interaction = self._known(request)
        wait = request.query.get("wait")
        if wait is not None:
            if wait not in ORDER:
                raise Refused(400, f"wait: one of {', '.join(ORDER)}")
            reached = ORDER[ORDER.index(Progress(wait)) :]
            await self._world.changes.wait(
                lambda: self._reached(interaction, reached), _seconds(request, "timeout")
            )
        return self.show(interaction)

    def _reached(self, interaction: Interaction, states: tuple[Progress, ...]) -> bool | None:
        return self._interactions.progress(interaction) in (*states, Progress.FAILED) or None

    def show(self, interaction: Interaction) -> Json:
        """All that came of an interaction."""
        original = self._world.messages.get(interaction.original_id or "")
        followups = [self._world.messages.get(i) for i in interaction.followups]
        return {
            "id": interaction.id,
            "user_id": interaction.user_id,
            "channel_id": interaction.channel_id,
            "kind": interaction.kind.name.lower(),
            "state": self._interactions.progress(interaction),
            "callback": interaction.callback.name.lower() if interaction.callback else None,
            "acknowledged_ms": interaction.acknowledged_ms,
            "answered_ms": interaction.answered_ms,
            "late_ms": interaction.late_ms,
            "delivered": interaction.receivers > 0,
            "modal": interaction.modal,
            "choices": interaction.choices,
            "message": self._view(original) if original else None,
            "followups": [self._view(message) for message in followups if message],
            "submits": interaction.submits,
            "redelivered": interaction.redelivered,
        }

    async def _redeliver(self, request: web.Request) -> Json:
        interaction = self._known(request)
        self._interactions.redeliver(interaction)
        return self._started(interaction)

    async def _inbox(self, request: web.Request) -> Json:
        """What a person sees; with `wait`, as soon as something fits."""
        query = request.query
        user = self._people.person(query.get("user"))
        look = self._look(user.id, dict(query))
        found = look()
        if not found and "wait" in query:
            seconds = _seconds(request, "wait")
            found = await self._world.changes.wait(lambda: look() or None, seconds) or []
        revision = self._world.revision
        return {"messages": [self._view(message) for message in found], "revision": revision}

    def _look(self, user_id: str, query: dict[str, str]) -> Callable[[], list[Message]]:
        after, since = _number(query, "after"), _number(query, "since")
        contains, channel = query.get("contains", ""), query.get("channel")
        limit = _number(query, "limit") or 200

        def fits(message: Message) -> bool:
            return (
                message.revision > since
                and (channel is None or channel in (message.channel_id, self._name(message)))
                and self._world.shows(user_id, message)
                and contains.lower() in render.text_of(message).lower()
            )

        def look() -> list[Message]:
            newest_first = reversed(self._world.messages.values())
            fresh = takewhile(lambda m: int(m.id) > after, newest_first)
            found = [message for message in fresh if fits(message)]
            return found[:limit][::-1]

        return look

    def _name(self, message: Message) -> str:
        return self._world.channels[message.channel_id].name

    async def _play(self, request: web.Request) -> Json:
        """Strike the gateway's connections, or refuse new ones until `accept`."""
        body = await _body(request)
        action, code = body.get("action"), body.get("code", 4000)
        if action not in ACTIONS:
            raise Refused(400, f"action: one of {', '.join(ACTIONS)}")
        if type(code) is not int or not 4000 <= code <= 4999:
            raise Refused(400, "code: a close code from 4000 to 4999")
        struck = 0
        if action in ("refuse", "accept"):
            self._gateway.refuses = action == "refuse"
        else:
            struck = self._gateway.act(action, code)
        return {"struck": struck, **self._gateway.status()}

    async def _report(self, _: web.Request) -> Json:
        report = self._stats.report()
        report["interactions"] = len(self._world.interactions)
        report["gateway"] |= self._gateway.status()
        return report


def _made(act: Callable[[Json], Json]) -> Handler:
    async def handle(request: web.Request) -> Json:
        return act(await _body(request))

    return _guarded(handle, 201)


def _guarded(
    handler: Callable[[web.Request], Awaitable[Json | None]], status: int = 200
) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = await handler(request)
        except Refused as refused:
            return web.json_response({"error": refused.cause}, status=refused.status)
        return web.Response(status=204) if body is None else web.json_response(body, status=status)

    return handle


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise Refused(400, "the body must be JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "the body must be a JSON object")
    return body


def _seconds(request: web.Request, name: str) -> float:
    try:
        seconds = float(request.query.get(name, DEFAULT_WAIT_S))
    except ValueError as error:
        raise Refused(400, f"{name}: a number of seconds is needed") from error
    return min(max(seconds, 0.0), MOST_WAIT_S)


def _number(query: dict[str, str], name: str) -> int:
    text = query.get(name, "0")
    if not text.isdigit():
        raise Refused(400, f"{name}: a whole number is needed")
    return int(text)
