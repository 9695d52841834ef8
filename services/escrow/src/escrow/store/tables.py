"""Escrow's tables, as its statements know them; migrations make them, a test compares the two."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chassis.storage.tables import MOMENT, common_tables
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

METADATA = MetaData()
common_tables(METADATA)

MINOR = Numeric(78, 0)  # an amount in minor units: wide enough for any currency that there is


class TransactionId(UserDefinedType[int]):
    """PostgreSQL's id of a transaction of its own: who wrote a row."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in PostgreSQL."""
        return "xid8"


def _amount(name: str) -> Column[Decimal]:
    return Column(name, MINOR, nullable=False, server_default=text("0"))


escrows = Table(
    "escrows",
    METADATA,
    Column("escrow_id", Text, primary_key=True),
    Column("contract_id", Text, nullable=False, unique=True),
    Column("deal_id", Text, nullable=False, unique=True),
    Column("listing_id", Text, nullable=False),
    Column("seller_id", Text, nullable=False),
    Column("buyer_id", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("terms_sha256", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deadline", MOMENT),
    Column(
        "frozen",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="The reasons, separated by spaces; empty: not frozen.",
    ),
    Column("frozen_since", MOMENT),
    Column("end_reason", Text, nullable=False, server_default=text("''")),
    *map(_amount, ("received", "held", "released", "refunded", "fees", "surplus", "debt", "loss")),
    Column("created_at", MOMENT, nullable=False),
)
Index("escrows_of_seller", escrows.c.seller_id, escrows.c.created_at, escrows.c.escrow_id)
Index("escrows_of_buyer", escrows.c.buyer_id, escrows.c.created_at, escrows.c.escrow_id)
Index("escrows_created", escrows.c.created_at, escrows.c.escrow_id)

tranches = Table(
    "tranches",
    METADATA,
    Column("escrow_id", Text, ForeignKey("escrows.escrow_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("amount", MINOR, nullable=False),
    Column("seller_fee", MINOR, nullable=False),
    Column("buyer_fee", MINOR, nullable=False),
    Column("outcome", Text),
    UniqueConstraint("escrow_id", "number", "outcome"),
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("escrow_id", Text, nullable=False),
    Column("tranche", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("delivered_at", MOMENT, nullable=False),
    Column("confirmed_at", MOMENT),
    Column("confirmed_by", Text, nullable=False, server_default=text("''")),
    Column("proof_id", Text),
    UniqueConstraint("escrow_id", "tranche"),
    ForeignKeyConstraint(["escrow_id", "tranche"], ["tranches.escrow_id", "tranches.number"]),
)

payments = Table(
    "payments",
    METADATA,
    Column("payment_id", Text, primary_key=True),
    Column("escrow_id", Text, ForeignKey("escrows.escrow_id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("asked", MINOR, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", Text, unique=True),
    Column("provider_id", Text, unique=True),
    Column("charge_id", Text, unique=True),
    Column("received", MINOR),
    Column("provider_fee", MINOR),
    Column("foreign_fee", Text, nullable=False, server_default=text("''")),
    Column("last_failure", Text, nullable=False, server_default=text("''")),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    UniqueConstraint("escrow_id", "attempt"),
)
Index(
    "payments_one_under_way",
    payments.c.escrow_id,
    unique=True,
    postgresql_where=payments.c.state.in_(["PREPARING", "OPEN"]),
)

payouts = Table(
    "payouts",
    METADATA,
    Column("payout_id", Text, primary_key=True),
    Column("escrow_id", Text, ForeignKey("escrows.escrow_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("tranche", Integer),
    Column(
        "outcome",
        Text,
        comment="The decision it carries out. A tranche has one,"
        " so that nothing is released and refunded.",
    ),
    Column("payment_id", Text, ForeignKey("payments.payment_id"), nullable=False),
    Column("charge_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", MINOR, nullable=False),
    Column("returned", MINOR, nullable=False, server_default=text("0")),
    Column("destination", Text),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("sent_at", MOMENT),
    Column("failures", Integer, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("provider_id", Text, unique=True),
    Column("last_error", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    UniqueConstraint(
        "escrow_id", "kind", "tranche", "payment_id", postgresql_nulls_not_distinct=True
    ),
    ForeignKeyConstraint(
        ["escrow_id", "tranche", "outcome"],
        ["tranches.escrow_id", "tranches.number", "tranches.outcome"],
    ),
)
Index("payouts_of_escrow", payouts.c.escrow_id)

payout_accounts = Table(
    "payout_accounts",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("rail", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("provider_id", Text, unique=True),
    Column("ready", Boolean, nullable=False, server_default=text("false")),
    Column("asked_at", MOMENT, nullable=False),
    Column("ready_at", MOMENT),
)

chargebacks = Table(
    "chargebacks",
    METADATA,
    Column("provider_id", Text, primary_key=True),
    Column("escrow_id", Text, ForeignKey("escrows.escrow_id"), nullable=False),
    Column("payment_id", Text, ForeignKey("payments.payment_id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("from_held", MINOR, nullable=False),
    Column("from_seller", MINOR, nullable=False),
    Column("fee", MINOR, nullable=False),
    Column("reason", Text, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    _amount("from_surplus"),
    _amount("from_platform"),
)
Index("chargebacks_of_escrow", chargebacks.c.escrow_id)

webhooks = Table(
    "webhooks",
    METADATA,
    Column("provider", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("applied_at", MOMENT),
    Column("outcome", Text, nullable=False, server_default=text("''")),
)

halts = Table(
    "halts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", MOMENT, nullable=False),
)

ledger_accounts = Table(
    "ledger_accounts",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("normal", Text, nullable=False),
    Column("floor", MINOR),
)

Index(
    "ledger_accounts_shared",
    ledger_accounts.c.account,
    postgresql_where=ledger_accounts.c.kind.not_in(["escrow", "payable:seller", "payable:buyer"]),
)

ledger_transactions = Table(
    "ledger_transactions",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    Column("escrow_id", Text, ForeignKey("escrows.escrow_id"), nullable=False),
    Column("moment", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("escrow_version", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column(
        "written_by",
        TransactionId,
        nullable=False,
        server_default=text("pg_current_xact_id()"),
    ),
    UniqueConstraint("moment", "reference"),
)
Index("ledger_transactions_of_escrow", ledger_transactions.c.escrow_id)

postings = Table(
    "postings",
    METADATA,
    Column(
        "transaction_id",
        Uuid,
        ForeignKey("ledger_transactions.transaction_id"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True),
    Column("account", Text, ForeignKey("ledger_accounts.account"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", MINOR, nullable=False, comment="Debits are positive, credits negative."),
)
Index("postings_of_account", postings.c.account)

ledger_balances = Table(
    "ledger_balances",
    METADATA,
    Column("account", Text, ForeignKey("ledger_accounts.account"), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column(
        "balance",
        MINOR,
        nullable=False,
        comment="The sum of the postings: debits are positive, credits negative."
        " Only their trigger writes it.",
    ),
)

ledger_checks = Table(
    "ledger_checks",
    METADATA,
    Column("state", Text, primary_key=True),
    *(Column(name, MOMENT, nullable=False) for name in ("began_at", "reached_at")),
    Column("ended_at", MOMENT),
    *(Column(name, BigInteger, nullable=False) for name in ("escrows", "checked")),
    Column("reached_id", Text, nullable=False),
    *(Column(name, JSONB, nullable=False) for name in ("faults", "balances")),
)
