"""docker-compose.yml as a test sees it: brought up beside whatever else the engine runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import yaml
from holdfast.compose import write_secrets
from holdfast.instance import checkout
from holdfast.state import State

GATEWAY, SANDBOX = "http://127.0.0.1:8080", "http://127.0.0.1:8090"
PROJECT = "holdfast-tested"
HEALTHY_WITHIN_S = 240.0


def docker(*words: str) -> str:
    """What the engine answers."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr[-3000:]}"
    return done.stdout


def of_project(kind: str) -> list[str]:
    """The ids of the project's containers, volumes or networks, also of those that ended."""
    everything = ["--all"] if kind == "container" else []
    label = f"--filter=label=com.docker.compose.project={PROJECT}"
    return docker(kind, "ls", *everything, "--quiet", label).split()


class Composed:
    """The project with secrets of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.secrets = folder / "secrets"
        write_secrets(self.secrets, GATEWAY)
        self._override = folder / "secrets.yaml"
        files = {it.name: {"file": str(it)} for it in self.secrets.iterdir()}
        self._override.write_text(yaml.safe_dump({"secrets": files}), encoding="utf-8")

    def run(self, *words: str) -> str:
        """What `docker compose` answers for this project."""
        root = checkout()
        files = (f"--file={root / 'docker-compose.yml'}", f"--file={self._override}")
        settings = f"--env-file={root / 'deploy/dev.env'}"
        return docker(
            "compose", f"--project-name={PROJECT}", *files, settings, "--profile=dev", *words
        )

    def up(self) -> None:
        """Bring everything up, until all of it is healthy."""
        self.run("up", "--detach", "--quiet-pull", "--no-build")
        self.wait_until_healthy()

    def down(self) -> None:
        """Take everything down, with what it kept."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout=60")

    def services(self) -> list[str]:
        """What runs."""
        return sorted(set(self.run("ps", "--services").split()))

    def containers(self, *services: str) -> list[str]:
        """The ids of the containers of these services, or of all, that run."""
        return self.run("ps", "--quiet", *services).split()

    def wait_until_healthy(self, *services: str) -> None:
        """Wait until every container of these services, or of all, says that it is."""
        ends = time.monotonic() + HEALTHY_WITHIN_S
        while unwell := self._unwell(services):
            assert time.monotonic() < ends, f"not healthy: {unwell}"
            time.sleep(0.5)

    def _unwell(self, services: tuple[str, ...]) -> dict[str, str]:
        told = json.loads(docker("inspect", *self.containers(*services)))
        health = {it["Name"]: it["State"].get("Health", {}).get("Status", "?") for it in told}
        return {name: status for name, status in health.items() if status != "healthy"}

    def address(self, service: str) -> str:
        """The service's own address, for what it does not publish."""
        told, *_ = json.loads(docker("inspect", *self.containers(service)))
        return next(str(it["IPAddress"]) for it in told["NetworkSettings"]["Networks"].values())

    def url(self, secret: str) -> str:
        """An operator's way into a server, as a client on the machine takes it."""
        parts = urlsplit((self.secrets / secret).read_text(encoding="utf-8"))
        user, _, host = parts.netloc.rpartition("@")
        service, _, port = host.partition(":")
        return urlunsplit(parts._replace(netloc=f"{user}@{self.address(service)}:{port}"))

    def client(self) -> str:
        """The address that the gateway sees of a client on this machine."""
        [outside] = json.loads(docker("network", "inspect", f"{PROJECT}_outside"))
        return str(outside["IPAM"]["Config"][0]["Gateway"])

    def addresses_of_signers(self, contract_id: str) -> list[str]:
        """What was recorded with the signatures of a contract."""
        query = f"select ip from contracts.signatures where contract_id = '{contract_id}'"
        client = f'psql -h 127.0.0.1 -U postgres holdfast -tAc "{query}"'
        asked = f"PGPASSWORD=$(cat /run/secrets/postgres) {client}"
        return self.run("exec", "--no-TTY", "postgres", "sh", "-c", asked).split()

    def state(self) -> State:
        """Where a scenario finds the system."""
        urls = {"gateway": GATEWAY, "sandbox": SANDBOX, "rabbitmq": self.url("rabbitmq-url")}
        return State("compose", urls=urls)


@contextmanager
def composed(folder: Path) -> Iterator[Composed]:
    """The project while the block runs; its logs stay in the folder."""
    made = Composed(folder)
    made.down()  # what a run that was killed left on an engine that lives on
    try:
        yield made
    finally:
        (folder / "log").mkdir(exist_ok=True)
        (folder / "log" / "compose.log").write_text(made.run("logs", "--no-color"))
        made.down()


def engine() -> str | None:
    """Why there is no engine for these tests, or None when there is."""
    if os.environ.get("HOLDFAST_TEST_CONTAINERS"):
        return None
    return "containers take minutes: ./holdfast test --containers"
