"""What the database itself refuses, so that no defect of the programme can write it."""

from __future__ import annotations

import asyncio
from itertools import product

import asyncpg
import pytest
from contracts_schema.ids import uuid7
from escrow.domain.states import TRANSITIONS, State, targets
from escrow_builders import House
from holdfast.testbed import as_superuser

EDGES = {(state, to) for state, action in TRANSITIONS for to in targets(state, action)}
WRITE = (
    "INSERT INTO ledger_transactions (transaction_id, escrow_id, moment, reference,"
    " escrow_version, at) VALUES ($1, $2, 'refund', $3, 1, now())"
)
LINES = (
    "INSERT INTO postings (transaction_id, position, account, currency, amount)"
    " VALUES ($1, 1, $2, 'USD', $4), ($1, 2, $3, 'USD', -$4::numeric)"
)


@pytest.mark.invariant("V6")
@pytest.mark.abuse("A6")
async def test_an_escrow_moves_along_the_table_and_no_other_way(
    house: House, database_url, postgres_url
):
    """Every pair of states is tried by the owner; the table in the code says which may pass."""
    escrow_id = await house.open()
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO escrow")
    moved, refused = set(), {}
    for before, after in product(State, State):
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("UPDATE escrows SET state = $1", before)
        await connection.execute("SET session_replication_role = origin; SET ROLE escrow_owner")
        try:
            await connection.execute(
                "UPDATE escrows SET state = $1, version = version + 1 WHERE escrow_id = $2",
                *(after, escrow_id),
            )
            moved.add((before, after))
        except asyncpg.CheckViolationError as refusal:
            refused[before, after] = str(refusal)
        await connection.execute("RESET ROLE")
    await connection.close()

    assert moved == EDGES | {(state, state) for state in State}
    assert all(f"{one} does not become {to}" in why for (one, to), why in refused.items())


@pytest.mark.invariant("V6")
@pytest.mark.parametrize("step", [-1, 0, 2])
async def test_a_version_follows_the_one_before(house: House, step: int):
    await house.funded()

    with pytest.raises(asyncpg.CheckViolationError, match="does not follow"):
        await house.database.pool.execute(f"UPDATE escrows SET version = version + {step}")


@pytest.mark.invariant("V2")
@pytest.mark.fault("S6")
async def test_two_at_once_cannot_take_an_account_below_its_floor_together(house: House):
    """Each would leave enough for itself; the second sees what the first one took."""
    escrow_id = await house.funded()
    held = (await house.escrow(escrow_id)).held.minor
    account, other = f"escrow:{escrow_id}", "fee_income"
    await house.database.pool.execute(
        "INSERT INTO ledger_accounts VALUES ($1, 'fee_income', 'credit', 0) ON CONFLICT DO NOTHING",
        other,
    )
    barrier = asyncio.Barrier(2)

    async def take() -> None:
        async with house.database.pool.acquire() as connection, connection.transaction():
            transaction_id = uuid7()
            await connection.execute(WRITE, transaction_id, escrow_id, str(transaction_id))
            await connection.execute(LINES, transaction_id, account, other, held - 1)
            await barrier.wait()

    results = await asyncio.gather(take(), take(), return_exceptions=True)

    [refused] = [one for one in results if one is not None]
    assert isinstance(refused, asyncpg.CheckViolationError)
    assert "below its floor" in str(refused)
    left = await house.database.value(
        "SELECT -sum(amount) FROM postings WHERE account = $1", account
    )
    assert left == 1


@pytest.mark.abuse("B4")
@pytest.mark.parametrize("destination", ["acct_of_a_thief", None])
async def test_the_services_own_role_cannot_send_a_payout_elsewhere(house: House, destination):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    [payout] = await house.payouts(escrow_id)
    [account] = house.rail.accounts
    assert payout.destination == account

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await house.database.pool.execute("UPDATE payouts SET destination = $1", destination)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        await house.database.pool.execute("UPDATE payout_accounts SET provider_id = $1", "acct_x")

    assert (await house.payouts(escrow_id))[0].destination == account


@pytest.mark.abuse("B4")
async def test_a_payout_without_a_destination_gets_its_sellers_and_no_other(
    house: House, database_url, postgres_url
):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    [account] = house.rail.accounts
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE escrow.payouts SET destination = NULL")
    await connection.close()
    change = "UPDATE payouts SET destination = $1"

    with pytest.raises(asyncpg.CheckViolationError, match="no account of its seller"):
        await house.database.pool.execute(change, "acct_of_a_thief")

    await house.database.pool.execute(change, account)
    assert (await house.payouts(escrow_id))[0].destination == account
