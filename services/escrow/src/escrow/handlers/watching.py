"""The hourly proof of the books: a red one stops payouts until an operator looked."""

from __future__ import annotations

from datetime import timedelta

import structlog
from chassis.database import Database

from escrow.ledger import check
from escrow.store import halts

PROOF, SUBJECT = "ledger.check", "books"
EVERY = timedelta(hours=1)
HALT = "ledger_check"

log = structlog.get_logger(__name__)


async def prove_books(database: Database) -> bool:
    """Make every proof; True if all hold. A failed one halts payouts until a person lifts it."""
    async with database.pool.acquire() as connection:
        findings = await check.prove(connection)
    wrong = [finding for finding in findings if finding.wrong]
    async with database.transaction() as tx:
        await tx.set_timer(PROOF, SUBJECT, tx.now() + EVERY)
        for finding in wrong:
            log.critical("ledger.wrong", proof=finding.proof, what=finding.wrong[:5])
            if await halts.halt(tx, HALT, finding.proof):
                tx.audit("payouts.halt", SUBJECT, reason=finding.proof)
    return not wrong
