"""Links and OAuth states: hashes of what was handed out, used at most once."""

from __future__ import annotations

from datetime import datetime

from chassis.storage.database import Row, Transaction

from identity.domain.links import Link, Purpose, State
from identity.domain.people import Provider

_COLUMNS = "link_id, user_id, provider, created_at, expires_at, opened_at, completed_at"


async def add(tx: Transaction, link: Link) -> None:
    """Insert the link; the same id again changes nothing."""
    await tx.run(
        "INSERT INTO links (link_id, user_id, provider, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        link.link_id,
        link.user_id,
        link.provider,
        link.created_at,
        link.expires_at,
    )


async def count_since(tx: Transaction, user_id: str, since: datetime) -> int:
    """How many links the user asked for since then."""
    found: int = await tx.value(
        "SELECT count(*) FROM links WHERE user_id = $1 AND created_at > $2", user_id, since
    )
    return found


async def lock(tx: Transaction, link_id: str) -> Link | None:
    """The link, which nobody else changes until this transaction ends."""
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM links WHERE link_id = $1 FOR UPDATE",  # noqa: S608
        link_id,
    )
    return _link(row) if row else None


async def lock_by_token(tx: Transaction, token_hash: str) -> Link | None:
    """The link that this token opens, whether or not it still may."""
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM links WHERE token_hash = $1 FOR UPDATE",  # noqa: S608
        token_hash,
    )
    return _link(row) if row else None


async def set_token(tx: Transaction, link_id: str, token_hash: str) -> None:
    """Let this token, and none before it, open the link."""
    await tx.run(
        "UPDATE links SET token_hash = $2, opened_at = NULL WHERE link_id = $1",
        link_id,
        token_hash,
    )


async def mark_opened(tx: Transaction, link_id: str) -> None:
    """The current token was used."""
    await tx.run("UPDATE links SET opened_at = $2 WHERE link_id = $1", link_id, tx.now())


async def mark_completed(tx: Transaction, link_id: str) -> None:
    """The link did its work."""
    await tx.run("UPDATE links SET completed_at = $2 WHERE link_id = $1", link_id, tx.now())


async def add_state(tx: Transaction, state_hash: str, browser_hash: str, state: State) -> None:
    """Remember an OAuth round trip."""
    await tx.run(
        "INSERT INTO oauth_states (state_hash, browser_hash, purpose, provider, verifier, user_id,"
        " link_id, terms_version, redirect_to, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        state_hash,
        browser_hash,
        state.purpose,
        state.provider,
        state.verifier,
        state.user_id,
        state.link_id,
        state.terms_version,
        state.redirect_to,
        state.expires_at,
    )


async def take_state(
    tx: Transaction, state_hash: str, browser_hash: str, provider: Provider
) -> State | None:
    """The round trip that this browser began at this provider; it is gone afterwards."""
    row = await tx.row(
        "DELETE FROM oauth_states WHERE state_hash = $1 AND browser_hash = $2 AND provider = $3"
        " RETURNING purpose, provider, verifier, expires_at, user_id, link_id, terms_version,"
        " redirect_to",
        state_hash,
        browser_hash,
        provider,
    )
    if row is None or row["expires_at"] <= tx.now():
        return None
    return State(
        Purpose(row["purpose"]),
        Provider(row["provider"]),
        row["verifier"],
        row["expires_at"],
        row["user_id"],
        row["link_id"],
        row["terms_version"],
        row["redirect_to"],
    )


async def clean_up(tx: Transaction, before: datetime) -> int:
    """Forget states that ended, and links that ended before this moment; how many."""
    states = await tx.run("DELETE FROM oauth_states WHERE expires_at <= $1", tx.now())
    return states + await tx.run("DELETE FROM links WHERE expires_at <= $1", before)


def _link(row: Row) -> Link:
    return Link(
        row["link_id"],
        row["user_id"],
        Provider(row["provider"]),
        row["created_at"],
        row["expires_at"],
        row["opened_at"],
        row["completed_at"],
    )
