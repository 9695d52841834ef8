"""Signing links; of their secrets only the hashes."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.domain.signing_link import SigningLink
from contracts.store.tables import signing_links

_COLUMNS = [
    signing_links.c[name] for name in ("link_id", "contract_id", "user_id", "expires_at", "used_at")
]
_new = insert(signing_links).values(parameters(signing_links, "used_at"))
_PUT = statement(
    _new.on_conflict_do_update(
        index_elements=["contract_id", "user_id"],
        index_where=signing_links.c.used_at.is_(None),
        set_={
            name: _new.excluded[name]
            for name in ("link_id", "token_sha256", "created_at", "expires_at")
        },
    )
)
_FIND = statement(
    select(*_COLUMNS).where(signing_links.c.token_sha256 == bindparam("token_sha256"))
)
_SPEND = statement(
    update(signing_links)
    .values(used_at=bindparam("now"))
    .where(signing_links.c.link_id == bindparam("link_id"), signing_links.c.used_at.is_(None))
)


async def put(tx: Transaction, link: SigningLink, token_sha256: str | None) -> None:
    """Give this person this link for this contract; an earlier open one is replaced."""
    await tx.run(_PUT, **_PUT.values_of(link, token_sha256=token_sha256, created_at=tx.now()))


async def find(reader: Transaction | Database, token_sha256: str) -> SigningLink | None:
    """The link that this secret opens."""
    row = await reader.row(_FIND, token_sha256=token_sha256)
    return SigningLink(**row) if row else None


async def spend(tx: Transaction, link_id: str) -> bool:
    """Use the link up; False if it was used before."""
    return bool(await tx.run(_SPEND, link_id=link_id, now=tx.now()))
