"""Run verification: ``python -m verification``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from verification.app import create_app
from verification.settings import Settings

if __name__ == "__main__":
    run("verification", Settings(), create_app)
