"""An executed contract becomes an escrow on exactly the terms that were signed, or nothing."""

from __future__ import annotations

from chassis.storage.database import Transaction
from contracts_schema.events.contracts import ContractExecuted
from contracts_schema.events.escrow import Opened
from contracts_schema.ids import derive_id

from escrow.domain.errors import RailNotEnabled, TermsRefused
from escrow.domain.escrow import Escrow, open_escrow
from escrow.handlers.funding import REQUEST
from escrow.handlers.telling import FUNDING, begin_window, parties, thread
from escrow.ports import Rails
from escrow.store import accounts, escrows


def escrow_id_of(contract_id: str) -> str:
    """The one escrow that a contract can have."""
    return derive_id("esc", contract_id)


async def open_for(tx: Transaction, executed: ContractExecuted, rails: Rails) -> None:
    """Open the contract's escrow; a repetition changes nothing.

    Raises TermsRefused when the terms are not those that were signed, RailNotEnabled when
    nobody here can take the money.
    """
    terms = executed.terms
    _require_same(executed)
    escrow = open_escrow(escrow_id_of(executed.contract_id), terms, executed.terms_sha256, tx.now())
    if terms.rail not in rails:
        enabled = ", ".join(sorted(rails)) or "none"
        raise RailNotEnabled(
            f"{terms.contract_id} is to be paid over {terms.rail}, which is not configured"
            f" (HOLDFAST_RAILS has: {enabled}). Configure the rail, then retry the message."
        )
    if not await escrows.add(tx, escrow):
        await _require_repetition(tx, escrow)
        return
    await _announce(tx, escrow)


def _require_same(executed: ContractExecuted) -> None:
    for name in ("contract_id", "deal_id", "listing_id", "buyer_id", "seller_id"):
        if getattr(executed, name) != getattr(executed.terms, name):
            raise TermsRefused(f"The event's {name} is not the one in the terms.")


async def _require_repetition(tx: Transaction, escrow: Escrow) -> None:
    known = await escrows.find(tx, escrow.escrow_id)
    if known is None or known.terms_sha256 != escrow.terms_sha256:
        raise TermsRefused(f"{escrow.terms.contract_id} has an escrow on other terms already.")


async def _announce(tx: Transaction, escrow: Escrow) -> None:
    terms = escrow.terms
    account = await accounts.find(tx, terms.seller_id, terms.rail)
    tx.stage(
        Opened(
            **parties(escrow),
            contract_id=terms.contract_id,
            asset_id=terms.asset_id,
            price=terms.price,
            rail=terms.rail,
            terms_sha256=escrow.terms_sha256,
            fund_before=escrow.deadline,
            seller_can_be_paid=account is not None and account.ready,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.open", escrow.escrow_id, terms_sha256=escrow.terms_sha256)
    await tx.set_timer(REQUEST, escrow.escrow_id, tx.now(), thread(tx))
    await begin_window(tx, escrow, FUNDING)
