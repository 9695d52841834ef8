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
def system(instance, traces) -> Iterator[State]:
    os.environ["HOLDFAST_TRACE_DIR"] = str(traces)
    lease = leases.take(instance)
    try:
        yield daemon.ensure(instance, plan.FULL, linger_s=5)
    finally:
        daemon.stop(instance)
        leases.release(lease)
        del os.environ["HOLDFAST_TRACE_DIR"]


@pytest.fixture
async def scenario(system) -> AsyncIterator[Scenario]:
    async with scenario_on(system) as opened:
        yield opened
