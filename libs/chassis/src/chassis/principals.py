"""Who may act: each service's own small copy of identity's users, fed by its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from contracts_schema.events.identity import (
    AccountLinked,
    AccountUnlinked,
    PlatformRole,
    RoleChanged,
    Tier,
    TierChanged,
    UserRegistered,
    UserReinstated,
    UserSuspended,
)
from contracts_schema.message import DiscordActor
from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.problems import Problem
from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import principals as table

IdentityEvent = (
    UserRegistered
    | AccountLinked
    | AccountUnlinked
    | TierChanged
    | RoleChanged
    | UserSuspended
    | UserReinstated
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified person. An empty user_id: Discord knows them, we do not."""

    user_id: str
    tier: Tier = Tier.TIER_0
    role: PlatformRole = PlatformRole.USER
    suspended: bool = False
    discord_id: str = ""
    guild_id: str | None = None
    channel_id: str | None = None
    locale: str = "en"
    interface: str = "rest"
    session_id: str = ""
    scopes: frozenset[str] = frozenset()
    withheld: PlatformRole | None = None
    """The role that the credential leaves out."""

    def without_administration(self) -> Principal:
        """The same person, who is no administrator here: their credential is not for that.

        So what the role opens stays shut everywhere: routes, and rows that others do not see.
        """
        if self.role is not PlatformRole.ADMIN:
            return self
        return replace(self, role=PlatformRole.USER, withheld=self.role)

    def require(self, tier: Tier = Tier.TIER_0, role: PlatformRole | None = None) -> None:
        """Refuse the unknown, the suspended, the under-tiered and the wrong role."""
        if not self.user_id:
            raise Problem(403, "not_registered")
        if self.suspended:
            raise Problem(403, "suspended")
        if self.tier < tier:
            raise Problem(403, "tier_too_low", needed=tier, tier=self.tier)
        if role is not None and self.role not in (role, PlatformRole.ADMIN):
            if self.withheld is not None:
                raise Problem(403, "scope_missing", scope="admin")
            raise Problem(403, "role_missing", role=role)


_COLUMNS = [table.c[name] for name in ("user_id", "discord_id", "tier", "role", "suspended")]
_BY_DISCORD_ID = statement(select(*_COLUMNS).where(table.c.discord_id == bindparam("discord_id")))
_BY_USER_ID = statement(select(*_COLUMNS).where(table.c.user_id == bindparam("user_id")))
_ADD = statement(insert(table).values(parameters([table.c.user_id])).on_conflict_do_nothing())
_REGISTER = statement(
    update(table)
    .values(discord_id=bindparam("discord_id"))
    .where(table.c.user_id == bindparam("user_id"))
)
_SET = {
    name: statement(
        update(table)
        .values(
            {
                table.c[name]: bindparam("value", type_=table.c[name].type),
                table.c[f"{name}_sequence"]: bindparam("sequence", type_=BigInteger),
            }
        )
        .where(table.c.user_id == bindparam("user_id"))
        .where(table.c[f"{name}_sequence"] <= bindparam("sequence", type_=BigInteger))
    )
    for name in ("tier", "role", "suspended")
}
"""Each field by itself: what is older than the value that stands changes nothing."""


async def by_discord_id(database: Database, actor: DiscordActor) -> Principal:
    """The user behind this Discord account, or one with an empty user_id."""
    row = await database.row(_BY_DISCORD_ID, discord_id=actor.discord_user_id)
    known: dict[str, Any] = _fields(row) if row else {"user_id": ""}
    return Principal(
        **known | {"discord_id": actor.discord_user_id},
        guild_id=actor.guild_id,
        channel_id=actor.channel_id,
        locale=actor.locale,
        interface="discord",
    )


async def by_user_id(reader: Database | Transaction, user_id: str) -> Principal | None:
    """The user as this service knows them, or None if no event told of them yet."""
    row = await reader.row(_BY_USER_ID, user_id=user_id)
    return Principal(**_fields(row)) if row else None


def _fields(row: Any) -> dict[str, Any]:
    return {
        "user_id": row["user_id"],
        "discord_id": row["discord_id"] or "",
        "tier": Tier(row["tier"]),
        "role": PlatformRole(row["role"]),
        "suspended": row["suspended"],
    }


async def project(transaction: Transaction, event: IdentityEvent, *, sequence: int) -> None:
    """Take over what identity told, unless something newer was told of the same before.

    ``sequence`` is the version of the person as of the event.
    """
    user_id = event.user_id
    await transaction.run(_ADD, user_id=user_id)
    match event:
        case UserRegistered():
            await transaction.run(_REGISTER, user_id=user_id, discord_id=event.discord_id)
        case TierChanged():
            await transaction.run(
                _SET["tier"], user_id=user_id, value=event.tier, sequence=sequence
            )
        case RoleChanged():
            await transaction.run(
                _SET["role"], user_id=user_id, value=event.role, sequence=sequence
            )
        case UserSuspended() | UserReinstated():
            value = isinstance(event, UserSuspended)
            await transaction.run(
                _SET["suspended"], user_id=user_id, value=value, sequence=sequence
            )
        case _:
            pass
