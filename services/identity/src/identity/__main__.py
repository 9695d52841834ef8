"""Run identity: ``python -m identity``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from identity.app import NAME, create_app
from identity.settings import Settings

if __name__ == "__main__":
    run(NAME, Settings(), create_app)
