"""Linked accounts: each belongs to one user, and a user has one of each provider."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import Text, and_, bindparam, delete, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert

from identity.domain.account import Account, NamedAccount, Provider
from identity.store.tables import account_names, linked_accounts

_PROVIDER = linked_accounts.c.provider == bindparam("provider")
_USER = linked_accounts.c.user_id == bindparam("user_id")
_ADD = statement(
    insert(linked_accounts).values(parameters(linked_accounts)).on_conflict_do_nothing()
)
_OWNER = statement(
    select(linked_accounts.c.user_id).where(
        _PROVIDER, linked_accounts.c.provider_user_id == bindparam("provider_user_id")
    )
)
_HAS = statement(select(true()).select_from(linked_accounts).where(_USER, _PROVIDER))
_FIND = statement(select(linked_accounts.c.provider_user_id).where(_USER, _PROVIDER))
_REMOVE = statement(delete(linked_accounts).where(_USER, _PROVIDER))
_OF_USER = statement(
    select(
        linked_accounts.c.provider, linked_accounts.c.provider_user_id, linked_accounts.c.linked_at
    )
    .where(_USER)
    .order_by(linked_accounts.c.linked_at, linked_accounts.c.provider)
)

_new_name = insert(account_names).values(parameters(account_names))
_KEEP_NAME = statement(
    _new_name.on_conflict_do_update(
        index_elements=["provider", "provider_user_id"],
        set_={"name": _new_name.excluded.name, "told_at": _new_name.excluded.told_at},
    )
)
_FORGET_NAME = statement(
    delete(account_names).where(
        account_names.c.provider == bindparam("provider"),
        account_names.c.provider_user_id == bindparam("provider_user_id"),
    )
)
_NAMED = statement(
    select(
        linked_accounts.c.user_id,
        linked_accounts.c.provider,
        linked_accounts.c.provider_user_id,
        func.coalesce(account_names.c.name, "").label("name"),
    )
    .outerjoin_from(
        linked_accounts,
        account_names,
        and_(
            account_names.c.provider == linked_accounts.c.provider,
            account_names.c.provider_user_id == linked_accounts.c.provider_user_id,
        ),
    )
    .where(linked_accounts.c.user_id == func.any(bindparam("user_ids", type_=ARRAY(Text))))
    .order_by(linked_accounts.c.provider)
)


async def add(tx: Transaction, user_id: str, provider: Provider, provider_user_id: str) -> bool:
    """Give the account to the user; False if it, or this user's place for one, is taken."""
    account = {"provider": provider, "provider_user_id": provider_user_id, "user_id": user_id}
    return bool(await tx.run(_ADD, **account, linked_at=tx.now()))


async def owner(tx: Transaction, provider: Provider, provider_user_id: str) -> str | None:
    """Whose account this is."""
    account = {"provider": provider, "provider_user_id": provider_user_id}
    found: str | None = await tx.value(_OWNER, **account)
    return found


async def find(tx: Transaction, user_id: str, provider: Provider) -> str | None:
    """The user's account at this provider."""
    found: str | None = await tx.value(_FIND, user_id=user_id, provider=provider)
    return found


async def remove(tx: Transaction, user_id: str, provider: Provider) -> None:
    """The user has no account of this provider any more."""
    await tx.run(_REMOVE, user_id=user_id, provider=provider)


async def has(tx: Transaction, user_id: str, provider: Provider) -> bool:
    """Whether the user has an account of this provider."""
    return await tx.value(_HAS, user_id=user_id, provider=provider) is True


async def of_user(database: Database, user_id: str) -> list[Account]:
    """All accounts of the user, the oldest first."""
    rows = await database.rows(_OF_USER, user_id=user_id)
    return [Account(**{**row, "provider": Provider(row["provider"])}) for row in rows]


async def keep_name(tx: Transaction, provider: Provider, provider_user_id: str, name: str) -> None:
    """What the provider calls this account, as of the login that has just proven it."""
    account = {"provider": provider, "provider_user_id": provider_user_id}
    await tx.run(_KEEP_NAME, **account, name=name, told_at=tx.now())


async def forget_name(tx: Transaction, provider: Provider, provider_user_id: str) -> None:
    """The person gave the account up: what it is called is no business of ours any more."""
    await tx.run(_FORGET_NAME, provider=provider, provider_user_id=provider_user_id)


async def named(database: Database, user_ids: list[str]) -> list[NamedAccount]:
    """The accounts of these people, by provider, each with the name its last login told."""
    rows = await database.rows(_NAMED, user_ids=user_ids)
    return [NamedAccount(**{**row, "provider": Provider(row["provider"])}) for row in rows]
