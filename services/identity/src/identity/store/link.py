"""Links; of their tokens only the hashes."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from identity.domain.account import Provider
from identity.domain.link import Link
from identity.store.tables import links

_SELECT = select(*(links.c[each.name] for each in fields(Link)))
_THIS = links.c.link_id == bindparam("link_id")
_LATER = ("token_hash", "opened_at", "completed_at")
_ADD = statement(insert(links).values(parameters(links, *_LATER)).on_conflict_do_nothing())
_COUNT_SINCE = statement(
    select(func.count())
    .select_from(links)
    .where(links.c.user_id == bindparam("user_id"), links.c.created_at > bindparam("since"))
)
_LOCK = statement(_SELECT.where(_THIS).with_for_update())
_LOCK_BY_TOKEN = statement(
    _SELECT.where(links.c.token_hash == bindparam("token_hash")).with_for_update()
)
_SET_TOKEN = statement(
    update(links).values(token_hash=bindparam("token_hash"), opened_at=None).where(_THIS)
)
_MARK_OPENED = statement(update(links).values(opened_at=bindparam("now")).where(_THIS))
_MARK_COMPLETED = statement(update(links).values(completed_at=bindparam("now")).where(_THIS))
_FORGET = statement(delete(links).where(links.c.expires_at <= bindparam("before")))


async def add(tx: Transaction, link: Link) -> None:
    """Insert the link; the same id again changes nothing."""
    await tx.run(_ADD, **_ADD.values_of(link))


async def count_since(tx: Transaction, user_id: str, since: datetime) -> int:
    """How many links the user asked for since then."""
    found: int = await tx.value(_COUNT_SINCE, user_id=user_id, since=since)
    return found


async def lock(tx: Transaction, link_id: str) -> Link | None:
    """The link, which nobody else changes until this transaction ends."""
    return _one(await tx.row(_LOCK, link_id=link_id))


async def lock_by_token(tx: Transaction, token_hash: str) -> Link | None:
    """The link that this token opens, whether or not it still may."""
    return _one(await tx.row(_LOCK_BY_TOKEN, token_hash=token_hash))


async def set_token(tx: Transaction, link_id: str, token_hash: str) -> None:
    """Let this token, and none before it, open the link."""
    await tx.run(_SET_TOKEN, link_id=link_id, token_hash=token_hash)


async def mark_opened(tx: Transaction, link_id: str) -> None:
    """The current token was used."""
    await tx.run(_MARK_OPENED, link_id=link_id, now=tx.now())


async def mark_completed(tx: Transaction, link_id: str) -> None:
    """The link did its work."""
    await tx.run(_MARK_COMPLETED, link_id=link_id, now=tx.now())


async def forget(tx: Transaction, before: datetime) -> int:
    """Forget links that ended before this moment; how many."""
    return await tx.run(_FORGET, before=before)


def _one(row: Any) -> Link | None:
    return Link(**{**row, "provider": Provider(row["provider"])}) if row else None
