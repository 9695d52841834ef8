"""The broker's topology: read from one file, rendered as definitions, compared with a broker."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts_schema.speakers import SPEAKERS

from holdfast.instance import checkout

FILE = checkout() / "deploy" / "topology.toml"

EVENTS = "holdfast.events"
COMMANDS = "holdfast.commands"
RETURN = "holdfast.return"
PARKED = "holdfast.parked"
UNROUTED = "holdfast.unrouted"
_AT_LEAST_ONCE = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
_NAME = re.compile(r"[a-z][a-z-]*\.[a-z][a-z_]*")


class BadTopology(ValueError):
    """The topology file contradicts itself; the text says where."""


@dataclass(frozen=True, slots=True)
class Queue:
    """One consumer's queue and what it listens to."""

    name: str
    exchange: str
    bindings: tuple[str, ...]

    @property
    def service(self) -> str:
        """The service that consumes it."""
        return self.name.partition(".")[0]

    @property
    def parked(self) -> str:
        """The queue that keeps what this one could not handle."""
        return f"{self.name}.parked"


@dataclass(frozen=True, slots=True)
class Service:
    """What a service's broker user may publish."""

    name: str
    events: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topology:
    """All queues, wait queues and users of one broker."""

    services: tuple[Service, ...]
    queues: tuple[Queue, ...]
    waits: Mapping[str, int]
    delivery_limit: int
    unrouted_limit: int

    def only(self, services: Iterable[str]) -> Topology:
        """The same, with the queues and users of some services."""
        wanted = set(services)
        unknown = wanted - {it.name for it in self.services}
        if unknown:
            raise BadTopology(f"no such service: {', '.join(sorted(unknown))}")
        return Topology(
            tuple(it for it in self.services if it.name in wanted),
            tuple(it for it in self.queues if it.service in wanted),
            self.waits,
            self.delivery_limit,
            self.unrouted_limit,
        )


def read(path: Path = FILE) -> Topology:
    """The topology the file describes, checked."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    topology = Topology(
        services=tuple(Service(name, it.events, it.commands) for name, it in SPEAKERS.items()),
        queues=tuple(
            Queue(it["name"], f"holdfast.{it['exchange']}", tuple(it["bindings"]))
            for it in raw["queues"]
        ),
        waits=raw["waits"],
        delivery_limit=raw["delivery_limit"],
        unrouted_limit=raw["unrouted_limit"],
    )
    faults = list(_faults(topology))
    if faults:
        raise BadTopology("; ".join(faults))
    return topology


def _faults(topology: Topology) -> Iterator[str]:
    names = [it.name for it in topology.queues]
    services = {it.name for it in topology.services}
    if len(names) != len(set(names)):
        yield f"queues declared twice: {sorted({it for it in names if names.count(it) > 1})}"
    for queue in topology.queues:
        if not _NAME.fullmatch(queue.name):
            yield f"{queue.name!r} is not <service>.<purpose>"
        if queue.service not in services:
            yield f"{queue.name} belongs to no service"
        if queue.exchange not in (EVENTS, COMMANDS):
            yield f"{queue.name} listens to the unknown exchange {queue.exchange}"
        if not queue.bindings or len(set(queue.bindings)) != len(queue.bindings):
            yield f"{queue.name} has no binding, or one twice"
    yield from _unanswered(topology)
    if list(topology.waits.values()) != sorted(set(topology.waits.values())):
        yield "the waits do not rise"


def _unanswered(topology: Topology) -> Iterator[str]:
    """Commands that someone may send and no queue takes, or that two queues take."""
    takers = [it for it in topology.queues if it.exchange == COMMANDS]
    for sender in topology.services:
        for command in sender.commands:
            first = command.partition(".")[0]
            count = sum(any(key.partition(".")[0] == first for key in it.bindings) for it in takers)
            if count != 1:
                yield f"{count} queues take {command} from {sender.name}, not one"


def definitions(topology: Topology) -> dict[str, list[dict[str, Any]]]:
    """Exchanges, queues and bindings in the broker's own format for definitions."""
    return {
        "exchanges": list(_exchanges(topology)),
        "queues": list(_queues(topology)),
        "bindings": list(_bindings(topology)),
    }


def rights(
    topology: Topology, vhost: str, passwords: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Every service's user and what it may do, in the broker's own format for definitions."""
    users, permissions, topics = [], [], []
    for service in topology.services:
        place = {"user": service.name, "vhost": vhost}
        users.append({"name": service.name, "password": passwords[service.name], "tags": ""})
        permissions.append(place | _permissions(service))
        for exchange, write in _topic_permissions(topology, service).items():
            topics.append({**place, "exchange": exchange, "write": write, "read": ".*"})
    return {"users": users, "permissions": permissions, "topic_permissions": topics}


def _permissions(service: Service) -> dict[str, str]:
    """What the service's user may do: declare nothing, read its own, write where it publishes."""
    commands = "|commands" if service.commands else ""
    return {
        "configure": "^$",
        "read": f"^{re.escape(service.name)}\\.[a-z_]+$",
        "write": f"^holdfast\\.(events{commands}|wait\\.[0-9a-z]+|parked)$",
    }


def _topic_permissions(topology: Topology, service: Service) -> dict[str, str]:
    """The routing keys the service may use, by exchange."""
    own = f"^{re.escape(service.name)}\\."
    commands = "|".join(re.escape(it) for it in service.commands)
    return {
        EVENTS: f"^{re.escape(service.events)}\\.",
        COMMANDS: f"^({commands})\\." if commands else "^$",
        PARKED: own,
        **{wait(name): own for name in topology.waits},
    }


def wait(delay: str) -> str:
    """The exchange, and the queue, that hold a message back for the delay."""
    return f"holdfast.wait.{delay}"


def _exchanges(topology: Topology) -> Iterator[dict[str, Any]]:
    def exchange(name: str, kind: str = "topic", **arguments: str) -> dict[str, Any]:
        shape = {"durable": True, "auto_delete": False, "internal": False}
        return {"name": name, "type": kind, **shape, "arguments": arguments}

    yield exchange(UNROUTED, "fanout")
    yield exchange(EVENTS, **{"alternate-exchange": UNROUTED})
    for name in (COMMANDS, RETURN, PARKED, *map(wait, topology.waits)):
        yield exchange(name)


def _queues(topology: Topology) -> Iterator[dict[str, Any]]:
    def queue(name: str, **arguments: str | int) -> dict[str, Any]:
        shape = {"durable": True, "auto_delete": False}
        return {"name": name, **shape, "arguments": {"x-queue-type": "quorum", **arguments}}

    yield queue(UNROUTED, **{"x-max-length": topology.unrouted_limit})
    for delay, milliseconds in topology.waits.items():
        ladder: dict[str, str | int] = {
            "x-message-ttl": milliseconds,
            "x-dead-letter-exchange": RETURN,
        }
        yield queue(wait(delay), **ladder, **_AT_LEAST_ONCE)
    for it in topology.queues:
        limit = topology.delivery_limit
        dead = {"x-dead-letter-exchange": PARKED, "x-dead-letter-routing-key": it.name}
        yield queue(it.name, **{"x-delivery-limit": limit}, **dead, **_AT_LEAST_ONCE)
        yield queue(it.parked)


def _bindings(topology: Topology) -> Iterator[dict[str, Any]]:
    def bound(source: str, queue: str, key: str) -> dict[str, Any]:
        return {
            "source": source, "destination": queue, "destination_type": "queue",
            "routing_key": key, "arguments": {},
        }  # fmt: skip

    yield bound(UNROUTED, UNROUTED, "")
    for delay in topology.waits:
        yield bound(wait(delay), wait(delay), "#")
    for it in topology.queues:
        yield bound(RETURN, it.name, it.name)
        yield bound(PARKED, it.parked, it.name)
        for key in it.bindings:
            yield bound(it.exchange, it.name, key)
