"""How long it takes to refuse a secret tells nothing of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from holdfast.source import parsed

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"(^|_)(secret|signature|mac|hmac|digest|mark|password|token|verifier)s?($|_)")
PUBLIC = re.compile(r"(kind|type|name|count|path|id|url)$")


def compared(source: str) -> Iterator[str]:
    """Each comparison by `==` or `!=` of something that is named like a secret."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Compare) and any(
            isinstance(it, ast.Eq | ast.NotEq) for it in node.ops
        ):
            sides = (node.left, *node.comparators)
            # A constant is no secret, and what a statement compares is compared in the database.
            harmless = any(
                isinstance(it, ast.Constant) or "bindparam" in ast.unparse(it) for it in sides
            )
            if not harmless and any(_is_secret(it) for it in sides):
                yield ast.unparse(node)


def _is_secret(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        name = node.attr
    elif isinstance(node, ast.Name):
        name = node.id
    else:
        return isinstance(node, ast.Call) and "hexdigest" in ast.unparse(node.func)
    if name.isupper():
        return False  # A word of our own.
    return bool(SECRET.search(name.lower())) and not PUBLIC.search(name.lower())


@pytest.mark.abuse("W8")
def test_no_secret_is_compared_letter_by_letter() -> None:
    sources = [
        file for folder in ("services", "libs") for file in (ROOT / folder).glob("*/src/**/*.py")
    ]
    found = [f"{it}: {one}" for it in sources for one in compared(it.read_text("utf-8"))]

    assert len(sources) > 100
    assert found == []


@pytest.mark.abuse("W8")
@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("good = expected_signature == given", 1),
        ("if self.secret != other: pass", 1),
        ("hmac.new(a, b).hexdigest() == given", 1),
        ("hmac.compare_digest(secret, given)", 0),
        ("token_kind == given", 0),
        ("secret == ''", 0),
    ],
)
def test_the_look_at_comparisons_sees_one(source: str, count: int) -> None:
    assert len(list(compared(source))) == count
