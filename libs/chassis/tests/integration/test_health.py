"""What stands between the process and its work is told by /ready; /live stays what it is."""

import httpx
import pytest
from chaos_proxy import standing_before
from chassis.settings import ServiceSettings
from chassis_builders import until
from chassis_process import create_app


@pytest.fixture
async def proxies(database_url, broker_for):
    broker = broker_for("notifier")
    async with (
        standing_before(database_url) as to_database,
        standing_before(broker.url("notifier")) as to_broker,
    ):
        yield to_database, to_broker


@pytest.fixture
async def client(proxies):
    to_database, to_broker = proxies
    settings = ServiceSettings(
        database_url=to_database.url,
        broker_url=to_broker.url,
        cursor_secret="secret",
        service_secret="s" * 32,
    )
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        await until(lambda: is_ready(client))
        yield client


async def is_ready(client) -> bool:
    return (await client.get("/ready")).status_code == 200


async def faults(client) -> dict[str, str]:
    return (await client.get("/ready")).json()["faults"]


async def test_a_process_that_can_work_is_ready(client):
    answer = await client.get("/ready")

    assert answer.json() == {"status": "ready", "faults": {}}


async def test_who_just_began_is_ready_as_soon_as_it_looked(database_url, broker_for):
    """That its consumers were not there before it began is no fault."""
    settings = ServiceSettings(
        database_url=database_url,
        broker_url=broker_for("notifier").url("notifier"),
        cursor_secret="secret",
        service_secret="s" * 32,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        watch = app.state.broker_health
        await until(lambda: "broker" not in watch.faults)

        assert watch.faults == {}


@pytest.mark.parametrize(("which", "name"), [(0, "database"), (1, "broker")])
async def test_what_is_away_is_named_until_it_is_back(client, proxies, which, name):
    proxies[which].away()

    async def named() -> bool:
        return name in await faults(client)

    await until(named)
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "degraded"
    assert answer.json()["faults"][name]
    assert (await client.get("/live")).status_code == 200

    proxies[which].back()
    await until(lambda: is_ready(client))


async def test_no_password_is_told_with_a_fault(client, proxies, database_url):
    for proxy in proxies:
        proxy.away()

    await until(lambda: faults(client))

    password = database_url.split(":")[2].split("@")[0]
    assert password not in (await client.get("/ready")).text


async def test_the_metrics_are_there_to_be_read(client):
    answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert "holdfast_outbox_unpublished_seconds" in answer.text
