"""`routes`: write the gateway's file for compose anew, from the table of paths."""

from __future__ import annotations

import typer

from holdfast import routes
from holdfast.console import err
from holdfast.instance import Instance
from holdfast.services import SERVICES

HEADER = (
    "# Written by holdfast.routes; a test compares. Change the routes there, then: "
    "./holdfast routes\n"
)
IN_CONTAINER = 8000


def text() -> str:
    """The file as it should be: every service by its name in compose."""
    urls = {service.name: f"http://{service.name}:{IN_CONTAINER}" for service in SERVICES}
    return HEADER + routes.render(urls)


def run() -> None:
    """Write deploy/traefik/dynamic.yaml."""
    file = Instance.named().root / "deploy" / "traefik" / "dynamic.yaml"
    file.write_text(text(), encoding="utf-8")
    err.print(f"{file.name} is written")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="routes")(run)
