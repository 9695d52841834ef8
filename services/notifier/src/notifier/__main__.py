"""Run the notifier: ``python -m notifier``."""

import chassis.lean  # noqa: F401  first, before anything that it keeps out
from chassis.service import run

from notifier.app import create_app
from notifier.settings import Settings

if __name__ == "__main__":
    run("notifier", Settings(), create_app)
