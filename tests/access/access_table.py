"""The table of who may call what, as docs/access.md has it, and the routes that services have."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from access_people import Subject
from fastapi import FastAPI

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
EVERY = "every service"


def declared() -> dict[str, dict[str, dict[Subject, int]]]:
    """By service and route: the status that each subject is answered with."""
    found: dict[str, dict[str, dict[Subject, int]]] = {}
    service = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            service = line.removeprefix("## ")
        elif line.startswith("| `"):
            route, *cells = (cell.strip(" `") for cell in line.strip("|").split("|"))
            rows = found.setdefault(service, {})
            assert route not in rows, f"{route} is declared twice"
            rows[route] = dict(zip(Subject, map(int, cells), strict=True))
    return found


def routes(app: FastAPI) -> Iterator[str]:
    """Every route of the service, described or not; what is no route shows as itself."""
    pending = deque(app.routes)
    while pending:
        route = pending.popleft()
        if (included := getattr(route, "original_router", None)) is not None:
            pending.extend(included.routes)
            continue
        for method in sorted(getattr(route, "methods", None) or ["?"]):
            if method != "HEAD":
                yield f"{method} {getattr(route, 'path', route)}"
