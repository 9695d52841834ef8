"""Users and their consents."""

from __future__ import annotations

from typing import Any

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from contracts_schema.events.identity import PlatformRole, Tier
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from identity.domain.terms import Terms
from identity.domain.user import Consent, User
from identity.store.tables import consents, users

Reader = Database | Transaction

_THIS = users.c.user_id == bindparam("user_id")
_IMMUTABLE = ("user_id", "discord_id", "locale", "created_at")
_ADD = statement(insert(users).values(parameters(users)).on_conflict_do_nothing())
_FIND = statement(select(users).where(_THIS))
_LOCK = statement(select(users).where(_THIS).with_for_update())
_FIND_BY_DISCORD_ID = statement(select(users).where(users.c.discord_id == bindparam("discord_id")))
_SAVE = statement(
    update(users)
    .values(parameters(users, *_IMMUTABLE))
    .where(_THIS, users.c.version == bindparam("seen_version"))
)
_ADD_CONSENT = statement(insert(consents).values(parameters(consents)).on_conflict_do_nothing())
_CONSENTS = statement(
    select(consents.c.terms_version, consents.c.terms_sha256, consents.c.given_at)
    .where(consents.c.user_id == bindparam("user_id"))
    .order_by(consents.c.given_at)
)


async def add(tx: Transaction, user: User) -> bool:
    """Insert the user; False if this Discord account has one already."""
    return bool(await tx.run(_ADD, **_ADD.values_of(user)))


async def lock(tx: Transaction, user_id: str) -> User | None:
    """The user, whom nobody else changes until this transaction ends."""
    return _one(await tx.row(_LOCK, user_id=user_id))


async def save(tx: Transaction, user: User) -> None:
    """Write a locked user's new tier, role, suspension and version, which is the next one."""
    values = _SAVE.values_of(user, seen_version=user.version - 1)
    if await tx.run(_SAVE, **values) != 1:
        raise RuntimeError(f"{user.user_id} was saved without its lock")


async def find(reader: Reader, user_id: str) -> User | None:
    """The user of this id."""
    return _one(await reader.row(_FIND, user_id=user_id))


async def find_by_discord_id(reader: Reader, discord_id: str) -> User | None:
    """The user of this Discord account."""
    return _one(await reader.row(_FIND_BY_DISCORD_ID, discord_id=discord_id))


async def add_consent(tx: Transaction, user_id: str, terms: Terms, interface: str) -> bool:
    """Record that the person agreed to these terms; False if they had before."""
    consent = {"terms_version": terms.version, "terms_sha256": terms.sha256, "interface": interface}
    return bool(await tx.run(_ADD_CONSENT, user_id=user_id, **consent, given_at=tx.now()))


async def consents_of(database: Database, user_id: str) -> list[Consent]:
    """The terms this person agreed to, the oldest first."""
    return [Consent(**row) for row in await database.rows(_CONSENTS, user_id=user_id)]


def _one(row: Any) -> User | None:
    if row is None:
        return None
    return User(**{**row, "tier": Tier(row["tier"]), "role": PlatformRole(row["role"])})
