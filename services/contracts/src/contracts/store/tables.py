"""The tables of contracts, as its statements know them; the migrations make them."""

from __future__ import annotations

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
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

templates = Table(
    "templates",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("created_by", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
)
Index(
    "templates_one_active",
    templates.c.active,
    unique=True,
    postgresql_where=templates.c.active,
)

drafts = Table(
    "drafts",
    METADATA,
    Column("contract_id", Text, primary_key=True),
    Column("terms", Text, nullable=False),
    Column("template_version", Integer, ForeignKey(templates.c.version), nullable=False),
    Column("drafted_at", MOMENT, nullable=False),
    Column("accounts", Text),
)

contracts = Table(
    "contracts",
    METADATA,
    Column("contract_id", Text, primary_key=True),
    Column("deal_id", Text, nullable=False, unique=True),
    Column("listing_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("terms_sha256", Text, nullable=False),
    Column("pdf_sha256", Text, unique=True),
    Column("template_version", Integer, ForeignKey(templates.c.version), nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("sign_before", MOMENT, nullable=False),
    Column("executed_at", MOMENT),
    Column("void_reason", Text, nullable=False, server_default=text("''")),
    Column("accounts", Text),
)
Index(
    "contracts_of_seller",
    contracts.c.seller_id,
    contracts.c.created_at,
    contracts.c.contract_id,
)
Index(
    "contracts_of_buyer",
    contracts.c.buyer_id,
    contracts.c.created_at,
    contracts.c.contract_id,
)

signatures = Table(
    "signatures",
    METADATA,
    Column("contract_id", Text, ForeignKey(contracts.c.contract_id), primary_key=True),
    Column("side", Text, primary_key=True),
    Column("signer_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("terms_sha256", Text, nullable=False),
    Column("signed_at", MOMENT, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("ip", Text, nullable=False, server_default=text("''")),
    Column("user_agent", Text, nullable=False, server_default=text("''")),
)

executed_copies = Table(
    "executed_copies",
    METADATA,
    Column("contract_id", Text, ForeignKey(contracts.c.contract_id), primary_key=True),
    Column("pdf_sha256", Text, nullable=False, unique=True),
    Column("made_at", MOMENT, nullable=False),
)

execution_jobs = Table(
    "execution_jobs",
    METADATA,
    Column("contract_id", Text, ForeignKey(contracts.c.contract_id), primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False, server_default=text("''")),
)

signing_links = Table(
    "signing_links",
    METADATA,
    Column("link_id", Text, primary_key=True),
    Column("contract_id", Text, ForeignKey(contracts.c.contract_id), nullable=False),
    Column("user_id", Text, nullable=False),
    Column(
        "token_sha256",
        Text,
        unique=True,
        comment="Of the secret in the newest URL handed out; none until a URL is asked for.",
    ),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("used_at", MOMENT),
)
Index(
    "signing_links_one_open",
    signing_links.c.contract_id,
    signing_links.c.user_id,
    unique=True,
    postgresql_where=signing_links.c.used_at.is_(None),
)

kept_heads = Table(
    "kept_heads",
    METADATA,
    Column("service", Text, primary_key=True),
    Column("at", MOMENT, primary_key=True),
    Column("entries", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("follows_at", MOMENT),
    Column("follows_entries", BigInteger),
    Column("follows_hash", Text),
    Column("received_at", MOMENT, nullable=False),
    Column("kept_at", MOMENT),
    Column("fault", Text, nullable=False, server_default=text("''")),
)
Index("kept_heads_at", kept_heads.c.at)
