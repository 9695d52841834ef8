"""Composition: the parties, the faults that strike them and the control routes, as one server."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Protocol, runtime_checkable

from aiohttp import web

from sandbox import discord, keeping, roblox, stripe
from sandbox import faults as faults_
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.faults import BadFault, Faults
from sandbox.keeping import Keeper


class Party(Protocol):
    """One outside party: a set of routes with absolute paths."""

    def routes(self) -> list[web.RouteDef]:
        """All routes of the party, its control routes included."""
        ...


@runtime_checkable
class Living(Protocol):
    """A party with work of its own between requests."""

    async def start(self) -> None:
        """Begin the work; called before the first request."""

    async def stop(self) -> None:
        """End the work and everything it started."""


def build_app(
    config: Config, clock: Clock, faults: Faults | None = None, keeper: Keeper | None = None
) -> web.Application:
    """The whole sandbox as one application, ready to be served."""
    faults, keeper = faults or Faults(), keeper or Keeper()
    parties = _parties(config, clock, faults, keeper)
    keeper.flush()
    app = web.Application(
        middlewares=[keeping.middleware(keeper), faults_.middleware(faults, parties)],
        client_max_size=32 * 1024 * 1024,
    )
    for party in parties.values():
        app.add_routes(party.routes())
    app.add_routes(_control(clock, faults, parties))
    app.cleanup_ctx.append(lambda _: _lives(parties, keeper))
    return app


def _parties(config: Config, clock: Clock, faults: Faults, keeper: Keeper) -> Mapping[str, Party]:
    return {
        "stripe": stripe.build(config, clock, faults, keeper),
        "roblox": roblox.build(config, clock, faults, keeper),
        "discord": discord.build(config, clock, faults, keeper),
    }


async def _lives(parties: Mapping[str, Party], keeper: Keeper) -> AsyncIterator[None]:
    living = [party for party in parties.values() if isinstance(party, Living)]
    for party in living:
        await party.start()
    yield
    for party in reversed(living):
        await party.stop()
    keeper.close()


def _control(clock: Clock, faults: Faults, parties: Mapping[str, Party]) -> list[web.RouteDef]:
    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "parties": sorted(parties)})

    return [
        web.get("/healthz", healthz),
        *_fault_routes(faults, parties),
        *_clock_routes(clock),
    ]


def _fault_routes(faults: Faults, parties: Mapping[str, Party]) -> list[web.RouteDef]:
    async def order(request: web.Request) -> web.Response:
        try:
            fault = faults_.parse(await request.json())
            if fault.party not in parties:
                raise BadFault(f"party must be one of {', '.join(sorted(parties))}")
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        faults.order(fault)
        return web.json_response(asdict(fault), status=201)

    async def pending(_: web.Request) -> web.Response:
        return web.json_response({"faults": [asdict(fault) for fault in faults.pending()]})

    async def clear(_: web.Request) -> web.Response:
        faults.clear()
        return web.Response(status=204)

    path = "/control/faults"
    return [web.post(path, order), web.get(path, pending), web.delete(path, clear)]


def _clock_routes(clock: Clock) -> list[web.RouteDef]:
    async def read(_: web.Request) -> web.Response:
        return web.json_response({"now": clock.now().isoformat(), "offset_s": clock.offset_s()})

    async def move(request: web.Request) -> web.Response:
        try:
            document = await request.json()
        except ValueError:
            document = None
        seconds = document.get("advance_s") if isinstance(document, dict) else None
        if type(seconds) is not int:
            return web.json_response({"error": "advance_s must be an integer"}, status=400)
        clock.move(seconds)
        return await read(request)

    return [web.get("/control/clock", read), web.post("/control/clock", move)]
