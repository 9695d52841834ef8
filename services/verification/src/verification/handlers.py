"""Ask who owns an asset, and tell what was found. Roblox is asked outside any transaction."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from chassis.cause import Cause
from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.verification import (
    AssetRejected,
    AssetVerified,
    Ownership,
    SnapshotTaken,
)
from contracts_schema.ids import derive_id
from contracts_schema.terms import canonical_json, sha256_hex

from verification import store
from verification.domain.errors import AssetUnseen, NoLinkedAccount, RobloxUnavailable
from verification.domain.ownership import Asset, CreatorKind, ownership
from verification.ports import Games
from verification.store import Snapshot, Verification

TOO_EARLY_TRIES = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look showed: the asset as it is, and how the person controls it."""

    asset: Asset | None
    ownership: Ownership | None
    reason_code: str = ""


UNKNOWN_ASSET = Finding(None, None, "asset_unknown")


async def look(database: Database, games: Games, asset_id: str, roblox_user_id: int) -> Finding:
    """Ask Roblox now. Raises RobloxUnavailable when the answer is unknown.

    That there is no such game is believed at once of one that Roblox never showed.
    """
    asset = await games.asset(asset_id)
    if asset is None:
        if await store.seen_before(database, asset_id):
            raise AssetUnseen(f"Roblox shows nothing of the game {asset_id} at the moment.")
        return UNKNOWN_ASSET
    owned = await controls(games, asset, roblox_user_id)
    return Finding(asset, owned, "" if owned else "not_owner")


async def controls(games: Games, asset: Asset, roblox_user_id: int) -> Ownership | None:
    """How this person controls the asset, through the group's roles where a group owns it."""
    role = None
    if asset.creator_kind is CreatorKind.GROUP:
        role = await games.group_role(roblox_user_id, asset.creator_id)
    return ownership(asset, roblox_user_id, role)


async def request(tx: Transaction, question: Verification) -> None:
    """Write the question down and let a worker answer it."""
    await store.ask(tx, question)
    await tx.set_timer("verification.answer", question.verification_id, tx.now())


async def answer_due(
    database: Database, games: Games, verification_id: str, attempts: int, cache: timedelta
) -> None:
    """Answer a question that waits; a linked account may still be on its way to us."""
    question = await store.verification(database, verification_id)
    if question is None or question.status != "PENDING":
        return
    try:
        await answer(database, games, question, cache)
    except AssetUnseen:
        trail = await database.run(lambda tx: store.unseen(tx, verification_id))
        if not trail.vanished:
            raise
        await _conclude(database, question, UNKNOWN_ASSET, cache)
    except NoLinkedAccount:
        if attempts < TOO_EARLY_TRIES:
            raise TooEarly(f"no Roblox account of {question.user_id} is known yet") from None
        await _conclude(database, question, Finding(None, None, "no_linked_account"), cache)


async def patiently(database: Database, timer: Timer, work: Awaitable[None]) -> None:
    """Do the work of a timer; where Roblox names a time to wait, not before that again."""
    try:
        await work
    except RobloxUnavailable as error:
        if not error.retry_after_s:
            raise
        wait = timedelta(seconds=error.retry_after_s)
        log.warning("roblox.asks_to_wait", kind=timer.kind, subject=timer.subject_id, wait=wait)
        await database.run(lambda tx: tx.set_timer(timer.kind, timer.subject_id, tx.now() + wait))


async def answer(
    database: Database, games: Games, question: Verification, cache: timedelta
) -> Verification:
    """Ask Roblox and write down what it said. Raises NoLinkedAccount or RobloxUnavailable."""
    roblox_user_id = await store.account(database, question.user_id)
    if roblox_user_id is None:
        raise NoLinkedAccount("No Roblox account is linked to this user.")
    finding = await look(database, games, question.asset_id, roblox_user_id)
    return await _conclude(database, question, finding, cache)


async def _conclude(
    database: Database, question: Verification, finding: Finding, cache: timedelta
) -> Verification:
    now = database.clock.now()
    snapshot = (
        take_snapshot(finding.asset, question.verification_id, now) if finding.asset else None
    )
    answered = replace(
        question,
        status="VERIFIED" if finding.ownership else "FAILED",
        ownership=finding.ownership,
        reason_code=finding.reason_code,
        snapshot_id=snapshot.snapshot_id if snapshot else None,
        checked_at=now,
        expires_at=now + cache,
    )

    async def write(tx: Transaction) -> None:
        await store.ask(tx, question)
        if snapshot is not None:
            await store.add_snapshot(tx, snapshot)
        if await store.answer(tx, answered):
            _tell(tx, answered, snapshot)

    await database.run(write, Cause(question.verification_id, actor="verification"))
    return answered


def take_snapshot(asset: Asset, seed: str, at: object) -> Snapshot:
    """What the asset looks like now, as canonical JSON with its hash."""
    content = canonical_json(
        {
            "asset_id": asset.asset_id,
            "name": asset.name,
            "creator": {"kind": asset.creator_kind, "id": asset.creator_id},
            "details": dict(asset.details),
        }
    )
    return store.as_snapshot(
        asset,
        derive_id("snp", seed),
        content,
        sha256_hex(content),
        at,  # type: ignore[arg-type]
    )


def _tell(tx: Transaction, answered: Verification, snapshot: Snapshot | None) -> None:
    shared = {
        "verification_id": answered.verification_id,
        "user_id": answered.user_id,
        "asset_id": answered.asset_id,
        "purpose": answered.purpose,
        "listing_id": answered.listing_id,
        "deal_id": answered.deal_id,
        "checked_at": answered.checked_at,
    }
    if snapshot is not None:
        tx.stage(
            SnapshotTaken(
                snapshot_id=snapshot.snapshot_id,
                asset_id=snapshot.asset_id,
                sha256=snapshot.sha256,
            )
        )
    if answered.ownership is not None and snapshot is not None:
        tx.stage(
            AssetVerified.model_validate(
                {
                    **shared,
                    "ownership": answered.ownership,
                    "snapshot_id": snapshot.snapshot_id,
                    "snapshot_sha256": snapshot.sha256,
                    "asset_name": snapshot.name,
                    "thumbnail_url": snapshot.thumbnail_url,
                    "expires_at": answered.expires_at,
                }
            )
        )
    else:
        tx.stage(AssetRejected.model_validate({**shared, "reason_code": answered.reason_code}))
    tx.audit(
        f"asset.{answered.status.lower()}",
        answered.asset_id,
        reason=answered.reason_code,
        user=answered.user_id,
        purpose=answered.purpose,
    )
