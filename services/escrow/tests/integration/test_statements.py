"""The tables are those that the migrations make, and PostgreSQL can run every statement."""

from __future__ import annotations

from chassis_statements import differences, refused_statements, statements_of
from escrow.store.tables import METADATA, TransactionId
from sqlalchemy.dialects.postgresql.base import ischema_names


def test_the_tables_are_the_migrated_ones(database_url, monkeypatch):
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)

    assert differences(database_url, METADATA) == []


async def test_every_statement_can_be_prepared(database_url):
    assert len(statements_of("escrow")) > 40
    assert await refused_statements(database_url, "escrow") == []
