"""What verification found out about an asset: a listing goes live by it, or is taken down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.listings import CreateListing
from contracts_schema.events.verification import AssetRejected, AssetVerified

from listings import store
from listings.domain.asset import AssetName, VerifiedAsset
from listings.domain.errors import AssetListed
from listings.domain.listing import Action, Listing, State
from listings.handlers.listing import close, stage_activated, stage_cancelled


@asynccontextmanager
async def proof(
    database: Database, caller: Principal, command: CreateListing
) -> AsyncIterator[VerifiedAsset | None]:
    """The check of the same asset that still counts, if there is one.

    Raises AssetListed where the seller has it live already, and where the database refuses to have
    it live twice. Who has proven nothing is not told about other people's listings.
    """
    asset = AssetName(command.kind, command.asset_id)
    found = await store.asset.find(database, caller.user_id, asset)
    other = None if found else await store.listing.active_of(database, asset)
    if other is not None and other.seller_id == caller.user_id:
        raise other.listed_instead_of(caller.user_id)
    try:
        yield found
    except Exception as error:
        if not store.listing.is_second_active(error):
            raise
        other = await store.listing.active_of(database, asset)
        raise (other.listed_instead_of(caller.user_id) if other else AssetListed()) from None


async def activate(tx: Transaction, event: AssetVerified) -> None:
    """Ownership is proven: remember it, and let the draft it was asked for go live.

    Where the asset is live in another listing, the draft is closed.
    """
    verified = VerifiedAsset(
        event.user_id,
        event.asset_id,
        event.snapshot_id,
        event.snapshot_sha256,
        event.thumbnail_url,
        event.checked_at,
        event.expires_at,
        event.kind,
    )
    await store.asset.keep(tx, verified)
    found = await _draft_of(tx, event)
    if found is None:
        return
    if await store.listing.turn_of(tx, found.asset) is not None:
        await close(tx, found.after(Action.REJECT))
        return
    live = found.activated(verified)
    await store.listing.save(tx, live)
    stage_activated(tx, live)
    tx.audit("listing.activate", live.listing_id, snapshot=live.snapshot_id)


async def reject(tx: Transaction, event: AssetRejected) -> None:
    """The asset is not theirs: forget older proof, and take the draft down."""
    refuted = VerifiedAsset.refuted(
        event.user_id, AssetName(event.kind, event.asset_id), event.checked_at
    )
    await store.asset.keep(tx, refuted)
    found = await _draft_of(tx, event)
    if found is None:
        return
    gone = found.after(Action.REJECT)
    await store.listing.save(tx, gone)
    stage_cancelled(tx, gone, event.reason_code)


async def _draft_of(tx: Transaction, event: AssetVerified | AssetRejected) -> Listing | None:
    """The draft that the check was about, locked; another's check says nothing of it."""
    found = await store.listing.lock(tx, event.listing_id) if event.listing_id else None
    if found is None or found.state is not State.DRAFT:
        return None
    checked = (event.user_id, (event.kind, event.asset_id))
    return found if (found.seller_id, found.asset) == checked else None
