"""PostgreSQL and RabbitMQ without services: what the single-process figures stand on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast import daemon, leases, plan
from holdfast.instance import Instance
from holdfast.testbed import Brokers, Databases, TestBroker, as_superuser

LINGER_S = 2.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers that run, and where programs may write their logs."""

    postgres: str
    rabbitmq: str
    management: str
    log: Path

    @contextmanager
    def database(self, service: str) -> Iterator[str]:
        """A fresh migrated database, as the service's own role."""
        with Databases(self.postgres).made() as make:
            yield make(service)

    @contextmanager
    def broker(self, *services: str) -> Iterator[TestBroker]:
        """A fresh virtual host with the queues of these services."""
        with Brokers(self.rabbitmq, self.management).made() as make:
            yield make(*services)

    def superuser(self, database_url: str) -> str:
        """The same database with all rights."""
        return as_superuser(database_url, self.postgres)


@contextmanager
def running(instance: Instance) -> Iterator[Servers]:
    """The servers, for as long as the block runs."""
    lease = leases.take(instance)
    try:
        state = daemon.ensure(instance, plan.SERVERS, LINGER_S)
        urls = state.urls
        yield Servers(urls["postgres"], urls["rabbitmq"], urls["rabbitmq_management"], instance.log)
    finally:
        leases.release(lease)
        daemon.stop(instance)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
