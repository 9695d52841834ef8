"""`docs`: write the diagrams, tables and interface descriptions anew, from the code."""

from __future__ import annotations

import subprocess
import sys

import typer

from holdfast.instance import Instance


def run() -> None:
    """Bring what the documents say of the code up to date."""
    root = Instance.named().root
    for command in (
        [str(root / "docs" / "generate.py")],
        ["-m", "contracts_schema.export"],
        ["-m", "contracts_schema.asyncapi", "deploy/topology.toml", "docs/asyncapi.yaml"],
    ):
        subprocess.run([sys.executable, *command], check=True, cwd=root)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="docs")(run)
