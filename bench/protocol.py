"""What a measured program tells the bench: marked lines of JSON on its standard output.

Whatever else a program or a library of its writes there is no message, and goes to the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = b"bench: "


class Ended(RuntimeError):
    """The program's output ended before it had told everything."""


def tell(**facts: Any) -> None:
    """Tell the bench these facts, at once."""
    print(MARK.decode() + json.dumps(facts), flush=True)


def parse(line: bytes) -> Mapping[str, Any] | None:
    """The facts of a marked line; None for any other line."""
    if not line.startswith(MARK):
        return None
    facts: Mapping[str, Any] = json.loads(line[len(MARK) :])
    return facts


async def read(child: asyncio.subprocess.Process, log: Path) -> Mapping[str, Any]:
    """The next facts that the program tells; raises Ended when it tells no more."""
    if child.stdout is None:
        raise RuntimeError("the program was started without a way to tell")
    while line := await child.stdout.readline():
        facts = parse(line)
        if facts is not None:
            return facts
        with log.open("ab") as kept:
            kept.write(line)
    raise Ended(f"a measured program ended early; read {log}")
