"""The store's promises: its tables are the migrated ones, and each of its statements can run."""

import asyncpg
from chassis_statements import differences, refused_statements, statements_of
from identity.store.tables import METADATA


def test_the_tables_are_the_migrated_ones(database_url):
    assert differences(database_url, METADATA) == []


async def test_every_statement_can_be_prepared(database_url):
    assert len(statements_of("identity")) >= 36
    assert await refused_statements(database_url, "identity") == []


async def test_sessions_that_are_over_are_found_by_index(database_url):
    """However many live ones there are: a scan of all is what must not be the only way."""
    [forget] = [
        each for each in statements_of("identity") if each.text.startswith("DELETE FROM sessions")
    ]
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET enable_seqscan = off")
    plan = await connection.fetch(f"EXPLAIN {forget.text.replace('$1', 'now()')}")
    await connection.close()

    shown = "\n".join(row[0] for row in plan)
    assert "Seq Scan" not in shown
    assert "sessions_expiry" in shown
    assert "sessions_ended" in shown
