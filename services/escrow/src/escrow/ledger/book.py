"""Writes entries and sums accounts. A balance is a sum; nothing stores one."""

from __future__ import annotations

from chassis.database import Database, Transaction
from contracts_schema.ids import derive_uuid
from contracts_schema.money import Currency, Money

from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Entry, escrow_account


async def book(tx: Transaction, escrow_id: str, entry: Entry, reference: str = "") -> None:
    """Write a balanced entry in the transaction of what it belongs to.

    The same moment and reference of an escrow is one entry for ever: a second one is refused by
    the database, and with it the transaction that tried.
    """
    entry_id = derive_uuid("entry", escrow_id, entry.moment, reference)
    await tx.run(
        "INSERT INTO ledger_entries (entry_id, escrow_id, moment, reference, booked_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        entry_id,
        escrow_id,
        entry.moment,
        reference,
        tx.now(),
    )
    await tx.connection.executemany(
        "INSERT INTO postings (entry_id, escrow_id, account, amount_minor, currency)"
        " VALUES ($1, $2, $3, $4, $5)",
        [(entry_id, escrow_id, leg.account, leg.minor, leg.currency) for leg in entry.legs],
    )


async def balance(
    source: Transaction | Database, escrow_id: str, account: str, currency: Currency
) -> int:
    """What the account holds for this escrow: debits less credits, in minor units."""
    total = await source.value(
        "SELECT coalesce(sum(amount_minor), 0) FROM postings"
        " WHERE escrow_id = $1 AND account = $2 AND currency = $3",
        escrow_id,
        account,
        currency,
    )
    return int(total)


async def held(source: Transaction | Database, escrow: Escrow) -> Money:
    """What is held for this escrow now."""
    account, currency = escrow_account(escrow.escrow_id), escrow.price.currency
    return Money(-await balance(source, escrow.escrow_id, account, currency), currency)
