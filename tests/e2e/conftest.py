"""The whole system, once for all these tests, and a scenario on it for each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from holdfast import daemon, leases, plan
from holdfast.demo.scenario import Scenario, scenario_on
from holdfast.instance import Instance
from holdfast.state import State


@pytest.fixture(scope="session")
def traces(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="session")
def instance() -> Instance:
    return Instance.named("e2e")


@pytest.fixture(scope="session")
def tls_proxy() -> str:
    """Where requests come from that passed a proxy before the gateway; nobody else is there."""
    return "127.43.0.9"


@pytest.fixture(scope="session")
def system(instance, traces, tls_proxy) -> Iterator[State]:
    os.environ["HOLDFAST_TRACE_DIR"] = str(traces)
    os.environ["HOLDFAST_EDGE_PROXIES"] = f"{tls_proxy},2001:db8::/32"
    lease = leases.take(instance)
    try:
        yield daemon.ensure(instance, plan.FULL, linger_s=5)
    finally:
        daemon.stop(instance)
        leases.release(lease)
        del os.environ["HOLDFAST_TRACE_DIR"], os.environ["HOLDFAST_EDGE_PROXIES"]


@pytest.fixture
async def scenario(system) -> AsyncIterator[Scenario]:
    async with scenario_on(system) as opened:
        yield opened
