"""Runs a container for as long as this process runs: `python -m holdfast.servers.container NAME`.

Its output is ours, its end is our end; told to stop (SIGTERM, SIGINT), we stop it as its image asks
for. `docker start --attach` does not do: which signals reach the container depends on the client.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

PATIENCE_S = 25
"""How long a container may take to stop before the engine kills it."""


def run(container: Any) -> int:
    """Start it, write what it says, stop it when told to; the status with which it ended."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not in the handler itself: it interrupts the very reading that the engine has to answer.
        threading.Thread(target=container.stop, kwargs={"timeout": PATIENCE_S}).start()

    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, stop)
    output = container.attach(stream=True)  # before it starts, so that no line is missed
    container.start()
    for said in output:
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
    return int(container.wait()["StatusCode"])


def main() -> None:
    """Run the container named on the command line."""
    import docker  # noqa: PLC0415 - only where an engine answers

    sys.exit(run(docker.from_env().containers.get(sys.argv[1])))


if __name__ == "__main__":
    main()
