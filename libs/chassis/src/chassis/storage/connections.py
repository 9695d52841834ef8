"""Whether what all processes may open together is more than the database server admits.

Each pool says in the names of its connections how large it may grow, so that any process can add up
what is promised, while most of it is not yet asked for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from chassis.storage.database import Database
from chassis.storage.sql import statement

_PREFIX = "holdfast"
_PROMISED = statement("""
SELECT sum(CAST(split_part(application_name, ' ', 3) AS integer)) AS promised,
    CAST(current_setting('max_connections') AS integer)
        - CAST(current_setting('superuser_reserved_connections') AS integer) AS admitted
FROM (SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE application_name ~ '^holdfast [a-z-]+ [0-9]+ [0-9a-f]+$') pools
""")


@dataclass(frozen=True, slots=True)
class Promised:
    """How many connections all processes may open, and how many the server admits."""

    promised: int
    admitted: int

    @property
    def is_too_much(self) -> bool:
        """Whether some process will be refused one day."""
        return self.promised > self.admitted


def name_of(service: str, pool_size: int) -> str:
    """What the connections of one process's pool are called."""
    return f"{_PREFIX} {service} {pool_size} {secrets.token_hex(4)}"


async def promised(database: Database) -> Promised:
    """What the processes that run now may open at most."""
    row = await database.row(_PROMISED)
    return Promised(row["promised"] or 0, row["admitted"]) if row else Promised(0, 0)
