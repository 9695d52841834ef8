"""Run escrow: ``python -m escrow``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from escrow.app import create_app
from escrow.settings import Settings

if __name__ == "__main__":
    run("escrow", Settings(), create_app)
