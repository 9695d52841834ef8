"""Offers: written, locked, saved, and read one by one or by page. A listing is locked first."""

from __future__ import annotations

from chassis.http.lists import BEGINNING, Position
from chassis.storage.database import Database, Row, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.events.listings import Side
from contracts_schema.money import Currency, Money
from sqlalchemy import Text, bindparam, cast, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from listings.domain.errors import VersionMoved
from listings.domain.offer import Offer, State
from listings.store.tables import offers

_C = offers.c
_OFFER = [column for column in offers.c if column.name != "closed"]
_THIS = _C.offer_id == bindparam("offer_id")

_ADD = statement(
    insert(offers)
    .values(parameters(offers, "closed"))
    .on_conflict_do_nothing(index_elements=[_C.offer_id])
)
_FIND = statement(select(*_OFFER).where(_THIS))
_LOCK = statement(select(*_OFFER).where(_THIS).with_for_update())
_LOCK_OPEN = statement(
    select(*_OFFER)
    .where(_C.listing_id == bindparam("listing_id"), _C.state == "PENDING")
    .order_by(_C.offer_id)
    .with_for_update()
)
_TURN_OF_BUYER = statement(
    "SELECT pg_advisory_xact_lock(hashtextextended('open offers of ' || :buyer_id, 0))"
)
_COUNT_OPEN = statement(
    select(
        func.count().filter(_C.listing_id == bindparam("listing_id")).label("on_listing"),
        func.count().label("in_all"),
    ).where(
        _C.buyer_id == bindparam("buyer_id"),
        _C.state == "PENDING",
        _C.expires_at > bindparam("now", type_=_C.expires_at.type),
    )
)
_SAVE = statement(
    update(offers)
    .values(parameters([_C.state, _C.version]))
    .where(_THIS, _C.version == bindparam("version", type_=_C.version.type) - 1)
)
_CLOSE_DEAL = statement(update(offers).values(closed=True).where(_THIS))
_BID = statement(
    select(
        exists().where(
            _C.buyer_id == bindparam("buyer_id"), _C.listing_id == bindparam("listing_id")
        )
    )
)
_OF_USER = statement(
    select(*_OFFER)
    .where(
        or_(_C.buyer_id == bindparam("user_id"), _C.seller_id == bindparam("user_id")),
        or_(
            cast(bindparam("listing_id"), Text).is_(None),
            _C.listing_id == bindparam("listing_id"),
        ),
        tuple_(_C.created_at, _C.offer_id) < tuple_(bindparam("at"), bindparam("after_id")),
    )
    .order_by(_C.created_at.desc(), _C.offer_id.desc())
    .limit(bindparam("rows"))
)


async def add(tx: Transaction, offer: Offer) -> bool:
    """Write a new offer; False if this very offer was written before."""
    amount = {"amount_minor": offer.amount.minor, "currency": offer.amount.currency}
    return await tx.run(_ADD, **_ADD.values_of(offer, **amount)) == 1


async def find(source: Transaction | Database, offer_id: str) -> Offer | None:
    """The offer as it is."""
    row = await source.row(_FIND, offer_id=offer_id)
    return _offer(row) if row else None


async def lock(tx: Transaction, offer_id: str) -> Offer | None:
    """The offer, locked until the transaction ends. Lock its listing first."""
    row = await tx.row(_LOCK, offer_id=offer_id)
    return _offer(row) if row else None


async def lock_open(tx: Transaction, listing_id: str) -> list[Offer]:
    """Every offer of the listing that still waits for an answer, locked."""
    return [_offer(row) for row in await tx.rows(_LOCK_OPEN, listing_id=listing_id)]


async def count_open(tx: Transaction, buyer_id: str, listing_id: str) -> tuple[int, int]:
    """How many offers of the buyer wait for an answer: on this listing, and in all.

    Until the transaction ends nobody else counts this buyer's, so that of two new offers at once
    the later one counts the earlier.
    """
    await tx.run(_TURN_OF_BUYER, buyer_id=buyer_id)
    found = await tx.row(_COUNT_OPEN, buyer_id=buyer_id, listing_id=listing_id, now=tx.now())
    return (found["on_listing"], found["in_all"]) if found else (0, 0)


async def save(tx: Transaction, offer: Offer) -> None:
    """Write the offer's next version; raises VersionMoved if it is not the next."""
    if await tx.run(_SAVE, **_SAVE.values_of(offer)) != 1:
        raise VersionMoved(what="offer")


async def close_deal(tx: Transaction, deal_id: str) -> None:
    """The deal came to nothing: its offer no longer holds the listing."""
    await tx.run(_CLOSE_DEAL, offer_id=deal_id)


async def has_bid(database: Database, user_id: str, listing_id: str) -> bool:
    """Whether this person ever put a price to the listing's seller."""
    found: bool = await database.value(_BID, buyer_id=user_id, listing_id=listing_id)
    return found


async def of_user(
    database: Database, user_id: str, listing_id: str | None, after: Position | None, rows: int
) -> list[Offer]:
    """A page of the offers a user is a side of, newest first."""
    at, after_id = after or BEGINNING
    page = {"listing_id": listing_id, "at": at, "after_id": after_id, "rows": rows}
    return [_offer(row) for row in await database.rows(_OF_USER, user_id=user_id, **page)]


def _offer(row: Row) -> Offer:
    """A row as the domain knows it."""
    values = dict(row)
    amount = Money(int(values.pop("amount_minor")), Currency(values.pop("currency")))
    values["state"] = State(values["state"])
    values["made_by"] = Side(values["made_by"])
    return Offer(amount=amount, **values)
