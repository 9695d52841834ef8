"""Whether a running sandbox would come back as it is: what it holds against what it kept."""

import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.keeping import Keeper


@contextmanager
def a_keeper() -> Iterator[Keeper]:
    """One with a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Keeper(Path(folder))


def forgotten(keeper: Keeper) -> list[str]:
    """The tables that would come back otherwise than they are now, in content or in order."""
    keeper.flush()
    assert keeper._db is not None
    rows = keeper._db.execute("SELECT place, body FROM kept ORDER BY rowid").fetchall()
    kept: dict[str, list[tuple[object, object]]] = {name: [] for name in keeper._tables}
    for place, body in rows:
        kept[place].append(pickle.loads(body))
    live = {
        name: [(key, give(value)) for key, value in table.items()]
        for name, (table, give) in keeper._tables.items()
    }
    return [name for name in live if live[name] != kept[name]]
