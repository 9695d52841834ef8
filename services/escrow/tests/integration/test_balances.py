"""Each account's running balance: kept by the database, whoever books, and proven by the check."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from contracts_schema.ids import uuid7
from escrow.handlers.ledger import check
from escrow_builders import PRICE, House, some_terms
from holdfast.testbed import as_superuser, derived, login
from holdfast.testbed.databases import migrate

ENTER = (
    "INSERT INTO ledger_transactions (transaction_id, escrow_id, moment, reference,"
    " escrow_version, at) VALUES ($1, $2, 'provider_fee', $3, 1, now())"
)
POST = (
    "INSERT INTO postings (transaction_id, position, account, currency, amount)"
    " VALUES ($1, 1, $2, 'USD', $4), ($1, 2, $3, 'USD', -$4::numeric)"
)
BEFORE = """
SET search_path TO escrow;
DROP TABLE leases, ledger_checks, proposals, audit_heads;
ALTER TABLE payouts DROP COLUMN returned;
ALTER TABLE principals ADD COLUMN sequence bigint NOT NULL DEFAULT 0, DROP COLUMN tier_sequence,
    DROP COLUMN role_sequence, DROP COLUMN suspended_sequence;
DROP FUNCTION require_sellers_account, require_same_account CASCADE;
ALTER TABLE outbox DROP COLUMN due_at;
DROP INDEX outbox_created, inbox_received, idempotency_keys_created;
CREATE INDEX outbox_unpublished ON outbox (created_at);
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX inbox_received ON inbox (received_at);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
DROP TRIGGER postings_balances_kept ON postings;
DROP FUNCTION keep_balance();
DROP TABLE ledger_balances;
DROP INDEX chargebacks_of_escrow, escrows_created, ledger_accounts_shared;
CREATE FUNCTION require_floor() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER postings_floor AFTER INSERT ON postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_floor();
ALTER FUNCTION require_floor OWNER TO escrow_owner;
UPDATE alembic_version SET version_num = '0007';
"""
"""Takes the schema back to where no balances were kept."""
SUMS = "SELECT account, currency, sum(amount) AS balance FROM postings GROUP BY account, currency"


async def released(house: House) -> str:
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()
    return escrow_id


async def enter(connection, escrow_id: str, debit: str, credit: str, minor: int) -> None:
    """Write an entry by hand."""
    async with connection.transaction():
        transaction_id = uuid7()
        await connection.execute(ENTER, transaction_id, escrow_id, str(transaction_id))
        await connection.execute(POST, transaction_id, debit, credit, minor)


@pytest.fixture
async def breaker(database_url, postgres_url):
    """A connection that can do what nobody here may."""
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO escrow; SET session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.mark.invariant("V1")
async def test_after_a_deal_every_account_has_the_sum_of_its_postings(house: House):
    await released(house)

    kept = await house.database.rows("SELECT account, currency, balance FROM ledger_balances")
    assert len(kept) == 5
    assert set(map(tuple, kept)) == set(map(tuple, await house.database.rows(SUMS)))


@pytest.mark.parametrize("change", ["UPDATE {} SET balance = 0", "DELETE FROM {}", "TRUNCATE {}"])
async def test_a_balance_changes_by_a_posting_and_by_nothing_else(house: House, change: str):
    await released(house)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.database.pool.execute(change.format("ledger_balances"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.database.pool.execute(
            "INSERT INTO ledger_balances VALUES ('fee_income', 'USDC', 1)"
        )


async def test_what_an_account_may_not_go_below_is_decided_by_its_running_balance(
    house: House, breaker
):
    escrow_id = await released(house)
    await breaker.execute("UPDATE ledger_balances SET balance = -5 WHERE account = 'fee_income'")

    async with house.database.pool.acquire() as connection:
        await enter(connection, escrow_id, "fee_income", "rail:stripe", 5)
        with pytest.raises(asyncpg.CheckViolationError, match="would stand at -1, below its floor"):
            await enter(connection, escrow_id, "fee_income", "rail:stripe", 1)


@pytest.mark.parametrize(
    "defect",
    [
        "UPDATE ledger_balances SET balance = balance + 1 WHERE account LIKE 'escrow:%'",
        "UPDATE ledger_balances SET balance = balance + 1 WHERE account = 'fee_income'",
        "UPDATE ledger_balances SET balance = balance - 1 WHERE account = 'rail:stripe'",
        "UPDATE ledger_balances SET balance = balance + 1 WHERE account LIKE 'surplus:%'",
        "DELETE FROM ledger_balances WHERE account = 'fee_income'",
        "DELETE FROM ledger_balances WHERE account LIKE 'surplus:%'",
        "DELETE FROM ledger_balances WHERE account LIKE 'escrow:%'",
    ],
)
async def test_a_balance_that_is_not_the_sum_of_its_postings_is_found(
    house: House, breaker, defect: str
):
    escrow_id = await house.open()
    await house.onboarded()
    await house.pay(escrow_id, PRICE + 777)
    await house.deliver(escrow_id)
    another = await house.delivered(some_terms("another"))
    await house.confirm(another)
    await house.due()
    await house.proven()

    await breaker.execute(defect)

    report = await check(house.database)
    found = [finding for finding in report.findings if not finding.holds]
    assert [finding.name for finding in found] == [
        "every running balance is the sum of its postings"
    ]


async def test_those_who_book_on_the_same_accounts_at_once_wait_for_each_other_and_do_not_fail(
    house: House,
):
    escrow_id = await released(house)

    async def book(number: int) -> None:
        accounts = ("provider_fees", "rail:stripe")
        async with house.database.pool.acquire() as connection:
            for _ in range(5):
                await enter(connection, escrow_id, *accounts[:: 1 if number % 2 else -1], 10)

    await asyncio.gather(*(book(number) for number in range(12)))

    await house.proven()


async def test_the_migration_keeps_the_balances_of_what_was_booked_before(
    house: House, database_url, postgres_url
):
    await released(house)
    before = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await before.execute(BEFORE)
    await before.close()
    path = database_url[database_url.rindex("/") :]
    owner = login(postgres_url, "escrow_owner", derived(postgres_url, "escrow_owner"), path)

    await asyncio.to_thread(migrate, "escrow", owner)

    await house.proven()
    another = await house.delivered(some_terms("another"))
    await house.confirm(another)
    await house.due()
    await house.proven()
