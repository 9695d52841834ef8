"""The goods change hands: the seller says so, verification proves it, or sees them lost."""

from __future__ import annotations

from chassis.messaging.consumers import TooEarly
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.escrow import Deliver
from contracts_schema.events.escrow import Delivered, DeliveryProven
from contracts_schema.events.identity import Tier
from contracts_schema.events.verification import OwnershipLost, OwnershipTransferred
from contracts_schema.ids import derive_id

from escrow.domain.errors import PayoutAccountMissing
from escrow.domain.escrow import OWNERSHIP_LOST, Escrow
from escrow.domain.states import By, State
from escrow.handlers import freezing
from escrow.handlers.telling import INSPECTION, begin_window, locked, parties
from escrow.store import accounts, deliveries, escrows
from escrow.store.deliveries import Delivery

BEFORE_DELIVERY = frozenset({State.AWAIT_FUNDS, State.FUNDS_HELD})


def delivery_id_of(escrow_id: str, tranche: int) -> str:
    """The one delivery that a tranche can have."""
    return derive_id("dlv", escrow_id, str(tranche))


async def deliver(tx: Transaction, caller: Principal, command: Deliver) -> Escrow:
    """The seller handed the goods over; the buyer's inspection begins."""
    caller.require(Tier.TIER_1)
    escrow = await locked(tx, command.escrow_id)
    by = escrow.side_of(caller.user_id)
    tranche = escrow.undecided[0].number if escrow.undecided else 1
    escrow.deliver(by, tx.now())
    await _require_payable(tx, escrow)
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
            **parties(escrow),
            delivery_id=delivery.delivery_id,
            asset_id=escrow.terms.asset_id,
            price=escrow.terms.price,
            inspect_before=escrow.deadline,
        ),
        sequence=escrow.version,
    )
    tx.audit("escrow.deliver", escrow.escrow_id, delivery_id=delivery.delivery_id)
    await begin_window(tx, escrow, INSPECTION)
    return escrow


async def _require_payable(tx: Transaction, escrow: Escrow) -> None:
    account = await accounts.find(tx, escrow.terms.seller_id, escrow.rail)
    if account is None or not account.ready:
        raise PayoutAccountMissing("You cannot be paid yet: your payout account is not set up.")


async def prove(tx: Transaction, proof: OwnershipTransferred) -> None:
    """Both sides are proven: the delivery is confirmed, and the inspection is shorter now."""
    escrow = await locked(tx, proof.escrow_id)
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
                **parties(escrow),
                delivery_id=delivery.delivery_id,
                proof_id=proof.proof_id,
                inspect_before=escrow.deadline,
            ),
            sequence=escrow.version,
        )
    await begin_window(tx, escrow, INSPECTION)


async def lose(tx: Transaction, loss: OwnershipLost) -> None:
    """The goods went to somebody else: nothing moves by itself any more."""
    escrow = await locked(tx, loss.escrow_id)
    if escrow.state in (State.FUNDS_HELD, State.DELIVERED, State.AWAIT_FUNDS):
        await freezing.freeze(tx, escrow, OWNERSHIP_LOST)
