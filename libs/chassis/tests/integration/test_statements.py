"""The chassis' own tables and statements, on a migrated database."""

from datetime import UTC, datetime

import pytest
from chassis.storage.sql import parameters, statement
from chassis.storage.tables import COMMON, outbox, timers
from chassis.storage.timers import Timer
from chassis_statements import differences, refused_statements, statements_of
from sqlalchemy import Column, MetaData, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def test_every_statement_of_the_chassis_can_be_prepared(database_url):
    assert len(statements_of("chassis")) > 20
    assert await refused_statements(database_url, "chassis") == []


async def test_a_statement_that_cannot_run_is_found(database_url):
    statement("SELECT nothing FROM nowhere WHERE id = :id")
    assert any("nowhere" in each for each in await refused_statements(database_url, __name__))


def test_a_table_that_differs_from_the_migrated_one_is_found(database_url):
    metadata = MetaData()
    for table in COMMON.tables.values():
        table.to_metadata(metadata)
    changed = metadata.tables["outbox"]
    changed.append_column(Column("priority", Text))
    found = differences(database_url, metadata)
    assert any("add_column" in each and "priority" in each for each in found)


def test_the_common_tables_are_the_migrated_ones(database_url):
    ours = [each for each in differences(database_url, COMMON) if not each.startswith("('remove_")]
    assert ours == []


def test_names_become_numbers_in_their_order_and_the_same_name_the_same_number():
    made = statement(
        update(timers)
        .values(parameters(timers, "timer_id", "kind", "subject_id", "payload", "last_error"))
        .where(timers.c.timer_id == bindparam("timer_id"), timers.c.due_at <= bindparam("due_at"))
    )
    assert made.text.count("$1") == 2
    assert made.arguments(dict.fromkeys(made.names)) == [None] * len(made.names)


def test_constants_stand_in_the_text_where_partial_indexes_are_found_by_them():
    made = statement(
        select(outbox.c.position).where(outbox.c.topic == "it's").limit(bindparam("most"))
    )
    assert "'it''s'" in made.text
    assert made.names == ("most",)


def test_a_record_gives_the_values_that_a_statement_asks_for():
    made = statement(
        update(timers)
        .values(parameters([timers.c.due_at, timers.c.attempts]))
        .where(timers.c.timer_id == bindparam("which"))
    )
    timer = Timer("t", "kind", "subject", NOON, {}, 3)
    values = made.values_of(timer, which="t")
    assert values == {"due_at": NOON, "attempts": 3, "which": "t"}
    assert len(made.arguments(values)) == 3
    with pytest.raises(TypeError, match="needless"):
        made.arguments(made.values_of(timer, which="t", needless=1))
    with pytest.raises(AttributeError, match="which"):
        made.values_of(timer)


def test_a_list_is_one_parameter():
    ids = bindparam("ids", type_=ARRAY(Text))
    made = statement(select(timers).where(timers.c.timer_id == func.any(ids)))
    assert "any($1)" in made.text


@pytest.mark.parametrize("values", [{}, {"topic": "a", "more": 1}, {"other": 1}])
def test_a_missing_or_needless_value_is_named(values):
    made = statement("SELECT position FROM outbox WHERE topic = :topic")
    with pytest.raises(TypeError, match="topic"):
        made.arguments(values)
