"""Sellers' accounts at the providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.storage.database import Database, Transaction
from contracts_schema.terms import Rail

Reader = Transaction | Database


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """Where a seller is paid; without a provider's id it is still being made."""

    user_id: str
    rail: Rail
    attempt: int
    provider_id: str | None
    ready: bool
    asked_at: datetime

    @property
    def key(self) -> str:
        """The idempotency key of making it."""
        return f"account:{self.user_id}:{self.attempt}"


_COLUMNS = "user_id, rail, attempt, provider_id, ready, asked_at"


async def find(reader: Reader, user_id: str, rail: Rail) -> PayoutAccount | None:
    """The account of this seller on this rail."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM payout_accounts WHERE user_id = $1 AND rail = $2",  # noqa: S608
        user_id,
        rail,
    )
    return _account(row) if row else None


async def by_provider_id(reader: Reader, provider_id: str) -> PayoutAccount | None:
    """Whose account this is."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM payout_accounts WHERE provider_id = $1",  # noqa: S608
        provider_id,
    )
    return _account(row) if row else None


async def ask(tx: Transaction, user_id: str, rail: Rail, stale_before: datetime) -> PayoutAccount:
    """Commit the intention to make the account; one asked for too long ago gets a new key."""
    row = await tx.row(
        "INSERT INTO payout_accounts AS a (user_id, rail, attempt, asked_at)"  # noqa: S608
        " VALUES ($1, $2, 1, $3) ON CONFLICT (user_id, rail) DO UPDATE SET"
        " attempt = a.attempt + (a.provider_id IS NULL AND a.asked_at < $4)::int,"
        " asked_at = CASE WHEN a.provider_id IS NULL AND a.asked_at < $4 THEN $3 ELSE a.asked_at"
        f" END RETURNING {_COLUMNS}",
        user_id,
        rail,
        tx.now(),
        stale_before,
    )
    return _account(row)


async def bind(tx: Transaction, account: PayoutAccount, provider_id: str) -> None:
    """Keep the provider's id; the first one stays."""
    await tx.run(
        "UPDATE payout_accounts SET provider_id = $3"
        " WHERE user_id = $1 AND rail = $2 AND provider_id IS NULL",
        account.user_id,
        account.rail,
        provider_id,
    )


async def set_ready(tx: Transaction, provider_id: str, ready: bool) -> bool:
    """Note whether it can be paid; True if that is news."""
    return bool(
        await tx.run(
            "UPDATE payout_accounts SET ready = $2,"
            " ready_at = CASE WHEN $2 THEN $3::timestamptz END"
            " WHERE provider_id = $1 AND ready <> $2",
            provider_id,
            ready,
            tx.now(),
        )
    )


def _account(row: Any) -> PayoutAccount:
    return PayoutAccount(**dict(row) | {"rail": Rail(row["rail"])})
