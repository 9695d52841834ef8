"""Accounts, verifications, snapshots, watches and proofs: the only file with SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chassis.storage.database import Database, Transaction
from contracts_schema.events.verification import Ownership, Purpose

from verification.domain.ownership import Asset, Outcome, Trail


@dataclass(frozen=True, slots=True)
class Verification:
    """One question about one asset, and its answer."""

    verification_id: str
    user_id: str
    asset_id: str
    purpose: Purpose
    status: str = "PENDING"
    ownership: Ownership | None = None
    reason_code: str = ""
    snapshot_id: str | None = None
    listing_id: str | None = None
    deal_id: str | None = None
    checked_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an asset looked like at one moment; ``content`` is canonical JSON."""

    snapshot_id: str
    asset_id: str
    sha256: str
    content: str
    name: str
    thumbnail_url: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """The asset of a deal whose money is held."""

    escrow_id: str
    deal_id: str
    asset_id: str
    seller_id: str
    buyer_id: str
    state: str
    looks: int = 0
    looks_lost: int = 0
    until: datetime | None = None
    unseen: int = 0
    unseen_since: datetime | None = None

    def trail(self, now: datetime) -> Trail:
        """What the looks in a row up to now showed."""
        return Trail(self.looks_lost, self.unseen, now - (self.unseen_since or now))


_VERIFICATION = (
    "verification_id, user_id, asset_id, purpose, status, ownership, reason_code, snapshot_id,"
    " listing_id, deal_id, checked_at, expires_at"
)


async def link_account(tx: Transaction, user_id: str, roblox_user_id: int) -> None:
    """Remember whose account this is."""
    await tx.run(
        "INSERT INTO accounts (user_id, roblox_user_id) VALUES ($1, $2)"
        " ON CONFLICT (user_id) DO UPDATE SET roblox_user_id = excluded.roblox_user_id",
        user_id,
        roblox_user_id,
    )


async def unlink_account(tx: Transaction, user_id: str) -> None:
    """Forget whose account this was."""
    await tx.run("DELETE FROM accounts WHERE user_id = $1", user_id)


async def account(database: Database, user_id: str) -> int | None:
    """The user's Roblox account, if one is linked."""
    found: int | None = await database.value(
        "SELECT roblox_user_id FROM accounts WHERE user_id = $1", user_id
    )
    return found


async def ask(tx: Transaction, question: Verification) -> None:
    """Write a question down; asking the same again changes nothing."""
    await tx.run(
        "INSERT INTO verifications (verification_id, user_id, asset_id, purpose, status,"
        " listing_id, deal_id, created_at) VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7)"
        " ON CONFLICT DO NOTHING",
        question.verification_id,
        question.user_id,
        question.asset_id,
        question.purpose,
        question.listing_id,
        question.deal_id,
        tx.now(),
    )


async def verification(database: Database, verification_id: str) -> Verification | None:
    """One question with its answer."""
    row = await database.row(
        f"SELECT {_VERIFICATION} FROM verifications WHERE verification_id = $1",  # noqa: S608
        verification_id,
    )
    return _verification(row) if row else None


async def cached(database: Database, user_id: str, asset_id: str) -> Verification | None:
    """The newest answer that still counts for listing."""
    row = await database.row(
        f"SELECT {_VERIFICATION} FROM verifications WHERE user_id = $1"  # noqa: S608
        " AND asset_id = $2 AND status = 'VERIFIED' AND expires_at > $3"
        " ORDER BY checked_at DESC LIMIT 1",
        user_id,
        asset_id,
        database.clock.now(),
    )
    return _verification(row) if row else None


async def answer(tx: Transaction, answered: Verification) -> bool:
    """Write the answer; False if it had been answered before."""
    return 1 == await tx.run(
        "UPDATE verifications SET status = $2, ownership = $3, reason_code = $4,"
        " snapshot_id = $5, checked_at = $6, expires_at = $7"
        " WHERE verification_id = $1 AND status = 'PENDING'",
        answered.verification_id,
        answered.status,
        answered.ownership,
        answered.reason_code,
        answered.snapshot_id,
        answered.checked_at,
        answered.expires_at,
    )


async def unseen(tx: Transaction, verification_id: str) -> Trail:
    """Count one more time that Roblox showed nothing of a question's asset; how often by now."""
    row = await tx.row(
        "UPDATE verifications SET unseen = unseen + 1, unseen_since = coalesce(unseen_since, $2)"
        " WHERE verification_id = $1 RETURNING unseen, unseen_since",
        verification_id,
        tx.now(),
    )
    return Trail(0, row["unseen"], tx.now() - row["unseen_since"]) if row else Trail()


async def add_snapshot(tx: Transaction, snapshot: Snapshot) -> None:
    """Keep what the asset looked like."""
    await tx.run(
        "INSERT INTO snapshots (snapshot_id, asset_id, sha256, content, name, thumbnail_url,"
        " taken_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        snapshot.snapshot_id,
        snapshot.asset_id,
        snapshot.sha256,
        snapshot.content,
        snapshot.name,
        snapshot.thumbnail_url,
        snapshot.taken_at,
    )


async def snapshot(database: Database, snapshot_id: str) -> Snapshot | None:
    """One snapshot."""
    row = await database.row("SELECT * FROM snapshots WHERE snapshot_id = $1", snapshot_id)
    return Snapshot(**row) if row else None


async def seen_before(database: Database, asset_id: str) -> bool:
    """Whether Roblox ever showed this asset."""
    found = await database.value("SELECT true FROM snapshots WHERE asset_id = $1 LIMIT 1", asset_id)
    return found is True


async def snapshots(
    database: Database, asset_id: str, after: tuple[datetime, str] | None, limit: int
) -> list[Snapshot]:
    """A page of an asset's snapshots, newest first."""
    at, last_id = after or (datetime.max.replace(tzinfo=UTC), "")
    rows = await database.rows(
        "SELECT * FROM snapshots WHERE asset_id = $1 AND (taken_at, snapshot_id) < ($2, $3)"
        " ORDER BY taken_at DESC, snapshot_id DESC LIMIT $4",
        asset_id,
        at,
        last_id,
        limit,
    )
    return [Snapshot(**row) for row in rows]


async def watch(tx: Transaction, watched: Watch) -> None:
    """Begin to watch, or move on; a later state is never replaced by an earlier one."""
    await tx.run(
        "INSERT INTO watches (escrow_id, deal_id, asset_id, seller_id, buyer_id, state, until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (escrow_id) DO UPDATE"
        " SET state = excluded.state, until = coalesce(excluded.until, watches.until), looks = 0"
        " WHERE watches.state = 'FUNDED' AND excluded.state = 'DELIVERED'",
        watched.escrow_id,
        watched.deal_id,
        watched.asset_id,
        watched.seller_id,
        watched.buyer_id,
        watched.state,
        watched.until,
    )


async def watched(database: Database, escrow_id: str) -> Watch | None:
    """The watch of an escrow."""
    row = await database.row("SELECT * FROM watches WHERE escrow_id = $1", escrow_id)
    return Watch(**row) if row else None


async def end_watch(tx: Transaction, watched: Watch) -> None:
    """End the watch, whatever its state; one that never began is noted as ended."""
    await tx.run(
        "INSERT INTO watches (escrow_id, deal_id, asset_id, seller_id, buyer_id, state)"
        " VALUES ($1, $2, $3, $4, $5, 'ENDED')"
        " ON CONFLICT (escrow_id) DO UPDATE SET state = 'ENDED'",
        watched.escrow_id,
        watched.deal_id,
        watched.asset_id,
        watched.seller_id,
        watched.buyer_id,
    )


async def move_watch(tx: Transaction, escrow_id: str, state: str, before: tuple[str, ...]) -> bool:
    """Move on from one of the states before; False if it is in none of them."""
    return 1 == await tx.run(
        "UPDATE watches SET state = $2 WHERE escrow_id = $1 AND state = ANY($3)",
        escrow_id,
        state,
        list(before),
    )


_LOOKED = """
UPDATE watches SET looks = looks + 1,
    looks_lost = CASE $2 WHEN 'STRANGER' THEN looks_lost + 1 WHEN 'UNSEEN' THEN looks_lost
        ELSE 0 END,
    unseen = CASE $2 WHEN 'UNSEEN' THEN unseen + 1 ELSE 0 END,
    unseen_since = CASE $2 WHEN 'UNSEEN' THEN coalesce(unseen_since, $3) END
WHERE escrow_id = $1 RETURNING *
"""


async def looked(tx: Transaction, escrow_id: str, seen: Outcome) -> Watch:
    """Count a look and what it showed; the watch as it is now.

    Nothing shown is no news: it neither adds to the looks that showed a stranger nor ends them.
    """
    row = await tx.row(_LOOKED, escrow_id, seen, tx.now())
    if row is None:
        raise LookupError(f"there is no watch of {escrow_id}")
    return Watch(**row)


async def add_proof(tx: Transaction, proof: dict[str, Any]) -> None:
    """Keep the proof of a transfer."""
    await tx.run(
        "INSERT INTO proofs (proof_id, escrow_id, deal_id, asset_id, content, sha256, proven_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(proof[name] for name in _PROOF),
    )


_PROOF = ("proof_id", "escrow_id", "deal_id", "asset_id", "content", "sha256", "proven_at")


def as_snapshot(
    asset: Asset, snapshot_id: str, content: bytes, sha256: str, at: datetime
) -> Snapshot:
    """The snapshot of an asset as it was seen."""
    return Snapshot(
        snapshot_id, asset.asset_id, sha256, content.decode(), asset.name, asset.thumbnail_url, at
    )


def _verification(row: Any) -> Verification:
    return Verification(
        **{
            **dict(row),
            "purpose": Purpose(row["purpose"]),
            "ownership": Ownership(row["ownership"]) if row["ownership"] else None,
        }
    )
