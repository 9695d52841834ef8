"""Python source as a tree, for the generated documents and the tests that read code."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """The tree of this source.

    No garbage is collected meanwhile: CPython before 3.11.8 keeps the depth of the tree that it
    builds in one place for all, so a finaliser that runs in between and parses too (a traceback
    that is shown does) fails both with ``SystemError`` (github.com/python/cpython/issues/106905).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        if collects:
            gc.enable()
