"""A whole trade where PgBouncer lends the connections, fewer than the service's pool has."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from chassis.clock import SystemClock
from chassis.storage.database import connect
from escrow.handlers.ledger import check
from escrow_builders import FEE, NET, PRICE
from escrow_process import a_world
from holdfast.testbed.pooler import NoPooler, pooled


async def test_a_trade_goes_through_a_pooler_in_transaction_mode(
    database_url: str, broker_for, tmp_path: Path
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    broker = broker_for("escrow", "notifier")
    try:
        async with (
            pooled(database_url, port, 3) as url,
            a_world(url, broker, tmp_path) as world,
        ):
            escrow_id = await world.trade()
            books = await world.sandbox.group(escrow_id)
    except NoPooler as lack:
        pytest.skip(str(lack))

    assert (books["buyer_paid"], books["seller_received"], books["fee"]) == (PRICE, NET, FEE)
    async with connect(database_url, SystemClock(), "escrow", size=2) as database:
        assert (await check(database)).green
