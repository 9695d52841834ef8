"""RabbitMQ: given by URL, or a private node of the system's or of unpacked Debian packages.

A version that topic permissions cannot be trusted in is not used, wherever it comes from.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from holdfast import probes
from holdfast.broker_version import objection, ordered
from holdfast.credentials import credential
from holdfast.instance import Instance, hand_over, server_user
from holdfast.ports import Ports
from holdfast.process import Process, Step
from holdfast.servers import Server, ServerUnavailable, debian

OPERATOR = "holdfast"
_CONFIGURATION = """\
default_user = {user}
default_pass = {password}
loopback_users = none
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 200MB
raft.wal_max_size_bytes = 67108864
"""
# The same in docker-compose.yml. Nobody reads the statistics that the management interface would
# collect; what it declares, lists and counts comes from the broker itself.
COMMON_CONFIGURATION = """\
heartbeat = 30
management_agent.disable_metrics_collector = true
"""
# Busy waiting of the schedulers would take from the few cores that everything else shares.
_ERLANG_ARGUMENTS = (
    "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
)


def given() -> Server | None:
    """The broker named in the environment, if one is."""
    url = os.environ.get("HOLDFAST_RABBITMQ_URL")
    management = os.environ.get("HOLDFAST_RABBITMQ_MANAGEMENT_URL")
    if bool(url) != bool(management):
        raise ServerUnavailable(
            "set both HOLDFAST_RABBITMQ_URL and HOLDFAST_RABBITMQ_MANAGEMENT_URL, or neither"
        )
    return (
        Server({"rabbitmq": url, "rabbitmq_management": management}) if url and management else None
    )


def local(instance: Instance, ports: Ports) -> Server:
    """A private broker of this instance on the loopback interface."""
    programs = find_programs(instance)
    base = instance.data / "rabbitmq-4"
    node = _Node(base, credential(instance, "rabbitmq"), ports)

    async def prepare() -> None:
        await asyncio.to_thread(programs.unpack)
        await asyncio.to_thread(node.prepare)

    names = Process(
        name="epmd",
        command=(str(programs.erlang / "epmd"), "-port", str(node.epmd_port)),
        environment={"HOME": str(base / "home"), "ERL_EPMD_ADDRESS": "127.0.0.1"},
        ready=probes.tcp(node.epmd_port),
        after=("rabbitmq-files",),
        port=node.epmd_port,
        user=server_user(),
        folder=base,
        stop_timeout_s=2.0,
    )
    server = Process(
        name="rabbitmq",
        command=(str(programs.home / "sbin" / "rabbitmq-server"),),
        environment=node.environment(programs),
        ready=ready(node.port, node.management_port),
        after=("rabbitmq-files", "epmd"),
        port=node.port,
        user=server_user(),
        folder=base,
        stop_signal=signal.SIGTERM,
        start_timeout_s=120.0,
        stop_timeout_s=30.0,
    )
    secrets = {"rabbitmq": str(instance.secrets / "rabbitmq")}
    reach = urls(node.password, node.port, node.management_port)
    return Server(reach, (Step("rabbitmq-files", prepare), names, server), secrets)


def find_programs(instance: Instance) -> debian.Programs:
    """The system's RabbitMQ, else one unpacked from Debian's packages."""
    found = installed()
    if found and objection(version(found)) is None:
        return debian.Programs(found, None)
    return debian.programs(instance.cache)


def installed(system: Path = Path("/usr/lib/rabbitmq")) -> Path | None:
    """The newest RabbitMQ that the system's own packages hold."""
    found = [it.parent.parent for it in system.glob("lib/rabbitmq_server-*/sbin/rabbitmq-server")]
    return max(found, key=lambda it: ordered(version(it)), default=None)


def version(home: Path) -> str:
    """The version of the RabbitMQ in this folder."""
    return home.name.removeprefix("rabbitmq_server-")


def urls(password: str, port: int, management_port: int) -> dict[str, str]:
    """How the operator reaches the broker and its management interface."""
    who = f"{OPERATOR}:{password}@127.0.0.1"
    return {
        "rabbitmq": f"amqp://{who}:{port}/",
        "rabbitmq_management": f"http://{who}:{management_port}",
    }


def ready(port: int, management_port: int) -> probes.Probe:
    """Ready when both the broker and its management interface answer."""
    protocol = probes.amqp(port)
    management = probes.http(f"http://127.0.0.1:{management_port}/")

    async def both() -> bool:
        return await protocol() and await management()

    return both


class _Node:
    """The private node: its files, ports and environment."""

    def __init__(self, base: Path, password: str, ports: Ports) -> None:
        self.base = base
        self.password = password
        self.port = ports.get("rabbitmq", 25670)
        self.management_port = ports.get("rabbitmq-management", 25680)
        self.epmd_port = ports.get("rabbitmq-epmd", 25671)
        self.distribution_port = ports.get("rabbitmq-distribution", 25672)

    def prepare(self) -> None:
        """Write the node's configuration where its user can read it."""
        for folder in (self.base, self.base / "home", self.base / "mnesia"):
            folder.mkdir(exist_ok=True, mode=0o700)
            hand_over(folder)
        text = COMMON_CONFIGURATION + _CONFIGURATION.format(
            user=OPERATOR, password=self.password, port=self.port,
            management_port=self.management_port,
        )  # fmt: skip
        for name, content in (
            ("rabbitmq.conf", text),
            ("enabled_plugins", "[rabbitmq_management].\n"),
        ):
            file = self.base / name
            file.write_text(content, encoding="utf-8")
            file.chmod(0o600)
            hand_over(file)

    def environment(self, programs: debian.Programs) -> dict[str, str]:
        """Everything the node must know so that it touches no other node of this machine."""
        base = self.base
        path = os.environ.get("PATH", "/usr/bin:/bin")
        return {
            "PATH": f"{programs.erlang}:{path}",
            "HOME": str(base / "home"),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_HOME": str(programs.home),
            "RABBITMQ_NODENAME": "holdfast@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(base / "mnesia"),
            "RABBITMQ_LOG_BASE": str(base),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(base / "rabbitmq.pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_ARGUMENTS,
        }
