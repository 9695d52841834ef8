"""Runs every service's migrations in one process: `python -m holdfast.migrations`.

The owners' URLs come as JSON on standard input, so that no password stands in a list of processes.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Upgrade each schema named in the JSON object {schema: url of its owner}."""
    from chassis.storage.migrations import upgrade  # noqa: PLC0415 - the command line starts without it

    for schema, url in json.load(sys.stdin).items():
        upgrade(schema, url)


if __name__ == "__main__":
    main()
