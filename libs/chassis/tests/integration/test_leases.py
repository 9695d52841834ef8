"""One of several processes holds a lease; what it does, it does again after whatever went wrong."""

from __future__ import annotations

import asyncio

import pytest
from chaos_proxy import standing_before
from chassis.service import Parts, create
from chassis.settings import ServiceSettings
from chassis.storage import database
from chassis.storage.leases import ASKED_FOR_EVERY_S, LASTS, Lease
from chassis_builders import until
from chassis_process import some_consumers


async def test_one_holds_it_until_it_gives_it_back(db):
    first, second = Lease("session"), Lease("session")
    await first.take(db)
    waiting = asyncio.ensure_future(second.take(db))
    await until(lambda: second.is_elsewhere)

    assert (first.is_held, second.is_held) == (True, False)
    await first.give_back()
    await waiting
    assert (first.is_held, second.is_held) == (False, True)


async def test_leases_of_other_names_are_of_no_concern(db):
    first, second = Lease("session"), Lease("another")
    await first.take(db)
    await second.take(db)

    assert first.is_held
    assert second.is_held


async def test_it_is_kept_for_as_long_as_it_is_renewed_and_runs_out_after_that(db):
    first, second = Lease("session"), Lease("session")
    await first.take(db)
    keeping = asyncio.ensure_future(first.keep())
    waiting = asyncio.ensure_future(second.take(db))
    await asyncio.sleep(LASTS.total_seconds() + 2 * ASKED_FOR_EVERY_S)
    kept = first.is_held, waiting.done()
    keeping.cancel()
    async with asyncio.timeout(60):
        await waiting

    assert kept == (True, False)
    assert (first.is_held, second.is_held) == (False, True)


async def test_while_the_database_is_away_its_holder_goes_on(database_url, clock, db):
    holder, other = Lease("session"), Lease("session")
    async with (
        standing_before(database_url) as proxy,
        database.connect(proxy.url, clock, "notifier", 2) as distant,
    ):
        await holder.take(distant)
        proxy.away()
        await until(lambda: not holder.is_held)

        await holder.require()  # and does not end the process

        proxy.back()

        async def has_it_again() -> bool:
            await holder.require()
            return holder.is_held

        await until(has_it_again)
        waiting = asyncio.ensure_future(other.take(db))
        await until(lambda: other.is_elsewhere)
        waiting.cancel()


@pytest.mark.fault("M1")
async def test_a_holder_whose_broker_is_away_begins_when_it_is_back(database_url, broker_for):
    async with standing_before(broker_for("notifier").url("notifier")) as proxy:
        proxy.away()
        settings = ServiceSettings(
            database_url=database_url,
            broker_url=proxy.url,
            cursor_secret="secret",
            service_secret="s" * 32,
        )
        lease, begun = Lease("session"), asyncio.Event()

        async def work(_: database.Database) -> None:
            begun.set()
            await asyncio.Event().wait()

        parts = Parts("notifier", consumers=some_consumers(), background=[work], lease=lease)
        app = create(settings, parts)
        async with app.router.lifespan_context(app):
            await until(begun.is_set)
            proxy.back()
            watch = app.state.broker_health
            await until(lambda: watch._consumes() and not watch.faults)

            assert lease.is_held
            assert not any(task.done() for task in app.state.tasks.values())
