"""The gateway: Traefik from its wheel, with the same file as in compose."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from holdfast import probes, routes
from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Process
from holdfast.servers import ServerUnavailable

USUAL_PORT = 8080


def gateway(
    instance: Instance, ports: Ports, service_urls: Mapping[str, str], after: tuple[str, ...]
) -> Process:
    """The one door to all services, on the loopback interface."""
    port = ports.get("gateway", USUAL_PORT)
    ping = ports.get("gateway-ping", 18081)
    file = instance.run / "traefik.yaml"
    file.write_text(routes.render(service_urls), encoding="utf-8")
    flags = routes.static_flags(f"127.0.0.1:{port}", f"127.0.0.1:{ping}", str(file))
    return Process(
        name="gateway",
        command=(str(find_program()), *flags),
        environment={"HOME": str(instance.run)},
        ready=probes.http(f"http://127.0.0.1:{ping}/ping"),
        after=after,
        port=port,
        stop_timeout_s=5.0,
    )


def find_program() -> Path:
    """The program `traefik`: beside this Python, else in PATH."""
    beside = Path(sys.executable).parent / "traefik"
    found = beside if beside.exists() else shutil.which("traefik")
    if not found:
        raise ServerUnavailable("no traefik: make the environment again by removing .holdfast/venv")
    return Path(found)
