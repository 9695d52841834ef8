"""Roles and schemas on a real PostgreSQL: each service alone with its own."""

import os

import asyncpg
import pytest
from holdfast import topology
from holdfast.commands.status import table
from holdfast.roles import Roles, create_roles, create_schema
from holdfast.services import SERVICES
from holdfast.state import ProcessState, State
from holdfast.testbed import Databases, as_superuser, derived, login

pytestmark = pytest.mark.xdist_group("roles")  # these belong to the whole server
SCHEMAS = ("box_one", "box_two")


def the_roles(postgres_url, schema):
    return Roles(schema, derived(postgres_url, f"{schema}_owner"), derived(postgres_url, schema))


@pytest.fixture
async def database(postgres_url):
    """A database with two services' schemas, made by the same step as the real one."""
    name = f"t_{os.getpid()}_roles"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"create database {name}")
    url = login(postgres_url, "postgres", _password(postgres_url), f"/{name}")
    inside = await asyncpg.connect(url)
    for schema in SCHEMAS:
        for _ in range(2):  # a second run changes nothing
            await create_roles(inside, the_roles(postgres_url, schema))
            await create_schema(inside, the_roles(postgres_url, schema))
    await inside.close()
    yield name
    await server.execute(f"drop database {name} with (force)")
    for schema in SCHEMAS:
        await server.execute(f"drop role {schema}")
        await server.execute(f"drop role {schema}_owner")
    await server.close()


def _password(url):
    return url.partition("://")[2].partition("@")[0].partition(":")[2]


async def connected(postgres_url, database, user):
    return await asyncpg.connect(
        login(postgres_url, user, derived(postgres_url, user), f"/{database}")
    )


@pytest.mark.invariant("V24")
async def test_the_owner_makes_tables_and_the_runtime_role_sees_what_it_is_granted(
    postgres_url, database
):
    owner = await connected(postgres_url, database, "box_one_owner")
    await owner.execute("create table seen (n int); create table hidden (n int)")
    await owner.execute("grant insert, select on seen to box_one")
    user = await connected(postgres_url, database, "box_one")

    await user.execute("insert into seen values (1)")

    assert await user.fetchval("select n from seen") == 1
    for forbidden in ("select * from hidden", "delete from seen", "create table mine (n int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await user.execute(forbidden)
    await owner.close()
    await user.close()


async def test_no_service_looks_into_the_schema_of_another(postgres_url, database):
    owner = await connected(postgres_url, database, "box_one_owner")
    await owner.execute("create table own (n int); grant select on own to public")
    for stranger in ("box_two", "box_two_owner"):
        other = await connected(postgres_url, database, stranger)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch("select * from box_one.own")
        await other.close()
    await owner.close()


async def test_the_runtime_role_cannot_hold_up_the_others(postgres_url, database):
    user = await connected(postgres_url, database, "box_one")

    limits = {
        name: await user.fetchval(f"show {name}")
        for name in (
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "search_path",
        )
    }

    assert limits == {
        "statement_timeout": "15s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "30s",
        "search_path": "box_one",
    }
    await user.close()


def test_a_name_that_needs_quoting_is_no_schema():
    with pytest.raises(ValueError, match="not a schema"):
        Roles('x"; drop', "a", "b")


async def test_a_fresh_database_is_migrated_and_gone_after_use(postgres_url, database_for):
    databases = Databases(postgres_url)
    with databases.made() as make:
        url = make("notifier")
        superuser = await asyncpg.connect(as_superuser(url, postgres_url))
        tables = await superuser.fetch(
            "select 1 from information_schema.tables where table_schema = 'notifier'"
        )
        await superuser.close()
        assert tables

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(as_superuser(url, postgres_url))


def test_the_status_table_has_a_row_for_each_process():
    state = State("full", processes={"a": ProcessState(ready=True), "b": ProcessState(pid=1)})

    assert table(state).row_count == 2


def test_every_broker_user_is_a_service():
    assert {it.name for it in topology.read().services} == {it.name for it in SERVICES}
