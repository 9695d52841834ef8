"""What an instance brings up, in which order."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast import probes, providers, routes
from holdfast.access import Access
from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Node, Plan, Process, Step
from holdfast.servers import Server, docker, postgres, rabbitmq, seaweedfs, traefik
from holdfast.services import OPTIONAL, SERVICES, Service
from holdfast.state import State, Status

SERVERS = "servers"
TEST_SERVERS = "test-servers"
S3 = "s3"
FULL = "full"
KINDS = (SERVERS, TEST_SERVERS, S3, FULL)

_BUCKET = "holdfast-contracts"
_SANDBOX_PORT = 8090
_GATEWAY_AT = "127.0.0.1"
_MIGRATIONS = ("databases", "topology", "bucket")


def build(instance: Instance, kind: str) -> Plan:
    """The plan of this kind; no process is started yet."""
    ports = Ports(instance)
    if kind == S3:
        return _only([storage_server(instance, ports)])
    settings = postgres.DISPOSABLE if kind == TEST_SERVERS else {}
    database = database_server(instance, ports, settings)
    broker = broker_server(instance, ports)
    if kind in (SERVERS, TEST_SERVERS):
        return _only([database, broker])
    return _System(instance, ports, database, broker, storage_server(instance, ports)).plan()


def database_server(instance: Instance, ports: Ports, settings: Mapping[str, str]) -> Server:
    """PostgreSQL: given, else in a container, else private; settings go to one of our own."""
    return (
        postgres.given()
        or docker.postgres(instance, ports, settings)
        or postgres.local(instance, ports, settings)
    )


def broker_server(instance: Instance, ports: Ports) -> Server:
    """RabbitMQ: given, else in a container, else private."""
    return rabbitmq.given() or docker.broker(instance, ports) or rabbitmq.local(instance, ports)


def storage_server(instance: Instance, ports: Ports) -> Server:
    """S3: given, else in a container, else private."""
    return seaweedfs.given() or docker.storage(instance, ports) or seaweedfs.local(instance, ports)


def fail(state: State, failure: Exception, instance: Instance) -> None:
    """Record why no plan could be made or run."""
    state.status, state.error = Status.FAILED, f"{type(failure).__name__}: {failure}"
    state.save(instance.state_file)


@dataclass(frozen=True, slots=True)
class _System:
    """The whole of Holdfast on one machine."""

    instance: Instance
    ports: Ports
    database: Server
    broker: Server
    storage: Server

    def plan(self) -> Plan:
        """Servers, then migrations, then sandbox and services at once, then the gateway."""
        services = [self._service(it) for it in SERVICES]
        names = tuple(it.name for it in services)
        gateway = traefik.gateway(self.instance, self.ports, self._service_urls(), names)
        servers = (self.database, self.broker, self.storage)
        nodes: list[Node] = [node for server in servers for node in server.nodes]
        nodes += [*self._migrations(), self._sandbox(), *services, gateway]
        only = _only(servers)
        return Plan(
            tuple(nodes),
            urls={**only.urls, **self._own_urls()},
            secrets={**only.secrets, "folder": str(self.instance.secrets)},
        )

    def _migrations(self) -> Sequence[Step]:
        """What migrates is loaded when it is needed: meanwhile the servers are on their way."""
        access, urls = self._access, self.storage.urls
        management = self.broker.urls["rabbitmq_management"]

        async def databases() -> None:
            from holdfast import migrate  # noqa: PLC0415

            await migrate.databases(access)

        async def topology() -> None:
            from holdfast import migrate  # noqa: PLC0415

            await migrate.broker(access, management)

        async def bucket() -> None:
            from holdfast import migrate, s3_bucket  # noqa: PLC0415

            storage = s3_bucket.Storage(urls["s3"], urls["s3_access_key"], urls["s3_secret_key"])
            await migrate.bucket(storage, _bucket())

        return (
            Step("databases", databases, self.database.after),
            Step("topology", topology, self.broker.after),
            Step("bucket", bucket, self.storage.after),
        )

    def _sandbox(self) -> Process:
        port = self.ports.get("sandbox", _SANDBOX_PORT)
        config = providers.sandbox_config(
            self.instance, self._sandbox_url, self._public_url, self._gateway_url
        )
        return Process(
            name="sandbox",
            command=(
                sys.executable, "-m", "sandbox", "--port", str(port), "--config", str(config),
                "--data", str(self.instance.data / "sandbox"),
            ),
            environment={"HOLDFAST_CLOCK_FILE": self._clock},
            ready=probes.http(f"{self._sandbox_url}/healthz"),
            port=port,
            stop_timeout_s=5.0,
        )  # fmt: skip

    def _service(self, service: Service) -> Process:
        port = self.ports.get(service.name, service.usual_port)
        return Process(
            name=service.name,
            command=(sys.executable, "-m", "holdfast.launch", service.package),
            loads_early=True,
            environment=self._environment(service),
            ready=probes.http(f"http://127.0.0.1:{port}/ready"),
            after=(*_MIGRATIONS, "sandbox"),
            port=port,
            stop_timeout_s=25.0,
        )

    def _environment(self, service: Service) -> dict[str, str]:
        """Exactly the settings the service is listed with, and what observes it."""
        known = {
            **providers.internal_secrets(self.instance),
            **self._outside(),
            "SERVICE_SECRET": providers.service_secret(self.instance, service),
            "DATABASE_URL": self._access.database_url(service),
            "BROKER_URL": self._access.broker_url(service),
            "HOST": "127.0.0.1",
            "PORT": str(self.ports.get(service.name, service.usual_port)),
            "ROLE": "all",
            "PROFILE": os.environ.get("HOLDFAST_PROFILE", "development"),
            "LOG_LEVEL": os.environ.get("HOLDFAST_LOG_LEVEL", "INFO"),
            "PUBLIC_BASE_URL": self._public_url,
            "TRUSTED_PROXIES": f"{_GATEWAY_AT},{os.environ.get(routes.EDGE_PROXIES, '')}",
            "S3_ENDPOINT": self.storage.urls["s3"],
            "S3_ACCESS_KEY": self.storage.urls["s3_access_key"],
            "S3_SECRET_KEY": self.storage.urls["s3_secret_key"],
            "S3_BUCKET": _bucket(),
            **self._peers(),
        }
        chosen = {f"HOLDFAST_{name}": known[name] for name in service.settings}
        chosen |= {
            f"HOLDFAST_{name}": os.environ[f"HOLDFAST_{name}"]
            for name in OPTIONAL
            if f"HOLDFAST_{name}" in os.environ
        }
        if chosen["HOLDFAST_PROFILE"] == "development":
            chosen["HOLDFAST_CLOCK_FILE"] = self._clock
        traces = os.environ.get("HOLDFAST_TRACE_DIR")
        if traces:
            chosen["HOLDFAST_TRACE_FILE"] = f"{traces}/{service.name}.jsonl"
        return chosen

    def _outside(self) -> dict[str, str]:
        return {
            name: value
            for provider in providers.all_providers(self.instance, self._sandbox_url)
            for name, value in provider.settings().items()
        }

    def _service_urls(self) -> dict[str, str]:
        return {
            it.name: f"http://127.0.0.1:{self.ports.get(it.name, it.usual_port)}" for it in SERVICES
        }

    def _peers(self) -> dict[str, str]:
        """Where services reach each other; nobody calls discord-gateway (Discord has the name)."""
        urls = {name: url for name, url in self._service_urls().items() if "-" not in name}
        return {f"{name.upper()}_URL": url for name, url in urls.items()}

    def _own_urls(self) -> dict[str, str]:
        return {
            "gateway": self._gateway_url,
            "sandbox": self._sandbox_url,
            "database": self._access.superuser_url(),
            "clock_file": self._clock,
            "s3_bucket": _bucket(),
            **self._service_urls(),
        }

    @property
    def _access(self) -> Access:
        return Access(self.instance, self.database.urls["postgres"], self.broker.urls["rabbitmq"])

    @property
    def _public_url(self) -> str:
        given = os.environ.get("HOLDFAST_PUBLIC_BASE_URL")
        return given or self._gateway_url

    @property
    def _gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.get('gateway', traefik.USUAL_PORT)}"

    @property
    def _sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.get('sandbox', _SANDBOX_PORT)}"

    @property
    def _clock(self) -> str:
        return str(self.instance.run / "clock")


def _only(servers: Sequence[Server]) -> Plan:
    return Plan(
        nodes=tuple(node for server in servers for node in server.nodes),
        urls={name: url for server in servers for name, url in server.urls.items()},
        secrets={name: path for server in servers for name, path in server.secrets.items()},
    )


def _bucket() -> str:
    return os.environ.get("HOLDFAST_S3_BUCKET", _BUCKET)
