"""The template's versions, one of them active."""

from __future__ import annotations

from chassis.storage.database import Database, Transaction
from chassis.storage.sql import parameters, statement
from sqlalchemy import bindparam, func, insert, select, true, update

from contracts.domain.template import Template
from contracts.store.tables import templates

MOST_LISTED = 100

Reader = Transaction | Database

_VALUES = {
    "version": func.max(templates.c.version) + 1,
    "active": true(),
    **parameters(templates, "version", "active"),
}
_ACTIVE = statement(select(templates.c.version).where(templates.c.active))
_SOURCE = statement(select(templates.c.source).where(templates.c.version == bindparam("version")))
_ALL = statement(select(templates).order_by(templates.c.version.desc()).limit(MOST_LISTED))
_LOCK = statement("SELECT pg_advisory_xact_lock(hashtext('contracts.templates'))")
_RETIRE = statement(update(templates).values(active=False).where(templates.c.active))
_ADD = statement(
    insert(templates).from_select(list(_VALUES), select(*_VALUES.values())).returning(templates)
)


async def active_version(reader: Reader) -> int:
    """The version that new contracts are made from."""
    version: int = await reader.value(_ACTIVE)
    return version


async def source(reader: Reader, version: int) -> str:
    """The source of one version."""
    found: str = await reader.value(_SOURCE, version=version)
    return found


async def every(reader: Reader) -> list[Template]:
    """Every version, newest first."""
    return [Template(**row) for row in await reader.rows(_ALL)]


async def lock(tx: Transaction) -> None:
    """Let nobody else add a template until this transaction ends."""
    await tx.run(_LOCK)


async def add(tx: Transaction, template: Template) -> Template:
    """Keep a template as the next version and make it the active one."""
    await lock(tx)
    await tx.run(_RETIRE)
    row = await tx.row(_ADD, **_ADD.values_of(template))
    if row is None:
        raise RuntimeError("no template to follow: the migrations bring the first one")
    return Template(**row)
