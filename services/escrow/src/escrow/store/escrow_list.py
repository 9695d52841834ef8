"""A person's escrows: page by page, and those that wait for a delivery."""

from __future__ import annotations

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import statement
from chassis.storage.tables import MOMENT
from sqlalchemy import Text, bindparam, cast, or_, tuple_

from escrow.domain.escrow import Escrow
from escrow.domain.states import State
from escrow.store.escrow import WHOLE, from_row
from escrow.store.tables import escrows

_OF_PERSON = statement(
    WHOLE.where(
        or_(
            escrows.c.seller_id == bindparam("user_id"), escrows.c.buyer_id == bindparam("user_id")
        ),
        or_(cast(bindparam("deal_id"), Text).is_(None), escrows.c.deal_id == bindparam("deal_id")),
        or_(
            cast(bindparam("after"), MOMENT).is_(None),
            tuple_(escrows.c.created_at, escrows.c.escrow_id)
            < tuple_(bindparam("after"), bindparam("after_id")),
        ),
    )
    .order_by(escrows.c.created_at.desc(), escrows.c.escrow_id.desc())
    .limit(bindparam("most"))
)

_BEFORE_DELIVERY = statement(
    WHOLE.where(
        escrows.c.seller_id == bindparam("seller_id"),
        escrows.c.state.in_([State.AWAIT_FUNDS, State.FUNDS_HELD]),
    )
    .order_by(escrows.c.escrow_id)
    .with_for_update(of=escrows)
)


async def of_person(
    database: Database, user_id: str, deal_id: str | None, after: Position | None, most: int
) -> list[Escrow]:
    """A page of this person's escrows, newest first."""
    at, last_id = after or (None, None)
    asked = {"user_id": user_id, "deal_id": deal_id, "after": at, "after_id": last_id}
    return [from_row(found) for found in await database.rows(_OF_PERSON, **asked, most=most)]


async def lock_before_delivery(tx: Transaction, seller_id: str) -> list[Escrow]:
    """The seller's escrows that nothing was delivered for; nobody else's until the end."""
    return [from_row(found) for found in await tx.rows(_BEFORE_DELIVERY, seller_id=seller_id)]
