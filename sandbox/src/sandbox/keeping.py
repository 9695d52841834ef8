"""What outlives the process: tables whose changes are in a file before an answer tells of them.

A table is a dictionary. Setting and removing entries is noticed, and so is every attribute that is
set on an entry that is `Kept`; who changes a list or a dictionary inside an entry says so
(`changed`). Without a file nothing is kept, and nothing is paid for it.
"""

import pickle
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FILE = "sandbox.db"
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS kept (place TEXT, key TEXT, body BLOB, PRIMARY KEY (place, key))"
)
PUT = (
    "INSERT INTO kept (place, key, body) VALUES (?, ?, ?) "
    "ON CONFLICT (place, key) DO UPDATE SET body = excluded.body"
)
_REQUEST: ContextVar[dict[tuple[str, Any], None] | None] = ContextVar("request", default=None)


class BadMemory(Exception):
    """What was kept cannot be read; the message names the file and what to do."""


class Kept:
    """An entry of a table whose every set attribute is a change of the table."""

    __slots__ = ("_place",)
    _place: "tuple[Keeper, str, Any] | None"

    def __new__(cls, *_: Any, **__: Any) -> Any:
        """Begin outside of any table."""
        made = super().__new__(cls)
        object.__setattr__(made, "_place", None)
        return made

    def __setattr__(self, name: str, value: object) -> None:
        """Set the attribute, and note it once this is in a table."""
        object.__setattr__(self, name, value)
        self.changed()

    def changed(self) -> None:
        """Say that something inside of it is different now."""
        if self._place is not None:
            keeper, table, key = self._place
            keeper.note(table, key)

    def told(self, *left_out: str) -> dict[str, Any]:
        """Its fields, but for those left out."""
        named = (it.name for it in fields(self) if it.name not in left_out)  # type: ignore[arg-type]
        return {name: getattr(self, name) for name in named}


class Table(dict[K, V], Generic[K, V]):
    """A dictionary that is kept under a name."""

    def __init__(self, keeper: "Keeper", name: str) -> None:
        super().__init__()
        self.keeper, self.name = keeper, name

    def __setitem__(self, key: K, value: V) -> None:
        """Set an entry."""
        super().__setitem__(key, value)
        self.keeper.note(self.name, key)
        self.adopt(key, value)

    def __delitem__(self, key: K) -> None:
        """Remove an entry."""
        super().__delitem__(key)
        self.keeper.note(self.name, key)

    def pop(self, key: K, *default: Any) -> Any:
        """Remove an entry and return it."""
        self.keeper.note(self.name, key)
        return super().pop(key, *default)

    def setdefault(self, key: K, default: V) -> V:
        """The entry, set to the default when there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def adopt(self, key: K, value: V) -> None:
        """Have the entry's own changes noted here."""
        if isinstance(value, Kept):
            object.__setattr__(value, "_place", (self.keeper, self.name, key))

    def fill(self, entries: Mapping[K, V]) -> None:
        """Take in what was kept."""
        for key, value in entries.items():
            super().__setitem__(key, value)
            self.adopt(key, value)


class Keeper:
    """The file behind the tables; without one they are dictionaries and nothing else."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._tables: dict[str, tuple[Table[Any, Any], Callable[[Any], Any]]] = {}
        self._changed: dict[tuple[str, Any], None] = {}
        self._marks: dict[tuple[str, Any], int] = {}
        self._db: sqlite3.Connection | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._reading(self._opened)

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(SCHEMA)
        return db

    @property
    def _file(self) -> Path:
        return (self.folder or Path()) / FILE

    def table(
        self,
        name: str,
        give: Callable[[Any], Any] = lambda value: value,
        take: Callable[[Any], Any] = lambda body: body,
    ) -> Table[Any, Any]:
        """The table of this name, with what was kept of it.

        `give` says what is kept of an entry; `take` makes the entry of it, or None to forget it.
        """
        made: Table[Any, Any] = Table(self, name)
        self._tables[name] = (made, give)
        if self._db is not None:
            made.fill(self._reading(lambda: self._kept(name, take)))
        return made

    def _kept(self, name: str, take: Callable[[Any], Any]) -> dict[Any, Any]:
        entries: dict[Any, Any] = {}
        found = self._db.execute(  # type: ignore[union-attr]
            "SELECT body FROM kept WHERE place = ? ORDER BY rowid", (name,)
        )
        for (body,) in found:
            key, value = pickle.loads(body)  # noqa: S301 - our own file in our own folder
            if (entry := take(value)) is not None:
                entries[key] = entry
        return entries

    def _reading(self, work: Callable[[], V]) -> V:
        try:
            return work()
        except Exception as error:
            raise BadMemory(
                f"cannot read {self._file} ({type(error).__name__}: {error}): "
                "remove it, and the outside world begins anew"
            ) from error

    def note(self, table: str, key: Any) -> None:
        """An entry was set, changed or removed."""
        if self._db is not None:
            self._changed[table, key] = None

    def touch(self, table: str, key: Any) -> None:
        """An entry was handed out, and may be changed until this request is answered."""
        if self._db is None:
            return
        self._changed[table, key] = None
        if (request := _REQUEST.get()) is not None:
            request[table, key] = None

    def flush(self) -> None:
        """Write all that changed, in one transaction."""
        if self._db is None or not self._changed:
            return
        changed, self._changed = self._changed, {}
        put: list[tuple[str, str, bytes]] = []
        gone: list[tuple[str, str]] = []
        for name, key in changed:
            table, give = self._tables[name]
            if key not in table:
                self._marks.pop((name, key), None)
                gone.append((name, repr(key)))
                continue
            body = pickle.dumps((key, give(table[key])), pickle.HIGHEST_PROTOCOL)
            if self._marks.get((name, key)) != (mark := hash(body)):
                self._marks[name, key] = mark
                put.append((name, repr(key), body))
        self._write(self._db, put, gone)

    def _write(
        self,
        db: sqlite3.Connection,
        put: list[tuple[str, str, bytes]],
        gone: list[tuple[str, str]],
    ) -> None:
        if not put and not gone:
            return
        db.execute("BEGIN")
        db.executemany("DELETE FROM kept WHERE place = ? AND key = ?", gone)
        db.executemany(PUT, put)
        db.execute("COMMIT")

    @contextmanager
    def request(self) -> Iterator[None]:
        """Have everything written that happens inside, whatever it ends with."""
        touched: dict[tuple[str, Any], None] = {}
        token = _REQUEST.set(touched)
        try:
            yield
        finally:
            _REQUEST.reset(token)
            self._changed |= touched
            self.flush()

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        self.flush()
        if self._db is not None:
            self._db.close()
            self._db = None


def middleware(keeper: Keeper) -> Middleware:
    """Let no answer leave before what it tells of is kept."""

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        with keeper.request():
            return await handler(request)

    return keep
