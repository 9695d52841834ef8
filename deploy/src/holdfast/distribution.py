"""How the tests are shared out to several workers, and which begin first."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

_WORKERS = "HOLDFAST_TEST_WORKERS"
_PER_CORE = 1  # tests wait for servers, but whole systems share the cores with them
_FEW = ("-k", "-m", "--lf", "--last-failed", "--pdb", "--collect-only", "--co")
_CHOSEN = ("-n", "--numprocesses", "--dist")


def arguments(given: Sequence[str]) -> list[str]:
    """Pytest's arguments for workers, unless the caller chose, or chose too few tests to share."""
    if any(it.startswith((*_CHOSEN, *_FEW)) or ".py" in it for it in given):
        return []
    return ["-n", str(workers()), "--dist", "loadgroup", "--no-loadscope-reorder"]


def workers() -> int:
    """As many as the environment says, else as pay on this machine."""
    chosen = os.environ.get(_WORKERS)
    return int(chosen) if chosen else round((os.cpu_count() or 1) * _PER_CORE)


def long_first(items: list[pytest.Item]) -> None:
    """Move what takes long to the front, so that nothing of it is left over for the end."""
    items.sort(key=lambda it: not any(map(it.get_closest_marker, ("xdist_group", "slow"))))
