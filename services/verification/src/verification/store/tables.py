"""The tables of verification, as its migrations make them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

METADATA = MetaData()
common_tables(METADATA)


def _kind() -> Column[str]:
    return Column("kind", Text, nullable=False, server_default=text("'GAME_OWNERSHIP'"))


accounts = Table(
    "accounts",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("account_id", Text),
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
)

snapshots = Table(
    "snapshots",
    METADATA,
    Column("snapshot_id", Text, primary_key=True),
    Column("asset_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("thumbnail_url", Text, nullable=False),
    Column("taken_at", MOMENT, nullable=False),
    _kind(),
)
Index(
    "snapshots_of_asset",
    snapshots.c.kind,
    snapshots.c.asset_id,
    snapshots.c.taken_at.desc(),
    snapshots.c.snapshot_id,
)

verifications = Table(
    "verifications",
    METADATA,
    Column("verification_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ownership", Text),
    Column("reason_code", Text, nullable=False, server_default=text("''")),
    Column("snapshot_id", Text, ForeignKey("snapshots.snapshot_id")),
    Column("listing_id", Text),
    Column("deal_id", Text),
    Column("created_at", MOMENT, nullable=False),
    Column("checked_at", MOMENT),
    Column("expires_at", MOMENT),
    Column("unseen", Integer, nullable=False, server_default=text("0")),
    Column("unseen_since", MOMENT),
    _kind(),
    CheckConstraint("(status = 'VERIFIED') = (ownership IS NOT NULL)"),
)
Index(
    "verifications_cache",
    verifications.c.user_id,
    verifications.c.kind,
    verifications.c.asset_id,
    verifications.c.checked_at.desc(),
    postgresql_where=text("status = 'VERIFIED'"),
)

watches = Table(
    "watches",
    METADATA,
    Column("escrow_id", Text, primary_key=True),
    Column("deal_id", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("looks_lost", Integer, nullable=False, server_default=text("0")),
    Column("until", MOMENT),
    Column("unseen", Integer, nullable=False, server_default=text("0")),
    Column("unseen_since", MOMENT),
    _kind(),
)

proofs = Table(
    "proofs",
    METADATA,
    Column("proof_id", Text, primary_key=True),
    Column("escrow_id", Text, nullable=False, unique=True),
    Column("deal_id", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("proven_at", MOMENT, nullable=False),
    _kind(),
)
