"""What a person had typed of an offer, kept for a while so that a lost form loses nothing."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.principals import Principal
from chassis.problems import not_found
from chassis.storage.database import Transaction
from chassis.storage.timers import Timer

from listings import store
from listings.domain.draft import KEPT, Draft

EXPIRY = "offer_draft.expiry"


async def keep(
    tx: Transaction, caller: Principal, listing_id: str, typed: Mapping[str, str]
) -> Draft:
    """Keep what this person had typed of an offer on a listing that they may see."""
    caller.require()
    listing = await store.listing.find(tx, listing_id)
    if listing is None or not listing.visible_to(caller.user_id, caller.guild_id):
        raise not_found("listing", listing_id)
    draft = Draft(caller.user_id, listing_id, typed, tx.now() + KEPT)
    await store.draft.keep(tx, draft)
    await tx.set_timer(EXPIRY, _subject(caller.user_id, listing_id), draft.expires_at)
    return draft


async def drop(tx: Transaction, caller: Principal, listing_id: str) -> None:
    """Forget a draft."""
    await store.draft.drop(tx, caller.user_id, listing_id)
    await tx.drop_timers(_subject(caller.user_id, listing_id), EXPIRY)


async def expire(tx: Transaction, timer: Timer) -> None:
    """Forget a draft whose time is over."""
    user_id, _, listing_id = timer.subject_id.partition("/")
    await store.draft.drop_expired(tx, user_id, listing_id)


def _subject(user_id: str, listing_id: str) -> str:
    return f"{user_id}/{listing_id}"
