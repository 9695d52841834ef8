"""Sellers' accounts at the providers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from contracts_schema.terms import Rail
from sqlalchemy import bindparam, select, update

from escrow.domain.payout_account import PayoutAccount
from escrow.store.tables import payout_accounts

Reader = Transaction | Database

_ACCOUNT = select(*(column for column in payout_accounts.c if column.name != "ready_at"))
_THIS = (
    payout_accounts.c.user_id == bindparam("user_id"),
    payout_accounts.c.rail == bindparam("rail"),
)
_FIND = statement(_ACCOUNT.where(*_THIS))
_BY_PROVIDER_ID = statement(
    _ACCOUNT.where(payout_accounts.c.provider_id == bindparam("provider_id"))
)
_ASK = statement("""
INSERT INTO payout_accounts AS known (user_id, rail, attempt, asked_at)
VALUES (:user_id, :rail, 1, :now)
ON CONFLICT (user_id, rail) DO UPDATE SET
    attempt = known.attempt
        + CAST(known.provider_id IS NULL AND known.asked_at < :stale_before AS integer),
    asked_at = CASE WHEN known.provider_id IS NULL AND known.asked_at < :stale_before
        THEN :now ELSE known.asked_at END
RETURNING user_id, rail, attempt, provider_id, ready, asked_at
""")
_BIND = statement(
    update(payout_accounts)
    .values(provider_id=bindparam("provider_id"))
    .where(*_THIS, payout_accounts.c.provider_id.is_(None))
)
_SET_READY = statement("""
UPDATE payout_accounts SET ready = :ready,
    ready_at = CASE WHEN :ready THEN CAST(:now AS timestamptz) END
WHERE provider_id = :provider_id AND ready <> :ready
""")


async def find(reader: Reader, user_id: str, rail: Rail) -> PayoutAccount | None:
    """The account of this seller on this rail."""
    row = await reader.row(_FIND, user_id=user_id, rail=rail)
    return _account(row) if row else None


async def by_provider_id(reader: Reader, provider_id: str) -> PayoutAccount | None:
    """Whose account this is."""
    row = await reader.row(_BY_PROVIDER_ID, provider_id=provider_id)
    return _account(row) if row else None


async def ask(tx: Transaction, user_id: str, rail: Rail, stale_before: datetime) -> PayoutAccount:
    """Commit the intention to make the account; one asked for too long ago gets a new key."""
    asked = {"user_id": user_id, "rail": rail, "now": tx.now(), "stale_before": stale_before}
    return _account(await tx.row(_ASK, **asked))


async def bind(tx: Transaction, account: PayoutAccount, provider_id: str) -> None:
    """Keep the provider's id; the first one stays."""
    await tx.run(_BIND, user_id=account.user_id, rail=account.rail, provider_id=provider_id)


async def set_ready(tx: Transaction, provider_id: str, ready: bool) -> bool:
    """Note whether it can be paid; True if that is news."""
    news = await tx.run(_SET_READY, provider_id=provider_id, ready=ready, now=tx.now())
    return bool(news)


def _account(row: Any) -> PayoutAccount:
    return PayoutAccount(**dict(row) | {"rail": Rail(row["rail"])})
