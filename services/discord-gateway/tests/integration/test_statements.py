"""The store's promises: its tables are the migrated ones, and each of its statements can run."""

import pytest
from chassis_statements import differences, refused_statements, statements_of
from discord_gateway.store.tables import METADATA


@pytest.fixture
def database_url(database_for):
    return database_for("discord-gateway")


def test_the_tables_are_the_migrated_ones(database_url):
    assert differences(database_url, METADATA) == []


async def test_every_statement_can_be_prepared(database_url):
    assert len(statements_of("discord_gateway")) >= 6
    assert await refused_statements(database_url, "discord_gateway") == []
