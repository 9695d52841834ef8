"""Stripe's form encoding: `a[b][0][c]=v` to nested objects, still all strings."""

import re
from collections.abc import Iterable

from sandbox.stripe.errors import StripeError, invalid

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")


class Tree(dict[str, "str | Tree"]):
    """A nested form; list items stand under "0", "1", … until their type is known."""


def parse(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Nest the pairs; a key that contradicts an earlier one is refused."""
    root = Tree()
    for key, value in pairs:
        _put(root, _segments(key), value, key)
    return root


def _segments(key: str) -> list[str]:
    found = KEY.match(key)
    if not found:
        raise invalid(f"Invalid parameter name: {key}", key)
    return [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]


def _put(tree: Tree, segments: list[str], value: str, key: str) -> None:
    *parents, last = segments
    for segment in parents:
        child = tree.setdefault(segment or str(len(tree)), Tree())
        if not isinstance(child, Tree):
            raise _contradiction(key)
        tree = child
    name = last or str(len(tree))
    if name in tree:
        raise _contradiction(key)
    tree[name] = value


def _contradiction(key: str) -> StripeError:
    return invalid(f"The parameter {key} is given twice, with different shapes or values.", key)
