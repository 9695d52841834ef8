"""Which tests carry which row of the catalogue (abuse, faults, invariants): catalogue.md's tables.

A test carries a row by ``@pytest.mark.abuse("B1")``, ``fault("P1")`` or ``invariant("V1")``.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from holdfast.source import parsed

ROOT = Path(__file__).parents[1]
CATALOGUE = Path(__file__).parent / "catalogue.toml"
MARKS = {"abuse": "abuse", "fault": "faults", "invariant": "invariants"}
_FOLDERS = ("libs", "services", "sandbox", "deploy", "bench", "tests")


class UnknownRow(ValueError):
    """A test carries a row that the catalogue does not have."""


def tables() -> dict[str, str]:
    """The table of each part of the catalogue, with how many of its rows a test carries."""
    known = tomllib.loads(CATALOGUE.read_text("utf-8"))
    carried = carriers()
    written = {}
    for mark, part in MARKS.items():
        rows, tests = known[part], carried[mark]
        if unknown := set(tests) - set(rows):
            raise UnknownRow(f"docs/catalogue.toml has no {part} {', '.join(sorted(unknown))}")
        written[part] = _table(rows, tests, known["missing"])
    return written


def carriers() -> dict[str, dict[str, dict[str, int]]]:
    """By mark and row: the files that hold a test with it, and how many."""
    found: dict[str, dict[str, dict[str, int]]] = {mark: defaultdict(dict) for mark in MARKS}
    for folder in _FOLDERS:
        for file in sorted((ROOT / folder).rglob("test_*.py")):
            for mark, row in marks_in(file.read_text("utf-8")):
                name = file.relative_to(ROOT).as_posix()
                found[mark][row][name] = found[mark][row].get(name, 0) + 1
    return found


def marks_in(source: str) -> Iterator[tuple[str, str]]:
    """Each mark of this source and the row it names."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in MARKS and ast.unparse(node.func.value) == "pytest.mark":
                named = (it.value for it in node.args if isinstance(it, ast.Constant))
                yield from ((node.func.attr, str(row)) for row in named)


def _table(
    rows: Mapping[str, str], tests: Mapping[str, Mapping[str, int]], missing: Mapping[str, str]
) -> str:
    lines = [
        f"{len(tests)} of {len(rows)} are carried by a test.",
        "",
        "| row | what | where it is held |",
        "|---|---|---|",
    ]
    for row, what in rows.items():
        why = missing.get(row) or missing.get(row.rstrip("0123456789")) or "no test carries it"
        where = ", ".join(_link(file) for file in tests.get(row, ())) or f"*{why}*"
        lines.append(f"| {row} | {what} | {where} |")
    return "\n".join(lines)


def _link(file: str) -> str:
    first, second, *_ = Path(file).parts
    member = second if first in {"libs", "services", "tests"} else first
    return f"[{member}/{Path(file).stem}](../{file})"
