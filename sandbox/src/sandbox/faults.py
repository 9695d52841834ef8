"""Faults on demand: what a test orders, the next matching request or message suffers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


class Kind(StrEnum):
    """What goes wrong. The first six befall requests, the last three outgoing messages."""

    DELAY = "delay"
    STATUS = "status"
    STATUS_AFTER = "status_after"
    DROP_REPLY = "drop_reply"
    DROP_REQUEST = "drop_request"
    DELAY_REPLY = "delay_reply"
    SILENCE = "silence"
    DUPLICATE = "duplicate"
    REORDER = "reorder"


REQUEST_KINDS = (
    Kind.DELAY,
    Kind.STATUS,
    Kind.STATUS_AFTER,
    Kind.DROP_REPLY,
    Kind.DROP_REQUEST,
    Kind.DELAY_REPLY,
)


class BadFault(ValueError):
    """The order cannot be followed; the message names the field and what it should hold."""


@dataclass(slots=True)
class Fault:
    """One ordered fault and how often it will still strike."""

    party: str
    kind: Kind
    match: str = "*"
    times: int = 1
    status: int = 500
    delay_s: float = 0.0
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.times < 1:
            raise BadFault("times must be 1 or more")
        if not 400 <= self.status <= 599:
            raise BadFault("status must lie in 400…599")
        if not 0 <= self.delay_s <= 600:
            raise BadFault("delay_s must lie in 0…600")

    def strikes(self, party: str, kinds: Sequence[Kind], target: str) -> bool:
        """Whether this fault concerns the target, e.g. `POST /v1/transfers` or `charge.updated`."""
        return self.party == party and self.kind in kinds and fnmatchcase(target, self.match)


@runtime_checkable
class SpeaksErrors(Protocol):
    """A party that words an injected status in its own error format."""

    def error_response(self, status: int) -> web.Response:
        """The party's own answer for the status."""
        ...


@runtime_checkable
class AtRoot(Protocol):
    """A party that also answers without its name in the path, for clients that take a host only."""

    at_root: str
    """The first word of its own paths, e.g. `v1`."""


@runtime_checkable
class TakesFaults(Protocol):
    """A party whose own handler applies some faults, found under `request[FAULT]`."""

    def takes_fault(self, request: web.Request, kind: Kind) -> bool:
        """Whether the handler of this request applies the kind itself."""
        ...


class Faults:
    """The faults that are ordered and not yet used up."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Let the fault strike its next matching targets."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Take back every order."""
        self._ordered.clear()

    def pending(self) -> list[Fault]:
        """The orders that can still strike."""
        return list(self._ordered)

    def take(self, party: str, target: str, *kinds: Kind) -> Fault | None:
        """Use up one strike of the oldest fault that concerns the target."""
        for fault in self._ordered:
            if fault.strikes(party, kinds, target):
                fault.times -= 1
                if fault.times == 0:
                    self._ordered.remove(fault)
                return fault
        return None


FAULT = web.RequestKey("fault", Fault)


def parse(document: object) -> Fault:
    """Make a Fault of the body of `POST /control/faults`."""
    if not isinstance(document, dict):
        raise BadFault("send a JSON object")
    unknown = sorted(set(document) - set(Fault.__slots__))
    if unknown:
        raise BadFault(f"unknown {', '.join(unknown)}; known are {', '.join(Fault.__slots__)}")
    try:
        kind = Kind(document.get("kind", ""))
    except ValueError:
        raise BadFault(f"kind must be one of {', '.join(Kind)}") from None
    party = document.get("party")
    if not isinstance(party, str):
        raise BadFault("party must be stripe, roblox or discord")
    for name, of in (
        ("times", int),
        ("status", int),
        ("match", str),
        ("headers", dict),
    ):
        if name in document and type(document[name]) is not of:
            raise BadFault(f"{name} must be of type {of.__name__}")
    if type(document.get("delay_s", 0)) not in (int, float):
        raise BadFault("delay_s must be a number")
    return Fault(**{**document, "kind": kind})


def middleware(faults: Faults, parties: Mapping[str, object]) -> Middleware:
    """Strike requests to a party with what was ordered for them."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        party, path = _party(request.path, parties)
        if party is None:
            return await handler(request)
        fault = faults.take(party, f"{request.method} {path}", *REQUEST_KINDS)
        if fault is None:
            return await handler(request)
        return await _suffer(fault, request, handler, parties[party])

    return strike


def _party(path: str, parties: Mapping[str, object]) -> tuple[str | None, str]:
    """Whom a path leads to, and what it is to them."""
    first, _, rest = path.removeprefix("/").partition("/")
    for name, party in parties.items():
        if first == name:
            return name, f"/{rest}"
        if isinstance(party, AtRoot) and party.at_root == first:
            return name, path
    return None, path


async def _suffer(
    fault: Fault, request: web.Request, handler: Handler, party: object
) -> web.StreamResponse:
    if isinstance(party, TakesFaults) and party.takes_fault(request, fault.kind):
        request[FAULT] = fault
        return await handler(request)
    if fault.kind is not Kind.DELAY_REPLY:
        await asyncio.sleep(fault.delay_s)
    if fault.kind is Kind.STATUS:
        return _answer(fault, party)
    if fault.kind is Kind.DROP_REQUEST:
        return _cut(request)
    response = await handler(request)
    if fault.kind is Kind.DELAY_REPLY:
        await asyncio.sleep(fault.delay_s)
    if fault.kind is Kind.STATUS_AFTER:
        return _answer(fault, party)
    return _cut(request) if fault.kind is Kind.DROP_REPLY else response


def _answer(fault: Fault, party: object) -> web.Response:
    if fault.body is not None:
        return web.json_response(fault.body, status=fault.status, headers=fault.headers)
    if isinstance(party, SpeaksErrors):
        response = party.error_response(fault.status)
    else:
        response = web.json_response({"message": "ordered fault"}, status=fault.status)
    response.headers.update(fault.headers)
    return response


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
