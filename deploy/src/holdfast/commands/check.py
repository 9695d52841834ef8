"""`check`: everything about the code that can be judged without running it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from holdfast import rules
from holdfast.console import err
from holdfast.instance import checkout

_PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement: its name, and how to get what is wrong, empty when nothing is."""

    name: str
    faults: Callable[[Path], str]
    fix: str = ""


def check() -> None:
    """Check format, lint, types, imports, documents, rooms, lock and sizes. No test is run."""
    root = checkout()
    broken = [it.name for it in _checks() if not _holds(it, root)]
    if broken:
        err.print(f"[bold red]broken:[/] {', '.join(broken)}")
        raise typer.Exit(1)
    err.print("[green]all checks hold[/]")


def _checks() -> Iterator[Check]:
    yield Check("format", _run("ruff", "format", "--check", "."), "ruff format .")
    yield Check("lint", _run("ruff", "check", "."), "ruff check --fix .")
    yield Check("types", _types)
    yield Check("import rules", _run("lint-imports"))
    yield Check("topology", _listed(rules.topology_faults))
    yield Check("documents", _run("python", "docs/generate.py", "--check"), "./holdfast docs")
    yield Check("rooms", _listed(rules.strange_rooms))
    yield Check("statements", _listed(rules.numbered_statements))
    yield Check("lock", _listed(rules.lock_faults))
    yield Check("images", _listed(rules.loose_images))
    yield Check("file sizes", _listed(rules.long_files))


def _holds(check: Check, root: Path) -> bool:
    began = time.monotonic()
    with err.status(check.name):
        faults = check.faults(root)
    mark = "[red]✗[/]" if faults else "[green]✓[/]"
    err.print(f"{mark} {check.name:<14} {time.monotonic() - began:5.1f} s")
    if faults:
        err.print(faults, markup=False, highlight=False)
        if check.fix:
            err.print(f"  fix: {check.fix}")
    return not faults


def _run(program: str, *arguments: str) -> Callable[[Path], str]:
    def faults(root: Path) -> str:
        command = [str(_PROGRAMS / program), *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip() if done.returncode else ""

    return faults


def _types(root: Path) -> str:
    """Each member alone, so that none leans on what only another one has."""
    said = [
        _run("mypy", "--no-error-summary", str(folder.relative_to(root)))(root)
        for folder in rules.sources(root)
    ]
    return "\n".join(it for it in said if it)


def _listed(rule: Callable[[Path], Iterator[str]]) -> Callable[[Path], str]:
    return lambda root: "\n".join(rule(root))


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(check)
