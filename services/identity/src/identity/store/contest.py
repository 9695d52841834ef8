"""Contested accounts: each has one contest at a time."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, insert, select, true

from identity.domain.account import Provider
from identity.domain.contest import Contest
from identity.store.tables import link_contests

_C = link_contests.c
_SELECT = select(*(_C[each.name] for each in fields(Contest)))
_THIS = _C.contest_id == bindparam("contest_id")
_ADD = statement(insert(link_contests).values(parameters(link_contests)))
_FIND = statement(_SELECT.where(_THIS))
_LOCK = statement(
    _SELECT.where(
        _C.provider == bindparam("provider"),
        _C.provider_user_id == bindparam("provider_user_id"),
    ).with_for_update()
)
_AGAINST = statement(
    select(true())
    .select_from(link_contests)
    .where(_C.holder_id == bindparam("user_id"), _C.provider == bindparam("provider"))
)
_REMOVE = statement(delete(link_contests).where(_THIS))


async def add(tx: Transaction, contest: Contest) -> None:
    """Remember the contest."""
    await tx.run(_ADD, **_ADD.values_of(contest))


async def find(tx: Transaction, contest_id: str) -> Contest | None:
    """The contest of this id."""
    return _one(await tx.row(_FIND, contest_id=contest_id))


async def lock(tx: Transaction, provider: Provider, provider_user_id: str) -> Contest | None:
    """The account's contest, which nobody else ends until this transaction does."""
    account = {"provider": provider, "provider_user_id": provider_user_id}
    return _one(await tx.row(_LOCK, **account))


async def is_against(tx: Transaction, user_id: str, provider: Provider) -> bool:
    """Whether somebody else has proven this user's account."""
    return await tx.value(_AGAINST, user_id=user_id, provider=provider) is True


async def remove(tx: Transaction, contest_id: str) -> None:
    """The contest is over."""
    await tx.run(_REMOVE, contest_id=contest_id)


def _one(row: Any) -> Contest | None:
    return Contest(**{**row, "provider": Provider(row["provider"])}) if row else None
