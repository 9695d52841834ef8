"""Signatures, by any door, and the links that lead to the web's."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.events.contracts import (
    ContractExecuting,
    ContractSigned,
    SigningLinkCreated,
)
from contracts_schema.events.identity import Tier
from contracts_schema.ids import new_id

from contracts import store
from contracts.domain.contract import Contract, Signing
from contracts.domain.errors import LinkSpent, LinkUnknown, NotAParty
from contracts.domain.execution import Job
from contracts.handlers.telling import parties, terms_of, thread
from contracts.store import Link

EXECUTE = "contract.execute"
LINK_LIVES = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a signing link leads to."""

    link: Link
    contract: Contract


async def sign(tx: Transaction, caller: Principal, contract_id: str, signing: Signing) -> Contract:
    """Keep this person's signature; the second one of the two sets the execution going."""
    caller.require(Tier.TIER_1)
    contract = await _locked(tx, contract_id)
    seen = contract.version
    signature = contract.sign(caller.user_id, signing, tx.now())
    await store.add_signature(tx, contract_id, signature)
    tx.stage(
        ContractSigned(
            **parties(contract),
            signer_id=caller.user_id,
            side=signature.side,
            method=signature.method,
            title=terms_of(contract).title,
            both=contract.both_signed,
        ),
        sequence=contract.version,
    )
    if contract.both_signed:
        await _set_going(tx, contract)
    await store.save(tx, contract, seen)
    details = {"side": signature.side, "method": signature.method, "ip": signature.ip}
    tx.audit("contract.sign", contract_id, **details, terms_sha256=signature.terms_sha256)
    return contract


async def _set_going(tx: Transaction, contract: Contract) -> None:
    contract.complete()
    await store.add_job(tx, Job(contract.contract_id))
    tx.stage(ContractExecuting(**parties(contract)), sequence=contract.version)
    await tx.set_timer(EXECUTE, contract.contract_id, tx.now(), thread(tx))


async def offer_link(tx: Transaction, caller: Principal, contract_id: str) -> None:
    """Promise this person a link; its secret is made only when the URL is asked for."""
    link = await _new_link(tx, caller, contract_id, None)
    tx.stage(
        SigningLinkCreated(
            contract_id=contract_id,
            user_id=caller.user_id,
            link_id=link.link_id,
            expires_at=link.expires_at,
        )
    )


async def make_link(tx: Transaction, caller: Principal, contract_id: str) -> tuple[Link, str]:
    """A link and its secret, which is kept nowhere; an earlier link of theirs ends."""
    token = secrets.token_urlsafe(32)
    return await _new_link(tx, caller, contract_id, token), token


async def _new_link(
    tx: Transaction, caller: Principal, contract_id: str, token: str | None
) -> Link:
    caller.require(Tier.TIER_1)
    contract = await store.find(tx, contract_id)
    if contract is None:
        raise NotAParty(contract_id)
    contract.check_may_sign(caller.user_id, tx.now())
    expires_at = min(tx.now() + LINK_LIVES, contract.sign_before)
    link = Link(new_id("sln"), contract_id, caller.user_id, expires_at, None)
    await store.put_link(tx, link, hashed(token) if token else None)
    tx.audit("contract.signing_link", contract_id, link_id=link.link_id)
    return link


async def open_link(reader: Database | Transaction, token: str) -> Opened:
    """What the link leads to; opening it does not use it up."""
    link = await store.link(reader, hashed(token))
    contract = await store.find(reader, link.contract_id) if link else None
    if link is None or contract is None:
        raise LinkUnknown
    if link.used_at is not None:
        raise LinkSpent(f"This link was used. {contract.what_is_next()}")
    if link.expires_at <= reader.clock.now():
        raise LinkSpent("This link is older than 15 minutes.")
    return Opened(link, contract)


async def sign_by_link(
    tx: Transaction, caller: Principal, link: Link, signing: Signing
) -> Contract:
    """Sign and use the link up, both or neither."""
    if not await store.spend_link(tx, link.link_id):
        raise LinkSpent("This link was used a moment ago.")
    return await sign(tx, caller, link.contract_id, signing)


def hashed(token: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _locked(tx: Transaction, contract_id: str) -> Contract:
    contract = await store.lock(tx, contract_id)
    if contract is None:
        raise NotAParty(contract_id)
    return contract
