"""Escrows with their tranches, what was booked on them, and the timers of their windows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.storage.database import Database, RowLock, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.ids import uuid7
from contracts_schema.money import Currency, Money
from contracts_schema.terms import Terms, canonical_json
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from escrow.domain.errors import NotAParty
from escrow.domain.escrow import Escrow
from escrow.domain.ledger import Amounts
from escrow.domain.outcome import Tranche
from escrow.domain.states import WINDOWS, By, State
from escrow.store.tables import escrows, payout_accounts, tranches

Reader = Transaction | Database

REMINDERS = (50, 90)
"""At how many percent of a window both are reminded."""
_AMOUNTS = tuple(each.name for each in fields(Amounts))
_FIXED = (
    *("escrow_id", "contract_id", "deal_id", "listing_id", "seller_id", "buyer_id"),
    *("terms", "terms_sha256", "currency", "created_at"),
)
"""What an escrow is opened with and keeps."""
_OWN = tuple(
    each.name
    for each in fields(Escrow)
    if each.name in escrows.c and each.name not in ("terms", "state")
)
"""The columns that the escrow has fields for."""

_TRANCHES = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(
                    *(tranches.c.number, tranches.c.amount, tranches.c.seller_fee),
                    *(tranches.c.buyer_fee, tranches.c.outcome),
                ),
                tranches.c.number,
            )
        )
    )
    .where(tranches.c.escrow_id == escrows.c.escrow_id)
    .scalar_subquery()
    .label("tranches")
)
_SELLERS_ACCOUNTS = (
    select(
        func.json_object_agg(
            payout_accounts.c.rail,
            func.json_build_array(payout_accounts.c.provider_id, payout_accounts.c.ready),
        )
    )
    .where(payout_accounts.c.user_id == escrows.c.seller_id)
    .scalar_subquery()
    .label("sellers_accounts")
)
_THIS = escrows.c.escrow_id == bindparam("escrow_id")
WHOLE = select(escrows, _TRANCHES, _SELLERS_ACCOUNTS)
"""Escrows with all that belongs to them."""
_FIND = statement(WHOLE.where(_THIS))
_LOCK = statement(select(escrows.c.escrow_id).where(_THIS).with_for_update())
_ADD = statement(insert(escrows).values(parameters(escrows)).on_conflict_do_nothing())
_ADD_TRANCHE = statement(insert(tranches).values(parameters(tranches, "outcome")))

_MOVING = (
    update(escrows)
    .values(parameters(escrows, *_FIXED))
    .where(_THIS, escrows.c.version == bindparam("seen"))
)
_MOVE = statement(_MOVING)
_DECIDED = text("""
UPDATE tranches SET outcome = decided.outcome
FROM unnest(CAST(:numbers AS integer[]), CAST(:outcomes AS text[])) AS decided (number, outcome)
WHERE tranches.escrow_id = :escrow_id AND tranches.number = decided.number
    AND tranches.outcome IS NULL
""")
_OPENED = text("""
INSERT INTO ledger_accounts (account, kind, normal, floor)
SELECT DISTINCT * FROM unnest(
    CAST(:accounts AS text[]), CAST(:kinds AS text[]), CAST(:normals AS text[]),
    CAST(:floors AS numeric[]))
ON CONFLICT DO NOTHING
""")
_ENTERED = text("""
INSERT INTO ledger_transactions
    (transaction_id, escrow_id, moment, reference, escrow_version, at)
SELECT transaction_id, :escrow_id, moment, reference, CAST(:seen AS bigint),
    CAST(:at AS timestamptz)
FROM unnest(
    CAST(:transaction_ids AS uuid[]), CAST(:moments AS text[]), CAST(:references AS text[]))
    AS entry (transaction_id, moment, reference)
""")
_POSTED = text("""
INSERT INTO postings (transaction_id, position, account, currency, amount)
SELECT transaction_id, position, account, :currency, amount
FROM unnest(
    CAST(:entered_by AS uuid[]), CAST(:positions AS integer[]), CAST(:accounts AS text[]),
    CAST(:amounts AS numeric[])) AS line (transaction_id, position, account, amount)
""")
_BOOKED = [
    part.columns().cte(name)
    for name, part in (("opened", _OPENED), ("entered", _ENTERED), ("posted", _POSTED))
]
_MOVE_AND_BOOK = statement(
    select(func.count())
    .select_from(_MOVING.returning(escrows.c.escrow_id).cte("moved"))
    .add_cte(_DECIDED.columns().cte("decided"), *_BOOKED)
)
_BOOK = statement(select(func.count()).add_cte(*_BOOKED))


def row(escrow_id: str, seen: int | None = None) -> RowLock:
    """The escrow's row, to be locked with BEGIN; and the version that the caller saw of it."""
    return RowLock(escrow_id, _LOCK.inline(escrow_id=escrow_id), seen)


def row_of(message: Any) -> RowLock:
    """The row of the escrow that a command or an event is about."""
    return row(message.escrow_id)


def expiry(window: str) -> str:
    """The kind of the timer that ends the window."""
    return f"{window}.expiry"


def reminder(percent: int) -> str:
    """The kind of the timer that reminds of a window."""
    return f"reminder.{percent}"


async def add(tx: Transaction, escrow: Escrow) -> bool:
    """Keep a new escrow, whose window begins; False if its contract has one."""
    terms = escrow.terms
    written = canonical_json(terms.model_dump(mode="json")).decode()
    fixed = {"terms": written, "currency": escrow.currency, "created_at": escrow.created_at}
    named = {name: getattr(terms, name) for name in _FIXED if name in type(terms).model_fields}
    own = {"escrow_id": escrow.escrow_id, "terms_sha256": escrow.terms_sha256}
    if not await tx.run(_ADD, **(named | own | fixed | _state(escrow))):
        return False
    amounts = ("amount", "seller_fee", "buyer_fee")
    parts = [
        {"escrow_id": escrow.escrow_id, "number": each.number}
        | {name: getattr(each, name).minor for name in amounts}
        for each in escrow.tranches
    ]
    await tx.run_many(_ADD_TRANCHE, parts)
    await _move_window(tx, escrow)
    return True


async def find(reader: Reader, escrow_id: str) -> Escrow | None:
    """The escrow as it is now."""
    found = await reader.row(_FIND, escrow_id=escrow_id)
    return from_row(found) if found else None


async def lock(tx: Transaction, escrow_id: str) -> Escrow:
    """The escrow, nobody else's until the transaction ends. Raises NotAParty if there is none.

    It is read after the lock: what another transaction wrote meanwhile is seen.
    """
    if not tx.holds(escrow_id):
        await tx.run(_LOCK, escrow_id=escrow_id)
    escrow = await find(tx, escrow_id)
    if escrow is None:
        raise NotAParty(escrow_id)
    return escrow


async def lock_as_party(tx: Transaction, caller: Principal, escrow_id: str) -> tuple[Escrow, By]:
    """The locked escrow and which party the caller is; of the version that the caller saw."""
    escrow = await lock(tx, escrow_id)
    side = escrow.side_of(caller.user_id)
    require_seen(tx, escrow)
    return escrow, side


def require_seen(tx: Transaction, escrow: Escrow) -> None:
    """Refuse a caller who names another version than the present one."""
    if tx.lock is not None:
        require_version(tx.lock.seen, escrow.version)


async def save(tx: Transaction, escrow: Escrow) -> None:
    """Write the next version over the one that was locked, and with it all that belongs to it.

    Its entries in the ledger, the outcome of its tranches (a decided one stays), and the timers
    of its window where that begins or ends.
    """
    seen, escrow.version = escrow.version, escrow.version + 1
    state = {"escrow_id": escrow.escrow_id, "seen": seen, **_state(escrow)}
    if escrow.entries:
        moved = await tx.value(_MOVE_AND_BOOK, **state, **_decided(escrow), **_booked(tx, escrow))
    else:
        moved = await tx.run(_MOVE, **state)
    if moved != 1:
        raise RuntimeError(f"{escrow.escrow_id} moved under its lock")
    escrow.entries.clear()
    await _move_window(tx, escrow)


async def book(tx: Transaction, escrow: Escrow) -> None:
    """Write its entries in the ledger; nothing else of it has changed."""
    own = {"escrow_id": escrow.escrow_id, "seen": escrow.version}
    await tx.value(_BOOK, **own, **_booked(tx, escrow))
    escrow.entries.clear()


async def _move_window(tx: Transaction, escrow: Escrow) -> None:
    """End earlier windows; remind at 50 % and 90 % of this one, and act at its end."""
    if not escrow.window_moved:
        return
    escrow.window_moved = False
    kinds = [expiry(window) for window in WINDOWS] + [reminder(percent) for percent in REMINDERS]
    await tx.drop_timers(escrow.escrow_id, *kinds)
    if (deadline := escrow.deadline) is None:
        return
    await tx.set_timer(expiry(escrow.window), escrow.escrow_id, deadline)
    for percent in REMINDERS:
        due = tx.now() + (deadline - tx.now()) * percent / 100
        payload = {"window": escrow.window, "deadline": deadline.isoformat(), "percent": percent}
        await tx.set_timer(reminder(percent), escrow.escrow_id, due, payload)


def _state(escrow: Escrow) -> dict[str, Any]:
    """What changes of an escrow, by column."""
    own = {name: getattr(escrow, name) for name in _OWN if name not in _FIXED}
    amounts = {name: getattr(escrow.amounts, name) for name in _AMOUNTS}
    return own | amounts | {"state": escrow.state, "frozen": " ".join(escrow.freezes)}


def _decided(escrow: Escrow) -> dict[str, Any]:
    decided = [each for each in escrow.tranches if each.outcome]
    numbers, outcomes = [each.number for each in decided], [each.outcome for each in decided]
    return {"numbers": numbers, "outcomes": outcomes}


def _booked(tx: Transaction, escrow: Escrow) -> dict[str, Any]:
    """Each entry with its postings, as the arrays that one statement takes."""
    entries = [(uuid7(), entry) for entry in escrow.entries]
    lines = [
        (entry_id, position, posting)
        for entry_id, entry in entries
        for position, posting in enumerate(entry.postings, 1)
    ]
    accounts = [posting.account for _, _, posting in lines]
    return {
        "at": tx.now(),
        "currency": escrow.currency,
        "transaction_ids": [entry_id for entry_id, _ in entries],
        "moments": [entry.moment for _, entry in entries],
        "references": [entry.reference for _, entry in entries],
        "entered_by": [entry_id for entry_id, _, _ in lines],
        "positions": [position for _, position, _ in lines],
        "amounts": [posting.minor for _, _, posting in lines],
        "accounts": [account.name for account in accounts],
        "kinds": [account.kind for account in accounts],
        "normals": [account.normal for account in accounts],
        "floors": [account.floor for account in accounts],
    }


def from_row(row: Any) -> Escrow:
    """The escrow that a row of WHOLE is."""
    terms = Terms.model_validate_json(row["terms"])
    account, ready = (row["sellers_accounts"] or {}).get(terms.rail, (None, False))
    return Escrow(
        **{name: row[name] for name in _OWN},
        terms=terms,
        tranches=tuple(_tranche(one, terms.price.currency) for one in row["tranches"]),
        state=State(row["state"]),
        amounts=Amounts(**{name: int(row[name]) for name in _AMOUNTS}),
        freezes=tuple(row["frozen"].split()),
        seller_account=account,
        seller_can_be_paid=ready,
    )


def _tranche(row: list[Any], currency: Currency) -> Tranche:
    number, *minor, outcome = row
    amount, seller_fee, buyer_fee = (Money(each, currency) for each in minor)
    return Tranche(number, amount, seller_fee, buyer_fee, outcome or "")
