"""`secrets`: generate what docker-compose.yml mounts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from holdfast.compose import write_secrets
from holdfast.console import err

_LOCAL = "http://127.0.0.1:8080"


def secrets(
    folder: Annotated[Path, typer.Argument(help="one file each; deploy/secrets for compose")],
    public_url: Annotated[
        str, typer.Option(envvar="HOLDFAST_PUBLIC_BASE_URL", help="where people reach the gateway")
    ] = _LOCAL,
) -> None:
    """Generate every secret that docker-compose.yml reads; existing ones are kept."""
    write_secrets(folder.resolve(), public_url)
    err.print(f"secrets are in {folder}; keep them out of version control")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(secrets)
