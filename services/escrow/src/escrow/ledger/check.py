# ruff: noqa: S608 - every statement here is a constant of this file
"""The proof that the money adds up: ``python -m escrow.ledger.check``, read-only, exit 0 or 1."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import Any

import asyncpg


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that must hold, and every case where it does not."""

    name: str
    sql: str


BY_ESCROW = """
WITH books AS (
    SELECT escrow_id,
        coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'rail:%' AND amount_minor > 0), 0)
            AS received,
        coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'escrow:%'), 0) AS held,
        coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'payable:%'), 0) AS payable,
        coalesce(sum(amount_minor) FILTER (
            WHERE account LIKE 'payable:seller:%' AND amount_minor > 0), 0) AS released,
        coalesce(sum(amount_minor) FILTER (
            WHERE account LIKE 'payable:buyer:%' AND amount_minor > 0), 0) AS refunded,
        coalesce(-sum(amount_minor) FILTER (WHERE account = 'fee_income'), 0) AS fees,
        coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'surplus:%'), 0) AS surplus,
        coalesce(sum(amount_minor) FILTER (WHERE account LIKE 'receivable:%'), 0) AS debt,
        coalesce(-sum(amount_minor) FILTER (WHERE account LIKE 'rail:%' AND amount_minor < 0), 0)
            AS sent,
        coalesce(sum(amount_minor) FILTER (WHERE account = 'provider_fees'), 0) AS provider_fees,
        coalesce((SELECT sum(c.amount_minor) FROM chargebacks c
                  WHERE c.escrow_id = postings.escrow_id), 0) AS charged_back
    FROM postings GROUP BY escrow_id
)
"""

PROOFS = (
    Proof(
        "every entry balances, in each currency",
        "SELECT entry_id::text AS what, sum(amount_minor) AS off FROM postings"
        " GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0",
    ),
    Proof(
        "the whole ledger sums to zero, in each currency",
        "SELECT currency AS what, sum(amount_minor) AS off FROM postings"
        " GROUP BY currency HAVING sum(amount_minor) <> 0",
    ),
    Proof(
        "no account is below its floor",
        "SELECT escrow_id || ' ' || account AS what, sum(amount_minor) AS off FROM postings"
        " WHERE account ~ '^(escrow|payable|surplus):' OR account = 'fee_income'"
        " GROUP BY escrow_id, account, currency HAVING sum(amount_minor) > 0",
    ),
    Proof(
        "received = held + payable + released + refunded + fees + surplus + charged back - debt",
        BY_ESCROW + "SELECT escrow_id AS what, received - held - payable - released - refunded"
        " - fees - surplus - charged_back + debt AS off FROM books WHERE received <> held + payable"
        " + released + refunded + fees + surplus + charged_back - debt",
    ),
    Proof(
        "what left the rail was paid out, taken back, or the provider's fee",
        BY_ESCROW + "SELECT escrow_id AS what, sent - released - refunded - charged_back"
        " - provider_fees AS off FROM books"
        " WHERE sent <> released + refunded + charged_back + provider_fees",
    ),
    Proof(
        "what an open escrow says is held is what the ledger holds for it",
        BY_ESCROW + "SELECT e.escrow_id AS what, coalesce(b.held, 0) - e.price_minor AS off"
        " FROM escrows e LEFT JOIN books b USING (escrow_id)"
        " WHERE e.state IN ('FUNDS_HELD', 'DELIVERED', 'DISPUTED')"
        " AND coalesce(b.held, 0) <> e.price_minor - coalesce(b.charged_back, 0)",
    ),
    Proof(
        "an escrow that ended holds nothing",
        BY_ESCROW + "SELECT e.escrow_id AS what, b.held + b.payable AS off"
        " FROM escrows e JOIN books b USING (escrow_id)"
        " WHERE e.state IN ('RELEASED', 'REFUNDED', 'SETTLED') AND b.held <> 0",
    ),
    Proof(
        "an escrow that ended in a payout has the provider's reference for it",
        "SELECT e.escrow_id AS what, 0 AS off FROM escrows e"
        " WHERE e.state IN ('RELEASED', 'REFUNDED', 'SETTLED') AND NOT EXISTS ("
        "SELECT FROM payouts p WHERE p.escrow_id = e.escrow_id AND p.state = 'SUCCEEDED')",
    ),
    Proof(
        "each proven payout is booked, once, and nothing else is",
        "SELECT coalesce(p.payout_id, l.reference) AS what, 0 AS off FROM payouts p"
        " FULL JOIN (SELECT reference FROM ledger_entries WHERE moment = 'payout proven') l"
        " ON l.reference = p.payout_id"
        " WHERE (p.state = 'SUCCEEDED') IS DISTINCT FROM (l.reference IS NOT NULL)"
        " AND (p.payout_id IS NULL OR p.state = 'SUCCEEDED' OR l.reference IS NOT NULL)",
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A proof that was made: what is off, and by how much, in minor units."""

    proof: str
    wrong: tuple[tuple[str, int], ...]


async def prove(connection: Any) -> list[Finding]:
    """Make every proof on one snapshot of the database."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        findings = []
        for proof in PROOFS:
            rows = await connection.fetch(proof.sql)
            wrong = tuple((str(row["what"]), int(row["off"])) for row in rows)
            findings.append(Finding(proof.name, wrong))
    return findings


async def totals(connection: Any) -> list[tuple[str, str, int]]:
    """(kind of account, currency, balance in minor units), for people to look at."""
    rows = await connection.fetch(
        "SELECT split_part(account, ':', 1) AS kind, currency, sum(amount_minor) AS total"
        " FROM postings GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(row["kind"], row["currency"], int(row["total"])) for row in rows]


async def _main(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        findings = await prove(connection)
        for finding in findings:
            print(f"{'ok   ' if not finding.wrong else 'WRONG'} {finding.proof}")
            for what, off in finding.wrong:
                print(f"      {what}: off by {off}")
        for kind, currency, total in await totals(connection):
            print(f"      {kind:<16} {total:>16,} {currency} (minor units; debit positive)")
    finally:
        await connection.close()
    return 1 if any(finding.wrong for finding in findings) else 0


if __name__ == "__main__":
    database_url = os.environ.get("HOLDFAST_DATABASE_URL")
    if not database_url:
        sys.exit("HOLDFAST_DATABASE_URL is not set: name escrow's database")
    sys.exit(asyncio.run(_main(database_url)))
