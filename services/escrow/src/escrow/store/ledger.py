"""The whole ledger, read in parts that are small enough for one statement each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from sqlalchemy import bindparam, select, tuple_

from escrow.store.proofs import PROOFS, REFUTED, RULE
from escrow.store.tables import escrows, ledger_accounts, postings

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""How a transaction begins that reads all of it as it was at one moment."""

ESCROWS_AT_ONCE, POSTINGS_AT_ONCE, ACCOUNTS_AT_ONCE = 2_000, 50_000, 2_000
_LAST = UUID(int=2**128 - 1)

_ESCROWS = statement(
    select(escrows.c.created_at, escrows.c.escrow_id)
    .where(
        tuple_(escrows.c.created_at, escrows.c.escrow_id)
        > tuple_(bindparam("after"), bindparam("after_id"))
    )
    .order_by(escrows.c.created_at, escrows.c.escrow_id)
    .limit(ESCROWS_AT_ONCE)
)
_PART_ENDS = statement(
    select(postings.c.transaction_id)
    .where(postings.c.transaction_id > bindparam("after"))
    .order_by(postings.c.transaction_id)
    .offset(POSTINGS_AT_ONCE)
    .limit(1)
)
_TOTALS = statement("""
SELECT kind, currency, sum(minor) AS minor,
    CASE WHEN kind IN ('rail', 'fee_income', 'provider_fees', 'chargeback_loss')
        THEN account END AS account
FROM (SELECT account, currency, sum(amount) AS minor,
        regexp_replace(account, ':[^:]*$', '') AS kind FROM postings
    WHERE transaction_id > :after AND transaction_id <= :until
    GROUP BY account, currency) part
GROUP BY kind, currency, 4
""")
"""An account's name begins with its kind: to look up each would cost more the more there are."""
_OWN = ("escrow", "payable:seller", "payable:buyer")
_PART_OF_ACCOUNTS_ENDS = statement(
    select(ledger_accounts.c.account)
    .where(ledger_accounts.c.kind.not_in(_OWN), ledger_accounts.c.account > bindparam("after"))
    .order_by(ledger_accounts.c.account)
    .offset(ACCOUNTS_AT_ONCE)
    .limit(1)
)
_SHARED = statement("""
SELECT account, normal, floor, currency, coalesce(balance, 0) AS kept,
    CASE WHEN kind IN ('surplus', 'receivable') THEN coalesce(amount, 0) END AS minor
FROM ledger_accounts AS known CROSS JOIN LATERAL (
    SELECT * FROM (SELECT currency, sum(amount) AS amount FROM postings
        WHERE postings.account = known.account AND known.kind IN ('surplus', 'receivable')
        GROUP BY currency) summed
    FULL JOIN (SELECT currency, balance FROM ledger_balances
        WHERE ledger_balances.account = known.account) kept USING (currency)) stands
WHERE kind NOT IN ('escrow', 'payable:seller', 'payable:buyer')
    AND account > :after AND (CAST(:until AS text) IS NULL OR account <= :until)
""")


@dataclass(frozen=True, slots=True)
class Total:
    """What some postings sum to: debits are positive, credits negative."""

    kind: str
    currency: str
    minor: int
    account: str | None
    """The account of the platform that they are on; None: accounts of escrows or persons."""


@dataclass(frozen=True, slots=True)
class Shared:
    """An account with postings of many escrows, and what is kept as its balance."""

    account: str
    normal: str
    floor: int | None
    currency: str
    kept: int
    minor: int | None
    """What its postings sum to; None for the platform's accounts, whose sums are totals."""


@dataclass(frozen=True, slots=True)
class Place:
    """An escrow, in the order in which they are checked."""

    at: datetime
    escrow_id: str


START = Place(datetime.min.replace(tzinfo=UTC), "")


async def following(reader: Transaction | Database, after: Place) -> list[Place]:
    """The escrows of the next part; none: all were read."""
    part = await reader.rows(_ESCROWS, after=after.at, after_id=after.escrow_id)
    return [Place(*row) for row in part]


async def refuted(reader: Transaction | Database, part: Sequence[Place]) -> list[tuple[str, str]]:
    """What contradicts a proof about these escrows at this moment, with the proof's name."""
    ids = [place.escrow_id for place in part]
    rows = await reader.rows(REFUTED, escrow_ids=ids, **RULE)
    return [(PROOFS[row["proof"]], row["fault"]) for row in rows]


async def totals(tx: Transaction) -> AsyncIterator[Total]:
    """What all postings sum to, in parts that add up."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        until: UUID | None = await tx.value(_PART_ENDS, after=after)
        for row in await tx.rows(_TOTALS, after=after, until=until or _LAST):
            yield Total(**dict(row) | {"minor": int(row["minor"])})
        after = until


async def shared(tx: Transaction) -> AsyncIterator[Shared]:
    """Every account that is not one escrow's own."""
    after: str | None = ""
    while after is not None:
        until: str | None = await tx.value(_PART_OF_ACCOUNTS_ENDS, after=after)
        for row in await tx.rows(_SHARED, after=after, until=until):
            numbers = {name: _whole(row[name]) for name in ("floor", "kept", "minor")}
            yield Shared(**dict(row) | numbers)
        after = until


def _whole(number: Decimal | None) -> int | None:
    return None if number is None else int(number)
