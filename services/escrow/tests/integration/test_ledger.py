"""The books hold because the database refuses everything else."""

from __future__ import annotations

import os
import subprocess
import sys

import asyncpg
import pytest
from chassis.storage.database import Database
from contracts_schema.ids import uuid7
from escrow.domain.states import By
from escrow.handlers import ledger_check, outcome
from escrow.handlers.ledger import check
from escrow.store import escrow as escrows
from escrow.store import halt as halts
from escrow_builders import HOUR, PRICE, House
from holdfast.testbed import as_superuser

MONEY = {
    "funds_held": {"rail:stripe": PRICE, "escrow": -PRICE},
    "provider_fee": {"provider_fees": 12_500, "rail:stripe": -12_500},
    "release": {"escrow": PRICE, "payable:seller": -417_500, "fee_income": -12_500},
    "payout": {"payable:seller": 417_500, "rail:stripe": -417_500},
}


async def test_each_moment_debits_and_credits_what_the_specification_says(house: House):
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()

    rows = await house.database.rows(
        "SELECT moment, replace(account, ':' || $1, '') AS account, amount"
        " FROM postings JOIN ledger_transactions USING (transaction_id)",
        escrow_id,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["moment"], {})[row["account"]] = int(row["amount"])
    assert found == MONEY


async def test_an_entry_is_written_with_its_cause_or_not_at_all(house: House):
    escrow_id = await house.delivered()
    before = await house.database.value("SELECT count(*) FROM postings")

    async def fails(tx):
        await outcome.release(tx, await escrows.lock(tx, escrow_id), By.BUYER)
        raise LookupError("after the decision")

    with pytest.raises(LookupError):
        await house.database.run(fails)

    assert await house.database.value("SELECT count(*) FROM postings") == before
    assert (await house.escrow(escrow_id)).state == "DELIVERED"
    assert await house.payouts(escrow_id) == []


@pytest.fixture
async def owner(house: House, database_url, postgres_url):
    """The schema's owner: what the run-time role may not, it may not either."""
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO escrow; SET ROLE escrow_owner")
    yield connection
    await connection.close()


async def write(connection, escrow_id: str, *lines: tuple[str, str, int], moment: str = "refund"):
    """Write a transaction by hand, as a programme with a defect would."""
    transaction_id = uuid7()
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO ledger_transactions (transaction_id, escrow_id, moment, reference,"
            " escrow_version, at) VALUES ($1, $2, $3, $4, 1, now())",
            *(transaction_id, escrow_id, moment, str(transaction_id)),
        )
        for position, (account, currency, amount) in enumerate(lines, 1):
            await connection.execute(
                "INSERT INTO postings (transaction_id, position, account, currency, amount)"
                " VALUES ($1, $2, $3, $4, $5)",
                *(transaction_id, position, account, currency, amount),
            )
    return transaction_id


@pytest.mark.invariant("V1")
@pytest.mark.parametrize(
    "lines",
    [
        (),
        (("rail:stripe", "USD", 5),),
        (("rail:stripe", "USD", 5), ("fee_income", "USD", -4)),
        (("rail:stripe", "USD", 5), ("fee_income", "USDC", -5)),
        (
            ("rail:stripe", "USD", 5),
            ("fee_income", "USD", -5),
            ("rail:stripe", "USDC", 5),
            ("fee_income", "USDC", -5),
        ),
    ],
)
async def test_a_transaction_that_does_not_balance_is_refused(house: House, lines):
    escrow_id = await _released(house)
    before = await house.database.value("SELECT count(*) FROM ledger_transactions")

    async with house.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await write(connection, escrow_id, *lines)

    assert await house.database.value("SELECT count(*) FROM ledger_transactions") == before


async def _released(house: House) -> str:
    escrow_id = await house.delivered()
    await house.confirm(escrow_id)
    await house.due()
    return escrow_id


async def test_a_closed_transaction_takes_no_further_line(house: House):
    escrow_id = await _released(house)
    transaction_id = await house.database.value(
        "SELECT transaction_id FROM ledger_transactions WHERE escrow_id = $1 LIMIT 1", escrow_id
    )
    async with house.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="closed"):
            await connection.execute(
                "INSERT INTO postings (transaction_id, position, account, currency, amount)"
                " VALUES ($1, 8, 'rail:stripe', 'USD', 5), ($1, 9, 'fee_income', 'USD', -5)",
                transaction_id,
            )


@pytest.mark.invariant("V2")
@pytest.mark.fault("S6")
async def test_no_account_goes_below_its_floor(house: House):
    escrow_id = await _released(house)
    account = f"escrow:{escrow_id}"

    async with house.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match="below its floor"):
            await write(connection, escrow_id, (account, "USD", 1), ("fee_income", "USD", -1))


async def test_an_amount_of_zero_is_no_posting(house: House):
    escrow_id = await _released(house)

    async with house.database.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await write(connection, escrow_id, ("rail:stripe", "USD", 0))


@pytest.mark.invariant("V24")
@pytest.mark.parametrize("table", ["postings", "ledger_transactions", "ledger_accounts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_what_is_written_stays_for_the_service_and_for_the_owner(
    house: House, owner, table, change
):
    await _released(house)
    column = {"postings": "amount = 1", "ledger_transactions": "reference = 'x'"}
    statement = change.format(table, column.get(table, "floor = NULL"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.database.pool.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE escrows SET terms = terms",
        "UPDATE escrows SET currency = 'USDC'",
        "UPDATE payouts SET amount = 1",
        "UPDATE payouts SET charge_id = 'ch_other'",
        "UPDATE tranches SET amount = 1",
        "DELETE FROM escrows",
        "DELETE FROM payouts",
        "DELETE FROM webhooks",
        "UPDATE webhooks SET body = ''",
    ],
)
async def test_what_was_agreed_or_ordered_cannot_be_rewritten(house: House, statement):
    await _released(house)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.database.pool.execute(statement)


@pytest.mark.invariant("V5")
async def test_a_tranche_that_is_released_cannot_be_refunded_as_well(house: House, owner):
    escrow_id = await _released(house)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner.execute("UPDATE tranches SET outcome = 'REFUND'")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner.execute(
            "INSERT INTO payouts (payout_id, escrow_id, kind, tranche, outcome, payment_id,"
            " charge_id, currency, amount, state, attempt, failures, answered, last_error,"
            " version, created_at) SELECT 'pyo_x', escrow_id, 'REFUND', 1, 'REFUND', payment_id,"
            " charge_id, currency, 1, 'PENDING', 1, 0, false, '', 1, now() FROM payouts"
            " WHERE escrow_id = $1",
            escrow_id,
        )


@pytest.mark.invariant("V3")
async def test_amounts_that_do_not_add_up_cannot_be_written(house: House):
    await _released(house)

    with pytest.raises(asyncpg.CheckViolationError, match="escrows_add_up"):
        await house.database.pool.execute("UPDATE escrows SET released = released + 1")


@pytest.mark.invariant("V1")
@pytest.mark.parametrize(
    ("defect", "refuted"),
    [
        (
            "UPDATE escrows SET released = released - 1, fees = fees + 1",
            "every escrow's amounts are what the ledger says",
        ),
        ("UPDATE payments SET received = received + 1", "what came in is"),
        ("UPDATE payouts SET amount = amount + 1", "what is owed is on its way"),
        ("UPDATE payouts SET provider_id = NULL, state = 'SENT'", "an end is proven"),
        ("UPDATE tranches SET seller_fee = 0", "fees are those"),
        ("UPDATE postings SET amount = amount + 1 WHERE amount > 0", "every transaction balances"),
        ("UPDATE postings SET amount = amount + 1 WHERE amount > 0", "the whole ledger sums"),
        (
            "UPDATE postings SET amount = amount * 2 WHERE amount > 0 AND account LIKE 'escrow:%'",
            "no account is below",
        ),
        ("DELETE FROM postings WHERE account = 'rail:stripe'", "per escrow: received"),
        ("DELETE FROM postings", "every transaction balances"),
        ("DELETE FROM postings", "every running balance is the sum"),
    ],
)
async def test_the_check_finds_each_planted_defect(
    house: House, database_url, postgres_url, defect, refuted
):
    """The checker is shown to go red: triggers are off, as if the database had been restored."""
    await _released(house)
    await house.proven()
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("SET search_path TO escrow; SET session_replication_role = replica")
    await connection.execute(defect)
    await connection.close()

    report = await check(house.database)

    found = [finding.name for finding in report.findings if not finding.holds]
    assert any(name.startswith(refuted) for name in found), found
    in_parts = await ledger_check.run(house.database)
    assert in_parts.findings == report.findings
    assert ledger_check.HALT in await halts.in_force(house.database)


def run_check(database_url: str, *module: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOLDFAST_DATABASE_URL": database_url}
    command = [sys.executable, "-m", *module]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


async def test_the_command_line_prints_each_proof_and_says_whether_all_hold(
    house: House, database_url, postgres_url
):
    await _released(house)
    module = ("escrow.ledger", "check")

    good = run_check(database_url, *module)
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("UPDATE escrow.payments SET received = received + 1")
    await connection.close()
    bad = run_check(database_url, *module)
    unclear = run_check(database_url, "escrow.ledger")

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("ok ") == 10
    assert (bad.returncode, unclear.returncode) == (1, 2)
    assert "RED  what came in is what the providers' payments show" in bad.stdout


async def test_the_check_runs_by_itself_and_halts_releases(
    house: House, database: Database, database_url, postgres_url
):
    await _released(house)
    connection = await asyncpg.connect(as_superuser(database_url, postgres_url))
    await connection.execute("UPDATE escrow.payments SET received = received + 1")
    await connection.close()

    house.clock.advance(2 * HOUR)
    await house.due()

    assert await database.value("SELECT name FROM halts") == ledger_check.HALT
    audited = await database.value(
        "SELECT count(*) FROM audit_entries WHERE action = 'releases.halt'"
    )
    assert audited == 1


@pytest.mark.invariant("V18")
async def test_every_money_move_is_audited_once_with_its_actor(house: House):
    escrow_id = await _released(house)

    rows = await house.database.rows(
        "SELECT action, actor FROM audit_entries WHERE subject_id = $1 ORDER BY at, entry_id",
        escrow_id,
    )
    assert sorted(row["action"] for row in rows) == [
        "escrow.deliver",
        "escrow.hold",
        "escrow.open",
        "escrow.release",
        "escrow.released",
        "payment.receive",
        "payout.order",
        "payout.prove",
    ]
    assert all(row["actor"] for row in rows)
