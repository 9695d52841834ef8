"""Signatures: from Discord, REST or the web, one of each party."""

from __future__ import annotations

from chassis.http.preconditions import require_version
from chassis.principals import Principal
from chassis.storage.database import Transaction
from contracts_schema.commands.contracts import Sign
from contracts_schema.events.contracts import ContractSigned
from contracts_schema.events.identity import Tier

from contracts import store
from contracts.domain.contract import Contract
from contracts.domain.signature import Evidence, Method, Signature, Signing
from contracts.handlers import execution
from contracts.handlers.contract import event_fields, lock


async def sign(
    tx: Transaction,
    caller: Principal,
    command: Sign,
    *,
    evidence: Evidence | None = None,
    seen_version: int | None = None,
) -> Contract:
    """Keep this person's signature; without other evidence it was made in Discord.

    Refused if the contract has moved past the version that the person saw.
    """
    made = evidence or Evidence(Method.DISCORD, tx.cause.causation_id)
    signing = Signing(command.phrase, command.terms_sha256, made)
    return await keep(tx, caller, command.contract_id, signing, seen_version)


async def keep(
    tx: Transaction,
    caller: Principal,
    contract_id: str,
    signing: Signing,
    seen_version: int | None = None,
) -> Contract:
    """Keep this person's signature; the second one of the two starts the execution."""
    caller.require(Tier.TIER_1)
    contract = await lock(tx, contract_id)
    contract.side_of(caller.user_id)
    require_version(seen_version, contract.version)
    locked_version = contract.version
    signature = contract.sign(caller.user_id, signing, tx.now())
    await store.signature.add(tx, contract_id, signature)
    _stage_signed(tx, contract, signature)
    if contract.both_signed:
        await execution.start(tx, contract)
    await store.contract.save(tx, contract, locked_version)
    details = {"side": signature.side, "method": signature.method, "ip": signature.ip}
    tx.audit("contract.sign", contract_id, **details, terms_sha256=signature.terms_sha256)
    return contract


def _stage_signed(tx: Transaction, contract: Contract, signature: Signature) -> None:
    event = ContractSigned(
        **event_fields(contract, tx.now()),
        signer_id=signature.signer_id,
        side=signature.side,
        method=signature.method,
        title=contract.agreed_terms.title,
        both=contract.both_signed,
        sign_before=contract.sign_before,
    )
    tx.stage(event, sequence=contract.version)
