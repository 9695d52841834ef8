"""Rules of this repository that no common tool checks: each returns what breaks it, in words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from holdfast import topology
from holdfast.services import SERVICES

_MOST_LINES = 300
_MOST_TEST_LINES = 500
_ROOMS = frozenset(
    "__init__.py __main__.py py.typed app.py settings.py consumers.py jobs.py ports.py api pages"
    " handlers domain adapters store texts migrations".split()
)
_PROGRAMS = {"escrow/ledger.py", "contracts/locked_heads.py"}
"""What operators run beside a service: ``python -m escrow.ledger check``."""
_NUMBERED = re.compile(r"\$[1-9]\b|noqa: S608")
_SETTING = re.compile(r"^HOLDFAST_(\w+)=(.*)$", re.MULTILINE)
_IMAGE = re.compile(r"\$\{HOLDFAST_(\w+)_IMAGE:-")
_DIGEST = re.compile(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_SOURCES = ("libs/*/src", "services/*/src", "sandbox/src", "deploy/src", "bench")
_TESTS = ("libs/*/tests", "services/*/tests", "sandbox/tests", "deploy/tests", "tests")


def sources(root: Path) -> list[Path]:
    """The folders of our own code."""
    return [
        it for pattern in _SOURCES for it in sorted(root.glob(pattern)) if any(it.rglob("*.py"))
    ]


def members(root: Path) -> list[Path]:
    """The folders of the workspace's members, in the order of their dependence."""
    found = [
        it.parent
        for it in (*root.glob("libs/*/pyproject.toml"), *root.glob("services/*/pyproject.toml"))
    ]
    return [*sorted(found), root / "sandbox", root / "deploy"]


def long_files(root: Path) -> Iterator[str]:
    """Files longer than a reader holds in mind."""
    for patterns, most in ((_SOURCES, _MOST_LINES), (_TESTS, _MOST_TEST_LINES)):
        for pattern in patterns:
            for file in sorted(it for folder in root.glob(pattern) for it in folder.rglob("*.py")):
                lines = len(file.read_text(encoding="utf-8").splitlines())
                if lines > most:
                    yield f"{file.relative_to(root)} has {lines} lines, more than {most}: split it"


def loose_images(root: Path) -> Iterator[str]:
    """Other people's images that production takes by a tag, which can be moved, and says so not."""
    production = dict(_SETTING.findall((root / "deploy/production.env").read_text("utf-8")))
    loose = production.get("IMAGES_WITHOUT_DIGEST", "").split()
    compose = (root / "docker-compose.yml").read_text("utf-8")
    for name in sorted({*_IMAGE.findall(compose), *loose}):
        given = production.get(f"{name}_IMAGE", "")
        if _DIGEST.fullmatch(given) is None and name not in loose:
            yield f"deploy/production.env: HOLDFAST_{name}_IMAGE={given} has no digest"
        if _DIGEST.fullmatch(given) and name in loose:
            yield f"deploy/production.env: {name} has a digest and is among those without"


def topology_faults(root: Path) -> Iterator[str]:
    """A topology that contradicts itself, the services, or the messages that exist."""
    try:
        whole = topology.read(root / "deploy" / "topology.toml")
    except topology.BadTopology as fault:
        yield str(fault)
        return
    named = {it.name for it in SERVICES}
    listed = {it.name for it in whole.services}
    if named != listed:
        yield f"services.py and speakers.py name different services: {sorted(named ^ listed)}"
    yield from _unknown_messages(whole)


def strange_rooms(root: Path) -> Iterator[str]:
    """Files and folders of a service that are none of the rooms that CONTRIBUTING names."""
    for entry in sorted(root.glob("services/*/src/*/*")):
        program = f"{entry.parent.name}/{entry.name}" in _PROGRAMS
        files = [it for it in (entry, *entry.rglob("*")) if it.is_file()]
        kept = any("__pycache__" not in it.parts for it in files)
        if entry.name not in _ROOMS and kept and not program:
            where = entry.relative_to(root)
            yield f"{where} is no room of a service: see CONTRIBUTING, Where a line lives"


def numbered_statements(root: Path) -> Iterator[str]:
    """SQL with parameters that somebody numbered by hand, or that is put together from text."""
    for file in sorted(root.glob("services/*/src/**/*.py")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if _NUMBERED.search(line) and "migrations" not in file.parts:
                where = f"{file.relative_to(root)}:{number}"
                yield f"{where}: name the parameters, see chassis.storage.sql"


def lock_faults(root: Path) -> Iterator[str]:
    """A lock that names a host, misses a hash, or does not hold what the members ask for."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    if "://" in text or re.search(
        r"^\s*(-i|--index-url|--extra-index-url|--find-links)", text, re.MULTILINE
    ):
        yield "requirements.lock names a host: make it with `./holdfast lock`"
    pins = {canonicalize_name(name): Version(version) for name, version in _PIN.findall(text)}
    blocks = re.split(r"\n(?=\S)", text.strip())
    yield from (f"{it.split()[0]} has no hash" for it in blocks if "--hash=sha256:" not in it)
    ours = {canonicalize_name(it.name) for it in members(root)} | {"chassis", "contracts-schema"}
    for where, requirement in _asked(root):
        name = canonicalize_name(requirement.name)
        if name in ours:
            continue
        if name not in pins:
            yield f"{where} asks for {requirement}, which the lock does not hold: ./holdfast lock"
        elif not requirement.specifier.contains(pins[name], prereleases=True):
            yield f"{where} asks for {requirement}, the lock holds {pins[name]}: ./holdfast lock"


def _asked(root: Path) -> Iterator[tuple[str, Requirement]]:
    for folder in members(root):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project.get("optional-dependencies", {}).values()
        for text in (*project.get("dependencies", ()), *chain.from_iterable(extras)):
            yield f"{folder.relative_to(root)}/pyproject.toml", Requirement(text)
    workspace = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for text in workspace["dependency-groups"]["dev"]:
        yield "pyproject.toml", Requirement(text)


def _unknown_messages(whole: topology.Topology) -> Iterator[str]:
    from contracts_schema.message import topics  # noqa: PLC0415 - pydantic, only for this check

    known = set(topics())
    for queue in whole.queues:
        for key in queue.bindings:
            if key.endswith(".#"):
                if not any(it.startswith(key[:-1]) for it in known):
                    yield f"{queue.name} listens to {key}, and no such message exists"
            elif key not in known:
                yield f"{queue.name} listens to {key}, and no such message exists"
