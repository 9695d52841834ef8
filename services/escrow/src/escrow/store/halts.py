"""What stops money from going out until an operator looked."""

from __future__ import annotations

from chassis.database import Database, Transaction


async def halted(database: Database) -> str | None:
    """Why nothing may go out now, or None."""
    reason: str | None = await database.value("SELECT reason FROM halts ORDER BY since LIMIT 1")
    return reason


async def halt(tx: Transaction, name: str, reason: str) -> bool:
    """Stop payouts; False if they were stopped for this already."""
    return 1 == await tx.run(
        "INSERT INTO halts (name, reason, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        name,
        reason,
        tx.now(),
    )


async def lift(tx: Transaction, name: str) -> bool:
    """Let payouts go on; False if they were not stopped for this."""
    return 1 == await tx.run("DELETE FROM halts WHERE name = $1", name)
