"""The ledger's only way in: one balanced entry, written in the transaction of its cause."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from contracts_schema.ids import uuid7

from escrow.domain.ledger import Entry

_WRITE = """
WITH opened AS (
    INSERT INTO ledger_accounts (account, kind, normal, floor)
    SELECT DISTINCT * FROM unnest($7::text[], $8::text[], $9::text[], $10::numeric[])
    ON CONFLICT DO NOTHING
), entry AS (
    INSERT INTO ledger_transactions
        (transaction_id, escrow_id, moment, reference, escrow_version, at)
    VALUES ($1, $2, $3, $4, $5, $6)
)
INSERT INTO postings (transaction_id, position, account, currency, amount)
SELECT $1, position, account, $11, amount
FROM unnest($7::text[], $12::numeric[]) WITH ORDINALITY AS line (account, amount, position)
"""


async def write(tx: Transaction, entry: Entry, version: int) -> None:
    """Add the entry, made on this version of its escrow; a moment happens once per reference."""
    accounts = [posting.account for posting in entry.postings]
    await tx.run(
        _WRITE,
        *(uuid7(), entry.escrow_id, entry.moment, entry.reference, version, tx.now()),
        [account.name for account in accounts],
        [account.kind for account in accounts],
        [account.normal for account in accounts],
        [account.floor for account in accounts],
        entry.currency,
        [posting.minor for posting in entry.postings],
    )


async def halts(reader: Transaction | Database) -> dict[str, str]:
    """What stops releases now, and why."""
    rows = await reader.rows("SELECT name, reason FROM halts")
    return {row["name"]: row["reason"] for row in rows}


async def halt(tx: Transaction, name: str, reason: str) -> bool:
    """Stop releases; False if they were stopped under this name already."""
    return bool(
        await tx.run(
            "INSERT INTO halts (name, reason, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            name,
            reason,
            tx.now(),
        )
    )


async def resume(tx: Transaction, name: str) -> bool:
    """Let releases go on; False if they were not stopped under this name."""
    return bool(await tx.run("DELETE FROM halts WHERE name = $1", name))
