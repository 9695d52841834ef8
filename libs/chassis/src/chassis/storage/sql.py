"""Statements: written with SQLAlchemy Core or as text with named parameters, run by asyncpg.

A statement is compiled once, when its module is imported, into the text and the order of
parameters that asyncpg takes. There is no SQLAlchemy engine, session or connection at run time,
and values pass through as they are: asyncpg's own codecs read and write them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, Table, bindparam, text
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect
from sqlalchemy.sql.elements import ClauseElement

_NUMBER = re.compile(r"\$(\d+)")
REGISTERED: list[Statement] = []
"""Every statement that was compiled, so that a test can have PostgreSQL prepare each of them."""


_PLACE = re.compile(r"\$(\d+)")


class _Compiler(PGCompiler):
    """Writes constants into the text: a partial index is found by its condition's very words."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
        if not bindparam.required and not options.get("literal_binds"):
            options["literal_binds"] = True
        rendered: str = super().visit_bindparam(bindparam, *args, **options)  # type: ignore[no-untyped-call]
        return rendered


class _Dialect(PGDialect):
    statement_compiler = _Compiler
    supports_statement_cache = False


_DIALECT = _Dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class Statement:
    """One statement in PostgreSQL's own text, and the names of its parameters in their order."""

    __slots__ = ("module", "names", "text")

    def __init__(self, text: str, names: tuple[str, ...], module: str) -> None:
        """Register the text, which the named module declares."""
        self.text, self.names, self.module = text, names, module
        REGISTERED.append(self)

    def __repr__(self) -> str:
        return f"Statement({self.text!r})"

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the parameters; TypeError names what lacks or is too much."""
        if len(values) != len(self.names) or not all(name in values for name in self.names):
            raise TypeError(
                f"the statement takes {sorted(self.names)}, not {sorted(values)}: {self.text}"
            )
        return [values[name] for name in self.names]

    def values_of(self, record: object, /, **more: Any) -> dict[str, Any]:
        """What to run the statement with: what is named, and the record's attributes for the rest.

        The parameters that ``parameters`` makes are called like the columns, so that one more
        column is written as soon as the record has it.
        """
        return {name: getattr(record, name) for name in self.names if name not in more} | more

    def inline(self, **values: str) -> str:
        """The text with the values in it, for what is sent in one round trip with BEGIN."""
        quoted = [_quoted(value) for value in self.arguments(values)]
        return _PLACE.sub(lambda place: quoted[int(place[1]) - 1], self.text)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def bind(
    asked: Statement | str, arguments: Sequence[Any], values: Mapping[str, Any]
) -> tuple[str, Sequence[Any]]:
    """The text and the arguments that asyncpg takes."""
    if isinstance(asked, Statement):
        return asked.text, asked.arguments(values)
    return asked, arguments


def compiled(expression: ClauseElement, module: str) -> Statement:
    """Compile the expression, which the named module declares."""
    found: Any = expression.compile(dialect=_DIALECT)
    return Statement(str(found), tuple(found.positiontup or ()), module)


def statement(expression: ClauseElement | str) -> Statement:
    """Compile a Core expression, or text with parameters like ``:listing_id``, once and for all.

    In text a cast is written ``CAST(:ids AS uuid[])``: two colons would hide the parameter.
    """
    module = sys._getframe(1).f_globals.get("__name__", "")
    return compiled(text(expression) if isinstance(expression, str) else expression, module)


def together(statements: Sequence[Statement], module: str) -> Statement:
    """Several that change something as one; its parameters are theirs, one after the other."""
    texts, names = list[str](), tuple[str, ...]()
    for each in statements:
        texts.append(_renumbered(each.text, len(names)))
        names += each.names
    first = [f"part_{number} AS ({text})" for number, text in enumerate(texts[:-1])]
    return Statement(("WITH " + ", ".join(first) if first else "") + texts[-1], names, module)


def _renumbered(text: str, by: int) -> str:
    return _NUMBER.sub(lambda found: f"${int(found[1]) + by}", text)


def parameters(columns: Table | Iterable[Column[Any]], *but: str) -> dict[str, BindParameter[Any]]:
    """A parameter for each column but those named: what ``insert`` and ``update`` take as values.

    The columns' own names are the parameters' names, so that one more column of a table is in
    every statement that writes all of it.
    """
    listed = columns.c if isinstance(columns, Table) else columns
    return {
        column.name: bindparam(column.name, type_=column.type)
        for column in listed
        if column.name not in but
    }
