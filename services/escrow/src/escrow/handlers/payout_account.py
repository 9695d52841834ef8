"""How a seller comes to be payable: an account at the provider, which asks them who they are."""

from __future__ import annotations

from chassis.cause import Cause
from chassis.ops.failpoints import failpoint
from chassis.principals import Principal
from chassis.storage.database import Database, Transaction
from contracts_schema.events.escrow import DeliveryPossible, PayoutAccountReady
from contracts_schema.events.identity import Tier
from contracts_schema.terms import Rail

from escrow.domain.payout import KEY_TRUSTED
from escrow.domain.payout_account import PayoutAccount
from escrow.domain.states import By, Verb
from escrow.ports import RailError, Rails
from escrow.store import escrow_list
from escrow.store import payout_account as payout_accounts


async def link(
    database: Database, rails: Rails, caller: Principal, rail: Rail, cause: Cause
) -> str:
    """A page where this seller tells the provider who they are; the account is made on demand."""
    caller.require(Tier.TIER_1)
    account = await _account(database, rails, caller.user_id, rail, cause)
    return await rails[rail].account_link(account)


async def _account(database: Database, rails: Rails, user_id: str, rail: Rail, cause: Cause) -> str:
    """The provider's id of the account. Killed anywhere, it can run again: the key is kept."""

    async def intend(tx: Transaction) -> PayoutAccount:
        return await payout_accounts.ask(tx, user_id, rail, tx.now() - KEY_TRUSTED)

    account = await database.run(intend, cause)
    if account.provider_id is not None:
        return account.provider_id
    provider_id = await rails[rail].open_account(user_id, account.key)
    failpoint("escrow.after_account_before_store")

    async def keep(tx: Transaction) -> None:
        await payout_accounts.bind(tx, account, provider_id)
        tx.audit("payout_account.open", user_id, provider_id=provider_id)

    await database.run(keep, cause)
    kept = await payout_accounts.find(database, user_id, rail)
    return (kept.provider_id if kept else None) or provider_id


async def refresh(database: Database, rails: Rails, provider_id: str, cause: Cause) -> bool:
    """Ask the provider whether the account can be paid; tell it when that becomes so."""
    known = await payout_accounts.by_provider_id(database, provider_id)
    if known is None:
        return False
    seen = await rails[known.rail].look_up_account(provider_id)

    async def note(tx: Transaction) -> None:
        if await payout_accounts.set_ready(tx, provider_id, seen.ready):
            tx.audit("payout_account.ready", known.user_id, ready=seen.ready)
            if seen.ready:
                await _tell_ready(tx, known)

    await database.run(note, cause)
    return seen.ready


async def _tell_ready(tx: Transaction, account: PayoutAccount) -> None:
    """The seller can be paid: they are told, and of each deal that only waited for this."""
    tx.stage(PayoutAccountReady(user_id=account.user_id))
    for escrow in await escrow_list.lock_before_delivery(tx, account.user_id):
        if escrow.rail is account.rail and Verb.DELIVER in escrow.may(By.SELLER):
            possible = DeliveryPossible(
                **escrow.facts, held=escrow.held, deliver_before=escrow.deadline
            )
            tx.stage(possible, sequence=escrow.version)


async def refresh_unready(database: Database, rails: Rails, user_id: str, cause: Cause) -> None:
    """Before a seller is refused for their account: the webhook that tells of it may be late."""
    for rail in rails:
        account = await payout_accounts.find(database, user_id, rail)
        if account is None or account.ready or account.provider_id is None:
            continue
        try:
            await refresh(database, rails, account.provider_id, cause)
        except RailError:
            continue  # What is known decides; the provider's webhook will come.
