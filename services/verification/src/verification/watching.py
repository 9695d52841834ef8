"""Follows the asset of a funded deal until it is proven that it changed hands, or got lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chassis.cause import Cause
from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Database, Transaction
from contracts_schema.events.verification import Ownership, OwnershipLost, OwnershipTransferred
from contracts_schema.ids import derive_id
from contracts_schema.terms import canonical_json, sha256_hex

from verification import handlers, store
from verification.domain.ownership import Outcome, Trail, look_again_after, outcome
from verification.handlers import take_snapshot
from verification.ports import Games
from verification.store import Snapshot, Watch

LOOK = "watch.look"
OPEN = ("FUNDED", "DELIVERED")


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at both sides showed."""

    seller: Ownership | None
    buyer: Ownership | None
    snapshot: Snapshot | None

    @property
    def outcome(self) -> Outcome:
        """What that proves."""
        if self.snapshot is None:
            return Outcome.UNSEEN
        return outcome(self.seller, self.buyer)


async def begin(tx: Transaction, watched: Watch) -> None:
    """Watch from now on: at funding that the seller still has it, after delivery both sides."""
    await store.watch(tx, watched)
    await tx.set_timer(LOOK, watched.escrow_id, tx.now())


async def end(tx: Transaction, watched: Watch) -> None:
    """The money is where it belongs: stop watching, and do not begin if that comes later."""
    await store.end_watch(tx, watched)
    await tx.drop_timers(watched.escrow_id, LOOK)


async def look(database: Database, games: Games, escrow_id: str) -> None:
    """Look once at both sides, and decide what follows. Raises RobloxUnavailable: unknown."""
    watched = await store.watched(database, escrow_id)
    if watched is None or watched.state not in OPEN:
        return
    sight = await _see(database, games, watched)
    cause = Cause(watched.deal_id, actor="verification")
    if sight.outcome is Outcome.TRANSFERRED and watched.state == "DELIVERED":
        await database.run(lambda tx: _prove(tx, watched, sight), cause)
    else:
        await database.run(lambda tx: _note(tx, watched, sight.outcome), cause)


async def _see(database: Database, games: Games, watched: Watch) -> Sight:
    seller = await store.account(database, watched.seller_id)
    buyer = await store.account(database, watched.buyer_id)
    if seller is None or buyer is None:
        raise TooEarly("a party's Roblox account is not known here yet")
    asset = await games.asset(watched.asset_id)
    if asset is None:
        return Sight(None, None, None)
    snapshot = take_snapshot(asset, f"{watched.escrow_id}.proof", database.clock.now())
    return Sight(
        await handlers.controls(games, asset, seller),
        await handlers.controls(games, asset, buyer),
        snapshot,
    )


async def _prove(tx: Transaction, watched: Watch, sight: Sight) -> None:
    if sight.snapshot is None or not await store.move_watch(
        tx, watched.escrow_id, "PROVEN", ("DELIVERED",)
    ):
        return
    now = tx.now()
    content = canonical_json(
        {
            "asset_id": watched.asset_id,
            "deal_id": watched.deal_id,
            "escrow_id": watched.escrow_id,
            "seller": {"user_id": watched.seller_id, "ownership": sight.seller},
            "buyer": {"user_id": watched.buyer_id, "ownership": sight.buyer},
            "seen": sight.snapshot.sha256,
            "at": now.isoformat(),
        }
    )
    proof_id = derive_id("prf", watched.escrow_id)
    await store.add_snapshot(tx, sight.snapshot)
    await store.add_proof(
        tx,
        {
            "proof_id": proof_id,
            "escrow_id": watched.escrow_id,
            "deal_id": watched.deal_id,
            "asset_id": watched.asset_id,
            "content": content.decode(),
            "sha256": sha256_hex(content),
            "proven_at": now,
        },
    )
    tx.audit("ownership.transferred", watched.escrow_id, proof=proof_id)
    tx.stage(
        OwnershipTransferred(
            escrow_id=watched.escrow_id,
            deal_id=watched.deal_id,
            asset_id=watched.asset_id,
            seller_id=watched.seller_id,
            buyer_id=watched.buyer_id,
            proof_id=proof_id,
            proven_at=now,
        )
    )


async def _lose(tx: Transaction, watched: Watch, trail: Trail) -> None:
    if await store.move_watch(tx, watched.escrow_id, "LOST", OPEN):
        reason = "vanished" if trail.vanished else "owned_by_stranger"
        tx.audit("ownership.lost", watched.escrow_id, reason=reason)
        tx.stage(
            OwnershipLost(
                escrow_id=watched.escrow_id,
                deal_id=watched.deal_id,
                asset_id=watched.asset_id,
                seller_id=watched.seller_id,
                buyer_id=watched.buyer_id,
                seen_at=tx.now(),
            )
        )


async def _note(tx: Transaction, watched: Watch, seen: Outcome) -> None:
    noted = await store.looked(tx, watched.escrow_id, seen)
    trail = noted.trail(tx.now())
    if noted.state != watched.state:
        # The goods were delivered while we looked: what that wants to know, it wants now.
        await tx.set_timer(LOOK, watched.escrow_id, tx.now())
    elif trail.lost:
        await _lose(tx, watched, trail)
    elif watched.until is None or tx.now() < watched.until:
        await tx.set_timer(LOOK, watched.escrow_id, tx.now() + _wait(watched, seen))


def _wait(watched: Watch, seen: Outcome) -> timedelta:
    """Until the next look: patient while the seller has it, else as growing as the doubt is old."""
    if seen is Outcome.UNSEEN:
        return timedelta(seconds=look_again_after(watched.unseen))
    if watched.state == "FUNDED" and seen is not Outcome.STRANGER:
        return timedelta(hours=1)
    return timedelta(seconds=look_again_after(watched.looks))
