"""Run listings: ``python -m listings``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from listings.app import create_app
from listings.settings import Settings

if __name__ == "__main__":
    run("listings", Settings(), create_app)
