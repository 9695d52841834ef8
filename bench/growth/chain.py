"""Links the audit entries that were filled in, by the hash that the services link by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import asyncpg
from chassis.storage import audit

BLOCK = 20_000
COLUMNS = ("sequence", "position", "previous_hash", "hash")
_HEAD = """
SELECT sequence, hash, (SELECT max(position) FROM {schema}.audit_chain) AS position
FROM {schema}.audit_chain ORDER BY sequence DESC LIMIT 1
"""
_BLOCK = "SELECT * FROM {schema}.audit_entries WHERE position > $1 ORDER BY position LIMIT $2"


async def link(url: str, schema: str) -> int:
    """Link all entries of this service that are not linked; how many were."""
    connection, linked = await asyncpg.connect(url), 0
    try:
        await connection.execute("SET session_replication_role = replica")
        head = await connection.fetchrow(_HEAD.format(schema=schema))
        sequence, previous, position = tuple(head) if head else (0, audit.GENESIS, 0)
        while block := await connection.fetch(_BLOCK.format(schema=schema), position, BLOCK):
            links = list(_links(block, sequence, previous))
            await connection.copy_records_to_table(
                "audit_chain", schema_name=schema, records=links, columns=COLUMNS
            )
            sequence, position, _, previous = links[-1]
            linked += len(links)
    finally:
        await connection.close()
    return linked


def _links(block: list[Any], sequence: int, previous: str) -> Iterator[tuple[int, int, str, str]]:
    for entry in block:
        sequence += 1
        linked = audit.link_hash(previous, sequence, entry)
        yield sequence, entry["position"], previous, linked
        previous = linked
