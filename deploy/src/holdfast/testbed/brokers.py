"""A virtual host for each test, with the topology declared: a fresh one, or one left clean."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import aio_pika

from holdfast import topology
from holdfast.broker import Management
from holdfast.testbed.blocking import blocking
from holdfast.testbed.names import derived, fresh_name, is_leftover, login
from holdfast.topology import Topology

# To make and drop the queues of two services costs a second; to see that they are empty, little.
_KEPT = 4
_CLEAN_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class TestBroker:
    """A virtual host of one test with its queues and users."""

    server: str
    management_url: str
    vhost: str

    __test__ = False

    def url(self, service: str) -> str:
        """How the service's own user reaches the virtual host."""
        password = derived(self.server, service)
        return login(self.server, service, password, f"/{quote(self.vhost, safe='')}")

    @property
    def operator_url(self) -> str:
        """How the operator, who may do everything, reaches the virtual host."""
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{quote(self.vhost, safe='')}"))

    @property
    def management(self) -> Management:
        """The management interface, seen from this virtual host."""
        return Management.at(self.management_url, self.vhost)


class Brokers:
    """Makes virtual hosts with the topology declared, and lends them again when they are clean."""

    def __init__(
        self, server: str, management_url: str, clean_within_s: float = _CLEAN_WITHIN_S
    ) -> None:
        """Reach the broker as its operator."""
        self._server, self._management_url = server, management_url
        self._clean_within_s = clean_within_s
        self._operator = Management.at(management_url)
        self._free: list[tuple[TestBroker, Topology]] = []

    @contextmanager
    def made(self) -> Iterator[Callable[..., TestBroker]]:
        """A maker of fresh virtual hosts; what it made is dropped at the end."""
        made: list[TestBroker] = []

        def make(*services: str) -> TestBroker:
            made.append(TestBroker(self._server, self._management_url, fresh_name()))
            self._declare(made[-1], _part(services))
            return made[-1]

        try:
            yield make
        finally:
            for broker in made:
                self._seen(broker).drop_vhost()

    @contextmanager
    def lent(self) -> Iterator[Callable[..., TestBroker]]:
        """A lender of virtual hosts that are as good as fresh; they are cleaned at the end.

        One that does not come clean, or whose queues or bindings are other ones, is dropped.
        """
        taken: list[tuple[TestBroker, Topology]] = []

        def lend(*services: str) -> TestBroker:
            part = _part(services)
            taken.append((self._taken(part), part))
            return taken[-1][0]

        try:
            yield lend
        finally:
            for broker, part in taken:
                self._give_back(broker, part)

    def drop_leftovers(self) -> None:
        """Drop the virtual hosts of test processes that are no more."""
        for name in [it["name"] for it in self._operator.ask("GET", "/vhosts")]:
            if is_leftover(name):
                Management(self._operator.client, name).drop_vhost()

    def close(self) -> None:
        """Drop what was kept to be lent again."""
        while self._free:
            self._seen(self._free.pop()[0]).drop_vhost()
        self._operator.client.close()

    def _taken(self, part: Topology) -> TestBroker:
        for entry in [it for it in self._free if it[1] is part]:
            self._free.remove(entry)
            if self._is_clean(*entry):  # a last message may have been on its way
                return entry[0]
            self._seen(entry[0]).drop_vhost()
        broker = TestBroker(self._server, self._management_url, fresh_name())
        self._declare(broker, part)
        return broker

    def _give_back(self, broker: TestBroker, part: Topology) -> None:
        if self._is_clean(broker, part):
            self._free.append((broker, part))
        else:
            self._seen(broker).drop_vhost()
        while len(self._free) > _KEPT:
            self._seen(self._free.pop(0)[0]).drop_vhost()

    def _is_clean(self, broker: TestBroker, part: Topology) -> bool:
        management = self._seen(broker)
        wanted = {it["name"] for it in topology.definitions(part)["queues"]}
        found = {it["name"] for it in management.ask("GET", "/queues/{vhost}?columns=name")}
        if wanted != found or any(management.differences(part)):
            return False
        return blocking(_emptied(broker.operator_url, sorted(wanted), self._clean_within_s))

    def _declare(self, broker: TestBroker, part: Topology) -> None:
        management = self._seen(broker)
        management.create_vhost()
        management.declare(part)
        whole = topology.read()  # whoever plays another service in a test speaks as its user
        management.grant(whole, {it.name: derived(self._server, it.name) for it in whole.services})

    def _seen(self, broker: TestBroker) -> Management:
        return Management(self._operator.client, broker.vhost)


@functools.cache
def _part(services: tuple[str, ...]) -> Topology:
    whole = topology.read()
    return whole.only(services) if services else whole


async def _emptied(url: str, queues: list[str], within_s: float) -> bool:
    """Purge until two looks in a row find no message and no consumer; False when not in time.

    What a consumer held comes back to its queue when the consumer is gone, and is purged then.
    """
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        quiet_looks = 0
        try:
            async with asyncio.timeout(within_s):
                while quiet_looks < 2:
                    busy = [await _is_busy(channel, name) for name in queues]
                    quiet_looks = 0 if any(busy) else quiet_looks + 1
        except TimeoutError:
            return False
    return True


async def _is_busy(channel: aio_pika.abc.AbstractChannel, name: str) -> bool:
    queue = await channel.get_queue(name)
    found = queue.declaration_result
    if found.message_count:
        await queue.purge()
    return bool(found.message_count or found.consumer_count)
