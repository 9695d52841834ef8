"""`lock`: write requirements.lock again, keeping every pin that may be kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from holdfast import rules
from holdfast.console import err, fail
from holdfast.instance import checkout


def lock(
    upgrade: Annotated[
        list[str] | None, typer.Option("--upgrade", "-U", help="a package whose pin may move")
    ] = None,
) -> None:
    """Resolve what the members ask for into hash-pinned requirements that name no host."""
    root = checkout()
    done = subprocess.run(_command(root, upgrade or []), cwd=root, check=False)
    if done.returncode:
        fail("uv could not resolve the requirements (see above)")
    faults = list(rules.lock_faults(root))
    if faults:
        fail("; ".join(faults))
    err.print(
        "requirements.lock is written; ./holdfast makes the environment from it when it next runs"
    )


def _command(root: Path, upgraded: list[str]) -> list[str]:
    members = rules.members(root)
    command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "-o", "requirements.lock"]
    for package in upgraded:
        command += ["--upgrade-package", package]
    for member in members:
        command += ["--no-emit-package", member.name]
    command += ["--all-extras", "--group", "pyproject.toml:dev"]
    return command + [str(it.relative_to(root) / "pyproject.toml") for it in members]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(lock)
