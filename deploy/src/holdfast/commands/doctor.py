"""`doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx
import typer
from rich.markup import escape

from holdfast import daemon, ports, providers
from holdfast.broker import BrokerRefused, BrokerTooOld, Management
from holdfast.broker_version import objection
from holdfast.console import err, out
from holdfast.instance import Instance
from holdfast.servers import (
    Server,
    ServerUnavailable,
    docker,
    postgres,
    rabbitmq,
    seaweedfs,
    traefik,
)
from holdfast.services import SERVICES

_GIBIBYTE = 1024**3
_DISK_NEEDED = 3 * _GIBIBYTE
_MEMORY_NEEDED = 2 * _GIBIBYTE


class Verdict(StrEnum):
    """How bad a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    what: str
    verdict: Verdict
    said: str
    fix: str = ""


def doctor() -> None:
    """Say what is missing to run Holdfast here, and how to fix it. Ends with 1 when anything is."""
    instance = Instance.named()
    colours = {Verdict.GOOD: "green", Verdict.NOTE: "yellow", Verdict.BAD: "red"}
    findings = list(examine(instance))
    for it in findings:
        out.print(f"[{colours[it.verdict]}]{it.verdict:<8}[/]{it.what:<14}{escape(it.said)}")
        if it.fix:
            out.print(f"{'':<22}→ {escape(it.fix)}")
    if any(it.verdict is Verdict.BAD for it in findings):
        raise typer.Exit(1)
    err.print(f"nothing is missing: {_next_step(instance)}")


def _next_step(instance: Instance) -> str:
    state = daemon.running(instance)
    if state is None:
        return "./holdfast up"
    return f"it runs already ({state.status}); ./holdfast status tells more"


def examine(instance: Instance) -> Iterator[Finding]:
    """Look at everything a run needs."""
    yield Finding("python", Verdict.GOOD, f"{sys.version.split()[0]} at {sys.executable}")
    yield _docker()
    yield _server("postgresql", postgres.given, lambda: str(postgres.find_binaries()))
    yield _server("rabbitmq", _given_broker, lambda: rabbitmq.find_programs(instance).described)
    yield from _unused_rabbitmq()
    yield _server("s3", seaweedfs.given, lambda: str(seaweedfs.find_weed()))
    yield _server("gateway", lambda: None, lambda: str(traefik.find_traefik()))
    yield from _outside(instance)
    yield from _ports(instance)
    yield from _space(instance)
    if instance.unfit:
        yield Finding("folder", Verdict.NOTE, instance.unfit)


def _docker() -> Finding:
    if docker.answers():
        return Finding("docker", Verdict.GOOD, "an engine answers: servers run as containers")
    return Finding("docker", Verdict.GOOD, "no engine answers: servers run as private processes")


def _server(what: str, given: Callable[[], object], found: Callable[[], str]) -> Finding:
    try:
        if given():
            return Finding(what, Verdict.GOOD, "named in the environment")
        if what != "gateway" and docker.answers():
            return Finding(what, Verdict.GOOD, "in a container")
        return Finding(what, Verdict.GOOD, found())
    except ServerUnavailable as lack:
        said, _, fix = str(lack).partition(": ")
        return Finding(what, Verdict.BAD, said, fix)


def _given_broker() -> Server | None:
    """The broker named in the environment, once it has said that it is new enough."""
    server = rabbitmq.given()
    if server is None:
        return None
    management = Management.at(server.urls["rabbitmq_management"])
    try:
        with management.client:
            management.require_version()
    except BrokerTooOld as refusal:
        raise ServerUnavailable(str(refusal)) from refusal
    except (httpx.HTTPError, BrokerRefused) as failure:
        raise ServerUnavailable(f"the given broker does not answer: {failure}") from failure
    return server


def _unused_rabbitmq() -> Iterator[Finding]:
    found = rabbitmq.installed()
    reason = objection(rabbitmq.version(found)) if found else None
    if reason:
        yield Finding("rabbitmq", Verdict.NOTE, f"the system's is not used: {reason}")


def _outside(instance: Instance) -> Iterator[Finding]:
    for provider in providers.all_providers(instance, "http://127.0.0.1"):
        name = provider.name.lower()
        try:
            real = provider.settings() != dict(provider.played)
        except providers.IncompleteCredentials as lack:
            yield Finding(name, Verdict.BAD, "some credentials are missing", str(lack))
            continue
        yield Finding(name, Verdict.GOOD, "the real one" if real else "played by the sandbox")


def _ports(instance: Instance) -> Iterator[Finding]:
    if (state := daemon.running(instance)) is not None:
        said = ", ".join(f"{name} {port}" for name, port in state.ports.items())
        yield Finding("ports", Verdict.GOOD, f"ours: {said}")
        return
    usual = {"gateway": traefik.USUAL_PORT} | {it.name: it.usual_port for it in SERVICES}
    taken = [f"{name} {port}" for name, port in usual.items() if not ports.is_free(port)]
    if taken:
        said = f"in use by others: {', '.join(taken)}; `up` takes free ones"
        yield Finding("ports", Verdict.NOTE, said)
    else:
        yield Finding("ports", Verdict.GOOD, "the usual ones are free")


def _space(instance: Instance) -> Iterator[Finding]:
    free = shutil.disk_usage(instance.data).free
    enough = free > _DISK_NEEDED
    yield Finding(
        "disk",
        Verdict.GOOD if enough else Verdict.BAD,
        f"{free / _GIBIBYTE:.1f} GiB free",
        "" if enough else f"make room: {_DISK_NEEDED / _GIBIBYTE:.0f} GiB are needed",
    )
    memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    plenty = memory > _MEMORY_NEEDED
    yield Finding(
        "memory", Verdict.GOOD if plenty else Verdict.NOTE, f"{memory / _GIBIBYTE:.1f} GiB free",
        "" if plenty else "the whole takes about 1.5 GiB; the page cache may give some back",
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)
