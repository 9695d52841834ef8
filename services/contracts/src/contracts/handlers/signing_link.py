"""Links that lead a person to the page that signs."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.commands.contracts import CreateSigningLink
from contracts_schema.events.contracts import SigningLinkCreated
from contracts_schema.events.identity import Tier
from contracts_schema.ids import new_id

from contracts import store
from contracts.domain.contract import Contract
from contracts.domain.errors import LinkSpent, LinkUnknown
from contracts.domain.signature import Signing
from contracts.domain.signing_link import SigningLink, link_end
from contracts.handlers import signature
from contracts.handlers.contract import known


@dataclass(frozen=True, slots=True)
class Opened:
    """What a signing link leads to."""

    link: SigningLink
    contract: Contract


async def create(tx: Transaction, caller: Principal, command: CreateSigningLink) -> None:
    """Promise this person a link; its secret is made only when the URL is asked for."""
    contract = await _signable(tx, caller, command.contract_id)
    link = await _put(tx, caller, contract, None)
    event = SigningLinkCreated(
        contract_id=link.contract_id,
        user_id=link.user_id,
        link_id=link.link_id,
        expires_at=link.expires_at,
        actions={link.user_id: contract.actions(tx.now())[link.user_id]},
    )
    tx.stage(event)


async def create_with_secret(
    tx: Transaction, caller: Principal, contract_id: str
) -> tuple[SigningLink, str]:
    """A link and its secret, which is kept nowhere; an earlier link of theirs ends."""
    contract, secret = await _signable(tx, caller, contract_id), secrets.token_urlsafe(32)
    return await _put(tx, caller, contract, _hashed(secret)), secret


async def open_link(reader: Database | Transaction, secret: str) -> Opened:
    """What the link leads to; opening it does not use it up."""
    link = await store.signing_link.find(reader, _hashed(secret))
    contract = await store.contract.find(reader, link.contract_id) if link else None
    if link is None or contract is None:
        raise LinkUnknown
    link.check_open(contract, reader.clock.now())
    return Opened(link, contract)


async def sign_by_link(
    tx: Transaction, caller: Principal, link: SigningLink, signing: Signing
) -> Contract:
    """Sign and use the link up, both or neither."""
    if not await store.signing_link.spend(tx, link.link_id):
        raise LinkSpent("link_just_used")
    return await signature.keep(tx, caller, link.contract_id, signing)


async def _signable(tx: Transaction, caller: Principal, contract_id: str) -> Contract:
    caller.require(Tier.TIER_1)
    contract = known(await store.contract.find(tx, contract_id), contract_id)
    contract.check_may_sign(caller.user_id, tx.now())
    return contract


async def _put(
    tx: Transaction, caller: Principal, contract: Contract, token_sha256: str | None
) -> SigningLink:
    ends = link_end(contract, tx.now())
    link = SigningLink(new_id("sln"), contract.contract_id, caller.user_id, ends)
    await store.signing_link.put(tx, link, token_sha256)
    tx.audit("contract.signing_link", link.contract_id, link_id=link.link_id)
    return link


def _hashed(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
