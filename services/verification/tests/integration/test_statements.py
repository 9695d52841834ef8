"""The store's promises: its tables are the migrated ones, and each of its statements can run."""

from chassis_statements import differences, refused_statements, statements_of
from verification.store.tables import METADATA


def test_the_tables_are_the_migrated_ones(database_url):
    assert differences(database_url, METADATA) == []


async def test_every_statement_can_be_prepared(database_url):
    assert len(statements_of("verification")) >= 18
    assert await refused_statements(database_url, "verification") == []
