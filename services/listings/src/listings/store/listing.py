"""Listings: written, locked, saved, and read one by one or by page."""

from __future__ import annotations

import asyncpg
from chassis.http.lists import BEGINNING, Position
from chassis.storage.database import Database, Row, Transaction
from chassis.storage.ends import insertion
from chassis.storage.sql import parameters, statement
from contracts_schema.events.listings import Visibility
from contracts_schema.money import Currency, Money
from sqlalchemy import Text, bindparam, cast, or_, select, tuple_, update

from listings.domain.asset import AssetName
from listings.domain.errors import VersionMoved
from listings.domain.listing import Listing, State
from listings.store.tables import listings

_C = listings.c
_IMMUTABLE = (
    "listing_id", "seller_id", "kind", "asset_id", "currency", "visibility", "delivery_window_s",
    "guild_id", "channel_id", "created_at",
)  # fmt: skip
_THIS = _C.listing_id == bindparam("listing_id")
_NEWEST_FIRST = (_C.created_at.desc(), _C.listing_id.desc())
_PAGE = (
    or_(cast(bindparam("category"), Text).is_(None), _C.category == bindparam("category")),
    tuple_(_C.created_at, _C.listing_id) < tuple_(bindparam("at"), bindparam("after_id")),
)

_ADD = insertion(listings)
_FIND = statement(select(listings).where(_THIS))
_LOCK = statement(select(listings).where(_THIS).with_for_update())
_TURN_OF_ASSET = statement(
    "SELECT pg_advisory_xact_lock(hashtextextended('listings of ' || :kind || ' ' || :asset_id, 0))"
)
_ACTIVE_OF = statement(
    select(listings).where(
        _C.kind == bindparam("kind"), _C.asset_id == bindparam("asset_id"), _C.state == "ACTIVE"
    )
)
_SAVE = statement(
    update(listings)
    .values(parameters(listings, *_IMMUTABLE))
    .where(_THIS, _C.version == bindparam("version", type_=_C.version.type) - 1)
)
_PUBLIC = statement(
    select(listings)
    .where(_C.state == "ACTIVE", _C.visibility == "PUBLIC", *_PAGE)
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("rows"))
)
_OF_SELLER = statement(
    select(listings)
    .where(_C.seller_id == bindparam("seller_id"), *_PAGE)
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("rows"))
)


async def add(tx: Transaction, listing: Listing) -> bool:
    """Write a new listing and what is staged of it.

    False if this very one was written before, or its asset is live in another one.
    """
    price = {"price_minor": listing.price.minor, "currency": listing.price.currency}
    return await tx.add(_ADD, **_ADD.values_of(listing, **price))


async def find(source: Transaction | Database, listing_id: str) -> Listing | None:
    """The listing as it is."""
    row = await source.row(_FIND, listing_id=listing_id)
    return _listing(row) if row else None


async def lock(tx: Transaction, listing_id: str) -> Listing | None:
    """The listing, locked until the transaction ends."""
    row = await tx.row(_LOCK, listing_id=listing_id)
    return _listing(row) if row else None


async def save(tx: Transaction, listing: Listing) -> None:
    """Write the listing's next version; raises VersionMoved if it is not the next."""
    values = _SAVE.values_of(listing, price_minor=listing.price.minor)
    if await tx.run(_SAVE, **values) != 1:
        raise VersionMoved(what="listing")


async def active_of(source: Transaction | Database, asset: AssetName) -> Listing | None:
    """The one listing in which this asset is live."""
    row = await source.row(_ACTIVE_OF, kind=asset.kind, asset_id=asset.asset_id)
    return _listing(row) if row else None


async def turn_of(tx: Transaction, asset: AssetName) -> Listing | None:
    """Wait until nobody else brings this asset to life; the listing in which it is live then."""
    await tx.run(_TURN_OF_ASSET, kind=asset.kind, asset_id=asset.asset_id)
    return await active_of(tx, asset)


def is_second_active(error: BaseException) -> bool:
    """Whether the database refused to have an asset live in two listings."""
    return (
        isinstance(error, asyncpg.UniqueViolationError)
        and error.constraint_name == "listings_one_active"
    )


async def public(
    database: Database, category: str | None, after: Position | None, rows: int
) -> list[Listing]:
    """A page of what is for sale, newest first."""
    at, after_id = after or BEGINNING
    found = await database.rows(_PUBLIC, category=category, at=at, after_id=after_id, rows=rows)
    return [_listing(row) for row in found]


async def of_seller(
    database: Database, seller_id: str, category: str | None, after: Position | None, rows: int
) -> list[Listing]:
    """A page of one's own listings, newest first."""
    at, after_id = after or BEGINNING
    page = {"category": category, "at": at, "after_id": after_id, "rows": rows}
    found = await database.rows(_OF_SELLER, seller_id=seller_id, **page)
    return [_listing(row) for row in found]


def _listing(row: Row) -> Listing:
    """A row as the domain knows it."""
    values = dict(row)
    price = Money(int(values.pop("price_minor")), Currency(values.pop("currency")))
    values["state"] = State(values["state"])
    values["visibility"] = Visibility(values["visibility"])
    return Listing(price=price, **values)
