"""RabbitMQ's management interface: declaring, comparing, users, and proof of a leader."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from holdfast import topology as shape
from holdfast.broker_version import objection
from holdfast.topology import Topology

_TIMEOUT_S = 30.0
_LEADER_TIMEOUT_S = 60.0
_POLL_S = 0.1


class BrokerRefused(RuntimeError):
    """The broker answered a management request with an error, or not in time."""


class BrokerTooOld(RuntimeError):
    """The broker cannot keep one service from speaking for another; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Management:
    """The operator's view of one virtual host."""

    client: httpx.Client
    vhost: str = "/"

    @classmethod
    def at(cls, url: str, vhost: str = "/") -> Management:
        """Reach the interface at a URL that holds the operator's name and password."""
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.hostname}:{parts.port}/api"
        login = (parts.username or "", parts.password or "")
        client = httpx.Client(
            base_url=base,
            auth=login,
            timeout=_TIMEOUT_S,
            trust_env=False,
            verify=parts.scheme == "https",  # certificates take longer to read than to ask
        )
        return cls(client, vhost)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request; `{vhost}` in the path stands for the virtual host."""
        url = path.replace("{vhost}", quote(self.vhost, safe=""))
        answer = self.client.request(method, url, json=body)
        if answer.is_error:
            raise BrokerRefused(f"{method} {url}: {answer.status_code} {answer.text.strip()}")
        return answer.json() if answer.content else None

    def version(self) -> str:
        """The broker's version."""
        return str(self.ask("GET", "/overview")["rabbitmq_version"])

    def require_version(self) -> None:
        """Refuse a broker in which permissions do not hold."""
        reason = objection(self.version())
        if reason:
            raise BrokerTooOld(
                f"{reason}: upgrade it, or unset HOLDFAST_RABBITMQ_URL and "
                "HOLDFAST_RABBITMQ_MANAGEMENT_URL to have a private broker started"
            )

    def create_vhost(self) -> None:
        """Have the virtual host exist."""
        self.ask("PUT", "/vhosts/{vhost}")

    def drop_vhost(self) -> None:
        """Remove the virtual host and all in it."""
        self.ask("DELETE", "/vhosts/{vhost}")

    def declare(self, topology: Topology) -> None:
        """Declare what the topology holds, prove it is so, and that every queue has a leader.

        What else the topology's queues were bound by is unbound: they are nobody else's.
        """
        self.require_version()
        self.ask("POST", "/definitions/{vhost}", shape.definitions(topology))
        for binding in self._surplus(topology):
            self._unbind(binding)
        found = list(self.differences(topology))
        if found:
            raise BrokerRefused(
                "the broker differs from topology.toml (a queue's arguments cannot be changed: "
                "drain it, delete it, migrate again): " + "; ".join(found)
            )
        self._await_leaders(topology)

    def differences(self, topology: Topology) -> Iterator[str]:
        """What the broker lacks or holds otherwise, in words; nothing when it agrees."""
        wanted = shape.definitions(topology)
        for kind in ("exchanges", "queues"):
            there = {it["name"]: it for it in self.ask("GET", f"/{kind}/{{vhost}}")}
            for it in wanted[kind]:
                yield from _difference(kind, it, there.get(it["name"]))
        bound = {_binding(it) for it in self.ask("GET", "/bindings/{vhost}") if it["source"]}
        missing = {_binding(it) for it in wanted["bindings"]} - bound
        yield from (f"binding missing: {it}" for it in sorted(missing))
        surplus = {_binding(it) for it in self._surplus(topology)}
        yield from (f"binding too much: {it}" for it in sorted(surplus))

    def grant(self, topology: Topology, passwords: Mapping[str, str]) -> None:
        """Give every service of the topology its user and exactly its permissions."""
        self.ask("POST", "/definitions", shape.rights(topology, self.vhost, passwords))

    def _surplus(self, topology: Topology) -> list[dict[str, Any]]:
        """The bindings of the topology's queues that it does not name; of other queues, none."""
        wanted = shape.definitions(topology)
        queues = {it["name"] for it in wanted["queues"]}
        named = {_binding(it) for it in wanted["bindings"]}
        return [
            it
            for it in self.ask("GET", "/bindings/{vhost}")
            if it["source"] and it["destination_type"] == "queue" and it["destination"] in queues
            if _binding(it) not in named
        ]

    def _unbind(self, binding: Mapping[str, Any]) -> None:
        names = (binding["source"], binding["destination"], binding["properties_key"])
        source, queue, key = (quote(name, safe="") for name in names)
        self.ask("DELETE", f"/bindings/{{vhost}}/e/{source}/q/{queue}/{key}")

    def _await_leaders(self, topology: Topology) -> None:
        ours = {it["name"] for it in shape.definitions(topology)["queues"]}
        deadline = time.monotonic() + _LEADER_TIMEOUT_S
        while missing := ours - set(self._led()):
            if time.monotonic() > deadline:
                raise BrokerRefused(f"queues without a leader: {', '.join(sorted(missing))}")
            time.sleep(_POLL_S)

    def _led(self) -> Iterable[str]:
        queues = self.ask("GET", "/queues/{vhost}?disable_stats=true&columns=name,leader,online")
        return (it["name"] for it in queues if it.get("leader") in it.get("online", ()))


def _difference(
    kind: str, wanted: Mapping[str, Any], there: Mapping[str, Any] | None
) -> Iterator[str]:
    if there is None:
        yield f"{kind[:-1]} missing: {wanted['name']}"
        return
    for key, value in wanted.items():
        if there.get(key) != value:
            has = json.dumps(there.get(key))
            yield f"{wanted['name']}: {key} is {has}, not {json.dumps(value)}"


def _binding(it: Mapping[str, Any]) -> tuple[str, str, str]:
    return it["source"], it["destination"], it["routing_key"]
