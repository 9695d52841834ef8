"""The gateway: Traefik from its wheel, with the same file as in compose."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from holdfast import probes, routes
from holdfast.instance import Instance
from holdfast.ports import Ports
from holdfast.process import Process
from holdfast.servers import find_program

USUAL_PORT = 8080


def gateway(
    instance: Instance, ports: Ports, service_urls: Mapping[str, str], after: tuple[str, ...]
) -> Process:
    """The one way in to all services, on the loopback interface."""
    port = ports.get("gateway", USUAL_PORT)
    ping = ports.get("gateway-ping", 18081)
    file = instance.run / "traefik.yaml"
    file.write_text(routes.render(service_urls), encoding="utf-8")
    edge = os.environ.get(routes.EDGE_PROXIES, "")
    flags = routes.static_flags(f"127.0.0.1:{port}", f"127.0.0.1:{ping}", str(file), edge)
    return Process(
        name="gateway",
        command=(str(find_traefik()), *flags),
        environment={"HOME": str(instance.run), routes.EDGE_PROXIES: edge},
        ready=probes.http(f"http://127.0.0.1:{ping}/ping"),
        after=after,
        port=port,
        stop_timeout_s=5.0,
    )


def find_traefik() -> Path:
    """The program `traefik`."""
    return find_program(
        "traefik", "no traefik: make the environment again by removing .holdfast/venv"
    )
