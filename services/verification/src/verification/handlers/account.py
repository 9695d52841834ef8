"""Whose account is whose where goods are owned, as identity tells."""

from __future__ import annotations

from chassis import principals
from chassis.messaging.consumers import Poison
from chassis.principals import IdentityEvent
from chassis.storage.database import Transaction
from contracts_schema.events.identity import AccountLinked, AccountUnlinked

from verification import store
from verification.ports import Providers


async def project(
    tx: Transaction, event: IdentityEvent, *, sequence: int, providers: Providers
) -> None:
    """Take over what identity told: who may act, and accounts at the providers of goods."""
    await principals.project(tx, event, sequence=sequence)
    if not isinstance(event, AccountLinked | AccountUnlinked):
        return
    known = next((it for it in providers.values() if it.provider == event.provider), None)
    if known is None:
        return
    if isinstance(event, AccountUnlinked):
        await store.account.set_account(tx, event.user_id, event.provider, None, sequence)
        return
    try:
        account_id = known.account_id(event.provider_user_id)
    except ValueError as error:
        raise Poison(str(error)) from None
    await store.account.set_account(tx, event.user_id, event.provider, account_id, sequence)
