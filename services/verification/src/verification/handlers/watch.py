"""Follows the asset of a funded deal until it is proven that it changed hands, or got lost."""

from __future__ import annotations

from chassis.messaging.consumers import TooEarly
from chassis.storage.database import Database, Transaction
from chassis.storage.timers import Timer
from contracts_schema.events.escrow import Cancelled, Delivered, FundsHeld, Refunded, Released
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred
from contracts_schema.ids import derive_id

from verification import store
from verification.domain.snapshot import Snapshot
from verification.domain.watch import OPEN, Outcome, Proof, Sight, Trail, Watch
from verification.handlers.verification import check_named
from verification.ports import Providers

LOOK = "watch.look"


async def begin_on_event(tx: Transaction, event: FundsHeld | Delivered) -> None:
    """Money is held, or goods are said to be delivered: watch the asset for that."""
    check_named(event.kind, event.asset_id)
    funded = isinstance(event, FundsHeld)
    watched = Watch(
        event.escrow_id,
        event.deal_id,
        event.asset_id,
        event.seller_id,
        event.buyer_id,
        "FUNDED" if funded else "DELIVERED",
        until=event.deliver_before if isinstance(event, FundsHeld) else event.inspect_before,
        kind=event.kind,
    )
    await begin(tx, watched)


async def begin(tx: Transaction, watched: Watch) -> None:
    """Watch from now on: at funding that the seller still has it, after delivery both sides."""
    await store.watch.begin(tx, watched)
    await tx.set_timer(LOOK, watched.escrow_id, tx.now())


async def end(tx: Transaction, event: Released | Refunded | Cancelled) -> None:
    """The money is where it belongs: stop watching, and do not begin if that comes later."""
    watched = Watch(event.escrow_id, event.deal_id, "", event.seller_id, event.buyer_id, "ENDED")
    await store.watch.end(tx, watched)
    await tx.drop_timers(event.escrow_id, LOOK)


async def look(database: Database, timer: Timer, *, providers: Providers) -> None:
    """Look once at both sides, and decide what follows. Raises ProviderUnavailable: unknown."""
    watched = await store.watch.find(database, timer.subject_id)
    if watched is None or watched.state not in OPEN:
        return
    sight = await _see(database, providers, watched)
    if sight.outcome is Outcome.TRANSFERRED and watched.state == "DELIVERED":
        await database.run(lambda tx: _prove(tx, watched, sight), timer.cause)
    else:
        await database.run(lambda tx: note(tx, watched, sight.outcome), timer.cause)


async def _see(database: Database, providers: Providers, watched: Watch) -> Sight:
    provider = providers[watched.kind]
    parties = watched.seller_id, watched.buyer_id
    accounts = await store.account.known(database, provider.provider, *parties)
    seller, buyer = map(accounts.get, parties)
    if seller is None or buyer is None:
        raise TooEarly(f"a party's {provider.provider} account is not known here yet")
    asset = await provider.asset(watched.asset_id)
    if asset is None:
        return Sight(None, None, None)
    seed, now = f"{watched.escrow_id}.proof", database.clock.now()
    return Sight(
        await provider.ownership(asset, seller),
        await provider.ownership(asset, buyer),
        Snapshot.of(watched.kind, asset, seed, now),
    )


async def _prove(tx: Transaction, watched: Watch, sight: Sight) -> None:
    if sight.snapshot is None or not await store.watch.move(
        tx, watched.escrow_id, "PROVEN", ("DELIVERED",)
    ):
        return
    proof = Proof.of(derive_id("prf", watched.escrow_id), watched, sight, tx.now())
    await store.snapshot.add(tx, sight.snapshot)
    await store.proof.add(tx, proof)
    tx.audit("ownership.transferred", watched.escrow_id, proof=proof.proof_id)
    tx.stage(
        OwnershipTransferred(
            escrow_id=watched.escrow_id,
            deal_id=watched.deal_id,
            kind=watched.kind,
            asset_id=watched.asset_id,
            seller_id=watched.seller_id,
            buyer_id=watched.buyer_id,
            proof_id=proof.proof_id,
            proven_at=proof.proven_at,
        )
    )


async def _lose(tx: Transaction, watched: Watch, trail: Trail) -> None:
    if await store.watch.move(tx, watched.escrow_id, "LOST", OPEN):
        reason = "vanished" if trail.vanished else "owned_by_stranger"
        tx.audit("ownership.lost", watched.escrow_id, reason=reason)
        tx.stage(
            OwnershipLost(
                escrow_id=watched.escrow_id,
                deal_id=watched.deal_id,
                kind=watched.kind,
                asset_id=watched.asset_id,
                seller_id=watched.seller_id,
                buyer_id=watched.buyer_id,
                seen_at=tx.now(),
            )
        )


async def note(tx: Transaction, watched: Watch, seen: Outcome) -> None:
    """Count a look that proved nothing, and say when the next one is."""
    noted = await store.watch.count(tx, watched.escrow_id, seen)
    trail = noted.trail(tx.now())
    if noted.state != watched.state:
        # The goods were delivered while we looked: what that wants to know, it wants now.
        await tx.set_timer(LOOK, watched.escrow_id, tx.now())
    elif trail.lost:
        await _lose(tx, watched, trail)
    elif watched.until is None or tx.now() < watched.until:
        await tx.set_timer(LOOK, watched.escrow_id, tx.now() + watched.wait_after(seen))
