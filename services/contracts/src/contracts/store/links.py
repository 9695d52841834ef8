"""Signing links; of their secrets only the hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.storage.database import Transaction

from contracts.store.contracts import Reader


@dataclass(frozen=True, slots=True)
class Link:
    """A person's way to sign on the web."""

    link_id: str
    contract_id: str
    user_id: str
    expires_at: datetime
    used_at: datetime | None


async def put_link(tx: Transaction, link: Link, token_sha256: str | None) -> None:
    """Give this person this link for this contract; an earlier open one is replaced."""
    await tx.run(
        "INSERT INTO signing_links (link_id, contract_id, user_id, token_sha256, created_at,"
        " expires_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (contract_id, user_id) WHERE used_at IS NULL DO UPDATE SET"
        " link_id = excluded.link_id, token_sha256 = excluded.token_sha256,"
        " created_at = excluded.created_at, expires_at = excluded.expires_at",
        *(link.link_id, link.contract_id, link.user_id, token_sha256, tx.now(), link.expires_at),
    )


async def link(reader: Reader, token_sha256: str) -> Link | None:
    """The link that this secret opens."""
    row = await reader.row(
        "SELECT link_id, contract_id, user_id, expires_at, used_at FROM signing_links"
        " WHERE token_sha256 = $1",
        token_sha256,
    )
    return Link(**dict(row)) if row else None


async def spend_link(tx: Transaction, link_id: str) -> bool:
    """Use the link up; False if it was used before."""
    return bool(
        await tx.run(
            "UPDATE signing_links SET used_at = $2 WHERE link_id = $1 AND used_at IS NULL",
            link_id,
            tx.now(),
        )
    )
