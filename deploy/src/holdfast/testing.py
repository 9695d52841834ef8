"""Pytest fixtures: real servers shared by all tests, a fresh database and broker for each.

A server is taken from the environment (`HOLDFAST_TEST_…`), else started as the instance `test`
and kept for a while, so that the next run is fast.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import hypothesis
import pytest
import structlog

from holdfast import daemon, distribution, leases, plan
from holdfast.instance import Instance
from holdfast.state import lock
from holdfast.testbed import Brokers, Databases, TestBroker

# httpcore tries to import it at every request, and Python looks through the whole path each time.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

_LINGER_S = 300.0
_SERVERS = ("POSTGRES_URL", "RABBITMQ_URL", "RABBITMQ_MANAGEMENT_URL")
DatabaseFor = Callable[[str], str]
BrokerFor = Callable[..., TestBroker]


@dataclass(frozen=True, slots=True)
class S3:
    """An S3 server for tests."""

    endpoint: str
    access_key: str
    secret_key: str


def pytest_configure() -> None:
    """Let no example fail for the time it takes, and nothing wait for what is logged."""
    _log_plainly()
    slow = [hypothesis.HealthCheck.too_slow]
    patient = hypothesis.settings(deadline=None, suppress_health_check=slow)
    hypothesis.settings.register_profile("holdfast", patient)
    hypothesis.settings.load_profile("holdfast")
    # Foreign clients that are tried here remember things about their user.
    os.environ["XDG_CONFIG_HOME"] = str(Instance.named("test").home / "config")


def _log_plainly() -> None:
    """Show errors without the values of variables, as the services' own logs do.

    structlog's default draws them all, which stops the event loop for seconds: calls time out.
    """
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, plain])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers, begin with what takes longest."""
    if hasattr(config, "workerinput"):
        distribution.long_first(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers that the chosen tests need, and only those, before any test's time runs."""
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    starts = [start for name, start in (("_servers", _urls), ("s3", _storage)) if name in wanted]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda start: start(), starts))
    except daemon.NotStarted as failure:
        pytest.exit(f"{failure}; try ./holdfast doctor", returncode=1)


def shared(kind: str, instance_name: str) -> dict[str, str]:
    """The URLs of the shared test servers of this kind, started when they do not run."""
    instance = Instance.named(instance_name)
    lease = leases.take(instance)
    atexit.register(leases.release, lease)
    linger_s = float(os.environ.get("HOLDFAST_TEST_LINGER_S", _LINGER_S))
    return daemon.ensure(instance, kind, linger_s).urls


@functools.cache
def _urls() -> dict[str, str]:
    given = {name.removesuffix("_URL").lower(): _given(name) for name in _SERVERS}
    return given if all(given.values()) else shared(plan.TEST_SERVERS, "test")


@functools.cache
def _storage() -> S3:
    endpoint = _given("S3_ENDPOINT")
    if endpoint:
        return S3(endpoint, _given("S3_ACCESS_KEY"), _given("S3_SECRET_KEY"))
    urls = shared(plan.S3, "test-s3")
    return S3(urls["s3"], urls["s3_access_key"], urls["s3_secret_key"])


@pytest.fixture(scope="session")
def _servers() -> dict[str, str]:
    return _urls()


@pytest.fixture(scope="session")
def postgres_url(_servers: dict[str, str]) -> str:
    """The URL of a PostgreSQL server, as superuser."""
    return _servers["postgres"]


@pytest.fixture(scope="session")
def rabbitmq_url(_servers: dict[str, str]) -> str:
    """The URL of a RabbitMQ broker, as operator, on its default virtual host."""
    return _servers["rabbitmq"]


@pytest.fixture(scope="session")
def rabbitmq_management_url(_servers: dict[str, str]) -> str:
    """The URL of the broker's management interface, with the operator's name and password."""
    return _servers["rabbitmq_management"]


@pytest.fixture(scope="session")
def s3() -> S3:
    """A real S3 server; every test makes buckets of its own."""
    return _storage()


@pytest.fixture(scope="session")
def _databases(postgres_url: str) -> Iterator[Databases]:
    databases = Databases(postgres_url)
    with _one_at_a_time():
        databases.drop_leftovers()
    yield databases
    databases.close()


@pytest.fixture
def database_for(_databases: Databases) -> Iterator[DatabaseFor]:
    """Make a fresh migrated database for a service; returns the URL of its runtime role."""
    with _databases.made() as make:
        yield make


@pytest.fixture(scope="module")
def module_database_for(_databases: Databases) -> Iterator[DatabaseFor]:
    """The same, kept for all tests of one module."""
    with _databases.made() as make:
        yield make


@pytest.fixture(scope="session")
def _brokers(_servers: dict[str, str]) -> Iterator[Brokers]:
    brokers = Brokers(_servers["rabbitmq"], _servers["rabbitmq_management"])
    with _one_at_a_time():
        brokers.drop_leftovers()
    yield brokers
    brokers.close()


@pytest.fixture
def broker_for(_brokers: Brokers) -> Iterator[BrokerFor]:
    """Lend a clean virtual host with the topology of the named services (none named: of all)."""
    with _brokers.lent() as lend:
        yield lend


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep workers that begin together from dropping the same leftovers."""
    with lock(Instance.named("test").run / "leftovers.lock", wait=True) or nullcontext():
        yield


def _given(name: str) -> str:
    return os.environ.get(f"HOLDFAST_TEST_{name}", "")
