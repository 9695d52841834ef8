"""Write the JSON Schema of every message: ``python -m contracts_schema.export``.

A change that some reader could not live with is refused: make it a new version beside the old one.
``--check`` writes nothing and fails if something would change. ``--against FOLDER`` compares with
other schemas than the committed ones, for example those of the branch a change goes to.
``--accept-breaking`` writes all the same; it is for messages that no release has carried yet.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts_schema import schemas
from contracts_schema.compatibility import breaks
from contracts_schema.examples import example

GOLDEN = schemas.FOLDER.parent / "tests" / "golden"


def main(arguments: list[str] | None = None) -> int:
    """Export; 0 when done or up to date, 1 when refused."""
    options = _options(arguments)
    new = schemas.generated()
    broken = breaks(schemas.committed(options.against), new)
    if broken and not options.accept_breaking:
        print("refused, for somebody could no longer read it:", *broken, sep="\n  ")
        print("next: leave the old message as it is and add a new version beside it")
        return 1
    files = {schemas.FOLDER / f"{topic}.json": it for topic, it in new.items()}
    stale = [path for path in schemas.FOLDER.glob("*.json") if path not in files]
    changed = [path for path, it in files.items() if not _holds(path, schemas.written(it))]
    if options.check:
        print(*(f"not up to date: {path.name}" for path in changed + stale), sep="\n")
        return 1 if changed or stale else 0
    schemas.FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.unlink()
    for path in changed:
        path.write_text(schemas.written(files[path]), "utf-8")
    _add_examples(new)
    print(f"{len(files)} schemas, {len(changed)} written, {len(stale)} removed")
    return 0


def _add_examples(new: dict[str, dict[str, object]]) -> None:
    """Keep one message of each new topic for ever: later readers are tried on it."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for topic, schema in new.items():
        path = GOLDEN / f"{topic}.json"
        if not path.exists():
            path.write_text(schemas.written(example(schema)), "utf-8")


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="contracts_schema.export", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--accept-breaking", action="store_true")
    parser.add_argument("--against", type=Path, default=schemas.FOLDER)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
