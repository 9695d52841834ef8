"""Escrows with their tranches."""

from __future__ import annotations

from typing import Any

from chassis.http.lists import Position
from chassis.storage.database import Database, Transaction
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Terms, canonical_json

from escrow.domain.division import Tranche
from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Amounts
from escrow.domain.states import State

Reader = Transaction | Database

_AMOUNTS = ("received", "held", "released", "refunded", "fees", "surplus", "debt", "loss")
_COLUMNS = (
    "escrow_id, terms, terms_sha256, created_at, deadline, state, version, frozen, frozen_since,"
    f" end_reason, {', '.join(_AMOUNTS)}"
)
_TRANCHES = (
    "(SELECT json_agg(json_build_array(number, amount, seller_fee, buyer_fee, outcome)"
    " ORDER BY number) FROM tranches t WHERE t.escrow_id = e.escrow_id) AS tranches"
)


async def add(tx: Transaction, escrow: Escrow) -> bool:
    """Keep a new escrow; False if its contract has one."""
    terms = escrow.terms
    added = await tx.run(
        "INSERT INTO escrows (escrow_id, contract_id, deal_id, listing_id, seller_id, buyer_id,"
        " terms, terms_sha256, currency, state, version, deadline, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        *(escrow.escrow_id, terms.contract_id, terms.deal_id, terms.listing_id),
        *(terms.seller_id, terms.buyer_id, canonical_json(terms.model_dump(mode="json")).decode()),
        *(escrow.terms_sha256, escrow.currency, escrow.state, escrow.version),
        *(escrow.deadline, escrow.created_at),
    )
    if not added:
        return False
    await tx.connection.executemany(
        "INSERT INTO tranches (escrow_id, number, amount, seller_fee, buyer_fee)"
        " VALUES ($1, $2, $3, $4, $5)",
        [
            (escrow.escrow_id, t.number, t.amount.minor, t.seller_fee.minor, t.buyer_fee.minor)
            for t in escrow.tranches
        ],
    )
    return True


async def find(reader: Reader, escrow_id: str) -> Escrow | None:
    """The escrow as it is now."""
    row = await reader.row(
        f"SELECT {_COLUMNS}, {_TRANCHES} FROM escrows e WHERE escrow_id = $1",  # noqa: S608
        escrow_id,
    )
    return _escrow(row) if row else None


async def lock(tx: Transaction, escrow_id: str) -> Escrow | None:
    """The escrow, nobody else's until the transaction ends; tranches are read after the lock."""
    await tx.run("SELECT FROM escrows WHERE escrow_id = $1 FOR UPDATE", escrow_id)
    return await find(tx, escrow_id)


async def save(tx: Transaction, escrow: Escrow) -> None:
    """Write the next version over the one that was locked."""
    seen, escrow.version = escrow.version, escrow.version + 1
    amounts = escrow.amounts
    moved = await tx.run(
        "UPDATE escrows SET state = $3, version = $4, deadline = $5, frozen = $6,"
        " frozen_since = $7, end_reason = $8, received = $9, held = $10, released = $11,"
        " refunded = $12, fees = $13, surplus = $14, debt = $15, loss = $16"
        " WHERE escrow_id = $1 AND version = $2",
        *(escrow.escrow_id, seen, escrow.state, escrow.version, escrow.deadline),
        *(" ".join(escrow.freezes), escrow.frozen_since, escrow.end_reason),
        *(getattr(amounts, name) for name in _AMOUNTS),
    )
    if moved != 1:
        raise RuntimeError(f"{escrow.escrow_id} moved under its lock")


async def decide(tx: Transaction, escrow: Escrow) -> None:
    """Write the outcome of the tranches that were decided just now; a decided one stays."""
    await tx.connection.executemany(
        "UPDATE tranches SET outcome = $3 WHERE escrow_id = $1 AND number = $2 AND outcome IS NULL",
        [(escrow.escrow_id, each.number, each.outcome) for each in escrow.tranches],
    )


async def of_person(
    database: Database, user_id: str, deal_id: str | None, after: Position | None, limit: int
) -> list[Escrow]:
    """A page of this person's escrows, newest first."""
    rows = await database.rows(
        f"SELECT {_COLUMNS}, {_TRANCHES} FROM escrows e"  # noqa: S608
        " WHERE (seller_id = $1 OR buyer_id = $1) AND ($2::text IS NULL OR deal_id = $2)"
        " AND ($3::timestamptz IS NULL OR (created_at, escrow_id) < ($3, $4))"
        " ORDER BY created_at DESC, escrow_id DESC LIMIT $5",
        user_id,
        deal_id,
        *(after or (None, None)),
        limit,
    )
    return [_escrow(row) for row in rows]


def _escrow(row: Any) -> Escrow:
    terms = Terms.model_validate_json(row["terms"])
    return Escrow(
        escrow_id=row["escrow_id"],
        terms=terms,
        terms_sha256=row["terms_sha256"],
        created_at=row["created_at"],
        deadline=row["deadline"],
        tranches=tuple(_tranche(one, terms.price.currency) for one in row["tranches"]),
        state=State(row["state"]),
        version=row["version"],
        amounts=Amounts(**{name: int(row[name]) for name in _AMOUNTS}),
        freezes=tuple(row["frozen"].split()),
        frozen_since=row["frozen_since"],
        end_reason=row["end_reason"],
    )


def _tranche(one: list[Any], currency: Currency) -> Tranche:
    number, amount, seller_fee, buyer_fee, outcome = one
    return Tranche(
        number,
        Money(amount, currency),
        Money(seller_fee, currency),
        Money(buyer_fee, currency),
        outcome or "",
    )
