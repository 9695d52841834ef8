"""Users, their consents and their linked accounts."""

from __future__ import annotations

from chassis.storage.database import Database, Row, Transaction
from contracts_schema.events.identity import PlatformRole, Tier

from identity.domain.people import Account, Consent, Provider, User

_COLUMNS = "user_id, discord_id, created_at, tier, role, suspended, locale, version"


async def add(tx: Transaction, user: User) -> bool:
    """Insert the user; False if this Discord account has one already."""
    return bool(
        await tx.run(
            f"INSERT INTO users ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            user.user_id,
            user.discord_id,
            user.created_at,
            user.tier,
            user.role,
            user.suspended,
            user.locale,
            user.version,
        )
    )


async def lock(tx: Transaction, user_id: str) -> User | None:
    """The user, whom nobody else changes until this transaction ends."""
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM users WHERE user_id = $1 FOR UPDATE",  # noqa: S608
        user_id,
    )
    return _user(row) if row else None


async def save(tx: Transaction, user: User) -> None:
    """Write a locked user's new tier, role, suspension and version."""
    moved = await tx.run(
        "UPDATE users SET tier = $2, role = $3, suspended = $4, version = $5"
        " WHERE user_id = $1 AND version = $5 - 1",
        user.user_id,
        user.tier,
        user.role,
        user.suspended,
        user.version,
    )
    if moved != 1:
        raise RuntimeError(f"{user.user_id} was saved without its lock")


async def find(database: Database | Transaction, user_id: str) -> User | None:
    """The user of this id."""
    row = await database.row(
        f"SELECT {_COLUMNS} FROM users WHERE user_id = $1",  # noqa: S608
        user_id,
    )
    return _user(row) if row else None


async def by_discord_id(database: Database | Transaction, discord_id: str) -> User | None:
    """The user of this Discord account."""
    row = await database.row(
        f"SELECT {_COLUMNS} FROM users WHERE discord_id = $1",  # noqa: S608
        discord_id,
    )
    return _user(row) if row else None


async def add_consent(tx: Transaction, user_id: str, terms_version: str, door: str) -> None:
    """Record that the person agreed to these terms; the first time counts."""
    await tx.run(
        "INSERT INTO consents (user_id, terms_version, given_at, door) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        user_id,
        terms_version,
        tx.now(),
        door,
    )


async def consents(database: Database, user_id: str) -> list[Consent]:
    """The terms this person agreed to, the oldest first."""
    rows = await database.rows(
        "SELECT terms_version, given_at FROM consents WHERE user_id = $1 ORDER BY given_at",
        user_id,
    )
    return [Consent(row["terms_version"], row["given_at"]) for row in rows]


async def link(tx: Transaction, user_id: str, provider: Provider, provider_user_id: str) -> bool:
    """Give the account to the user; False if it, or this user's place for one, is taken."""
    return bool(
        await tx.run(
            "INSERT INTO linked_accounts (provider, provider_user_id, user_id, linked_at)"
            " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            provider,
            provider_user_id,
            user_id,
            tx.now(),
        )
    )


async def owner(tx: Transaction, provider: Provider, provider_user_id: str) -> str | None:
    """Whose account this is."""
    found: str | None = await tx.value(
        "SELECT user_id FROM linked_accounts WHERE provider = $1 AND provider_user_id = $2",
        provider,
        provider_user_id,
    )
    return found


async def has_account(tx: Transaction, user_id: str, provider: Provider) -> bool:
    """Whether the user has an account of this provider."""
    found = await tx.value(
        "SELECT true FROM linked_accounts WHERE user_id = $1 AND provider = $2", user_id, provider
    )
    return found is True


async def accounts(database: Database, user_id: str) -> list[Account]:
    """All accounts of the user, the oldest first."""
    rows = await database.rows(
        "SELECT provider, provider_user_id, linked_at FROM linked_accounts WHERE user_id = $1"
        " ORDER BY linked_at, provider",
        user_id,
    )
    return [
        Account(Provider(row["provider"]), row["provider_user_id"], row["linked_at"])
        for row in rows
    ]


def _user(row: Row) -> User:
    return User(
        row["user_id"],
        row["discord_id"],
        row["created_at"],
        Tier(row["tier"]),
        PlatformRole(row["role"]),
        row["suspended"],
        row["locale"],
        row["version"],
    )
