"""Escrows, tranches and deliveries."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.cursors import Position
from chassis.database import Database, Transaction
from contracts_schema.commands.escrow import Deliver
from contracts_schema.money import Money
from contracts_schema.terms import Terms, canonical_json

from escrow.domain.errors import IllegalTransition
from escrow.domain.escrow import Escrow, State, Tranche

COLUMNS = "escrow_id, terms, terms_sha256, state, version, frozen, deadline, opened_at"


async def add(tx: Transaction, escrow: Escrow, terms: Terms) -> bool:
    """Write a new escrow; False if this contract has one."""
    added = await tx.run(
        "INSERT INTO escrows (escrow_id, contract_id, deal_id, listing_id, buyer_id, seller_id,"
        " title, asset_id, rail, price_minor, currency, terms, terms_sha256, state, version,"
        " deadline, opened_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12, $13, $14, $15, $16, $17, $17) ON CONFLICT DO NOTHING",
        escrow.escrow_id,
        escrow.contract_id,
        escrow.deal_id,
        escrow.listing_id,
        escrow.buyer_id,
        escrow.seller_id,
        escrow.title,
        escrow.asset_id,
        escrow.rail,
        escrow.price.minor,
        escrow.price.currency,
        canonical_json(terms.model_dump(mode="json")).decode(),
        escrow.terms_sha256,
        escrow.state,
        escrow.version,
        escrow.deadline,
        escrow.opened_at,
    )
    if not added:
        return False
    await tx.connection.executemany(
        "INSERT INTO tranches (escrow_id, number, amount_minor, release_rule)"
        " VALUES ($1, $2, $3, $4)",
        [(escrow.escrow_id, t.number, t.amount.minor, t.release) for t in terms.tranches],
    )
    return True


async def lock(tx: Transaction, escrow_id: str) -> Escrow | None:
    """The escrow, locked until the transaction ends."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM escrows WHERE escrow_id = $1 FOR UPDATE",  # noqa: S608
        escrow_id,
    )
    return _escrow(row) if row else None


async def find(database: Database, escrow_id: str) -> Escrow | None:
    """The escrow as it is."""
    row = await database.row(
        f"SELECT {COLUMNS} FROM escrows WHERE escrow_id = $1",  # noqa: S608
        escrow_id,
    )
    return _escrow(row) if row else None


async def page(
    database: Database, user_id: str, deal_id: str | None, after: Position | None, limit: int
) -> list[Escrow]:
    """A page of the escrows this user is a party to, newest first."""
    at, last_id = after or (database.clock.now().replace(year=9999), "")
    rows = await database.rows(
        f"SELECT {COLUMNS} FROM escrows WHERE (buyer_id = $1 OR seller_id = $1)"  # noqa: S608
        " AND ($2::text IS NULL OR deal_id = $2) AND (opened_at, escrow_id) < ($3, $4)"
        " ORDER BY opened_at DESC, escrow_id DESC LIMIT $5",
        user_id,
        deal_id,
        at,
        last_id,
        limit,
    )
    return [_escrow(row) for row in rows]


async def save(tx: Transaction, escrow: Escrow) -> None:
    """Write the next version: compare-and-set, for the row may have moved."""
    changed = await tx.run(
        "UPDATE escrows SET state = $3, version = $2, frozen = $4, deadline = $5, updated_at = $6"
        " WHERE escrow_id = $1 AND version = $2 - 1",
        escrow.escrow_id,
        escrow.version,
        escrow.state,
        escrow.frozen,
        escrow.deadline,
        tx.now(),
    )
    if changed != 1:
        raise IllegalTransition(escrow.state, "be changed by two at once")


async def add_delivery(tx: Transaction, delivery_id: str, escrow: Escrow, command: Deliver) -> None:
    """Write what the seller handed over, and the evidence for it."""
    await tx.run(
        "INSERT INTO deliveries (delivery_id, escrow_id, tranche, title, description, evidence,"
        " state, delivered_at) VALUES ($1, $2, $3, $4, $5, $6, 'DELIVERED', $7)",
        delivery_id,
        escrow.escrow_id,
        escrow.tranches[0].number,
        command.title,
        command.description,
        [item.model_dump(mode="json") for item in command.evidence],
        tx.now(),
    )


async def confirm_delivery(tx: Transaction, escrow_id: str, proof_id: str | None) -> str | None:
    """The delivery is right: by proof, or by the buyer's word; its id."""
    found: str | None = await tx.value(
        "UPDATE deliveries SET state = 'CONFIRMED', proof_id = coalesce($2, proof_id)"
        " WHERE escrow_id = $1 AND state = 'DELIVERED' RETURNING delivery_id",
        escrow_id,
        proof_id,
    )
    return found


async def delivery(database: Database, escrow_id: str) -> Any:
    """What was delivered, if anything was."""
    return await database.row(
        "SELECT delivery_id, title, description, evidence, state, proof_id, delivered_at"
        " FROM deliveries WHERE escrow_id = $1 ORDER BY tranche LIMIT 1",
        escrow_id,
    )


def from_terms(terms: Terms, terms_sha256: str, escrow_id: str, now: datetime) -> Escrow:
    """The escrow that these terms open."""
    opened = Escrow(
        escrow_id=escrow_id,
        contract_id=terms.contract_id,
        deal_id=terms.deal_id,
        listing_id=terms.listing_id,
        buyer_id=terms.buyer_id,
        seller_id=terms.seller_id,
        title=terms.title,
        asset_id=terms.asset_id,
        rail=terms.rail,
        price=terms.price,
        seller_fee=terms.seller_fee,
        windows=terms.windows,
        tranches=tuple(Tranche(t.number, t.amount) for t in terms.tranches),
        terms_sha256=terms_sha256,
        deadline=None,
        opened_at=now,
    )
    return opened


def _escrow(row: Any) -> Escrow:
    terms = Terms.model_validate(json.loads(row["terms"]))
    opened = from_terms(terms, row["terms_sha256"], row["escrow_id"], row["opened_at"])
    return replace(
        opened,
        state=State(row["state"]),
        version=row["version"],
        frozen=row["frozen"],
        deadline=row["deadline"],
    )


def total(tranches: tuple[Tranche, ...]) -> Money:
    """What the tranches sum to."""
    first, *rest = (tranche.amount for tranche in tranches)
    return sum(rest, start=first)
