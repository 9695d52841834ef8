"""The template's versions, one of them active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.storage.database import Transaction

from contracts.store.contracts import Reader


@dataclass(frozen=True, slots=True)
class Template:
    """One version of the contract's template."""

    version: int
    source: str
    sha256: str
    active: bool
    note: str
    created_by: str
    created_at: datetime


async def active_template(reader: Reader) -> int:
    """The version that new contracts are made from."""
    version: int = await reader.value("SELECT version FROM templates WHERE active")
    return version


async def template_source(reader: Reader, version: int) -> str:
    """The source of one version."""
    source: str = await reader.value("SELECT source FROM templates WHERE version = $1", version)
    return source


async def all_templates(reader: Reader) -> list[Template]:
    """Every version, newest first."""
    rows = await reader.rows(
        "SELECT version, source, sha256, active, note, created_by, created_at"
        " FROM templates ORDER BY version DESC LIMIT 100"
    )
    return [Template(**dict(row)) for row in rows]


async def add_template(tx: Transaction, template: Template) -> Template:
    """Keep a template as the next version and make it the active one."""
    await tx.run("SELECT pg_advisory_xact_lock(hashtext('contracts.templates'))")
    await tx.run("UPDATE templates SET active = false WHERE active")
    row = await tx.row(
        "INSERT INTO templates (version, source, sha256, active, note, created_by, created_at)"
        " SELECT max(version) + 1, $1, $2, true, $3, $4, $5 FROM templates RETURNING *",
        template.source,
        template.sha256,
        template.note,
        template.created_by,
        template.created_at,
    )
    return Template(**dict(row))  # type: ignore[arg-type]
