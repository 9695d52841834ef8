"""The goods change hands: the seller says so, verification proves it, or sees them lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.cause import Cause
from chassis.messaging.consumers import TooEarly
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.escrow import Deliver
from contracts_schema.events.escrow import Delivered, DeliveryProven
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred

from escrow.domain.delivery import Delivery, delivery_id_of
from escrow.domain.escrow import Escrow
from escrow.domain.freeze import OWNERSHIP_LOST
from escrow.domain.states import By, State
from escrow.handlers import freeze, payout_account
from escrow.ports import Rails
from escrow.store import delivery as deliveries
from escrow.store import escrow as escrows

BEFORE_DELIVERY = frozenset({State.AWAIT_FUNDS, State.FUNDS_HELD})


@asynccontextmanager
async def prepare(
    database: Database, caller: Principal, command: Deliver, *, rails: Rails
) -> AsyncIterator[None]:
    """Ask whether the seller can be paid by now: the webhook that tells of it may be late."""
    if caller.user_id:
        cause = Cause(actor=caller.user_id)
        await payout_account.refresh_unready(database, rails, caller.user_id, cause)
    yield


async def deliver(tx: Transaction, caller: Principal, command: Deliver) -> Escrow:
    """The seller handed the goods over; the buyer's inspection begins."""
    caller.require(Tier.TIER_1)
    escrow, by = await escrows.lock_as_party(tx, caller, command.escrow_id)
    tranche = escrow.undecided[0].number if escrow.undecided else 1
    escrow.deliver(by, tx.now())
    await escrows.save(tx, escrow)
    delivery = Delivery(
        delivery_id=delivery_id_of(escrow.escrow_id, tranche),
        escrow_id=escrow.escrow_id,
        tranche=tranche,
        title=command.title,
        description=command.description,
        evidence=[each.model_dump(mode="json") for each in command.evidence],
        delivered_at=tx.now(),
    )
    await deliveries.add(tx, delivery)
    tx.stage(
        Delivered(
            **escrow.facts,
            delivery_id=delivery.delivery_id,
            kind=escrow.terms.goods,
            asset_id=escrow.terms.asset_id,
            price=escrow.terms.price,
            inspect_before=escrow.deadline,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.deliver", escrow.escrow_id, delivery_id=delivery.delivery_id)
    return escrow


async def prove(tx: Transaction, proof: OwnershipTransferred) -> None:
    """Both sides are proven: the delivery is confirmed, and the inspection is shorter now."""
    escrow = await escrows.lock(tx, proof.escrow_id)
    if escrow.state in BEFORE_DELIVERY:
        raise TooEarly(f"{proof.escrow_id} is {escrow.state}: the delivery is not known here yet")
    await deliveries.confirm(tx, escrow.escrow_id, By.PROOF, proof.proof_id)
    tx.audit("delivery.prove", escrow.escrow_id, proof_id=proof.proof_id)
    if not escrow.prove_delivery(tx.now()):
        return
    await escrows.save(tx, escrow)
    for delivery in await deliveries.of_escrow(tx, escrow.escrow_id):
        tx.stage(
            DeliveryProven(
                **escrow.facts,
                delivery_id=delivery.delivery_id,
                proof_id=proof.proof_id,
                inspect_before=escrow.deadline,
            ),
            sequence=escrow.version,
        )


async def lose(tx: Transaction, loss: OwnershipLost) -> None:
    """The goods went to somebody else: nothing moves by itself any more."""
    escrow = await escrows.lock(tx, loss.escrow_id)
    if escrow.state in (State.FUNDS_HELD, State.DELIVERED, State.AWAIT_FUNDS):
        await freeze.freeze(tx, escrow, OWNERSHIP_LOST)
