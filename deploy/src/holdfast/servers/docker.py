"""The servers as containers, when a Docker engine answers; a later run finds them again.

A container is made once and then kept running by `servers.container` under the supervisor, which
stops it like any other process. Its data live in a volume of their own.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from holdfast import probes
from holdfast.credentials import credential
from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Node, Process, Step
from holdfast.servers import Server, rabbitmq, seaweedfs
from holdfast.servers import postgres as local_postgres

POSTGRES_IMAGE = "postgres:18"
RABBITMQ_IMAGE = "rabbitmq:4.1-management"
_NO_STATISTICS = "-rabbitmq_management_agent disable_metrics_collector true"
SEAWEEDFS_IMAGE = "chrislusf/seaweedfs:4.48"


@functools.cache
def answers() -> bool:
    """Whether a Docker engine answers; the command alone proves nothing."""
    if os.environ.get("HOLDFAST_DOCKER") == "off" or shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def postgres(instance: Instance, ports: Ports, settings: Mapping[str, str]) -> Server | None:
    """PostgreSQL in a container, or None without Docker."""
    if not answers():
        return None
    password, port = credential(instance, "postgres"), ports.get("postgres", 26432)
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    container = Container(
        "postgres",
        POSTGRES_IMAGE,
        {5432: port},
        {"POSTGRES_PASSWORD": password, "POSTGRES_INITDB_ARGS": "--locale=C.UTF-8"},
        "/var/lib/postgresql",
        ("postgres", *local_postgres.flags({**local_postgres.COMMON_SETTINGS, **settings})),
    )
    return Server({"postgres": url}, container.nodes(instance, probes.postgres(url)))


def broker(instance: Instance, ports: Ports) -> Server | None:
    """RabbitMQ with its management interface in a container, or None without Docker."""
    if not answers():
        return None
    password = credential(instance, "rabbitmq")
    port, management = ports.get("rabbitmq", 25670), ports.get("rabbitmq-management", 25680)
    container = Container(
        "rabbitmq",
        RABBITMQ_IMAGE,
        {5672: port, 15672: management},
        {
            "RABBITMQ_DEFAULT_USER": rabbitmq.OPERATOR,
            "RABBITMQ_DEFAULT_PASS": password,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _NO_STATISTICS,
        },
        "/var/lib/rabbitmq",
    )
    ready = rabbitmq.ready(port, management)
    return Server(rabbitmq.urls(password, port, management), container.nodes(instance, ready))


def storage(instance: Instance, ports: Ports) -> Server | None:
    """SeaweedFS in a container, or None without Docker."""
    if not answers():
        return None
    secret, port = credential(instance, "s3"), ports.get("s3", 9300)
    mounted = _mounted(seaweedfs.certificate(instance))
    container = Container(
        "seaweedfs",
        SEAWEEDFS_IMAGE,
        {8333: port},
        {
            "WEED_S3_SSE_KEK": seaweedfs.encryption_key(instance),
            "AWS_ACCESS_KEY_ID": seaweedfs.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            **seaweedfs.closed_to_others(*mounted.values()),
        },
        "/data",
        ("server", "-dir=/data", *seaweedfs.COMMON_FLAGS, "-s3.port=8333", "-s3.ip.bind=0.0.0.0"),
        {str(here): str(there) for here, there in mounted.items()},
    )
    ready = probes.http(f"http://127.0.0.1:{port}/status")
    return Server(seaweedfs.urls(port, secret), container.nodes(instance, ready))


@dataclass(frozen=True, slots=True)
class Container:
    """One server's container; another description makes another container."""

    name: str
    image: str
    ports: Mapping[int, int]
    environment: Mapping[str, str]
    data: str
    command: tuple[str, ...] | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def nodes(self, instance: Instance, ready: probes.Probe) -> tuple[Node, ...]:
        """A step that makes the container when it is missing, and a process that keeps it up."""
        full_name = self.full_name(instance)

        async def make() -> None:
            await asyncio.to_thread(self._make, full_name, self._volume(instance))

        process = Process(
            name=self.name,
            command=(sys.executable, "-m", "holdfast.servers.container", full_name),
            environment={"HOME": str(instance.run), **_docker_settings()},
            ready=ready,
            after=(f"{self.name}-container",),
            port=next(iter(self.ports.values())),
            start_timeout_s=120.0,
            stop_timeout_s=30.0,
        )
        return (Step(f"{self.name}-container", make), process)

    def full_name(self, instance: Instance) -> str:
        """The container's name on the engine: of this checkout, instance and description."""
        description = json.dumps(asdict(self), sort_keys=True, default=str)
        digest = hashlib.sha256(description.encode()).hexdigest()[:8]
        return f"{self._volume(instance)}-{digest}"

    def _volume(self, instance: Instance) -> str:
        where = hashlib.sha256(instance.mark.encode()).hexdigest()[:8]
        return f"holdfast-{where}-{self.name}"

    def _make(self, full_name: str, volume: str) -> None:
        os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # it would remove what we want to find
        from docker.errors import NotFound  # noqa: PLC0415 - only where an engine answers
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        container = DockerContainer(self.image, command=_words(self.command), name=full_name)
        engine: Any = container.get_docker_client().client
        try:
            engine.containers.get(full_name)
        except NotFound:
            for old in engine.containers.list(all=True, filters={"name": f"^{volume}-"}):
                old.remove(force=True)
            container.with_envs(**self.environment)
            container.with_volume_mapping(volume, self.data, "rw")
            for here, there in self.files.items():
                container.with_volume_mapping(here, there, "ro")
            bound: Any = {
                f"{inner}/tcp": ("127.0.0.1", outer) for inner, outer in self.ports.items()
            }
            container.ports = bound
            container.start()


def _mounted(files: Iterable[Path]) -> dict[Path, Path]:
    """Where each file is in the container, whose user is another: its folder stays closed."""
    places = {}
    for file in files:
        file.chmod(0o444)
        places[file] = Path("/run/secrets") / file.name
    return places


def _words(command: tuple[str, ...] | None) -> Any:
    return None if command is None else list(command)


def _docker_settings() -> dict[str, str]:
    names = (
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "DOCKER_CERT_PATH",
        "DOCKER_TLS_VERIFY",
    )
    return {name: os.environ[name] for name in names if name in os.environ}
