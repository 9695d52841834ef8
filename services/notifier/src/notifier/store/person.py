"""People: whom to tell, where, in which language, and whether they want direct messages."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.storage.database import Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import Text, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert

from notifier.domain.person import Person
from notifier.store.tables import people, preferences

_NEW = insert(people).values(parameters(people))
_ADD = statement(
    _NEW.on_conflict_do_update(
        index_elements=[people.c.user_id], set_={"locale": _NEW.excluded.locale}
    )
)
_PERSON = select(
    people, func.coalesce(preferences.c.direct_messages, true()).label("direct_messages")
).outerjoin_from(people, preferences, people.c.user_id == preferences.c.user_id)
_FIND = statement(
    _PERSON.where(people.c.user_id == func.any(bindparam("user_ids", type_=ARRAY(Text))))
)
_FIND_AT_DISCORD = statement(_PERSON.where(people.c.discord_id == bindparam("discord_id")))


async def add(tx: Transaction, user_id: str, discord_id: str, locale: str) -> None:
    """Remember how to reach a user."""
    await tx.run(_ADD, user_id=user_id, discord_id=discord_id, locale=locale)


async def find(tx: Transaction, user_ids: Iterable[str]) -> dict[str, Person]:
    """Those of these users who are known, by user id."""
    rows = await tx.rows(_FIND, user_ids=list(user_ids))
    return {row["user_id"]: Person(**row) for row in rows}


async def find_at_discord(tx: Transaction, discord_id: str) -> Person | None:
    """The person behind a Discord account."""
    row = await tx.row(_FIND_AT_DISCORD, discord_id=discord_id)
    return Person(**row) if row else None
