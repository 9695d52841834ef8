"""Loads a service's code, and runs it once standard input ends: `python -m holdfast.launch escrow`.

Loading takes a second of processor time, and the servers that a service waits for take longer.
"""

from __future__ import annotations

import runpy
import sys
from importlib import import_module


def main() -> None:
    """Load, wait, run."""
    package = sys.argv.pop(1)
    import_module("chassis.lean")
    import_module(f"{package}.app")
    sys.stdin.read()
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
