"""Run contracts: ``python -m contracts``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from contracts.app import create_app
from contracts.settings import Settings

if __name__ == "__main__":
    run("contracts", Settings(), create_app)
