"""What people had typed of an offer, kept for a while."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from listings.domain.draft import Draft
from listings.store.tables import offer_drafts

_C = offer_drafts.c
_THIS = (_C.user_id == bindparam("user_id"), _C.listing_id == bindparam("listing_id"))
_ADDED = insert(offer_drafts).values(parameters(offer_drafts))

_KEEP = statement(
    _ADDED.on_conflict_do_update(
        index_elements=[_C.user_id, _C.listing_id],
        set_={"draft": _ADDED.excluded.draft, "expires_at": _ADDED.excluded.expires_at},
    )
)
_FIND = statement(select(offer_drafts).where(*_THIS, _C.expires_at > bindparam("now")))
_DROP = statement(delete(offer_drafts).where(*_THIS))
_DROP_EXPIRED = statement(delete(offer_drafts).where(*_THIS, _C.expires_at <= bindparam("now")))


async def keep(tx: Transaction, draft: Draft) -> None:
    """Keep what this person had typed for this listing, in place of what was kept."""
    await tx.run(_KEEP, **_KEEP.values_of(draft))


async def find(database: Database, user_id: str, listing_id: str) -> Draft | None:
    """The draft that is still kept, if any."""
    now = database.clock.now()
    row = await database.row(_FIND, user_id=user_id, listing_id=listing_id, now=now)
    return Draft(**row) if row else None


async def drop(tx: Transaction, user_id: str, listing_id: str) -> None:
    """Forget a draft."""
    await tx.run(_DROP, user_id=user_id, listing_id=listing_id)


async def drop_expired(tx: Transaction, user_id: str, listing_id: str) -> None:
    """Forget a draft whose time is over; one that was kept anew meanwhile stays."""
    await tx.run(_DROP_EXPIRED, user_id=user_id, listing_id=listing_id, now=tx.now())
