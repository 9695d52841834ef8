"""What must hold after a trade: the books, the chains of the audit logs, each event once."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from chassis.clock import SystemClock
from chassis.storage import audit_check, database
from chassis.storage.database import Row
from holdfast.access import Access
from holdfast.demo.scenario import Scenario
from holdfast.demo.trade import Trade
from holdfast.instance import Instance
from holdfast.services import SERVICES, named
from holdfast.state import State

MONEY = {"buyer_paid": 430_000, "seller_received": 417_500, "fee": 12_500}


def quiet(step: str, words: str) -> None:
    """Tell nobody."""


def access(instance: Instance, system: State) -> Access:
    """The services' own ways into database and broker."""
    return Access(instance, system.urls["postgres"], system.urls["rabbitmq"])


async def the_books_hold(instance: Instance, system: State) -> None:
    """Every proof of the ledger, made by the command that operators use."""
    url = access(instance, system).database_url(named("escrow"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "escrow.ledger",
        "check",
        env={"HOLDFAST_DATABASE_URL": url, "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def the_audit_chains_hold(instance: Instance, system: State) -> None:
    """Every service's log is whole and in order."""
    for service in SERVICES:
        url = access(instance, system).database_url(service)
        async with database.connect(url, SystemClock(), service.name, 2) as db:
            assert await audit_check.check(db) == [], service.name


async def rows_of(
    instance: Instance, system: State, service: str, sql: str, *arguments: object
) -> list[Row]:
    """Rows of a service's own tables."""
    url = access(instance, system).database_url(named(service))
    async with database.connect(url, SystemClock(), service, 2) as db:
        return await db.rows(sql, *arguments)


def each_event_came_once(scenario: Scenario, trade: Trade) -> None:
    """No fact of this deal was told twice under two ids."""
    events = scenario.system.events
    of_deal = [it for it in events.heard if it.body.get("deal_id") == trade.deal_id]
    told = Counter(it.type for it in {it.id: it for it in of_deal}.values())
    twice = {"contracts.contract_signed.v1": 2}
    for topic, count in told.items():
        assert count == twice.get(topic, 1), f"{topic} was told {count} times"
