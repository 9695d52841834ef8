"""The scheduled check: a red one stops releases, until an operator lets them go on after a green.

It stops rather than go on in a wrong state; it never starts again by itself.
"""

from __future__ import annotations

import structlog
from chassis.cause import Cause
from chassis.storage.database import Database, Transaction

from escrow.ledger.check import Report, check
from escrow.store import books

CHECK, HALT = "ledger.check", "ledger"

log = structlog.get_logger(__name__)


async def watch(database: Database) -> Report:
    """Prove the books now, and stop releases if they are wrong."""
    report = await check(database)
    if report.green:
        return report
    faults = report.faults[:1000]

    async def stop(tx: Transaction) -> None:
        if await books.halt(tx, HALT, faults):
            tx.audit("releases.halt", HALT, reason=faults)

    await database.run(stop, Cause(actor="ledger"))
    log.error("ledger.red", faults=faults, next_step="releases are stopped; see the ledger")
    return report


async def resume(database: Database, cause: Cause) -> bool:
    """Let releases go on, if every proof holds now; False if one does not."""
    if not (await watch(database)).green:
        return False

    async def go_on(tx: Transaction) -> None:
        if await books.resume(tx, HALT):
            tx.audit("releases.resume", HALT, reason="every proof holds")

    await database.run(go_on, cause)
    return True
