"""What an instance brings up, in which order."""

from __future__ import annotations

from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Plan
from holdfast.servers import Server, postgres, rabbitmq, seaweedfs
from holdfast.state import State, Status

SERVERS = "servers"
S3 = "s3"
FULL = "full"
KINDS = (SERVERS, S3, FULL)


def build(instance: Instance, kind: str) -> Plan:
    """The plan of this kind; nothing is started yet."""
    ports = Ports(instance)
    if kind == S3:
        return _of([seaweedfs.given() or seaweedfs.local(instance, ports)])
    return _of(
        [
            postgres.given() or postgres.local(instance, ports),
            rabbitmq.given() or rabbitmq.local(instance, ports),
        ]
    )


def _of(servers: list[Server]) -> Plan:
    return Plan(
        nodes=tuple(node for server in servers for node in server.nodes),
        urls={name: url for server in servers for name, url in server.urls.items()},
        secrets={name: path for server in servers for name, path in server.secrets.items()},
    )


def fail(state: State, failure: Exception, instance: Instance) -> None:
    """Record why no plan could be made or run."""
    state.status, state.error = Status.FAILED, f"{type(failure).__name__}: {failure}"
    state.save(instance.state_file)
