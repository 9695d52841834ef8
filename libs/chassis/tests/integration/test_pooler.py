"""PgBouncer lends connections by the transaction: prepared statements and locks work through it."""

import asyncio
import socket

import asyncpg
import httpx
import pytest
from chassis.ops.telemetry import set_up
from chassis.settings import ServiceSettings
from chassis.storage import audit, audit_check, connections, database
from chassis_builders import until
from chassis_process import create_app, is_live, process
from holdfast.testbed.pooler import NoPooler, pooled

FEW, WORKERS, ROUNDS = 2, 16, 12
NOTES = 20


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
async def pooled_url(database_url):
    """The database behind fewer connections than any service opens."""
    try:
        async with pooled(database_url, free_port(), FEW) as url:
            yield url
    except NoPooler as lack:
        pytest.skip(str(lack))


async def test_many_transactions_with_prepared_statements_share_few_connections(pooled_url, clock):
    async with database.connect(pooled_url, clock, "notifier", WORKERS) as db:

        async def work(worker: int) -> None:
            for number in range(ROUNDS):
                subject = f"{worker}:{number}"
                async with db.transaction() as tx:
                    assert await tx.value("SELECT $1::int + 1", number) == number + 1
                    tx.audit("done", subject)
                    await tx.set_timer("later", subject, tx.now())
                assert await db.value("SELECT count(*) FROM timers WHERE subject_id = $1", subject)

        await asyncio.gather(*map(work, range(WORKERS)), *(audit.chain_once(db) for _ in range(20)))
        while await audit.chain_once(db):
            pass

        assert await db.value("SELECT count(*) FROM audit_chain") == WORKERS * ROUNDS
        assert await audit_check.check(db) == []


async def test_a_transaction_that_failed_leaves_the_lent_connection_clean(pooled_url, clock):
    async with database.connect(pooled_url, clock, "notifier", WORKERS) as db:
        for _ in range(3 * FEW):
            with pytest.raises(asyncpg.UndefinedTableError):
                async with db.transaction() as tx:
                    await tx.value("SELECT 1 FROM nowhere")
        assert await db.value("SELECT 1") == 1


async def test_two_roles_do_the_whole_way_and_the_worker_listens_past_the_pooler(
    pooled_url, database_url, broker_for, clock
):
    environment = {
        "HOLDFAST_DATABASE_URL": pooled_url,
        "HOLDFAST_DIRECT_DATABASE_URL": database_url,
        "HOLDFAST_BROKER_URL": broker_for("notifier").url("notifier"),
    }
    api = environment | {"HOLDFAST_ROLE": "api", "HOLDFAST_PORT": str(free_port())}
    worker = environment | {"HOLDFAST_ROLE": "worker", "HOLDFAST_PORT": str(free_port())}
    url = f"http://127.0.0.1:{api['HOLDFAST_PORT']}"
    noted = "SELECT count(DISTINCT subject_id) FROM audit_entries WHERE action = 'noted'"
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    async with (
        process(api),
        process(worker),
        httpx.AsyncClient(base_url=url) as client,
        database.connect(database_url, clock, "notifier", 2) as direct,
    ):
        await until(lambda: is_live(client))
        await until(lambda: direct.value(listening))
        for _ in range(NOTES):
            assert (await client.post("/v1/notes")).status_code == 201

        async def all_noted() -> bool:
            return await direct.value(noted) == NOTES

        await until(all_noted)
        assert await direct.value("SELECT count(*) FROM inbox") == NOTES


MANY = 1_000_000
"""So many that what other tests promise meanwhile makes no difference."""


async def test_a_process_that_may_be_refused_a_connection_one_day_says_so_at_its_start(
    database_url, broker_for, clock, capfd
):
    settings = ServiceSettings(
        database_url=database_url,
        broker_url=broker_for("notifier").url("notifier"),
        cursor_secret="secret",
        service_secret="s" * 32,
    )
    set_up("notifier", settings)
    name = connections.name_of("escrow", MANY)
    async with database.connect(database_url, clock, "escrow", 2, name) as another:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            found = await connections.promised(another)

    assert found.promised >= MANY + settings.pool_size > MANY > found.admitted
    assert found.is_too_much
    assert "database.too_many_connections_promised" in capfd.readouterr().err


async def test_what_all_processes_promise_is_added_up(database_url, clock):
    names = [connections.name_of("notifier", many * MANY) for many in (1, 2, 2)]
    async with (
        database.connect(database_url, clock, "notifier", 2, names[0]),
        database.connect(database_url, clock, "notifier", 2, names[1]),
        database.connect(database_url, clock, "notifier", 2, names[2]) as last,
    ):
        found = await connections.promised(last)

    assert found.promised // MANY >= 5
