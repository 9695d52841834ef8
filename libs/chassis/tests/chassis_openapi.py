"""Sends whatever a service's OpenAPI allows, and more, to every operation of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import schemathesis
import uvicorn
from chassis.http.auth import caller, live_caller
from chassis.principals import Principal
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

EXAMPLES = 15


@contextmanager
def served(app: FastAPI, principal: Principal) -> Iterator[str]:
    """The service on a free port; whoever asks is this person."""

    async def known() -> Principal:
        return principal

    app.dependency_overrides[caller] = known
    app.dependency_overrides[live_caller] = known
    with listening() as listener:
        with serving(app, listener):
            yield base_url(listener)


def listening() -> socket.socket:
    """A free port, where connections wait until the service is there."""
    return socket.create_server(("127.0.0.1", 0))


def base_url(listener: socket.socket) -> str:
    """How the port is reached."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """The service on this port, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)


def attack(base: str, headers: Mapping[str, str] | None = None, *, outages: bool = True) -> int:
    """Try every documented operation; how many there were. Fails on the first 5xx.

    A 503 that says it passes is none, where ``outages`` are to be expected.
    """
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    operations = 0
    for found in schema.get_all_operations():

        @given(case=found.ok().as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: schemathesis.Case) -> None:
            answer = case.call(base_url=base, headers=dict(headers or {}))
            away = outages and answer.status_code == 503 and answer.json()["retryable"]
            assert answer.status_code < 500 or away, f"{case.method} {case.path}: {answer.text}"

        attempt()
        operations += 1
    return operations
